//! What arrives while a model answers.

use serde::{Deserialize, Serialize};

use crate::Item;

/// One step of a response. [`crate::Stream`] says what arrives in which order.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// The server has accepted the request.
    Created,
    /// More of the assistant's message.
    TextDelta(String),
    /// More of the summary of the model's reasoning.
    ReasoningDelta(String),
    /// An item of the response, whole. Held back until the response is
    /// complete, so an item is delivered once even if the connection broke.
    ItemDone(Item),
    /// The attempt failed and another one is about to be made. What deltas
    /// said so far is void.
    Retrying {
        /// Which retry this is, from 1.
        attempt: u32,
        /// How many there will be at most.
        of: u32,
        /// What went wrong, and how long the wait is.
        reason: String,
    },
    /// The response is complete. The last event.
    Completed {
        /// The server's name for the response.
        id: String,
        /// What it cost.
        usage: Usage,
    },
}

/// Tokens that one response has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens read that the server had in its cache.
    pub cached_input_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// Tokens written as reasoning.
    pub reasoning_output_tokens: u64,
    /// All tokens, as the server counts them.
    pub total_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.cached_input_tokens += other.cached_input_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_output_tokens += other.reasoning_output_tokens;
        self.total_tokens += other.total_tokens;
    }
}
