//! The writer: one session's open journal.

use std::error::Error;
use std::path::{Path, PathBuf};

use jiff::{Timestamp, Unit};
use serde_json::Value;

use crate::disk::Disk;
use crate::head::Tail;
use crate::key::Key;
use crate::line::Draft;
use crate::store::Store;
use crate::{
    DecisionSource, Entry, Event, JournalError, Retention, SessionId, digest, line, postures,
    retention, scrub,
};

/// More than any event needs: a line stays small enough to read as a whole.
pub(crate) const MOST_LINE_BYTES: usize = 16 * 1024 * 1024;

/// As many entries are made durable together at most. After a crash the head
/// may be behind the journal by as many.
pub(crate) const MOST_TOGETHER: usize = 3;

/// After as many entries there is a checkpoint among them.
const CHECKPOINT_EVERY: u64 = 1000;

/// How a journal is written.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory of the key that signs it; unsigned without.
    pub keys: Option<PathBuf>,
    /// As long a segment may get, in bytes, before another is begun.
    pub segment_bytes: u64,
    /// What all journals in the directory may take; the rest is removed when
    /// one is begun, goes on in another segment, and ends.
    pub retention: Retention,
    /// Whether anything is written to the disk at all. If not, entries are made
    /// and given back, and forgotten: somebody chose that nothing is kept.
    pub kept: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keys: None,
            segment_bytes: 64 * 1024 * 1024,
            retention: Retention::default(),
            kept: true,
        }
    }
}

/// One session's open journal. Several processes may have it open at once: each
/// entry is added under a lock, after what others have added. The kernel lets
/// go of the lock when a process ends.
#[derive(Debug)]
pub struct Journal {
    session: SessionId,
    /// Where it is kept, unless it is not.
    disk: Option<Disk>,
    key: Option<Key>,
    tail: Tail,
    options: Options,
    /// The digest of the posture that this writer recorded last.
    posture: Option<String>,
    /// What the first failure was: after it nothing is written any more.
    poison: Option<String>,
}

impl Journal {
    /// Starts the journal of a new session. The directory is made if it is
    /// not there; it and the file are closed to everybody else.
    pub fn create(dir: &Path, session: &SessionId) -> Result<Self, JournalError> {
        Self::create_with(dir, session, &Options::default())
    }

    /// As [`Self::create`], signed, in segments, or not kept.
    pub fn create_with(
        dir: &Path,
        session: &SessionId,
        options: &Options,
    ) -> Result<Self, JournalError> {
        if !options.kept {
            return Ok(Self::new(session, None, None, Tail::start(), options));
        }
        let store = Store::create(dir)?;
        let key = options.keys.as_deref().map(Key::open).transpose()?;
        let disk = Disk::create(store, session, options.segment_bytes, key.as_ref())?;
        let journal = Self::new(session, Some(disk), key, Tail::start(), options);
        journal.retain()?;
        Ok(journal)
    }

    /// Continues the journal of a session that was interrupted. Only a sound
    /// one is continued: one that verifies, is whole, has no end, and is
    /// written by nobody else.
    pub fn reopen(dir: &Path, session: &SessionId) -> Result<Self, JournalError> {
        Self::reopen_with(dir, session, &Options::default())
    }

    /// As [`Self::reopen`], with options.
    pub fn reopen_with(
        dir: &Path,
        session: &SessionId,
        options: &Options,
    ) -> Result<Self, JournalError> {
        let key = options.keys.as_deref().map(Key::open).transpose()?;
        let (disk, tail) = Disk::reopen(dir, session, options.segment_bytes, key.as_ref())?;
        Ok(Self::new(session, Some(disk), key, tail, options))
    }

