//! HTTP: each request is read strictly, judged by itself, and written anew.

pub mod answer;
pub mod body;
mod host;
mod request;
mod site;
mod upgrade;

use std::future::Future;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;

use crate::desk::Caller;
use crate::dial::Target;
use crate::guard::{Guard, Objection};
use crate::head;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::tunnel::Visit;
use crate::watched::{Clock, Watched};

pub use host::{Link, Way, encrypt};
pub use request::target;
pub use site::{Site, Whom};

/// How much of a connection is held in memory.
const BUFFER: usize = 128 * 1024;
/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 256;
/// How much of one of them is held in memory.
const WINDOW: u32 = 256 * 1024;

/// Something to speak over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Puts what was read back in front of a stream.
pub fn again(stream: TcpStream, seen: Vec<u8>) -> Box<dyn Stream> {
    let (read, write) = stream.into_split();
    Box::new(tokio::io::join(
        std::io::Cursor::new(seen).chain(read),
        write,
    ))
}

/// HTTP in the clear on a connection to one host.
pub async fn plain(visit: Visit, is_http2: bool) {
    let Visit {
        session,
        stream,
        seen,
        target,
        caller,
        tunnel,
    } = visit;
    let way = Way::Plain { is_http2 };
    let site = Site::new(&session, Whom::One(target), way, caller);
    // A decision for the connection lasts as long as it.
    let _passed = tunnel.map(|(passed, server)| {
        site.first(server);
        passed
    });
    serve(&session, Arc::new(site), again(stream, seen), is_http2).await;
}

/// HTTP to a proxy: requests name their hosts.
pub async fn proxied(
    session: Arc<Session>,
    stream: TcpStream,
    seen: Vec<u8>,
    caller: Option<Caller>,
) {
    let site = Site::new(
        &session,
        Whom::Named,
        Way::Plain { is_http2: false },
        caller,
    );
    serve(&session, Arc::new(site), again(stream, seen), false).await;
}

/// Every request gets this refusal.
pub async fn refusing(
    session: &Arc<Session>,
    target: Target,
    refusal: Refusal,
    stream: Box<dyn Stream>,
    is_http2: bool,
) {
    let whom = Whom::Nobody(target, refusal);
    let site = Site::new(session, whom, Way::Plain { is_http2 }, None);
    serve(session, Arc::new(site), stream, is_http2).await;
}

/// Serves requests until one side has enough.
pub async fn serve(
    session: &Arc<Session>,
    site: Arc<Site>,
    stream: Box<dyn Stream>,
    is_http2: bool,
) {
    let clock = Arc::new(Clock::start());
    let over = clock.over(session);
    let objection = Objection::default();
    let answer = {
        let (site, objection) = (Arc::clone(&site), Arc::clone(&objection));
        service_fn(move |request| {
            let (site, objection) = (Arc::clone(&site), Arc::clone(&objection));
            async move { Ok::<_, std::convert::Infallible>(site.answer(request, &objection).await) }
        })
    };
    let stream = Watched::new(stream, Arc::clone(&clock));
    let greeting = session.limits().greeting;
    if is_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(4 * WINDOW)
            .max_header_list_size(u32::try_from(head::MOST).unwrap_or(u32::MAX))
            .max_send_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), answer);
        ended(session, connection, over).await;
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(greeting.max(session.limits().idle))
            .half_close(true)
            .max_buf_size(BUFFER)
            .preserve_header_case(true)
            .serve_connection(TokioIo::new(Guard::new(stream, objection)), answer)
            .with_upgrades();
        ended(session, connection, over).await;
    }
}

async fn ended<T>(
    session: &Session,
    connection: impl Future<Output = T>,
    over: impl Future<Output = Refusal>,
) {
    tokio::select! {
        _ = session.until_closed(connection) => {}
        _ = over => {}
    }
}
