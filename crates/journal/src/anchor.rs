//! Checkpoints to be kept elsewhere: one line that stands for all journals as
//! they are at a moment. Whoever has it can tell later whether anything of
//! that was changed or is gone, whoever changed it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

use jiff::{Timestamp, Unit};

use crate::digest::{is_sha256, sha256};
use crate::head::{self, Found};
use crate::key::{Key, Keys, is_signed};
use crate::store::{Access, Store};
use crate::verify::{self, Audit};
use crate::{JournalError, SessionId};

const WORD: &str = "cofferdam-checkpoint-1";

/// More than any list of sessions needs.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Why a checkpoint cannot be compared with.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is no line that this program printed.
    #[error("this is not a line that `dam log checkpoint` printed")]
    NotOne,
    /// It is signed by nobody who is known, or wrongly.
    #[error("the checkpoint is not signed with one of your keys")]
    Signature,
    /// The list of sessions that it stands for is gone or was changed.
    #[error("the list of sessions that the checkpoint stands for is gone or was changed: `{0}`")]
    List(std::path::PathBuf),
    /// A journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Makes a checkpoint of all journals in a directory, signed with the key of
/// another. The list that it stands for is kept beside the journals.
pub fn checkpoint(dir: &Path, keys: Option<&Path>) -> Result<String, JournalError> {
    let store = Store::open(dir)?;
    let mut list = String::new();
    let sessions = verify::sessions(&store)?;
    for session in &sessions {
        if let Found::Whole(head) = head::read(&store, session)? {
            // Writing to a string cannot fail.
            let _ = writeln!(list, "{session} {} {}", head.seq, head.last);
        }
    }
    let digest = keep(&store, &list)?;
    let now = Timestamp::now().round(Unit::Second).unwrap_or_default();
    let text = format!("{WORD} {now} {} {digest}", list.lines().count());
    let Some(keys) = keys else {
        return Ok(text);
    };
    let key = Key::open(keys)?;
    let signature = key.sign(&text);
    Ok(format!("{text} {} {signature}", key.public()))
}

/// Verifies all journals, and that everything is there which a checkpoint
/// stands for, or was removed as the ledger says.
pub fn verify_against(dir: &Path, keys: &Keys, line: &str) -> Result<Vec<Audit>, CheckpointError> {
    let store = Store::open(dir)?;
    let digest = read(line, keys)?;
    let mut anchors = listed(&store, digest)?;
    let mut sessions = verify::sessions(&store)?;
    sessions.extend(anchors.keys().cloned());
    Ok(sessions
        .into_iter()
        .map(|session| Audit {
            result: verify::verify_anchored(&store, &session, keys, anchors.remove(&session)),
            session,
        })
        .collect())
}

/// The digest of the list that a line stands for.
fn read<'a>(line: &'a str, keys: &Keys) -> Result<&'a str, CheckpointError> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [WORD, time, count, digest, signed @ ..] = words.as_slice() else {
        return Err(CheckpointError::NotOne);
    };
    let text = format!("{WORD} {time} {count} {digest}");
    match signed {
        [] if is_sha256(digest) => Ok(digest),
        [key, signature] if keys.know(key) && is_signed(key, &text, signature) => Ok(digest),
        [_, _] => Err(CheckpointError::Signature),
        _ => Err(CheckpointError::NotOne),
    }
}

fn listed(
    store: &Store,
    digest: &str,
) -> Result<BTreeMap<SessionId, (u64, String)>, CheckpointError> {
    let name = name(digest);
    let lost = || CheckpointError::List(store.path_of(&name));
    let file = store.open_file(&name, Access::Read)?.ok_or_else(lost)?;
    let mut text = String::new();
    file.take(MOST_BYTES)
        .read_to_string(&mut text)
        .map_err(|_| lost())?;
    if sha256(text.as_bytes()) != digest {
        return Err(lost());
    }
    let entries = text.lines().map(|line| {
        let mut words = line.split(' ');
        let session = words.next()?.parse().ok()?;
        Some((
            session,
            (words.next()?.parse().ok()?, words.next()?.to_owned()),
        ))
    });
    entries.collect::<Option<_>>().ok_or_else(lost)
}

fn keep(store: &Store, list: &str) -> Result<String, JournalError> {
    let digest = sha256(list.as_bytes());
    let name = name(&digest);
    let temporary = format!("{name}.{}", std::process::id());
    store.remove(&temporary)?;
    if let Some(mut file) = store.create_file(&temporary)? {
        file.write_all(list.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| store.file_error(&temporary, error))?;
        store.rename(&temporary, &name)?;
        store.sync()?;
    }
    Ok(digest)
}

fn name(digest: &str) -> String {
    format!("{digest}.checkpoint")
}
