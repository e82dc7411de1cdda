//! The way: everything that the proxy needs to know before it starts.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

use base64::Engine;
use dam_policy::{Host, NetworkRules};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::secret::Value;
use crate::{Authority, EgressError, Limits, Secret};

/// Where proxies are spoken to inside the box: see [`Way::proxy`].
const PROXY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 18, 0, 1), 3128);

/// Everything that the proxy needs to know.
#[derive(Debug)]
pub struct Way {
    /// The rules, for addresses that names lead to and for the ports that a
    /// name may be asked at. Wishes are judged by the desk.
    pub rules: NetworkRules,
    /// The address at which HTTP proxying, `CONNECT` and SOCKS5 are spoken.
    pub proxy: SocketAddr,
    /// Whether SOCKS5 is spoken there.
    pub socks5: bool,
    /// Whether [`crate::Egress::caller`] tells who makes connections. Then one
    /// that arrives earlier waits a moment for it.
    pub callers_are_told: bool,
    /// Who knows the addresses of names.
    pub resolver: Resolver,
    /// The proxy that this machine has to use itself.
    pub upstream: Option<UpstreamProxy>,
    /// How much, how often, how long.
    pub limits: Limits,
    /// What is put in at the edge.
    pub secrets: Vec<Secret>,
    /// Signs for hosts that are looked into; none looks into nothing.
    pub authority: Option<Authority>,
    /// Certificate authorities that hosts may use besides the system's.
    pub roots: Vec<CertificateDer<'static>>,
}

impl Way {
    /// A way with these rules, and nothing else out of the ordinary.
    pub fn new(rules: NetworkRules) -> Self {
        Self {
            rules,
            proxy: PROXY.into(),
            socks5: true,
            callers_are_told: true,
            resolver: Resolver::Library,
            upstream: None,
            limits: Limits::default(),
            secrets: Vec::new(),
            authority: None,
            roots: Vec::new(),
        }
    }

    /// Trusts the certificate authorities in this text, too.
    pub fn trust(&mut self, pem: &[u8]) -> Result<(), EgressError> {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| EgressError::Roots(error.to_string()))?;
            self.roots.push(certificate);
        }
        Ok(())
    }
}

/// Who knows the addresses of names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Resolver {
    /// The C library, which does not show by which names it got there.
    Library,
    /// A hosts file and name servers, asked by ourselves.
    Servers {
        /// Names and their addresses, in the form of [`dam_policy::Host`].
        hosts: BTreeMap<String, Vec<IpAddr>>,
        /// Asked in this order.
        servers: Vec<SocketAddr>,
    },
}

impl Resolver {
    /// What this machine is set up with: its hosts file and name servers; the
    /// C library where it names none.
    pub fn system() -> Result<Self, EgressError> {
        let read = |path: &str| match fs::read_to_string(Path::new(path)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|error| EgressError::Resolver(path.to_owned(), error)),
        };
        let servers = name_servers(&read("/etc/resolv.conf")?);
        if servers.is_empty() {
            return Ok(Self::Library);
        }
        let hosts = hosts(&read("/etc/hosts")?);
        Ok(Self::Servers { hosts, servers })
    }
}

/// The `nameserver` lines of a `resolv.conf`.
fn name_servers(text: &str) -> Vec<SocketAddr> {
    let mut servers = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            continue;
        }
        let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
        servers.extend(address.map(|address| SocketAddr::new(address, 53)));
    }
    servers
}

/// The names of a hosts file with their addresses.
fn hosts(text: &str) -> BTreeMap<String, Vec<IpAddr>> {
    let mut hosts: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else {
            continue;
        };
        for name in words {
            if let Ok(Host::Name(name)) = name.parse() {
                hosts.entry(name).or_default().push(address);
            }
        }
    }
    hosts
}

/// An HTTP proxy that this machine has to use to get out. It is dialled as it
/// was named: whoever set it up trusts it, wherever it is.
#[derive(Clone, Debug)]
pub struct UpstreamProxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authorization: Option<Value>,
}

impl UpstreamProxy {
    /// Reads `http://user:password@host:port`, as variables have it.
    pub fn parse(url: &str) -> Result<Self, EgressError> {
        let without_user = || {
            let end = url.rsplit('@').next().unwrap_or_default();
            EgressError::Proxy(
                end.chars()
                    .take(80)
                    .flat_map(char::escape_default)
                    .collect(),
            )
        };
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            Some(_) => return Err(without_user()),
            None => url,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| without_user())?),
            None => (place, 80),
        };
        let host: Host = host.parse().map_err(|_| without_user())?;
        let authorization = user.map(|user| {
            let encoded = base64::engine::general_purpose::STANDARD.encode(decoded(user));
            Value::new(format!("Basic {encoded}"))
        });
        Ok(Self {
            host: host.to_string(),
            port,
            authorization,
        })
    }
}

/// What is percent-encoded, in the clear.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = rest
            .get(1..3)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = code.map_or(tail, |_| &rest[3..]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read() {
        let servers = name_servers("# a\nnameserver 10.0.0.2\nsearch lan\nnameserver ::1 # b\n");
        assert_eq!(
            servers,
            ["10.0.0.2:53".parse().unwrap(), "[::1]:53".parse().unwrap()]
        );
        let hosts = hosts("127.0.0.1 localhost\n10.1.1.1 Box.Example. box # me\nbad line\n");
        let names: Vec<&str> = hosts.keys().map(String::as_str).collect();
        assert_eq!(names, ["box", "box.example", "localhost"]);
    }

    #[test]
    fn a_proxys_address_is_read_and_its_password_is_not_shown() {
        let proxy = UpstreamProxy::parse("http://me:p%40ss@proxy.example:8080/").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 8080));
        let basic = proxy.authorization.as_ref().unwrap();
        assert_eq!(basic.reveal(), "Basic bWU6cEBzcw==");
        assert!(!format!("{proxy:?}").contains("bWU6"));
        let error = UpstreamProxy::parse("https://me:secret@proxy.example").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
