//! The clerk: one thread that writes the record, in order. A decision waits
//! for it; an end does not.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use crate::EgressError;
use crate::desk::Desk;
use crate::event::NetworkEvent;
use crate::refusal::{Cause, Refusal};

type Entry = (NetworkEvent, Option<oneshot::Sender<bool>>);

/// Writes the record.
pub struct Clerk {
    entries: Mutex<Option<Sender<Entry>>>,
    thread: Mutex<Option<JoinHandle<Option<String>>>>,
}

impl Clerk {
    /// Starts its thread. Where the record cannot be written, the session is
    /// closed.
    pub fn start(desk: Arc<dyn Desk>, closed: watch::Sender<bool>) -> Result<Self, EgressError> {
        let (entries, received) = mpsc::channel::<Entry>();
        let work = move || {
            let mut failure = None;
            for (event, waiting) in received {
                let written = match failure {
                    None => desk.record(event),
                    Some(_) => continue,
                };
                if let Err(error) = &written {
                    failure = Some(error.clone());
                    closed.send_replace(true);
                }
                if let Some(waiting) = waiting {
                    let _ = waiting.send(written.is_ok());
                }
            }
            failure
        };
        let thread = std::thread::Builder::new()
            .name("egress-record".to_owned())
            .spawn(work);
        Ok(Self {
            entries: Mutex::new(Some(entries)),
            thread: Mutex::new(Some(thread.map_err(EgressError::Start)?)),
        })
    }

    /// Writes, and waits until it is written.
    pub async fn write(&self, event: NetworkEvent) -> Result<(), Refusal> {
        let (sender, written) = oneshot::channel();
        self.send((event, Some(sender)));
        match written.await {
            Ok(true) => Ok(()),
            _ => Err(Refusal::new(
                Cause::Closed,
                "the record cannot be written, or the session is over",
            )),
        }
    }

    /// Writes when there is time.
    pub fn write_later(&self, event: NetworkEvent) {
        self.send((event, None));
    }

    /// Waits until all is written. What went wrong, if something did.
    pub fn finish(&self) -> Option<String> {
        drop(
            self.entries
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match thread?.join() {
            Ok(failure) => failure,
            Err(_) => Some("whoever writes the record broke off".to_owned()),
        }
    }

    fn send(&self, entry: Entry) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entries) = entries.as_ref() {
            let _ = entries.send(entry);
        }
    }
}
