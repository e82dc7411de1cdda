//! The head: a small file beside a journal that remembers its last entry.
//!
//! One sealed line, replaced as a whole. It is written after the journal's
//! lines are durable, so it is level with the journal or, after a crash, up to
//! three entries behind; it is never ahead unless the journal lost its tail.
//! Where there is a key it is signed each time: it is the checkpoint of the
//! whole chain up to its entry.

use std::io::{Read as _, Write as _};

use serde::Deserialize;

use crate::key::{Key, is_signed};
use crate::line::{NO_HASH, VERSION, seal, unseal};
use crate::store::{Access, Store, head_name};
use crate::{JournalError, SessionId};

/// Longer than any head of this version.
const MOST_BYTES: u64 = 4096;

/// What stands before a head's text when it is signed: a signature of a head
/// is one of nothing else.
const SIGNED_AS: &str = "cofferdam journal head 1\n";

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
    /// The segment that it is in. Heads of older versions do not say.
    #[serde(default = "first")]
    pub(crate) segment: u32,
    /// How long that segment was then.
    #[serde(default)]
    pub(crate) length: Option<u64>,
    /// Whether that entry is the session's end.
    #[serde(default)]
    pub(crate) ended: bool,
    /// The public key that signed it.
    #[serde(default)]
    pub(crate) key: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(rename = "hash")]
    _hash: String,
    /// What was signed.
    #[serde(skip)]
    body: String,
}

impl Head {
    /// The key that signed it, if it is signed, and rightly.
    pub(crate) fn signed_by(&self) -> Option<Result<&str, &str>> {
        let key = self.key.as_deref()?;
        let signature = self.signature.as_deref().unwrap_or_default();
        let text = format!("{SIGNED_AS}{}", self.body);
        Some(if is_signed(key, &text, signature) {
            Ok(key)
        } else {
            Err(key)
        })
    }
}

const fn first() -> u32 {
    1
}

/// A head file as it was found.
pub(crate) enum Found {
    Missing,
    Damaged,
    Whole(Head),
}

/// Where a journal ends.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    /// The last entry's number; 0 before the first.
    pub(crate) seq: u64,
    /// Its hash; 64 zeros before the first.
    pub(crate) last: String,
    /// The segment that it is in, from 1.
    pub(crate) segment: u32,
    /// How long that segment is.
    pub(crate) length: u64,
    /// Whether it is the session's end.
    pub(crate) ended: bool,
}

impl Tail {
    /// Before the first entry.
    pub(crate) fn start() -> Self {
        Self {
            seq: 0,
            last: NO_HASH.to_owned(),
            segment: 1,
            length: 0,
            ended: false,
        }
    }
}

/// Replaces the head. The journal's lock is ours.
pub(crate) fn write(
    store: &Store,
    session: &SessionId,
    tail: &Tail,
    key: Option<&Key>,
) -> Result<(), JournalError> {
    let name = head_name(session);
    let temporary = format!("{name}.new");
    let line = text(session, tail, key);
    // Left over from a crash, if at all.
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

fn text(session: &SessionId, tail: &Tail, key: Option<&Key>) -> String {
    let Tail {
        seq,
        last,
        segment,
        length,
        ended,
    } = tail;
    let mut body = format!(
        r#"{{"v":{VERSION},"session":"{session}","seq":{seq},"last":"{last}","segment":{segment},"length":{length},"ended":{ended}"#
    );
    if let Some(key) = key {
        let signature = key.sign(&format!("{SIGNED_AS}{body}"));
        body = format!(
            r#"{body},"key":"{}","signature":"{signature}""#,
            key.public()
        );
    }
    seal(body) + "\n"
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
    let mut head: Head = serde_json::from_str(line).ok()?;
    if let Some((body, _)) = line.split_once(",\"key\":") {
        body.clone_into(&mut head.body);
    }
    (head.version == VERSION && head.session == session.as_str()).then_some(head)
}
