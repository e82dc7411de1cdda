//! The turn loop: ask the model, do what it asks for, tell it what came of it,
//! until it asks for nothing more.

use std::time::Instant;

use dam_journal::{Event, Journal, JournalError, clean};
use dam_model::{Item, ModelError, Request, Role, StreamEvent, Usage};
use serde_json::{Value, json};

use crate::error::{AgentError, Stop};
use crate::events::{AgentEvent, Failure, TokenUsage, What};
use crate::front::{Front, Lines, shown};
use crate::instructions;
use crate::session::Session;
use crate::tools::{self, Call, CallError};

/// How often the model is asked in one turn.
const MOST_REQUESTS: u32 = 200;

/// As many entries as the journal writes in one step.
const TOGETHER: usize = 3;

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnOutcome {
    /// The model has said its last.
    Completed {
        /// What it said, cleaned and masked.
        last_message: Option<String>,
        /// What the turn cost.
        usage: TokenUsage,
    },
    /// It has not: the model gave no answer, or found no end.
    Failed {
        /// Why, cleaned and masked.
        message: String,
    },
    /// The user stopped it.
    Interrupted,
}

impl Session {
    /// Runs one turn: from a prompt until the model asks for nothing more.
    /// Events go to `sink` as they happen. After an error the session is over.
    /// Must be called inside a tokio runtime with time.
    pub async fn run_turn(
        &mut self,
        prompt: &str,
        sink: &mut dyn FnMut(&AgentEvent),
    ) -> Result<TurnOutcome, AgentError> {
        let mut front = Front(sink);
        self.announce(&mut front);
        front.tell(&AgentEvent::TurnStarted {});
        let done = self.turn(prompt, &mut front).await;
        self.end_plan(&mut front);
        let stop = match done {
            Ok((last_message, usage)) => {
                front.tell(&AgentEvent::TurnCompleted { usage });
                return Ok(TurnOutcome::Completed {
                    last_message,
                    usage,
                });
            }
            Err(stop) => stop,
        };
        let message = shown(&stop.to_string());
        let recorded = self.record_stop(&stop, &message);
        front.tell(&AgentEvent::TurnFailed {
            error: Failure {
                message: message.clone(),
            },
        });
        match stop {
            Stop::Agent(error) => Err(error),
            _ if recorded.is_err() => recorded.map(|()| TurnOutcome::Interrupted),
            Stop::Interrupted => {
                self.cancel.reset();
                Ok(TurnOutcome::Interrupted)
            }
            Stop::Model(_) | Stop::Endless(_) | Stop::Refused => {
                Ok(TurnOutcome::Failed { message })
            }
        }
    }

    fn record_stop(&mut self, stop: &Stop, message: &str) -> Result<(), AgentError> {
        let text = message.to_owned();
        let event = match stop {
            // There is nowhere left to write it.
            Stop::Agent(AgentError::Journal(_)) => return Ok(()),
            Stop::Interrupted => Event::Notice { text },
            Stop::Agent(_) | Stop::Model(_) | Stop::Endless(_) | Stop::Refused => {
                Event::Error { text }
            }
        };
        self.journal.append(&event)?;
        Ok(())
    }

    async fn turn(
        &mut self,
        prompt: &str,
        front: &mut Front<'_>,
    ) -> Result<(Option<String>, TokenUsage), Stop> {
        self.journal.append(&Event::Prompt {
            text: prompt.to_owned(),
        })?;
        self.reviews.said(prompt);
        self.history.push(Item::user(clean(prompt)));
        let mut usage = Usage::default();
        let mut last_message = None;
        for _ in 0..MOST_REQUESTS {
            let (items, cost) = self.ask(front).await?;
            usage += cost;
            let said = self.hear(&items, front);
            last_message = said.or(last_message);
            let calls: Vec<Item> = items.iter().filter(|item| is_call(item)).cloned().collect();
            self.history.extend(items);
            if calls.is_empty() {
                return Ok((last_message, usage.into()));
            }
            self.answer(&calls, front).await?;
        }
        Err(Stop::Endless(MOST_REQUESTS))
    }

