//! A journal's files, as a writer has them open: its segments, its head and its
//! two locks.
//!
//! Every writer holds a shared lock on the lock file for as long as it lives:
//! that is how others know that somebody writes. Each entry is added under an
//! exclusive lock on the first segment.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::head::{self, Found, Head, Tail};
use crate::journal::MOST_TOGETHER;
use crate::key::Key;
use crate::lines::{Line, Lines};
use crate::link::{self, Link, What};
use crate::store::{Access, Store, head_name, journal_name, lock_name, segment_name, try_lock};
use crate::verify::verify_locked;
use crate::{JournalError, SessionId, State};

/// How long a writer waits for another one to finish its entry.
const PATIENCE: Duration = Duration::from_secs(10);

/// The open files.
#[derive(Debug)]
pub(crate) struct Disk {
    store: Store,
    /// The first segment, whose lock is the writers'.
    first: File,
    /// The lock file. Only held.
    _presence: File,
    /// The segment that is written to.
    current: File,
    name: String,
    segment_bytes: u64,
}

impl Disk {
    /// Makes the files of a new journal.
    pub(crate) fn create(
        store: Store,
        session: &SessionId,
        segment_bytes: u64,
        key: Option<&Key>,
    ) -> Result<Self, JournalError> {
        let name = journal_name(session);
        let Some(first) = store.create_file(&name)? else {
            return Err(JournalError::Exists(session.clone()));
        };
        let presence = presence(&store, session, FlockOperation::NonBlockingLockShared)?;
        // Somebody may join as soon as there is a file.
        lock_file(&store, session, &first)?;
        if store.check_file(&name, &first)?.st_size > 0 {
            return Err(JournalError::Exists(session.clone()));
        }
        head::write(&store, session, &Tail::start(), key)?;
        store.sync()?;
        unlock(&first);
        Closed::new(store, first, presence, segment_bytes).open(session, &Tail::start())
    }

    /// Opens the files of a journal that nobody writes, after verifying it.
    pub(crate) fn reopen(
        dir: &Path,
        session: &SessionId,
        segment_bytes: u64,
        key: Option<&Key>,
    ) -> Result<(Self, Tail), JournalError> {
        let (store, first) = existing(dir, session)?;
        // Writers of older versions hold the first segment itself.
        lock_file(&store, session, &first)?;
        let alone = presence(&store, session, FlockOperation::NonBlockingLockExclusive)?;
        let verified =
            verify_locked(&store, session, &first).map_err(|error| JournalError::NotSound {
                session: session.clone(),
                problem: error.to_string(),
            })?;
        if verified.state == State::Ended {
            return Err(JournalError::Ended(session.clone()));
        }
        let tail = verified.tail();
        head::write(&store, session, &tail, key)?;
        let shared = try_lock(&alone, FlockOperation::NonBlockingLockShared);
        shared.map_err(|error| store.file_error(&lock_name(session), error))?;
        unlock(&first);
        let disk = Closed::new(store, first, alone, segment_bytes).open(session, &tail)?;
        Ok((disk, tail))
    }

