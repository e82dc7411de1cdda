//! Postures, each kept once, in a file beside the journals that is named by
//! the SHA-256 of its bytes: entries name it by that digest, so that the chain
//! covers it.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::digest::{is_sha256, sha256};
use crate::store::{Access, Store};
use crate::{Event, JournalError, scrub};

/// More than any posture needs.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

const ENDING: &str = ".posture";

/// The posture that an entry names: its digest, or what stands in an event
/// where a posture is expected. Journals of older versions hold it in full.
/// `None` if it names none, or it is no longer there.
pub fn posture(dir: &Path, named: &Value) -> Result<Option<Value>, JournalError> {
    let digest = match named {
        Value::String(digest) => digest.as_str(),
        Value::Object(fields) => match fields.get("sha256").and_then(Value::as_str) {
            Some(digest) => digest,
            None => return Ok(Some(named.clone())),
        },
        _ => return Ok(None),
    };
    if !is_sha256(digest) {
        return Ok(None);
    }
    Ok(read(&Store::open(dir)?, digest)?
        .filter(|bytes| sha256(bytes) == digest)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Takes the posture out of an event, cleaned and masked.
pub(crate) fn taken(event: &Event) -> Option<String> {
    match event {
        Event::SessionStarted { posture, .. } | Event::ConfigurationChanged { posture, .. } => {
            let Value::Object(fields) = posture else {
                return None;
            };
            // One that is kept already, as in an entry that was read.
            if fields.len() == 1 && fields.contains_key("sha256") {
                return None;
            }
            Some(scrub::copied(fields).to_string())
        }
        _ => None,
    }
}

/// What stands in its place.
pub(crate) fn named(digest: &str) -> Value {
    json!({ "sha256": digest })
}

/// Keeps a posture; gives its digest.
pub(crate) fn keep(store: &Store, posture: &str) -> Result<String, JournalError> {
    let digest = sha256(posture.as_bytes());
    let name = name(&digest);
    if read(store, &digest)?.is_some_and(|kept| kept == posture.as_bytes()) {
        store.touch(&name)?;
        return Ok(digest);
    }
    let temporary = format!("{name}.{}", std::process::id());
    store.remove(&temporary)?;
    let Some(mut file) = store.create_file(&temporary)? else {
        return Err(JournalError::Disturbed {
            path: store.path_of(&temporary),
            what: "another process writes it",
        });
    };
    file.write_all(posture.as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(|error| store.file_error(&temporary, error))?;
    store.rename(&temporary, &name)?;
    store.sync()?;
    Ok(digest)
}

/// Whether a posture is kept, and is what its name says.
pub(crate) fn is_kept(store: &Store, digest: &str) -> Result<bool, JournalError> {
    Ok(read(store, digest)?.is_some_and(|bytes| sha256(&bytes) == digest))
}

fn read(store: &Store, digest: &str) -> Result<Option<Vec<u8>>, JournalError> {
    let name = name(digest);
    let Some(file) = store.open_file(&name, Access::Read)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| store.file_error(&name, error))?;
    Ok(Some(bytes))
}

/// The file that holds a posture.
pub(crate) fn name(digest: &str) -> String {
    format!("{digest}{ENDING}")
}

/// Whether a file holds a posture, by its name.
pub(crate) fn is_name(name: &str) -> bool {
    name.strip_suffix(ENDING).is_some_and(is_sha256)
}
