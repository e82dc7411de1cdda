//! The events of the Responses API, as far as they matter here.
//!
//! Events with an unknown type are ignored, since servers add new ones all the
//! time; an event of a known type that does not say what it must is an error.

use serde_json::Value;

use super::retry::{Cause, Fault};
use crate::sse::Event;
use crate::{Item, ModelError, StreamEvent, Usage};

/// What an event means to the client.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// To be passed on at once.
    Event(StreamEvent),
    /// To be held back until the response is complete.
    Item(Item),
    /// The end. Some servers list the items only here.
    Completed {
        id: String,
        usage: Usage,
        output: Vec<Item>,
    },
}

/// Reads one event; `None` if it does not matter.
pub(super) fn interpret(event: &Event) -> Result<Option<Incoming>, Fault> {
    // What ends a stream in an older API, which some servers send here, too.
    if event.data == "[DONE]" {
        return Ok(None);
    }
    let mut json: Value = serde_json::from_str(&event.data)
        .map_err(|error| malformed(&format!("its data is not JSON ({error}): {}", event.data)))?;
    let kind = json
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or(&event.name)
        .to_owned();
    Ok(Some(match kind.as_str() {
        "response.created" => Incoming::Event(StreamEvent::Created),
        "response.output_text.delta" | "response.refusal.delta" => {
            Incoming::Event(StreamEvent::TextDelta(delta(&json, &kind)?))
        }
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            Incoming::Event(StreamEvent::ReasoningDelta(delta(&json, &kind)?))
        }
        // Paragraphs of a summary come without what separates them.
        "response.reasoning_summary_part.added"
            if json["summary_index"]
                .as_u64()
                .is_some_and(|index| index > 0) =>
        {
            Incoming::Event(StreamEvent::ReasoningDelta("\n\n".to_owned()))
        }
        "response.output_item.done" => match json["item"].take() {
            item @ Value::Object(_) => Incoming::Item(Item::from_wire(item)),
            _ => return Err(malformed(&format!("`{kind}` without an item"))),
        },
        "response.completed" => completed(json["response"].take())?,
        "response.failed" => return Err(failed(&json["response"]["error"])),
        "error" => {
            return Err(failed(
                json.get("error")
                    .filter(|error| error.is_object())
                    .unwrap_or(&json),
            ));
        }
        "response.incomplete" => {
            let reason = json["response"]["incomplete_details"]["reason"]
                .as_str()
                .unwrap_or("the server does not say why");
            return Err(ModelError::Incomplete {
                reason: reason.to_owned(),
            }
            .into());
        }
        _ => return Ok(None),
    }))
}

fn malformed(reason: &str) -> Fault {
    ModelError::Malformed {
        reason: reason.to_owned(),
    }
    .into()
}

fn delta(json: &Value, kind: &str) -> Result<String, Fault> {
    let delta = json["delta"]
        .as_str()
        .ok_or_else(|| malformed(&format!("`{kind}` without a delta")))?;
    Ok(delta.to_owned())
}

fn completed(mut response: Value) -> Result<Incoming, Fault> {
    if !response.is_object() {
        return Err(malformed("`response.completed` without a response"));
    }
    let output = match response["output"].take() {
        Value::Array(items) => items.into_iter().map(Item::from_wire).collect(),
        _ => Vec::new(),
    };
    let id = response["id"].as_str().unwrap_or_default().to_owned();
    Ok(Incoming::Completed {
        id,
        usage: usage(&response["usage"]),
        output,
    })
}

/// Servers leave out what they do not count.
fn usage(usage: &Value) -> Usage {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    Usage {
        input_tokens: number(&usage["input_tokens"]),
        cached_input_tokens: number(&usage["input_tokens_details"]["cached_tokens"]),
        output_tokens: number(&usage["output_tokens"]),
        reasoning_output_tokens: number(&usage["output_tokens_details"]["reasoning_tokens"]),
        total_tokens: number(&usage["total_tokens"]),
    }
}

fn failed(error: &Value) -> Fault {
    let code = error["code"]
        .as_str()
        .or_else(|| error["type"].as_str())
        .filter(|code| *code != "error");
    let message = error["message"]
        .as_str()
        .unwrap_or("the server does not say why")
        .to_owned();
    let passing = matches!(
        code,
        Some(
            "rate_limit_exceeded"
                | "server_error"
                | "server_is_overloaded"
                | "slow_down"
                | "overloaded_error"
                | "timeout"
        )
    );
    let code = code.map(str::to_owned);
    if passing {
        Cause::Failed { code, message }.into()
    } else {
        ModelError::Failed { code, message }.into()
    }
}