    /// One answer of the model.
    async fn ask(&mut self, front: &mut Front<'_>) -> Result<(Vec<Item>, Usage), Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        self.record_request(1)?;
        let started = Instant::now();
        let cancel = self.cancel.clone();
        let mut stream = self.model.start(self.request());
        let mut items = Vec::new();
        let mut lines = Lines::default();
        let mut told = Told::since(started);
        loop {
            let event = tokio::select! {
                () = cancel.cancelled() => return Err(Stop::Interrupted),
                event = stream.recv() => event.ok_or(ModelError::Vanished).flatten(),
            };
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    told.failed(&error.to_string());
                    told.record(&mut self.journal)?;
                    return Err(error.into());
                }
            };
            told.hear(&event);
            match event {
                StreamEvent::Created | StreamEvent::ReasoningDelta(_) => {}
                StreamEvent::TextDelta(text) => tell_text(lines.push(&text), front),
                StreamEvent::ItemDone(item) => items.push(item),
                StreamEvent::Retrying {
                    attempt,
                    of,
                    reason,
                } => {
                    lines = Lines::default();
                    items.clear();
                    told.record(&mut self.journal)?;
                    front.tell(&AgentEvent::Error {
                        message: shown(&format!("{reason} (retry {attempt} of {of})")),
                    });
                    self.record_request(attempt + 1)?;
                }
                StreamEvent::Completed { usage, .. } => {
                    tell_text(lines.rest(), front);
                    told.events.push(Event::ModelResponse {
                        input_tokens: usage.input_tokens,
                        output_tokens: usage.output_tokens,
                        duration_ms: milliseconds(started),
                        cached_tokens: Some(usage.cached_input_tokens),
                        reasoning_tokens: Some(usage.reasoning_output_tokens),
                    });
                    told.record(&mut self.journal)?;
                    return Ok((items, usage));
                }
            }
        }
    }

    fn request(&self) -> Request {
        Request {
            instructions: instructions::BASE.to_owned(),
            input: self.history.clone(),
            tools: tools::specs(),
            prompt_cache_key: Some(self.id().to_owned()),
            ..Request::new(self.model_name.clone())
        }
    }

    fn record_request(&mut self, attempt: u32) -> Result<(), Stop> {
        self.journal.append(&Event::ModelRequest {
            model: self.model_name.clone(),
            provider: self.model.name().to_owned(),
            attempt,
        })?;
        Ok(())
    }

    /// Shows what was said, and gives the last of it.
    fn hear(&mut self, items: &[Item], front: &mut Front<'_>) -> Option<String> {
        let mut last = None;
        for item in items {
            let what = match item {
                Item::Message {
                    role: Role::Assistant,
                    text,
                    ..
                } if !text.is_empty() => {
                    last = Some(shown(text));
                    What::AgentMessage { text: shown(text) }
                }
                Item::Reasoning { .. } => match item.reasoning_summary() {
                    Some(text) => What::Reasoning { text: shown(&text) },
                    None => continue,
                },
                _ => continue,
            };
            let item = self.item(what);
            front.completed(item);
        }
        last
    }

    /// Does what the model asked for, call by call. Each call gets an answer
    /// in the history, also when the turn stops: without, the model could not
    /// be asked again.
    async fn answer(&mut self, calls: &[Item], front: &mut Front<'_>) -> Result<(), Stop> {
        let mut stopped: Option<Stop> = None;
        for call in calls {
            let output = if let Some(stop) = &stopped {
                format!("Not done: {stop}")
            } else {
                let begun = Instant::now();
                match self.act(understood(call), front).await {
                    Ok(output) => {
                        self.journal.append(&result_of(call, &output, begun))?;
                        output
                    }
                    Err(stop) => {
                        let output = format!("Stopped: {stop}");
                        stopped = Some(stop);
                        output
                    }
                }
            };
            self.history.extend(output_of(call, output));
        }
        stopped.map_or(Ok(()), Err)
    }
}

