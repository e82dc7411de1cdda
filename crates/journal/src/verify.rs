//! Verifies journals: finds what was changed, removed, added or moved, and
//! tells it from what a crash leaves behind.

mod snapshot;
mod walk;

use crate::head::{self, Found, Tail};
use crate::key::Keys;
use crate::line::NO_HASH;
use crate::store::{Access, Store, journal_name, segment_of};
use crate::{JournalError, SessionId, retention};
use snapshot::Snapshot;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

pub(crate) use snapshot::is_written;

/// A journal that verifies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// Whose journal it is.
    pub session: SessionId,
    /// How many entries it has.
    pub entries: u64,
    /// How long its files are.
    pub bytes: u64,
    /// The number of the last entry; more than `entries` if some were removed
    /// because they were too much.
    pub seq: u64,
    /// The last entry's hash; 64 zeros if there is none.
    pub last: String,
    /// Whether more may come.
    pub state: State,
    /// How many of the last entries the head does not know of: written, and
    /// perhaps never acknowledged, as their writer was killed meanwhile.
    pub unconfirmed: u64,
    /// The key that has signed the head, and so everything up to it.
    pub signed_by: Option<String>,
    /// The segment that the last entry is in, and how long that is.
    pub(crate) segment: (u32, u64),
}

impl Verified {
    fn nothing(session: &SessionId, running: bool) -> Self {
        Self {
            session: session.clone(),
            entries: 0,
            bytes: 0,
            seq: 0,
            last: NO_HASH.to_owned(),
            state: if running {
                State::Running
            } else {
                State::Interrupted
            },
            unconfirmed: 0,
            signed_by: None,
            segment: (1, 0),
        }
    }

    /// Where a writer goes on.
    pub(crate) fn tail(&self) -> Tail {
        Tail {
            seq: self.seq,
            last: self.last.clone(),
            segment: self.segment.0,
            length: self.segment.1,
            ended: self.state == State::Ended,
        }
    }
}

/// Whether a journal is complete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// The session ended, and said so.
    Ended,
    /// A process is writing it.
    Running,
    /// Nobody writes it and the session did not end: it was killed.
    Interrupted,
}

/// Why a journal does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Its last line has no end, and was never reported as written: a crash or
    /// a full disk, not tampering. Everything before it verifies.
    #[error("the journal of session {session} ends in the middle of line {}: its writer was stopped while writing; the {entries} entries before verify", entries + 1)]
    Torn {
        /// Whose journal it is.
        session: SessionId,
        /// How many whole entries it has.
        entries: u64,
    },
    /// A newer version wrote it.
    #[error(
        "line {line} of the journal of session {session} has format {version}: use a newer version to verify it"
    )]
    Version {
        /// Whose journal it is.
        session: SessionId,
        /// Which line, from 1.
        line: u64,
        /// The format it has.
        version: u64,
    },
    /// It was removed, because it was too old or all was too much, as the
    /// record of that says.
    #[error(
        "the journal of session {session}, with {entries} entries, was removed because it was too old or too much"
    )]
    Removed {
        /// Whose journal it was.
        session: SessionId,
        /// How many entries it had.
        entries: u64,
    },
    /// It is not what was written.
    #[error("the journal of session {session} was tampered with: {tampering}")]
    Tampered {
        /// Whose journal it is.
        session: SessionId,
        /// What was found.
        tampering: Tampering,
    },
}

impl VerifyError {
    /// Whether somebody changed the journal, as opposed to a crash or a
    /// journal that cannot be read.
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Tampered { .. })
    }
}

