//! `dam keep` and `dam drop`: recorded before and after.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use dam_config::Settings;
use dam_journal::{Event, Journal, SessionId};
use dam_sandbox::transaction::{Change, Kept, Transaction};

use super::{count, done, here, latest_here, one_line, summary};
use crate::arguments::{Approvals, Discard, Grants, Keep};
use crate::boxed;
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{Output, WARNING};
use crate::settings;
use crate::variables::Variables;

/// Makes changes in the real tree.
pub fn keep(keep: &Keep, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let (mut act, changes) = Act::begin("keep", &keep.words, variables)?;
    act.write("keeping", &changes)?;
    let kept = act.transaction.keep(changes, &act.paths, keep.force);
    let kept = match kept {
        Ok(kept) => kept,
        Err(error) => {
            let text = error.to_string();
            let ended = Event::SessionEnded {
                outcome: "failed".to_owned(),
            };
            act.journal
                .append_together(&[Event::Error { text }, ended])?;
            return Err(error.into());
        }
    };
    record(&mut act.journal, &act.id, "kept", &kept)?;
    for change in kept.done.iter().filter(|change| !change.went_elsewhere()) {
        output.data(&done(change, &act.cwd))?;
    }
    output.flush()?;
    let (left_out, refused): (Vec<_>, Vec<_>) = kept
        .refused
        .iter()
        .partition(|(change, _)| change.is_left_out());
    for (change, why) in left_out.iter().chain(&refused) {
        let text = format!("{}: {why}", change.path.display());
        output.labelled(WARNING, "not kept", &one_line(&text));
    }
    output.note(&count(kept.done.len(), "kept"));
    if refused.is_empty() {
        return Ok(exit::OK.code);
    }
    let text = format!("{} changes were not kept", refused.len());
    let hint = "they are still there: look at them with `dam changes --diff`; `--force` keeps \
                them over what is there, protected names only where a PATH names them";
    Err(CommandError::new(Kind::Failed, text).hint(hint))
}

/// Throws changes away.
pub fn discard(
    discard: &Discard,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let (mut act, changes) = Act::begin("drop", &discard.words, variables)?;
    act.write("dropping", &changes)?;
    let dropped = act.transaction.discard(changes)?;
    record(&mut act.journal, &act.id, "dropped", &dropped)?;
    output.note(&count(dropped.done.len(), "dropped"));
    Ok(exit::OK.code)
}

/// A transaction that is about to be decided on, and the record of it.
struct Act {
    transaction: Transaction,
    id: String,
    cwd: PathBuf,
    paths: Vec<PathBuf>,
    journal: Journal,
}

impl Act {
    fn begin(
        front: &str,
        words: &[OsString],
        variables: &Variables,
    ) -> Result<(Self, Vec<Change>), CommandError> {
        let options = settings::options(&Grants::default(), &Approvals::default())?;
        let settings = settings::load(&options, variables, true)?;
        let (transaction, paths) = named(words, &settings)?;
        let changes = transaction.select(&paths)?;
        let mut journal = settings::journal(&settings)?;
        let begun = boxed::session_started(front, &settings.cwd, &settings.posture)?;
        journal.append(&begun)?;
        let record = transaction.record();
        let act = Self {
            id: record.id.clone(),
            cwd: record.cwd.clone(),
            transaction,
            paths,
            journal,
        };
        Ok((act, changes))
    }

    fn write(&mut self, step: &str, changes: &[Change]) -> Result<(), CommandError> {
        let event = event(&self.id, step, changes);
        self.journal.append(&event)?;
        Ok(())
    }
}

/// The last entries: what came of it.
fn record(journal: &mut Journal, id: &str, step: &str, kept: &Kept) -> Result<(), CommandError> {
    let ended = Event::SessionEnded {
        outcome: "completed".to_owned(),
    };
    let event = event(id, step, &kept.done);
    journal.append_together(&[event, ended])?;
    Ok(())
}

fn event(id: &str, step: &str, changes: &[Change]) -> Event {
    Event::Transaction {
        id: id.to_owned(),
        step: step.to_owned(),
        about: changes
            .iter()
            .map(|change| summary(change, Path::new("")))
            .collect(),
    }
}

/// The transaction and the paths that the words mean: the first word may be an
/// identifier.
fn named(
    words: &[OsString],
    settings: &Settings,
) -> Result<(Transaction, Vec<PathBuf>), CommandError> {
    let state = &settings.dirs.state;
    let is_id = |word: &&OsString| {
        word.to_str()
            .is_some_and(|word| word.parse::<SessionId>().is_ok())
    };
    let (id, words) = match words.first().filter(is_id) {
        Some(id) => (id.to_string_lossy().into_owned(), &words[1..]),
        None => (latest_here(state)?.record().id.clone(), words),
    };
    let here = here()?;
    let paths = words.iter().map(|word| plain(&here.join(word))).collect();
    Ok((Transaction::take(state, &id)?, paths))
}

/// The path without `.` and `..`: what it names may not exist, so it is not
/// asked where it really leads.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(Path::new(std::ffi::OsStr::from_bytes(
                other.as_os_str().as_bytes(),
            ))),
        }
    }
    plain
}