/// What a stream has told, to be written down with its end: what it brings is
/// only acted on then.
struct Told {
    events: Vec<Event>,
    started: Instant,
}

impl Told {
    const fn since(started: Instant) -> Self {
        Self {
            events: Vec::new(),
            started,
        }
    }

    fn hear(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Created => self.add("response.created", Value::Null, None),
            StreamEvent::ItemDone(item) => {
                self.add("response.output_item.done", kept(item), None);
            }
            StreamEvent::Retrying { reason, .. } => self.failed(reason),
            StreamEvent::TextDelta(_)
            | StreamEvent::ReasoningDelta(_)
            | StreamEvent::Completed { .. } => {}
        }
    }

    fn failed(&mut self, error: &str) {
        self.add("response.failed", Value::Null, Some(error.to_owned()));
    }

    fn add(&mut self, event: &str, item: Value, error: Option<String>) {
        self.events.push(Event::ModelEvent {
            event: event.to_owned(),
            item,
            error,
            duration_ms: milliseconds(self.started),
        });
    }

    fn record(&mut self, journal: &mut Journal) -> Result<(), JournalError> {
        let events = std::mem::take(&mut self.events);
        for some in events.chunks(TOGETHER) {
            journal.append_together(some)?;
        }
        Ok(())
    }
}

/// What is kept of an item: its kind, and whom it calls. What it says is in the
/// entries of what it leads to.
fn kept(item: &Item) -> Value {
    match item {
        Item::Message { .. } => json!({ "type": "message" }),
        Item::Reasoning { .. } => json!({ "type": "reasoning" }),
        Item::FunctionCall { name, call_id, .. } => {
            json!({ "type": "function_call", "name": name, "call_id": call_id })
        }
        Item::CustomToolCall { name, call_id, .. } => {
            json!({ "type": "custom_tool_call", "name": name, "call_id": call_id })
        }
        _ => Value::Null,
    }
}

/// What came of a call, as it is written down.
fn result_of(call: &Item, output: &str, begun: Instant) -> Event {
    let (call, tool) = match call {
        Item::FunctionCall { name, call_id, .. } | Item::CustomToolCall { name, call_id, .. } => {
            (call_id.clone(), name.clone())
        }
        _ => (String::new(), String::new()),
    };
    Event::ToolResult {
        call,
        tool,
        // What the model is told of a call that did not come to anything.
        ok: !["Error: ", "Not done: "]
            .iter()
            .any(|start| output.starts_with(start)),
        duration_ms: milliseconds(begun),
        output_bytes: output.len() as u64,
        truncated: output.contains(" left out]"),
    }
}

fn is_call(item: &Item) -> bool {
    matches!(
        item,
        Item::FunctionCall { .. } | Item::CustomToolCall { .. }
    )
}

fn understood(call: &Item) -> Result<Call, CallError> {
    match call {
        Item::FunctionCall {
            name, arguments, ..
        } => tools::read(name, arguments),
        Item::CustomToolCall { name, input, .. } => tools::read_custom(name, input),
        _ => Err(CallError::Unknown(String::new())),
    }
}

fn output_of(call: &Item, output: String) -> Option<Item> {
    match call {
        Item::FunctionCall { call_id, .. } => Some(Item::function_output(call_id, output)),
        Item::CustomToolCall { call_id, .. } => Some(Item::custom_tool_output(call_id, output)),
        _ => None,
    }
}

fn tell_text(text: Option<String>, front: &mut Front<'_>) {
    if let Some(text) = text {
        front.tell(&AgentEvent::Text { text });
    }
}

pub(crate) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
