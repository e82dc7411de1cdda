//! Finds and reads journals. Reading shows what there is, also of a damaged
//! journal; that it is what was written is for [`crate::verify`] to say.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use crate::head::{self, Found};
use crate::line::parse;
use crate::lines::{Line, Lines};
use crate::store::{Access, Store, journal_name, segment_name};
use crate::verify::is_written;
use crate::{Entry, Event, JournalError, SessionId, State};

/// One journal in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Whose journal it is.
    pub session: SessionId,
    /// When its first entry was written.
    pub started: Option<Timestamp>,
    /// When its last entry was written.
    pub last: Option<Timestamp>,
    /// How many entries it has.
    pub entries: u64,
    /// Where its actions came from.
    pub front: Option<String>,
    /// The directory it started in.
    pub cwd: Option<String>,
    /// The command line.
    pub argv: Vec<String>,
    /// How it ended, if it did.
    pub outcome: Option<String>,
    /// Whether more may come.
    pub state: State,
    /// Why the rest is not known, if it could not be read.
    pub problem: Option<String>,
}

/// Why no session was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// None begins with the text.
    #[error("no session begins with `{prefix}`")]
    Missing {
        /// The text.
        prefix: String,
    },
    /// More than one does.
    #[error("{} sessions begin with `{prefix}`, the newest of them {}: give more of the one you mean", candidates.len(), newest(candidates))]
    Ambiguous {
        /// The text.
        prefix: String,
        /// Those that do, the oldest first.
        candidates: Vec<SessionId>,
    },
    /// The directory cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Every journal in a directory, the oldest first. One that cannot be read is
/// listed with its problem. A directory that is not there holds none.
pub fn list(dir: &Path) -> Result<Vec<Summary>, JournalError> {
    let Some(store) = existing(dir)? else {
        return Ok(Vec::new());
    };
    let mut summaries: Vec<Summary> = sessions(&store)?
        .into_iter()
        .filter(|session| *session != SessionId::ledger())
        .map(|session| summary(&store, session))
        .collect();
    summaries.sort_by(|a, b| {
        let second = |summary: &Summary| summary.session.as_str()[..15].to_owned();
        (second(a), a.started, &a.session).cmp(&(second(b), b.started, &b.session))
    });
    Ok(summaries)
}

/// The session that started last, if there is one.
pub fn latest(dir: &Path) -> Result<Option<SessionId>, JournalError> {
    Ok(list(dir)?.pop().map(|summary| summary.session))
}

/// The one session whose identifier begins with a text.
pub fn find(dir: &Path, prefix: &str) -> Result<SessionId, FindError> {
    let mut candidates = match existing(dir)? {
        Some(store) => sessions(&store)?,
        None => Vec::new(),
    };
    candidates.retain(|session| session.as_str().starts_with(prefix));
    let prefix = crate::clean(prefix);
    match candidates.pop() {
        None => Err(FindError::Missing { prefix }),
        Some(only) if candidates.is_empty() => Ok(only),
        Some(last) => {
            candidates.push(last);
            Err(FindError::Ambiguous { prefix, candidates })
        }
    }
}

/// Every entry of a journal. A last line that was not finished is left out;
/// any other line that is no entry is an error.
pub fn read(dir: &Path, session: &SessionId) -> Result<Vec<Entry>, JournalError> {
    let mut entries = Vec::new();
    read_each(dir, session, &mut |entry| entries.push(entry))?;
    Ok(entries)
}

/// As [`read`], one entry at a time: a journal may be longer than memory.
pub fn read_each(
    dir: &Path,
    session: &SessionId,
    take: &mut dyn FnMut(Entry),
) -> Result<(), JournalError> {
    each(&Store::open(dir)?, session, take)
}

pub(crate) fn each(
    store: &Store,
    session: &SessionId,
    take: &mut dyn FnMut(Entry),
) -> Result<(), JournalError> {
    let mut count = 0;
    for (number, file) in segments(store, session)? {
        let name = segment_name(session, number);
        let failed = |error| store.file_error(&name, error);
        let mut lines = Lines::new(file);
        while let Some(Line::Whole(line)) = lines.next().map_err(failed)? {
            count += 1;
            take(parse(&line).map_err(|problem| JournalError::Unreadable {
                path: store.path_of(&name),
                line: count,
                problem,
            })?);
        }
    }
    Ok(())
}

