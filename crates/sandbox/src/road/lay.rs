//! Laying the road in a new network namespace: every address becomes local, and
//! the port that names are asked at gets its sockets.
//!
//! By netlink, with messages of our own: a program for it need not be there.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, sockopt};

use super::{OWN_ADDRESS, Tiding};
use crate::report::Line;

/// The port at which names are asked for.
pub(crate) const DNS_PORT: u16 = 53;
/// In a new network namespace the loopback is the first interface.
const LOOPBACK_INDEX: u32 = 1;
/// How many resolvers of `resolv.conf` are answered for by address.
const MOST_RESOLVERS: usize = 8;

/// Which step failed, and why.
pub(crate) type Failed = (&'static str, Errno);

/// Lays the road; the loopback is up. The resolvers' sockets go out over the
/// channel.
pub(crate) fn lay(channel: &Line) -> Result<(), Failed> {
    let has_v6 = Path::new("/proc/self/net/if_inet6").exists();
    let netlink = netlink_socket().map_err(|errno| ("a netlink socket", errno))?;
    request(&netlink, &own_address()).map_err(|errno| ("the box's own address", errno))?;
    let v4 = route(AddressFamily::INET);
    request(&netlink, &v4).map_err(|errno| ("the route for IPv4", errno))?;
    let v6 = route(AddressFamily::INET6);
    // Where it is switched off, there is no way for it either.
    let has_v6 = has_v6
        && match request(&netlink, &v6) {
            Ok(()) => true,
            Err(Errno::ACCESS | Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => false,
            Err(errno) => return Err(("the route for IPv6", errno)),
        };
    let sockets = resolvers(&addresses(has_v6)).map_err(|errno| ("a resolver's socket", errno))?;
    for socket in sockets {
        channel
            .send_with(&Tiding::Resolver, &[socket.as_fd()], false)
            .map_err(|errno| ("handing out a resolver's socket", errno))?;
    }
    Ok(())
}

/// The addresses at which names are asked for. A question to any address of
/// IPv4 that is not the loopback's comes from that same address, so that the
/// answer of a socket for all of them goes back from where it was expected.
/// Others take a socket each.
fn addresses(has_v6: bool) -> BTreeSet<IpAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let named = text.lines().filter_map(|line| {
        let address = line.trim().strip_prefix("nameserver")?.trim();
        address.split('%').next()?.parse::<IpAddr>().ok()
    });
    let named = named
        .filter(|ip| has_v6 || ip.is_ipv4())
        .filter(|ip| ip.is_ipv6() || ip.is_loopback())
        .take(MOST_RESOLVERS);
    let mut all: BTreeSet<IpAddr> = named.collect();
    all.insert(Ipv4Addr::UNSPECIFIED.into());
    if has_v6 {
        all.insert(Ipv6Addr::UNSPECIFIED.into());
    }
    all
}

fn resolvers(addresses: &BTreeSet<IpAddr>) -> Result<Vec<OwnedFd>, Errno> {
    let mut sockets = Vec::new();
    for ip in addresses {
        let socket = unbound(*ip, SocketType::DGRAM)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &SocketAddr::new(*ip, DNS_PORT))?;
        sockets.push(socket);
    }
    // They lie over one another. Nobody else's may lie over them.
    for socket in &sockets {
        sockopt::set_socket_reuseaddr(socket, false)?;
    }
    Ok(sockets)
}

/// A socket that may be bound to any address of one family.
pub(crate) fn unbound(ip: IpAddr, kind: SocketType) -> Result<OwnedFd, Errno> {
    let family = match ip {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    if ip.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
        sockopt::set_ipv6_freebind(&socket, true)?;
    }
    Ok(socket)
}

fn netlink_socket() -> Result<OwnedFd, Errno> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None, // the protocol of routes
    )?;
    rustix::net::bind(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

/// Asks the kernel for a change, and waits for its answer.
fn request(netlink: &OwnedFd, message: &[u8]) -> Result<(), Errno> {
    rustix::net::send(netlink, message, SendFlags::empty())?;
    let mut answer = [0; 1024];
    let (read, _) = rustix::net::recv(netlink, &mut answer, RecvFlags::empty())?;
    // A header of 16 bytes, then the error, 0 for none.
    let error = answer[..read]
        .get(16..20)
        .and_then(|bytes| bytes.try_into().ok());
    match error.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw_os_error(-error)),
        None => Err(Errno::BADMSG),
    }
}

/// "Whatever it is, it is local": a route of everything to the loopback.
fn route(family: AddressFamily) -> Vec<u8> {
    let body = [
        u8::try_from(family.as_raw()).unwrap_or_default(),
        0, // length of the destination: everything
        0,
        0,
        libc::RT_TABLE_LOCAL,
        libc::RTPROT_BOOT,
        libc::RT_SCOPE_HOST,
        libc::RTN_LOCAL,
        0,
        0,
        0,
        0,
    ];
    let device = attribute(libc::RTA_OIF, LOOPBACK_INDEX.to_ne_bytes());
    message(libc::RTM_NEWROUTE, &[&body, &device])
}

fn own_address() -> Vec<u8> {
    let mut body = vec![
        u8::try_from(libc::AF_INET).unwrap_or_default(),
        32,
        0,
        libc::RT_SCOPE_UNIVERSE,
    ];
    body.extend(LOOPBACK_INDEX.to_ne_bytes());
    let local = attribute(libc::IFA_LOCAL, OWN_ADDRESS.octets());
    let address = attribute(libc::IFA_ADDRESS, OWN_ADDRESS.octets());
    message(libc::RTM_NEWADDR, &[&body, &local, &address])
}

/// A message to the kernel; its parts have whole words.
fn message(kind: u16, parts: &[&[u8]]) -> Vec<u8> {
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let length = 16 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut message = Vec::with_capacity(length);
    message.extend(u32::try_from(length).unwrap_or_default().to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(u16::try_from(flags).unwrap_or_default().to_ne_bytes());
    message.extend([0; 8]); // a number of its own, and the sender's: neither is needed
    message.extend(parts.concat());
    message
}

/// A value of four bytes with its name.
fn attribute(name: u16, value: [u8; 4]) -> Vec<u8> {
    let mut attribute = 8_u16.to_ne_bytes().to_vec();
    attribute.extend(name.to_ne_bytes());
    attribute.extend(value);
    attribute
}
