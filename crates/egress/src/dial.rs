//! Connecting: a name is resolved once, every address is checked, and the
//! connection goes to one that was.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use dam_policy::{Host, Reach};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::desk::{Protocol, Ruling, Wish};
use crate::dns::client;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;
use crate::way::{Resolver, UpstreamProxy};

/// How many addresses of a host are tried.
const TRIES: usize = 6;
/// How long the C library may look for a name.
const LIBRARY: Duration = Duration::from_secs(15);
/// How long the answer of an upstream proxy may be.
const ANSWER: usize = 16 * 1024;

/// Where a connection is to go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    pub host: Host,
    pub port: u16,
}

impl Target {
    /// As a wish, without what only some protocols know.
    pub fn wish(&self, protocol: Protocol) -> Wish {
        Wish {
            host: self.host.to_string(),
            port: self.port,
            protocol,
            method: None,
            path: None,
            caller: None,
        }
    }
}

/// Connects to a target that was allowed.
pub async fn dial(session: &Session, target: &Target) -> Result<TcpStream, Refusal> {
    let found = addresses(session, target).await;
    if let Some(proxy) = session
        .way
        .upstream
        .as_ref()
        .filter(|_| !target.host.is_local())
    {
        // What the proxy alone can resolve, it alone resolves.
        return match found {
            Err(refusal) if refusal.code != Cause::Unresolved.code() => Err(refusal),
            _ => through(session, proxy, target).await,
        };
    }
    let mut last = None;
    for address in found?.into_iter().take(TRIES) {
        match connect(address, session.limits().connect).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
    Err(unreachable(target, &why))
}

fn unreachable(target: &Target, why: &str) -> Refusal {
    let reason = format!(
        "{} cannot be reached at port {}: {why}",
        target.host, target.port
    );
    Refusal::new(Cause::Unreachable, reason)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the way out is where the box's connections are made"
)]
async fn connect(address: SocketAddr, patience: Duration) -> std::io::Result<TcpStream> {
    let stream = timeout(patience, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The addresses of a target that may be connected to.
async fn addresses(session: &Session, target: &Target) -> Result<Vec<SocketAddr>, Refusal> {
    let name = match &target.host {
        // Judged as it stands.
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, target.port)]),
        Host::Name(name) => name,
    };
    let found = look_up(session, name, target.port).await?;
    if found.is_empty() {
        let reason = format!("{name} has no address");
        return Err(Refusal::new(Cause::Unresolved, reason));
    }
    let mut refused = None;
    let mut usable = Vec::new();
    for address in found {
        match check(session, target, address) {
            Ok(()) => usable.push(SocketAddr::new(address, target.port)),
            Err(refusal) => refused = Some(refusal),
        }
    }
    match refused {
        Some(refusal) if usable.is_empty() => Err(refusal),
        _ => Ok(usable),
    }
}

/// What a name leads to. The names on the way meet the same rules.
async fn look_up(session: &Session, name: &str, port: u16) -> Result<Vec<IpAddr>, Refusal> {
    // A name without a dot may have an end that only the library knows.
    if let Resolver::Servers { hosts, servers } = &session.way.resolver {
        if let Some(found) = hosts.get(name) {
            return Ok(found.clone());
        }
        if name.contains('.') {
            let found = client::addresses(servers, name).await;
            let (names, addresses) = found.unwrap_or_default();
            for alias in names.iter().filter(|alias| *alias != name) {
                check_alias(session, name, alias, port)?;
            }
            return Ok(addresses);
        }
    }
    let found = timeout(LIBRARY, tokio::net::lookup_host((name, port))).await;
    Ok(match found {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        _ => Vec::new(),
    })
}