    /// Writes to the journal of a session that another process has begun, and
    /// may go on writing. What was written before is not verified, only that
    /// what is added follows it.
    pub fn join(dir: &Path, session: &SessionId, options: &Options) -> Result<Self, JournalError> {
        if !options.kept {
            return Ok(Self::new(session, None, None, Tail::start(), options));
        }
        let key = options.keys.as_deref().map(Key::open).transpose()?;
        let (disk, tail) = Disk::join(dir, session, options.segment_bytes)?;
        Ok(Self::new(session, Some(disk), key, tail, options))
    }

    fn new(
        session: &SessionId,
        disk: Option<Disk>,
        key: Option<Key>,
        tail: Tail,
        options: &Options,
    ) -> Self {
        Self {
            options: options.clone(),
            session: session.clone(),
            disk,
            key,
            tail,
            posture: None,
            poison: None,
        }
    }

    /// The session whose journal it is.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// Whether entries are kept, as opposed to made and forgotten.
    pub fn is_kept(&self) -> bool {
        self.disk.is_some()
    }

    /// Keeps a posture under which this process decides from now on: decisions
    /// that it writes name it. The postures of `session_started` and
    /// `configuration_changed` need no call. Gives the digest.
    pub fn decide_under(&mut self, posture: &Value) -> Result<String, JournalError> {
        let event = Event::ConfigurationChanged {
            what: String::new(),
            file: None,
            before: Value::Null,
            after: Value::Null,
            posture: posture.clone(),
        };
        let text = postures::taken(&event)
            .ok_or_else(|| JournalError::Unwritable("a posture is an object".to_owned()))?;
        let digest = self.keep_posture(&text)?;
        self.posture = Some(digest.clone());
        Ok(digest)
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
        let Some(disk) = &self.disk else {
            return self.add(events);
        };
        disk.lock(&self.session)?;
        let written = self.write_locked(events);
        if let Some(disk) = &self.disk {
            disk.unlock();
        }
        // What was written is written; that less is removed than should be is
        // no reason to stop what it is for, and is tried again.
        if self.tail.ended {
            let _ = self.retain();
        }
        written
    }

    fn write_locked(&mut self, events: &[Event]) -> Result<Vec<Entry>, JournalError> {
        if let Some(disk) = &mut self.disk {
            let torn = disk.catch_up(&self.session, &mut self.tail)?;
            let full = disk.is_full(&self.tail);
            let next = full.then(|| self.tail.segment.saturating_add(1));
            if torn > 0 && !self.tail.ended {
                self.add(&[Event::Recovered { bytes: torn }])?;
            }
            if next.is_some() && !self.tail.ended {
                self.add(&[self.checkpoint(next)])?;
                self.begin_segment()?;
                self.retain_own()?;
            }
        }
        let before = self.tail.seq / CHECKPOINT_EVERY;
        let entries = self.add(events)?;
        if self.tail.seq / CHECKPOINT_EVERY > before && !self.tail.ended && self.key.is_some() {
            self.add(&[self.checkpoint(None)])?;
        }
        Ok(entries)
    }

    /// Removes what is too old or too much of other sessions.
    fn retain(&self) -> Result<(), JournalError> {
        match &self.disk {
            Some(disk) if self.options.retention.is_limited() => {
                retention::apply(disk.store(), &self.session, &self.options)
            }
            _ => Ok(()),
        }
    }

    /// The same, and then of this one: its oldest segments but the first.
    fn retain_own(&mut self) -> Result<(), JournalError> {
        self.retain()?;
        let (Some(disk), Some(most)) = (&self.disk, self.options.retention.max_bytes) else {
            return Ok(());
        };
        let store = disk.store();
        let segments = retention::too_much_of(store, &self.session, &self.tail, most)?;
        let Some(removed) = retention::gap_of(store, &self.session, &segments)? else {
            return Ok(());
        };
        let removed = vec![removed];
        let why = "max_bytes".to_owned();
        self.add(&[Event::Retention { why, removed }])?;
        match &self.disk {
            Some(disk) => retention::remove_segments(disk.store(), &self.session, &segments),
            None => Ok(()),
        }
    }

