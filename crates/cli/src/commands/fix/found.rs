//! The finding that is to be fixed: looked for by a fresh scan, and by proofs
//! where a scan does not know it.

use dam_scan::prove::{Proved, Proving, prove, settle};
use dam_scan::report::{Compared, Gate, Report, Reported, Target, compose};
use dam_scan::{Engine, Revision, Scan};

use crate::commands::scan::options::What;
use crate::commands::scan::place::{Known, Place};
use crate::error::CommandError;

/// What was found, and in what.
pub struct Found {
    pub revision: Revision,
    pub scan: Scan,
    pub reported: Reported,
    /// What proofs have shown, where they were run.
    pub proved: Option<Proved>,
}

/// Scans the working tree, and finds what an identifier names.
pub fn find(
    wanted: &str,
    place: &Place,
    engine: &Engine<'_>,
    proving: Option<&Proving>,
) -> Result<Found, CommandError> {
    let is_identifier = !wanted.is_empty() && wanted.chars().all(|c| c.is_ascii_hexdigit());
    if !is_identifier {
        let text = format!(
            "`{}` is no identifier of a finding",
            dam_journal::clean(wanted)
        );
        return Err(CommandError::user(text).hint("`dam scan` prints one with each finding"));
    }
    if !place.root().is_dir() {
        let text = format!("`{}` is not a directory", place.root().display());
        return Err(CommandError::user(text).hint("name the directory that was scanned"));
    }
    let (mut revision, _) = place.revisions(&What::default())?;
    if revision.commit.is_some() {
        return Err(CommandError::user(
            "a bare repository has no files to try a fix on",
        ));
    }
    let known = place.known(&revision, None, false, None)?;
    revision.leave_out(&known.settings.leave_out);
    let mut scan = engine.scan(&revision, None);
    let mut reported = named(wanted, report(&scan, &known, place))?;
    let mut proved = None;
    if let (None, Some(proving)) = (&reported, proving) {
        // It may be known by a proof alone.
        let shown = prove(proving);
        let mut with_proofs = scan.clone();
        settle(&mut with_proofs.findings, &shown, place.root());
        reported = named(wanted, report(&with_proofs, &known, place))?;
        scan = with_proofs;
        proved = Some(shown);
    }
    let Some(reported) = reported else {
        let text = format!(
            "there is no finding `{wanted}` in {}",
            place.root().display()
        );
        return Err(CommandError::user(text).hint("`dam scan` lists what there is"));
    };
    Ok(Found {
        revision,
        scan,
        reported,
        proved,
    })
}

fn report(scan: &Scan, known: &Known, place: &Place) -> Report {
    let compared = Compared {
        record: known.record.as_ref(),
        ignores: &known.settings.ignores,
        today: &place.today,
        ..Compared::default()
    };
    compose(scan, Target::default(), &compared, Gate::default())
}

/// The one whose identifier begins so.
fn named(wanted: &str, report: Report) -> Result<Option<Reported>, CommandError> {
    let wanted = wanted.to_ascii_lowercase();
    let mut fitting: Vec<Reported> = report.findings;
    fitting.retain(|each| each.id.starts_with(&wanted));
    if fitting.len() > 1 {
        let names: Vec<&str> = fitting
            .iter()
            .take(5)
            .map(|each| each.id.as_str())
            .collect();
        let text = format!("{} findings begin with `{wanted}`", fitting.len());
        return Err(CommandError::user(text).hint(names.join(", ")));
    }
    Ok(fitting.pop())
}
