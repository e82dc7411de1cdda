//! Hosts as they are asked for, and patterns for them. Both have one writing:
//! lower case, IDN in its ASCII form, no dot at the end, addresses in their
//! shortest form.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use idna::AsciiDenyList;
use serde::{Deserialize, Serialize};

use super::{address, shown};

/// A host by name or address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// A name, in its one writing.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// Why a text is no host, or no pattern for hosts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHostName {
    /// Neither a name nor an address.
    #[error("`{0}` is not the name or address of a host")]
    NoHost(String),
    /// More than a host.
    #[error("`{0}` is more than a host: leave out the scheme, the user and the path")]
    MoreThanAHost(String),
    /// A pattern or a port where one host is meant.
    #[error(
        "`{0}` is more than one host: patterns and ports belong to `network.domains` of a profile in config.toml"
    )]
    NotOne(String),
    /// A star where none can be.
    #[error(
        "in `{0}`, a star stands for whole names in front: `*.example.com`, `**.example.com` or `*`"
    )]
    BadStar(String),
    /// Not a port.
    #[error("`{0}` does not end with a port from 1 to 65535")]
    BadPort(String),
}

/// Names that are local by what they are.
const LOCAL: &[&str] = &["localhost", "local", "internal", "home.arpa"];

impl Host {
    /// The one host that a text names, without a port and with nothing around
    /// it.
    pub fn alone(text: &str) -> Result<Self, BadHostName> {
        let pattern: HostPattern = text.trim().parse()?;
        match pattern {
            HostPattern {
                hosts: Hosts::Exactly(host),
                port: None,
            } => Ok(host),
            _ => Err(BadHostName::NotOne(shown(text))),
        }
    }

    /// Whether it is the machine's or its network's own: a local address, a
    /// name that is reserved for that, or one without a dot.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Address(address) => address::is_local(*address),
            Self::Name(name) => {
                !name.contains('.') || LOCAL.iter().any(|local| is_at_or_below(name, local))
            }
        }
    }

    /// Whether it is where clouds serve what identifies a machine.
    pub fn is_link_local(&self) -> bool {
        match self {
            Self::Address(address) => address::is_link_local(*address),
            Self::Name(name) => is_at_or_below(name, "internal"),
        }
    }
}

impl FromStr for Host {
    type Err = BadHostName;

    fn from_str(text: &str) -> Result<Self, BadHostName> {
        let bad = || BadHostName::NoHost(shown(text));
        let as_address = |text: &str| {
            let found = text
                .is_ascii()
                .then(|| address::parse(&text.to_ascii_lowercase()));
            found.flatten()
        };
        if let Some(address) = as_address(text) {
            return address.map(Self::Address).map_err(|()| bad());
        }
        let name = idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::URL);
        let name = name.map_err(|_| bad())?;
        let name = name.strip_suffix('.').unwrap_or(&name);
        // What folding made of it may be an address after all.
        if let Some(address) = as_address(name) {
            return address.map(Self::Address).map_err(|()| bad());
        }
        let is_label = |label: &str| {
            let is_known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            (1..=63).contains(&label.len()) && label.chars().all(is_known)
        };
        if name.len() <= 253 && name.split('.').all(is_label) {
            Ok(Self::Name(name.to_owned()))
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl TryFrom<String> for Host {
    type Error = BadHostName;

    fn try_from(text: String) -> Result<Self, BadHostName> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

/// Which hosts a rule is about: `example.com`, `*.example.com` (what is below
/// it), `**.example.com` (both), `*` (all); with a port, or without.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Hosts {
    Any,
    Exactly(Host),
    /// What is below a name.
    Below(String),
    /// A name and what is below it.
    AtOrBelow(String),
}

impl HostPattern {
    /// The pattern for one host at one port.
    pub const fn exactly(host: Host, port: u16) -> Self {
        Self {
            hosts: Hosts::Exactly(host),
            port: Some(port),
        }
    }

    /// The port that it names.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The one host that it names, if it is one.
    pub const fn host(&self) -> Option<&Host> {
        match &self.hosts {
            Hosts::Exactly(host) => Some(host),
            Hosts::Any | Hosts::Below(_) | Hosts::AtOrBelow(_) => None,
        }
    }

    /// Whether it is about every host.
    pub fn is_any(&self) -> bool {
        self.hosts == Hosts::Any
    }

    /// Whether it is about this host at this port. Without a port it is about
    /// all of them.
    pub fn covers(&self, host: &Host, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && self.covers_host(host)
    }

    /// What both are about: a pattern again, or nothing.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        let port = match (self.port, other.port) {
            (Some(one), Some(two)) if one != two => return None,
            (one, two) => one.or(two),
        };
        let hosts = self.hosts.and(&other.hosts)?;
        Some(Self { hosts, port })
    }

