//! How much may go over the network.

use serde::{Deserialize, Serialize};

/// How much a session may send, and how long it may keep a connection; what
/// is not set has no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetworkLimits {
    /// What is sent in a session, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
    /// What is sent to one host in a session, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to_host: Option<u64>,
    /// What one request, or one opaque connection, sends, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<u64>,
    /// Requests and opaque connections in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// How long a connection may be silent, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_time: Option<u64>,
    /// How long a connection may last, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_time: Option<u64>,
}
