//! Why a transaction cannot be begun, found, kept or dropped.

use std::io;
use std::path::{Path, PathBuf};

/// Why a transaction cannot be begun, found, kept or dropped.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// Nothing would hold writes back.
    #[error("without a boundary nothing can be held back, so there can be no transaction")]
    NoBoundary,
    /// There is nothing to hold back.
    #[error("nothing is writable in this session, so there is nothing to hold back")]
    NothingWritable,
    /// A layer needs a directory below it.
    #[error("{0} is writable and no directory; a transaction cannot hold it back")]
    NoDirectory(PathBuf),
    /// There is none of this name.
    #[error("there is no open transaction `{0}`")]
    Unknown(String),
    /// A command, or another `keep`, uses it.
    #[error("transaction {0} is in use: its command still runs, or somebody keeps or drops it")]
    InUse(String),
    /// Its layer no longer is what its command has seen.
    #[error("transaction {0} has been kept or dropped in part, so it cannot go on")]
    PartlyDecided(String),
    /// The session's places are not those it began with.
    #[error("transaction {0} began with other writable places, so it cannot go on here")]
    OtherPlaces(String),
    /// No change lies there.
    #[error("the transaction changes nothing at {0}")]
    NoChange(PathBuf),
    /// Others could read or change what is held back.
    #[error("{0} is open to others; make it yours alone (`chmod 700`)")]
    OpenToOthers(PathBuf),
    /// Its description cannot be understood.
    #[error("the record of transaction {id} cannot be read: {why}")]
    Record {
        /// Which.
        id: String,
        /// Why.
        why: String,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    System {
        /// What it was about.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
}

impl TransactionError {
    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NothingWritable => {
                Some("`--sandbox workspace-write` makes the workspace writable")
            }
            Self::Unknown(_) => Some("`dam changes --list` lists them"),
            Self::InUse(_) => Some("wait until it has ended"),
            Self::PartlyDecided(_) => Some("keep or drop the rest, and begin a new one"),
            Self::OtherPlaces(_) => {
                Some("run it in the same directory, with the same `--sandbox` and `--add-dir`")
            }
            Self::NoChange(_) => Some("`dam changes` lists what there is"),
            _ => None,
        }
    }
}

/// An error of the file system about a path.
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> TransactionError {
    move |source| TransactionError::System {
        path: path.to_owned(),
        source,
    }
}
