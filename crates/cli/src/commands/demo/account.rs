//! The account at the end: what was done and what was refused. Each line of it
//! comes from the journal, read back from the disk.

use std::path::Path;

use dam_journal::{Event, SessionId, clean};
use serde_json::Value;

use super::place::Place;
use crate::error::{CommandError, Kind};
use crate::output::{ERROR, GOOD, Output, STRONG};

/// The widest line.
const COLUMNS: usize = 80;
/// How wide the column of what was tried is.
const TRIED: usize = 44;

/// What the journal says.
pub struct Account {
    session: SessionId,
    changed: Vec<String>,
    ran: Vec<Ran>,
    by_gate: Vec<Refusal>,
    by_boundary: Vec<Refusal>,
    entries: u64,
}

struct Ran {
    id: String,
    command: String,
    exit: Option<i32>,
}

#[derive(Eq, PartialEq)]
struct Refusal {
    what: String,
    rule: String,
}

/// Reads and verifies the journal of the session.
pub fn read(dir: &Path, session: &SessionId) -> Result<Account, CommandError> {
    let verified = dam_journal::verify(dir, session)
        .map_err(|error| CommandError::new(Kind::Journal, error.to_string()))?;
    let mut account = Account {
        session: session.clone(),
        changed: Vec::new(),
        ran: Vec::new(),
        by_gate: Vec::new(),
        by_boundary: Vec::new(),
        entries: verified.entries,
    };
    for entry in dam_journal::read(dir, session)? {
        account.take(&entry.event);
    }
    Ok(account)
}

impl Account {
    fn take(&mut self, event: &Event) {
        match event {
            Event::FileChanged { path, .. } => self.changed.push(path.clone()),
            // An edit is told by the files that it changed.
            Event::CommandStarted { argv, .. }
                if argv
                    .get(1)
                    .is_some_and(|word| word == dam_agent::APPLY_PATCH_WORD) => {}
            Event::CommandStarted { id, argv, .. } => self.ran.push(Ran {
                id: id.clone(),
                command: argv.last().cloned().unwrap_or_default(),
                exit: None,
            }),
            Event::CommandFinished { id, exit, .. } => {
                if let Some(ran) = self.ran.iter_mut().find(|ran| ran.id == *id) {
                    ran.exit = *exit;
                }
            }
            Event::Decision {
                action,
                verdict,
                allowed: false,
                ..
            } => {
                add(&mut self.by_gate, describe(action), rule_of(verdict));
            }
            Event::Denial {
                what, path, rule, ..
            } => {
                let path = path.as_deref().unwrap_or("?");
                add(
                    &mut self.by_boundary,
                    format!("{} {path}", plainly(what)),
                    rule.clone(),
                );
            }
            _ => {}
        }
    }

    /// Whether everything happened that the demonstration is for.
    pub fn is_complete(&self) -> bool {
        self.changed.iter().any(|path| path.ends_with("src/lib.rs"))
            && self.by_gate.len() >= 3
            && self.by_boundary.len() >= 3
    }

    /// Shows it.
    pub fn show(&self, place: &Place, output: &mut Output) {
        output.note(&format!(
            "\n{STRONG}The account{STRONG:#} (from the journal)"
        ));
        for path in &self.changed {
            output.labelled(GOOD, "changed", &fit(&place.shorten(path), COLUMNS - 9));
        }
        for ran in self.ran.iter().filter(|ran| ran.exit == Some(0)) {
            let command = ran.command.split_whitespace().collect::<Vec<_>>().join(" ");
            output.labelled(
                GOOD,
                "ran",
                &fit(&place.shorten(&clean(&command)), COLUMNS - 5),
            );
        }
        list(
            "refused by the gate, before anything ran",
            &self.by_gate,
            place,
            output,
        );
        list(
            "refused by the boundary, as it was tried",
            &self.by_boundary,
            place,
            output,
        );
        output.note("");
        output.labelled(
            GOOD,
            "journal",
            &format!("{} entries, and the chain of hashes verifies", self.entries),
        );
        output.note(&format!("         dam log show {}", self.session));
    }
}

fn list(title: &str, refusals: &[Refusal], place: &Place, output: &mut Output) {
    output.note(&format!("{ERROR}{title}{ERROR:#}"));
    for Refusal { what, rule } in refusals {
        let what = fit(&place.shorten(&clean(what)), TRIED);
        output.note(&fit(&format!("  {what:<TRIED$}  {rule}"), COLUMNS));
    }
}

/// Adds a refusal once: a program may try the same thing many times.
fn add(list: &mut Vec<Refusal>, what: String, rule: String) {
    let refusal = Refusal { what, rule };
    if !list.contains(&refusal) {
        list.push(refusal);
    }
}

/// An action in a few words.
fn describe(action: &Value) -> String {
    let text = |key: &str| action[key].as_str().unwrap_or_default().to_owned();
    match action["kind"].as_str() {
        Some("command") => action["argv"]
            .as_array()
            .and_then(|argv| argv.last()?.as_str())
            .unwrap_or("a command")
            .to_owned(),
        Some("write_file") => format!("write {}", text("path")),
        Some("read_file") => format!("read {}", text("path")),
        other => other.unwrap_or("an action").to_owned(),
    }
}

fn rule_of(verdict: &Value) -> String {
    verdict["rule"].as_str().unwrap_or("?").to_owned()
}

/// A system call in plain words.
fn plainly(call: &str) -> &str {
    match call {
        "open" | "openat" | "creat" | "truncate" => "write",
        "mkdir" | "mkdirat" => "make",
        "unlink" | "unlinkat" | "rmdir" => "delete",
        "rename" | "renameat" | "renameat2" => "move",
        "connect" => "reach",
        other => other,
    }
}

/// Shortens to a number of columns.
fn fit(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns - 1).collect();
    format!("{kept}…")
}
