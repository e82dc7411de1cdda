//! Asking a model: what goes in, what comes out, what can go wrong. Who really
//! asks is above; nothing here reaches anybody.

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Somebody whose opinion is asked. What it says is data to be judged: it may
/// be wrong, and what it read may have misled it.
pub trait Adviser {
    /// The model's name.
    fn model(&self) -> &str;

    /// Asks, and waits for the whole answer. It is on record before and after.
    fn ask(&mut self, prompt: &Prompt) -> Result<Advice, AskError>;
}

/// One question, whole: an adviser remembers nothing of earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What it is about, for the record: `is sql-injection at a.py:3 real?`.
    pub about: String,
    /// What the model is to do: our own words only.
    pub instructions: String,
    /// What it is given: facts, and text of strangers between marks.
    pub input: String,
    /// The JSON schema of the answer.
    pub schema: Value,
    /// How long it may take.
    pub patience: Duration,
    /// How long the answer may be, in bytes.
    pub most: usize,
}

/// What tells a prompt from others: its SHA-256, in hexadecimal.
pub fn digest(prompt: &Prompt) -> String {
    let mut digest = Sha256::new();
    for part in [
        &prompt.instructions,
        &prompt.input,
        &prompt.schema.to_string(),
    ] {
        // With its length, so that no two prompts are the same.
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let mut hex = String::with_capacity(64);
    for byte in digest.finalize() {
        // Writing to a string cannot fail.
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}

/// An answer, as it came.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Advice {
    /// What was said: JSON, if the model did as it was told.
    pub text: String,
    /// What it cost.
    pub tokens: Tokens,
}

/// Tokens, as the provider counts them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Tokens {
    /// Taken in.
    pub input: u64,
    /// Given out, reasoning included.
    pub output: u64,
}

impl Tokens {
    /// Both together.
    pub const fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AskError {
    /// The user stopped it.
    #[error("it was interrupted")]
    Interrupted,
    /// It took too long.
    #[error("the model did not answer within {} seconds", .0.as_secs())]
    TooLate(Duration),
    /// The answer is longer than was wanted.
    #[error("the model said more than {0} bytes")]
    TooLong(usize),
    /// This answer failed; another may come.
    #[error("{0}")]
    Failed(String),
    /// Nobody answers here: asking again is of no use.
    #[error("{0}")]
    Unavailable(String),
    /// What is asked cannot be recorded, so it is not asked.
    #[error("it cannot be recorded: {0}")]
    Unrecorded(String),
}

impl AskError {
    /// Whether there is no use in asking anything else.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Interrupted | Self::Unavailable(_) | Self::Unrecorded(_)
        )
    }
}
