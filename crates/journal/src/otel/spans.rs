//! Entries as spans: the session, in it each turn, in that what was asked of a
//! model and what was run. Names follow the conventions for generative AI.
//!
//! Identifiers are made from the journal, so that a span that is sent twice is
//! the same span.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::catalogue::{is_word, row_of};
use super::session::{Session, attributes_of, kind, nanoseconds};
use super::wire::{Field, Message};
use crate::Entry;

const AGENT: &str = "cofferdam";
const INTERNAL: u32 = 1;
const CLIENT: u32 = 3;
const FAILED: u32 = 2;

/// The spans that end after `after`, up to and with `to`. What is still open
/// when a session is over ends after its last entry. Each with the number of
/// the entry that it ends with.
pub(super) fn spans(session: &Session<'_>, after: u64, to: u64) -> Vec<(u64, Message)> {
    let mut walk = Walk {
        session,
        after,
        to,
        turn: None,
        open: BTreeMap::new(),
        finished: Vec::new(),
    };
    walk.all();
    walk.finished
}

/// A span that has not ended.
struct Open {
    seq: u64,
    parent: Option<u64>,
    name: String,
    kind: u32,
    start: Timestamp,
    attributes: Vec<(&'static str, Value)>,
    events: Vec<Message>,
}

struct Walk<'s, 'a> {
    session: &'s Session<'a>,
    after: u64,
    to: u64,
    /// The entry that the turn began with.
    turn: Option<u64>,
    /// By what its end will name.
    open: BTreeMap<String, Open>,
    finished: Vec<(u64, Message)>,
}

const SESSION: &str = "session";
const TURN: &str = "turn";
const CHAT: &str = "chat";

impl Walk<'_, '_> {
    fn all(&mut self) {
        for (entry, event) in self.session.entries.iter().zip(&self.session.events) {
            self.take(entry, event);
        }
        if self.session.over {
            let last = self.session.last();
            let left: Vec<String> = self.open.keys().cloned().collect();
            for name in left {
                // Whatever has no end did not go well, but for what ends with
                // the session.
                let cut = !matches!(&*name, SESSION | TURN) || !last.event.is_last();
                let error = cut.then_some("interrupted");
                self.close(&name, last.seq + 1, last.time, error, vec![]);
            }
        }
    }

    fn take(&mut self, entry: &Entry, event: &Value) {
        let text = |at: &str| word(event, at);
        let call = |at: &str| text(at).as_str().unwrap_or("?").to_owned();
        match kind(event) {
            "session_started" => self.begin(SESSION, entry, session_span(event)),
            "prompt" => {
                self.close(TURN, entry.seq, entry.time, None, vec![]);
                self.turn = Some(entry.seq);
                self.begin(TURN, entry, self.turn_span(entry));
            }
            "model_request" => {
                self.close(CHAT, entry.seq, entry.time, Some("retried"), vec![]);
                self.begin(CHAT, entry, chat_span(event));
            }
            "model_response" => self.answered(entry, event),
            "command_started" => {
                let (name, attributes) = tool_span("command", &text("/id"));
                self.begin(
                    &format!("command {}", call("/id")),
                    entry,
                    (name, INTERNAL, attributes),
                );
            }
            "command_finished" => {
                let exit = event.pointer("/exit").cloned().unwrap_or_default();
                let error = (exit != 0).then_some(if exit.is_null() { "signal" } else { "exit" });
                let name = format!("command {}", call("/id"));
                let attributes = vec![("process.exit.code", exit)];
                self.close(&name, entry.seq, entry.time, error, attributes);
            }
            "mcp_call" => {
                let tool = call("/tool");
                let (name, attributes) = tool_span(&tool, &text("/id"));
                self.begin(
                    &format!("mcp {}", call("/id")),
                    entry,
                    (name, CLIENT, attributes),
                );
            }
            "hook_started" => {
                let name = format!("hook {}", call("/event"));
                self.begin(
                    &format!("hook {}", call("/id")),
                    entry,
                    (name, INTERNAL, vec![]),
                );
            }
            "mcp_result" => {
                let ok = event.pointer("/ok").and_then(Value::as_bool) == Some(true);
                let error = (!ok).then_some("tool_error");
                self.close(
                    &format!("mcp {}", call("/id")),
                    entry.seq,
                    entry.time,
                    error,
                    vec![],
                );
            }
            "hook_finished" => {
                let outcome = vec![("dam.outcome", text("/outcome"))];
                self.close(
                    &format!("hook {}", call("/id")),
                    entry.seq,
                    entry.time,
                    None,
                    outcome,
                );
            }
            "session_ended" => {
                self.close(TURN, entry.seq, entry.time, None, vec![]);
                let outcome = text("/outcome");
                let error = (outcome == "failed").then_some("failed");
                self.close(
                    SESSION,
                    entry.seq,
                    entry.time,
                    error,
                    vec![("dam.outcome", outcome)],
                );
            }
            "denial" => {
                let owner = format!("command {}", call("/command"));
                self.note(&owner, entry, event);
            }
            "decision" | "network_decision" | "error" | "flow_marked" | "configuration_changed" => {
                self.note(TURN, entry, event);
            }
            _ => {}
        }
    }

    fn begin(&mut self, key: &str, entry: &Entry, (name, kind, attributes): Parts) {
        let session = self.session.entries[0].seq;
        let parent = match key {
            SESSION => None,
            TURN => Some(session),
            _ => Some(self.turn.unwrap_or(session)),
        };
        let open = Open {
            seq: entry.seq,
            parent,
            name,
            kind,
            start: entry.time,
            attributes,
            events: Vec::new(),
        };
        self.open.insert(key.to_owned(), open);
    }