/// What shows that a journal is not what was written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Tampering {
    /// A line is no entry at all.
    #[error("line {line} is not a journal entry: {problem}")]
    NotAnEntry {
        /// Which line, from 1.
        line: u64,
        /// Why not.
        problem: String,
    },
    /// A line's content does not agree with its hash.
    #[error("line {line} was changed: its content does not agree with its hash")]
    Changed {
        /// Which line, from 1.
        line: u64,
    },
    /// A line has another number than its place asks for.
    #[error("line {line} is entry {seq}: lines were removed, added, repeated or moved")]
    OutOfOrder {
        /// Which line, from 1.
        line: u64,
        /// The number it has.
        seq: u64,
    },
    /// A line does not follow the line before it.
    #[error(
        "line {line} does not follow the line before it: one of them was put in place of another"
    )]
    Unchained {
        /// Which line, from 1.
        line: u64,
    },
    /// A line belongs to another session.
    #[error("line {line} belongs to session {other}: it was taken from another journal")]
    OtherSession {
        /// Which line, from 1.
        line: u64,
        /// The session it names.
        other: SessionId,
    },
    /// Something follows the session's end.
    #[error("line {line} follows the session's end")]
    AfterEnd {
        /// Which line, from 1.
        line: u64,
    },
    /// The journal is shorter than its head says.
    #[error(
        "it has {entries} entries where its head file knows of {head}: the others were cut off"
    )]
    CutOff {
        /// How many entries there are.
        entries: u64,
        /// How many there were.
        head: u64,
    },
    /// The journal is longer than a crash explains.
    #[error(
        "it has {entries} entries where its head file knows of {head}: the head is older, or entries were added by something else"
    )]
    BeyondHead {
        /// How many entries there are.
        entries: u64,
        /// How many the head knows of.
        head: u64,
    },
    /// The head names another entry than the journal has there.
    #[error(
        "entry {seq} is not the one that its head file names: the journal or its head was replaced"
    )]
    OtherHead {
        /// The entry's number.
        seq: u64,
    },
    /// It is not signed, although there was a key when it was begun.
    #[error("it is not signed, although there was a key when it was begun")]
    Unsigned,
    /// A key has signed it that is not one of the known ones.
    #[error("it is signed with the key {key}, which is not one of yours")]
    UnknownKey {
        /// The public key.
        key: String,
    },
    /// A signature is not right.
    #[error(
        "the signature {of} is not right: something before it was changed, or it was signed with another key"
    )]
    BadSignature {
        /// Of what.
        of: String,
    },
    /// A posture that its decisions were made under is gone or was changed.
    #[error("the posture {digest} that it names was changed or is gone")]
    PostureChanged {
        /// The digest that names it.
        digest: String,
    },
    /// Entries are missing, and nothing says that they were removed because
    /// they were too old or too much.
    #[error("entries {first} to {last} are missing")]
    Missing {
        /// The first that is missing.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// It does not have the entry that a checkpoint stands for.
    #[error(
        "it does not have the entry {seq} that the checkpoint stands for: it was rewritten, or an older copy was put back"
    )]
    OtherCheckpoint {
        /// The entry's number.
        seq: u64,
    },
    /// There is no head file.
    #[error("its head file is gone")]
    HeadMissing,
    /// The head file is not what was written.
    #[error("its head file was changed")]
    HeadChanged,
    /// There is a head file, but no journal.
    #[error("its head file is there, but the journal is gone")]
    JournalMissing,
}

/// What verifying one of several journals found.
#[derive(Debug)]
pub struct Audit {
    /// Whose journal it is.
    pub session: SessionId,
    /// What was found.
    pub result: Result<Verified, VerifyError>,
}

/// Verifies one journal. Signatures must be right, whoever made them.
pub fn verify(dir: &Path, session: &SessionId) -> Result<Verified, VerifyError> {
    verify_in(&Store::open(dir)?, session, None)
}

/// As [`verify`]; signatures must be by these keys, and there must be some from
/// the time on when there was a key.
pub fn verify_with(dir: &Path, session: &SessionId, keys: &Keys) -> Result<Verified, VerifyError> {
    verify_in(&Store::open(dir)?, session, Some(keys))
}

