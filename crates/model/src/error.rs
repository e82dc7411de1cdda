//! What can go wrong, in words for the person who has to mend it.
//!
//! Text from a server is cleaned and freed of the provider's secrets before it
//! gets in here.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why a model gave no (further) answer.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The provider's settings cannot work.
    #[error("model provider `{provider}` cannot be used: {reason}")]
    Provider {
        /// The provider's identifier.
        provider: String,
        /// What is wrong, and with which setting.
        reason: String,
    },

    /// The server could not be reached.
    #[error(
        "cannot reach model provider `{provider}` at `{address}` (attempts: {attempts}): {reason}"
    )]
    Unreachable {
        /// The provider's identifier.
        provider: String,
        /// Host and port.
        address: String,
        /// How often it was tried.
        attempts: u32,
        /// The network's own words.
        reason: String,
    },

    /// The server answered, but not with a response.
    #[error("model provider `{provider}` answered {status}: {message}{}", hint.as_deref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default())]
    Status {
        /// The provider's identifier.
        provider: String,
        /// The HTTP status.
        status: u16,
        /// The server's message, cleaned.
        message: String,
        /// What the user can do, if that is known.
        hint: Option<String>,
    },

    /// The server gave up on the response.
    #[error("the model's response failed: {message}{}", code.as_deref().map(|code| format!(" (`{code}`)")).unwrap_or_default())]
    Failed {
        /// The server's word for the kind of failure.
        code: Option<String>,
        /// The server's message, cleaned.
        message: String,
    },

    /// The response was cut short on purpose (length, content filter).
    #[error("the model's response is incomplete: {reason}")]
    Incomplete {
        /// The server's reason, cleaned.
        reason: String,
    },

    /// The stream broke before the response was complete.
    #[error("the model's response broke off (attempts: {attempts}): {reason}")]
    BrokenOff {
        /// How often it was tried.
        attempts: u32,
        /// How it broke.
        reason: String,
    },

    /// The server was silent for too long.
    #[error("the model sent nothing for {} seconds (attempts: {attempts}); `stream_idle_timeout_ms` sets how long to wait", after.as_secs_f32())]
    Idle {
        /// How long it was silent.
        after: Duration,
        /// How often it was tried.
        attempts: u32,
    },

    /// The server sent more than is taken.
    #[error("the model server sent {what} of more than {limit} bytes")]
    TooLarge {
        /// A noun for what was too large.
        what: &'static str,
        /// What would have been taken.
        limit: usize,
    },

    /// The server sent something that is not an event of the Responses API.
    #[error("the model server sent a malformed event: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },

    /// A recording cannot be read, or does not fit what is asked.
    #[error("recording `{}`, line {line}: {reason}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, or what differs.
        reason: String,
    },

    /// A recording cannot be opened, created or written.
    #[error("recording `{}`: {action} failed: {source}", path.display())]
    RecordingFile {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's error.
        source: std::io::Error,
    },

    /// The task that was to answer ended without a word.
    #[error("the model's task ended without an answer; this is a bug in Cofferdam")]
    Vanished,
}
