//! `dam doctor`: what this machine can enforce, found out by trying.

use std::path::Path;

use dam_config::Settings;
use serde::Serialize;

use crate::arguments::{Approvals, Doctor, Grants};
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{ERROR, GOOD, HINT, Output};
use crate::settings;
use crate::variables::Variables;

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

/// Looks at everything, says what it found, and fails if something is wrong.
pub fn run(
    doctor: &Doctor,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let settings = settings::options(&Grants::default(), &Approvals::default())
        .and_then(|options| settings::load(&options, variables, settings::is_interactive()));
    let checks = [
        plain("version", env!("CARGO_PKG_VERSION").to_owned()),
        plain(
            "kernel",
            kernel_says("kernel/osrelease").unwrap_or_else(|| "unknown".to_owned()),
        ),
        plain("user namespaces", user_namespaces()),
        plain(
            "landlock",
            dam_sandbox::landlock_version().map_or_else(
                || "none".to_owned(),
                |version| format!("version {version} in use"),
            ),
        ),
        boundary(),
        plain("limits", limits()),
        configuration(&settings),
        journal(&settings),
    ];
    if doctor.json {
        output.json(&checks)?;
    } else {
        for check in &checks {
            show(check, output)?;
        }
    }
    let wrong: Vec<&Check> = checks.iter().filter(|check| !check.good).collect();
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

/// Not guessed from switches: a boundary is put up around a program that ends
/// at once.
fn boundary() -> Check {
    match dam_sandbox::tier() {
        Ok(tier) => plain("boundary", tier.to_string()),
        Err(error) => {
            // Where even this program cannot be run, there is no boundary
            // either, whatever the error is about.
            let mut check = wrong("boundary", &error.into());
            check.kind = Kind::Boundary;
            check
        }
    }
}

/// What would hold each limit here.
fn limits() -> String {
    let lines: Vec<String> = dam_sandbox::limits_held_by()
        .into_iter()
        .map(|(limit, by)| format!("{limit}: {by}"))
        .collect();
    lines.join(", ")
}

/// The switches that most often stand in the boundary's way.
fn user_namespaces() -> String {
    let switches = [
        ("user/max_user_namespaces", "0"),
        ("kernel/unprivileged_userns_clone", "0"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ];
    let off: Vec<String> = switches
        .iter()
        .filter(|(name, off)| kernel_says(name).as_deref() == Some(*off))
        .map(|(name, value)| format!("{} = {value}", name.replace('/', ".")))
        .collect();
    if off.is_empty() {
        "no switch against them".to_owned()
    } else {
        format!("restricted: {}", off.join(", "))
    }
}

fn kernel_says(switch: &str) -> Option<String> {
    let text = std::fs::read_to_string(Path::new("/proc/sys").join(switch)).ok()?;
    Some(text.trim().to_owned())
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
