//! A collector of telemetry: OTLP over HTTP and gRPC, in the clear and with TLS,
//! on one port of 127.0.0.1.
//!
//! It reads what it gets with the types that are generated from the official
//! schema, and answers gRPC through the services generated from it. It keeps
//! what it took, and can be told to hang, to refuse, and to come back.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "for tests only: a collector that cannot be set up ends the test"
)]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
    logs_service_server::{LogsService, LogsServiceServer},
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
    metrics_service_server::{MetricsService, MetricsServiceServer},
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use prost::Message;
use rustls::ServerConfig;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tonic::Status;

mod certificates;

pub use certificates::Certificates;
pub use opentelemetry_proto;

/// What a collector does with requests.
#[derive(Clone, Debug, Default)]
pub enum Mood {
    /// It takes them.
    #[default]
    Takes,
    /// It takes them, and says that this many records were refused.
    TakesBut(u64),
    /// It never answers.
    Hangs,
    /// It is not available, and says how long, in seconds.
    Unavailable(Option<u64>),
    /// It says that the request is wrong.
    Refuses,
}

/// One request that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Whether the client showed a certificate that was believed.
    pub identified: bool,
    /// What it says.
    pub told: Told,
}

/// What a request says.
#[derive(Clone, Debug)]
pub enum Told {
    /// Events.
    Logs(ExportLogsServiceRequest),
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Metrics.
    Metrics(ExportMetricsServiceRequest),
}

/// The collector. It stops when dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    mood: Mutex<Mood>,
    taken: Mutex<Vec<Taken>>,
    /// Every request that came, whether taken or not.
    asked: Mutex<Vec<String>>,
}

impl Collector {
    /// Starts in the clear.
    pub fn start() -> Self {
        Self::listen(0, None)
    }

    /// Starts on a given port, in the clear.
    pub fn at(port: u16) -> Self {
        Self::listen(port, None)
    }

    /// Starts with TLS, and lets nobody in without a certificate.
    pub fn with_tls(certificates: &Certificates) -> Self {
        Self::listen(0, Some(certificates.server()))
    }

    fn listen(port: u16, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, tls, serving) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            address,
            scheme,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address, by the name that its certificate has.
    pub fn endpoint(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    /// Changes what it does with requests from now on.
    pub fn set(&self, mood: Mood) {
        *lock(&self.shared.mood) = mood;
    }

    /// Every request that was taken so far.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.shared.taken).clone()
    }

    /// The paths of every request so far, taken or not.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }

    /// Waits until it has taken this many requests, for at most ten seconds.
    pub fn wait_for(&self, requests: usize) -> Vec<Taken> {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let taken = self.taken();
            if taken.len() >= requests || Instant::now() > until {
                return taken;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, tls: Option<ServerConfig>, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    while let Ok((socket, _)) = listener.accept().await {
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            match tls {
                None => serve(TokioIo::new(socket), false, shared).await,
                Some(tls) => {
                    // Who has no certificate gets no further.
                    if let Ok(stream) = tls.accept(socket).await {
                        let identified = stream.get_ref().1.peer_certificates().is_some();
                        serve(TokioIo::new(stream), identified, shared).await;
                    }
                }
            }
        });
    }
}

async fn serve<I>(io: I, identified: bool, shared: Arc<Shared>)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
{
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, identified, &shared).await) }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    // The client may go at any time.
    let _gone = server.serve_connection(io, service).await;
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Status>;

async fn answer(
    request: Request<Incoming>,
    identified: bool,
    shared: &Arc<Shared>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let Ok(body) = body.collect().await else {
        return plain(StatusCode::BAD_REQUEST, &head.headers, Vec::new());
    };
    let body = body.to_bytes();
    lock(&shared.asked).push(path.clone());
    let mood = lock(&shared.mood).clone();
    let is_grpc = head
        .headers
        .get("content-type")
        .is_some_and(|found| found == "application/grpc");
    match mood {
        Mood::Hangs => std::future::pending().await,
        Mood::Unavailable(Some(seconds)) if is_grpc => exhausted(seconds).into_http(),
        Mood::Unavailable(None) if is_grpc => Status::unavailable("away").into_http(),
        Mood::Refuses if is_grpc => Status::unauthenticated("who are you?").into_http(),
        Mood::Unavailable(wait) => {
            let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, &head.headers, Vec::new());
            if let Some(seconds) = wait {
                response.headers_mut().insert("retry-after", seconds.into());
            }
            response
        }
        Mood::Refuses => plain(StatusCode::UNAUTHORIZED, &head.headers, Vec::new()),
        Mood::Takes | Mood::TakesBut(_) => {
            let refused = match mood {
                Mood::TakesBut(refused) => i64::try_from(refused).unwrap_or(i64::MAX),
                _ => 0,
            };
            let kept = Kept {
                shared: Arc::clone(shared),
                path,
                headers: head.headers.clone(),
                body: body.to_vec(),
                identified,
                refused,
            };
            if is_grpc {
                return grpc(Request::from_parts(head, Full::new(body)), kept).await;
            }
            http(&head.headers, &kept)
        }
    }
}

