//! What ends a turn, and what ends a session.

use dam_journal::JournalError;
use dam_model::ModelError;
use dam_sandbox::SandboxError;

/// Why a session cannot go on. The front ends with a code of its own for each.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// What happens could not be recorded, so nothing more may happen.
    #[error("the journal cannot be written, so nothing more is done: {0}")]
    Journal(#[from] JournalError),
    /// The boundary cannot be had. Nothing ran.
    #[error("{0}")]
    Boundary(SandboxError),
    /// A part of the agent broke.
    #[error("{0} broke; this is a bug in Cofferdam")]
    Broken(&'static str),
}

/// Why a turn stops before the model has said its last.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The session cannot go on.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The model gave no answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model asked for more and more.
    #[error("the model was asked {0} times in this turn without coming to an end")]
    Endless(u32),
    /// The automatic reviewer refused too much.
    #[error(
        "stopped: the automatic reviewer refused too much of what was tried; say what is wanted, or do it yourself"
    )]
    Refused,
    /// The user stopped it.
    #[error("interrupted by the user")]
    Interrupted,
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Agent(error.into())
    }
}
