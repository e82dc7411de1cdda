//! What is sent to a model, and how it looks on the wire.

use serde_json::{Map, Value, json};

use crate::Item;

/// One request for a response.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The model's name as the provider knows it.
    pub model: String,
    /// The standing instructions. Left out when empty.
    pub instructions: String,
    /// The conversation so far, oldest first.
    pub input: Vec<Item>,
    /// What the model may call.
    pub tools: Vec<ToolSpec>,
    /// Whether the model may ask for several calls in one response.
    pub parallel_tool_calls: bool,
    /// Lets the server reuse its cache between the requests of one session.
    pub prompt_cache_key: Option<String>,
    /// How hard a reasoning model should think (`low`, `medium`, `high`, …).
    pub reasoning_effort: Option<String>,
    /// Which summary of the reasoning is wanted (`auto`, `concise`, …).
    pub reasoning_summary: Option<String>,
    /// Asks for reasoning in encrypted form, so that it can be sent back
    /// although the server stores nothing. Some models that do not reason
    /// refuse requests that ask for it.
    pub encrypted_reasoning: bool,
    /// The JSON schema that the final message must follow.
    pub output_schema: Option<Value>,
}

impl Request {
    /// A request for `model` with nothing in it.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            instructions: String::new(),
            input: Vec::new(),
            tools: Vec::new(),
            parallel_tool_calls: false,
            prompt_cache_key: None,
            reasoning_effort: None,
            reasoning_summary: None,
            encrypted_reasoning: true,
            output_schema: None,
        }
    }

    /// The body for `POST /responses`.
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("model", json!(self.model));
        if !self.instructions.is_empty() {
            put("instructions", json!(self.instructions));
        }
        put("input", self.input.iter().map(Item::to_wire).collect());
        put("tools", self.tools.iter().map(ToolSpec::to_wire).collect());
        put("tool_choice", json!("auto"));
        put("parallel_tool_calls", json!(self.parallel_tool_calls));
        if let Some(reasoning) = self.reasoning() {
            put("reasoning", reasoning);
        }
        put("store", json!(false));
        put("stream", json!(true));
        let include: &[&str] = if self.encrypted_reasoning {
            &["reasoning.encrypted_content"]
        } else {
            &[]
        };
        put("include", json!(include));
        if let Some(key) = &self.prompt_cache_key {
            put("prompt_cache_key", json!(key));
        }
        if let Some(schema) = &self.output_schema {
            let format =
                json!({"type": "json_schema", "name": "output", "strict": true, "schema": schema});
            put("text", json!({ "format": format }));
        }
        Value::Object(body)
    }

    fn reasoning(&self) -> Option<Value> {
        let mut reasoning = Map::new();
        if let Some(effort) = &self.reasoning_effort {
            reasoning.insert("effort".to_owned(), json!(effort));
        }
        if let Some(summary) = &self.reasoning_summary {
            reasoning.insert("summary".to_owned(), json!(summary));
        }
        (!reasoning.is_empty()).then_some(Value::Object(reasoning))
    }
}

/// Something the model may call.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolSpec {
    /// A function with arguments in JSON.
    Function {
        /// What the model calls it.
        name: String,
        /// What it does, for the model.
        description: String,
        /// The JSON schema of its arguments.
        parameters: Value,
        /// Whether the server must hold the model to the schema.
        strict: bool,
    },
    /// A tool that takes free text.
    Custom {
        /// What the model calls it.
        name: String,
        /// What it does, for the model.
        description: String,
        /// The grammar of the text, as the API writes it, if there is one.
        format: Option<Value>,
    },
    /// Anything else, already in the form of the API.
    Other(Value),
}

impl ToolSpec {
    /// The name that the model uses in a call, if the tool has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Function { name, .. } | Self::Custom { name, .. } => Some(name),
            Self::Other(value) => value.get("name").and_then(Value::as_str),
        }
    }

    fn to_wire(&self) -> Value {
        match self {
            Self::Function {
                name,
                description,
                parameters,
                strict,
            } => json!({
                "type": "function", "name": name, "description": description,
                "strict": strict, "parameters": parameters,
            }),
            Self::Custom {
                name,
                description,
                format,
            } => {
                let mut tool = json!({"type": "custom", "name": name, "description": description});
                if let (Some(format), Some(tool)) = (format, tool.as_object_mut()) {
                    tool.insert("format".to_owned(), format.clone());
                }
                tool
            }
            Self::Other(value) => value.clone(),
        }
    }
}
