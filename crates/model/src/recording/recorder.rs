//! Wraps a model and writes what it says into a recording.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::format::{Completed, Event, Expect, Header, Response, VERSION};
use super::variables::{self, in_every_text, insert_markers};
use super::{Variables, expectation};
use crate::{Item, Model, ModelError, Request, Stream, StreamEvent};

/// Writes one line for each response that came to its end, before the end is
/// passed on.
///
/// What was asked is not written: of a request only which calls it answers and
/// a short hash of the prompt. What the model said is written as it is, but
/// for encrypted reasoning; it may repeat secrets that the model has read, so
/// the file is readable by its owner alone.
#[derive(Debug)]
pub struct Recorder<M> {
    inner: M,
    tape: Arc<Tape>,
}

#[derive(Debug)]
struct Tape {
    path: PathBuf,
    file: Mutex<File>,
    variables: Variables,
}

impl<M: Model> Recorder<M> {
    /// Creates the file (mode 0600), which must not exist, and writes its
    /// header. Where the model says a value of `variables`, the recording
    /// gets its name, so that it can be replayed elsewhere.
    pub fn create(
        path: &Path,
        inner: M,
        model: &str,
        variables: Variables,
    ) -> Result<Self, ModelError> {
        let error = |source| ModelError::RecordingFile {
            path: path.to_owned(),
            action: "creating it",
            source,
        };
        variables::check(&variables).map_err(|reason| error(io::Error::other(reason)))?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(error)?;
        let tape = Tape {
            path: path.to_owned(),
            file: Mutex::new(file),
            variables,
        };
        let variables = tape.variables.keys().cloned().collect();
        tape.write(&Header {
            version: VERSION,
            model: model.to_owned(),
            note: None,
            variables,
        })?;
        Ok(Self {
            inner,
            tape: Arc::new(tape),
        })
    }
}

impl<M: Model> Model for Recorder<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn start(&self, request: Request) -> Stream {
        let expect = expectation::of(&request, &self.tape.variables);
        let inner = self.inner.start(request);
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(pass_on(inner, sender, Arc::clone(&self.tape), expect));
        receiver
    }
}

async fn pass_on(
    mut inner: Stream,
    sender: mpsc::Sender<Result<StreamEvent, ModelError>>,
    tape: Arc<Tape>,
    expect: Expect,
) {
    let mut events = Vec::new();
    loop {
        let received = tokio::select! {
            received = inner.recv() => received,
            // Dropping `inner` cancels the request.
            () = sender.closed() => return,
        };
        let Some(mut received) = received else { return };
        note(&mut events, &received);
        if events.last().is_some_and(Event::is_end) {
            let response = Response {
                note: None,
                expect: expect.clone(),
                events: std::mem::take(&mut events),
            };
            if let Err(error) = tape.write_response(&response) {
                received = Err(error);
            }
        }
        if sender.send(received).await.is_err() {
            return;
        }
    }
}

/// Adds what was received to what will be written.
fn note(events: &mut Vec<Event>, received: &Result<StreamEvent, ModelError>) {
    match received {
        Ok(StreamEvent::Created) => {}
        Ok(StreamEvent::TextDelta(more)) => match events.last_mut() {
            Some(Event::Text(text)) => text.push_str(more),
            _ => events.push(Event::Text(more.clone())),
        },
        Ok(StreamEvent::ReasoningDelta(more)) => match events.last_mut() {
            Some(Event::Reasoning(text)) => text.push_str(more),
            _ => events.push(Event::Reasoning(more.clone())),
        },
        Ok(StreamEvent::ItemDone(item)) => events.push(Event::Item(item_to_write(item))),
        Ok(StreamEvent::Completed { id, usage }) => {
            let id = id.clone();
            events.push(Event::Completed(Completed { id, usage: *usage }));
        }
        Err(
            ModelError::Failed {
                message: reason, ..
            }
            | ModelError::Incomplete { reason },
        ) => {
            events.push(Event::Failed(reason.clone()));
        }
        // Deltas of a broken attempt are void, and other errors are the
        // network's doing, not the model's.
        Ok(StreamEvent::Retrying { .. }) | Err(_) => events.clear(),
    }
}

/// Encrypted reasoning is large, of no use in a replay, and nobody can see
/// what is in it.
fn item_to_write(item: &Item) -> Value {
    let mut wire = item.to_wire();
    if let Some(sealed) = wire.get_mut("encrypted_content") {
        *sealed = Value::Null;
    }
    wire
}

impl Tape {
    fn write_response(&self, response: &Response) -> Result<(), ModelError> {
        let mut line = serde_json::to_value(response).map_err(|error| self.failed(error.into()))?;
        in_every_text(&mut line, &|text| insert_markers(text, &self.variables));
        // Back into the type, which puts what is expected before what comes.
        let line: Response =
            serde_json::from_value(line).map_err(|error| self.failed(error.into()))?;
        self.write(&line)
    }

    fn write(&self, line: &impl Serialize) -> Result<(), ModelError> {
        let mut text = serde_json::to_string(line).map_err(|error| self.failed(error.into()))?;
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())
            .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ModelError {
        ModelError::RecordingFile {
            path: self.path.clone(),
            action: "writing it",
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recorded;

    #[tokio::test]
    async fn a_response_that_cannot_be_written_is_not_completed() {
        let text = "{\"cofferdam-recording\":1,\"model\":\"m\"}\n{\"events\":[{\"text\":\"hi\"}]}";
        let inner =
            Recorded::from_str(Path::new("x"), text, &Variables::new()).expect("a recording");
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .expect("a device without space");
        let tape = Arc::new(Tape {
            path,
            file: Mutex::new(file),
            variables: Variables::new(),
        });
        let model = Recorder { inner, tape };

        let mut stream = model.start(Request::new("m"));
        let mut received = Vec::new();
        while let Some(event) = stream.recv().await {
            received.push(event);
        }

        let completed = received
            .iter()
            .any(|event| matches!(event, Ok(StreamEvent::Completed { .. })));
        assert!(!completed, "{received:?}");
        assert!(
            matches!(
                received.last(),
                Some(Err(ModelError::RecordingFile {
                    action: "writing it",
                    ..
                }))
            ),
            "{received:?}"
        );
    }
}