/// A gRPC status that says when to come again, as its schema has it.
fn exhausted(seconds: u64) -> Status {
    let delay = RetryInfo {
        delay: Some(Delay {
            seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
        }),
    };
    let details = RpcStatus {
        code: tonic::Code::ResourceExhausted as i32,
        message: "busy".to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: delay.encode_to_vec(),
        }],
    };
    let details = details.encode_to_vec().into();
    Status::with_details(tonic::Code::ResourceExhausted, "busy", details)
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

/// OTLP over HTTP: the path says what is told, the type of content how.
fn http(headers: &HeaderMap, kept: &Kept) -> Response<Body> {
    let is_json = match headers
        .get("content-type")
        .and_then(|found| found.to_str().ok())
    {
        Some("application/json") => true,
        Some("application/x-protobuf") => false,
        _ => return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, headers, Vec::new()),
    };
    let told = match kept.path.as_str() {
        "/v1/logs" => decoded(&kept.body, is_json).map(Told::Logs),
        "/v1/traces" => decoded(&kept.body, is_json).map(Told::Traces),
        "/v1/metrics" => decoded(&kept.body, is_json).map(Told::Metrics),
        _ => return plain(StatusCode::NOT_FOUND, headers, Vec::new()),
    };
    let Some(told) = told else {
        return plain(StatusCode::BAD_REQUEST, headers, Vec::new());
    };
    let answer = ExportLogsServiceResponse {
        partial_success: kept.partial(),
    };
    kept.keep(told);
    let body = if is_json {
        serde_json::to_vec(&answer).expect("JSON")
    } else {
        answer.encode_to_vec()
    };
    plain(StatusCode::OK, headers, body)
}

fn decoded<T: Message + Default + serde::de::DeserializeOwned>(
    body: &[u8],
    is_json: bool,
) -> Option<T> {
    if is_json {
        serde_json::from_slice(body).ok()
    } else {
        T::decode(body).ok()
    }
}

fn plain(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(
        Full::new(Bytes::from(body))
            .map_err(|never| match never {})
            .boxed_unsync(),
    );
    *response.status_mut() = status;
    if let Some(kind) = headers.get("content-type") {
        response.headers_mut().insert("content-type", kind.clone());
    }
    response
}

/// OTLP over gRPC: the generated services read the request.
async fn grpc(request: Request<Full<Bytes>>, kept: Kept) -> Response<Body> {
    use tonic::codegen::Service;
    let path = request.uri().path().to_owned();
    let request = request.map(|body| body.map_err(|never| match never {}).boxed_unsync());
    let request: Request<Body> = request;
    let response = if path.contains("LogsService") {
        LogsServiceServer::new(kept).call(request).await
    } else if path.contains("TraceService") {
        TraceServiceServer::new(kept).call(request).await
    } else {
        MetricsServiceServer::new(kept).call(request).await
    };
    response.expect("an answer").map(BodyExt::boxed_unsync)
}

/// What is known of a request before it is read.
struct Kept {
    shared: Arc<Shared>,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    identified: bool,
    refused: i64,
}

impl Kept {
    fn partial(&self) -> Option<ExportLogsPartialSuccess> {
        (self.refused > 0).then(|| ExportLogsPartialSuccess {
            rejected_log_records: self.refused,
            error_message: "too old".to_owned(),
        })
    }

    fn keep(&self, told: Told) {
        lock(&self.shared.taken).push(Taken {
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            identified: self.identified,
            told,
        });
    }
}

#[tonic::async_trait]
impl LogsService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, Status> {
        self.keep(Told::Logs(request.into_inner()));
        Ok(tonic::Response::new(ExportLogsServiceResponse {
            partial_success: self.partial(),
        }))
    }
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, Status> {
        self.keep(Told::Traces(request.into_inner()));
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, Status> {
        self.keep(Told::Metrics(request.into_inner()));
        Ok(tonic::Response::new(ExportMetricsServiceResponse::default()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
