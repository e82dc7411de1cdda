//! What all connections of one session share: who decides, what was counted,
//! which address stands for which name, and whether it is over.

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::book::Book;
use crate::clerk::Clerk;
use crate::desk::{Caller, Desk, Protocol, Ruling, Wish};
use crate::dns::placeholders::{Meaning, Placeholders};
use crate::event::{NetworkEvent, SecretUse, Totals};
use crate::passed::Passed;
use crate::refusal::{Cause, Refusal};
use crate::{EgressError, Limits, Secret, Way};

/// Callers that are remembered until their connection arrives.
const CALLERS: usize = 4096;
/// Names whose refusal is recorded; what is beyond is counted.
const NAMES_TOLD: usize = 256;
/// How long a connection waits to be told who made it.
const INTRODUCTION: Duration = Duration::from_millis(30);

/// Where a connection comes from and wanted to go.
type Ends = (SocketAddr, SocketAddr);

/// What all connections share.
pub struct Session {
    pub way: Way,
    /// For TLS with hosts that are looked into.
    pub tls: Arc<ClientConfig>,
    desk: Arc<dyn Desk>,
    clerk: Clerk,
    book: Book,
    placeholders: Mutex<Placeholders>,
    callers: Mutex<VecDeque<(Ends, Caller)>>,
    told: Mutex<HashSet<String>>,
    secrets_told: Mutex<HashMap<(String, SecretUse), HashSet<String>>>,
    asking: tokio::sync::Mutex<()>,
    connections: Arc<Semaphore>,
    arrived: AtomicU64,
    decisions: AtomicU64,
    closed: watch::Sender<bool>,
}

impl Session {
    pub fn new(way: Way, tls: Arc<ClientConfig>, desk: Arc<dyn Desk>) -> Result<Self, EgressError> {
        let closed = watch::Sender::new(false);
        Ok(Self {
            clerk: Clerk::start(Arc::clone(&desk), closed.clone())?,
            book: Book::new(&way.limits),
            placeholders: Mutex::new(Placeholders::new(way.limits.names)),
            connections: Arc::new(Semaphore::new(way.limits.connections)),
            way,
            tls,
            desk,
            callers: Mutex::default(),
            told: Mutex::default(),
            secrets_told: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            arrived: AtomicU64::new(0),
            decisions: AtomicU64::new(0),
            closed,
        })
    }

    pub fn limits(&self) -> &Limits {
        &self.way.limits
    }