    /// Whether it names this very host.
    pub(super) fn is_exactly(&self, host: &Host) -> bool {
        matches!(&self.hosts, Hosts::Exactly(own) if own == host)
    }

    fn covers_host(&self, host: &Host) -> bool {
        self.hosts.covers(host)
    }
}

impl Hosts {
    fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Exactly(own), host) => own == host,
            (Self::Below(own), Host::Name(name)) => name != own && is_at_or_below(name, own),
            (Self::AtOrBelow(own), Host::Name(name)) => is_at_or_below(name, own),
            (Self::Below(_) | Self::AtOrBelow(_), Host::Address(_)) => false,
        }
    }

    /// Names are a tree: what two patterns share is one of them, or nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        let (narrow, wide) = match (self, other) {
            (Self::Any, one) | (one, Self::Any) => return Some(one.clone()),
            (Self::Exactly(host), wide) | (wide, Self::Exactly(host)) => {
                let host = Self::Exactly(host.clone());
                return wide.covers_all(&host).then_some(host);
            }
            (one, two) if two.covers_all(one) => (one, two),
            (one, two) => (two, one),
        };
        wide.covers_all(narrow).then(|| narrow.clone())
    }

    /// Whether whatever another is about is covered, too.
    fn covers_all(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (_, Self::Exactly(host)) => self.covers(host),
            (_, Self::Any) | (Self::Exactly(_), _) => false,
            (Self::Below(own), Self::AtOrBelow(name)) => name != own && is_at_or_below(name, own),
            (Self::Below(own) | Self::AtOrBelow(own), Self::Below(name))
            | (Self::AtOrBelow(own), Self::AtOrBelow(name)) => is_at_or_below(name, own),
        }
    }
}

/// Whether a name is another, or below it.
pub(super) fn is_at_or_below(name: &str, base: &str) -> bool {
    let front = name.strip_suffix(base);
    front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

impl FromStr for HostPattern {
    type Err = BadHostName;

    fn from_str(text: &str) -> Result<Self, BadHostName> {
        if text.contains(['/', '@', '?', '#']) {
            return Err(BadHostName::MoreThanAHost(shown(text)));
        }
        let (hosts, port) = split(text)?;
        if hosts == "*" {
            let hosts = Hosts::Any;
            return Ok(Self { hosts, port });
        }
        let (star, name) = match hosts.strip_prefix("**.") {
            Some(name) => ("**", name),
            None => match hosts.strip_prefix("*.") {
                Some(name) => ("*", name),
                None => ("", hosts),
            },
        };
        if name.contains('*') {
            return Err(BadHostName::BadStar(shown(text)));
        }
        let hosts = match (star, name.parse()?) {
            ("", host) => Hosts::Exactly(host),
            (_, Host::Address(_)) => return Err(BadHostName::BadStar(shown(text))),
            ("*", Host::Name(name)) => Hosts::Below(name),
            (_, Host::Name(name)) => Hosts::AtOrBelow(name),
        };
        Ok(Self { hosts, port })
    }
}

/// A host or its pattern, and the port after it.
fn split(text: &str) -> Result<(&str, Option<u16>), BadHostName> {
    let is_bare_address = !text.starts_with('[') && text.matches(':').count() > 1;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_bare_address && !port.ends_with(']') => (host, port),
        _ => return Ok((text, None)),
    };
    let is_number = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    let port = port.parse().ok().filter(|port| is_number && *port != 0);
    match port {
        Some(port) => Ok((host, Some(port))),
        None => Err(BadHostName::BadPort(shown(text))),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::Any => f.write_str("*")?,
            Hosts::Exactly(host) => host.fmt(f)?,
            Hosts::Below(name) => write!(f, "*.{name}")?,
            Hosts::AtOrBelow(name) => write!(f, "**.{name}")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = BadHostName;

    fn try_from(text: String) -> Result<Self, BadHostName> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}
