//! Keeping to what journals may take: what is too old or too much is removed,
//! whole sessions first, the oldest first, and what was removed is recorded
//! before it is.
//!
//! The record of that is a journal of its own, the ledger, which has a
//! session's name that no session can have. Segments of the session that
//! writes are recorded in its own chain, too: there verifying has to tell them
//! from a loss.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use crate::head::{self, Found, Tail};
use crate::line::parse;
use crate::store::{Access, Store, head_name, segment_name, segment_of};
use crate::verify::is_written;
use crate::{Entry, Event, Journal, JournalError, Options, Removed, SessionId, postures};

/// What journals may take.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Retention {
    /// How much room in all, in bytes.
    pub max_bytes: Option<u64>,
    /// How old a session may get after its last entry.
    pub max_age: Option<Duration>,
}

impl Retention {
    /// Whether it asks for anything.
    pub fn is_limited(&self) -> bool {
        self.max_bytes.is_some() || self.max_age.is_some()
    }
}

/// Removes what is too old, and then the oldest as long as all is too much.
/// What is written at the moment stays.
pub(crate) fn apply(store: &Store, own: &SessionId, options: &Options) -> Result<(), JournalError> {
    let retention = options.retention;
    let mut found = Stock::in_store(store)?;
    let old = retention
        .max_age
        .and_then(|age| SystemTime::now().checked_sub(age));
    if let Some(before) = old {
        let too_old = found.removable(store, own, |session| session.changed < before)?;
        remove(store, options, "max_age", &mut found, too_old)?;
    }
    if let Some(most) = retention.max_bytes {
        let mut over = found.total.saturating_sub(most);
        let mut too_much = Vec::new();
        if over > 0 {
            for session in found.removable(store, own, |_| true)? {
                if over == 0 {
                    break;
                }
                over = over.saturating_sub(found.sessions[&session].bytes);
                too_much.push(session);
            }
        }
        remove(store, options, "max_bytes", &mut found, too_much)?;
    }
    found.remove_postures(store)
}

/// Segments of a session that are too much: all but the first, in which it
/// began, and those from `current` on. Gives what to record before they go.
pub(crate) fn too_much_of(
    store: &Store,
    session: &SessionId,
    tail: &Tail,
    most: u64,
) -> Result<Vec<(u32, u64)>, JournalError> {
    let mut over = Stock::in_store(store)?.total.saturating_sub(most);
    let mut segments = Vec::new();
    for number in 2..tail.segment {
        if over == 0 {
            break;
        }
        if let Some(stat) = store.stat(&segment_name(session, number))? {
            let bytes = u64::try_from(stat.st_size).unwrap_or(0);
            over = over.saturating_sub(bytes);
            segments.push((number, bytes));
        }
    }
    Ok(segments)
}

/// What the ledger says was removed of a session.
pub(crate) fn recorded(store: &Store, session: &SessionId) -> Option<Removed> {
    let ledger = SessionId::ledger();
    if *session == ledger {
        return None;
    }
    let mut found = None;
    // A ledger that cannot be read excuses nothing.
    crate::read::each(store, &ledger, &mut |entry| {
        if let Event::Retention { removed, .. } = entry.event {
            let own = removed
                .into_iter()
                .rfind(|part| part.session == session.as_str());
            found = own.or(found.take());
        }
    })
    .ok()?;
    found
}

/// One session's files.
struct Files {
    names: Vec<String>,
    bytes: u64,
    /// When the newest of them was changed.
    changed: SystemTime,
}

/// What there is.
struct Stock {
    sessions: BTreeMap<SessionId, Files>,
    postures: Vec<(String, SystemTime)>,
    total: u64,
}

impl Stock {
    fn in_store(store: &Store) -> Result<Self, JournalError> {
        let mut found = Self {
            sessions: BTreeMap::new(),
            postures: Vec::new(),
            total: 0,
        };
        for name in store.names()? {
            let Some(stat) = store.stat(&name)? else {
                continue;
            };
            let bytes = u64::try_from(stat.st_size).unwrap_or(0);
            let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
            let changed = UNIX_EPOCH + Duration::from_secs(seconds);
            if let Some(session) = session_of(&name) {
                let files = found.sessions.entry(session).or_insert(Files {
                    names: Vec::new(),
                    bytes: 0,
                    changed: UNIX_EPOCH,
                });
                files.bytes += bytes;
                files.changed = files.changed.max(changed);
                files.names.push(name);
            } else if postures::is_name(&name) {
                found.postures.push((name, changed));
            } else {
                continue;
            }
            found.total += bytes;
        }
        Ok(found)
    }

