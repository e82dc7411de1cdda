//! The automatic reviewer: a model is asked for its opinion of what is planned,
//! and code decides by it.
//!
//! It sees what the user said and the planned action. It does not see what
//! files, tools and commands said: text from there may be written by strangers,
//! and could ask for a yes. What is late, too long or no opinion is a no.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dam_gate::{Answer, Question, Reviewer};
use dam_journal::Event;
use dam_model::{Item, Model, Request, Role, StreamEvent, Usage};
use dam_policy::{Breaker, Decision, Opinion};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::front::shown;
use crate::turn::milliseconds;

/// What the reviewer is told.
const INSTRUCTIONS: &str = include_str!("review.md");
/// How long an opinion may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How much of what the user said is shown, in characters: the latest.
const MOST_SAID: usize = 12_000;
/// How much of the action is shown, in characters.
const MOST_PLANNED: usize = 8_000;
/// How long an opinion may be, in bytes.
const MOST_OPINION: usize = 8_000;

/// What the reviewer shares with its session.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// What the user said, the latest at the end.
    said: Vec<String>,
    breaker: Breaker,
    tripped: bool,
    /// What is still to be written down.
    events: Vec<Event>,
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The user said something.
    pub(crate) fn said(&self, text: &str) {
        self.with(|state| state.said.push(text.to_owned()));
    }

    /// What is to be written down.
    pub(crate) fn take_events(&self) -> Vec<Event> {
        self.with(|state| std::mem::take(&mut state.events))
    }

    /// Whether too much was refused, once.
    pub(crate) fn take_trip(&self) -> bool {
        self.with(|state| std::mem::take(&mut state.tripped))
    }
}

/// Asks a model, and where that leaves it open, the person.
pub(crate) struct AutoReviewer {
    pub model: Arc<dyn Model>,
    pub model_name: String,
    pub shared: Shared,
    /// What an administrator tells it besides.
    pub policy: Option<String>,
    /// Who is asked where code leaves it to a person.
    pub person: Box<dyn Reviewer>,
}

impl Reviewer for AutoReviewer {
    /// Must be called where a thread of a tokio runtime may wait.
    fn review(&mut self, question: &Question) -> Answer {
        let answer = match self.opinion(question) {
            Ok(opinion) => self.decided(&opinion, question),
            Err(problem) => Answer::Rejected(problem),
        };
        let is_refused = matches!(answer, Answer::Rejected(_));
        self.shared.with(|state| {
            state.tripped |= state.breaker.count(is_refused);
        });
        answer
    }
}

impl AutoReviewer {
    fn decided(&mut self, opinion: &Opinion, question: &Question) -> Answer {
        let decision = self.shared.with(|state| opinion.decide(&state.said));
        let words = shown(&format!(
            "risk {}, asked for {}, {}",
            opinion.risk_level,
            opinion.user_authorization,
            clipped(&opinion.rationale, 300)
        ));
        match decision {
            Decision::Allow => Answer::Approved(words),
            Decision::Deny => Answer::Rejected(words),
            Decision::Ask => match self.person.review(question) {
                Answer::NobodyToAsk => Answer::Rejected(format!(
                    "{words} (it is left to a person, and nobody is there)"
                )),
                answer => answer,
            },
        }
    }

    /// Asks the model. An error is a reason for a no.
    fn opinion(&self, question: &Question) -> Result<Opinion, String> {
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|_| "there is no way to ask the reviewer".to_owned())?;
        let begun = Instant::now();
        self.record(Event::ModelRequest {
            model: self.model_name.clone(),
            provider: self.model.name().to_owned(),
            attempt: 1,
        });
        let asked = async { timeout(PATIENCE, self.ask(question)).await };
        let (text, usage) = runtime
            .block_on(asked)
            .map_err(|_| "the reviewer did not answer in time".to_owned())??;
        self.record(Event::ModelResponse {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            duration_ms: milliseconds(begun),
            cached_tokens: Some(usage.cached_input_tokens),
            reasoning_tokens: Some(usage.reasoning_output_tokens),
        });
        serde_json::from_str(text.trim()).map_err(|error| {
            shown(&format!(
                "the reviewer gave no opinion that can be read: {error}"
            ))
        })
    }

    async fn ask(&self, question: &Question) -> Result<(String, Usage), String> {
        let mut stream = self.model.start(self.request(question));
        let mut text = String::new();
        let mut streamed = 0;
        loop {
            let event = stream.recv().await.ok_or("the reviewer vanished")?;
            match event.map_err(|error| shown(&format!("the reviewer cannot be asked: {error}")))? {
                StreamEvent::TextDelta(delta) | StreamEvent::ReasoningDelta(delta) => {
                    streamed += delta.len();
                }
                StreamEvent::ItemDone(Item::Message {
                    role: Role::Assistant,
                    text: said,
                    ..
                }) => text.push_str(&said),
                StreamEvent::Retrying { .. } => text.clear(),
                StreamEvent::Completed { usage, .. } => return Ok((text, usage)),
                StreamEvent::Created | StreamEvent::ItemDone(_) => {}
            }
            if streamed > 8 * MOST_OPINION || text.len() > MOST_OPINION {
                return Err("the reviewer said more than an opinion".to_owned());
            }
        }
    }

    fn request(&self, question: &Question) -> Request {
        let said = self.shared.with(|state| latest(&state.said, MOST_SAID));
        let input = json!({
            "the_user_said": said,
            "planned": clipped(&question.to_string(), MOST_PLANNED),
        });
        Request {
            instructions: instructions(self.policy.as_deref()),
            input: vec![Item::user(input.to_string())],
            output_schema: Some(schema()),
            ..Request::new(self.model_name.clone())
        }
    }

    fn record(&self, event: Event) {
        self.shared.with(|state| state.events.push(event));
    }
}

/// What the reviewer is told, with what an administrator adds.
fn instructions(policy: Option<&str>) -> String {
    match policy {
        Some(policy) => format!("{INSTRUCTIONS}\n# What the administrator adds\n\n{policy}\n"),
        None => INSTRUCTIONS.to_owned(),
    }
}

/// The latest texts that fit, the oldest of them first.
fn latest(said: &[String], most: usize) -> Vec<String> {
    let mut left = most;
    let mut shown: Vec<String> = Vec::new();
    for text in said.iter().rev() {
        let text = clipped(text, left);
        left = left.saturating_sub(text.chars().count());
        shown.push(text);
        if left == 0 {
            break;
        }
    }
    shown.reverse();
    shown
}

fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn schema() -> Value {
    let words = |words: &[&str]| json!({"type": "string", "enum": words});
    let properties = json!({
        "risk_level": words(&["low", "medium", "high", "critical"]),
        "user_authorization": words(&["unknown", "low", "medium", "high"]),
        "user_words": {"type": "string"},
        "outcome": words(&["allow", "deny"]),
        "rationale": {"type": "string"},
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["risk_level", "user_authorization", "user_words", "outcome", "rationale"],
        "properties": properties,
    })
}