    /// Opens the files of a journal that others may write.
    pub(crate) fn join(
        dir: &Path,
        session: &SessionId,
        segment_bytes: u64,
    ) -> Result<(Self, Tail), JournalError> {
        let (store, first) = existing(dir, session)?;
        let presence = presence(&store, session, FlockOperation::NonBlockingLockShared)?;
        let empty = store.check_file(&journal_name(session), &first)?.st_size == 0;
        let tail = match head::read(&store, session)? {
            // Whoever began it was killed before there was more.
            Found::Missing if empty => Tail::start(),
            found => tail_of(&store, session, &first, whole(&store, session, found)?)?,
        };
        let disk = Closed::new(store, first, presence, segment_bytes).open(session, &tail)?;
        Ok((disk, tail))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until no other process adds an entry.
    pub(crate) fn lock(&self, session: &SessionId) -> Result<(), JournalError> {
        lock_file(&self.store, session, &self.first)
    }

    pub(crate) fn unlock(&self) {
        unlock(&self.first);
    }

    /// Whether the segment is as long as one gets.
    pub(crate) fn is_full(&self, tail: &Tail) -> bool {
        tail.length >= self.segment_bytes
    }

    /// Follows what other processes have added since, and checks that it is
    /// what a journal goes on with. What a killed process left unfinished at
    /// the end was never acknowledged, and is cut off; gives how much that was.
    pub(crate) fn catch_up(
        &mut self,
        session: &SessionId,
        tail: &mut Tail,
    ) -> Result<u64, JournalError> {
        if self.checked_length()? == tail.length {
            return Ok(0);
        }
        let head = whole_head(&self.store, session)?;
        let disturbed = |what| JournalError::Disturbed {
            path: self.store.path_of(&segment_name(session, head.segment)),
            what,
        };
        if head.seq < tail.seq {
            return Err(disturbed("its head was put back"));
        }
        let torn = loop {
            let length = self.checked_length()?;
            if length < tail.length {
                return Err(self.disturbed("something was cut off it"));
            }
            let (torn, next) = self.follow(session, tail, &head)?;
            match next {
                Some(next) if torn == 0 => self.open_segment(session, tail, next)?,
                Some(_) => return Err(self.disturbed("something follows its end")),
                None => break torn,
            }
        };
        if tail.seq < head.seq {
            return Err(self.disturbed("something was cut off it"));
        }
        if tail.seq > head.seq + MOST_TOGETHER as u64 {
            return Err(self.disturbed("something was added to it"));
        }
        if torn > 0 {
            self.current
                .set_len(tail.length)
                .and_then(|()| self.current.sync_data())
                .map_err(|error| self.store.file_error(&self.name, error))?;
        }
        Ok(torn)
    }

    /// Follows the lines of the current segment from the tail on. Gives how
    /// many bytes have no line's end, and the segment that comes next.
    fn follow(
        &self,
        session: &SessionId,
        tail: &mut Tail,
        head: &Head,
    ) -> Result<(u64, Option<u32>), JournalError> {
        let failed = |error| self.store.file_error(&self.name, error);
        let mut file = &self.current;
        file.seek(SeekFrom::Start(tail.length)).map_err(failed)?;
        let mut lines = Lines::new(file);
        let mut next = None;
        loop {
            match lines.next().map_err(failed)? {
                None => return Ok((0, next)),
                Some(Line::Unended) => {
                    return Ok((self.checked_length()?.saturating_sub(tail.length), next));
                }
                Some(Line::Whole(line)) => {
                    let added = self.next_link(session, tail, &line)?;
                    if added.seq == head.seq && added.hash != head.last {
                        return Err(self.disturbed("its head names another entry"));
                    }
                    if next.is_some() {
                        return Err(self.disturbed("something follows its end"));
                    }
                    if let What::Checkpoint(checkpoint) = &added.what {
                        next = checkpoint.next_segment;
                    }
                    tail.seq = added.seq;
                    tail.last = added.hash;
                    tail.length += line.len() as u64 + 1;
                    tail.ended = added.what == What::End;
                }
            }
        }
    }

    fn next_link(
        &self,
        session: &SessionId,
        tail: &Tail,
        line: &[u8],
    ) -> Result<Link, JournalError> {
        match link::read(line, session) {
            Ok((added, _))
                if added.seq == tail.seq + 1 && added.prev == tail.last && !tail.ended =>
            {
                Ok(added)
            }
            _ => Err(self.disturbed("something else was added to it")),
        }
    }

    /// Goes on in the next segment, at the tail.
    pub(crate) fn begin_segment(
        &mut self,
        session: &SessionId,
        tail: &Tail,
    ) -> Result<(), JournalError> {
        let name = segment_name(session, tail.segment);
        self.current = segment(&self.store, &name, true)?;
        self.name = name;
        Ok(())
    }

    fn open_segment(
        &mut self,
        session: &SessionId,
        tail: &mut Tail,
        number: u32,
    ) -> Result<(), JournalError> {
        if number != tail.segment.saturating_add(1) {
            return Err(self.disturbed("it names a segment that does not follow it"));
        }
        tail.segment = number;
        tail.length = 0;
        self.begin_segment(session, tail)
    }

    /// Adds lines at the end, and moves the head there.
    pub(crate) fn put(
        &mut self,
        session: &SessionId,
        lines: &str,
        tail: &Tail,
        key: Option<&Key>,
    ) -> Result<(), JournalError> {
        // In one call, so that a reader does not meet half a line.
        self.current
            .write_all(lines.as_bytes())
            .and_then(|()| self.current.sync_data())
            .map_err(|error| self.store.file_error(&self.name, error))?;
        head::write(&self.store, session, tail, key)?;
        if tail.ended {
            self.store.sync()?;
        }
        Ok(())
    }

    /// How long the current segment is, if it is still ours alone and in its
    /// place.
    fn checked_length(&self) -> Result<u64, JournalError> {
        let stat = self.store.check_file(&self.name, &self.current)?;
        if !self.store.leads_to(&self.name, &stat) {
            return Err(self.disturbed("the file was removed or replaced"));
        }
        u64::try_from(stat.st_size).map_err(|_| self.disturbed("its length is none"))
    }

    fn disturbed(&self, what: &'static str) -> JournalError {
        JournalError::Disturbed {
            path: self.store.path_of(&self.name),
            what,
        }
    }
}

/// The files of a journal before the segment is open that is written to.
struct Closed {
    store: Store,
    first: File,
    presence: File,
    segment_bytes: u64,
}

impl Closed {
    fn new(store: Store, first: File, presence: File, segment_bytes: u64) -> Self {
        Self {
            store,
            first,
            presence,
            segment_bytes,
        }
    }

