//! A session's entries, with what every message needs of them: identifiers, the
//! resource, attributes.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::wire::{Field, Message};
use super::{Signal, Telemetry};
use crate::{Entry, Event, JournalError, SessionId};

/// Which version of the conventions names follow.
const SCHEMA: &str = "https://opentelemetry.io/schemas/1.37.0";
const SCOPE: &str = "cofferdam";

/// Every entry of a journal, with the postures that stand beside it put back.
pub fn entries(dir: &Path, session: &SessionId) -> Result<Vec<Entry>, JournalError> {
    let mut entries = crate::read(dir, session)?;
    for entry in &mut entries {
        if let Event::SessionStarted { posture, .. } = &mut entry.event
            && let Some(whole) = crate::posture(dir, posture)?
        {
            *posture = whole;
        }
    }
    Ok(entries)
}

/// A session as it is told.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub entries: &'a [Entry],
    /// Each entry's event, as it serialises.
    pub events: Vec<Value>,
    pub telemetry: &'a Telemetry,
    pub trace: Vec<u8>,
    /// Whether nothing will follow the last entry.
    pub over: bool,
}

impl<'a> Session<'a> {
    /// None for a session without entries.
    pub(super) fn new(entries: &'a [Entry], telemetry: &'a Telemetry, over: bool) -> Option<Self> {
        let first = entries.first()?;
        // The identifier has few random digits; the first entry's hash covers
        // the rest of what is particular about this session.
        let trace = digest(&["trace", first.session.as_str(), &first.hash], 16);
        Some(Self {
            events: entries
                .iter()
                .map(|entry| serde_json::to_value(&entry.event).unwrap_or_default())
                .collect(),
            entries,
            telemetry,
            trace,
            over,
        })
    }

    /// Entries and their events.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Entry, &Value)> {
        self.entries.iter().zip(&self.events)
    }

    pub(super) fn id(&self) -> &'a SessionId {
        &self.entries[0].session
    }

    pub(super) fn last(&self) -> &'a Entry {
        &self.entries[self.entries.len() - 1]
    }

    /// What the session began with, at a place.
    pub(super) fn begun(&self, at: &str) -> Option<&str> {
        self.events[0].pointer(at).and_then(Value::as_str)
    }

    /// The model that was asked last at an entry, and who provides it. The
    /// session's own before the first request.
    pub(super) fn model(&self, seq: u64) -> (Option<&str>, Option<&str>) {
        let asked = self.iter().take_while(|(entry, _)| entry.seq <= seq);
        let asked = asked
            .filter(|(_, event)| kind(event) == "model_request")
            .last();
        let event = asked.map_or(&self.events[0], |(_, event)| event);
        let text = |at| event.pointer(at).and_then(Value::as_str);
        (text("/model"), text("/provider"))
    }

    /// The span that stands for what began with an entry.
    pub(super) fn span(&self, seq: u64) -> Vec<u8> {
        let trace = crate::digest::hex(&self.trace);
        digest(&["span", &trace, &seq.to_string()], 8)
    }

    /// A name with the prefix that was chosen.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.telemetry.event_prefix)
    }

    /// As Codex names its originators: the product and the front.
    pub(super) fn service(&self) -> String {
        let product = self.telemetry.event_prefix.trim_end_matches(['.', '_']);
        match self.begun("/front") {
            Some(front) if super::catalogue::is_word(front) => format!("{product}_{front}"),
            _ => product.to_owned(),
        }
    }

    /// The whole request: records, under what they have in common.
    pub(super) fn request(&self, signal: Signal, records: Vec<Message>) -> Message {
        let (outer, inner, list) = match signal {
            Signal::Logs => ("resourceLogs", "scopeLogs", "logRecords"),
            Signal::Traces => ("resourceSpans", "scopeSpans", "spans"),
            Signal::Metrics => ("resourceMetrics", "scopeMetrics", "metrics"),
        };
        let scope = Message::new()
            .with(1, "name", Field::Text(SCOPE.to_owned()))
            .with(2, "version", Field::Text(self.telemetry.version.clone()));
        let scoped = Message::new()
            .with(1, "scope", Field::One(scope))
            .with(2, list, Field::Many(records))
            .with(3, "schemaUrl", Field::Text(SCHEMA.to_owned()));
        let whole = Message::new()
            .with(1, "resource", Field::One(self.resource()))
            .with(2, inner, Field::Many(vec![scoped]))
            .with(3, "schemaUrl", Field::Text(SCHEMA.to_owned()));
        Message::new().with(1, outer, Field::Many(vec![whole]))
    }

    fn resource(&self) -> Message {
        let version = self.begun("/version").unwrap_or(&self.telemetry.version);
        let environment = &self.telemetry.environment;
        let system = rustix::system::uname();
        let mut attributes = vec![
            ("service.name", self.service().into()),
            ("service.version", version.into()),
            ("service.instance.id", self.id().as_str().into()),
            ("deployment.environment.name", environment.clone().into()),
            // What Codex calls it.
            ("env", environment.clone().into()),
            ("os.type", std::env::consts::OS.into()),
            ("host.arch", std::env::consts::ARCH.into()),
        ];
        if let Ok(host) = system.nodename().to_str() {
            attributes.push(("host.name", crate::clean(host).into()));
        }
        Message::new().with(1, "attributes", Field::Many(attributes_of(&attributes)))
    }
}

/// The kind of an event.
pub(super) fn kind(event: &Value) -> &str {
    event
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Attributes as messages.
pub(super) fn attributes_of(attributes: &[(&str, Value)]) -> Vec<Message> {
    attributes
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            Message::new()
                .with(1, "key", Field::Text((*name).to_owned()))
                .with(2, "value", Field::One(any(value)))
        })
        .collect()
}

/// A value of any kind.
pub(super) fn any(value: &Value) -> Message {
    let message = Message::new();
    match value {
        Value::Bool(value) => message.with(2, "boolValue", Field::Switch(*value)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => message.with(3, "intValue", Field::Int(number)),
            (None, number) => {
                message.with(4, "doubleValue", Field::Double(number.unwrap_or_default()))
            }
        },
        Value::String(text) => message.with(1, "stringValue", Field::Text(text.clone())),
        other => message.with(1, "stringValue", Field::Text(other.to_string())),
    }
}

/// Nanoseconds since 1970. A time before it is none that was measured.
pub(super) fn nanoseconds(time: Timestamp) -> Field {
    Field::Fixed64(u64::try_from(time.as_nanosecond()).unwrap_or_default())
}

/// The first bytes of a hash over words.
fn digest(words: &[&str], length: usize) -> Vec<u8> {
    let hash = crate::digest::sha256(words.join("\0").as_bytes());
    let mut bytes = crate::digest::bytes(&hash).unwrap_or_default();
    bytes.truncate(length);
    bytes
}
