//! A model server that says what it is told to, over real HTTP on loopback.
//!
//! It speaks enough of the Responses API (`POST /v1/responses`) and of the
//! Messages API (`POST /v1/messages`, `POST /v1/messages/count_tokens`) to
//! drive our agent and others' over a real socket: streamed deltas, tool calls,
//! errors, dropped and silent connections. Each request for a response takes
//! the next [`Turn`] of the script; when none is left the answer is an HTTP 400
//! that says so, because that one no client retries. Everything received is
//! kept for assertions.
//!
//! Requests to the Messages API that offer no tools are side questions (titles,
//! quota probes): they get `ok` and take no turn.

mod http;
mod messages;
mod responses;
mod turn;

use std::collections::VecDeque;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

pub use http::Received;
pub use turn::{Part, Turn};

use http::{Body, Reply};

/// The server. It stops when dropped.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    turns: Mutex<VecDeque<Turn>>,
    received: Mutex<Vec<Received>>,
    taken: AtomicUsize,
    connections: AtomicUsize,
    stopping: AtomicBool,
}

/// Which API a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Responses,
    Messages,
}

impl ScriptedServer {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When loopback cannot be listened on.
    #[expect(clippy::expect_used, reason = "a test without its server has to stop")]
    pub fn start(turns: Vec<Turn>) -> Self {
        Self::listen(0, turns).expect("listening on 127.0.0.1")
    }

    /// Starts on a given port of 127.0.0.1; 0 means a free one.
    pub fn listen(port: u16, turns: Vec<Turn>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            turns: Mutex::new(turns.into()),
            ..Shared::default()
        });
        let accepting = Arc::clone(&shared);
        let listener = std::thread::spawn(move || accept(&listener, &accepting));
        Ok(Self {
            address,
            shared,
            listener: Some(listener),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client of the Responses API is configured with. Clients of the
    /// Messages API want it without `/v1`: see [`ScriptedServer::origin`].
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Scheme, address and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Appends a turn to the script.
    pub fn push(&self, turn: Turn) {
        lock(&self.shared.turns).push_back(turn);
    }

    /// How many turns are left.
    pub fn turns_left(&self) -> usize {
        lock(&self.shared.turns).len()
    }

    /// How many connections are open. One that a client keeps for later counts.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Every request so far, in the order of arrival.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// The JSON bodies of the requests for a response so far, side questions
    /// included.
    pub fn bodies(&self) -> Vec<Value> {
        let asks = |received: &Received| dialect(received).is_some();
        self.received()
            .iter()
            .filter(|received| asks(received))
            .map(Received::json)
            .collect()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        wake(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// Makes a blocked `accept` return.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's own address on loopback, in tests"
)]
fn wake(address: SocketAddr) {
    let _ = TcpStream::connect(address);
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // Detached: a connection ends with its client or with the server.
        shared.connections.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || {
            serve(&stream, &shared);
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Answers requests on one connection until either side is done with it. A
/// broken connection is the client's affair: nothing to report here.
fn serve(stream: &TcpStream, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let received = http::read(&mut reader, stream).ok()??;
        if shared.stopping.load(Ordering::SeqCst) {
            return None;
        }
        let reply = shared.answer(&received);
        let last = received.header("connection") == Some("close");
        lock(&shared.received).push(received);
        reply
            .send(stream, &|| shared.stopping.load(Ordering::SeqCst))
            .ok()?;
        if last {
            return None;
        }
    }
}

impl Shared {
    fn answer(&self, received: &Received) -> Reply {
        match (received.method.as_str(), received.path.as_str()) {
            ("GET", "/v1/models") => Reply::json(200, &models()),
            ("POST", "/v1/messages/count_tokens") => Reply::json(200, &json!({"input_tokens": 10})),
            ("POST", _) if dialect(received).is_some() => self.respond(received),
            ("GET", "/") => Reply::json(200, &json!({})),
            ("HEAD", "/") => Reply::empty(),
            (method, path) => error(404, &format!("the scripted server has no {method} {path}")),
        }
    }

    fn respond(&self, received: &Received) -> Reply {
        let request = received.json();
        let messages = dialect(received) == Some(Dialect::Messages);
        if messages && request["tools"].as_array().is_none_or(Vec::is_empty) {
            return messages::render(&Turn::message("ok"), 0, &request);
        }
        let Some(turn) = lock(&self.turns).pop_front() else {
            let taken = self.taken.load(Ordering::SeqCst);
            return error(400, &format!("the script has ended: it had {taken} turns"));
        };
        let number = self.taken.fetch_add(1, Ordering::SeqCst) + 1;
        if messages {
            messages::render(&turn, number, &request)
        } else {
            responses::render(&turn, number)
        }
    }
}

fn dialect(received: &Received) -> Option<Dialect> {
    match received.path.as_str() {
        "/v1/responses" => Some(Dialect::Responses),
        "/v1/messages" => Some(Dialect::Messages),
        _ => None,
    }
}

fn models() -> Value {
    let model = json!({"id": "scripted", "object": "model", "created": 0, "owned_by": "testkit", "type": "model",
        "display_name": "scripted", "created_at": "2026-01-01T00:00:00Z"});
    json!({"object": "list", "data": [model], "has_more": false, "models": []})
}

/// An error in a form that both APIs' clients can read.
fn error(status: u16, message: &str) -> Reply {
    let error = json!({"type": "invalid_request_error", "code": null, "message": message});
    Reply::json(status, &json!({"type": "error", "error": error}))
}

/// The reply that a turn asks for whatever the API, if it is one of those.
fn plain(turn: &Turn) -> Option<Reply> {
    match &turn.content {
        turn::Content::Status {
            status,
            message,
            headers,
        } => {
            let mut reply = error(*status, message);
            reply.headers.extend(
                headers
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
            Some(reply)
        }
        turn::Content::Reply {
            status,
            content_type,
            body,
        } => Some(Reply {
            status: *status,
            headers: vec![("content-type".to_owned(), content_type.clone())],
            body: Body::Whole(body.clone().into_bytes()),
        }),
        turn::Content::Raw(text) => Some(Reply::stream(vec![text.clone()], turn.end)),
        _ => None,
    }
}

/// A panic in one connection's thread must not hide what the others saw.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
