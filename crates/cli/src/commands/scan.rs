//! `dam scan`: what is dangerous in a repository, and how that is known.

mod options;
mod place;
mod prove;

use std::path::Path;

use dam_config::Settings as Configuration;
use dam_journal::Event;
use dam_scan::report::{self, Compared, Ending, Painter, Report, Target};
use dam_scan::{Engine, Severity, detectors};

use crate::arguments::{Approvals, Grants};
use crate::boxed::{ended, session_started};
use crate::error::CommandError;
use crate::exit;
use crate::output::{ERROR, FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

use options::Format;
pub use options::Scan;
use place::Place;

/// Scans, writes the report, and says by its exit code what the gate says.
pub fn run(scan: &Scan, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let options = settings::options(&Grants::default(), &Approvals::default())?;
    let configuration = settings::load(&options, variables, true)?;
    let mut journal = settings::journal(&configuration)?;
    let posture = &configuration.posture;
    journal.append(&session_started("scan", &configuration.cwd, posture)?)?;
    if let Some(text) = scan.proofs.notice() {
        journal.append(&Event::Notice { text })?;
    }
    if scan.proofs.again.is_some() {
        let place = Place::find(scan, &configuration, variables, output)?;
        let shown = scan
            .proofs
            .show_again(place.root(), &configuration, variables, output);
        journal.append(&ended(if shown.is_ok() { "completed" } else { "failed" }))?;
        return shown;
    }
    let result = scanned(scan, &configuration, variables, output);
    let (text, outcome) = match &result {
        Ok(report) => (report::summary(report), "completed"),
        Err(error) => (error.message(), "failed"),
    };
    journal.append_together(&[Event::Notice { text }, ended(outcome)])?;
    let report = result?;
    write(scan, &report, output)?;
    Ok(match report.ending() {
        Ending::Passed => exit::OK.code,
        Ending::Findings => exit::FAILED.code,
        Ending::Incomplete => exit::USAGE.code,
    })
}

fn scanned(
    scan: &Scan,
    configuration: &Configuration,
    variables: &Variables,
    output: &mut Output,
) -> Result<Report, CommandError> {
    let place = Place::find(scan, configuration, variables, output)?;
    let (revision, base) = place.revisions(&scan.what)?;
    let known = place.known(base.as_ref(), scan)?;
    let told = dam_scan::Settings {
        today: place.today.clone(),
        branch: place.branch(),
        ..dam_scan::Settings::default()
    };
    let detectors = detectors();
    let engine = Engine {
        detectors: &detectors,
        settings: &told,
    };
    let mut found = engine.scan(&revision, base.as_ref());
    if scan.proofs.prove {
        scan.proofs
            .add(&mut found, place.root(), configuration, variables);
    }
    let target = Target {
        what: revision.name.clone(),
        commit: revision.commit.clone(),
        compared_with: base.as_ref().map(|base| base.name.clone()),
        base: base.as_ref().and_then(|base| base.commit.clone()),
    };
    let compared = Compared {
        with_base: base.is_some(),
        record: known.record.as_ref(),
        ignores: &known.settings.ignores,
        baseline: known.baseline.as_ref(),
        today: &place.today,
    };
    let report = report::compose(&found, target, &compared, scan.gate());
    if base.is_none() {
        place.remember(&known, &report)?;
    }
    if let Some(path) = &scan.write_baseline {
        place::write_baseline(path, &report)?;
    }
    Ok(report)
}

fn write(scan: &Scan, report: &Report, output: &mut Output) -> Result<(), CommandError> {
    let plain = Painter::default();
    let rendered = |paint: &Painter| -> Result<String, CommandError> {
        Ok(match scan.format {
            Format::Text => report::text(report, paint),
            Format::Json => report::json(report).map_err(CommandError::internal)?,
        })
    };
    let Some(path) = &scan.output else {
        return output.bytes(rendered(&COLOURS)?.as_bytes());
    };
    write_file(path, &rendered(&plain)?)?;
    output.note(&report::summary(report));
    Ok(())
}

fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    std::fs::write(path, text)
        .map_err(|error| CommandError::user(format!("cannot write `{}`: {error}", path.display())))
}

/// Taken away again where no colour is wanted.
const COLOURS: Painter = Painter {
    severity: |severity, text| {
        let style = match severity {
            Severity::Critical | Severity::High => ERROR,
            Severity::Medium => WARNING,
            Severity::Low => FAINT,
        };
        format!("{style}{text}{style:#}")
    },
    strong: |text| format!("{STRONG}{text}{STRONG:#}"),
    faint: |text| format!("{FAINT}{text}{FAINT:#}"),
};
