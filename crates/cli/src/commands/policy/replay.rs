//! `dam policy replay`: every decision on record once more, under the settings
//! of now or under others.
//!
//! What was known of a command is read anew from its words: the reader may know
//! more by now. The circumstances are those of then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use dam_gate::{Gate, Nobody};
use dam_journal::{Entry, Event, SessionId};
use dam_policy::{Action, Circumstances, Containment, Decision, Verdict};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::{Approvals, Grants};
use crate::commands::log;
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

/// `dam policy replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// Judge with the settings or rules of a file (`.rules`) besides
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub with: Option<PathBuf>,
    /// Leave out sessions that began before a day, as in `2026-11-01`
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub since: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
    /// The sessions, or `latest`; without them, every session
    #[arg(value_name = "SESSION", help_heading = "Arguments")]
    pub sessions: Vec<String>,
}

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Replayed {
    /// How many decisions were judged again.
    judged: u64,
    /// How many could not be, each with why.
    skipped: BTreeMap<String, u64>,
    /// How many would be allowed that were not.
    loosened: u64,
    changes: Vec<Change>,
}

/// A decision that would be another one.
#[derive(Debug, Serialize)]
struct Change {
    session: String,
    seq: u64,
    /// What was wanted, for people.
    what: String,
    before: Decision,
    now: Decision,
    rule_before: String,
    rule_now: String,
    reason: String,
    /// Whether it would be allowed, or allowed outside, and was not.
    loosened: bool,
}

/// Judges again, and says what would change.
pub fn run(
    replay: &Replay,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let dir = settings::dirs(variables)?.journal;
    let mut gates = Gates {
        replay,
        variables,
        known: BTreeMap::new(),
    };
    let mut found = Replayed::default();
    for session in sessions(replay, &dir)? {
        judge_session(&dir, &session, &mut gates, &mut found)?;
    }
    if replay.json {
        output.json(&found)?;
    } else {
        tell(&found, output)?;
    }
    let exit = if found.loosened > 0 {
        exit::FAILED
    } else {
        exit::OK
    };
    Ok(exit.code)
}

/// A day, as the names of sessions begin with it.
fn day(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let fits =
        |part: &&str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [year, month, day] if fits(year, 4) && fits(month, 2) && fits(day, 2) => Ok(parts.concat()),
        _ => Err("write a day, as in `2026-11-01`".to_owned()),
    }
}

fn sessions(replay: &Replay, dir: &Path) -> Result<Vec<SessionId>, CommandError> {
    let named = replay.sessions.iter().map(|word| log::find(dir, word));
    let mut sessions: Vec<SessionId> = if replay.sessions.is_empty() {
        let all = dam_journal::list(dir)?.into_iter();
        all.map(|summary| summary.session).collect()
    } else {
        named.collect::<Result<_, _>>()?
    };
    if let Some(since) = &replay.since {
        sessions.retain(|session| session.as_str() >= since.as_str());
    }
    Ok(sessions)
}

/// The gates of the directories that sessions worked in.
struct Gates<'a> {
    replay: &'a Replay,
    variables: &'a Variables,
    known: BTreeMap<PathBuf, Option<Gate>>,
}

impl Gates<'_> {
    /// The gate of a session that would work there now. None where the
    /// directory is gone; settings that make no sense are an error.
    fn of(&mut self, cwd: &Path) -> Result<Option<&Gate>, CommandError> {
        if !self.known.contains_key(cwd) {
            let gate = if cwd.is_dir() {
                Some(self.made(cwd)?)
            } else {
                None
            };
            self.known.insert(cwd.to_owned(), gate);
        }
        Ok(self.known.get(cwd).and_then(Option::as_ref))
    }

    fn made(&self, cwd: &Path) -> Result<Gate, CommandError> {
        let replay = self.replay;
        let mut options = settings::options(&replay.grants, &replay.approvals)?;
        if replay.grants.cd.is_none() {
            cwd.clone_into(&mut options.cd);
        }
        if let Some(file) = &replay.with {
            let file = std::path::absolute(file).map_err(CommandError::user)?;
            if file.extension().is_some_and(|ext| ext == "rules") {
                options.rules.push(file);
            } else {
                options.with = Some(file);
            }
        }
        let settings = settings::load(&options, self.variables, true)?;
        Ok(Gate::new(settings.posture, Box::new(Nobody)))
    }
}

