//! `dam changes`, `dam keep` and `dam drop`: what transactions would change.

mod decide;
mod difference;
mod wire;

use std::path::{Path, PathBuf};

use dam_sandbox::transaction::{Change, ChangeKind, Entry, Refusal, Transaction, list};

use super::log::describe;
use crate::arguments::Changes;
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, GOOD, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

pub use decide::{discard, keep};

/// Lists what a transaction would change, or the transactions.
pub fn show(
    changes: &Changes,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let state = settings::dirs(variables)?.state;
    if changes.list {
        return list_all(&state, changes.json, output);
    }
    let transaction = match &changes.id {
        Some(id) => Transaction::look(&state, id)?,
        None => latest_here(&state)?,
    };
    let found = transaction.changes()?;
    if changes.json {
        output.json(&wire::Transaction::new(&transaction, &found))?;
        return Ok(exit::OK.code);
    }
    let record = transaction.record();
    output.note(&dam_journal::clean(&format!(
        "transaction {}{} in {}: {}",
        record.id,
        if transaction.is_in_use() {
            ", in use,"
        } else {
            ""
        },
        shown(&record.cwd),
        describe::shortened(&record.command.join(" "), 60)
    )));
    for change in found.iter().filter(|change| !change.went_elsewhere()) {
        output.data(&row(change, &record.cwd))?;
        if changes.diff {
            difference::print(&transaction, change, output)?;
        }
    }
    if found.is_empty() {
        output.note("nothing is changed");
    }
    Ok(exit::OK.code)
}

fn list_all(state: &Path, json: bool, output: &mut Output) -> Result<u8, CommandError> {
    let (mut found, unreadable) = list(state)?;
    found.reverse();
    if json {
        let rows: Vec<_> = found.iter().map(wire::Row::new).collect();
        output.json(&rows)?;
    } else if found.is_empty() {
        output.note("no open transactions");
    } else {
        output.data(&format!(
            "{STRONG}{:<22}  {:<8} {:<32}  COMMAND{STRONG:#}",
            "TRANSACTION", "STATE", "DIRECTORY"
        ))?;
        for transaction in &found {
            let record = transaction.record();
            output.data(&dam_journal::clean(&format!(
                "{:<22}  {:<8} {:<32}  {}",
                record.id,
                wire::state(transaction),
                shown(&record.cwd),
                describe::shortened(&record.command.join(" "), 60)
            )))?;
        }
    }
    for name in unreadable {
        let text = format!("transaction {name} cannot be read");
        output.labelled(WARNING, "warning", &one_line(&text));
    }
    Ok(exit::OK.code)
}

/// The latest open transaction that was begun in this directory.
fn latest_here(state: &Path) -> Result<Transaction, CommandError> {
    let here = here()?;
    let (found, _) = list(state)?;
    let mut found = found.into_iter().rev();
    found
        .find(|transaction| transaction.record().cwd == here)
        .ok_or_else(|| {
            let text = format!("no open transaction was begun in {}", shown(&here));
            CommandError::user(text).hint("`dam changes --list` lists those of every directory")
        })
}

fn here() -> Result<PathBuf, CommandError> {
    std::env::current_dir()
        .and_then(|here| here.canonicalize())
        .map_err(|error| CommandError::user(format!("the current directory is gone: {error}")))
}

/// One change in one line, with what speaks against it.
fn row(change: &Change, cwd: &Path) -> String {
    let line = summary(change, cwd);
    match &change.refusal {
        None => line,
        Some(Refusal::LeftOut) => format!("{line}  {FAINT}not kept{FAINT:#}"),
        Some(Refusal::Conflict(why)) => {
            format!("{line}  {WARNING}conflict:{WARNING:#} {}", one_line(why))
        }
        Some(Refusal::Protected(why)) => {
            format!("{line}  {WARNING}protected:{WARNING:#} {}", one_line(why))
        }
    }
}

/// The word, the path below the working directory, and where it comes from.
fn summary(change: &Change, cwd: &Path) -> String {
    let path = shown(below(&change.path, cwd));
    let is_directory = change.entry == Entry::Directory;
    let slash = if is_directory { "/" } else { "" };
    let line = format!("{:<10} {path}{slash}", word(change));
    match (change.kind, &change.other, change.mode) {
        (ChangeKind::Linked, Some(other), _) => {
            format!("{line} = {}", shown(below(other, cwd)))
        }
        (ChangeKind::Renamed, Some(other), _) => {
            format!("{line} <- {}", shown(below(other, cwd)))
        }
        (ChangeKind::Mode, _, (Some(before), Some(after))) => {
            format!("{line} {before:04o} -> {after:04o}")
        }
        _ => line,
    }
}

/// What happens, in one word.
const fn word(change: &Change) -> &'static str {
    match (change.kind, change.entry) {
        (_, Entry::Special) if !matches!(change.kind, ChangeKind::Deleted) => "special",
        (ChangeKind::Added, _) => "added",
        (ChangeKind::Modified, Entry::Link) => "link",
        (ChangeKind::Modified, _) => "modified",
        (ChangeKind::Deleted, _) => "deleted",
        (ChangeKind::Mode, _) => "mode",
        (ChangeKind::Attributes, _) => "attributes",
        (ChangeKind::Replaced, _) => "replaced",
        (ChangeKind::Renamed, _) => "renamed",
        (ChangeKind::Linked, _) => "linked",
    }
}

fn below<'a>(path: &'a Path, cwd: &Path) -> &'a Path {
    match path.strip_prefix(cwd) {
        Ok(below) if below.as_os_str().is_empty() => Path::new("."),
        Ok(below) => below,
        Err(_) => path,
    }
}

/// A path in one harmless line.
fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}

fn one_line(text: &str) -> String {
    dam_journal::clean(text)
        .replace('\n', "<U+000A>")
        .replace('\t', "<U+0009>")
}

/// How many, and of what.
fn count(number: usize, done: &str) -> String {
    match number {
        1 => format!("cofferdam: 1 change was {done}"),
        number => format!("cofferdam: {number} changes were {done}"),
    }
}

/// A line about something that was done.
fn done(change: &Change, cwd: &Path) -> String {
    format!("{GOOD}kept{GOOD:#}  {}", summary(change, cwd))
}
