//! The client of the Responses API: one request, one stream, retries of both.
//!
//! Two budgets, as users know them: a request that was not accepted is repeated
//! up to `request_max_retries` times, a response whose stream broke off is
//! asked for again up to `stream_max_retries` times, each of these with a fresh
//! budget for its request. Items are held back until the response is complete,
//! so nothing is delivered, and nothing acted on, twice.

mod connection;
mod refusal;
mod retry;
mod wire;

use std::sync::Arc;

use reqwest::Response;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::sse::Decoder;
use crate::{Item, Model, ModelError, Provider, Request, Stream, StreamEvent};
use connection::Connection;
use retry::{Cause, Fault, Retries};
use wire::Incoming;

/// Most bytes in one response, whatever they say.
const LARGEST_RESPONSE: usize = 256 * 1024 * 1024;

type Sender = mpsc::Sender<Result<StreamEvent, ModelError>>;

/// Speaks the Responses API over HTTP. Cheap to clone.
///
/// The server's certificate is checked against the system's authorities.
/// Redirects are not followed, because they would take the key along.
#[derive(Debug, Clone)]
pub struct Responses {
    connection: Arc<Connection>,
}

impl Responses {
    /// Prepares a client for `provider`. Nothing is sent yet.
    pub fn new(provider: Provider) -> Result<Self, ModelError> {
        Ok(Self {
            connection: Arc::new(Connection::new(provider)?),
        })
    }

    /// Where requests go, and how patiently.
    pub fn provider(&self) -> &Provider {
        &self.connection.provider
    }
}

impl Model for Responses {
    #[expect(
        clippy::misnamed_getters,
        reason = "a model is known by its provider's identifier"
    )]
    fn name(&self) -> &str {
        &self.connection.provider.id
    }

    fn start(&self, request: Request) -> Stream {
        let (sender, receiver) = mpsc::channel(64);
        let connection = Arc::clone(&self.connection);
        tokio::spawn(async move {
            let answer = answer(&connection, &request, &sender);
            let outcome = tokio::select! {
                outcome = answer => outcome,
                // Nobody listens any more: drop the connection at once.
                () = sender.closed() => return,
            };
            if let Err(error) = outcome {
                let _ = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

/// Asks until a response is complete or the budget is used up.
async fn answer(
    connection: &Connection,
    request: &Request,
    sender: &Sender,
) -> Result<(), ModelError> {
    let body = request.body().to_string();
    let mut retries = Retries::new(&connection.provider, connection.provider.stream_max_retries);
    loop {
        let response = accepted(connection, request, &body, sender).await?;
        match relay(connection, response, sender).await {
            Ok(()) => return Ok(()),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Passing(cause)) => retries.wait(cause, sender).await?,
        }
    }
}

/// Sends the request until the server accepts it or the budget is used up.
async fn accepted(
    connection: &Connection,
    request: &Request,
    body: &str,
    sender: &Sender,
) -> Result<Response, ModelError> {
    let provider = &connection.provider;
    let mut retries = Retries::new(provider, provider.request_max_retries);
    loop {
        let fault = match timeout(provider.stream_idle_timeout, connection.send(body)).await {
            Ok(Ok(response)) if refusal::is_event_stream(&response) => return Ok(response),
            Ok(Ok(response)) => refusal::fault(provider, &request.model, response).await,
            Ok(Err(error)) => connection.fault(&error),
            Err(_) => Fault::Passing(Cause::Idle {
                after: provider.stream_idle_timeout,
            }),
        };
        match fault {
            Fault::Final(error) => return Err(error),
            Fault::Passing(cause) => retries.wait(cause, sender).await?,
        }
    }
}

/// Passes one stream on to its end.
async fn relay(connection: &Connection, response: Response, sender: &Sender) -> Result<(), Fault> {
    let provider = &connection.provider;
    let mut incoming = Events {
        response,
        decoder: Decoder::default(),
        ready: Vec::new().into_iter(),
        taken: 0,
    };
    let mut items = Vec::new();
    loop {
        let next = timeout(provider.stream_idle_timeout, incoming.next());
        let Ok(event) = next.await else {
            return Err(Fault::Passing(Cause::Idle {
                after: provider.stream_idle_timeout,
            }));
        };
        let event = event.map_err(|fault| fault.said_safely(provider))?;
        match wire::interpret(&event).map_err(|fault| fault.said_safely(provider))? {
            None => {}
            Some(Incoming::Event(event)) => send(sender, event).await,
            Some(Incoming::Item(item)) => items.push(item),
            Some(Incoming::Completed { id, usage, output }) => {
                let items = if items.is_empty() { output } else { items };
                finish(sender, items, StreamEvent::Completed { id, usage }).await;
                return Ok(());
            }
        }
    }
}

async fn finish(sender: &Sender, items: Vec<Item>, completed: StreamEvent) {
    for item in items {
        send(sender, StreamEvent::ItemDone(item)).await;
    }
    send(sender, completed).await;
}

/// A receiver that is gone ends the whole task elsewhere.
async fn send(sender: &Sender, event: StreamEvent) {
    let _ = sender.send(Ok(event)).await;
}

/// The events of one stream.
struct Events {
    response: Response,
    decoder: Decoder,
    ready: std::vec::IntoIter<crate::sse::Event>,
    taken: usize,
}

impl Events {
    /// The next event. The end of the stream is a fault: a response that is
    /// complete has said so before.
    async fn next(&mut self) -> Result<crate::sse::Event, Fault> {
        loop {
            if let Some(event) = self.ready.next() {
                return Ok(event);
            }
            let chunk = self.response.chunk().await.map_err(|error| Cause::Broken {
                reason: connection::root(&error),
            })?;
            let Some(chunk) = chunk else {
                return Err(Cause::Broken {
                    reason: "the stream ended before the response was complete".to_owned(),
                }
                .into());
            };
            self.taken += chunk.len();
            if self.taken > LARGEST_RESPONSE {
                return Err(ModelError::TooLarge {
                    what: "a response",
                    limit: LARGEST_RESPONSE,
                }
                .into());
            }
            let mut events = Vec::new();
            self.decoder.push(&chunk, &mut events)?;
            self.ready = events.into_iter();
        }
    }
}
