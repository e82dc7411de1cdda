//! The journal on real files, by its public names.
#![cfg(test)]

mod chain;
mod changes;
mod events;
mod failing;
mod finding;
mod kept;
mod killed;
mod older;
mod several;
mod signed;
mod telemetry;
mod writing;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use dam_journal::{Event, Journal, SessionId};
use serde_json::json;
use tempfile::TempDir;

/// A directory of journals in a place of its own.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let closed = Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new()
            .permissions(closed)
            .tempdir()
            .unwrap();
        Self { directory }
    }

    /// In memory where that is possible: for tests that write so much that
    /// waiting for the disk would be most of it.
    fn in_memory() -> Self {
        let closed = Permissions::from_mode(0o700);
        let mut builder = tempfile::Builder::new();
        let memory = builder.permissions(closed).tempdir_in("/dev/shm");
        memory.map_or_else(|_| Self::new(), |directory| Self { directory })
    }

    fn dir(&self) -> &Path {
        self.directory.path()
    }

    fn journal(&self, session: &SessionId) -> PathBuf {
        self.dir().join(format!("{session}.jsonl"))
    }

    fn head(&self, session: &SessionId) -> PathBuf {
        self.dir().join(format!("{session}.head"))
    }

    fn lines(&self, session: &SessionId) -> Vec<String> {
        let text = fs::read_to_string(self.journal(session)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn write_lines(&self, session: &SessionId, lines: &[String]) {
        let mut text = lines.join("\n");
        text.push('\n');
        fs::write(self.journal(session), text).unwrap();
    }

    /// A session that started, did something and ended: six entries.
    fn ended(&self) -> SessionId {
        let mut journal = self.running();
        journal.append(&ended()).unwrap();
        journal.session().clone()
    }

    /// A session that started and did something: five entries.
    fn running(&self) -> Journal {
        let session = SessionId::generate().unwrap();
        let mut journal = Journal::create(self.dir(), &session).unwrap();
        journal.append(&started()).unwrap();
        for text in ["one", "two", "three", "four"] {
            journal.append(&notice(text)).unwrap();
        }
        journal
    }
}

/// As the journal's own files are.
fn chmod(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn started() -> Event {
    Event::SessionStarted {
        front: "exec".to_owned(),
        cwd: "/src/shop".to_owned(),
        argv: vec!["dam".to_owned(), "exec".to_owned()],
        posture: json!({"approval": "never"}),
        version: "0.1.0".to_owned(),
        model: None,
        provider: None,
    }
}

fn notice(text: &str) -> Event {
    let text = text.to_owned();
    Event::Notice { text }
}

fn ended() -> Event {
    let outcome = "completed".to_owned();
    Event::SessionEnded { outcome }
}

fn session(text: &str) -> SessionId {
    text.parse().unwrap()
}
