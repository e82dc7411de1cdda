//! Connections to hosts, for requests.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use dam_policy::Host;

use super::body::Body;
use super::{BUFFER, Stream, WINDOW};
use crate::dial::{Target, dial};
use crate::refusal::{Cause, Refusal};
use crate::session::Session;

/// How hosts are spoken to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// In the clear.
    Plain { is_http2: bool },
    /// In TLS, with what was agreed on with the first connection.
    Tls { is_http2: bool },
}

impl Way {
    pub const fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls { .. })
    }

    pub const fn is_http2(&self) -> bool {
        match self {
            Self::Plain { is_http2 } | Self::Tls { is_http2 } => *is_http2,
        }
    }
}

/// A connection that takes requests.
pub enum Link {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Link {
    /// Connects, and speaks as agreed.
    pub async fn new(
        session: &Arc<Session>,
        target: &Target,
        way: &Way,
    ) -> Result<(Self, Option<std::net::SocketAddr>), Refusal> {
        let stream = dial(session, target).await?;
        let address = stream.peer_addr().ok();
        let stream: Box<dyn Stream> = match way {
            Way::Plain { .. } => Box::new(stream),
            Way::Tls { is_http2 } => {
                let protocol = if *is_http2 { &b"h2"[..] } else { b"http/1.1" };
                Box::new(encrypt(session, target, stream, vec![protocol.to_vec()]).await?)
            }
        };
        Ok((Self::over(session, stream, way.is_http2()).await?, address))
    }

    /// Speaks HTTP over a stream.
    pub async fn over(
        session: &Arc<Session>,
        stream: Box<dyn Stream>,
        is_http2: bool,
    ) -> Result<Self, Refusal> {
        let failed = |error: hyper::Error| {
            Refusal::new(
                Cause::UpstreamHttp,
                format!("the host does not speak HTTP: {error}"),
            )
        };
        let stream = TokioIo::new(stream);
        let session = Arc::clone(session);
        if is_http2 {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(4 * WINDOW)
                .max_send_buf_size(BUFFER)
                .handshake(stream)
                .await
                .map_err(failed)?;
            tokio::spawn(async move { session.until_closed(connection).await });
            return Ok(Self::Http2(sender));
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .preserve_header_case(true)
            .handshake(stream)
            .await
            .map_err(failed)?;
        tokio::spawn(async move { session.until_closed(connection.with_upgrades()).await });
        Ok(Self::Http1(sender))
    }

    /// Whether it takes one more request.
    pub async fn is_usable(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Another handle on it, where it takes several requests at once.
    pub fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    pub async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}

/// TLS with a host, whose certificate must hold.
pub async fn encrypt(
    session: &Session,
    target: &Target,
    stream: TcpStream,
    protocols: Vec<Vec<u8>>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Refusal> {
    let failed = |why: &str| {
        let reason = format!(
            "TLS with {} at port {} fails: {why}",
            target.host, target.port
        );
        Refusal::new(Cause::UpstreamTls, reason)
    };
    let name = match &target.host {
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| failed("its name can be in no certificate"))?,
        Host::Address(address) => ServerName::from(*address),
    };
    let mut config = (*session.tls).clone();
    config.alpn_protocols = protocols;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    match timeout(session.limits().greeting, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed("it takes too long")),
    }
}
