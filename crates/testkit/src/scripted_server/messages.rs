//! Turns as the Messages API says them, streamed or whole.

use serde_json::{Value, json};

use super::http::Reply;
use super::turn::{Content, Part, Turn, arguments_text, deltas, sse};

/// The reply for `turn`, the `number`-th of the script from 1.
pub(super) fn render(turn: &Turn, number: usize, request: &Value) -> Reply {
    if let Some(reply) = super::plain(turn) {
        return reply;
    }
    let (parts, stop) = match &turn.content {
        Content::Parts(parts) => (parts.as_slice(), stop_reason(parts)),
        Content::Incomplete(_) => ([].as_slice(), "max_tokens"),
        Content::Failed { code, message } => return failed(turn, code, message),
        Content::Status { .. } | Content::Reply { .. } | Content::Raw(_) => {
            ([].as_slice(), "end_turn")
        }
    };
    let mut message = json!({"id": format!("msg_{number}"), "type": "message", "role": "assistant",
        "model": request["model"], "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": super::turn::usage(turn)});
    let blocks: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| block(number, index, part))
        .collect();
    if request["stream"] != true {
        message["content"] = json!(blocks);
        message["stop_reason"] = json!(stop);
        return Reply::json(200, &message);
    }
    let mut events = vec![
        json!({"type": "message_start", "message": message}),
        json!({"type": "ping"}),
    ];
    blocks
        .iter()
        .enumerate()
        .for_each(|(index, block)| stream_block(&mut events, index, block));
    events.push(
        json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null},
        "usage": {"output_tokens": turn.usage.1}}),
    );
    events.push(json!({"type": "message_stop"}));
    Reply::stream(events.iter().map(sse).collect(), turn.end)
}

fn failed(turn: &Turn, code: &str, message: &str) -> Reply {
    let event = json!({"type": "error", "error": {"type": code, "message": message}});
    Reply::stream(vec![sse(&event)], turn.end)
}

fn stop_reason(parts: &[Part]) -> &'static str {
    let call = |part: &Part| {
        matches!(
            part,
            Part::FunctionCall { .. } | Part::CustomToolCall { .. }
        )
    };
    if parts.iter().any(call) {
        "tool_use"
    } else {
        "end_turn"
    }
}

fn block(number: usize, index: usize, part: &Part) -> Value {
    let tool = |name: &str, input: Value| json!({"type": "tool_use", "id": format!("toolu_{number}_{index}"), "name": name, "input": input});
    match part {
        Part::Reasoning(text) => {
            json!({"type": "thinking", "thinking": text, "signature": "scripted"})
        }
        Part::Message(text) => json!({"type": "text", "text": text}),
        Part::FunctionCall { name, arguments } => tool(name, arguments.clone()),
        Part::CustomToolCall { name, input } => tool(name, json!({ "input": input })),
    }
}

fn stream_block(events: &mut Vec<Value>, index: usize, block: &Value) {
    let (key, kind, delta_key, whole) = match block["type"].as_str() {
        Some("tool_use") => (
            "input",
            "input_json_delta",
            "partial_json",
            arguments_text(&block["input"]),
        ),
        Some("thinking") => (
            "thinking",
            "thinking_delta",
            "thinking",
            arguments_text(&block["thinking"]),
        ),
        _ => ("text", "text_delta", "text", arguments_text(&block["text"])),
    };
    let mut begun = block.clone();
    begun[key] = if key == "input" { json!({}) } else { json!("") };
    events.push(json!({"type": "content_block_start", "index": index, "content_block": begun}));
    for piece in deltas(&whole) {
        events.push(json!({"type": "content_block_delta", "index": index, "delta": {"type": kind, delta_key: piece}}));
    }
    events.push(json!({"type": "content_block_stop", "index": index}));
}
