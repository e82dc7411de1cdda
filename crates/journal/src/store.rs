//! The directory of journals and its files: opened without following links,
//! used only if they are the user's own and closed to everybody else.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::{LineError, SessionId};

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The kernel gives no random numbers.
    #[error("cannot name a session: the kernel gives no random numbers: {0}")]
    Random(#[source] io::Error),
    /// The directory cannot be made or opened.
    #[error("cannot use the journal's directory `{}`: {source}", path.display())]
    Directory {
        /// Which directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file in the directory cannot be used.
    #[error("cannot use the journal's file `{}`: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A symbolic link, or another kind of file, is in the place of a journal.
    #[error("`{}` is {found}; a journal is never behind it: remove it or choose another directory", path.display())]
    WrongKind {
        /// Which file or directory.
        path: PathBuf,
        /// What it is instead.
        found: &'static str,
    },
    /// Somebody else owns the file or directory.
    #[error("`{}` belongs to user {owner}, not to you (user {user}): use a directory of your own for the journal", path.display())]
    NotYours {
        /// Which file or directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who asked.
        user: u32,
    },
    /// Others can get at the file or directory, or its owner cannot.
    #[error("`{}` has mode {mode:04o} where the journal needs {wanted:04o}: run `chmod {wanted:o}` on it after checking who could have changed it", path.display())]
    WrongMode {
        /// Which file or directory.
        path: PathBuf,
        /// The mode it has.
        mode: u32,
        /// The mode it must have.
        wanted: u32,
    },
    /// There is a journal of this name already.
    #[error("a journal of session {0} exists already; nothing was written to it")]
    Exists(SessionId),
    /// There is no journal of this name.
    #[error("there is no journal of session {session} in `{}`", dir.display())]
    Missing {
        /// Which session.
        session: SessionId,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// Another process writes or verifies the journal.
    #[error("the journal of session {0} is in use by another process")]
    InUse(SessionId),
    /// The session has ended.
    #[error("session {0} has ended; nothing can be added to its journal")]
    Ended(SessionId),
    /// The file is no longer what this process wrote.
    #[error("the journal `{}` was changed by somebody else while the session ran: {what}", path.display())]
    Disturbed {
        /// Which file.
        path: PathBuf,
        /// What happened to it.
        what: &'static str,
    },
    /// A file of keys is not what this program writes.
    #[error("`{}` holds no key for the journal: put back the one that was there; to begin with a new one, move it away", .0.display())]
    BadKey(PathBuf),
    /// An entry cannot be written as a line.
    #[error("an event cannot be written to the journal: {0}")]
    Unwritable(String),
    /// An earlier write failed, so nothing is known of what is on the disk.
    #[error(
        "the journal of session {session} takes no more entries since an earlier write failed: {cause}"
    )]
    Poisoned {
        /// Which session.
        session: SessionId,
        /// What the first failure was.
        cause: String,
    },
    /// The journal to be continued does not verify.
    #[error("the journal of session {session} cannot be continued: {problem}")]
    NotSound {
        /// Which session.
        session: SessionId,
        /// What is wrong with it.
        problem: String,
    },
    /// A line cannot be shown.
    #[error("line {line} of the journal `{}` {problem}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// Why not.
        problem: LineError,
    },
}

impl JournalError {
    /// An error about a file in a directory of journals.
    pub(crate) fn from_file(store: &Store, name: &str, source: io::Error) -> Self {
        store.file_error(name, source)
    }
}

/// An open directory of journals.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    directory: File,
}

