//! The way to a collector: OTLP over HTTP and gRPC.
//!
//! The only module of this crate that knows of the network, and with that of
//! the libraries for it. The environment is not asked for a proxy, redirects
//! are not followed, and TLS is ring's, given to this client alone.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, TE};
use reqwest::{Client, StatusCode, Url, redirect};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::wire::{Message, Partial, base64, retry_delay};
use super::{Exporter, Protocol, Signal};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// As much of an answer is read, in bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// Why nothing can be sent to a collector.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The address makes no sense.
    #[error("`{endpoint}` is not the address of a collector: {reason}")]
    Endpoint {
        /// The address.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header cannot be sent.
    #[error("the header `{0}` cannot be sent to the collector")]
    Header(String),
    /// A certificate or key cannot be used.
    #[error("`{path}` cannot be used: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// Why a request was not taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Failure {
    /// In words.
    pub reason: String,
    /// Whether the same request may be taken later.
    pub passing: bool,
    /// How long the collector wants to be left alone.
    pub wait: Option<Duration>,
}

/// A collector, for one kind of telemetry.
#[derive(Debug)]
pub(super) struct Collector {
    client: Client,
    url: Url,
    protocol: Protocol,
    headers: HeaderMap,
}

impl Collector {
    pub(super) fn new(exporter: &Exporter, signal: Signal) -> Result<Self, ExportError> {
        let url = url(exporter, signal)?;
        Ok(Self {
            client: client(exporter, url.scheme() == "https")?,
            headers: headers(exporter)?,
            url,
            protocol: exporter.protocol,
        })
    }

    /// Sends a request, and says what of it was refused.
    pub(super) async fn send(
        &self,
        message: &Message,
        within: Duration,
    ) -> Result<Partial, Failure> {
        let body = match self.protocol {
            Protocol::HttpBinary => message.to_binary(),
            Protocol::HttpJson => message.to_json().to_string().into_bytes(),
            Protocol::Grpc => framed(&message.to_binary()),
        };
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone());
        let exchange = async {
            let response = request
                .body(body)
                .send()
                .await
                .map_err(|error| self.unreached(&error))?;
            self.answer(response).await
        };
        let late = |_| passing(format!("{} did not answer in time", self.address()));
        tokio::time::timeout(within, exchange).await.map_err(late)?
    }

    async fn answer(&self, response: reqwest::Response) -> Result<Partial, Failure> {
        let status = response.status();
        let wait = response.headers().get(RETRY_AFTER).and_then(retry_after);
        let (parts, body) = http::Response::from(response).into_parts();
        let body = Limited::new(body, MOST_ANSWER).collect().await;
        let body = body.map_err(|_| passing(format!("{} broke off its answer", self.address())))?;
        let trailers = body.trailers().cloned();
        let bytes = body.to_bytes();
        if !status.is_success() {
            let passes = matches!(status.as_u16(), 429 | 502 | 503 | 504);
            return Err(Failure {
                reason: format!("{} answered {}", self.address(), described(status)),
                passing: passes,
                wait,
            });
        }
        match self.protocol {
            Protocol::HttpBinary => Ok(Partial::of_binary(&bytes)),
            Protocol::HttpJson => Ok(Partial::of_json(&bytes)),
            Protocol::Grpc => {
                // Where there is no body, the status stands in the head.
                self.status(trailers.as_ref().unwrap_or(&parts.headers))?;
                Ok(Partial::of_binary(bytes.get(FRAME..).unwrap_or_default()))
            }
        }
    }

    /// What a gRPC server says of a call.
    fn status(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        let text = |name| {
            trailers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let code: Option<u32> = text("grpc-status").and_then(|code| code.parse().ok());
        let Some(code) = code else {
            return Err(Failure {
                reason: format!("{} does not speak gRPC", self.address()),
                passing: false,
                wait: None,
            });
        };
        if code == 0 {
            return Ok(());
        }
        let details = text("grpc-status-details-bin").and_then(base64);
        let wait = details.and_then(|details| retry_delay(&details));
        let message = said(text("grpc-message").unwrap_or_default());
        Err(Failure {
            reason: format!(
                "{} answered with gRPC status {code}: {message}",
                self.address()
            ),
            // Cancelled, deadline exceeded, aborted, out of range, unavailable,
            // data loss; and exhausted, if it says for how long.
            passing: matches!(code, 1 | 4 | 10 | 11 | 14 | 15) || code == 8 && wait.is_some(),
            wait,
        })
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        passing(format!(
            "{} cannot be reached: {}",
            self.address(),
            root(error)
        ))
    }

    /// Host and port, for messages.
    fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!(
            "`{host}:{}`",
            self.url.port_or_known_default().unwrap_or_default()
        )
    }
}

/// Lets a future run to its end, on this thread.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, ExportError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| ExportError::Client(error.to_string()))?;
    let result = runtime.block_on(future);
    // A lookup of a name that nobody waits for any more is not waited for.
    runtime.shutdown_background();
    Ok(result)
}

