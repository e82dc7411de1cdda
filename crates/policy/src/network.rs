//! Rules for the network: which hosts may be reached, at which ports and by
//! which methods. Pure: no name is looked up here, so whoever connects judges
//! the address that a name led to as well.
//!
//! The laws: a denial wins, wherever it is written; what is above the ceiling
//! is denied; what no rule allows is not allowed; an address that is local is only reached by its own literal rule;
//! a method that cannot be seen is none that is allowed.

mod address;
mod host;
mod limits;
mod preset;
mod requests;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use host::{BadHostName, Host, HostPattern};
pub use limits::NetworkLimits;
pub use preset::{COMMON_DEPENDENCIES, HostPreset};
pub use requests::{RequestRule, Seen, is_path_prefix};

use crate::{Origin, Rule};

/// The methods that `limited` leaves: they ask, and change nothing.
const LIMITED: &[&str] = &["GET", "HEAD", "OPTIONS"];

/// Where nothing is said of ports: what the web is served on.
const PORTS: &[u16] = &[80, 443];

/// Which methods may be used.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// Every method.
    #[default]
    Full,
    /// `GET`, `HEAD` and `OPTIONS`.
    Limited,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// It may be reached.
    Allow,
    /// It may not.
    Deny,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

/// One entry of `domains`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DomainRule {
    /// Which hosts.
    pub pattern: HostPattern,
    /// Whether they may be reached.
    pub permission: Permission,
    /// Where it was set.
    pub origin: Origin,
}

/// What may be reached at most, whatever allows more: rules, presets, answers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ceiling {
    /// The hosts that may be allowed. Being here allows none of them.
    pub allowed: Vec<HostPattern>,
    /// Where it was set.
    pub origin: Origin,
}

/// One entry of `unix_sockets`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SocketRule {
    /// The socket, or a directory of sockets; absolute.
    pub path: PathBuf,
    /// Whether it may be reached.
    pub permission: Permission,
    /// Where it was set.
    pub origin: Origin,
}

/// What may be reached, where the network is on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetworkRules {
    /// Hosts that are allowed besides what `domains` says.
    pub preset: HostPreset,
    /// Which methods may be used.
    pub mode: NetworkMode,
    /// The methods among those; none means all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// The ports of allowed hosts whose pattern names none.
    pub ports: Vec<u16>,
    /// Rules for hosts.
    pub domains: Vec<DomainRule>,
    /// What requests to allowed hosts may be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestRule>,
    /// Rules for sockets of the host's file system.
    pub unix_sockets: Vec<SocketRule>,
    /// How much may go over it.
    #[serde(default)]
    pub limits: NetworkLimits,
    /// Whether SOCKS 5 is served.
    #[serde(default = "yes")]
    pub socks5: bool,
    /// Whether the proxy that the user's environment names is used to get
    /// further.
    #[serde(default = "yes")]
    pub upstream_proxy: bool,
    /// What an administrator allows at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Ceiling>,
    /// Whether a local address that is listed may be reached at every port of
    /// `ports`, too, and not only where its rule names the port.
    pub allow_local_binding: bool,
    /// Who switched the network on.
    pub origin: Origin,
}

/// Whether something may be reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// A rule allows it.
    Allowed,
    /// No rule speaks of it.
    Unlisted,
    /// A rule denies it, or it can never be allowed this way.
    Denied,
}

/// What the rules say of one wish.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetworkVerdict {
    /// Whether it may be reached.
    pub reach: Reach,
    /// One sentence, without a full stop, that says why.
    pub reason: String,
    /// The rule behind it.
    pub rule: Rule,
    /// Where that rule was set.
    pub origin: Origin,
}

