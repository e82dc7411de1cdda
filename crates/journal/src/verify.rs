//! Verifies journals: finds what was changed, removed, added or moved, and
//! tells it from what a crash leaves behind.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::FlockOperation;

use crate::head::{self, Found, Head};
use crate::journal::MOST_TOGETHER;
use crate::line::{NO_HASH, is_sealed, parse};
use crate::lines::{Line, Lines};
use crate::store::{Access, Store, journal_name, try_lock};
use crate::{JournalError, LineError, SessionId};

/// A journal that verifies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// Whose journal it is.
    pub session: SessionId,
    /// How many entries it has.
    pub entries: u64,
    /// How long its file is.
    pub bytes: u64,
    /// The last entry's hash; 64 zeros if there is none.
    pub last: String,
    /// Whether more may come.
    pub state: State,
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

/// Verifies one journal.
pub fn verify(dir: &Path, session: &SessionId) -> Result<Verified, VerifyError> {
    verify_in(&Store::open(dir)?, session)
}

/// Verifies every journal in a directory, the oldest first; also those of
/// which only the head file is left.
pub fn verify_all(dir: &Path) -> Result<Vec<Audit>, JournalError> {
    let store = Store::open(dir)?;
    let sessions: BTreeSet<SessionId> = store
        .names()?
        .iter()
        .filter_map(|name| {
            let stem = name.strip_suffix(".jsonl").or(name.strip_suffix(".head"))?;
            stem.parse().ok()
        })
        .collect();
    Ok(sessions
        .into_iter()
        .map(|session| Audit {
            result: verify_in(&store, &session),
            session,
        })
        .collect())
}

fn verify_in(store: &Store, session: &SessionId) -> Result<Verified, VerifyError> {
    let name = journal_name(session);
    let Some(file) = store.open_file(&name, Access::Read)? else {
        return Err(missing(store, session));
    };
    // Held until the file is closed: no writer starts meanwhile.
    let free = try_lock(&file, FlockOperation::NonBlockingLockShared)
        .map_err(|error| store.file_error(&name, error))?;
    check(store, session, &file, !free)
}

/// Verifies a journal whose lock this process holds.
pub(crate) fn verify_locked(
    store: &Store,
    session: &SessionId,
    file: &File,
) -> Result<Verified, VerifyError> {
    check(store, session, file, false)
}

fn check(
    store: &Store,
    session: &SessionId,
    file: &File,
    running: bool,
) -> Result<Verified, VerifyError> {
    // The head first: a running writer may add entries while we read, and
    // those are then beyond it, never short of it.
    let head = head::read(store, session)?;
    let mut walk = Walk::new(session, head)?;
    let failed = |error: io::Error| store.file_error(&journal_name(session), error);
    let mut lines = Lines::new(file);
    let torn = loop {
        match lines.next().map_err(failed)? {
            None => break false,
            Some(Line::Whole(line)) => walk.step(&line)?,
            Some(Line::Unended) => break true,
        }
    };
    walk.finish(running, torn)
}

/// The walk along the chain.
struct Walk<'a> {
    session: &'a SessionId,
    head: Head,
    entries: u64,
    bytes: u64,
    last: String,
    ended: bool,
}

impl<'a> Walk<'a> {
    fn new(session: &'a SessionId, head: Found) -> Result<Self, VerifyError> {
        let tampering = match head {
            Found::Whole(head) => {
                let walk = Self {
                    session,
                    head,
                    entries: 0,
                    bytes: 0,
                    last: NO_HASH.to_owned(),
                    ended: false,
                };
                walk.compare_head()?;
                return Ok(walk);
            }
            Found::Missing => Tampering::HeadMissing,
            Found::Damaged => Tampering::HeadChanged,
        };
        Err(tampered(session, tampering))
    }

    /// Takes the next line.
    fn step(&mut self, line: &[u8]) -> Result<(), VerifyError> {
        let number = self.entries + 1;
        let found = |tampering| Err(tampered(self.session, tampering));
        let entry = match parse(line) {
            Ok(entry) => entry,
            // Whatever the format, a line ends with its seal.
            Err(LineError::Version(_)) if !is_sealed(line) => {
                return found(Tampering::Changed { line: number });
            }
            Err(LineError::Version(version)) => {
                return Err(VerifyError::Version {
                    session: self.session.clone(),
                    line: number,
                    version,
                });
            }
            Err(LineError::NotAnEntry(problem)) => {
                return found(Tampering::NotAnEntry {
                    line: number,
                    problem,
                });
            }
        };
        if !entry.is_intact() {
            return found(Tampering::Changed { line: number });
        }
        if entry.session != *self.session {
            return found(Tampering::OtherSession {
                line: number,
                other: entry.session,
            });
        }
        if self.ended {
            return found(Tampering::AfterEnd { line: number });
        }
        if entry.seq != number {
            return found(Tampering::OutOfOrder {
                line: number,
                seq: entry.seq,
            });
        }
        if entry.prev != self.last {
            return found(Tampering::Unchained { line: number });
        }
        self.entries = number;
        self.bytes += line.len() as u64 + 1;
        self.last = entry.hash;
        self.ended = entry.event.is_last();
        self.compare_head()
    }

    /// Whether the entry that the head names is the one that is here.
    fn compare_head(&self) -> Result<(), VerifyError> {
        if self.head.seq == self.entries && self.head.last != self.last {
            let seq = self.entries;
            return Err(tampered(self.session, Tampering::OtherHead { seq }));
        }
        Ok(())
    }

    /// Judges the end.
    fn finish(self, running: bool, torn: bool) -> Result<Verified, VerifyError> {
        let Self { entries, .. } = self;
        let head = self.head.seq;
        if entries < head {
            return Err(tampered(self.session, Tampering::CutOff { entries, head }));
        }
        // A crash comes between a few entries and their head, at most once.
        if entries > head + MOST_TOGETHER as u64 && !running {
            return Err(tampered(
                self.session,
                Tampering::BeyondHead { entries, head },
            ));
        }
        if torn && self.ended {
            let line = entries + 1;
            return Err(tampered(self.session, Tampering::AfterEnd { line }));
        }
        // A running writer may be in the middle of a line.
        if torn && !running {
            return Err(VerifyError::Torn {
                session: self.session.clone(),
                entries,
            });
        }
        Ok(Verified {
            session: self.session.clone(),
            entries,
            bytes: self.bytes,
            last: self.last,
            state: match (self.ended, running) {
                (true, _) => State::Ended,
                (false, true) => State::Running,
                (false, false) => State::Interrupted,
            },
        })
    }
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