impl Store {
    /// Opens the directory; makes it first if it is not there.
    pub(crate) fn create(path: &Path) -> Result<Self, JournalError> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(path)
            .or_else(|error| match error.kind() {
                // Opening finds out what is there instead, and says it better.
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => Err(directory_error(path, error)),
            })?;
        Self::open(path)
    }

    /// Opens the directory, unless it is a link, somebody else's or open to
    /// others.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        // A slash at the end would make the kernel follow a link.
        let path: PathBuf = path.components().collect();
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let directory = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(directory) => File::from(directory),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return Err(JournalError::WrongKind {
                    path,
                    found: "a link or a file, not a directory",
                });
            }
            Err(error) => return Err(directory_error(&path, error.into())),
        };
        let stat =
            rustix::fs::fstat(&directory).map_err(|error| directory_error(&path, error.into()))?;
        check_owner(&path, &stat)?;
        let mode = permissions(&stat);
        if mode & 0o077 != 0 {
            return Err(JournalError::WrongMode {
                path,
                mode,
                wanted: DIRECTORY_MODE,
            });
        }
        Ok(Self { path, directory })
    }

    /// Where a file of this directory is, for messages.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory's own path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a file that was not there. `None` if it was.
    pub(crate) fn create_file(&self, name: &str) -> Result<Option<File>, JournalError> {
        let flags = OFlags::CREATE
            | OFlags::EXCL
            | OFlags::RDWR
            | OFlags::APPEND
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = match rustix::fs::openat(&self.directory, name, flags, mode) {
            Ok(file) => File::from(file),
            Err(Errno::EXIST) => return Ok(None),
            Err(error) => return Err(self.file_error(name, error.into())),
        };
        // The process's mask may have taken away more than it should.
        rustix::fs::fchmod(&file, mode).map_err(|error| self.file_error(name, error.into()))?;
        self.check_file(name, &file)?;
        Ok(Some(file))
    }

    /// Opens a file, unless it is a link, somebody else's or open to others.
    /// `None` if it is not there.
    pub(crate) fn open_file(
        &self,
        name: &str,
        access: Access,
    ) -> Result<Option<File>, JournalError> {
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::Append => OFlags::RDWR | OFlags::APPEND,
        };
        // Without NONBLOCK a pipe in the file's place would hold us here.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.directory, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => {
                return Err(JournalError::WrongKind {
                    path: self.path_of(name),
                    found: "a symbolic link",
                });
            }
            Err(error) => return Err(self.file_error(name, error.into())),
        };
        self.check_file(name, &file)?;
        Ok(Some(file))
    }

    /// Whether the open file is a regular file, the user's own and closed to
    /// others.
    pub(crate) fn check_file(&self, name: &str, file: &File) -> Result<Stat, JournalError> {
        let stat = rustix::fs::fstat(file).map_err(|error| self.file_error(name, error.into()))?;
        let path = self.path_of(name);
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(JournalError::WrongKind {
                path,
                found: "not a regular file",
            });
        }
        check_owner(&path, &stat)?;
        let mode = permissions(&stat);
        if mode != FILE_MODE {
            return Err(JournalError::WrongMode {
                path,
                mode,
                wanted: FILE_MODE,
            });
        }
        Ok(stat)
    }

    /// Whether a name still leads to the file that has this state.
    pub(crate) fn leads_to(&self, name: &str, stat: &Stat) -> bool {
        rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|found| found.st_ino == stat.st_ino && found.st_dev == stat.st_dev)
    }

    /// Puts a file in another's place, at once.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), JournalError> {
        rustix::fs::renameat(&self.directory, from, &self.directory, to)
            .map_err(|error| self.file_error(to, error.into()))
    }

    /// Gives a file a second name, unless that is taken: then false.
    pub(crate) fn link(&self, from: &str, to: &str) -> Result<bool, JournalError> {
        let (directory, flags) = (&self.directory, AtFlags::empty());
        match rustix::fs::linkat(directory, from, directory, to, flags) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(self.file_error(to, error.into())),
        }
    }

    /// Says of a file that it is used now.
    pub(crate) fn touch(&self, name: &str) -> Result<(), JournalError> {
        let now = rustix::fs::Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_NOW,
        };
        let times = rustix::fs::Timestamps {
            last_access: now,
            last_modification: now,
        };
        rustix::fs::utimensat(&self.directory, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| self.file_error(name, error.into()))
    }

    /// A file's state by its name, if it is there.
    pub(crate) fn stat(&self, name: &str) -> Result<Option<Stat>, JournalError> {
        match rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.file_error(name, error.into())),
        }
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), JournalError> {
        match rustix::fs::unlinkat(&self.directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.file_error(name, error.into())),
        }
    }

    /// Makes the directory's names durable.
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        rustix::fs::fsync(&self.directory)
            .map_err(|error| directory_error(&self.path, error.into()))
    }

    /// The names in the directory that are text; ours all are.
    pub(crate) fn names(&self) -> Result<Vec<String>, JournalError> {
        let failed = |error: Errno| directory_error(&self.path, error.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.directory).map_err(failed)? {
            if let Ok(name) = entry.map_err(failed)?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// An error about one of the files.
    pub(crate) fn file_error(&self, name: &str, source: io::Error) -> JournalError {
        JournalError::File {
            path: self.path_of(name),
            source,
        }
    }
}

/// What a file is opened for.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Read,
    Append,
}

/// Takes a lock, or says at once that somebody else has it.
pub(crate) fn try_lock(file: &File, how: FlockOperation) -> io::Result<bool> {
    match rustix::fs::flock(file, how) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The names of a session's files. The first segment has the session's name
/// alone, as in journals of one file.
pub(crate) fn journal_name(session: &SessionId) -> String {
    segment_name(session, 1)
}

pub(crate) fn segment_name(session: &SessionId, segment: u32) -> String {
    match segment {
        0 | 1 => format!("{session}.jsonl"),
        _ => format!("{session}.{segment:04}.jsonl"),
    }
}

pub(crate) fn head_name(session: &SessionId) -> String {
    format!("{session}.head")
}

/// The file whose lock says that somebody writes the journal.
pub(crate) fn lock_name(session: &SessionId) -> String {
    format!("{session}.lock")
}

/// The session and the number of the segment that a file's name stands for.
pub(crate) fn segment_of(name: &str) -> Option<(SessionId, u32)> {
    let stem = name.strip_suffix(".jsonl")?;
    let (session, number) = match stem.split_once('.') {
        Some((session, number)) => (session, number.parse().ok()?),
        None => (stem, 1),
    };
    let session: SessionId = session.parse().ok()?;
    (segment_name(&session, number) == name).then_some((session, number))
}

fn check_owner(path: &Path, stat: &Stat) -> Result<(), JournalError> {
    let user = rustix::process::geteuid().as_raw();
    if stat.st_uid == user {
        Ok(())
    } else {
        Err(JournalError::NotYours {
            path: path.to_owned(),
            owner: stat.st_uid,
            user,
        })
    }
}

/// The width of a mode differs between systems.
#[cfg_attr(target_os = "linux", expect(clippy::useless_conversion))]
fn permissions(stat: &Stat) -> u32 {
    u32::from(stat.st_mode) & 0o7777
}

fn directory_error(path: &Path, source: io::Error) -> JournalError {
    JournalError::Directory {
        path: path.to_owned(),
        source,
    }
}
