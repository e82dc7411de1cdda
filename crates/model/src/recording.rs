//! Recorded models. Being written; see the modules to come.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::{Model, ModelError, Request, Stream};

/// Names and values that a recording's `{{name}}` stand for.
pub type Variables = BTreeMap<String, String>;

/// Replays a recording through the same trait as a live model.
#[derive(Debug)]
pub struct Recorded {
    path: PathBuf,
}

impl Recorded {
    /// Reads a recording from a file.
    pub fn open(path: &Path, variables: &Variables) -> Result<Self, ModelError> {
        let text = std::fs::read_to_string(path).map_err(|source| ModelError::RecordingFile {
            path: path.to_owned(),
            action: "reading it",
            source,
        })?;
        Self::from_str(path, &text, variables)
    }

    /// Reads a recording from text; `path` is for messages only.
    pub fn from_str(path: &Path, text: &str, variables: &Variables) -> Result<Self, ModelError> {
        let _ = (text, variables);
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Model for Recorded {
    fn name(&self) -> &'static str {
        "recorded"
    }

    fn start(&self, _request: Request) -> Stream {
        let (sender, receiver) = mpsc::channel(1);
        let error = ModelError::Recording {
            path: self.path.clone(),
            line: 1,
            reason: "not built yet".to_owned(),
        };
        let _ = sender.try_send(Err(error));
        receiver
    }
}

/// Wraps a model and writes what it answers into a recording.
#[derive(Debug)]
pub struct Recorder<M> {
    inner: M,
}

impl<M: Model> Recorder<M> {
    /// Creates the file (mode 0600; it must not exist) and writes its header.
    pub fn create(
        path: &Path,
        inner: M,
        model: &str,
        variables: Variables,
    ) -> Result<Self, ModelError> {
        let _ = (path, model, variables);
        Ok(Self { inner })
    }
}

impl<M: Model> Model for Recorder<M> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn start(&self, request: Request) -> Stream {
        self.inner.start(request)
    }
}
