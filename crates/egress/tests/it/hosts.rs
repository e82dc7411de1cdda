//! Hosts on loopback: an HTTP server, in the clear or in TLS, and one that
//! speaks whatever a test wants.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A running host.
pub struct Host {
    pub at: SocketAddr,
    /// The authority that signed for it.
    pub authority: String,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Host {
    /// HTTP in the clear: 1.1, or 2 for those who begin with it.
    pub fn plain() -> Self {
        Self::new(None)
    }

    /// HTTP in TLS, for these names.
    pub fn tls(names: &[&str]) -> Self {
        Self::new(Some((names, &[b"h2", b"http/1.1"])))
    }

    fn new(tls: Option<(&[&str], &[&[u8]])>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let (config, authority) = match tls {
            Some((names, protocols)) => {
                let (config, authority) = certified(names, protocols);
                (Some(TlsAcceptor::from(Arc::new(config))), authority)
            }
            None => (None, String::new()),
        };
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let host = Self {
            at,
            authority,
            seen: Arc::clone(&seen),
            connections: Arc::clone(&connections),
        };
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    *connections.lock().unwrap() += 1;
                    tokio::spawn(connection(stream, config.clone(), Arc::clone(&seen)));
                }
            });
        });
        host
    }

    /// The heads of requests, as they arrived.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// How many connections arrived.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// A certificate for these names, and the authority behind it.
pub fn certified(names: &[&str], protocols: &[&[u8]]) -> (ServerConfig, String) {
    let own = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "An authority for tests");
    let authority = params.self_signed(&own).unwrap().pem();
    let issuer = Issuer::new(params, own);
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let params = CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (config, authority)
}

async fn connection(
    stream: tokio::net::TcpStream,
    tls: Option<TlsAcceptor>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    if let Some(tls) = tls {
        if let Ok(stream) = tls.accept(stream).await {
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            serve(stream, is_http2, seen).await;
        }
        return;
    }
    let mut start = [0; 3];
    let _ = stream.peek(&mut start).await;
    serve(stream, &start == b"PRI", seen).await;
}

async fn serve<S>(stream: S, is_http2: bool, seen: Arc<Mutex<Vec<String>>>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let answer = service_fn(move |request| {
        let seen = Arc::clone(&seen);
        async move { Ok::<_, Infallible>(answer(request, &seen).await) }
    });
    let stream = TokioIo::new(stream);
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new())
            .serve_connection(stream, answer)
            .await;
    } else {
        let _ = http1::Builder::new()
            .serve_connection(stream, answer)
            .with_upgrades()
            .await;
    }
}

async fn answer(mut request: Request<Incoming>, seen: &Mutex<Vec<String>>) -> Response<Body> {
    seen.lock().unwrap().push(head(&request));
    match request.uri().path() {
        // The request's head, as its answer.
        "/head" => whole(head(&request)),
        // Its body.
        "/body" => {
            let body = request
                .into_body()
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes);
            whole(body.unwrap_or_default())
        }
        // A text in pieces, with what is behind it.
        "/pieces" => pieces(request.headers()),
        "/coded" => {
            let mut response = whole("compressed");
            response
                .headers_mut()
                .insert("content-encoding", HeaderValue::from_static("gzip"));
            response
        }
        "/socket" => {
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut stream = TokioIo::new(upgraded.await.unwrap());
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    stream.write_all(&buffer[..count]).await.unwrap();
                }
            });
            let mut response = whole("");
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert("connection", HeaderValue::from_static("Upgrade"));
            headers.insert("upgrade", HeaderValue::from_static("websocket"));
            response
        }
        _ => whole("hello\n"),
    }
}

fn head(request: &Request<Incoming>) -> String {
    let mut text = format!(
        "{} {} {:?}\n",
        request.method(),
        request.uri(),
        request.version()
    );
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        text.extend([name.as_str(), ": ", &value, "\n"]);
    }
    text
}

fn whole(text: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(text.into()).boxed_unsync())
}

/// What `x-say` has, each byte by itself, then a trailer with all of it.
fn pieces(headers: &HeaderMap) -> Response<Body> {
    let said = headers
        .get("x-say")
        .cloned()
        .unwrap_or_else(|| HeaderValue::from_static("pieces"));
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers.insert("x-said", said.clone());
    let bytes = said.as_bytes().to_vec();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for byte in bytes {
            let _ = sender.send(Frame::data(Bytes::from(vec![byte]))).await;
            tokio::task::yield_now().await;
        }
        let _ = sender.send(Frame::trailers(trailers)).await;
    });
    let mut response = Response::new(Pieces(receiver).boxed_unsync());
    response
        .headers_mut()
        .insert("trailer", HeaderValue::from_static("grpc-status, x-said"));
    response
}

struct Pieces(tokio::sync::mpsc::Receiver<Frame<Bytes>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}

/// A host that speaks what a test wants, on each connection.
pub fn raw(speak: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let speak = Arc::new(speak);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let speak = Arc::clone(&speak);
            thread::spawn(move || speak(stream.unwrap()));
        }
    });
    at
}