fn judge_session(
    dir: &Path,
    session: &SessionId,
    gates: &mut Gates<'_>,
    found: &mut Replayed,
) -> Result<(), CommandError> {
    let mut started = None;
    let mut problem = None;
    dam_journal::read_each(dir, session, &mut |entry| match &entry.event {
        Event::SessionStarted { front, cwd, .. } => {
            started = Some((PathBuf::from(cwd), front == "exec"));
        }
        Event::Decision { .. } if problem.is_none() => {
            problem = judge(&entry, started.as_ref(), gates, found).err();
        }
        _ => {}
    })?;
    problem.map_or(Ok(()), Err)
}

fn judge(
    entry: &Entry,
    started: Option<&(PathBuf, bool)>,
    gates: &mut Gates<'_>,
    found: &mut Replayed,
) -> Result<(), CommandError> {
    let Event::Decision {
        action,
        verdict,
        context,
        ..
    } = &entry.event
    else {
        return Ok(());
    };
    let mut skip = |why: &str| {
        *found.skipped.entry(why.to_owned()).or_default() += 1;
        Ok(())
    };
    let Some((cwd, is_agent)) = started else {
        return skip("its session has no beginning");
    };
    let (Ok(action), Ok(before)) = (
        serde_json::from_value::<Action>(action.clone()),
        serde_json::from_value::<Verdict>(verdict.clone()),
    ) else {
        return skip("it cannot be read");
    };
    let Some(gate) = gates.of(cwd)? else {
        return skip("its directory is gone");
    };
    let now = gate.again(&action, &circumstances(context, *is_agent));
    found.judged += 1;
    let is_allowed = |verdict: &Verdict| verdict.decision == Decision::Allow;
    let leaves = now.containment == Containment::Open && before.containment == Containment::Boxed;
    let loosened = is_allowed(&now) && (!is_allowed(&before) || leaves);
    if now.decision == before.decision && !loosened {
        return Ok(());
    }
    found.loosened += u64::from(loosened);
    found.changes.push(Change {
        session: entry.session.to_string(),
        seq: entry.seq,
        what: dam_journal::clean(&dam_gate::described(&action, &now)),
        before: before.decision,
        now: now.decision,
        rule_before: dam_journal::clean(before.rule.as_str()),
        rule_now: dam_journal::clean(now.rule.as_str()),
        reason: dam_journal::clean(&now.reason),
        loosened,
    });
    Ok(())
}

/// What it was decided under. Where nothing is on record, what a person typed
/// was judged as such.
fn circumstances(context: &Value, is_agent: bool) -> Circumstances {
    let recorded = context.get("circumstances").cloned();
    let read = recorded.and_then(|value| serde_json::from_value(value).ok());
    read.unwrap_or(if is_agent {
        Circumstances::BOXED
    } else {
        Circumstances::TYPED
    })
}

fn tell(found: &Replayed, output: &mut Output) -> Result<(), CommandError> {
    for change in &found.changes {
        let style = if change.loosened { WARNING } else { STRONG };
        output.data(&format!(
            "{style}{} -> {}{style:#}  {}  {FAINT}{} #{}{FAINT:#}",
            change.before, change.now, change.what, change.session, change.seq
        ))?;
        output.data(&format!("  {} ({})", change.reason, change.rule_now))?;
    }
    output.data(&format!(
        "{} decisions judged again: {} would change, {} would be allowed that were not",
        found.judged,
        found.changes.len(),
        found.loosened
    ))?;
    for (why, count) in &found.skipped {
        output.data(&format!("{count} left out: {why}"))?;
    }
    Ok(())
}
