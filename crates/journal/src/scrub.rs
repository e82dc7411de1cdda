//! Cleans and masks every string of an event, object keys included.
//!
//! Works on the event's serialised form, so that no field of any event, now or
//! later, can be forgotten.

use serde::ser::Error as _;
use serde_json::{Map, Value};

use crate::mask::{is_secret_option, mask_named};
use crate::{clean, mask};

/// How deep values are kept. A reader could not parse a line that is nested
/// without bounds, and whoever is recorded must not be able to write one.
const MOST_DEPTH: usize = 64;

/// The event, given in its serialised form, as it may be written.
pub(crate) fn scrubbed(event: Value) -> Result<Map<String, Value>, serde_json::Error> {
    match event {
        Value::Object(fields) => Ok(object(fields, 0)),
        _ => Err(serde_json::Error::custom("it is no object")),
    }
}

/// What stands within an event, as it may be written by itself.
pub(crate) fn copied(fields: &Map<String, Value>) -> Value {
    Value::Object(object(fields.clone(), 1))
}

fn scrub(value: Value, depth: usize) -> Value {
    match value {
        Value::String(string) => Value::String(text(&string)),
        Value::Array(_) | Value::Object(_) if depth > MOST_DEPTH => {
            Value::String("[nested too deeply to be kept]".to_owned())
        }
        Value::Array(items) => Value::Array(array(items, depth)),
        Value::Object(fields) => Value::Object(object(fields, depth)),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// In a command line, the word after `--password` is one.
fn array(items: Vec<Value>, depth: usize) -> Vec<Value> {
    let mut option: Option<String> = None;
    items
        .into_iter()
        .map(|item| {
            let named = option.take();
            option = item
                .as_str()
                .filter(|word| is_secret_option(word))
                .map(str::to_owned);
            match (named, item) {
                (Some(name), Value::String(string)) if !string.starts_with('-') => {
                    Value::String(mask_named(&name, &clean(&string)))
                }
                (_, item) => scrub(item, depth + 1),
            }
        })
        .collect()
}

fn object(fields: Map<String, Value>, depth: usize) -> Map<String, Value> {
    let mut scrubbed = Map::new();
    for (key, value) in fields {
        let value = match value {
            Value::String(string) => Value::String(mask_named(&key, &clean(&string))),
            other => scrub(other, depth + 1),
        };
        scrubbed.insert(free_key(&scrubbed, text(&key)), value);
    }
    scrubbed
}

/// Keys that differ only in what is cleaned or masked stay apart: neither may
/// push the other out of the record.
fn free_key(taken: &Map<String, Value>, key: String) -> String {
    if !taken.contains_key(&key) {
        return key;
    }
    let first = taken.len() as u64 + 1;
    let numbered = (first..).map(|number| format!("{key} ({number})"));
    let free = numbered.into_iter().find(|key| !taken.contains_key(key));
    free.unwrap_or(key)
}

fn text(string: &str) -> String {
    mask(&clean(string))
}