    /// The work's result; none if the session ends before.
    pub async fn until_closed<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => None,
            done = work => Some(done),
        }
    }

    /// Nothing more goes out.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// A place for one more connection, if there is one.
    pub fn admit(&self) -> Option<OwnedSemaphorePermit> {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        self.place()
    }

    /// The same for what goes on after its connection's requests.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    /// Waits until no connection is left, for a time.
    pub fn wait_for_all(&self, time: Duration) {
        let end = std::time::Instant::now() + time;
        while self.connections.available_permits() < self.way.limits.connections
            && std::time::Instant::now() < end
        {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn judge(&self, wish: &Wish) -> Ruling {
        self.desk.judge(wish)
    }

    /// Decides on a wish, asks if need be, and has it written down before
    /// anything is done.
    pub async fn decide(self: &Arc<Self>, wish: Wish) -> Result<Passed, Refusal> {
        let id = self.decisions.fetch_add(1, Ordering::Relaxed) + 1;
        let (ruling, asked) = match self.book.request() {
            Ok(()) => self.ruling(&wish).await,
            Err(refusal) => (Ruling::Denied(refusal), false),
        };
        let look = ruling == Ruling::Look;
        let refusal = match ruling {
            Ruling::Allowed => None,
            Ruling::Look if wish.method.is_none() => None,
            Ruling::Look => Some(Refusal::new(
                Cause::CannotLook,
                "the rules need more than the method and the path",
            )),
            Ruling::Ask => Some(Refusal::new(Cause::Closed, "the question got no answer")),
            Ruling::Denied(refusal) => Some(refusal),
        };
        let account = self.book.account(&wish, refusal.is_none());
        self.clerk
            .write(NetworkEvent::Decided {
                id,
                wish: wish.clone(),
                refusal: refusal.clone(),
                asked,
            })
            .await?;
        match refusal {
            None => Ok(Passed::new(Arc::clone(self), id, wish, look, account)),
            Some(refusal) => Err(refusal),
        }
    }

    /// Writes down that something is refused for a cause of our own.
    pub async fn refuse(&self, wish: Wish, refusal: Refusal) -> Refusal {
        let id = self.decisions.fetch_add(1, Ordering::Relaxed) + 1;
        self.book.account(&wish, false);
        let event = NetworkEvent::Decided {
            id,
            wish,
            refusal: Some(refusal.clone()),
            asked: false,
        };
        match self.clerk.write(event).await {
            Ok(()) => refusal,
            Err(closed) => closed,
        }
    }

    async fn ruling(&self, wish: &Wish) -> (Ruling, bool) {
        match self.desk.judge(wish) {
            Ruling::Ask => {}
            ruling => return (ruling, false),
        }
        // One question at a time: its answer may be the answer to this one.
        let _guard = self.asking.lock().await;
        match self.desk.judge(wish) {
            Ruling::Ask => {}
            ruling => return (ruling, false),
        }
        let (desk, wish) = (Arc::clone(&self.desk), wish.clone());
        let asked = tokio::task::spawn_blocking(move || desk.ask(&wish)).await;
        (asked.unwrap_or(Ruling::Ask), true)
    }

    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Writes down an end; nobody waits for it.
    pub fn ended(&self, event: NetworkEvent) {
        self.clerk.write_later(event);
    }

    /// The addresses that stand for a name; none if there are too many.
    pub fn placeholder(&self, name: &str) -> Option<(Ipv4Addr, Ipv6Addr)> {
        lock(&self.placeholders).of(name)
    }

    pub fn meaning(&self, address: IpAddr) -> Meaning {
        lock(&self.placeholders).meaning(address)
    }

    /// Counts a name that got no address, and tells of it once.
    pub fn name_refused(&self, name: &str, refusal: Refusal) {
        self.book.name_refused();
        let mut told = lock(&self.told);
        if told.len() >= NAMES_TOLD || !told.insert(name.to_owned()) {
            return;
        }
        self.clerk.write_later(NetworkEvent::Decided {
            id: self.decisions.fetch_add(1, Ordering::Relaxed) + 1,
            wish: Wish {
                host: name.to_owned(),
                port: 0,
                protocol: Protocol::Dns,
                method: None,
                path: None,
                caller: None,
            },
            refusal: Some(refusal),
            asked: false,
        });
    }

    /// Remembers who makes a connection.
    pub fn introduce(&self, caller: Caller) {
        let mut callers = lock(&self.callers);
        if callers.len() >= CALLERS {
            callers.pop_front();
        }
        callers.push_back(((caller.source, caller.destination), caller));
    }

    /// Who made a connection. It may be said a moment after the connection.
    pub async fn caller(&self, source: SocketAddr, destination: SocketAddr) -> Option<Caller> {
        let ends = (source, destination);
        let find = || {
            let mut callers = lock(&self.callers);
            let at = callers.iter().position(|(own, _)| *own == ends)?;
            callers.remove(at).map(|(_, caller)| caller)
        };
        if let Some(caller) = find() {
            return Some(caller);
        }
        if !self.way.callers_are_told {
            return None;
        }
        tokio::time::sleep(INTRODUCTION).await;
        find()
    }

    /// Tells what became of a secret, once for each host.
    pub fn secret_used(&self, secret: &Secret, what: SecretUse, host: &str) {
        let key = (secret.name().to_owned(), what);
        let mut told = lock(&self.secrets_told);
        let hosts = told.entry(key).or_default();
        if hosts.len() >= NAMES_TOLD || !hosts.insert(host.to_owned()) {
            return;
        }
        self.clerk.write_later(NetworkEvent::Secret {
            name: secret.name().to_owned(),
            what,
            host: Some(host.to_owned()),
        });
    }

    /// Ends the record, and adds up.
    pub fn totals(&self) -> Totals {
        let mut totals = self.book.totals();
        totals.connections = self.arrived.load(Ordering::Relaxed);
        let told = lock(&self.secrets_told);
        for secret in &self.way.secrets {
            let is_used = told.contains_key(&(secret.name().to_owned(), SecretUse::Inserted));
            if !is_used {
                totals.unused_secrets.push(secret.name().to_owned());
                self.clerk.write_later(NetworkEvent::Secret {
                    name: secret.name().to_owned(),
                    what: SecretUse::Unused,
                    host: None,
                });
            }
        }
        totals.failure = self.clerk.finish();
        totals
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
