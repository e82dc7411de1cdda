//! Replays a recording through the same trait as a live model.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::sync::mpsc;

use super::format::{Event, Header, Response, VERSION};
use super::variables::{self, fill_in, in_every_text};
use super::{Variables, expectation};
use crate::clean::one_line;
use crate::{Item, Model, ModelError, Request, Stream, StreamEvent};

/// Largest recording that is read.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A model that says what was recorded, response by response, whatever it is
/// asked; unless the recording says what it expects to be asked and is not.
#[derive(Debug)]
pub struct Recorded {
    path: PathBuf,
    model: String,
    note: Option<String>,
    /// Each with its line in the file.
    responses: Vec<(usize, Response)>,
    last_line: usize,
    next: AtomicUsize,
    variables: Variables,
}

impl Recorded {
    /// Reads the recording at `path`, with values for its variables. Values
    /// for other variables do no harm.
    pub fn open(path: &Path, variables: &Variables) -> Result<Self, ModelError> {
        let failed = |source| ModelError::RecordingFile {
            path: path.to_owned(),
            action: "reading it",
            source,
        };
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > LARGEST_FILE {
            return Err(failed(std::io::Error::other(format!(
                "it has {size} bytes, and at most {LARGEST_FILE} are read"
            ))));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::from_str(path, &text, variables)
    }

    /// Reads a recording from its text; `path` is for messages only.
    pub fn from_str(path: &Path, text: &str, variables: &Variables) -> Result<Self, ModelError> {
        let error = |line, reason| ModelError::Recording {
            path: path.to_owned(),
            line,
            reason,
        };
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        let (_, first) = lines
            .next()
            .ok_or_else(|| error(1, "the file is empty".to_owned()))?;
        let header = header(first).map_err(|reason| error(1, reason))?;
        let variables = declared(&header, variables).map_err(|reason| error(1, reason))?;
        let filled = lines.filter(|(_, line)| !line.trim().is_empty());
        let responses = filled
            .map(|(number, line)| {
                Ok((
                    number,
                    response(line, &variables).map_err(|reason| error(number, reason))?,
                ))
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self {
            path: path.to_owned(),
            model: header.model,
            note: header.note,
            last_line: text.lines().count(),
            responses,
            next: AtomicUsize::new(0),
            variables,
        })
    }

    /// The name of the model that was recorded.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What whoever made the recording says about it.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// How many responses have not been asked for yet.
    pub fn responses_left(&self) -> usize {
        self.responses
            .len()
            .saturating_sub(self.next.load(Ordering::SeqCst))
    }

    fn answer(&self, request: &Request) -> Result<&Response, ModelError> {
        let error = |line, reason| ModelError::Recording {
            path: self.path.clone(),
            line,
            reason,
        };
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let Some((line, response)) = self.responses.get(number) else {
            let had = self.responses.len();
            return Err(error(
                self.last_line,
                format!(
                    "the recording ends here: response {} was asked for, and it has {had}",
                    number + 1
                ),
            ));
        };
        match expectation::check(&response.expect, request, &self.variables) {
            Ok(()) => Ok(response),
            Err(difference) => Err(error(
                *line,
                format!("the request does not fit the recorded response: {difference}"),
            )),
        }
    }
}

impl Model for Recorded {
    fn name(&self) -> &'static str {
        "recorded"
    }

    fn start(&self, request: Request) -> Stream {
        let events = match self.answer(&request) {
            Ok(response) => replay(response),
            Err(error) => vec![Err(error)],
        };
        let (sender, receiver) = mpsc::channel(events.len());
        // There is room for all of them.
        for event in events {
            drop(sender.try_send(event));
        }
        receiver
    }
}

/// The events of `response` in the order that [`Stream`] promises.
fn replay(response: &Response) -> Vec<Result<StreamEvent, ModelError>> {
    let mut events = vec![Ok(StreamEvent::Created)];
    let mut items = Vec::new();
    let mut end = Ok(StreamEvent::Completed {
        id: String::new(),
        usage: crate::Usage::default(),
    });
    for event in &response.events {
        match event.clone() {
            Event::Text(text) => events.push(Ok(StreamEvent::TextDelta(text))),
            Event::Reasoning(text) => events.push(Ok(StreamEvent::ReasoningDelta(text))),
            Event::Item(item) => items.push(Ok(StreamEvent::ItemDone(Item::from_wire(item)))),
            Event::Completed(done) => {
                end = Ok(StreamEvent::Completed {
                    id: done.id,
                    usage: done.usage,
                });
            }
            Event::Failed(message) => {
                end = Err(ModelError::Failed {
                    code: None,
                    message: one_line(&message),
                });
            }
        }
    }
    if end.is_ok() {
        events.append(&mut items);
    }
    events.push(end);
    events
}

fn header(line: &str) -> Result<Header, String> {
    let not_one = |reason: &str| {
        format!(
            "this is not the header of a recording ({reason}); it should be like {{\"cofferdam-recording\":1,\"model\":\"…\"}}"
        )
    };
    let value: Value = serde_json::from_str(line).map_err(|error| not_one(&in_one_line(&error)))?;
    match value.get("cofferdam-recording").and_then(Value::as_u64) {
        Some(VERSION) => serde_json::from_value(value).map_err(|error| not_one(&error.to_string())),
        Some(version) => Err(format!(
            "the recording has format {version}, and this version of Cofferdam reads format {VERSION}"
        )),
        None => Err(not_one("no `cofferdam-recording`")),
    }
}

/// The values for the variables that the recording uses.
fn declared(header: &Header, given: &Variables) -> Result<Variables, String> {
    let value = |name: &String| match given.get(name) {
        Some(value) => Ok((name.clone(), value.clone())),
        None => Err(format!(
            "the recording needs a value for its variable `{}`",
            one_line(name)
        )),
    };
    let declared: Variables = header
        .variables
        .iter()
        .map(value)
        .collect::<Result<_, _>>()?;
    variables::check(&declared)?;
    Ok(declared)
}

/// What is wrong with one line's JSON: the error counts lines within the line.
fn in_one_line(error: &serde_json::Error) -> String {
    error
        .to_string()
        .replace(" at line 1 column ", " at column ")
}

fn response(line: &str, variables: &Variables) -> Result<Response, String> {
    let mut value: Value = serde_json::from_str(line)
        .map_err(|error| format!("this is not JSON: {}", in_one_line(&error)))?;
    in_every_text(&mut value, &|text| fill_in(text, variables));
    let response: Response = serde_json::from_value(value)
        .map_err(|error| format!("this is not a recorded response: {error}"))?;
    match response.events.iter().position(Event::is_end) {
        _ if response.events.is_empty() => Err("the response has no events".to_owned()),
        Some(end) if end + 1 < response.events.len() => {
            Err("events follow the end of the response".to_owned())
        }
        _ => Ok(response),
    }
}
