//! `dam scan --history`: what the repository ever had.

use std::time::Instant;

use dam_scan::history::{Found, Progress, scan};
use dam_scan::{Engine, Gap, GapKind};

use super::options::What;
use super::place::{Place, scan_error};
use crate::error::CommandError;
use crate::output;

/// What was found in history, if that was asked for.
pub fn found(
    what: &What,
    place: &Place,
    engine: &Engine<'_>,
) -> Result<Option<Found>, CommandError> {
    if !what.history {
        return Ok(None);
    }
    let git = place.git()?;
    let head = git.commit("HEAD").map_err(scan_error)?;
    let since = what.since.map(jiff::Timestamp::as_second);
    let commits = git.commits(&head, since).map_err(scan_error)?;
    let begun = Instant::now();
    let mut first = None;
    let mut show = |progress: Progress| {
        let first = *first.get_or_insert(progress.done);
        output::progress(&line(progress, first, begun));
    };
    let memory = place.memory().join("history");
    let found = scan(git, &commits, engine, &memory, &mut show);
    output::progress("");
    let mut found = found.map_err(scan_error)?;
    if git.is_shallow() {
        let why = "this clone is shallow: older commits are not in it";
        found.gaps.push(Gap::of_all(GapKind::Shallow, why));
    }
    Ok(Some(found))
}

/// How far it is, and how long it will take at this speed.
fn line(progress: Progress, first: usize, begun: Instant) -> String {
    let Progress { done, all, files } = progress;
    let passed = begun.elapsed().as_secs();
    let own = (done - first).max(1) as u64;
    let left = passed * (all - done) as u64 / own;
    format!("{done} of {all} commits, {files} files; {left} s left")
}
