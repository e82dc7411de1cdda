//! Entries as log records, one each.

use serde_json::Value;

use super::catalogue::{name_of, row_of};
use super::session::{Session, any, attributes_of, kind, nanoseconds};
use super::wire::{Field, Message};
use crate::Entry;

/// The records of entries after `after`, up to and with `to`,
/// each with its entry's number.
pub(super) fn records(session: &Session<'_>, after: u64, to: u64) -> Vec<(u64, Message)> {
    let wanted = session
        .iter()
        .filter(|(entry, _)| entry.seq > after && entry.seq <= to);
    wanted
        .map(|(entry, event)| (entry.seq, record(session, entry, event)))
        .collect()
}

fn record(session: &Session<'_>, entry: &Entry, event: &Value) -> Message {
    let row = row_of(kind(event));
    let name = session.named(name_of(event));
    let (number, text) = severity(event);
    let mut attributes = common(session, entry, &name);
    if let Some(row) = row {
        for (name, value) in row.values(event, session.telemetry.consent) {
            attributes.retain(|(other, _)| *other != name);
            attributes.push((name, value));
        }
    }
    Message::new()
        .with(1, "timeUnixNano", nanoseconds(entry.time))
        .with(11, "observedTimeUnixNano", nanoseconds(entry.time))
        .with(2, "severityNumber", Field::Enum(number))
        .with(3, "severityText", Field::Text(text.to_owned()))
        .with(5, "body", Field::One(any(&name.clone().into())))
        .with(6, "attributes", Field::Many(attributes_of(&attributes)))
        .with(9, "traceId", Field::Id(session.trace.clone()))
        .with(
            10,
            "spanId",
            Field::Id(session.span(session.entries[0].seq)),
        )
        .with(12, "eventName", Field::Text(name))
}

/// What every event carries.
fn common(session: &Session<'_>, entry: &Entry, name: &str) -> Vec<(&'static str, Value)> {
    let word = |word: &str| super::catalogue::is_word(word).then(|| Value::from(word));
    let (model, _) = session.model(entry.seq);
    let model = model.and_then(word).unwrap_or_default();
    let version = session.begun("/version").and_then(word).unwrap_or_default();
    vec![
        ("event.name", name.into()),
        ("event.timestamp", entry.time.to_string().into()),
        ("conversation.id", entry.session.as_str().into()),
        ("app.version", version),
        ("originator", session.service().into()),
        ("slug", model.clone()),
        ("model", model),
        // The entry that says it: with the session, the place in the journal.
        ("dam.seq", entry.seq.into()),
    ]
}

/// OpenTelemetry's number of a severity, and its name.
fn severity(event: &Value) -> (u32, &'static str) {
    let is = |at: &str, value: bool| event.pointer(at).and_then(Value::as_bool) == Some(value);
    match kind(event) {
        "error" => (17, "ERROR"),
        "denial" => (13, "WARN"),
        "decision" | "network_decision" if is("/allowed", false) => (13, "WARN"),
        "tool_result" | "mcp_result" if is("/ok", false) => (13, "WARN"),
        _ => (9, "INFO"),
    }
}