    fn begin_segment(&mut self) -> Result<(), JournalError> {
        match &mut self.disk {
            Some(disk) => disk.begin_segment(&self.session, &self.tail),
            None => Ok(()),
        }
    }

    /// A signature of the chain so far, as its next entry.
    fn checkpoint(&self, next_segment: Option<u32>) -> Event {
        let text = checkpoint_text(&self.session, self.tail.seq + 1, &self.tail.last);
        let key = self.key.as_ref();
        Event::Checkpoint {
            key: key.map(|key| key.public().to_owned()),
            signature: key.map(|key| key.sign(&text)),
            next_segment,
        }
    }

    /// Adds entries at the tail, and moves it.
    fn add(&mut self, events: &[Event]) -> Result<Vec<Entry>, JournalError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(events.len());
        for event in events {
            let before = entries.last();
            if self.tail.ended || before.is_some_and(|entry| entry.event.is_last()) {
                return Err(JournalError::Ended(self.session.clone()));
            }
            let (seq, prev) = before.map_or((self.tail.seq, self.tail.last.clone()), |entry| {
                (entry.seq, entry.hash.clone())
            });
            entries.push(self.draft(event, seq + 1, &prev)?);
        }
        let Some(last) = entries.last() else {
            return Ok(entries);
        };
        let bytes: String = entries
            .iter()
            .flat_map(|entry| [entry.line.as_str(), "\n"])
            .collect();
        let (segment, length) = match last.event {
            // Whoever comes next goes on there, also if this process does not.
            Event::Checkpoint {
                next_segment: Some(next),
                ..
            } => (next, 0),
            _ => (self.tail.segment, self.tail.length + bytes.len() as u64),
        };
        let tail = Tail {
            seq: last.seq,
            last: last.hash.clone(),
            segment,
            length,
            ended: last.event.is_last(),
        };
        if let Some(disk) = &mut self.disk {
            disk.put(&self.session, &bytes, &tail, self.key.as_ref())?;
        }
        self.tail = tail;
        Ok(entries)
    }

    /// The next entry, read back from its line: what is returned is what any
    /// reader will see, and what cannot be read back is not written.
    fn draft(&mut self, event: &Event, seq: u64, prev: &str) -> Result<Entry, JournalError> {
        let unwritable = |error: &dyn Error| JournalError::Unwritable(error.to_string());
        let mut value = self.value(event)?;
        name_source(event, &mut value).map_err(|error| unwritable(&error))?;
        self.name_posture(event, &mut value);
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

    /// The event in its serialised form, with a digest for its posture.
    fn value(&mut self, event: &Event) -> Result<Value, JournalError> {
        let value = |event: &Event| {
            serde_json::to_value(event).map_err(|error| JournalError::Unwritable(error.to_string()))
        };
        let Some(text) = postures::taken(event) else {
            return value(event);
        };
        check_size(text.len())?;
        let digest = self.keep_posture(&text)?;
        let mut value = value(&event.without_posture())?;
        value["posture"] = postures::named(&digest);
        self.posture = Some(digest);
        Ok(value)
    }

    fn keep_posture(&self, text: &str) -> Result<String, JournalError> {
        match &self.disk {
            Some(disk) => postures::keep(disk.store(), text),
            None => Ok(digest::sha256(text.as_bytes())),
        }
    }

    /// Says of a decision under which posture it was made.
    fn name_posture(&self, event: &Event, value: &mut Value) {
        if let Event::Decision { posture: None, .. } | Event::NetworkDecision { posture: None, .. } =
            event
            && let Some(digest) = &self.posture
        {
            value["posture"] = Value::String(digest.clone());
        }
    }
}

/// What a checkpoint signs: everything before it, by the hash of the entry
/// before.
pub(crate) fn checkpoint_text(session: &SessionId, seq: u64, prev: &str) -> String {
    format!("cofferdam journal checkpoint 1\n{session}\n{seq}\n{prev}\n")
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