/// Verifies every journal in a directory, the oldest first; also those of
/// which only a part is left.
pub fn verify_all(dir: &Path) -> Result<Vec<Audit>, JournalError> {
    audits(dir, None)
}

/// As [`verify_all`], with the keys that signatures must be by.
pub fn verify_all_with(dir: &Path, keys: &Keys) -> Result<Vec<Audit>, JournalError> {
    audits(dir, Some(keys))
}

fn audits(dir: &Path, keys: Option<&Keys>) -> Result<Vec<Audit>, JournalError> {
    let store = Store::open(dir)?;
    Ok(sessions(&store)?
        .into_iter()
        .map(|session| Audit {
            result: verify_in(&store, &session, keys),
            session,
        })
        .collect())
}

/// Every session of which something is there.
pub(crate) fn sessions(store: &Store) -> Result<BTreeSet<SessionId>, JournalError> {
    let names = store.names()?;
    let sessions = names
        .iter()
        .filter_map(|name| match name.strip_suffix(".head") {
            Some(session) => session.parse().ok(),
            None => segment_of(name).map(|(session, _)| session),
        });
    Ok(sessions.collect())
}

fn verify_in(
    store: &Store,
    session: &SessionId,
    keys: Option<&Keys>,
) -> Result<Verified, VerifyError> {
    checked(store, session, keys, None)
}

/// As [`verify_in`]; the entry of that number must have that hash.
pub(crate) fn verify_anchored(
    store: &Store,
    session: &SessionId,
    keys: &Keys,
    anchor: Option<(u64, String)>,
) -> Result<Verified, VerifyError> {
    checked(store, session, Some(keys), anchor)
}

fn checked(
    store: &Store,
    session: &SessionId,
    keys: Option<&Keys>,
    anchor: Option<(u64, String)>,
) -> Result<Verified, VerifyError> {
    let expected = anchor.as_ref().map(|(seq, hash)| (*seq, hash.clone()));
    let result = match store.open_file(&journal_name(session), Access::Read)? {
        Some(first) => Snapshot::take(store, session, first)?.check(store, session, keys, anchor),
        None => Err(missing(store, session)),
    };
    // What was removed as too old or too much is no loss.
    let is_gone = match &result {
        Err(VerifyError::Journal(JournalError::Missing { .. })) => true,
        Err(error) => error.is_tampering(),
        Ok(_) => false,
    };
    match retention::recorded(store, session).filter(|_| is_gone) {
        None => result,
        Some(removed) => match expected {
            Some((seq, _)) if removed.last < seq => {
                Err(tampered(session, Tampering::OtherCheckpoint { seq }))
            }
            Some((seq, hash)) if removed.last == seq && removed.hash != hash => {
                Err(tampered(session, Tampering::OtherCheckpoint { seq }))
            }
            _ => Err(VerifyError::Removed {
                session: session.clone(),
                entries: removed.last,
            }),
        },
    }
}

/// As [`verify_in`], for a writer that has locked the journal for itself.
pub(crate) fn verify_locked(
    store: &Store,
    session: &SessionId,
    first: &File,
) -> Result<Verified, VerifyError> {
    let first = first
        .try_clone()
        .map_err(|error| store.file_error(&journal_name(session), error))?;
    Snapshot::of(store, session, first, State::Interrupted, true)?.check(store, session, None, None)
}

fn missing(store: &Store, session: &SessionId) -> VerifyError {
    match head::read(store, session) {
        Ok(Found::Missing) => VerifyError::Journal(JournalError::Missing {
            session: session.clone(),
            dir: store.path().to_owned(),
        }),
        Ok(Found::Whole(_) | Found::Damaged) => tampered(session, Tampering::JournalMissing),
        Err(error) => VerifyError::Journal(error),
    }
}

fn tampered(session: &SessionId, tampering: Tampering) -> VerifyError {
    VerifyError::Tampered {
        session: session.clone(),
        tampering,
    }
}