/// A word that is none of the words there are.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not one of {1}")]
pub struct UnknownNetworkWord(pub String, pub &'static str);

impl NetworkRules {
    /// Rules that allow nothing yet, switched on at this place.
    pub fn new(origin: Origin) -> Self {
        Self {
            preset: HostPreset::None,
            mode: NetworkMode::Full,
            methods: None,
            ports: PORTS.to_vec(),
            domains: Vec::new(),
            requests: Vec::new(),
            unix_sockets: Vec::new(),
            limits: NetworkLimits::default(),
            socks5: true,
            upstream_proxy: true,
            ceiling: None,
            allow_local_binding: false,
            origin,
        }
    }

    /// Whether a host may be reached, and whether by what is seen of it.
    pub fn judge(&self, host: &str, port: u16, seen: Seen<'_>) -> NetworkVerdict {
        let found = self.reach(host, port);
        match found.reach {
            Reach::Denied => found,
            Reach::Allowed | Reach::Unlisted => self.refuse(host, port, seen).unwrap_or(found),
        }
    }

    /// Whether it has to be seen what is asked of a host: because only some
    /// methods or paths are allowed there.
    pub fn looks_into(&self, host: &str, port: u16) -> bool {
        let of_all = self.mode == NetworkMode::Limited || self.methods.is_some();
        of_all || self.requests_to(host, port).next().is_some()
    }

    /// Why what is seen is not allowed, whatever is said of the host.
    fn refuse(&self, host: &str, port: u16, seen: Seen<'_>) -> Option<NetworkVerdict> {
        let (method, path) = match seen {
            Seen::NotYet => return None,
            Seen::Never if !self.looks_into(host, port) => return None,
            Seen::Never => {
                let reason = "only some requests are allowed, and here none can be seen";
                return Some(self.verdict(Reach::Denied, "network.unseen", reason.to_owned()));
            }
            Seen::Request { method, path } => (method, path),
        };
        if !self.may_use(method) {
            let reason = format!("the method `{}` is not allowed", shown(method));
            return Some(self.verdict(Reach::Denied, "network.method", reason));
        }
        let mut refused = None;
        for rule in self.requests_to(host, port) {
            let reason = rule.refuses(method, path)?;
            refused.get_or_insert(NetworkVerdict {
                reach: Reach::Denied,
                reason: format!("{reason} of `{}`", rule.pattern),
                rule: Rule::builtin("network.request"),
                origin: rule.origin.clone(),
            });
        }
        refused
    }

    fn requests_to(&self, host: &str, port: u16) -> impl Iterator<Item = &RequestRule> {
        let host = host.parse::<Host>().ok();
        let rules = self.requests.iter();
        rules.filter(move |rule| host.as_ref().is_some_and(|host| rule.covers(host, port)))
    }

    /// Whether a host may be reached at a port, whatever is said there.
    pub fn reach(&self, host: &str, port: u16) -> NetworkVerdict {
        let host = match host.parse::<Host>() {
            Ok(host) => host,
            Err(error) => {
                return self.verdict(Reach::Denied, "network.bad-host", error.to_string());
            }
        };
        if let Some(denied) = self.denied(&host, port) {
            return denied;
        }
        if let Some(above) = self.above(&host, port) {
            return above;
        }
        if host.is_local() {
            return self.local(&host, port);
        }
        let is_listed = |rule: &&DomainRule| self.allows(&rule.pattern, &host, port);
        if let Some(rule) = self.of(Permission::Allow).find(is_listed) {
            return ruled(
                rule,
                Reach::Allowed,
                format!("`{}` is allowed", rule.pattern),
            );
        }
        if PORTS.contains(&port) && self.preset.covers(&host) {
            let reason = format!("{host} is one of `{}`", self.preset);
            return self.verdict(Reach::Allowed, "network.preset", reason);
        }
        let reason = format!("no rule allows {host} at port {port}");
        self.verdict(Reach::Unlisted, "network.unlisted", reason)
    }

    /// Whether a host that may be reached may lead to this address. That it is
    /// local needs its own rule, unless the host is a local one by its name:
    /// then the rule that names it means where it leads, as long as that is no
    /// address by which machines are identified.
    pub fn leads_to(&self, host: &Host, address: IpAddr, port: u16) -> NetworkVerdict {
        // One IPv4 address has one writing.
        let found = Host::Address(address.to_canonical());
        if let Some(denied) = self.denied(&found, port) {
            return denied;
        }
        let is_meant = host.is_local() && !found.is_link_local();
        if found.is_local() && !is_meant {
            return self.local(&found, port);
        }
        let reason = format!("{host} may lead to {found}");
        self.verdict(Reach::Allowed, "network.address", reason)
    }

    /// Whether a host that may be reached may be another name for this one.
    pub fn leads_by(&self, host: &Host, alias: &Host, port: u16) -> NetworkVerdict {
        if let Some(denied) = self.denied(alias, port) {
            return denied;
        }
        if alias.is_local() && !host.is_local() {
            return self.local(alias, port);
        }
        let reason = format!("{host} may be another name for {alias}");
        self.verdict(Reach::Allowed, "network.address", reason)
    }

    /// Whether a rule allows this host at this very port.
    pub fn names_port(&self, host: &Host, port: u16) -> bool {
        self.of(Permission::Allow)
            .any(|rule| rule.pattern.port() == Some(port) && rule.pattern.covers(host, port))
    }

    /// The ports at which a host may be meant: the web's, and those that rules
    /// name.
    pub fn ports_of(&self, host: &Host) -> Vec<u16> {
        let named = self.of(Permission::Allow).filter_map(|rule| {
            let port = rule.pattern.port()?;
            rule.pattern.covers(host, port).then_some(port)
        });
        let mut ports = PORTS.to_vec();
        for port in self.ports.iter().copied().chain(named) {
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        ports
    }

    /// Whether a socket of the host's file system may be reached. The path is
    /// absolute and leads through no link.
    pub fn socket(&self, path: &Path) -> NetworkVerdict {
        let covers = |rule: &&SocketRule| path.starts_with(&rule.path);
        let denied = |rule: &&SocketRule| rule.permission == Permission::Deny;
        let mut rules = self.unix_sockets.iter().filter(covers);
        let found = rules.clone().find(denied).or_else(|| rules.next());
        let path = path.display();
        let Some(rule) = found else {
            let reason = format!("no rule allows the socket {path}");
            return self.verdict(Reach::Unlisted, "network.unlisted", reason);
        };
        NetworkVerdict {
            reach: match rule.permission {
                Permission::Allow => Reach::Allowed,
                Permission::Deny => Reach::Denied,
            },
            reason: format!("`unix_sockets` says `{}` of {path}", rule.permission),
            rule: Rule::builtin("network.socket"),
            origin: rule.origin.clone(),
        }
    }

    fn denied(&self, host: &Host, port: u16) -> Option<NetworkVerdict> {
        let mut denials = self.of(Permission::Deny);
        let rule = denials.find(|rule| rule.pattern.covers(host, port))?;
        Some(ruled(
            rule,
            Reach::Denied,
            format!("`{}` is denied", rule.pattern),
        ))
    }

    /// That it is more than may be allowed, if it is.
    fn above(&self, host: &Host, port: u16) -> Option<NetworkVerdict> {
        let ceiling = self.ceiling.as_ref()?;
        let mut allowed = ceiling.allowed.iter();
        if allowed.any(|pattern| pattern.covers(host, port)) {
            return None;
        }
        Some(NetworkVerdict {
            reach: Reach::Denied,
            reason: format!(
                "{host} at port {port} is none of the hosts that an administrator allows"
            ),
            rule: Rule::builtin("requirements.allowed-domains"),
            origin: ceiling.origin.clone(),
        })
    }

    /// A local address is reached by a rule that names it, and no other.
    fn local(&self, host: &Host, port: u16) -> NetworkVerdict {
        let named = |rule: &&DomainRule| rule.pattern.is_exactly(host);
        let without_port = self.allow_local_binding && !host.is_link_local();
        let found = self.of(Permission::Allow).filter(named).find(|rule| {
            rule.pattern.port() == Some(port)
                || without_port && rule.pattern.port().is_none() && self.ports.contains(&port)
        });
        if let Some(rule) = found {
            return ruled(
                rule,
                Reach::Allowed,
                format!("`{}` is allowed", rule.pattern),
            );
        }
        let wanted = HostPattern::exactly(host.clone(), port);
        let reason = format!("{host} is a local address: only a rule for `{wanted}` allows it");
        self.verdict(Reach::Denied, "network.local", reason)
    }

    fn allows(&self, pattern: &HostPattern, host: &Host, port: u16) -> bool {
        let is_named = pattern.port().is_some() || self.ports.contains(&port);
        is_named && pattern.covers(host, port)
    }

    fn may_use(&self, method: &str) -> bool {
        let listed = self.methods.as_ref();
        (self.mode == NetworkMode::Full || LIMITED.contains(&method))
            && listed.is_none_or(|listed| listed.iter().any(|one| one == method))
    }

    fn of(&self, permission: Permission) -> impl Iterator<Item = &DomainRule> {
        let rules = self.domains.iter();
        rules.filter(move |rule| rule.permission == permission)
    }

    fn verdict(&self, reach: Reach, rule: &'static str, reason: String) -> NetworkVerdict {
        NetworkVerdict {
            reach,
            reason,
            rule: Rule::builtin(rule),
            origin: self.origin.clone(),
        }
    }
}

fn ruled(rule: &DomainRule, reach: Reach, reason: String) -> NetworkVerdict {
    NetworkVerdict {
        reach,
        reason,
        rule: Rule::builtin("network.host"),
        origin: rule.origin.clone(),
    }
}

const fn yes() -> bool {
    true
}

/// What a stranger wrote, short and on one line.
fn shown(text: &str) -> String {
    let shown = text.chars().take(80).flat_map(char::escape_default);
    shown.collect()
}

const MODES: &str = "`full` and `limited`";

impl FromStr for NetworkMode {
    type Err = UnknownNetworkWord;

    fn from_str(word: &str) -> Result<Self, UnknownNetworkWord> {
        match word {
            "full" => Ok(Self::Full),
            "limited" => Ok(Self::Limited),
            other => Err(UnknownNetworkWord(other.to_owned(), MODES)),
        }
    }
}

impl fmt::Display for NetworkMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Limited => "limited",
        })
    }
}
