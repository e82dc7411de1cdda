//! What is remembered from one hook of a session to the next: the session's
//! journal, and what the session has seen.
//!
//! One small file for each session of another agent, replaced in one step.
//! Whoever has a [`Memory`] has it alone: hooks of one session run one after
//! the other, so that none judges without what the one before it let be seen.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use dam_journal::SessionId;
use dam_policy::FlowState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Agent;

/// What is forgotten if no hook came for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(30 * 24);

/// Of one session of another agent, with its lock.
#[derive(Debug)]
pub struct Memory {
    file: PathBuf,
    lock: File,
}

/// What is remembered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Remembered {
    /// The session that its acts are written down in.
    pub session: String,
    /// What it has seen.
    #[serde(default)]
    pub flow: FlowState,
}

/// Nothing can be remembered.
#[derive(Debug, thiserror::Error)]
#[error("cannot remember the session in {path}: {error}")]
pub struct MemoryError {
    path: PathBuf,
    error: io::Error,
}

impl Memory {
    /// That of a session, by the vendor's name for it. Waits for other hooks of
    /// the same session.
    pub fn open(state: &Path, agent: Agent, session: &str) -> Result<Self, MemoryError> {
        let dir = state.join("guard");
        let failed = |error| MemoryError {
            path: dir.clone(),
            error,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .map_err(failed)?;
        // The vendor's name may be anything, and a path.
        let mut name = format!("{agent}-");
        for byte in Sha256::digest(session.as_bytes()).iter().take(16) {
            let _infallible = write!(name, "{byte:02x}");
        }
        let file = dir.join(format!("{name}.json"));
        let lock = private()
            .open(file.with_extension("lock"))
            .map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(Self { file, lock })
    }

    /// What is remembered; nothing of a session that is new.
    pub fn read(&self) -> Result<Option<Remembered>, MemoryError> {
        let mut text = String::new();
        let read = File::open(&self.file).and_then(|mut file| file.read_to_string(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.forget_old();
                return Ok(None);
            }
            Err(error) => return Err(self.failed(error)),
        }
        let read = serde_json::from_str(&text);
        read.map(Some).map_err(|error| self.failed(error.into()))
    }

    /// Remembers this from now on.
    pub fn write(&self, remembered: &Remembered) -> Result<(), MemoryError> {
        let text = serde_json::to_vec(remembered).map_err(|error| self.failed(error.into()))?;
        let next = self.file.with_extension("next");
        let written = private()
            .truncate(true)
            .open(&next)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&next, &self.file));
        written.map_err(|error| self.failed(error))
    }

    /// Forgets the session, which is over.
    pub fn forget(self) -> Result<(), MemoryError> {
        let lock = self.file.with_extension("lock");
        for file in [&self.file, &lock] {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.failed(error));
                }
                _ => {}
            }
        }
        drop(self.lock);
        Ok(())
    }

    /// Removes what nobody came back to. What cannot be removed stays.
    fn forget_old(&self) {
        let dir = self.file.parent().map(fs::read_dir);
        let now = SystemTime::now();
        for entry in dir.into_iter().flatten().flatten().flatten() {
            let changed = entry.metadata().and_then(|meta| meta.modified()).ok();
            let age = changed.and_then(|changed| now.duration_since(changed).ok());
            if age.is_some_and(|age| age > FORGOTTEN_AFTER) {
                let _left = fs::remove_file(entry.path());
            }
        }
    }

    fn failed(&self, error: io::Error) -> MemoryError {
        MemoryError {
            path: self.file.clone(),
            error,
        }
    }
}

impl Remembered {
    /// A session that begins, and its journal.
    pub fn new(session: &SessionId) -> Self {
        Self {
            session: session.as_str().to_owned(),
            flow: FlowState::CLEAN,
        }
    }
}

/// Closed to everybody else.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}
