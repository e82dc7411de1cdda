//! Cleans and masks every string of an event.

use serde::ser::Error as _;
use serde_json::{Map, Value};

use crate::{Event, clean, mask};

/// The event as it may be written.
pub(crate) fn scrubbed(event: &Event) -> Result<Map<String, Value>, serde_json::Error> {
    match serde_json::to_value(event)? {
        Value::Object(fields) => Ok(object(fields)),
        _ => Err(serde_json::Error::custom("an event is an object")),
    }
}

fn object(fields: Map<String, Value>) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(key, value)| (text(&key), scrub(value)))
        .collect()
}

fn scrub(value: Value) -> Value {
    match value {
        Value::String(string) => Value::String(text(&string)),
        Value::Array(items) => Value::Array(items.into_iter().map(scrub).collect()),
        Value::Object(fields) => Value::Object(object(fields)),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn text(string: &str) -> String {
    mask(&clean(string))
}
