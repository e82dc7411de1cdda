//! `dam log`: lists, shows, verifies, exports and sifts what happened.

pub mod describe;
pub mod export;
mod since;
pub mod triage;
mod wire;

use std::path::{Path, PathBuf};

use dam_journal::{Audit, Event, Keys, SessionId, State, Summary, Verified, VerifyError};

use crate::arguments::{Log, LogList, LogTask};
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{GOOD, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

use since::Since;

/// Where the journals are, and the key that signs them.
pub struct Places {
    dir: PathBuf,
    keys: PathBuf,
}

impl Places {
    /// By the environment, and by the settings where they can be read: what
    /// happened can be read also where they are broken.
    pub fn find(variables: &Variables) -> Result<Self, CommandError> {
        let dirs = settings::dirs(variables)?;
        let keys = settings::keys(variables).unwrap_or_else(|| dirs.state.join("keys"));
        Ok(Self {
            dir: dirs.journal,
            keys,
        })
    }
}

/// Does what `dam log …` says.
pub fn run(log: &Log, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let places = &Places::find(variables)?;
    let dir = &places.dir;
    match &log.task {
        None => list(&log.list, dir, output),
        Some(LogTask::Show { session, json }) => show(&find(dir, session)?, *json, dir, output),
        Some(LogTask::Verify {
            session,
            checkpoint,
            key,
            json,
        }) => {
            let keys = match key {
                Some(key) => Keys::of(key).ok_or_else(not_a_key)?,
                None => Keys::read(&places.keys)?,
            };
            let audits = audits(session.as_deref(), checkpoint.as_deref(), &keys, dir)?;
            verify(&audits, *json, dir, output)
        }
        Some(LogTask::Checkpoint) => {
            let line = dam_journal::checkpoint(dir, Some(&places.keys))?;
            output.data(&line)?;
            Ok(exit::OK.code)
        }
        Some(LogTask::Export(export)) => export::run(export, variables, output),
        Some(LogTask::Triage(triage)) => triage::run(triage, places, variables, output),
    }
}

fn not_a_key() -> CommandError {
    CommandError::user("`--key` takes a public key: 64 hexadecimal digits, as in `journal.pub`")
}

/// The sessions that have entries since a time, the oldest first.
fn sessions_since(
    dir: &Path,
    since: Option<&Since>,
) -> Result<Vec<(SessionId, State)>, CommandError> {
    let mut found = dam_journal::list(dir)?;
    if let Some(since) = since {
        found.retain(|one| one.last.is_none_or(|last| last >= since.time()));
    }
    Ok(found
        .into_iter()
        .map(|one| (one.session, one.state))
        .collect())
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
pub fn find(dir: &Path, word: &str) -> Result<SessionId, CommandError> {
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

/// What verifying finds of one session, or of all.
fn audits(
    session: Option<&str>,
    checkpoint: Option<&str>,
    keys: &Keys,
    dir: &Path,
) -> Result<Vec<Audit>, CommandError> {
    if let Some(line) = checkpoint {
        return Ok(dam_journal::verify_against(dir, keys, line)?);
    }
    match session {
        Some(word) => {
            let session = find(dir, word)?;
            let result = dam_journal::verify_with(dir, &session, keys);
            Ok(vec![Audit { session, result }])
        }
        None if dir.exists() => Ok(dam_journal::verify_all_with(dir, keys)?),
        None => Ok(Vec::new()),
    }
}

fn verify(
    audits: &[Audit],
    json: bool,
    dir: &Path,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let results: Vec<wire::Check> = audits
        .iter()
        .map(|audit| wire::Check::new(&audit.session, &audit.result))
        .collect();
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
            signed_by: None,
            unconfirmed: 0,
            problem: None,
        };
        match result {
            Ok(verified) => {
                check.entries = verified.entries;
                check.state = describe::state(verified.state);
                check.signed_by.clone_from(&verified.signed_by);
                check.unconfirmed = verified.unconfirmed;
            }
            // The record of that says so.
            Err(VerifyError::Removed { entries, .. }) => {
                check.entries = *entries;
                check.state = "removed, because it was too old or too much";
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
        let signed = self.signed_by.as_ref().map_or("", |_| ", signed");
        let after = match self.unconfirmed {
            0 => String::new(),
            count => format!(", {count} after what is confirmed"),
        };
        match &self.problem {
            None => format!(
                "{session}  {GOOD}verifies{GOOD:#}  {entries} entries, {state}{signed}{after}"
            ),
            Some(problem) => format!("{session}  {WARNING}FAILS{WARNING:#}  {problem}"),
        }
    }
}
