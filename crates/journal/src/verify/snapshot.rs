//! A journal's files as they belong together: seen in a moment in which no
//! entry is added.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;

use super::walk::{Segment, Walk};
use super::{State, Verified, VerifyError};
use crate::head::{self, Found};
use crate::key::Keys;
use crate::store::{Access, Store, journal_name, lock_name, segment_name, try_lock};
use crate::{JournalError, SessionId};

/// A journal's files as they were at one moment.
pub(super) struct Snapshot {
    head: Found,
    segments: Vec<Segment>,
    /// Whether somebody writes.
    running: bool,
    /// Whether nothing was added meanwhile.
    still: bool,
}

impl Snapshot {
    /// Sees all files as they belong together: for that moment no entry is
    /// added.
    pub(super) fn take(
        store: &Store,
        session: &SessionId,
        first: File,
    ) -> Result<Self, JournalError> {
        let failed = |error| store.file_error(&journal_name(session), error);
        let locks = first.try_clone().map_err(failed)?;
        let running = is_written(store, session)?;
        // A writer of an older version holds the file as long as it lives.
        let old = store.stat(&lock_name(session))?.is_none();
        let patience = if old { Duration::ZERO } else { PATIENCE };
        let still = lock_shared(&locks, patience).map_err(failed)?;
        let state = if running {
            State::Running
        } else {
            State::Interrupted
        };
        let snapshot = Self::of(store, session, first, state, still);
        let _ = rustix::fs::flock(&locks, FlockOperation::Unlock);
        snapshot
    }

    pub(super) fn of(
        store: &Store,
        session: &SessionId,
        first: File,
        state: State,
        still: bool,
    ) -> Result<Self, JournalError> {
        let head = head::read(store, session)?;
        let last = match &head {
            Found::Whole(head) => head.segment.min(MOST_SEGMENTS),
            Found::Missing | Found::Damaged => 1,
        };
        let mut segments = vec![Segment::new(store, session, 1, first)?];
        // One more than the head knows of may have been begun before a crash.
        for number in 2..=last + 1 {
            let name = segment_name(session, number);
            if let Some(file) = store.open_file(&name, Access::Read)? {
                segments.push(Segment::new(store, session, number, file)?);
            }
        }
        Ok(Self {
            head,
            segments,
            running: state == State::Running,
            still,
        })
    }

    pub(super) fn check(
        self,
        store: &Store,
        session: &SessionId,
        keys: Option<&Keys>,
        anchor: Option<(u64, String)>,
    ) -> Result<Verified, VerifyError> {
        let empty = self.segments.iter().all(|segment| segment.length == 0);
        if matches!(self.head, Found::Missing) && empty && anchor.is_none() {
            // Its writer was killed before it had written anything.
            return Ok(Verified::nothing(session, self.running));
        }
        let mut walk = Walk::new(store, session, self.head, keys, anchor)?;
        let last = self.segments.len();
        let mut torn = false;
        for (at, segment) in self.segments.into_iter().enumerate() {
            torn = walk.segment(segment, at + 1 == last)?;
        }
        walk.finish(self.running, self.still, torn)
    }
}

/// How long verifying waits for a writer to finish its entry.
const PATIENCE: Duration = Duration::from_secs(5);

/// More segments than any journal has.
const MOST_SEGMENTS: u32 = 100_000;

/// Whether somebody writes a journal. A writer of an older version holds the
/// journal itself.
pub(crate) fn is_written(store: &Store, session: &SessionId) -> Result<bool, JournalError> {
    let (name, journal) = (lock_name(session), journal_name(session));
    let file = match store.open_file(&name, Access::Read)? {
        Some(file) => Some(file),
        None => store.open_file(&journal, Access::Read)?,
    };
    match file {
        Some(file) => is_held(&file).map_err(|error| store.file_error(&name, error)),
        None => Ok(false),
    }
}

/// Whether a lock is held. Others who ask hold it too, for moments.
fn is_held(presence: &File) -> std::io::Result<bool> {
    const TRIES: u32 = 5;
    for _ in 0..TRIES {
        if try_lock(presence, FlockOperation::NonBlockingLockExclusive)? {
            rustix::fs::flock(presence, FlockOperation::Unlock)?;
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(true)
}

fn lock_shared(file: &File, patience: Duration) -> std::io::Result<bool> {
    let begun = Instant::now();
    loop {
        if try_lock(file, FlockOperation::NonBlockingLockShared)? {
            return Ok(true);
        }
        if begun.elapsed() >= patience {
            return Ok(false);
        }
        thread::sleep(Duration::from_micros(200));
    }
}