    /// Something that happened in a span; in the session's if that is not open.
    fn note(&mut self, key: &str, entry: &Entry, event: &Value) {
        let Some(row) = row_of(kind(event)) else {
            return;
        };
        let key = if self.open.contains_key(key) {
            key
        } else {
            SESSION
        };
        let Some(open) = self.open.get_mut(key) else {
            return;
        };
        let attributes = row.values(event, self.session.telemetry.consent);
        open.events.push(
            Message::new()
                .with(1, "timeUnixNano", nanoseconds(entry.time))
                .with(2, "name", Field::Text(self.session.named(row.name)))
                .with(3, "attributes", Field::Many(attributes_of(&attributes))),
        );
    }

    /// A model's answer: its tokens count for the request and for the turn.
    fn answered(&mut self, entry: &Entry, event: &Value) {
        let tokens = |at: &str| {
            event
                .pointer(at)
                .and_then(Value::as_u64)
                .unwrap_or_default()
        };
        let usage = [
            ("gen_ai.usage.input_tokens", tokens("/input_tokens")),
            ("gen_ai.usage.output_tokens", tokens("/output_tokens")),
        ];
        if let Some(turn) = self.open.get_mut(TURN) {
            for (name, count) in usage {
                let known = turn.attributes.iter_mut().find(|(other, _)| *other == name);
                match known {
                    Some((_, sum)) => *sum = (sum.as_u64().unwrap_or_default() + count).into(),
                    None => turn.attributes.push((name, count.into())),
                }
            }
        }
        let usage = usage
            .map(|(name, count)| (name, Value::from(count)))
            .to_vec();
        self.close(CHAT, entry.seq, entry.time, None, usage);
    }

    fn close(
        &mut self,
        key: &str,
        seq: u64,
        time: Timestamp,
        error: Option<&'static str>,
        more: Vec<(&'static str, Value)>,
    ) {
        let Some(mut open) = self.open.remove(key) else {
            return;
        };
        if key == TURN {
            self.turn = None;
        }
        if seq <= self.after || seq > self.to {
            return;
        }
        open.attributes.extend(more);
        if let Some(error) = error {
            open.attributes.push(("error.type", error.into()));
        }
        self.finished.push((seq, self.message(open, time, error)));
    }

    fn message(&self, open: Open, end: Timestamp, error: Option<&'static str>) -> Message {
        let mut attributes = vec![
            ("gen_ai.conversation.id", self.session.id().as_str().into()),
            ("dam.seq", open.seq.into()),
        ];
        attributes.extend(open.attributes);
        let mut message = Message::new()
            .with(1, "traceId", Field::Id(self.session.trace.clone()))
            .with(2, "spanId", Field::Id(self.session.span(open.seq)));
        if let Some(parent) = open.parent {
            message = message.with(4, "parentSpanId", Field::Id(self.session.span(parent)));
        }
        message = message
            .with(5, "name", Field::Text(open.name))
            .with(6, "kind", Field::Enum(open.kind))
            .with(7, "startTimeUnixNano", nanoseconds(open.start))
            .with(8, "endTimeUnixNano", nanoseconds(end.max(open.start)))
            .with(9, "attributes", Field::Many(attributes_of(&attributes)));
        if !open.events.is_empty() {
            message = message.with(11, "events", Field::Many(open.events));
        }
        if error.is_some() {
            let status = Message::new().with(3, "code", Field::Enum(FAILED));
            message = message.with(15, "status", Field::One(status));
        }
        message
    }

    fn turn_span(&self, entry: &Entry) -> Parts {
        // The model is asked after the turn began.
        let next = self
            .session
            .iter()
            .find(|(later, event)| later.seq > entry.seq && kind(event) == "model_request");
        let asked = next.map(|(_, event)| event);
        let of = |at: &str| asked.map(|event| word(event, at)).unwrap_or_default();
        let attributes = vec![
            ("gen_ai.operation.name", "invoke_agent".into()),
            ("gen_ai.agent.name", AGENT.into()),
            ("gen_ai.provider.name", of("/provider")),
            ("gen_ai.request.model", of("/model")),
        ];
        (format!("invoke_agent {AGENT}"), INTERNAL, attributes)
    }
}

/// A span's name, its kind, its attributes.
type Parts = (String, u32, Vec<(&'static str, Value)>);

fn session_span(event: &Value) -> Parts {
    let front = word(event, "/front");
    let name = format!("session {}", front.as_str().unwrap_or_default());
    let attributes = vec![
        ("dam.front", front.clone()),
        ("dam.profile", word(event, "/posture/profile/value/name")),
    ];
    (name.trim_end().to_owned(), INTERNAL, attributes)
}

fn chat_span(event: &Value) -> Parts {
    let model = word(event, "/model");
    let name = format!("chat {}", model.as_str().unwrap_or_default());
    let attributes = vec![
        ("gen_ai.operation.name", "chat".into()),
        ("gen_ai.provider.name", word(event, "/provider")),
        ("gen_ai.request.model", model.clone()),
        (
            "dam.attempt",
            event.pointer("/attempt").cloned().unwrap_or_default(),
        ),
    ];
    (name.trim_end().to_owned(), CLIENT, attributes)
}

fn tool_span(tool: &str, call: &Value) -> (String, Vec<(&'static str, Value)>) {
    let attributes = vec![
        ("gen_ai.operation.name", "execute_tool".into()),
        ("gen_ai.tool.name", tool.into()),
        ("gen_ai.tool.call.id", call.clone()),
    ];
    (format!("execute_tool {tool}"), attributes)
}

/// A field, if it is a plain word.
fn word(event: &Value, at: &str) -> Value {
    match event.pointer(at).and_then(Value::as_str) {
        Some(text) if is_word(text) => text.into(),
        _ => Value::Null,
    }
}
