//! Transactions and their changes as JSON.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use dam_sandbox::transaction::{Change, Entry, Refusal};
use serde::Serialize;

/// A transaction with its changes.
#[derive(Serialize)]
pub(super) struct Transaction<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    changes: Vec<Item>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(
        transaction: &'a dam_sandbox::transaction::Transaction,
        changes: &[Change],
    ) -> Self {
        Self {
            row: Row::new(transaction),
            changes: changes.iter().map(Item::new).collect(),
        }
    }
}

/// A transaction in a list.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    state: &'static str,
    directory: Text,
    command: &'a [String],
    profile: &'a str,
    /// Milliseconds since 1970.
    began_ms: u64,
}

impl<'a> Row<'a> {
    pub(super) fn new(transaction: &'a dam_sandbox::transaction::Transaction) -> Self {
        let record = transaction.record();
        let began = record.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            id: &record.id,
            state: state(transaction),
            directory: Text::new(&record.cwd),
            command: &record.command,
            profile: &record.profile,
            began_ms: u64::try_from(began.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The state of a transaction in one word.
pub(super) fn state(transaction: &dam_sandbox::transaction::Transaction) -> &'static str {
    if transaction.is_in_use() {
        "in use"
    } else {
        "open"
    }
}

/// One change.
#[derive(Serialize)]
struct Item {
    path: Text,
    change: &'static str,
    entry: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode_before: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_before: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protected: Option<String>,
    left_out: bool,
}

impl Item {
    fn new(change: &Change) -> Self {
        let (conflict, protected) = match &change.refusal {
            Some(Refusal::Conflict(why)) => (Some(why.clone()), None),
            Some(Refusal::Protected(why)) => (None, Some(why.clone())),
            Some(Refusal::LeftOut) | None => (None, None),
        };
        Self {
            path: Text::new(&change.path),
            change: super::word(change),
            entry: match change.entry {
                Entry::File => "file",
                Entry::Directory => "directory",
                Entry::Link => "link",
                Entry::Special => "special",
            },
            other: change.other.as_deref().map(Text::new),
            mode_before: change.mode.0,
            mode_after: change.mode.1,
            size_before: change.size.0,
            size_after: change.size.1,
            conflict,
            protected,
            left_out: change.refusal == Some(Refusal::LeftOut),
        }
    }
}

/// A path: text, or its bytes where it is none.
#[derive(Serialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

impl Text {
    fn new(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes {
                bytes: path.as_os_str().as_bytes().to_vec(),
            },
        }
    }
}