    fn open(self, session: &SessionId, tail: &Tail) -> Result<Disk, JournalError> {
        let name = segment_name(session, tail.segment);
        let current = segment(&self.store, &name, tail.length == 0)?;
        Ok(Disk {
            store: self.store,
            first: self.first,
            _presence: self.presence,
            current,
            name,
            segment_bytes: self.segment_bytes,
        })
    }
}

/// Opens a segment. One of which nothing is known but that it comes next may
/// not have been made before its writer was killed.
fn segment(store: &Store, name: &str, begins: bool) -> Result<File, JournalError> {
    let there = store.open_file(name, Access::Append)?;
    let there = match there {
        None if begins => {
            let made = store.create_file(name)?;
            store.sync()?;
            made
        }
        _ => there,
    };
    there.ok_or_else(|| JournalError::Disturbed {
        path: store.path_of(name),
        what: "the file was removed",
    })
}

fn existing(dir: &Path, session: &SessionId) -> Result<(Store, File), JournalError> {
    let store = Store::open(dir)?;
    match store.open_file(&journal_name(session), Access::Append)? {
        Some(file) => Ok((store, file)),
        None => Err(JournalError::Missing {
            session: session.clone(),
            dir: store.path().to_owned(),
        }),
    }
}

fn whole_head(store: &Store, session: &SessionId) -> Result<Head, JournalError> {
    whole(store, session, head::read(store, session)?)
}

fn whole(store: &Store, session: &SessionId, found: Found) -> Result<Head, JournalError> {
    match found {
        Found::Whole(head) => Ok(head),
        Found::Missing | Found::Damaged => Err(JournalError::Disturbed {
            path: store.path_of(&head_name(session)),
            what: "its head is gone or was changed",
        }),
    }
}

/// Where a head says that the journal ends.
fn tail_of(
    store: &Store,
    session: &SessionId,
    first: &File,
    head: Head,
) -> Result<Tail, JournalError> {
    Ok(Tail {
        seq: head.seq,
        segment: head.segment,
        // Heads of older versions do not say: such a journal is of one file.
        length: match head.length {
            Some(length) => length,
            None => length_of(store, session, first, head.seq)?,
        },
        ended: head.ended,
        last: head.last,
    })
}

/// How long the first so many lines of a journal are.
fn length_of(
    store: &Store,
    session: &SessionId,
    mut file: &File,
    lines: u64,
) -> Result<u64, JournalError> {
    let name = journal_name(session);
    let failed = |error| store.file_error(&name, error);
    file.rewind().map_err(failed)?;
    let mut found = Lines::new(file);
    let mut length = 0;
    for _ in 0..lines {
        match found.next().map_err(failed)? {
            Some(Line::Whole(line)) => length += line.len() as u64 + 1,
            _ => break,
        }
    }
    Ok(length)
}

/// Says that somebody writes, or finds out that somebody does. Verifying takes
/// this lock as well, for moments, so a few tries are made.
fn presence(store: &Store, session: &SessionId, how: FlockOperation) -> Result<File, JournalError> {
    const TRIES: u32 = 20;
    let name = lock_name(session);
    let file = match store.open_file(&name, Access::Append)? {
        Some(file) => Some(file),
        None => store.create_file(&name)?,
    };
    // Two may begin at once: then it is there by now.
    let file = match file {
        Some(file) => Some(file),
        None => store.open_file(&name, Access::Append)?,
    };
    let file = file.ok_or_else(|| JournalError::InUse(session.clone()))?;
    for _ in 0..TRIES {
        if try_lock(&file, how).map_err(|error| store.file_error(&name, error))? {
            return Ok(file);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(JournalError::InUse(session.clone()))
}

/// Waits for the lock under which entries are added.
fn lock_file(store: &Store, session: &SessionId, file: &File) -> Result<(), JournalError> {
    let failed = |error| store.file_error(&journal_name(session), error);
    if try_lock(file, FlockOperation::NonBlockingLockExclusive).map_err(failed)? {
        return Ok(());
    }
    // The kernel serves those who wait in their order; asking again and again
    // could go on for ever. A copy of the descriptor has the same lock.
    let waiting = file.try_clone().map_err(failed)?;
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let locked = rustix::fs::flock(&waiting, FlockOperation::LockExclusive);
        // Nobody waits any more: then nobody would let go of it, either.
        if tell.send(locked.map_err(io::Error::from)).is_err() {
            unlock(&waiting);
        }
    });
    match told.recv_timeout(PATIENCE) {
        Ok(locked) => locked.map_err(failed),
        Err(_) => Err(JournalError::InUse(session.clone())),
    }
}

fn unlock(file: &File) {
    // What cannot be let go of here is let go of when the process ends.
    let _ = rustix::fs::flock(file, FlockOperation::Unlock);
}