/// What a collector says, as it may be shown.
pub(super) fn said(text: &str) -> String {
    let mut text = crate::clean(text).replace('\n', " ");
    text.truncate(text.floor_char_boundary(200));
    text
}

fn passing(reason: String) -> Failure {
    Failure {
        reason,
        passing: true,
        wait: None,
    }
}

/// The length of what stands before a message in gRPC.
const FRAME: usize = 5;

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut framed = Vec::with_capacity(FRAME + message.len());
    // Not compressed.
    framed.push(0);
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    framed
}

fn described(status: StatusCode) -> String {
    let hint = match status.as_u16() {
        401 | 403 => " (look at `headers`)",
        404 => " (look at the path of `endpoint`)",
        _ => "",
    };
    format!("{status}{hint}")
}

/// Seconds, or a date.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = until.duration_since(Timestamp::now());
    Some(wait.try_into().unwrap_or_default())
}

/// The innermost reason: what is around it names layers of the library.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.source().is_none() {
        "the request failed".to_owned()
    } else {
        crate::clean(&cause.to_string())
    }
}

/// Where the service of a kind of telemetry is.
fn url(exporter: &Exporter, signal: Signal) -> Result<Url, ExportError> {
    let wrong = |reason: String| ExportError::Endpoint {
        endpoint: exporter.endpoint.clone(),
        reason,
    };
    let mut url = Url::parse(&exporter.endpoint).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("write it as `https://host:port`".to_owned()));
    }
    let service = match signal {
        Signal::Logs => "opentelemetry.proto.collector.logs.v1.LogsService",
        Signal::Traces => "opentelemetry.proto.collector.trace.v1.TraceService",
        Signal::Metrics => "opentelemetry.proto.collector.metrics.v1.MetricsService",
    };
    match exporter.protocol {
        Protocol::Grpc => url.set_path(&format!("/{service}/Export")),
        _ if url.path() == "/" => url.set_path(&format!("/v1/{signal}")),
        _ => {}
    }
    Ok(url)
}

fn headers(exporter: &Exporter) -> Result<HeaderMap, ExportError> {
    let mut headers = HeaderMap::new();
    let content = match exporter.protocol {
        Protocol::HttpBinary => "application/x-protobuf",
        Protocol::HttpJson => "application/json",
        Protocol::Grpc => {
            headers.insert(TE, HeaderValue::from_static("trailers"));
            "application/grpc"
        }
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    for (name, value) in &exporter.headers {
        let wrong = |()| ExportError::Header(crate::clean(name));
        let header: HeaderName = name.parse().map_err(|_| wrong(()))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong(()))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place outside `dam-model` that dials: telemetry that somebody switched on goes to the address that they gave, and to no other"
)]
fn client(exporter: &Exporter, encrypted: bool) -> Result<Client, ExportError> {
    let mut builder = Client::builder()
        .user_agent(concat!("cofferdam/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy();
    if exporter.protocol == Protocol::Grpc {
        builder = builder.http2_prior_knowledge();
    }
    let client = builder
        .tls_backend_preconfigured(tls(exporter, encrypted)?)
        .build();
    client.map_err(|error| ExportError::Client(root(&error)))
}

/// TLS with the authorities that were given, else with the system's, else (for
/// a collector that is spoken to in the clear) with none.
fn tls(exporter: &Exporter, encrypted: bool) -> Result<ClientConfig, ExportError> {
    let broken = |error: &dyn Error| ExportError::Client(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?;
    let config = match &exporter.ca_certificate {
        Some(path) => config.with_root_certificates(authorities(path)?),
        None if encrypted => config
            .with_platform_verifier()
            .map_err(|error| broken(&error))?,
        None => config.with_root_certificates(RootCertStore::empty()),
    };
    let mut config = match &exporter.client_certificate {
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let wrong = |reason: String| unusable(key, reason);
            let bytes = fs::read(key).map_err(|error| wrong(error.to_string()))?;
            let secret = PrivateKeyDer::from_pem_slice(&bytes)
                .map_err(|_| wrong("it holds no private key in PEM".to_owned()))?;
            let config = config.with_client_auth_cert(chain, secret);
            config.map_err(|error| unusable(key, error.to_string()))?
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = match exporter.protocol {
        Protocol::Grpc => vec![b"h2".to_vec()],
        _ => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

fn authorities(path: &Path) -> Result<RootCertStore, ExportError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = store.add(certificate);
        added.map_err(|error| unusable(path, error.to_string()))?;
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ExportError> {
    let wrong = |reason: String| unusable(path, reason);
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(wrong("it holds no certificate in PEM".to_owned())),
    }
}

fn unusable(path: &Path, reason: String) -> ExportError {
    ExportError::Certificate {
        path: path.display().to_string(),
        reason,
    }
}
