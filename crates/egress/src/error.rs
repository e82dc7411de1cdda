//! What can go wrong with the road as a whole.

use std::io;

/// Why there is no way out, or no more.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The thread or its event loop cannot be started.
    #[error("the way out cannot be started: {0}")]
    Start(#[source] io::Error),
    /// A socket of the box cannot be served.
    #[error("a socket of the box cannot be served: {0}")]
    Socket(#[source] io::Error),
    /// The session's certificate authority cannot be made.
    #[error("no certificate authority can be made for the session: {0}")]
    Authority(#[source] rcgen::Error),
    /// TLS cannot be set up.
    #[error(
        "TLS cannot be set up: {0}; the system's certificate authorities are in the package `ca-certificates`"
    )]
    Tls(#[source] rustls::Error),
    /// What was given as certificate authorities to trust is none.
    #[error("the certificate authorities to trust cannot be read: {0}")]
    Roots(String),
    /// The addresses of the system's name servers or hosts cannot be read.
    #[error("the settings for name resolution cannot be read from {0}: {1}")]
    Resolver(String, #[source] io::Error),
    /// A secret cannot be put into a header.
    #[error("the secret `{0}` cannot be put into a header: {1}")]
    Secret(String, &'static str),
    /// The upstream proxy's address makes no sense.
    #[error("`{0}` is no address of an HTTP proxy: write `http://host:port`")]
    Proxy(String),
    /// It is over.
    #[error("the way out is closed")]
    Closed,
}
