//! A wish that was allowed: counts what it sends and gets, and is written down
//! when it ends.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::book::Account;
use crate::desk::Wish;
use crate::event::NetworkEvent;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;

/// A wish that was allowed. It ends when it is dropped.
pub struct Passed {
    session: Arc<Session>,
    id: u64,
    wish: Wish,
    look: bool,
    account: Arc<Account>,
    since: Instant,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    end: Mutex<(Option<SocketAddr>, Option<Refusal>)>,
}

impl Passed {
    pub fn new(
        session: Arc<Session>,
        id: u64,
        wish: Wish,
        look: bool,
        account: Arc<Account>,
    ) -> Self {
        Self {
            session,
            id,
            wish,
            look,
            account,
            since: Instant::now(),
            bytes_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            end: Mutex::default(),
        }
    }

    /// Whether each request has to be judged by itself.
    pub const fn needs_look(&self) -> bool {
        self.look
    }

    /// Counts bytes before they are sent. What is not counted must not be sent.
    pub fn send(&self, count: usize) -> Result<(), Refusal> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let counted = self.session.book().send(&self.account, count);
        match counted {
            Ok(()) => {
                self.bytes_out.fetch_add(count, Ordering::Relaxed);
                Ok(())
            }
            Err(refusal) => Err(self.failed(refusal)),
        }
    }

    /// The same for a connection that is not looked into: all of it is one
    /// upload.
    pub fn send_opaque(&self, count: usize) -> Result<(), Refusal> {
        let sent = self.bytes_out.load(Ordering::Relaxed) + count as u64;
        match self.session.limits().upload {
            Some(most) if sent > most => {
                let reason = format!("an opaque connection may send {most} bytes");
                Err(self.failed(Refusal::new(Cause::LimitUpload, reason)))
            }
            _ => self.send(count),
        }
    }

    /// Counts bytes that came.
    pub fn receive(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.session.book().receive(&self.account, count);
        self.bytes_in.fetch_add(count, Ordering::Relaxed);
    }

    /// Remembers where it went.
    pub fn reached(&self, address: SocketAddr) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(address);
    }

    /// Remembers what broke it; the first counts.
    pub fn failed(&self, refusal: Refusal) -> Refusal {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.1.get_or_insert_with(|| refusal.clone());
        refusal
    }
}

impl Passed {
    /// What broke it, if something did.
    pub fn failure(&self) -> Option<Refusal> {
        self.end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .clone()
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        let (address, failure) = self
            .end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.session.ended(NetworkEvent::Ended {
            id: self.id,
            wish: self.wish.clone(),
            address,
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            duration: self.since.elapsed(),
            failure,
        });
    }
}