/// A journal's segments that are there, with their numbers.
fn segments(store: &Store, session: &SessionId) -> Result<Vec<(u32, File)>, JournalError> {
    let Some(first) = store.open_file(&journal_name(session), Access::Read)? else {
        return Err(JournalError::Missing {
            session: session.clone(),
            dir: store.path().to_owned(),
        });
    };
    // What the head says is not proven here, and some may have been removed.
    let last = match head::read(store, session)? {
        Found::Whole(head) => head.segment.min(100_000),
        Found::Missing | Found::Damaged => 1,
    };
    let mut segments = vec![(1, first)];
    for number in 2..=last + 1 {
        if let Some(file) = store.open_file(&segment_name(session, number), Access::Read)? {
            segments.push((number, file));
        }
    }
    Ok(segments)
}

/// The directory, if it is there.
fn existing(dir: &Path) -> Result<Option<Store>, JournalError> {
    match Store::open(dir) {
        Ok(store) => Ok(Some(store)),
        Err(JournalError::Directory { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The sessions that have a journal, the oldest first.
fn sessions(store: &Store) -> Result<Vec<SessionId>, JournalError> {
    let mut sessions: Vec<SessionId> = store
        .names()?
        .iter()
        .filter_map(|name| name.strip_suffix(".jsonl")?.parse().ok())
        .collect();
    sessions.sort();
    Ok(sessions)
}

fn summary(store: &Store, session: SessionId) -> Summary {
    let mut summary = Summary {
        session,
        started: None,
        last: None,
        entries: 0,
        front: None,
        cwd: None,
        argv: Vec::new(),
        outcome: None,
        state: State::Interrupted,
        problem: None,
    };
    if let Err(problem) = fill(store, &mut summary) {
        summary.problem = Some(problem);
    }
    summary
}

/// Fills a summary in from the first and the last entry: what is between may
/// be long.
fn fill(store: &Store, summary: &mut Summary) -> Result<(), String> {
    let name = journal_name(&summary.session);
    let file = store
        .open_file(&name, Access::Read)
        .map_err(|error| error.to_string())?
        .ok_or("it was removed just now")?;
    if is_written(store, &summary.session).map_err(|error| error.to_string())? {
        summary.state = State::Running;
    }
    let Some(line) = first_line(&file).map_err(|error| error.to_string())? else {
        return Ok(());
    };
    let first = parse(&line).map_err(|error| format!("line 1 {error}"))?;
    summary.started = Some(first.time);
    if let Event::SessionStarted {
        front, cwd, argv, ..
    } = first.event
    {
        summary.front = Some(front);
        summary.cwd = Some(cwd);
        summary.argv = argv;
    }
    let mut segments = segments(store, &summary.session).map_err(|error| error.to_string())?;
    // The last one may have been begun, and nothing written to it.
    segments.retain(|(_, file)| file.metadata().is_ok_and(|state| state.len() > 0));
    let last = segments.pop().map_or(file, |(_, last)| last);
    let line = last_line(&last).map_err(|error| error.to_string())?;
    let last = parse(&line).map_err(|error| format!("its last line {error}"))?;
    summary.last = Some(last.time);
    summary.entries = last.seq;
    if let Event::SessionEnded { outcome } = last.event {
        summary.outcome = Some(outcome);
        summary.state = State::Ended;
    }
    Ok(())
}

fn first_line(file: &File) -> std::io::Result<Option<Vec<u8>>> {
    Ok(match Lines::new(file).next()? {
        Some(Line::Whole(line)) => Some(line),
        Some(Line::Unended) | None => None,
    })
}

/// The last line that has an end, read from the file's end backwards.
pub(crate) fn last_line(mut file: &File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let mut window: u64 = 64 * 1024;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        file.take(window).read_to_end(&mut tail)?;
        let end = tail.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let whole = &tail[..end];
        match whole.iter().rposition(|byte| *byte == b'\n') {
            Some(before) => return Ok(whole[before + 1..].to_vec()),
            None if start == 0 => return Ok(whole.to_vec()),
            None => window = window.saturating_mul(4),
        }
    }
}

fn newest(candidates: &[SessionId]) -> &str {
    candidates.last().map_or("", SessionId::as_str)
}
