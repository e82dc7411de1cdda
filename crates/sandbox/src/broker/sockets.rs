//! `connect` and `bind`, performed for the caller.
//!
//! Inside, an address of the internet family leads to the box's own loopback, or
//! out by the road; without one everything else is refused here, so that it is
//! reported and not only fails. A unix socket can be reached if it was bound
//! inside, or if a rule names it.

use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use dam_policy::{FileRules, NetworkRules};
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, sockopt};

use super::caller::Caller;
use super::host_sockets;
use super::place::{LastLink, Place};
use super::road::{Road, is_inside};
use super::waiting::{WaitsFor, connection_result};
use super::{Answer, Own, Refusal};
use crate::sys;

const HERE: u32 = libc::AT_FDCWD.cast_unsigned();

/// The network that sockets of the box live in, once it was needed.
#[derive(Debug, Default)]
pub(super) struct Home(OnceCell<Option<u64>>);

impl Home {
    /// Refuses a socket of the internet families that was handed in: it lives
    /// in the host's network, and would go there.
    fn permit(&self, socket: &OwnedFd, road: bool, caller: &Caller<'_>) -> Result<(), Refusal> {
        let family = sockopt::socket_domain(socket)?;
        if family != AddressFamily::INET && family != AddressFamily::INET6 {
            return Ok(());
        }
        let handed_in = if caller.tier.has_walls() {
            // Where sockets cannot be told apart, none is handed in.
            self.own()
                .is_some_and(|own| sys::network_of(socket.as_fd()) != Ok(own))
        } else {
            // With a road, it is judged like any other.
            !road
        };
        if !handed_in {
            return Ok(());
        }
        Err(Refusal::rule(
            Errno::ACCESS,
            PathBuf::from("a socket of the host"),
            "network.handed-in",
            "a connection that was handed in leads where it leads, and nowhere else",
        ))
    }

    fn own(&self) -> Option<u64> {
        *self.0.get_or_init(|| {
            let kind = rustix::net::SocketType::STREAM;
            let own = rustix::net::socket(AddressFamily::UNIX, kind, None).ok()?;
            sys::network_of(own.as_fd()).ok()
        })
    }
}

pub(super) fn connect(
    own: &Own,
    home: &Home,
    road: Option<&mut Road>,
    caller: &Caller<'_>,
) -> Result<Answer, Refusal> {
    let address = caller.address(1, 2)?;
    let socket = caller.descriptor(caller.word(0))?;
    home.permit(&socket, road.is_some(), caller)?;
    match (Address::parse(&address)?, road) {
        (Address::Internet(to), Some(road)) if road.takes(caller, &socket, to) => {
            road.connect(caller, socket, &address, to)
        }
        (Address::Internet(to), None) if !is_inside(to.ip()) => Err(out_of_reach(to)),
        (Address::Path(path), road) => {
            let rules = road.map(|road| road.rules());
            connect_path(own, rules, caller, socket, path)
        }
        (Address::Internet(..) | Address::Abstract | Address::Other, _) => {
            connect_and_wait(socket, &address)
        }
    }
}

/// Binds, and remembers a unix socket as the box's own.
pub(super) fn bind(
    own: &mut Own,
    home: &Home,
    files: &FileRules,
    road: bool,
    caller: &Caller<'_>,
) -> Result<Answer, Refusal> {
    let address = caller.address(1, 2)?;
    let socket = caller.descriptor(caller.word(0))?;
    home.permit(&socket, road, caller)?;
    let named = Address::parse(&address)?;
    // There the names are the host's, and whoever runs on it could connect.
    if named == Address::Abstract && !caller.tier.has_walls() {
        return Err(Refusal::rule(
            Errno::PERM,
            PathBuf::from("an abstract socket"),
            "network.abstract-socket",
            "without a network namespace it could be reached from outside",
        ));
    }
    let path = match named {
        Address::Path(path) => path,
        Address::Internet(at) if !caller.tier.has_walls() => {
            return Err(could_be_reached(PathBuf::from(at.to_string())));
        }
        // With a road every address is one of the box's, and could be bound.
        Address::Internet(at) if road && !is_inside(at.ip()) => {
            return Err(Errno::ADDRNOTAVAIL.into());
        }
        Address::Internet(..) | Address::Abstract | Address::Other => {
            sys::bind_raw(socket.as_fd(), &address)?;
            return Ok(Answer::Value(0));
        }
    };
    // Looked at once: another thread may change the directory meanwhile.
    let here = caller.directory(HERE)?;
    let place = Place::resolve_from(
        caller,
        here.try_clone().map_err(|_| Errno::MFILE)?,
        path,
        LastLink::Keep,
    )?;
    place.permit(files, || place.exists().then_some(Errno::ADDRINUSE))?;
    let umask = caller.standing()?.umask;
    // With the caller's own words and from its directory, because the
    // socket tells them to whoever asks for its name. Nothing inside can have
    // moved since the look above: every such move comes through this thread.
    rustix::process::fchdir(&here)?;
    rustix::process::umask(umask);
    let bound = sys::bind_raw(socket.as_fd(), &address);
    rustix::process::umask(rustix::fs::Mode::empty());
    bound?;
    if FileType::from_raw_mode(place.stat()?.st_mode) == FileType::Socket {
        own.insert(&place)?;
    }
    Ok(Answer::Value(0))
}

