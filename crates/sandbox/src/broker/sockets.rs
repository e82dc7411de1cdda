//! `connect` and `bind`, performed for the caller.
//!
//! Inside, an address of the internet family can only lead to the box's own
//! loopback; everything else is refused here, so that it is reported and not
//! only fails. A unix socket can be reached if it was bound inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use dam_policy::FileRules;
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::caller::Caller;
use super::place::{LastLink, Place};
use super::waiting::{WaitsFor, connection_result};
use super::{Answer, Own, Refusal};
use crate::sys;

const HERE: u32 = libc::AT_FDCWD.cast_unsigned();

pub(super) fn connect(own: &Own, caller: &Caller<'_>) -> Result<Answer, Refusal> {
    let address = caller.address(1, 2)?;
    let socket = caller.descriptor(caller.word(0))?;
    match Address::parse(&address)? {
        Address::Internet(ip, port) if !is_loopback(ip) => Err(out_of_reach(ip, port)),
        Address::Path(path) => connect_path(own, caller, socket, path),
        Address::Internet(..) | Address::Abstract | Address::Other => {
            connect_and_wait(socket, &address)
        }
    }
}

/// Binds, and remembers a unix socket as the box's own.
pub(super) fn bind(
    own: &mut Own,
    files: &FileRules,
    caller: &Caller<'_>,
) -> Result<Answer, Refusal> {
    let address = caller.address(1, 2)?;
    let socket = caller.descriptor(caller.word(0))?;
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
    let Address::Path(path) = named else {
        sys::bind_raw(socket.as_fd(), &address)?;
        return Ok(Answer::Value(0));
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

fn connect_path(
    own: &Own,
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
        return Err(Refusal::rule(
            Errno::ACCESS,
            place.path(),
            "network.unix-socket",
            "a socket that was not made inside leads to a program outside",
        ));
    }
    rustix::process::fchdir(&place.parent)?;
    connect_and_wait(socket, &unix_address(place.leaf.as_bytes()))
}

/// Connects without holding the door: the box's own loopback answers at once,
/// and where it does not, because a queue is full, the answer comes later.
fn connect_and_wait(socket: OwnedFd, address: &[u8]) -> Result<Answer, Refusal> {
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

fn out_of_reach(ip: IpAddr, port: u16) -> Refusal {
    let address = std::net::SocketAddr::new(ip, port);
    Refusal::rule(
        Errno::NETUNREACH,
        PathBuf::from(address.to_string()),
        "network.none",
        "the profile has no network",
    )
}

const fn is_loopback(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_unspecified(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => mapped.is_loopback() || mapped.is_unspecified(),
            None => ip.is_loopback() || ip.is_unspecified(),
        },
    }
}

/// What a socket address names.
#[derive(Debug, Eq, PartialEq)]
enum Address<'a> {
    Internet(IpAddr, u16),
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
                Ok(Self::Internet(
                    IpAddr::V4(ip),
                    u16::from_be_bytes([rest[0], rest[1]]),
                ))
            }
            libc::AF_INET6 => {
                let rest: &[u8; 22] = rest.first_chunk().ok_or(Errno::INVAL)?;
                let mut ip = [0; 16];
                ip.copy_from_slice(&rest[6..22]);
                let ip = IpAddr::V6(Ipv6Addr::from(ip));
                Ok(Self::Internet(ip, u16::from_be_bytes([rest[0], rest[1]])))
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
        let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(Address::parse(&v4), Ok(Address::Internet(ip, 8080)));
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
        assert!(is_loopback("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!is_loopback("::ffff:10.0.0.1".parse().unwrap()));
        assert!(is_loopback("::1".parse().unwrap()));
        assert!(!is_loopback("fd00::1".parse().unwrap()));
    }
}
