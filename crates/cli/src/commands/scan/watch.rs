//! `dam scan watch`: scans each new commit of a repository as it comes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};
use dam_journal::Event;
use dam_scan::report::{self, Ending};
use dam_scan::{Engine, Git};

use super::options::{Scan, What};
use super::place::Place;
use super::{COLOURS, compared_scan, told};
use crate::arguments::{Approvals, Grants};
use crate::boxed::{ended, session_started};
use crate::error::CommandError;
use crate::exit;
use crate::output::Output;
use crate::settings;
use crate::variables::Variables;

/// `dam scan watch`.
#[derive(Args, Debug)]
pub struct Watch {
    /// The repository; without it, the one around the current directory
    #[arg(value_hint = ValueHint::DirPath)]
    pub path: Option<PathBuf>,
    /// How often to look for new commits, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
    /// End after this many commits
    #[arg(long, value_name = "COMMITS")]
    pub until: Option<usize>,
}

/// Waits for commits and scans them, until it is interrupted.
pub fn run(
    scan: &Scan,
    watch: &Watch,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&Grants::default(), &Approvals::default())?;
    let configuration = settings::load(&options, variables, true)?;
    let mut journal = settings::journal(&configuration)?;
    journal.append(&session_started(
        "scan",
        &configuration.cwd,
        &configuration.posture,
    )?)?;
    let place = Place::find(watch.path.as_deref(), &configuration, variables, output)?;
    let git = place.git()?;
    let mut head = git.commit("HEAD").ok();
    let mut failed = false;
    let mut done = 0;
    output.note("waiting for new commits; Ctrl-C ends this");
    while watch.until.is_none_or(|until| done < until) {
        std::thread::sleep(Duration::from_secs(watch.every));
        for commit in news(git, head.as_deref())? {
            let what = What {
                commit: Some(commit.clone()),
                ..What::default()
            };
            let (all, told) = (scan.given.detectors()?, told(scan, &place));
            let cache = place.cache();
            let engine = Engine {
                detectors: &all,
                settings: &told,
                cache: Some(&cache),
            };
            let report = compared_scan(scan, &what, &place, &engine, &mut |_, _| Ok(()))?;
            failed |= report.ending() != Ending::Passed;
            output.bytes(report::text(&report, &COLOURS).as_bytes())?;
            output.flush()?;
            journal.append(&Event::Notice {
                text: report::summary(&report),
            })?;
            head = Some(commit);
            done += 1;
        }
    }
    journal.append(&ended("completed"))?;
    Ok(if failed {
        exit::FAILED.code
    } else {
        exit::OK.code
    })
}

/// The commits since one, the oldest first. After a rewrite of history that is
/// everything that was not there before.
fn news(git: &Git, head: Option<&str>) -> Result<Vec<String>, CommandError> {
    let Ok(now) = git.commit("HEAD") else {
        // Nothing was committed yet.
        return Ok(Vec::new());
    };
    if head == Some(now.as_str()) {
        return Ok(Vec::new());
    }
    let range = head.map_or_else(|| now.clone(), |head| format!("{head}..{now}"));
    let commits = git
        .commits(&range, None)
        .map_err(super::place::scan_error)?;
    Ok(commits.into_iter().rev().map(|commit| commit.id).collect())
}
