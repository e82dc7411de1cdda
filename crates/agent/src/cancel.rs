//! A way to stop a turn from outside.

use std::sync::Arc;

use tokio::sync::watch;

/// Stops the turn that runs: what the model is saying is dropped, what runs in
/// the foreground is killed. Clones stop the same session.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Cancel {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Stops the turn that runs now, or the next one if none does.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready when the turn is to stop.
    pub(crate) async fn cancelled(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self` does, so this ends by a value.
        let _ = receiver.wait_for(|cancelled| *cancelled).await;
    }

    pub(crate) fn reset(&self) {
        self.0.send_replace(false);
    }
}
