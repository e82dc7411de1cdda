//! Placeholder.
use tokio::sync::mpsc;

use crate::{Model, ModelError, Provider, Request, Stream};

/// Speaks the Responses API over HTTP.
#[derive(Debug)]
pub struct Responses {
    provider: Provider,
}

impl Responses {
    /// Prepares a client for `provider`. Nothing is sent yet.
    pub fn new(provider: Provider) -> Result<Self, ModelError> {
        Ok(Self { provider })
    }
}

impl Model for Responses {
    fn name(&self) -> &str {
        &self.provider.id
    }

    fn start(&self, _request: Request) -> Stream {
        let (sender, receiver) = mpsc::channel(1);
        let _ = sender.try_send(Err(ModelError::Vanished));
        receiver
    }
}
