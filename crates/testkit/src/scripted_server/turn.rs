//! What the server says: one turn for each request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

/// One answer of the server.
///
/// In a script file a turn is an object with one member, such as
/// `{"message": "…"}`, `{"function_call": {"name": …, "arguments": {…}}}`,
/// `{"custom_tool_call": {"name": …, "input": …}}`, `{"parts": [{"reasoning": …},
/// {"message": …}]}`, `{"status": {"status": 429, "message": …, "headers": {…}}}`,
/// `{"failed": {"code": …, "message": …}}`, `{"incomplete": "…"}`,
/// `{"drop_after": 3}`, `{"stall_after": 1}` or `{"raw": "data: …"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Step")]
pub struct Turn {
    pub(super) content: Content,
    pub(super) end: End,
    pub(super) usage: (u64, u64),
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Parts(Vec<Part>),
    Failed {
        code: String,
        message: String,
    },
    Incomplete(String),
    Status {
        status: u16,
        message: String,
        headers: BTreeMap<String, String>,
    },
    Reply {
        status: u16,
        content_type: String,
        body: String,
    },
    Raw(String),
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Whole,
    /// The connection is closed after so many events.
    DropAfter(usize),
    /// Nothing more is sent after so many events, and the connection stays open.
    StallAfter(usize),
}

/// One item of a response.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Reasoning with this summary.
    Reasoning(String),
    /// A message of the assistant.
    Message(String),
    /// A call of a function.
    FunctionCall {
        /// Which.
        name: String,
        /// With what. A string is sent as it is, so broken JSON can be sent.
        arguments: Value,
    },
    /// A call of a tool that takes text. In the Messages API, which has none,
    /// a tool use with the one argument `input`.
    CustomToolCall {
        /// Which.
        name: String,
        /// With what.
        input: String,
    },
}

impl Turn {
    /// The assistant says `text`.
    pub fn message(text: impl Into<String>) -> Self {
        Self::parts(vec![Part::Message(text.into())])
    }

    /// The model calls a function.
    pub fn function_call(name: impl Into<String>, arguments: Value) -> Self {
        Self::parts(vec![Part::FunctionCall {
            name: name.into(),
            arguments,
        }])
    }

    /// The model calls a custom tool.
    pub fn custom_tool_call(name: impl Into<String>, input: impl Into<String>) -> Self {
        Self::parts(vec![Part::CustomToolCall {
            name: name.into(),
            input: input.into(),
        }])
    }

    /// Several items in one response.
    pub fn parts(parts: Vec<Part>) -> Self {
        Content::Parts(parts).into()
    }

    /// A message whose connection is dropped after `events` events.
    pub fn drop_after(events: usize) -> Self {
        Self::message("this message is never finished").dropped_after(events)
    }

    /// A message that stops after `events` events with the connection open.
    pub fn stall_after(events: usize) -> Self {
        Self::message("this message is never finished").stalled_after(events)
    }

    /// The server answers with an HTTP error.
    pub fn status(status: u16, message: impl Into<String>) -> Self {
        Content::Status {
            status,
            message: message.into(),
            headers: BTreeMap::new(),
        }
        .into()
    }

    /// The server answers with any body of any type.
    pub fn reply(status: u16, content_type: impl Into<String>, body: impl Into<String>) -> Self {
        Content::Reply {
            status,
            content_type: content_type.into(),
            body: body.into(),
        }
        .into()
    }

    /// The response starts and then fails for good.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::failed_with("invalid_prompt", message)
    }

    /// The response starts and then fails with this code.
    pub fn failed_with(code: impl Into<String>, message: impl Into<String>) -> Self {
        Content::Failed {
            code: code.into(),
            message: message.into(),
        }
        .into()
    }

    /// The response starts and is then cut short on purpose.
    pub fn incomplete(reason: impl Into<String>) -> Self {
        Content::Incomplete(reason.into()).into()
    }

    /// The body of the event stream, as it is.
    pub fn raw(sse: impl Into<String>) -> Self {
        Content::Raw(sse.into()).into()
    }

    /// The same, with the connection dropped after `events` events.
    #[must_use]
    pub fn dropped_after(self, events: usize) -> Self {
        Self {
            end: End::DropAfter(events),
            ..self
        }
    }

    /// The same, but silent after `events` events with the connection open.
    #[must_use]
    pub fn stalled_after(self, events: usize) -> Self {
        Self {
            end: End::StallAfter(events),
            ..self
        }
    }

    /// The same, said to have cost so many tokens.
    #[must_use]
    pub fn usage(self, input: u64, output: u64) -> Self {
        Self {
            usage: (input, output),
            ..self
        }
    }

    /// The same with one more header; only for [`Turn::status`].
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Content::Status { headers, .. } = &mut self.content {
            headers.insert(name.into(), value.into());
        }
        self
    }
}

impl From<Content> for Turn {
    fn from(content: Content) -> Self {
        Self {
            content,
            end: End::Whole,
            usage: (10, 5),
        }
    }
}

/// A turn as it stands in a script file.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Message(String),
    FunctionCall {
        name: String,
        arguments: Value,
    },
    CustomToolCall {
        name: String,
        input: String,
    },
    Parts(Vec<Part>),
    DropAfter(usize),
    StallAfter(usize),
    Status {
        status: u16,
        message: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    Failed {
        code: String,
        message: String,
    },
    Incomplete(String),
    Raw(String),
}

impl From<Step> for Turn {
    fn from(step: Step) -> Self {
        match step {
            Step::Message(text) => Self::message(text),
            Step::FunctionCall { name, arguments } => Self::function_call(name, arguments),
            Step::CustomToolCall { name, input } => Self::custom_tool_call(name, input),
            Step::Parts(parts) => Self::parts(parts),
            Step::DropAfter(events) => Self::drop_after(events),
            Step::StallAfter(events) => Self::stall_after(events),
            Step::Status {
                status,
                message,
                headers,
            } => Content::Status {
                status,
                message,
                headers,
            }
            .into(),
            Step::Failed { code, message } => Self::failed_with(code, message),
            Step::Incomplete(reason) => Self::incomplete(reason),
            Step::Raw(text) => Self::raw(text),
        }
    }
}

/// Arguments as the text that goes over the wire.
pub(super) fn arguments_text(arguments: &Value) -> String {
    arguments
        .as_str()
        .map_or_else(|| arguments.to_string(), str::to_owned)
}

/// `text` in pieces of a few characters, as a model would stream it.
pub(super) fn deltas(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(7)
        .map(|piece| piece.iter().collect())
        .collect()
}

/// `event` as server-sent event, named by its type.
pub(super) fn sse(event: &Value) -> String {
    let name = event
        .get("type")
        .unwrap_or(&Value::Null)
        .as_str()
        .unwrap_or("message");
    format!("event: {name}\ndata: {event}\n\n")
}

/// The usage in the words that both APIs share.
pub(super) fn usage(turn: &Turn) -> Value {
    let (input, output) = turn.usage;
    json!({"input_tokens": input, "output_tokens": output})
}
