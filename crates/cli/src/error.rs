//! The one error of the command: what kind it is (and so its exit code), what
//! happened, and what can be done. Every other crate's errors become one here
//! and nowhere else.

use std::error::Error;
use std::io;

use dam_agent::AgentError;
use dam_config::ConfigError;
use dam_egress::EgressError;
use dam_journal::{CheckpointError, FindError, JournalError, VerifyError};
use dam_model::ModelError;
use dam_sandbox::SandboxError;
use dam_sandbox::transaction::TransactionError;

use crate::exit::{self, Exit};

/// What kind of failure it is; each has its exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The command line makes no sense, or names what is not there.
    User,
    /// A layer of settings makes no sense.
    Config,
    /// The boundary cannot be had, so nothing was run.
    Boundary,
    /// The policy says no.
    Denied,
    /// The policy asks, and nobody is there to answer.
    ApprovalNeeded,
    /// What happened cannot be recorded, or the record cannot be believed.
    Journal,
    /// The command to run does not exist.
    NotFound,
    /// The command to run cannot be executed.
    NotExecutable,
    /// The task was tried and failed.
    Failed,
    /// The user stopped it.
    Interrupted,
    /// The program is wrong, or the machine.
    Internal,
    /// Nobody reads the output any more.
    BrokenPipe,
}

impl Kind {
    /// The exit code of this kind.
    pub const fn exit(self) -> Exit {
        match self {
            Self::User => exit::USAGE,
            Self::Config => exit::CONFIGURATION,
            Self::Boundary => exit::BOUNDARY,
            Self::Denied => exit::DENIED,
            Self::ApprovalNeeded => exit::APPROVAL,
            Self::Journal => exit::JOURNAL,
            Self::NotFound => exit::NOT_FOUND,
            Self::NotExecutable => exit::NOT_EXECUTABLE,
            Self::Interrupted => exit::INTERRUPTED,
            Self::Failed | Self::Internal => exit::FAILED,
            Self::BrokenPipe => exit::BROKEN_PIPE,
        }
    }
}

/// Why the command did not succeed.
#[derive(Debug)]
pub struct CommandError {
    kind: Kind,
    error: Box<dyn Error + Send + Sync>,
    hints: Vec<String>,
}

impl CommandError {
    /// An error of a kind.
    pub fn new(kind: Kind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            error: error.into(),
            hints: Vec::new(),
        }
    }

    /// The command line makes no sense.
    pub fn user(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::User, error)
    }

    /// The program is wrong, or the machine.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, error)
    }

    /// Standard output cannot be written.
    pub fn output(error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::BrokenPipe,
            _ => Kind::Internal,
        };
        Self::new(kind, format!("cannot write to standard output: {error}"))
    }

    /// The same with one more thing that can be done.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// What kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What can be done.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// What happened: the error, and below it every cause that it does not
    /// already tell.
    pub fn message(&self) -> String {
        let mut message = self.error.to_string();
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        dam_journal::clean(&message)
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        let kind = match &error {
            ConfigError::Flags(_) | ConfigError::NoDirectory(_) => Kind::User,
            _ => Kind::Config,
        };
        let hint = error.hint();
        Self::new(kind, error).maybe_hint(hint)
    }
}

impl From<EgressError> for CommandError {
    fn from(error: EgressError) -> Self {
        let made = Self::new(
            Kind::Boundary,
            format!("the way out cannot be laid: {error}"),
        );
        made.hint("nothing runs without it; or switch the network of the profile off")
    }
}

impl From<SandboxError> for CommandError {
    fn from(error: SandboxError) -> Self {
        let kind = match &error {
            SandboxError::NoCommand => Kind::User,
            SandboxError::NotFound(_) => Kind::NotFound,
            SandboxError::NotExecutable { .. } => Kind::NotExecutable,
            _ => Kind::Boundary,
        };
        let hint = error.hint();
        Self::new(kind, error).maybe_hint(hint)
    }
}

impl From<TransactionError> for CommandError {
    fn from(error: TransactionError) -> Self {
        let kind = match &error {
            TransactionError::System { .. } | TransactionError::Record { .. } => Kind::Failed,
            _ => Kind::User,
        };
        let hint = error.hint();
        Self::new(kind, error).maybe_hint(hint)
    }
}

impl From<JournalError> for CommandError {
    fn from(error: JournalError) -> Self {
        // What cannot be made or written is most often a home that is
        // read-only or full.
        let elsewhere = matches!(
            error,
            JournalError::Directory { .. } | JournalError::File { .. }
        );
        let made = Self::new(Kind::Journal, error);
        if elsewhere {
            made.hint(
                "nothing runs unrecorded; `COFFERDAM_HOME=DIR` keeps settings and journal elsewhere",
            )
        } else {
            made
        }
    }
}

impl From<CheckpointError> for CommandError {
    fn from(error: CheckpointError) -> Self {
        let kind = match &error {
            CheckpointError::NotOne => Kind::User,
            _ => Kind::Journal,
        };
        Self::new(kind, error)
    }
}

impl From<VerifyError> for CommandError {
    fn from(error: VerifyError) -> Self {
        Self::new(Kind::Journal, error)
    }
}

impl From<ModelError> for CommandError {
    fn from(error: ModelError) -> Self {
        let kind = match &error {
            ModelError::Provider { .. } => Kind::Config,
            ModelError::Recording { .. } | ModelError::RecordingFile { .. } => Kind::User,
            _ => Kind::Failed,
        };
        Self::new(kind, error)
    }
}

impl From<AgentError> for CommandError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Journal(error) => error.into(),
            AgentError::Boundary(error) => Self {
                // Whatever the boundary's error is about, it is not a command
                // that the user typed.
                kind: Kind::Boundary,
                ..error.into()
            },
            AgentError::Broken(_) => Self::internal(error),
        }
    }
}

impl From<FindError> for CommandError {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Journal(error) => error.into(),
            other => Self::user(other).hint("`dam log` lists the sessions"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        source: Option<Box<Told>>,
    }

    #[test]
    fn a_cause_is_told_once() {
        let inner = |text| Some(Box::new(Told { text, source: None }));
        let error = CommandError::internal(Told {
            text: "cannot open `x`",
            source: inner("no such file"),
        });
        assert_eq!(error.message(), "cannot open `x`: no such file");
        let error = CommandError::internal(Told {
            text: "cannot open `x`: no such file",
            source: inner("no such file"),
        });
        assert_eq!(error.message(), "cannot open `x`: no such file");
    }

    #[test]
    fn a_closed_pipe_is_a_kind_of_its_own() {
        let error = CommandError::output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!(error.kind().exit().code, 141);
        let error = CommandError::output(&io::ErrorKind::StorageFull.into());
        assert_eq!(error.kind().exit().code, 1);
    }
}
