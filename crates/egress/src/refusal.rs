//! Refusals: why something does not go out, for programs and people.

use serde::Serialize;

/// Why something is refused, and what can be done.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// A short word for programs: one of [`Cause::code`], or the rule behind
    /// the desk's no.
    pub code: String,
    /// One sentence, without a full stop.
    pub reason: String,
    /// What whoever reads it could do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Refusal {
    /// Refused for one of our own causes.
    pub fn new(cause: Cause, reason: impl Into<String>) -> Self {
        Self {
            code: cause.code().to_owned(),
            reason: reason.into(),
            hint: cause.hint().map(str::to_owned),
        }
    }
}

/// What this crate refuses by itself, whatever the rules say.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Cause {
    /// Not the protocol, or in a form that two readers could read differently.
    Malformed,
    /// The server name in TLS is not the host that was asked for.
    ServerName,
    /// TLS without a server name.
    NoServerName,
    /// The server name is encrypted.
    EncryptedHello,
    /// `Host` is not the host that was asked for.
    HostMismatch,
    /// Something other than the web at a port that no rule names.
    NotWeb,
    /// The rules depend on what is inside TLS, and nobody can look there.
    CannotLook,
    /// The name leads to an address that needs its own rule.
    Address,
    /// The name has no address.
    Unresolved,
    /// A placeholder address that stands for no name.
    NoName,
    /// The host does not answer.
    Unreachable,
    /// The host's certificate does not hold, or TLS with it fails.
    UpstreamTls,
    /// What the host says is no HTTP, or cannot be searched for a secret.
    UpstreamHttp,
    /// A command of SOCKS5 other than a TCP connection, or SOCKS5 where it is
    /// switched off.
    SocksCommand,
    /// A limit of bytes is reached.
    LimitBytes,
    /// A limit of requests is reached.
    LimitRequests,
    /// A request is larger than one may be.
    LimitUpload,
    /// Too many connections at once.
    LimitConnections,
    /// Too many names.
    LimitNames,
    /// Nothing was said for too long, or all of it took too long.
    LimitTime,
    /// The record cannot be written, or the session is over.
    Closed,
}

impl Cause {
    /// The word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::ServerName => "server-name",
            Self::NoServerName => "no-server-name",
            Self::EncryptedHello => "encrypted-hello",
            Self::HostMismatch => "host-mismatch",
            Self::NotWeb => "not-web",
            Self::CannotLook => "cannot-look",
            Self::Address => "address",
            Self::Unresolved => "unresolved",
            Self::NoName => "no-name",
            Self::Unreachable => "unreachable",
            Self::UpstreamTls => "upstream-tls",
            Self::UpstreamHttp => "upstream-http",
            Self::SocksCommand => "socks-command",
            Self::LimitBytes => "limit-bytes",
            Self::LimitRequests => "limit-requests",
            Self::LimitUpload => "limit-upload",
            Self::LimitConnections => "limit-connections",
            Self::LimitNames => "limit-names",
            Self::LimitTime => "limit-time",
            Self::Closed => "closed",
        }
    }

    const fn hint(self) -> Option<&'static str> {
        match self {
            Self::ServerName | Self::HostMismatch => {
                Some("ask for the host that the connection is made to")
            }
            Self::NoServerName => Some("connect by name, or allow the address with its port"),
            Self::EncryptedHello => Some("switch off encrypted client hello in the program"),
            Self::NotWeb => Some("allow the host with this port, as in `example.com:22`"),
            Self::Address => Some("allow the address with its port, as in `10.0.0.1:443`"),
            Self::LimitBytes
            | Self::LimitRequests
            | Self::LimitUpload
            | Self::LimitConnections
            | Self::LimitNames
            | Self::LimitTime => Some("the limits of the way out are settings"),
            _ => None,
        }
    }
}
