//! Talks to language models, and replays recorded ones.
//!
//! One trait, [`Model`], has two implementations: [`Responses`] speaks the
//! Responses API over HTTP as a stream, [`Recorded`] replays a file. A
//! [`Recorder`] wraps any model and writes such a file, whose format is
//! described in `docs/recording.md`.
//!
//! This crate decides nothing and runs nothing: what a model asks for is data
//! for the caller to judge. It never reads the environment or a configuration
//! file; keys, addresses and limits are handed in.

mod clean;
mod error;
mod event;
mod item;
mod provider;
mod recording;
mod request;
mod responses;
mod secret;
mod sse;

use std::sync::Arc;

use tokio::sync::mpsc;

pub use error::ModelError;
pub use event::{StreamEvent, Usage};
pub use item::{Extra, Item, Role};
pub use provider::Provider;
pub use recording::{Recorded, Recorder, Variables};
pub use request::{Request, ToolSpec};
pub use responses::Responses;
pub use secret::Secret;

/// The receiving end of one response.
///
/// Events come in this order: [`StreamEvent::Created`], any number of deltas,
/// then every [`StreamEvent::ItemDone`] of the response, and
/// [`StreamEvent::Completed`] as the last. When a connection breaks,
/// [`StreamEvent::Retrying`] comes and the sequence starts again: deltas may
/// repeat, items never do, because they are held back until the response is
/// complete. An `Err` is always the last thing sent. A stream that ends with
/// neither is a bug of the implementation. Dropping the receiver cancels the
/// request.
pub type Stream = mpsc::Receiver<Result<StreamEvent, ModelError>>;

/// Something that answers a [`Request`] with a stream of events.
pub trait Model: Send + Sync {
    /// Who answers: the provider's identifier, or `recorded`.
    fn name(&self) -> &str;

    /// Starts one response; see [`Stream`] for what arrives in which order.
    /// Must be called inside a tokio runtime.
    fn start(&self, request: Request) -> Stream;
}

impl<M: Model + ?Sized> Model for Arc<M> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn start(&self, request: Request) -> Stream {
        (**self).start(request)
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn start(&self, request: Request) -> Stream {
        (**self).start(request)
    }
}
