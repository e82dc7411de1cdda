//! Limits: how much, how often, how long.

use std::time::Duration;

/// What a session may use up of the network. `None` is no limit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes from the box, all hosts together.
    pub bytes_out: Option<u64>,
    /// Bytes from the box to one host.
    pub bytes_out_host: Option<u64>,
    /// Decisions on connections and requests in any minute.
    pub requests_per_minute: Option<u32>,
    /// What the body of one request, or one connection that is not looked
    /// into, sends, in bytes.
    pub upload: Option<u64>,
    /// Connections at once. More wait for nothing: they are refused.
    pub connections: usize,
    /// Names that get an address, in the whole session.
    pub names: usize,
    /// How long nothing may be said in either direction.
    pub idle: Duration,
    /// How long one connection may last.
    pub total: Option<Duration>,
    /// How long the first bytes, a head or a handshake may take.
    pub greeting: Duration,
    /// How long it may take to connect to one address of a host.
    pub connect: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_out: None,
            bytes_out_host: None,
            requests_per_minute: None,
            upload: None,
            connections: 4096,
            names: 4096,
            idle: Duration::from_mins(10),
            total: None,
            greeting: Duration::from_secs(30),
            connect: Duration::from_secs(10),
        }
    }
}
