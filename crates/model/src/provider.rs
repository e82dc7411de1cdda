//! Where a model is reached, and how patient to be with it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Secret;

/// A server that speaks the Responses API. Start from [`Provider::new`].
///
/// Values that may hold a key are [`Secret`]s: the key itself, every header
/// and every query parameter, since some servers want their key there.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The identifier in the configuration.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Everything before `/responses`, with scheme and without credentials.
    pub base_url: String,
    /// Sent as a bearer token, if there is one.
    pub api_key: Option<Secret>,
    /// The environment variable that the key came from or should have come
    /// from, so that an error can name it.
    pub env_key: Option<String>,
    /// Additional headers of every request.
    pub http_headers: BTreeMap<String, Secret>,
    /// Additional query parameters of every request.
    pub query_params: BTreeMap<String, Secret>,
    /// An HTTP proxy to go through. No proxy is used without it: the
    /// environment is not consulted here.
    pub proxy: Option<Secret>,
    /// How often a request is repeated that was not accepted: no connection,
    /// 408, 409, 429 or 5xx.
    pub request_max_retries: u32,
    /// How often a response is asked for again whose stream broke off.
    pub stream_max_retries: u32,
    /// How long the server may send no event before the stream counts as
    /// broken, and how long it may take to start answering.
    pub stream_idle_timeout: Duration,
    /// The wait before the first retry; it doubles with every further one.
    pub first_backoff: Duration,
    /// The longest wait, also when the server asks for a longer one: then the
    /// request fails at once and says so.
    pub longest_wait: Duration,
}

impl Provider {
    /// A provider with no key and the usual limits: 4 request retries, 5
    /// stream retries, 300 seconds of silence, waits from 200 milliseconds to
    /// 2 minutes.
    pub fn new(id: impl Into<String>, base_url: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            base_url: base_url.into(),
            api_key: None,
            env_key: None,
            http_headers: BTreeMap::new(),
            query_params: BTreeMap::new(),
            proxy: None,
            request_max_retries: 4,
            stream_max_retries: 5,
            stream_idle_timeout: Duration::from_mins(5),
            first_backoff: Duration::from_millis(200),
            longest_wait: Duration::from_mins(2),
        }
    }

    /// `text` without any secret of this provider: a server may repeat in an
    /// error what it was sent.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let headers = self.http_headers.values();
        let secrets = self
            .api_key
            .iter()
            .chain(&self.proxy)
            .chain(headers)
            .chain(self.query_params.values());
        // Shorter values are words such as `true`, and would make holes in
        // messages without hiding anything.
        let worth_hiding = secrets.map(Secret::reveal).filter(|value| value.len() >= 6);
        worth_hiding.fold(text.to_owned(), |text, value| {
            text.replace(value, "[secret]")
        })
    }
}
