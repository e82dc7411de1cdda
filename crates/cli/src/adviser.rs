//! Asks the configured model for its opinion, as `dam exec` would reach it:
//! one question, one answer, both in the journal.

use std::time::Instant;

use dam_config::Settings;
use dam_journal::{Event, Journal};
use dam_model::{Item, Model, ModelError, Request, Responses, Role, StreamEvent, Usage};
use dam_scan::judge::{Advice, Adviser, AskError, Prompt, Tokens};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use crate::error::{CommandError, Kind};
use crate::provider;
use crate::settings;
use crate::variables::Variables;

/// What is kept of an answer in the journal, in characters.
const MOST_KEPT: usize = 16_000;

/// The configured model. From when it is there on, Ctrl-C ends the question
/// that is open, and no other is asked.
pub struct Configured<'a> {
    model: Responses,
    name: String,
    journal: &'a mut Journal,
    runtime: Runtime,
    stops: Stops,
    stopped: bool,
}

/// What a user stops a program by.
struct Stops {
    interrupt: Signal,
    terminate: Signal,
}

impl<'a> Configured<'a> {
    /// The model and the provider that the settings name. Nothing is sent yet.
    /// `flag` is how the command line names a model.
    pub fn new(
        configuration: &Settings,
        flag: &str,
        variables: &Variables,
        journal: &'a mut Journal,
    ) -> Result<Self, CommandError> {
        settings::check_models(configuration)?;
        let name = name(configuration, flag)?;
        let provider = provider::provider(&configuration.provider.value, variables)?;
        let model = Responses::new(provider)?;
        let runtime = crate::commands::runtime()?;
        let stops = {
            let _inside = runtime.enter();
            Stops::new().map_err(CommandError::internal)?
        };
        Ok(Self {
            model,
            name,
            journal,
            runtime,
            stops,
            stopped: false,
        })
    }

    fn record(&mut self, events: &[Event]) -> Result<(), AskError> {
        self.journal
            .append_together(events)
            .map(drop)
            .map_err(|error| AskError::Unrecorded(error.to_string()))
    }
}

/// The model's name, by the settings. `flag` is how the command line names one.
pub fn name(configuration: &Settings, flag: &str) -> Result<String, CommandError> {
    let chosen = configuration.model.as_ref();
    chosen.map(|model| model.value.clone()).ok_or_else(|| {
        CommandError::new(Kind::Config, "no model is chosen").hint(format!(
            "`{flag}` chooses one, or `model = \"…\"` in config.toml"
        ))
    })
}

impl Adviser for Configured<'_> {
    fn model(&self) -> &str {
        &self.name
    }

    fn ask(&mut self, prompt: &Prompt) -> Result<Advice, AskError> {
        if self.stopped {
            return Err(AskError::Interrupted);
        }
        let begun = Instant::now();
        self.record(&[
            Event::ModelRequest {
                model: self.name.clone(),
                provider: self.model.name().to_owned(),
                attempt: 1,
            },
            event("request.prompt", asked(prompt), None, begun),
        ])?;
        let (model, stops) = (&self.model, &mut self.stops);
        let request = request(&self.name, prompt);
        let answer = self.runtime.block_on(async {
            let answer = timeout(prompt.patience, answer(model, request, prompt.most));
            tokio::select! {
                answer = answer => answer.unwrap_or(Err(AskError::TooLate(prompt.patience))),
                () = stops.heard() => Err(AskError::Interrupted),
            }
        });
        match answer {
            Ok((text, usage)) => {
                let said = text.chars().take(MOST_KEPT).collect::<String>();
                let item = json!({ "type": "message", "text": said });
                self.record(&[
                    event("response.output_item.done", item, None, begun),
                    response(usage, begun),
                ])?;
                let (input, output) = (usage.input_tokens, usage.output_tokens);
                let tokens = Tokens { input, output };
                Ok(Advice { text, tokens })
            }
            Err(error) => {
                self.stopped |= error == AskError::Interrupted;
                let why = Some(error.to_string());
                self.record(&[event("response.failed", json!(null), why, begun)])?;
                Err(error)
            }
        }
    }
}

impl Stops {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Ready when the user wants it to end, also if that was between two
    /// questions.
    async fn heard(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn request(name: &str, prompt: &Prompt) -> Request {
    Request {
        instructions: prompt.instructions.clone(),
        input: vec![Item::user(prompt.input.clone())],
        output_schema: Some(prompt.schema.clone()),
        encrypted_reasoning: false,
        ..Request::new(name)
    }
}

/// What is kept of a question: what it is about, and what tells it from others.
/// The code in it is in the repository.
fn asked(prompt: &Prompt) -> serde_json::Value {
    let digest = dam_scan::judge::digest(prompt);
    json!({ "type": "message", "about": prompt.about, "sha256": digest, "bytes": prompt.input.len() })
}

fn event(name: &str, item: serde_json::Value, error: Option<String>, begun: Instant) -> Event {
    Event::ModelEvent {
        event: name.to_owned(),
        item,
        error,
        duration_ms: milliseconds(begun),
    }
}

fn response(usage: Usage, begun: Instant) -> Event {
    Event::ModelResponse {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        duration_ms: milliseconds(begun),
        cached_tokens: Some(usage.cached_input_tokens),
        reasoning_tokens: Some(usage.reasoning_output_tokens),
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The whole answer. Whoever says too much is cut off.
async fn answer(
    model: &Responses,
    request: Request,
    most: usize,
) -> Result<(String, Usage), AskError> {
    let mut stream = model.start(request);
    let (mut text, mut streamed) = (String::new(), 0);
    loop {
        let event = stream.recv().await.unwrap_or(Err(ModelError::Vanished));
        match event.map_err(|error| failed(&error))? {
            StreamEvent::TextDelta(delta) => streamed += delta.len(),
            StreamEvent::ItemDone(Item::Message {
                role: Role::Assistant,
                text: said,
                ..
            }) => text.push_str(&said),
            StreamEvent::Retrying { .. } => {
                text.clear();
                streamed = 0;
            }
            StreamEvent::Completed { usage, .. } if text.len() <= most => {
                return Ok((text, usage));
            }
            _ => {}
        }
        if streamed.max(text.len()) > most {
            return Err(AskError::TooLong(most));
        }
    }
}

/// What a failure means for further questions: a server that cannot be reached
/// or does not want us will not want the next one either.
fn failed(error: &ModelError) -> AskError {
    let said = dam_journal::mask(&dam_journal::clean(&error.to_string()));
    match error {
        ModelError::Failed { .. }
        | ModelError::Incomplete { .. }
        | ModelError::BrokenOff { .. }
        | ModelError::Idle { .. }
        | ModelError::TooLarge { .. }
        | ModelError::Malformed { .. } => AskError::Failed(said),
        _ => AskError::Unavailable(said),
    }
}
