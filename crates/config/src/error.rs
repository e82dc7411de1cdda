//! Why settings cannot be had: each with its place and what to do.

use std::path::PathBuf;

use dam_policy::{UnknownApprovalPolicy, UnknownSandboxMode};

/// Why settings cannot be had.
#[derive(Debug, thiserror::Error)]
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
        /// The file.
        path: PathBuf,
    },
    /// A named profile does not exist.
    #[error("there is no profile `{name}` in the settings")]
    NoProfile {
        /// The name.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// A provider is named that is not described.
    #[error("model_provider is `{name}` ({origin}), and there is no [model_providers.{name}]")]
    NoProvider {
        /// The name.
        name: String,
        /// Where it was set.
        origin: String,
    },
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
            Self::NoProfile { nearest, .. } => nearest
                .as_ref()
                .map(|name| format!("did you mean `{name}`?")),
            Self::NoProvider { name, .. } => Some(format!(
                "add [model_providers.{name}] with a `base_url`, or use `openai`"
            )),
            Self::NoHome => Some("set COFFERDAM_HOME to a directory of your own".to_owned()),
            Self::Unreadable { .. } | Self::Flags(_) | Self::NoDirectory(_) => None,
        }
    }
}

impl From<UnknownSandboxMode> for Problem {
    fn from(error: UnknownSandboxMode) -> Self {
        Self::new(error.to_string())
    }
}

impl From<UnknownApprovalPolicy> for Problem {
    fn from(error: UnknownApprovalPolicy) -> Self {
        Self::new(error.to_string())
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
