//! Turns as the event stream of the Responses API.

use serde_json::{Value, json};

use super::http::Reply;
use super::turn::{Content, Part, Turn, arguments_text, deltas, sse};

/// The reply for `turn`, the `number`-th of the script from 1.
pub(super) fn render(turn: &Turn, number: usize) -> Reply {
    if let Some(reply) = super::plain(turn) {
        return reply;
    }
    let id = format!("resp_{number}");
    let mut script = Script {
        number,
        events: Vec::new(),
    };
    script.push(json!({"type": "response.created", "response": response(&id, "in_progress")}));
    match &turn.content {
        Content::Parts(parts) => {
            parts
                .iter()
                .enumerate()
                .for_each(|(index, part)| script.part(index, part));
            let mut done = response(&id, "completed");
            done["usage"] = usage(turn);
            script.push(json!({"type": "response.completed", "response": done}));
        }
        Content::Failed { code, message } => {
            let mut failed = response(&id, "failed");
            failed["error"] = json!({"code": code, "message": message});
            script.push(json!({"type": "response.failed", "response": failed}));
        }
        Content::Incomplete(reason) => {
            let mut cut = response(&id, "incomplete");
            cut["incomplete_details"] = json!({"reason": reason});
            script.push(json!({"type": "response.incomplete", "response": cut}));
        }
        Content::Status { .. } | Content::Reply { .. } | Content::Raw(_) => {}
    }
    Reply::stream(script.events.iter().map(sse).collect(), turn.end)
}

fn response(id: &str, status: &str) -> Value {
    json!({"id": id, "object": "response", "created_at": 0, "status": status, "model": "scripted", "output": [],
        "error": null, "incomplete_details": null, "usage": null})
}

fn usage(turn: &Turn) -> Value {
    let mut usage = super::turn::usage(turn);
    usage["input_tokens_details"] = json!({"cached_tokens": 0});
    usage["output_tokens_details"] = json!({"reasoning_tokens": 0});
    usage["total_tokens"] = json!(turn.usage.0 + turn.usage.1);
    usage
}

struct Script {
    number: usize,
    events: Vec<Value>,
}

impl Script {
    fn push(&mut self, mut event: Value) {
        event["sequence_number"] = json!(self.events.len());
        self.events.push(event);
    }

    fn part(&mut self, index: usize, part: &Part) {
        let at = format!("{}_{}", self.number, index);
        match part {
            Part::Reasoning(summary) => {
                let summary = json!([{"type": "summary_text", "text": summary}]);
                let item = json!({"type": "reasoning", "id": format!("rs_{at}"), "summary": [], "encrypted_content": null});
                self.item(index, &item, "summary", &summary, |script| {
                    script.summary(index, &item, &summary);
                });
            }
            Part::Message(text) => {
                let content = json!([{"type": "output_text", "text": text, "annotations": []}]);
                let item = json!({"type": "message", "id": format!("msg_{at}"), "role": "assistant", "content": []});
                self.item(index, &item, "content", &content, |script| {
                    script.text(index, &item, text);
                });
            }
            Part::FunctionCall { name, arguments } => {
                let item = json!({"type": "function_call", "id": format!("fc_{at}"), "call_id": format!("call_{at}"),
                    "name": name, "arguments": ""});
                let arguments = arguments_text(arguments);
                self.item(index, &item, "arguments", &json!(arguments), |script| {
                    script.stream(
                        index,
                        &item,
                        "function_call_arguments",
                        "arguments",
                        &arguments,
                    );
                });
            }
            Part::CustomToolCall { name, input } => {
                let item = json!({"type": "custom_tool_call", "id": format!("ctc_{at}"), "call_id": format!("call_{at}"),
                    "name": name, "input": ""});
                self.item(index, &item, "input", &json!(input), |script| {
                    script.stream(index, &item, "custom_tool_call_input", "input", input);
                });
            }
        }
    }

    /// An item from its announcement to its end, with `key` filled in by then.
    fn item(
        &mut self,
        index: usize,
        item: &Value,
        key: &str,
        value: &Value,
        stream: impl FnOnce(&mut Self),
    ) {
        let mut begun = item.clone();
        begun["status"] = json!("in_progress");
        self.push(
            json!({"type": "response.output_item.added", "output_index": index, "item": begun}),
        );
        stream(self);
        let mut done = item.clone();
        done["status"] = json!("completed");
        done[key] = value.clone();
        if done["type"] == "reasoning" {
            done["encrypted_content"] = json!(format!("sealed-{}", self.number));
        }
        self.push(
            json!({"type": "response.output_item.done", "output_index": index, "item": done}),
        );
    }

    fn text(&mut self, index: usize, item: &Value, text: &str) {
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let event = |kind: &str, key: &str, value: Value| json!({"type": kind, "item_id": item["id"], "output_index": index, "content_index": 0, key: value});
        self.push(event("response.content_part.added", "part", part("")));
        for delta in deltas(text) {
            self.push(event("response.output_text.delta", "delta", json!(delta)));
        }
        self.push(event("response.output_text.done", "text", json!(text)));
        self.push(event("response.content_part.done", "part", part(text)));
    }

    fn summary(&mut self, index: usize, item: &Value, summary: &Value) {
        let event = |kind: &str, key: &str, value: &Value| json!({"type": kind, "item_id": item["id"], "output_index": index, "summary_index": 0, key: value});
        let text = &summary[0]["text"];
        let empty = json!({"type": "summary_text", "text": ""});
        self.push(event(
            "response.reasoning_summary_part.added",
            "part",
            &empty,
        ));
        for delta in deltas(text.as_str().unwrap_or_default()) {
            self.push(event(
                "response.reasoning_summary_text.delta",
                "delta",
                &json!(delta),
            ));
        }
        self.push(event("response.reasoning_summary_text.done", "text", text));
        self.push(event(
            "response.reasoning_summary_part.done",
            "part",
            &summary[0],
        ));
    }

    fn stream(&mut self, index: usize, item: &Value, kind: &str, key: &str, text: &str) {
        for delta in deltas(text) {
            self.push(json!({"type": format!("response.{kind}.delta"), "item_id": item["id"], "output_index": index,
                "delta": delta}));
        }
        self.push(json!({"type": format!("response.{kind}.done"), "item_id": item["id"], "output_index": index, key: text}));
    }
}