/// An alias may be any name but one that is denied or local.
fn check_alias(session: &Session, name: &str, alias: &str, port: u16) -> Result<(), Refusal> {
    let refused = |why: &str| {
        let reason = format!("{name} is another name for one that may not be reached: {why}");
        Err(Refusal::new(Cause::Address, reason))
    };
    let Ok(found) = alias.parse::<Host>() else {
        return refused("that is no host's name");
    };
    let host = Host::Name(name.to_owned());
    let verdict = session.way.rules.leads_by(&host, &found, port);
    match verdict.reach {
        Reach::Allowed => Ok(()),
        Reach::Unlisted | Reach::Denied => refused(&verdict.reason),
    }
}

/// Whether an address may be connected to for a name that was allowed.
fn check(session: &Session, target: &Target, address: IpAddr) -> Result<(), Refusal> {
    let verdict = session
        .way
        .rules
        .leads_to(&target.host, address, target.port);
    let refused = |why: &str| {
        let reason = format!("{} leads to {address}: {why}", target.host);
        Err(Refusal::new(Cause::Address, reason))
    };
    // What is local was looked at; a public address may be our own.
    let is_public = !Host::Address(address.to_canonical()).is_local();
    match verdict.reach {
        Reach::Allowed if is_public && is_own(address) => refused("that is this machine itself"),
        Reach::Allowed => Ok(()),
        Reach::Unlisted | Reach::Denied => refused(&verdict.reason),
    }
}

/// Whether an address is one of this machine's. Nothing is sent: the kernel
/// only says from which address it would be.
fn is_own(address: IpAddr) -> bool {
    let any: SocketAddr = match address {
        IpAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        IpAddr::V6(_) => ([0; 16], 0).into(),
    };
    let source = std::net::UdpSocket::bind(any).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    source.is_ok_and(|source| source.ip() == address)
}

/// Connects through the proxy that this machine has to use.
async fn through(
    session: &Session,
    proxy: &UpstreamProxy,
    target: &Target,
) -> Result<TcpStream, Refusal> {
    let patience = session.limits().connect;
    let failed = |why: &str| {
        let reason = format!(
            "the proxy of this machine, {}:{}, {why}",
            proxy.host, proxy.port
        );
        Refusal::new(Cause::Unreachable, reason)
    };
    let host = proxy.host.trim_matches(['[', ']']);
    let found = timeout(LIBRARY, tokio::net::lookup_host((host, proxy.port))).await;
    let Ok(Ok(found)) = found else {
        return Err(failed("has no address"));
    };
    for address in found.take(TRIES) {
        if let Ok(mut stream) = connect(address, patience).await {
            let asked = timeout(patience, tunnel(&mut stream, proxy, target)).await;
            return match asked {
                Ok(Ok(200)) => Ok(stream),
                Ok(Ok(status)) => Err(failed(&format!("answers {status}"))),
                Ok(Err(_)) | Err(_) => Err(failed("does not answer as a proxy")),
            };
        }
    }
    Err(failed("cannot be reached"))
}

/// Asks for a tunnel. The status of the answer.
async fn tunnel(
    stream: &mut TcpStream,
    proxy: &UpstreamProxy,
    target: &Target,
) -> std::io::Result<u16> {
    let place = format!("{}:{}", target.host, target.port);
    let mut request =
        zeroize::Zeroizing::new(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n"));
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.reveal());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what follows is the host's.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= ANSWER {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head);
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    status
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

/// Whether a name that is said on a connection, in TLS or in `Host`, agrees
/// with where the connection goes. A literal address says nothing of names:
/// a name there must be one that may be reached by itself, or hosts behind a
/// shared address would be reached in its place.
pub fn agrees(session: &Session, target: &Target, said: &Host, protocol: Protocol) -> bool {
    if *said == target.host {
        return true;
    }
    let (Host::Address(_), Host::Name(_)) = (&target.host, said) else {
        return false;
    };
    let wish = Target {
        host: said.clone(),
        port: target.port,
    }
    .wish(protocol);
    matches!(session.judge(&wish), Ruling::Allowed)
}
