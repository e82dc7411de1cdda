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
    /// A name or an address, in lower case. No patterns.
    pub host: String,
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

/// A text that is no host.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHost {
    /// There is nothing.
    #[error("a host is missing")]
    Empty,
    /// It is an address of a page, or has a port.
    #[error("a host has no scheme, no port and no path")]
    NotAlone,
    /// It is a pattern.
    #[error(
        "a rule names one host; patterns belong to `network.domains` of a profile in config.toml"
    )]
    Pattern,
    /// It is none.
    #[error("that is not the name or address of a host")]
    NoHost,
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
    /// A host as it is compared: in its one writing, without brackets.
    pub fn host(text: &str) -> Result<String, BadHost> {
        let text = text.trim();
        let bracketed = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        let host = bracketed.unwrap_or(text).trim_end_matches('.');
        if host.is_empty() {
            return Err(BadHost::Empty);
        }
        if host.contains('*') {
            return Err(BadHost::Pattern);
        }
        let has_more = |c: char| c.is_whitespace() || "/?#@[]".contains(c);
        let is_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        if host.contains(has_more) || (host.contains(':') && !is_v6) {
            return Err(BadHost::NotAlone);
        }
        match host.parse::<Host>() {
            Ok(Host::Name(name)) => Ok(name),
            Ok(Host::Address(address)) => Ok(address.to_string()),
            Err(_) => Err(BadHost::NoHost),
        }
    }

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
        let wanted = HostRule::host(host).ok()?;
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
