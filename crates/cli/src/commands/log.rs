//! `dam log`: lists, shows and verifies what happened.

pub mod describe;
mod wire;

use std::path::Path;

use dam_journal::{Event, SessionId, Summary, Verified, VerifyError};

use crate::arguments::{Log, LogList, LogTask};
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{GOOD, Output, STRONG, WARNING};

/// Does what `dam log …` says with the journals in `dir`.
pub fn run(log: &Log, dir: &Path, output: &mut Output) -> Result<u8, CommandError> {
    match &log.task {
        None => list(&log.list, dir, output),
        Some(LogTask::Show { session, json }) => show(&find(dir, session)?, *json, dir, output),
        Some(LogTask::Verify { session, json }) => verify(session.as_deref(), *json, dir, output),
    }
}

fn list(list: &LogList, dir: &Path, output: &mut Output) -> Result<u8, CommandError> {
    let mut summaries = dam_journal::list(dir)?;
    summaries.reverse();
    let hidden = summaries.len().saturating_sub(list.limit);
    summaries.truncate(list.limit);
    if list.json {
        let values: Vec<_> = summaries.iter().map(wire::Row::from).collect();
        output.json(&values)?;
        return Ok(exit::OK.code);
    }
    if summaries.is_empty() {
        output.note(&format!("no sessions in {}", dir.display()));
        return Ok(exit::OK.code);
    }
    output.data(&format!(
        "{STRONG}{:<22}  {:<8} {:<12} {:>7}  COMMAND{STRONG:#}",
        "SESSION", "FRONT", "STATE", "ENTRIES"
    ))?;
    for summary in &summaries {
        output.data(&row(summary))?;
    }
    if hidden > 0 {
        output.note(&format!("{hidden} older sessions; `-n` shows more"));
    }
    Ok(exit::OK.code)
}

fn row(summary: &Summary) -> String {
    let state = match (&summary.problem, &summary.outcome) {
        (Some(_), _) => "unreadable",
        (None, Some(outcome)) => outcome,
        (None, None) => describe::state(summary.state),
    };
    let front = summary.front.as_deref().unwrap_or("-");
    let command = summary
        .problem
        .clone()
        .unwrap_or_else(|| summary.argv.join(" "));
    dam_journal::clean(&format!(
        "{:<22}  {front:<8} {state:<12} {:>7}  {}",
        summary.session,
        summary.entries,
        describe::shortened(&command, 60)
    ))
}

/// The session that a word on the command line means.
fn find(dir: &Path, word: &str) -> Result<SessionId, CommandError> {
    if word != "latest" {
        return Ok(dam_journal::find(dir, word)?);
    }
    dam_journal::latest(dir)?
        .ok_or_else(|| CommandError::user(format!("there are no sessions in {}", dir.display())))
}

fn show(
    session: &SessionId,
    json: bool,
    dir: &Path,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let entries = dam_journal::read(dir, session)?;
    for entry in &entries {
        if json {
            output.data(&entry.line)?;
            continue;
        }
        if let Event::SessionStarted { .. } = entry.event {
            output.data(&format!("{STRONG}session {session}{STRONG:#}"))?;
        }
        let time = entry.time.strftime("%H:%M:%S%.3f");
        let posture = match &entry.event {
            Event::SessionStarted { posture, .. } => dam_journal::posture(dir, posture)?,
            _ => None,
        };
        let lines = describe::event(&entry.event, posture.as_ref());
        for (number, line) in lines.iter().enumerate() {
            let margin = if number == 0 {
                time.to_string()
            } else {
                " ".repeat(12)
            };
            output.data(&format!("{margin}  {}", dam_journal::clean(line)))?;
        }
    }
    // What is shown may not be what was written: then that is said.
    if let Err(error) = dam_journal::verify(dir, session) {
        output.flush()?;
        output.labelled(WARNING, "warning", &dam_journal::clean(&error.to_string()));
    }
    Ok(exit::OK.code)
}

fn verify(
    session: Option<&str>,
    json: bool,
    dir: &Path,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let results = match session {
        Some(word) => {
            let session = find(dir, word)?;
            let result = dam_journal::verify(dir, &session);
            vec![wire::Check::new(&session, &result)]
        }
        None if dir.exists() => dam_journal::verify_all(dir)?
            .iter()
            .map(|audit| wire::Check::new(&audit.session, &audit.result))
            .collect(),
        None => Vec::new(),
    };
    if json {
        output.json(&results)?;
    } else {
        for check in &results {
            output.data(&check.line())?;
        }
        if results.is_empty() {
            output.note(&format!("no sessions in {}", dir.display()));
        }
    }
    let failed = results.iter().filter(|check| !check.verifies).count();
    if failed == 0 {
        return Ok(exit::OK.code);
    }
    output.flush()?;
    let total = results.len();
    Err(CommandError::new(
        Kind::Journal,
        format!("{failed} of {total} journals do not verify"),
    ))
}

impl wire::Check {
    fn new(session: &SessionId, result: &Result<Verified, VerifyError>) -> Self {
        let mut check = Self {
            session: session.to_string(),
            verifies: true,
            tampered: false,
            entries: 0,
            state: "unknown",
            problem: None,
        };
        match result {
            Ok(verified) => {
                check.entries = verified.entries;
                check.state = describe::state(verified.state);
            }
            // A crash or a full disk: everything that was reported as written
            // is there and verifies.
            Err(VerifyError::Torn { entries, .. }) => {
                check.entries = *entries;
                check.state = "torn: its writer was stopped while writing";
            }
            Err(error) => {
                check.verifies = false;
                check.tampered = error.is_tampering();
                check.problem = Some(dam_journal::clean(&error.to_string()));
            }
        }
        check
    }

    fn line(&self) -> String {
        let Self {
            session,
            entries,
            state,
            ..
        } = self;
        match &self.problem {
            None => format!("{session}  {GOOD}verifies{GOOD:#}  {entries} entries, {state}"),
            Some(problem) => format!("{session}  {WARNING}FAILS{WARNING:#}  {problem}"),
        }
    }
}
