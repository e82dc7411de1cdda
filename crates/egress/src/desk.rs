//! The desk: whoever decides, asks and records. It is handed in, so that there
//! is no second place with an opinion.

use std::fmt;
use std::net::SocketAddr;

use serde::Serialize;

use crate::{NetworkEvent, Refusal};

/// What a boxed process wants of the network.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Wish {
    /// The name or address, in its one writing: lower case, no dot at the end,
    /// IPv6 in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How it is asked for.
    pub protocol: Protocol,
    /// The method of a request, where it can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path of a request without its query, where it can be seen. It
    /// begins with `/`; dots and what is percent-encoded needlessly are
    /// resolved, as a server would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Who asks, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
}

/// How something is asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP in the clear.
    Http,
    /// TLS; its requests, too, where somebody looks inside.
    Https,
    /// A tunnel, asked for by the HTTP method `CONNECT`.
    Connect,
    /// A tunnel, asked for by SOCKS5.
    Socks5,
    /// Bytes that are neither TLS nor HTTP.
    Tcp,
    /// The address of a name.
    Dns,
}

impl Protocol {
    /// Its name, as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Connect => "connect",
            Self::Socks5 => "socks5",
            Self::Tcp => "tcp",
            Self::Dns => "dns",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which process made a connection.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Caller {
    /// Where it connects from.
    pub source: SocketAddr,
    /// Where it wanted to go.
    pub destination: SocketAddr,
    /// Its number, outside.
    pub pid: u32,
    /// Its command line: text of strangers.
    pub command: String,
}

/// What the desk says of a wish.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ruling {
    /// It may go on; whatever is said there need not be seen.
    Allowed,
    /// It depends on the method or the path, and the wish has none: somebody
    /// must look inside, and judge each request.
    Look,
    /// It may not.
    Denied(Refusal),
    /// No rule speaks of it: it is a question.
    Ask,
}

/// Who decides, asks and records.
pub trait Desk: Send + Sync {
    /// What the rules say. Quick, without input or output: it is called on the
    /// thread that copies.
    fn judge(&self, wish: &Wish) -> Ruling;

    /// Puts the question to the person, and waits; nobody there is a no. Only
    /// one question is put at a time. [`Ruling::Ask`] counts as a no.
    fn ask(&self, wish: &Wish) -> Ruling;

    /// Writes down what happened; before the act for a decision. An error ends
    /// the road: nothing more goes out.
    fn record(&self, event: NetworkEvent) -> Result<(), String>;
}
