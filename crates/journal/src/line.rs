//! The line: how an entry looks on the disk, and the chain of hashes.
//!
//! Knows nothing of files. A change here is a change of the format: it needs a
//! new number in `"v"`.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::digest::sha256;
use crate::{Event, SessionId};

/// The version of the format, `"v"` in every line.
pub(crate) const VERSION: u64 = 1;

/// `prev` of the first line.
pub(crate) const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const SEAL_START: &str = ",\"hash\":\"";
const SEAL_END: &str = "\"}";

/// One line of a journal, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When it was written, to the millisecond.
    pub time: Timestamp,
    /// The session it belongs to.
    pub session: SessionId,
    /// The hash of the entry before; 64 zeros in the first.
    pub prev: String,
    /// What it tells.
    pub event: Event,
    /// Its hash, as it stands in the line.
    pub hash: String,
    /// The line itself, without its end: what the hash is made of.
    pub line: String,
}

impl Entry {
    /// Whether the line's content agrees with the line's own hash. That it is
    /// in the right place is for [`crate::verify`] to say.
    pub fn is_intact(&self) -> bool {
        is_sealed(self.line.as_bytes())
    }
}

/// Why a line is no entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LineError {
    /// It is not what this program writes.
    #[error("is not a journal entry: {0}")]
    NotAnEntry(String),
    /// A newer version wrote it.
    #[error("has format {0}; this version reads format {VERSION}: use a newer one")]
    Version(u64),
}

/// What goes into a line, before it is one.
pub(crate) struct Draft<'a> {
    pub seq: u64,
    pub time: Timestamp,
    pub session: &'a SessionId,
    pub prev: &'a str,
    /// The cleaned and masked event.
    pub event: &'a Map<String, Value>,
}

impl Draft<'_> {
    /// The line, without its end.
    pub(crate) fn seal(&self) -> Result<String, serde_json::Error> {
        let Self {
            seq, session, prev, ..
        } = self;
        let time = DateTimePrinter::new()
            .precision(Some(3))
            .timestamp_to_string(&self.time);
        let event = serde_json::to_string(&KindFirst(self.event))?;
        Ok(seal(format!(
            r#"{{"v":{VERSION},"seq":{seq},"time":"{time}","session":"{session}","prev":"{prev}","event":{event}"#
        )))
    }
}

/// Writes an event with its kind first: people read these lines, too.
struct KindFirst<'a>(&'a Map<String, Value>);

impl Serialize for KindFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        let (kind, others): (Vec<_>, Vec<_>) = self.0.iter().partition(|(key, _)| *key == "kind");
        for (key, value) in kind.into_iter().chain(others) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Ends an object that lacks its last field and its brace with its hash.
pub(crate) fn seal(body: String) -> String {
    let hash = sha256(body.as_bytes());
    body + SEAL_START + &hash + SEAL_END
}

/// The hash of a sealed line, if the line agrees with it.
pub(crate) fn unseal(line: &str) -> Option<&str> {
    let (body, hash) = line.strip_suffix(SEAL_END)?.rsplit_once(SEAL_START)?;
    (sha256(body.as_bytes()) == hash).then_some(hash)
}

/// Whether a line agrees with its own hash.
fn is_sealed(line: &[u8]) -> bool {
    str::from_utf8(line).is_ok_and(|line| unseal(line).is_some())
}

/// Reads a line. Does not compare it with its hash: [`Entry::is_intact`] does.
pub(crate) fn parse(line: &[u8]) -> Result<Entry, LineError> {
    let text = str::from_utf8(line).map_err(|error| LineError::NotAnEntry(error.to_string()))?;
    let value: Value = serde_json::from_str(text).map_err(|error| not_an_entry(&error))?;
    match value.get("v").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(version) => return Err(LineError::Version(version)),
        None => return Err(LineError::NotAnEntry("it has no version".to_owned())),
    }
    let wire: Wire = serde_json::from_value(value).map_err(|error| not_an_entry(&error))?;
    Ok(Entry {
        seq: wire.seq,
        time: wire
            .time
            .parse()
            .map_err(|error: jiff::Error| not_an_entry(&error))?,
        session: wire
            .session
            .parse()
            .map_err(|error: crate::session_id::BadSessionId| not_an_entry(&error))?,
        prev: wire.prev,
        event: wire.event,
        hash: wire.hash,
        line: text.to_owned(),
    })
}

/// The fields of a line. Strict: a field that this version does not write is
/// a sign of tampering, since a newer version would say so in `v`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "v")]
    _version: u64,
    seq: u64,
    time: String,
    session: String,
    prev: String,
    event: Event,
    hash: String,
}

fn not_an_entry(error: &dyn std::error::Error) -> LineError {
    LineError::NotAnEntry(crate::clean(&error.to_string()))
}
