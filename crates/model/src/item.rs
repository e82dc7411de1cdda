//! The parts of a conversation, and their lossless form on the wire.

use std::fmt;

use serde_json::{Map, Value, json};

/// One part of a conversation.
///
/// What a server sent goes back to it unchanged: [`Item::from_wire`] followed
/// by [`Item::to_wire`] gives the same JSON for any JSON, known or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Something said.
    Message {
        /// By whom.
        role: Role,
        /// The text of all its parts, one after the other.
        text: String,
        /// What else the server sent with it.
        extra: Extra,
    },
    /// The model's reasoning: opaque, often encrypted, and to be sent back as
    /// it came.
    Reasoning {
        /// The item as the server sent it.
        raw: Value,
    },
    /// The model asks for a function.
    FunctionCall {
        /// Ties the output to the call.
        call_id: String,
        /// Which function.
        name: String,
        /// JSON as the model wrote it, so it may be broken.
        arguments: String,
        /// What else the server sent with it.
        extra: Extra,
    },
    /// What a function gave back.
    FunctionCallOutput {
        /// The call this answers.
        call_id: String,
        /// The answer.
        output: String,
    },
    /// The model asks for a tool that takes free text.
    CustomToolCall {
        /// Ties the output to the call.
        call_id: String,
        /// Which tool.
        name: String,
        /// The text.
        input: String,
        /// What else the server sent with it.
        extra: Extra,
    },
    /// What a custom tool gave back.
    CustomToolCallOutput {
        /// The call this answers.
        call_id: String,
        /// The answer.
        output: String,
    },
    /// Anything this version has no words for.
    Other(Value),
}

/// Fields of a received item that only matter when it is sent back (its
/// identifier, for one). Empty in an item made here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extra(Map<String, Value>);

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The user, or text brought in on the user's behalf.
    User,
    /// The model.
    Assistant,
    /// Whoever built the agent.
    Developer,
    /// The older name for the developer.
    System,
}

impl Item {
    /// A message from the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self::message(Role::User, text)
    }

    /// A message from whoever built the agent.
    pub fn developer(text: impl Into<String>) -> Self {
        Self::message(Role::Developer, text)
    }

    /// A message from the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::message(Role::Assistant, text)
    }

    /// A message from `role`.
    pub fn message(role: Role, text: impl Into<String>) -> Self {
        Self::Message {
            role,
            text: text.into(),
            extra: Extra::default(),
        }
    }

    /// The model asks for the function `name`.
    pub fn function_call(
        call_id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self::FunctionCall {
            call_id: call_id.into(),
            name: name.into(),
            arguments: arguments.into(),
            extra: Extra::default(),
        }
    }

    /// The model asks for the custom tool `name`.
    pub fn custom_tool_call(
        call_id: impl Into<String>,
        name: impl Into<String>,
        input: impl Into<String>,
    ) -> Self {
        Self::CustomToolCall {
            call_id: call_id.into(),
            name: name.into(),
            input: input.into(),
            extra: Extra::default(),
        }
    }

    /// The answer to a [`Item::FunctionCall`].
    pub fn function_output(call_id: impl Into<String>, output: impl Into<String>) -> Self {
        Self::FunctionCallOutput {
            call_id: call_id.into(),
            output: output.into(),
        }
    }

    /// The answer to a [`Item::CustomToolCall`].
    pub fn custom_tool_output(call_id: impl Into<String>, output: impl Into<String>) -> Self {
        Self::CustomToolCallOutput {
            call_id: call_id.into(),
            output: output.into(),
        }
    }

    /// The item as the API writes it.
    pub fn to_wire(&self) -> Value {
        match self {
            Self::Message { role, text, extra } => {
                let content = extra
                    .content_saying(text)
                    .unwrap_or_else(|| role.content(text));
                let mut item = extra.under(json!({"type": "message", "role": role.as_str()}));
                item["content"] = content;
                item
            }
            Self::FunctionCall {
                call_id,
                name,
                arguments,
                extra,
            } => extra.under(json!({
                "type": "function_call", "call_id": call_id, "name": name, "arguments": arguments,
            })),
            Self::CustomToolCall {
                call_id,
                name,
                input,
                extra,
            } => extra.under(json!({
                "type": "custom_tool_call", "call_id": call_id, "name": name, "input": input,
            })),
            Self::FunctionCallOutput { call_id, output } => {
                json!({"type": "function_call_output", "call_id": call_id, "output": output})
            }
            Self::CustomToolCallOutput { call_id, output } => {
                json!({"type": "custom_tool_call_output", "call_id": call_id, "output": output})
            }
            Self::Reasoning { raw } | Self::Other(raw) => raw.clone(),
        }
    }

    /// Reads an item as the API writes it. Nothing is lost: JSON that this
    /// version could not write again in the same form becomes [`Item::Other`].
    pub fn from_wire(value: Value) -> Self {
        match Self::typed(&value) {
            Some(item) if item.to_wire() == value => item,
            _ => Self::Other(value),
        }
    }

    /// The summary of the reasoning, if this is reasoning and has one.
    pub fn reasoning_summary(&self) -> Option<String> {
        let Self::Reasoning { raw } = self else {
            return None;
        };
        let parts: Vec<&str> = raw
            .get("summary")?
            .as_array()?
            .iter()
            .filter_map(text_of_part)
            .collect();
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    fn typed(value: &Value) -> Option<Self> {
        let fields = value.as_object()?;
        let text = |key: &str| Some(fields.get(key)?.as_str()?.to_owned());
        Some(match fields.get("type")?.as_str()? {
            "message" => {
                let role = Role::from_wire(fields.get("role")?.as_str()?)?;
                let text = text_of_content(fields.get("content")?)?;
                let mut extra = Extra::of(fields, &["type", "role"]);
                // Content that says more than its text stays, so that its
                // parts and annotations survive.
                if extra.0.get("content") == Some(&role.content(&text)) {
                    extra.0.remove("content");
                }
                Self::Message { role, text, extra }
            }
            "reasoning" => Self::Reasoning { raw: value.clone() },
            "function_call" => Self::FunctionCall {
                call_id: text("call_id")?,
                name: text("name")?,
                arguments: text("arguments")?,
                extra: Extra::of(fields, &["type", "call_id", "name", "arguments"]),
            },
            "function_call_output" => Self::FunctionCallOutput {
                call_id: text("call_id")?,
                output: text("output")?,
            },
            "custom_tool_call" => Self::CustomToolCall {
                call_id: text("call_id")?,
                name: text("name")?,
                input: text("input")?,
                extra: Extra::of(fields, &["type", "call_id", "name", "input"]),
            },
            "custom_tool_call_output" => Self::CustomToolCallOutput {
                call_id: text("call_id")?,
                output: text("output")?,
            },
            _ => return None,
        })
    }
}

