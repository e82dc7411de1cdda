//! The head: a small file beside a journal that remembers its last entry.
//!
//! One sealed line, replaced as a whole. It is written after the journal's
//! lines are durable, so it is level with the journal or, after a crash, up to
//! three entries behind; it is never ahead unless the journal lost its tail.

use std::io::{Read as _, Write as _};

use serde::Deserialize;

use crate::line::{NO_HASH, VERSION, seal, unseal};
use crate::store::{Access, Store, head_name};
use crate::{JournalError, SessionId};

/// Longer than any head of this version.
const MOST_BYTES: u64 = 4096;

/// What the head file says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    #[serde(rename = "v")]
    version: u64,
    /// The session it belongs to.
    pub(crate) session: String,
    /// The number of the last entry; 0 before the first.
    pub(crate) seq: u64,
    /// That entry's hash; 64 zeros before the first.
    pub(crate) last: String,
    #[serde(rename = "hash")]
    _hash: String,
}

/// A head file as it was found.
pub(crate) enum Found {
    Missing,
    Damaged,
    Whole(Head),
}

/// The head before the first entry.
pub(crate) fn write_first(store: &Store, session: &SessionId) -> Result<(), JournalError> {
    write(store, session, 0, NO_HASH)
}

/// Replaces the head.
pub(crate) fn write(
    store: &Store,
    session: &SessionId,
    seq: u64,
    last: &str,
) -> Result<(), JournalError> {
    let name = head_name(session);
    let temporary = format!("{name}.new");
    let line = seal(format!(
        r#"{{"v":{VERSION},"session":"{session}","seq":{seq},"last":"{last}""#
    )) + "\n";
    // Left over from a crash, if at all: the journal's lock is ours.
    store.remove(&temporary)?;
    let Some(mut file) = store.create_file(&temporary)? else {
        return Err(JournalError::Disturbed {
            path: store.path_of(&temporary),
            what: "another process writes its head",
        });
    };
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(|error| store.file_error(&temporary, error))?;
    store.rename(&temporary, &name)
}

/// Reads the head.
pub(crate) fn read(store: &Store, session: &SessionId) -> Result<Found, JournalError> {
    let name = head_name(session);
    let Some(file) = store.open_file(&name, Access::Read)? else {
        return Ok(Found::Missing);
    };
    let mut text = Vec::new();
    file.take(MOST_BYTES)
        .read_to_end(&mut text)
        .map_err(|error| store.file_error(&name, error))?;
    Ok(parse(&text, session).map_or(Found::Damaged, Found::Whole))
}

fn parse(text: &[u8], session: &SessionId) -> Option<Head> {
    let line = str::from_utf8(text).ok()?.strip_suffix('\n')?;
    unseal(line)?;
    let head: Head = serde_json::from_str(line).ok()?;
    (head.version == VERSION && head.session == session.as_str()).then_some(head)
}
