//! Events: what a session's journal tells. This is the wire type, version 1.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Something that a session did, wanted or was refused.
///
/// Strings are written as they are after cleaning and masking. A kind that
/// this version does not know is kept as it is in [`Event::Unknown`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The first event of a session.
    SessionStarted {
        /// Where actions come from: `exec`, `run`, `sandbox` and so on.
        front: String,
        /// The directory it started in.
        cwd: String,
        /// The command line.
        argv: Vec<String>,
        /// The posture, as it serialises.
        posture: Value,
        /// The version of the program.
        version: String,
    },
    /// What the user asked for.
    Prompt {
        /// In the user's words.
        text: String,
    },
    /// An action was judged. Written before the act.
    Decision {
        /// The action, as it serialises.
        action: Value,
        /// The verdict, as it serialises.
        verdict: Value,
        /// The reviewer's answer, if one was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
        /// Whether the action goes ahead.
        allowed: bool,
    },
    /// A command is about to start. Written before the act.
    CommandStarted {
        /// Names the command within the session.
        id: String,
        /// The words, the program first.
        argv: Vec<String>,
        /// The directory it runs in.
        cwd: String,
        /// The profile that holds it.
        profile: String,
        /// The tier that enforces the profile.
        tier: String,
    },
    /// The boundary refused something that a process tried.
    Denial {
        /// The command whose process it was, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<String>,
        /// The system call or operation.
        what: String,
        /// The path it was about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// The rule that refused.
        rule: String,
        /// Why.
        reason: String,
        /// The process.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<i32>,
        /// The process's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<String>,
    },
    /// A command ended.
    CommandFinished {
        /// Which command.
        id: String,
        /// Its exit code, unless a signal ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// How long it ran.
        duration_ms: u64,
        /// How much it wrote to its standard output and error.
        output_bytes: u64,
    },
    /// A file was changed by an edit.
    FileChanged {
        /// Which file.
        path: String,
        /// How: `add`, `update`, `delete` and so on.
        change: String,
    },
    /// A transaction was begun, gone on with, kept or dropped.
    Transaction {
        /// Which.
        id: String,
        /// What happened: `begun`, `resumed`, `keeping`, `kept`, `dropped`.
        step: String,
        /// The places, or the changes, that it is about.
        about: Vec<String>,
    },
    /// A model was asked.
    ModelRequest {
        /// Which model.
        model: String,
        /// At which provider.
        provider: String,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// A model answered in full.
    ModelResponse {
        /// Tokens taken in.
        input_tokens: u64,
        /// Tokens given out.
        output_tokens: u64,
        /// How long it took.
        duration_ms: u64,
    },
    /// Something that the user was told.
    Notice {
        /// What was said.
        text: String,
    },
    /// Something failed.
    Error {
        /// What failed.
        text: String,
    },
    /// The last event of a session: nothing can follow it.
    SessionEnded {
        /// How it ended: `completed`, `failed`, `interrupted` and so on.
        outcome: String,
    },
    /// An event that this version does not know.
    #[serde(untagged)]
    Unknown(UnknownEvent),
}

/// An event that this version does not know, kept as it was written.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct UnknownEvent {
    /// The kind it has.
    pub kind: String,
    /// Everything else that it says.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Event {
    /// Whether nothing can follow this event.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::SessionEnded { .. })
    }
}
