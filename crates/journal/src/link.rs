//! A line as a link of the chain: what verifying and appending need of it,
//! without reading what the event says.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::line::{VERSION, parse, unseal};
use crate::{LineError, SessionId};

/// One link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) seq: u64,
    pub(crate) prev: String,
    pub(crate) hash: String,
    pub(crate) what: What,
}

/// What of an event the chain itself goes by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum What {
    /// Nothing.
    #[default]
    Other,
    /// The session's end.
    End,
    /// A checkpoint, perhaps one that ends its segment.
    Checkpoint(Checkpoint),
    /// Segments were removed.
    Retention(Vec<Removed>),
}

/// What a checkpoint says.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(crate) struct Checkpoint {
    #[serde(default)]
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) signature: Option<String>,
    #[serde(default)]
    pub(crate) next_segment: Option<u32>,
}

/// What was removed of a journal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, serde::Serialize)]
pub struct Removed {
    /// Whose journal it was.
    pub session: String,
    /// The number of the first entry that was removed.
    pub first: u64,
    /// The number of the last one.
    pub last: u64,
    /// The hash of the last one.
    pub hash: String,
    /// How much room it took, in bytes.
    pub bytes: u64,
}

/// Why a line is no link of a session's chain.
pub(crate) enum NoLink {
    /// It is no entry, or one of another version.
    Line(LineError),
    /// It does not agree with its own hash.
    Changed,
    /// It belongs to another session.
    Other(SessionId),
}

/// The fields of a line. Strict, as [`parse`] is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    v: u64,
    seq: u64,
    time: &'a str,
    session: &'a str,
    prev: &'a str,
    #[serde(borrow)]
    event: Inner<'a>,
    hash: &'a str,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    /// The digest of a posture, in a decision, or where the posture stands.
    #[serde(borrow, default)]
    posture: Option<&'a RawValue>,
}

/// Reads a line as a link of a session's chain; with the digest of the posture
/// that it goes by, if it names one.
pub(crate) fn read(line: &[u8], session: &SessionId) -> Result<(Link, Option<String>), NoLink> {
    let text = str::from_utf8(line).map_err(|_| slowly(line, session))?;
    let wire: Wire<'_> = match serde_json::from_str(text) {
        Ok(wire) => wire,
        Err(_) => return Err(slowly(line, session)),
    };
    if wire.v != VERSION || wire.time.parse::<Timestamp>().is_err() {
        return Err(slowly(line, session));
    }
    if unseal(text) != Some(wire.hash) {
        return Err(NoLink::Changed);
    }
    if wire.session != session.as_str() {
        return Err(slowly(line, session));
    }
    let what = match wire.event.kind.as_ref() {
        "session_ended" | "checkpoint" | "retention" => what(text),
        _ => What::Other,
    };
    let posture = wire.event.posture.and_then(|raw| posture(raw.get()));
    let found = Link {
        seq: wire.seq,
        prev: wire.prev.to_owned(),
        hash: wire.hash.to_owned(),
        what,
    };
    Ok((found, posture))
}

/// What is wrong with a line, by reading all of it.
fn slowly(line: &[u8], session: &SessionId) -> NoLink {
    let sealed = str::from_utf8(line).is_ok_and(|line| unseal(line).is_some());
    match parse(line) {
        // Whatever the format, a line ends with its seal.
        Err(LineError::Version(_)) | Ok(_) if !sealed => NoLink::Changed,
        Err(error) => NoLink::Line(error),
        Ok(entry) if entry.session != *session => NoLink::Other(entry.session),
        Ok(_) => NoLink::Line(LineError::NotAnEntry(
            "it is not laid out as entries are".to_owned(),
        )),
    }
}

fn what(text: &str) -> What {
    #[derive(Deserialize)]
    struct Line {
        event: Event,
    }
    #[derive(Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Event {
        SessionEnded {
            #[serde(rename = "outcome")]
            _outcome: String,
        },
        Checkpoint(Checkpoint),
        Retention {
            removed: Vec<Removed>,
        },
    }
    match serde_json::from_str::<Line>(text).map(|line| line.event) {
        Ok(Event::SessionEnded { .. }) => What::End,
        Ok(Event::Checkpoint(checkpoint)) => What::Checkpoint(checkpoint),
        Ok(Event::Retention { removed }) => What::Retention(removed),
        Err(_) => What::Other,
    }
}

/// The digest that stands for a posture: by itself, or as `{"sha256": …}`.
fn posture(raw: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Posture {
        Digest(String),
        Kept { sha256: String },
    }
    let digest = match serde_json::from_str(raw).ok()? {
        Posture::Digest(digest) | Posture::Kept { sha256: digest } => digest,
    };
    crate::digest::is_sha256(&digest).then_some(digest)
}