/// Listens, where there is no network namespace: a socket without an address
/// would get one of the host's by it.
pub(super) fn listen(caller: &Caller<'_>) -> Result<Answer, Refusal> {
    let socket = caller.descriptor(caller.word(0))?;
    if sockopt::socket_domain(&socket)? != AddressFamily::UNIX {
        return Err(could_be_reached(PathBuf::from("an internet socket")));
    }
    rustix::net::listen(&socket, caller.word(1).cast_signed())?;
    Ok(Answer::Value(0))
}

fn could_be_reached(what: PathBuf) -> Refusal {
    Refusal::rule(
        Errno::ACCESS,
        what,
        "network.listen",
        "without a network namespace it could be reached from outside",
    )
}

fn connect_path(
    own: &Own,
    rules: Option<&NetworkRules>,
    caller: &Caller<'_>,
    socket: OwnedFd,
    path: &[u8],
) -> Result<Answer, Refusal> {
    let place = Place::resolve(caller, HERE, path, LastLink::Follow)?;
    let stat = place.stat()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(Errno::CONNREFUSED.into());
    }
    if !own.contains(&stat) {
        host_sockets::permit(rules, &place.path())?;
    }
    rustix::process::fchdir(&place.parent)?;
    connect_and_wait(socket, &unix_address(place.leaf.as_bytes()))
}

/// Connects without holding the door: the box's own loopback answers at once,
/// and where it does not, because a queue is full, the answer comes later.
pub(super) fn connect_and_wait(socket: OwnedFd, address: &[u8]) -> Result<Answer, Refusal> {
    let before = rustix::fs::fcntl_getfl(&socket)?;
    if before.contains(OFlags::NONBLOCK) {
        sys::connect_raw(socket.as_fd(), address)?;
        return Ok(Answer::Value(0));
    }
    rustix::fs::fcntl_setfl(&socket, before | OFlags::NONBLOCK)?;
    let connected = sys::connect_raw(socket.as_fd(), address);
    rustix::fs::fcntl_setfl(&socket, before)?;
    match connected {
        Err(Errno::INPROGRESS) => {}
        other => return Ok(other.map(|()| Answer::Value(0))?),
    }
    match connection_result(&socket) {
        Some(result) => Ok(result.map(|()| Answer::Value(0))?),
        None => Ok(Answer::Later(WaitsFor::Connection(socket))),
    }
}

fn unix_address(leaf: &[u8]) -> Vec<u8> {
    let family = libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or_default();
    let mut address = family.to_ne_bytes().to_vec();
    address.extend_from_slice(leaf);
    address.push(0);
    address
}

fn out_of_reach(to: SocketAddr) -> Refusal {
    Refusal::rule(
        Errno::NETUNREACH,
        PathBuf::from(to.to_string()),
        "network.none",
        "the profile has no network",
    )
}

/// What a socket address names.
#[derive(Debug, Eq, PartialEq)]
enum Address<'a> {
    /// Of version 4 where it is written as one of version 6.
    Internet(SocketAddr),
    Path(&'a [u8]),
    Abstract,
    Other,
}

impl<'a> Address<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Errno> {
        let (family, rest) = bytes.split_at_checked(2).ok_or(Errno::INVAL)?;
        let family = i32::from(u16::from_ne_bytes([family[0], family[1]]));
        match family {
            libc::AF_UNIX => Ok(match rest.first() {
                // A name made up on the spot, or one in this namespace only.
                None | Some(0) => Self::Abstract,
                Some(_) => Self::Path(rest.split(|byte| *byte == 0).next().unwrap_or_default()),
            }),
            libc::AF_INET => {
                let rest: &[u8; 6] = rest.first_chunk().ok_or(Errno::INVAL)?;
                let ip = Ipv4Addr::new(rest[2], rest[3], rest[4], rest[5]);
                let port = u16::from_be_bytes([rest[0], rest[1]]);
                Ok(Self::Internet(SocketAddr::new(ip.into(), port)))
            }
            libc::AF_INET6 => {
                let rest: &[u8; 22] = rest.first_chunk().ok_or(Errno::INVAL)?;
                let mut ip = [0; 16];
                ip.copy_from_slice(&rest[6..22]);
                let ip = IpAddr::V6(Ipv6Addr::from(ip)).to_canonical();
                let port = u16::from_be_bytes([rest[0], rest[1]]);
                Ok(Self::Internet(SocketAddr::new(ip, port)))
            }
            _ => Ok(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_the_kernel_takes() {
        let v4 = [2, 0, 0x1f, 0x90, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let to = "10.0.0.1:8080".parse().unwrap();
        assert_eq!(Address::parse(&v4), Ok(Address::Internet(to)));
        assert_eq!(
            Address::parse(b"\x01\0/run/x\0junk"),
            Ok(Address::Path(b"/run/x"))
        );
        assert_eq!(Address::parse(b"\x01\0\0name"), Ok(Address::Abstract));
        assert_eq!(Address::parse(b"\x01\0"), Ok(Address::Abstract));
        assert_eq!(Address::parse(b"\x02\0\x1f"), Err(Errno::INVAL));
        assert_eq!(Address::parse(b"\x10\0\0\0"), Ok(Address::Other));
    }

    #[test]
    fn mapped_addresses_are_what_they_map_to() {
        assert!(is_inside("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!is_inside("::ffff:10.0.0.1".parse().unwrap()));
        assert!(is_inside("::1".parse().unwrap()));
        assert!(!is_inside("fd00::1".parse().unwrap()));
    }
}
