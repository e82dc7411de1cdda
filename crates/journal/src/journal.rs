//! The writer: one session's open journal.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use rustix::fs::FlockOperation;
use serde_json::Value;

use crate::line::{Draft, NO_HASH};
use crate::store::{Access, Store, journal_name, try_lock};
use crate::{
    DecisionSource, Entry, Event, JournalError, SessionId, State, head, line, scrub, verify,
};

/// More than any event needs: a line stays small enough to read as a whole.
pub(crate) const MOST_LINE_BYTES: usize = 16 * 1024 * 1024;

/// As many entries are made durable together at most. After a crash the head
/// may be behind the journal by as many.
pub(crate) const MOST_TOGETHER: usize = 3;

/// One session's open journal. Held by one process at a time, by a lock that
/// the kernel lets go of when the process ends.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    session: SessionId,
    name: String,
    file: File,
    /// How long the file is by what was written to it.
    length: u64,
    seq: u64,
    last: String,
    ended: bool,
    /// What the first failure was: after it nothing is written any more.
    poison: Option<String>,
}

impl Journal {
    /// Starts the journal of a new session. The directory is made if it is
    /// not there; it and the file are closed to everybody else.
    pub fn create(dir: &Path, session: &SessionId) -> Result<Self, JournalError> {
        let store = Store::create(dir)?;
        let name = journal_name(session);
        let Some(file) = store.create_file(&name)? else {
            return Err(JournalError::Exists(session.clone()));
        };
        lock(&store, &name, &file, session)?;
        head::write_first(&store, session)?;
        store.sync()?;
        Ok(Self {
            store,
            session: session.clone(),
            name,
            file,
            length: 0,
            seq: 0,
            last: NO_HASH.to_owned(),
            ended: false,
            poison: None,
        })
    }

    /// Continues the journal of a session that was interrupted. Only a sound
    /// one is continued: one that verifies, is whole and has no end.
    pub fn reopen(dir: &Path, session: &SessionId) -> Result<Self, JournalError> {
        let store = Store::open(dir)?;
        let name = journal_name(session);
        let Some(file) = store.open_file(&name, Access::Append)? else {
            return Err(JournalError::Missing {
                session: session.clone(),
                dir: store.path().to_owned(),
            });
        };
        lock(&store, &name, &file, session)?;
        let verified = verify::verify_locked(&store, session, &file).map_err(|error| {
            JournalError::NotSound {
                session: session.clone(),
                problem: error.to_string(),
            }
        })?;
        if verified.state == State::Ended {
            return Err(JournalError::Ended(session.clone()));
        }
        head::write(&store, session, verified.entries, &verified.last)?;
        Ok(Self {
            session: session.clone(),
            name,
            file,
            length: verified.bytes,
            seq: verified.entries,
            last: verified.last,
            ended: false,
            poison: None,
            store,
        })
    }

    /// The session whose journal it is.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// Writes one entry and waits until it is durable.
    ///
    /// An error means that the act must not happen. After one error every
    /// later call fails as well: nobody knows what is on the disk.
    pub fn append(&mut self, event: &Event) -> Result<Entry, JournalError> {
        let mut entries = self.append_together(std::slice::from_ref(event))?;
        entries
            .pop()
            .ok_or_else(|| JournalError::Unwritable("nothing was written".to_owned()))
    }

    /// Writes a few entries that belong together, at most three,
    /// and waits once until all are durable. As with [`Self::append`], an error
    /// means that the act must not happen.
    pub fn append_together(&mut self, events: &[Event]) -> Result<Vec<Entry>, JournalError> {
        if events.len() > MOST_TOGETHER {
            let text = format!("more than {MOST_TOGETHER} entries at once");
            return Err(JournalError::Unwritable(text));
        }
        if let Some(cause) = &self.poison {
            return Err(JournalError::Poisoned {
                session: self.session.clone(),
                cause: cause.clone(),
            });
        }
        let written = self.write(events);
        if let Err(error) = &written {
            self.poison = Some(error.to_string());
        }
        written
    }

