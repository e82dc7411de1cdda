//! What a hook is given: the call of a tool, in a vendor's JSON.

use std::path::{Path, PathBuf};

use dam_gate::Request;
use serde::Deserialize;
use serde_json::Value;

use crate::{Agent, tools};

/// A call that a hook was run for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// What the hook was run for.
    pub event: Event,
    /// The vendor's name for the session.
    pub session: String,
    /// The vendor's name for the call, where it has one.
    pub id: Option<String>,
    /// The tool, as the vendor calls it; empty where the event has none.
    pub tool: String,
    /// What the call would do. None where it does nothing outside the agent.
    pub requests: Vec<Request>,
}

/// What a hook is run for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A tool is about to be used: the one that is judged.
    PreToolUse,
    /// The session is over.
    SessionEnd,
    /// Another, by its name.
    Other(String),
}

/// Why what a hook was given is no call.
#[derive(Debug, thiserror::Error)]
pub enum BadCall {
    /// It is not the JSON that the vendor documents.
    #[error("what the hook was given cannot be read: {0}")]
    NotRead(#[from] serde_json::Error),
    /// A field of a tool's input is missing or of another kind.
    #[error("the call of `{tool}` has no `{field}` that can be read")]
    NoField {
        /// The tool.
        tool: String,
        /// What is missing.
        field: &'static str,
    },
    /// A path without a directory that it is relative to.
    #[error("`{0}` is not absolute, and the call names no directory")]
    NoDirectory(String),
    /// An address that names no host.
    #[error("`{0}` is not the address of a host")]
    NoHost(String),
    /// A patch that names no file.
    #[error("the patch names no file")]
    NoPatch,
}

/// The fields that both vendors have. Others are let pass.
#[derive(Deserialize)]
struct Payload {
    hook_event_name: String,
    session_id: String,
    #[serde(default)]
    cwd: Option<PathBuf>,
    #[serde(default)]
    tool_name: Option<String>,
    #[serde(default)]
    tool_input: Value,
    #[serde(default)]
    tool_use_id: Option<String>,
}

impl Call {
    /// Reads what a hook was given. `here` is where the hook runs, for calls
    /// that name no directory.
    pub fn read(agent: Agent, text: &[u8], here: &Path) -> Result<Self, BadCall> {
        let payload: Payload = serde_json::from_slice(text)?;
        let event = match payload.hook_event_name.as_str() {
            "PreToolUse" => Event::PreToolUse,
            "SessionEnd" => Event::SessionEnd,
            other => Event::Other(other.to_owned()),
        };
        let missing = |field| BadCall::NoField {
            tool: payload.tool_name.clone().unwrap_or_default(),
            field,
        };
        if payload.session_id.is_empty() {
            return Err(missing("session_id"));
        }
        let (mut tool, mut requests) = (String::new(), Vec::new());
        if event == Event::PreToolUse {
            tool = payload
                .tool_name
                .clone()
                .ok_or_else(|| missing("tool_name"))?;
            let cwd = payload
                .cwd
                .as_ref()
                .map_or_else(|| here.to_owned(), |cwd| here.join(cwd));
            if !cwd.is_absolute() {
                return Err(BadCall::NoDirectory(cwd.display().to_string()));
            }
            requests = tools::requests(agent, &tool, &payload.tool_input, &cwd)?;
        }
        Ok(Self {
            event,
            session: payload.session_id,
            id: payload.tool_use_id,
            tool,
            requests,
        })
    }
}
