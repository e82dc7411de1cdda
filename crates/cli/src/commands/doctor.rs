//! `dam doctor`: what this machine can enforce, found out by trying; with
//! `--attack`, by attacking it.

pub mod attack;
mod container;
mod kernel;
mod trying;

use std::path::Path;

use dam_config::Settings;
use dam_policy::Property;
use dam_sandbox::{SandboxError, Tier};
use serde::Serialize;

use crate::arguments::{Approvals, Doctor};
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{ERROR, GOOD, HINT, Output};
use crate::settings;
use crate::variables::Variables;
use container::Container;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    /// Whether Cofferdam can work with it.
    good: bool,
    found: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
    /// What the exit code says if this is what is wrong.
    #[serde(skip)]
    kind: Kind,
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
struct Report {
    /// Nothing where no boundary can be had.
    tier: Option<String>,
    /// What that tier lacks of the full one.
    missing: Vec<Missing>,
    checks: Vec<Check>,
}

/// A property that the tier lacks.
#[derive(Debug, Serialize)]
struct Missing {
    name: &'static str,
    without: &'static str,
}

/// Looks at everything, says what it found, and fails if something is wrong;
/// or tries to get out of the boundary.
pub fn run(
    doctor: &Doctor,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    if doctor.attack {
        return attack::run(&doctor.grants, doctor.json, variables, output);
    }
    let report = look(doctor, variables);
    if doctor.json {
        output.json(&report)?;
    } else {
        for check in &report.checks {
            show(check, output)?;
        }
    }
    let wrong: Vec<&Check> = report.checks.iter().filter(|check| !check.good).collect();
    let Some(first) = wrong.first() else {
        return Ok(exit::OK.code);
    };
    output.flush()?;
    let names: Vec<&str> = wrong.iter().map(|check| check.name).collect();
    Err(CommandError::new(
        first.kind,
        format!("not in order: {}", names.join(", ")),
    ))
}

fn look(doctor: &Doctor, variables: &Variables) -> Report {
    let settings = settings::options(&doctor.grants, &Approvals::default())
        .and_then(|options| settings::load(&options, variables, settings::is_interactive()));
    let tier = trying::tier();
    let container = Container::here(variables);
    let mut checks = vec![
        plain("version", env!("CARGO_PKG_VERSION").to_owned()),
        plain("kernel", kernel::release()),
    ];
    checks.extend(container.map(|container| plain("container", container.name().to_owned())));
    checks.extend(kernel::features().into_iter().map(|feature| Check {
        hints: feature.hints,
        ..plain(feature.name, feature.found)
    }));
    let missing = tier.as_ref().map_or(&[][..], |tier| tier.lacks());
    checks.push(boundary(&tier, missing, container));
    checks.push(plain("limits", limits(tier.as_ref().ok().copied())));
    checks.push(configuration(&settings));
    checks.push(journal(&settings));
    Report {
        tier: tier.ok().map(|tier| tier.to_string()),
        missing: missing
            .iter()
            .map(|property| Missing {
                name: property.name(),
                without: property.without(),
            })
            .collect(),
        checks,
    }
}

fn show(check: &Check, output: &mut Output) -> Result<(), CommandError> {
    let (style, mark) = if check.good {
        (GOOD, "ok")
    } else {
        (ERROR, "no")
    };
    let found = dam_journal::clean(&check.found);
    let mut lines = found.lines();
    let first = lines.next().unwrap_or_default();
    output.data(&format!(
        "{style}{mark}{style:#}  {:<16} {first}",
        check.name
    ))?;
    for line in lines {
        output.data(&format!("{:21}{line}", ""))?;
    }
    for hint in &check.hints {
        output.data(&format!("{:21}{HINT}hint:{HINT:#} {hint}", ""))?;
    }
    Ok(())
}

/// Something that is as it is.
fn plain(name: &'static str, found: String) -> Check {
    Check {
        name,
        good: true,
        found,
        hints: Vec::new(),
        kind: Kind::Internal,
    }
}

fn wrong(name: &'static str, error: &CommandError) -> Check {
    Check {
        name,
        good: false,
        found: error.message(),
        hints: error.hints().to_vec(),
        kind: error.kind(),
    }
}

/// Not guessed from switches: a boundary was put up around a program that ends
/// at once. Below the tier's name is what it lacks.
fn boundary(
    tier: &Result<Tier, SandboxError>,
    missing: &[Property],
    container: Option<Container>,
) -> Check {
    let mut check = match tier {
        Ok(tier) => {
            let lines = missing.iter().map(|property| property.without().to_owned());
            let lines: Vec<String> = [tier.to_string()].into_iter().chain(lines).collect();
            plain("boundary", lines.join("\n"))
        }
        Err(error) => Check {
            name: "boundary",
            good: false,
            found: error.to_string(),
            hints: error.hint().map(str::to_owned).into_iter().collect(),
            // Where even this program cannot be run, there is no boundary
            // either, whatever the error is about.
            kind: Kind::Boundary,
        },
    };
    if tier.is_err() || !missing.is_empty() {
        let options = container.map_or(&[][..], Container::options);
        check
            .hints
            .extend(options.iter().map(|option| (*option).to_owned()));
    }
    check
}

/// What would hold each limit here.
fn limits(tier: Option<Tier>) -> String {
    let lines: Vec<String> = dam_sandbox::limits_held_by()
        .into_iter()
        .map(|(limit, by)| match tier {
            Some(tier) if !tier.can_limit(limit) => format!("{limit}: nothing"),
            _ => format!("{limit}: {by}"),
        })
        .collect();
    lines.join(", ")
}

fn configuration(settings: &Result<Settings, CommandError>) -> Check {
    match settings {
        Ok(settings) if settings.files.is_empty() => plain(
            "settings",
            format!("no files; they go to {}", settings.dirs.config.display()),
        ),
        Ok(settings) => {
            let files: Vec<String> = settings
                .files
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            plain("settings", files.join("\n"))
        }
        Err(error) => wrong("settings", error),
    }
}

fn journal(settings: &Result<Settings, CommandError>) -> Check {
    let Ok(settings) = settings else {
        return plain(
            "journal",
            "not looked at: its place is one of the settings".to_owned(),
        );
    };
    if !settings.record.kept {
        let found = "nothing is written down: `[history]` has `persistence = \"none\"`";
        return plain("journal", found.to_owned());
    }
    let dir = &settings.dirs.journal;
    match writable(dir) {
        Ok(()) => plain("journal", dir.display().to_string()),
        Err(error) => wrong("journal", &error),
    }
}

/// Whether sessions could be listed and a new one written, without writing.
fn writable(dir: &Path) -> Result<(), CommandError> {
    dam_journal::list(dir)?;
    let existing = dir.ancestors().find(|dir| dir.symlink_metadata().is_ok());
    let existing = existing.unwrap_or(dir);
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    rustix::fs::access(existing, access).map_err(|errno| {
        CommandError::new(
            Kind::Journal,
            format!("cannot write below {}: {errno}", existing.display()),
        )
    })
}