    /// The sessions that may go, the oldest first.
    fn removable(
        &self,
        store: &Store,
        own: &SessionId,
        is: impl Fn(&Files) -> bool,
    ) -> Result<Vec<SessionId>, JournalError> {
        let mut removable = Vec::new();
        for (session, files) in &self.sessions {
            let kept = session == own || *session == SessionId::ledger();
            if !kept && is(files) && !is_written(store, session)? {
                removable.push(session.clone());
            }
        }
        Ok(removable)
    }

    /// Removes postures that only removed sessions can have named: each is
    /// touched when it is named anew.
    fn remove_postures(&self, store: &Store) -> Result<(), JournalError> {
        let sessions = self.sessions.keys();
        let oldest = sessions
            .filter(|session| **session != SessionId::ledger())
            .filter_map(started)
            .min();
        let Some(oldest) = oldest.and_then(|oldest| oldest.checked_sub(CLOCK)) else {
            return Ok(());
        };
        for (name, used) in &self.postures {
            if *used < oldest {
                store.remove(name)?;
            }
        }
        Ok(())
    }
}

/// As far as a clock may have been put back meanwhile.
const CLOCK: Duration = Duration::from_hours(24);

fn started(session: &SessionId) -> Option<SystemTime> {
    let text = &session.as_str()[..15];
    let time = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", text).ok()?;
    let second = time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(second).ok()?))
}

fn session_of(name: &str) -> Option<SessionId> {
    let stem = [".head", ".head.new", ".lock"];
    stem.iter()
        .find_map(|ending| name.strip_suffix(ending)?.parse().ok())
        .or_else(|| segment_of(name).map(|(session, _)| session))
}

/// Records what goes, and removes it then.
fn remove(
    store: &Store,
    options: &Options,
    why: &str,
    found: &mut Stock,
    sessions: Vec<SessionId>,
) -> Result<(), JournalError> {
    if sessions.is_empty() {
        return Ok(());
    }
    let mut removed = Vec::new();
    for session in &sessions {
        removed.push(what_goes(store, session, found.sessions[session].bytes)?);
    }
    let why = why.to_owned();
    ledger(store, options)?.append(&Event::Retention { why, removed })?;
    for session in sessions {
        let Some(mut files) = found.sessions.remove(&session) else {
            continue;
        };
        // The head last: without it, nothing tells what is missing.
        files.names.sort_by_key(|name| *name == head_name(&session));
        for name in &files.names {
            store.remove(name)?;
        }
        found.total = found.total.saturating_sub(files.bytes);
    }
    store.sync()
}

fn what_goes(store: &Store, session: &SessionId, bytes: u64) -> Result<Removed, JournalError> {
    let (last, hash) = match head::read(store, session)? {
        Found::Whole(head) => (head.seq, head.last),
        Found::Missing | Found::Damaged => (0, String::new()),
    };
    Ok(Removed {
        session: session.to_string(),
        first: 1,
        last,
        hash,
        bytes,
    })
}

fn ledger(store: &Store, options: &Options) -> Result<Journal, JournalError> {
    let options = Options {
        retention: Retention::default(),
        ..options.clone()
    };
    let ledger = SessionId::ledger();
    match Journal::join(store.path(), &ledger, &options) {
        Err(JournalError::Missing { .. }) => {}
        joined => return joined,
    }
    match Journal::create_with(store.path(), &ledger, &options) {
        // Another process was first.
        Err(JournalError::Exists(_)) => Journal::join(store.path(), &ledger, &options),
        created => created,
    }
}

/// Removes segments that were recorded.
pub(crate) fn remove_segments(
    store: &Store,
    session: &SessionId,
    segments: &[(u32, u64)],
) -> Result<(), JournalError> {
    for (number, _) in segments {
        store.remove(&segment_name(session, *number))?;
    }
    store.sync()
}

/// What is missing of a session once these segments are gone, too: all from the
/// end of the first segment on, since records of what went before may go with
/// them.
pub(crate) fn gap_of(
    store: &Store,
    session: &SessionId,
    segments: &[(u32, u64)],
) -> Result<Option<Removed>, JournalError> {
    let Some((newest, _)) = segments.last() else {
        return Ok(None);
    };
    let (first, last) = (
        last_of(store, session, 1)?,
        last_of(store, session, *newest)?,
    );
    Ok(first.zip(last).map(|(before, last)| Removed {
        session: session.to_string(),
        first: before.seq + 1,
        last: last.seq,
        hash: last.hash,
        bytes: segments.iter().map(|(_, bytes)| bytes).sum(),
    }))
}

/// The last entry of a segment.
fn last_of(store: &Store, session: &SessionId, number: u32) -> Result<Option<Entry>, JournalError> {
    let name = segment_name(session, number);
    let Some(file) = store.open_file(&name, Access::Read)? else {
        return Ok(None);
    };
    let line = crate::read::last_line(&file).map_err(|error| store.file_error(&name, error))?;
    Ok(parse(&line).ok())
}