impl Extra {
    fn of(fields: &Map<String, Value>, known: &[&str]) -> Self {
        Self(
            fields
                .iter()
                .filter(|(key, _)| !known.contains(&key.as_str()))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        )
    }

    /// The content as it was received, unless the text has changed since.
    fn content_saying(&self, text: &str) -> Option<Value> {
        let content = self.0.get("content")?;
        (text_of_content(content).as_deref() == Some(text)).then(|| content.clone())
    }

    /// `item` with these fields laid over it.
    fn under(&self, mut item: Value) -> Value {
        if let Some(fields) = item.as_object_mut() {
            fields.extend(self.0.clone());
        }
        item
    }
}

impl Role {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Developer => "developer",
            Self::System => "system",
        }
    }

    fn from_wire(word: &str) -> Option<Self> {
        [Self::User, Self::Assistant, Self::Developer, Self::System]
            .into_iter()
            .find(|role| role.as_str() == word)
    }

    /// `text` by this role as the API writes content.
    fn content(self, text: &str) -> Value {
        let part = if self == Self::Assistant {
            "output_text"
        } else {
            "input_text"
        };
        json!([{"type": part, "text": text}])
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn text_of_content(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(text_of_part).collect()),
        _ => None,
    }
}

/// The text of a part; a refusal is something said, too.
fn text_of_part(part: &Value) -> Option<&str> {
    part.get("text").or_else(|| part.get("refusal"))?.as_str()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_items_are_understood() {
        let message = json!({"type": "message", "id": "msg_1", "role": "assistant", "phase": "final_answer", "content": [
            {"type": "output_text", "text": "It ", "annotations": []}, {"type": "refusal", "refusal": "won't."}]});
        let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "n", "arguments": "{}"});

        assert!(
            matches!(Item::from_wire(message), Item::Message { role: Role::Assistant, text, .. } if text == "It won't.")
        );
        assert!(matches!(Item::from_wire(call), Item::FunctionCall { name, .. } if name == "n"));
    }

    #[test]
    fn a_message_whose_text_was_changed_is_sent_as_changed() {
        let mut item = Item::from_wire(
            json!({"type": "message", "id": "m", "role": "user", "content": [
            {"type": "input_text", "text": "hid\u{200b}den", "extra": 1}]}),
        );
        if let Item::Message { text, .. } = &mut item {
            *text = "hidden".to_owned();
        }

        let content = json!([{"type": "input_text", "text": "hidden"}]);
        assert_eq!(
            item.to_wire(),
            json!({"type": "message", "id": "m", "role": "user", "content": content})
        );
    }

    #[test]
    fn reasoning_says_its_summary() {
        let item = Item::from_wire(
            json!({"type": "reasoning", "encrypted_content": "x", "summary": [
            {"type": "summary_text", "text": "First."}, {"type": "summary_text", "text": "Then."}]}),
        );

        assert_eq!(item.reasoning_summary().as_deref(), Some("First.\n\nThen."));
    }

    /// JSON in which the words of the API turn up in all kinds of places.
    fn wire() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec![
            "message",
            "function_call",
            "reasoning",
            "custom_tool_call",
            "function_call_output",
            "custom_tool_call_output",
            "assistant",
            "user",
            "output_text",
            "ä",
        ]);
        let leaf = prop_oneof![
            word.prop_map(|word| json!(word)),
            any::<bool>().prop_map(|b| json!(b)),
            any::<i64>().prop_map(|n| json!(n)),
            Just(Value::Null),
            Just(json!([{"type": "output_text", "text": "hi"}])),
        ];
        let key = prop::sample::select(vec![
            "type",
            "role",
            "content",
            "call_id",
            "name",
            "arguments",
            "input",
            "output",
            "text",
            "id",
            "summary",
        ]);
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                prop::collection::btree_map(key.clone(), inner, 0..7).prop_map(|fields| fields
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_goes_back_unchanged(value in wire()) {
            prop_assert_eq!(Item::from_wire(value.clone()).to_wire(), value);
        }

        #[test]
        fn what_is_made_here_is_understood_again(text in ".*", id in ".*", name in ".*") {
            for item in [
                Item::user(&text), Item::assistant(&text), Item::developer(&text), Item::function_output(&id, &text),
                Item::custom_tool_output(&id, &text), Item::function_call(&id, &name, &text),
                Item::custom_tool_call(&id, &name, &text),
            ] {
                prop_assert_eq!(Item::from_wire(item.to_wire()), item);
            }
        }
    }
}
