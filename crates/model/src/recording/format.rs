//! The recording file: JSON lines, a header and one line for each response.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Usage;

/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u64 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    #[serde(rename = "cofferdam-recording")]
    pub(super) version: u64,
    pub(super) model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// The names that `{{name}}` is replaced for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) variables: Vec<String>,
}

/// Every further line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Response {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    #[serde(default)]
    pub(super) expect: Expect,
    pub(super) events: Vec<Event>,
}

/// What the request must look like for the response to make sense. What is
/// left out is not checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    /// The calls whose outputs are new, by `call_id`, in any order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answers: Option<Vec<String>>,
    /// The hash of the newest message of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_hash: Option<String>,
    /// Texts that occur somewhere in the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) input_contains: Vec<String>,
    /// Texts that occur in what came after the model's last word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) new_input_contains: Vec<String>,
    /// Tools that are offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<String>,
}

/// One step of the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Event {
    /// A piece of the assistant's message, as it streams.
    Text(String),
    /// A piece of the summary of reasoning.
    Reasoning(String),
    /// A whole item, as the Responses API writes it.
    Item(Value),
    /// The end.
    Completed(Completed),
    /// The end, if the model gave up.
    Failed(String),
}

/// The end of a response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Completed {
    pub(super) id: String,
    pub(super) usage: Usage,
}

impl Event {
    /// Whether nothing may follow.
    pub(super) fn is_end(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_))
    }
}
