//! `dam scan`: what is dangerous in a repository, and how that is known.

mod given;
mod history;
mod model;
pub(super) mod options;
pub(super) mod place;
mod prove;
pub mod threat_model;
mod watch;

use std::path::Path;

use dam_config::Settings as Configuration;
use dam_journal::{Event, Journal};
use dam_scan::report::{self, Compared, Ending, Painter, Report, Target};
use dam_scan::{Engine, Revision, Severity};

use crate::arguments::Approvals;
use crate::boxed::{ended, session_started};
use crate::error::CommandError;
use crate::exit;
use crate::output::{ERROR, FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

use model::Asking;
pub use options::Scan;
use options::{Format, ScanTask, What};
use place::Place;

/// Scans, writes the report, and says by its exit code what the gate says.
pub fn run(scan: &Scan, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    if let Some(ScanTask::Watch(watch)) = &scan.task {
        return watch::run(scan, watch, variables, output);
    }
    let judging = &scan.judging;
    let mut options = settings::options(&judging.grants(), &Approvals::default())?;
    options.model = judging.named();
    let configuration = settings::load(&options, variables, true)?;
    let asked = judging.checked(&configuration, variables)?;
    let mut journal = settings::journal(&configuration)?;
    journal.append(&begun(&configuration, asked)?)?;
    if let Some(text) = scan.proofs.notice() {
        journal.append(&Event::Notice { text })?;
    }
    if scan.proofs.again.is_some() {
        let path = scan.what.path.as_deref();
        let place = Place::find(path, &configuration, variables, output)?;
        let shown = scan
            .proofs
            .show_again(place.root(), &configuration, variables, output);
        journal.append(&ended(if shown.is_ok() { "completed" } else { "failed" }))?;
        return shown;
    }
    if judging.model_plan {
        let shown = planned(scan, &configuration, variables, output);
        journal.append(&ended(if shown.is_ok() { "completed" } else { "failed" }))?;
        return shown;
    }
    let result = scanned(scan, &configuration, variables, &mut journal, output);
    let stopped = |report: &Report| model::was_interrupted(report.model.as_ref());
    let (text, outcome) = match &result {
        Ok(report) if stopped(report) => (report::summary(report), "interrupted"),
        Ok(report) => (report::summary(report), "completed"),
        Err(error) => (error.message(), "failed"),
    };
    journal.append_together(&[Event::Notice { text }, ended(outcome)])?;
    let report = result?;
    write(scan, &report, output)?;
    if stopped(&report) {
        return Ok(exit::INTERRUPTED.code);
    }
    Ok(match report.ending() {
        Ending::Passed => exit::OK.code,
        Ending::Findings => exit::FAILED.code,
        Ending::Incomplete => exit::USAGE.code,
    })
}

/// The first entry of a scan's record, with the model where one is asked.
fn begun(configuration: &Configuration, asked: Option<String>) -> Result<Event, CommandError> {
    let mut begun = session_started("scan", &configuration.cwd, &configuration.posture)?;
    if let Event::SessionStarted {
        model, provider, ..
    } = &mut begun
    {
        *provider = asked
            .as_ref()
            .map(|_| configuration.provider.value.id.clone());
        *model = asked;
    }
    Ok(begun)
}

/// Shows what a model would be asked.
fn planned(
    scan: &Scan,
    configuration: &Configuration,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let place = Place::find(scan.what.path.as_deref(), configuration, variables, output)?;
    let (detectors, told) = (scan.given.detectors()?, told(scan, &place));
    let cache = place.cache();
    let engine = Engine {
        detectors: &detectors,
        settings: &told,
        cache: Some(&cache),
    };
    let judging = &scan.judging;
    judging.show_plan(scan, &place, &engine, configuration, output)
}

fn scanned(
    scan: &Scan,
    configuration: &Configuration,
    variables: &Variables,
    journal: &mut Journal,
    output: &mut Output,
) -> Result<Report, CommandError> {
    let place = Place::find(scan.what.path.as_deref(), configuration, variables, output)?;
    let (detectors, told) = (scan.given.detectors()?, told(scan, &place));
    let cache = place.cache();
    let engine = Engine {
        detectors: &detectors,
        settings: &told,
        cache: Some(&cache),
    };
    let mut asking = Asking {
        configuration,
        variables,
        journal,
        output,
    };
    let mut deepen = |found: &mut dam_scan::Scan, of: (&Revision, Option<&Revision>)| {
        if scan.proofs.prove {
            let proofs = &scan.proofs;
            proofs.add(found, place.root(), configuration, variables);
        }
        scan.judging.add(found, of, &place, &mut asking)
    };
    let report = compared_scan(scan, &scan.what, &place, &engine, &mut deepen)?;
    if let Some(path) = &scan.write_baseline {
        place::write_baseline(path, &report)?;
    }
    Ok(report)
}

/// What detectors are told.
fn told(scan: &Scan, place: &Place) -> dam_scan::Settings {
    dam_scan::Settings {
        today: place.today.clone(),
        branch: place.branch(),
        build: place::build(),
        advisories: scan.advisories.clone(),
        ..dam_scan::Settings::default()
    }
}

/// What looks at what was found in a revision, and in what it is compared with.
type Deepen<'a> = &'a mut dyn FnMut(
    &mut dam_scan::Scan,
    (&Revision, Option<&Revision>),
) -> Result<(), CommandError>;

/// Scans, has `deepen` look at what was found, and says what became of what is
/// known.
fn compared_scan(
    scan: &Scan,
    what: &What,
    place: &Place,
    engine: &Engine<'_>,
    deepen: Deepen<'_>,
) -> Result<Report, CommandError> {
    let (mut revision, mut base) = place.revisions(what)?;
    let known = place.known(
        &revision,
        base.as_ref(),
        scan.fails.accept_ignores,
        scan.baseline.as_deref(),
    )?;
    for each in std::iter::once(&mut revision).chain(&mut base) {
        each.leave_out(&known.settings.leave_out);
    }
    let mut found = engine.scan(&revision, base.as_ref());
    deepen(&mut found, (&revision, base.as_ref()))?;
    let history = history::found(what, place, engine)?;
    if let Some(history) = &history {
        found.coverage.gaps.extend(history.gaps.iter().cloned());
    }
    let target = Target {
        what: revision.name.clone(),
        commit: revision.commit.clone(),
        compared_with: base.as_ref().map(|base| base.name.clone()),
        base: base.as_ref().and_then(|base| base.commit.clone()),
    };
    let compared = Compared {
        with_base: base.is_some(),
        accept_ignores: scan.fails.accept_ignores,
        record: known.record.as_ref(),
        ignores: &known.settings.ignores,
        baseline: known.baseline.as_ref(),
        today: &place.today,
    };
    let mut report = report::compose(&found, target, &compared, scan.gate());
    if base.is_none() {
        place.remember(&known, &report)?;
    }
    if let Some(history) = &history {
        report::add_history(&mut report, &history.findings, &found, &compared);
    }
    Ok(report)
}

fn write(scan: &Scan, report: &Report, output: &mut Output) -> Result<(), CommandError> {
    let plain = Painter::default();
    let rendered = |paint: &Painter| -> Result<String, CommandError> {
        Ok(match scan.format {
            Format::Text => report::text(report, paint),
            Format::Json => report::json(report).map_err(CommandError::internal)?,
            Format::Sarif => {
                report::printed(&report::sarif(report)).map_err(CommandError::internal)?
            }
            Format::Markdown => report::markdown(report),
            Format::Html => report::html(report),
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
