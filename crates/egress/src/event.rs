//! What is written down: decisions before the act, ends with their numbers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use crate::{Refusal, Wish};

/// Something for the record.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum NetworkEvent {
    /// A decision. If it is a yes, it stands before the act.
    Decided {
        /// Counts decisions of this session, from 1.
        id: u64,
        /// What was wanted.
        wish: Wish,
        /// Why not, if not.
        refusal: Option<Refusal>,
        /// Whether a person was asked.
        asked: bool,
    },
    /// The end of what was allowed.
    Ended {
        /// Of the decision.
        id: u64,
        /// What was wanted.
        wish: Wish,
        /// Where it went; none if it never got there.
        address: Option<SocketAddr>,
        /// From the box.
        bytes_out: u64,
        /// Into the box.
        bytes_in: u64,
        /// From the decision on.
        duration: Duration,
        /// What broke it, if something did.
        failure: Option<Refusal>,
    },
    /// What became of a secret's placeholder.
    Secret {
        /// The secret's name in the settings.
        name: String,
        /// What happened.
        what: SecretUse,
        /// Which host; none for what was never used.
        host: Option<String>,
    },
}

/// What became of a secret's placeholder.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretUse {
    /// The value was put in its place. Said once for each host.
    Inserted,
    /// It was found where the value does not belong, and left as it was.
    Misdirected,
    /// The value came back, and was masked.
    Masked,
    /// Nobody used it in the whole session.
    Unused,
}

/// What a session added up to.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Totals {
    /// Connections that arrived.
    pub connections: u64,
    /// Decisions that were a yes.
    pub allowed: u64,
    /// Decisions that were a no.
    pub refused: u64,
    /// Questions for addresses of names that got none.
    pub names_refused: u64,
    /// From the box.
    pub bytes_out: u64,
    /// Into the box.
    pub bytes_in: u64,
    /// By host and port.
    pub hosts: BTreeMap<String, HostTotals>,
    /// Names of secrets that nobody used.
    pub unused_secrets: Vec<String>,
    /// What ended the road early, if something did.
    pub failure: Option<String>,
}

/// What one host got and gave.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct HostTotals {
    /// Connections and requests that were allowed.
    pub allowed: u64,
    /// And those that were not.
    pub refused: u64,
    /// From the box.
    pub bytes_out: u64,
    /// Into the box.
    pub bytes_in: u64,
}