    fn write(&mut self, events: &[Event]) -> Result<Vec<Entry>, JournalError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(events.len());
        for event in events {
            let before = entries.last();
            if self.ended || before.is_some_and(|entry| entry.event.is_last()) {
                return Err(JournalError::Ended(self.session.clone()));
            }
            let (seq, prev) = before.map_or((self.seq, self.last.clone()), |entry| {
                (entry.seq, entry.hash.clone())
            });
            entries.push(self.draft(event, seq + 1, &prev)?);
        }
        let Some(last) = entries.last() else {
            return Ok(entries);
        };
        self.check_undisturbed()?;
        let bytes: String = entries
            .iter()
            .flat_map(|entry| [entry.line.as_str(), "\n"])
            .collect();
        // In one call, so that a reader does not meet half a line.
        self.file
            .write_all(bytes.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(|error| self.store.file_error(&self.name, error))?;
        head::write(&self.store, &self.session, last.seq, &last.hash)?;
        if last.event.is_last() {
            self.store.sync()?;
            self.ended = true;
        }
        self.length += bytes.len() as u64;
        self.seq = last.seq;
        self.last.clone_from(&last.hash);
        Ok(entries)
    }

    /// The next entry, read back from its line: what is returned is what any
    /// reader will see, and what cannot be read back is not written.
    fn draft(&self, event: &Event, seq: u64, prev: &str) -> Result<Entry, JournalError> {
        let unwritable = |error: &dyn Error| JournalError::Unwritable(error.to_string());
        let mut value = serde_json::to_value(event).map_err(|error| unwritable(&error))?;
        name_source(event, &mut value).map_err(|error| unwritable(&error))?;
        // Before the work of cleaning it, and again after.
        check_size(value.to_string().len())?;
        let event = scrub::scrubbed(value).map_err(|error| unwritable(&error))?;
        let draft = Draft {
            seq,
            time: now().map_err(|error| unwritable(&error))?,
            session: &self.session,
            prev,
            event: &event,
        };
        let text = draft.seal().map_err(|error| unwritable(&error))?;
        check_size(text.len())?;
        line::parse(text.as_bytes()).map_err(|error| unwritable(&error))
    }

    /// Whether the file is still ours alone, in its place, and as long as we
    /// left it.
    fn check_undisturbed(&self) -> Result<(), JournalError> {
        let stat = self.store.check_file(&self.name, &self.file)?;
        let disturbed = |what| JournalError::Disturbed {
            path: self.store.path_of(&self.name),
            what,
        };
        if !self.store.leads_to(&self.name, &stat) {
            return Err(disturbed("the file was removed or replaced"));
        }
        if u64::try_from(stat.st_size) != Ok(self.length) {
            return Err(disturbed("something was added to the file or cut off it"));
        }
        Ok(())
    }
}

/// Says of a decision who made it, where its writer did not.
fn name_source(event: &Event, value: &mut Value) -> Result<(), serde_json::Error> {
    if let Event::Decision {
        verdict,
        answer,
        source: None,
        ..
    }
    | Event::NetworkDecision {
        verdict,
        answer,
        source: None,
        ..
    } = event
    {
        let source = DecisionSource::of(verdict, answer.as_deref());
        value["source"] = serde_json::to_value(source)?;
    }
    Ok(())
}

fn check_size(bytes: usize) -> Result<(), JournalError> {
    if bytes < MOST_LINE_BYTES {
        return Ok(());
    }
    Err(JournalError::Unwritable(format!(
        "it has {bytes} bytes, more than the {MOST_LINE_BYTES} that fit in a line"
    )))
}

fn now() -> Result<Timestamp, jiff::Error> {
    Timestamp::now().round(Unit::Millisecond)
}

/// Takes the writer's lock. Verifying takes a lock as well, for moments, so a
/// few tries are made.
fn lock(store: &Store, name: &str, file: &File, session: &SessionId) -> Result<(), JournalError> {
    const TRIES: u32 = 20;
    for _ in 0..TRIES {
        let locked = try_lock(file, FlockOperation::NonBlockingLockExclusive);
        if locked.map_err(|error: io::Error| store.file_error(name, error))? {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(JournalError::InUse(session.clone()))
}
