//! The HTTP client for one provider: address, headers, TLS.
//!
//! The crypto is ring's, given to this client alone: nothing is installed for
//! the whole process, and a process-wide choice made elsewhere has no effect
//! here. The environment is not asked for a proxy. The one thing read from it,
//! by the library that loads the system's authorities, is `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Proxy, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::retry::{Cause, Fault};
use crate::clean::one_line;
use crate::{ModelError, Provider, Secret};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that knows its provider.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) provider: Provider,
    client: Client,
    url: Secret,
    headers: HeaderMap,
    /// Host and port, for messages.
    address: String,
}

impl Connection {
    pub(super) fn new(provider: Provider) -> Result<Self, ModelError> {
        let unusable = |reason: String| ModelError::Provider {
            provider: provider.id.clone(),
            reason,
        };
        let base = base_url(&provider).map_err(unusable)?;
        let address = address(&base);
        let headers = headers(&provider).map_err(unusable)?;
        let client = client(&provider, &base).map_err(unusable)?;
        let url = Secret::new(full_url(base, &provider));
        Ok(Self {
            provider,
            client,
            url,
            headers,
            address,
        })
    }

    /// Sends `body` and waits for the head of the answer.
    pub(super) async fn send(&self, body: &str) -> Result<Response, reqwest::Error> {
        let request = self
            .client
            .post(self.url.reveal())
            .headers(self.headers.clone());
        request.body(body.to_owned()).send().await
    }

    /// What it means that nothing was answered.
    pub(super) fn fault(&self, error: &reqwest::Error) -> Fault {
        let reason = root(error);
        if error.is_builder() {
            let provider = self.provider.id.clone();
            return Fault::Final(ModelError::Provider { provider, reason })
                .said_safely(&self.provider);
        }
        let cause = Cause::Unreachable {
            provider: self.provider.id.clone(),
            address: self.address.clone(),
            reason,
        };
        Fault::Passing(cause).said_safely(&self.provider)
    }
}

/// The innermost reason: what is around it only names layers of the library.
pub(super) fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    // Without a source this is the library's own error, which names the URL.
    if error.source().is_none() {
        "the request failed".to_owned()
    } else {
        one_line(&cause.to_string())
    }
}

fn base_url(provider: &Provider) -> Result<Url, String> {
    let url = Url::parse(&provider.base_url).map_err(|error| {
        format!("`base_url` is not a URL ({error}); write it as `https://host/v1`")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(
            "`base_url` must start with `https://` or `http://` and name a host".to_owned(),
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("`base_url` contains credentials; name a key with `env_key` or a header with `env_http_headers`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("`base_url` has a query or a fragment; use `query_params`".to_owned());
    }
    Ok(url)
}

fn full_url(mut url: Url, provider: &Provider) -> String {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("responses");
    }
    for (name, value) in &provider.query_params {
        url.query_pairs_mut().append_pair(name, value.reveal());
    }
    url.into()
}

fn address(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

fn headers(provider: &Provider) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = &provider.api_key {
        let from = provider
            .env_key
            .as_deref()
            .map(|name| format!(" in `{name}`"))
            .unwrap_or_default();
        let value = header_value(&format!("Bearer {}", key.reveal())).ok_or_else(|| {
            format!("the API key{from} has characters that no key has (a line break?)")
        })?;
        headers.insert(AUTHORIZATION, value);
    }
    for (name, value) in &provider.http_headers {
        let value = header_value(value.reveal())
            .ok_or_else(|| format!("the value of the header `{name}` cannot be sent"))?;
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("`{}` is not a header's name", one_line(name)))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Sensitive, so that no debug output of the library shows it.
fn header_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place in this crate that dials"
)]
fn client(provider: &Provider, base: &Url) -> Result<Client, String> {
    let mut builder = Client::builder()
        .user_agent(concat!("cofferdam/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy();
    let mut encrypted = base.scheme() == "https";
    if let Some(proxy) = &provider.proxy {
        encrypted |= proxy.reveal().starts_with("https:");
        let proxy = Proxy::all(proxy.reveal())
            .map_err(|_| "the proxy's address is not a URL".to_owned())?;
        builder = builder.proxy(proxy);
    }
    let client = builder.tls_backend_preconfigured(tls(encrypted)?).build();
    client.map_err(|error| format!("the HTTP client cannot be built: {}", root(&error)))
}

/// TLS with the system's authorities, or with none at all where nothing is
/// encrypted: a server on loopback must not need them installed.
fn tls(encrypted: bool) -> Result<ClientConfig, String> {
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let config = if encrypted {
        config.with_platform_verifier().map_err(|error| {
            format!("the system's certificate authorities cannot be loaded ({error}); install `ca-certificates`")
        })?
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
