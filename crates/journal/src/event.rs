//! Events: what a session's journal tells. This is the wire type, version 1.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Removed;

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
        /// The model, where the session has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// Who provides it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
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
        /// Who or what decided. Filled in when it is written, if it is not
        /// given: see [`DecisionSource::of`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<DecisionSource>,
        /// The digest of the posture that it was decided under. Filled in
        /// when it is written, from what this writer recorded last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        posture: Option<String>,
        /// What else it was decided by, as it serialises: what the session
        /// has read and taken in, answers that were remembered.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        context: Value,
        /// The model's call of a tool that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
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
    /// Something that a model's stream told before its end: that it began,
    /// that an item is complete, that it failed.
    ModelEvent {
        /// The event, as the wire calls it: `response.created`.
        event: String,
        /// What it carried that is worth keeping: an item's kind, name and
        /// call.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        item: Value,
        /// What failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// How long after the request.
        duration_ms: u64,
    },
    /// A model answered in full.
    ModelResponse {
        /// Tokens taken in.
        input_tokens: u64,
        /// Tokens given out.
        output_tokens: u64,
        /// How long it took.
        duration_ms: u64,
        /// Of the tokens taken in, those that the provider had kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cached_tokens: Option<u64>,
        /// Of the tokens given out, those of its reasoning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning_tokens: Option<u64>,
    },
    /// What came of a model's call of a tool.
    ToolResult {
        /// The call, as the model names it.
        call: String,
        /// The tool.
        tool: String,
        /// Whether it did what was asked.
        ok: bool,
        /// How long it took.
        duration_ms: u64,
        /// How much the model was told, in bytes.
        output_bytes: u64,
        /// Whether the model was told less than there was.
        truncated: bool,
    },
    /// A connection, or a request on one, was judged. Written before the act.
    NetworkDecision {
        /// Names the decision within the session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// Whether the project reaches this host for the first time.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        new_host: bool,
        /// The command whose process it was, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<String>,
        /// The host, as it was asked for.
        host: String,
        /// The port.
        port: u16,
        /// `http`, `https`, `socks5`, `tcp`, `udp`, `dns`, `unix`.
        protocol: String,
        /// The request's method, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// The request's path, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// The verdict, as it serialises.
        verdict: Value,
        /// The reviewer's answer, if one was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
        /// Whether it goes ahead.
        allowed: bool,
        /// Who or what decided, as in a decision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<DecisionSource>,
        /// The digest of the posture, as in a decision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        posture: Option<String>,
        /// The process.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<i32>,
        /// The process's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<String>,
    },
    /// What was allowed to reach a host has ended.
    NetworkFinished {
        /// Which decision.
        id: u64,
        /// The host, as it was asked for.
        host: String,
        /// The port.
        port: u16,
        /// Where it went; none if it never got there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        /// What was sent from the box.
        bytes_out: u64,
        /// What came into it.
        bytes_in: u64,
        /// How long it took.
        duration_ms: u64,
        /// What broke it, if something did: a word for programs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// What became of a secret's placeholder.
    SecretUsed {
        /// The secret's name in the settings.
        name: String,
        /// What happened: `inserted`, `misdirected`, `masked`, `unused`.
        what: String,
        /// Which host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
    /// A tool of an MCP server is about to be called. Written before the act.
    McpCall {
        /// Names the call within the session.
        id: String,
        /// The server's name in the settings.
        server: String,
        /// The tool.
        tool: String,
        /// What it is given.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        arguments: Value,
    },
    /// An MCP server answered, or did not.
    McpResult {
        /// Which call.
        id: String,
        /// Whether the tool did what was asked.
        ok: bool,
        /// What failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// How long it took.
        duration_ms: u64,
        /// How much it answered.
        output_bytes: u64,
    },
    /// A hook is about to run. Written before the act.
    HookStarted {
        /// Names the run within the session.
        id: String,
        /// What it is run for: `pre_tool_use` and so on.
        event: String,
        /// Its words, the program first.
        argv: Vec<String>,
        /// The file that names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A hook ended.
    HookFinished {
        /// Which run.
        id: String,
        /// What came of it: `allowed`, `blocked`, `failed`, `timed_out`.
        outcome: String,
        /// What it said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
        /// Its exit code, unless a signal ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// How long it ran.
        duration_ms: u64,
    },
    /// Settings or rules were changed, or a session goes on under others.
    ConfigurationChanged {
        /// What was done: `rule_added`, `imported`, `mode_changed` and so on.
        what: String,
        /// The file that was changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// What stood there before.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        before: Value,
        /// What stands there now.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        after: Value,
        /// The posture from here on, if it is another one; it is kept as that
        /// of [`Self::SessionStarted`] is.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        posture: Value,
    },
    /// A project was trusted, or is not any more.
    TrustChanged {
        /// The project's root.
        project: String,
        /// What was done: `trusted`, `revoked`, `found_changed`.
        what: String,
        /// The digest of its content before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// The digest of its content now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// The session is marked by what it took in: what flow rules go by.
    FlowMarked {
        /// The mark: `private_read`, `untrusted_taken_in`.
        mark: String,
        /// What it was.
        what: String,
    },
    /// The journal's own: a signature of everything before it.
    Checkpoint {
        /// The public key, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// The signature.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// The segment that the journal goes on in, if this one ends here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_segment: Option<u32>,
    },
    /// The journal's own: a writer was killed in the middle of a line, which
    /// was never acknowledged and was cut off.
    Recovered {
        /// How much was cut off.
        bytes: u64,
    },
    /// The journal's own: what was removed because it was too old or too much.
    /// Written before anything is removed.
    Retention {
        /// Why: `max_age`, `max_bytes`.
        why: String,
        /// What was removed.
        removed: Vec<Removed>,
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

/// Who or what made a decision.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionSource {
    /// Settings: a profile, a mode, an approval policy.
    Configuration,
    /// A rule that somebody wrote.
    Rule,
    /// A person's answer.
    User,
    /// The automatic reviewer's answer.
    Reviewer,
    /// What an administrator fixed.
    Requirement,
    /// What the session had read and taken in.
    Flow,
    /// What the program brings along.
    BuiltIn,
}

impl DecisionSource {
    /// What a verdict and its answer say themselves, in their serialised form:
    /// an answer is a person's, unless nobody was there; else the verdict's
    /// rule and layer say it.
    pub fn of(verdict: &Value, answer: Option<&str>) -> Self {
        let text = |path: &str| verdict.pointer(path).and_then(Value::as_str);
        let rule = text("/rule").unwrap_or_default();
        match (answer, text("/origin/layer")) {
            (Some(answer), _) if answer != "nobody to ask" => Self::User,
            (_, Some("requirements")) => Self::Requirement,
            _ if rule.starts_with("flow") => Self::Flow,
            _ if rule.starts_with("rules") => Self::Rule,
            (_, Some("builtin") | None) => Self::BuiltIn,
            (_, Some(_)) => Self::Configuration,
        }
    }
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

    /// The event without the posture in it, which is kept elsewhere.
    pub(crate) fn without_posture(&self) -> Self {
        match self {
            Self::SessionStarted {
                front,
                cwd,
                argv,
                posture: _,
                version,
                model,
                provider,
            } => Self::SessionStarted {
                front: front.clone(),
                cwd: cwd.clone(),
                argv: argv.clone(),
                posture: Value::Null,
                version: version.clone(),
                model: model.clone(),
                provider: provider.clone(),
            },
            Self::ConfigurationChanged {
                what,
                file,
                before,
                after,
                posture: _,
            } => Self::ConfigurationChanged {
                what: what.clone(),
                file: file.clone(),
                before: before.clone(),
                after: after.clone(),
                posture: Value::Null,
            },
            other => other.clone(),
        }
    }
}
