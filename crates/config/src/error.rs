//! Why settings cannot be had: each with its place and what to do.

use std::path::PathBuf;

/// Why settings cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Something is wrong at one place in a file or on the command line.
    #[error("{at}: {problem}{excerpt}")]
    Place {
        /// `file:line:column`, or `-c key=value`.
        at: String,
        /// What is wrong.
        problem: String,
        /// The line itself with a marker below, on lines of their own.
        excerpt: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file is there but cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Others could change a file.
    #[error("{path} can be changed by other users, so it is not followed")]
    Writable {
        /// The file, or the directory that it is in.
        path: PathBuf,
    },
    /// Another user owns a file.
    #[error("{path} belongs to another user (uid {owner}), so it is not followed")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// What no digest can cover.
    #[error("{path}: {why}")]
    Untrustworthy {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// What was read need not be what was trusted.
    #[error("the project changed while its settings were read")]
    Moved,
    /// A record of trust that says nothing.
    #[error("{path} is no record of trust, or was damaged")]
    BadRecord {
        /// The file.
        path: PathBuf,
    },
    /// A record of trust cannot be kept.
    #[error("cannot write {path}: {error}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A named profile does not exist.
    #[error("there is no profile `{name}` in the settings")]
    NoProfile {
        /// The name.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// A directory cannot be made writable as a whole.
    #[error("{path} cannot be a writable directory: {why}")]
    Unfit {
        /// The directory.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// What git would follow or run here cannot be known.
    #[error("{path}{at}: {problem}, so what git would run here cannot be known")]
    Git {
        /// The file.
        path: PathBuf,
        /// `:line`, where there is one.
        at: String,
        /// What is wrong.
        problem: String,
    },
    /// A file that only an administrator may write belongs to somebody else.
    #[error(
        "{path} belongs to another user than root (uid {owner}), so it is not an administrator's"
    )]
    NotAdministrators {
        /// The file, or a directory on the way to it.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// Requirements are not signed as they have to be.
    #[error("{path} does not count: {why}")]
    Unsigned {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Nothing that this session could be keeps to the requirements.
    #[error("this session cannot be had: {0}")]
    Unmet(String),
    /// Two flags contradict each other.
    #[error("{0}")]
    Flags(String),
    /// There is no place for the settings and the journal.
    #[error("neither COFFERDAM_HOME nor HOME names a directory")]
    NoHome,
    /// A directory of the command line does not exist.
    #[error("there is no directory {0}")]
    NoDirectory(PathBuf),
}

impl ConfigError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Place { hint, .. } => hint.clone(),
            Self::Writable { path } => Some(format!("`chmod go-w {}`", path.display())),
            Self::Foreign { path, .. } => Some(format!(
                "copy it, or make it yours: `chown \"$(id -u)\" {}`",
                path.display()
            )),
            Self::NoProfile { nearest, name } => Some(nearest.as_ref().map_or_else(
                || format!("write {name}.config.toml beside your config.toml"),
                |near| format!("did you mean `{near}`?"),
            )),
            Self::Unfit { .. } => Some("choose a directory that holds only your work".to_owned()),
            Self::Git { .. } => Some("git would refuse it, too; repair the file".to_owned()),
            Self::Untrustworthy { .. } => {
                Some("put a file in its place, or take it out of the project".to_owned())
            }
            Self::Moved => Some("start again".to_owned()),
            Self::BadRecord { path } => Some(format!(
                "remove it (`rm {}`), and look at the project again with `dam trust`",
                path.display()
            )),
            Self::NoHome => Some("set COFFERDAM_HOME to a directory of your own".to_owned()),
            Self::NotAdministrators { path, .. } => Some(format!(
                "if it is right, `chown root {0} && chmod go-w {0}`; else ask your administrator",
                path.display()
            )),
            Self::Unsigned { .. } => Some(
                "ask your administrator; `dam requirements verify` says what is in force"
                    .to_owned(),
            ),
            Self::Unmet(_) => Some(
                "`dam requirements show` lists what is required; ask your administrator".to_owned(),
            ),
            Self::Unwritable { .. }
            | Self::Unreadable { .. }
            | Self::Flags(_)
            | Self::NoDirectory(_) => None,
        }
    }
}

/// What is wrong with one value, before its place is known.
#[derive(Debug)]
pub(crate) struct Problem {
    pub text: String,
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Problem {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
