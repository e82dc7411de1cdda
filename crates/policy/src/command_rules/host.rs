//! Rules for single hosts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CommandRules, RuleDecision};
use crate::{Host, Origin};

/// How a host is reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTPS, or a tunnel for it.
    Https,
    /// Any connection, by SOCKS 5.
    Socks5Tcp,
    /// Datagrams, by SOCKS 5.
    Socks5Udp,
}

/// A rule for one host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostRule {
    /// Which one. No patterns.
    pub host: Host,
    /// For one port only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// For one protocol only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// What it says; never `unsandboxed`.
    pub decision: RuleDecision,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// As in [`super::PrefixRule`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Where it stands.
    pub origin: Origin,
}

impl Protocol {
    /// The protocol of this name, in every spelling that there is.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "http" => Self::Http,
            "https" | "https_connect" | "http-connect" => Self::Https,
            "socks5_tcp" => Self::Socks5Tcp,
            "socks5_udp" => Self::Socks5Udp,
            _ => return None,
        })
    }

    /// Whether a connection to this port may be of this protocol, and whether
    /// it is for certain; what it is for certain may be known.
    fn at(self, port: u16, known: Option<Self>) -> (bool, bool) {
        if let Some(known) = known {
            // What is allowed by SOCKS 5 is any connection.
            let is_this = self == known || self == Self::Socks5Tcp && known != Self::Socks5Udp;
            return (is_this, is_this);
        }
        match self {
            Self::Http => (true, port == 80),
            Self::Https => (true, port == 443),
            Self::Socks5Tcp => (true, true),
            Self::Socks5Udp => (true, false),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5Tcp => "socks5_tcp",
            Self::Socks5Udp => "socks5_udp",
        })
    }
}

impl HostRule {
    /// What it is called in a verdict.
    pub fn name(&self) -> String {
        match self.port {
            Some(port) => format!("network_rule({}, port {port})", self.host),
            None => format!("network_rule({})", self.host),
        }
    }
}

impl CommandRules {
    /// The strictest rule for a host. One that forbids or asks for a protocol
    /// counts at every port, because the port does not tell the protocol; one
    /// that allows counts at the usual port, where the protocol is not known.
    pub fn for_host(&self, host: &str, port: u16, known: Option<Protocol>) -> Option<&HostRule> {
        let wanted: Host = host.parse().ok()?;
        let counts = |rule: &&HostRule| {
            let (possible, certain) = rule
                .protocol
                .map_or((true, true), |own| own.at(port, known));
            rule.host == wanted
                && rule.port.is_none_or(|own| own == port)
                && if rule.decision >= RuleDecision::Prompt {
                    possible
                } else {
                    certain
                }
        };
        let rules = self.hosts.iter().filter(counts);
        rules.rev().max_by_key(|rule| rule.decision)
    }
}
