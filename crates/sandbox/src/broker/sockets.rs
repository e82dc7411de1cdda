//! `connect` and `bind`, performed for the caller.
//!
//! Inside, an address of the internet family can only lead to the box's own
//! loopback; everything else is refused here, so that it is reported and not
//! only fails. A unix socket can be reached if it was bound inside.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use dam_policy::FileRules;
use rustix::fs::{FileType, OFlags, Stat};
use rustix::io::Errno;

use super::caller::Caller;
use super::place::{LastLink, Place};
use super::{Answer, Refusal, Refused};
use crate::sys;

const HERE: u32 = libc::AT_FDCWD.cast_unsigned();

pub(super) fn connect(
    own: &HashSet<(u64, u64)>,
    _files: &FileRules,
    caller: &Caller<'_>,
) -> Result<Answer, Refusal> {
    let address = caller.address(1, 2)?;
    let socket = caller.descriptor(caller.word(0))?;
    match Address::parse(&address)? {
        Address::Internet(ip, port) if !is_loopback(ip) => Err(out_of_reach(ip, port)),
        Address::Path(path) => connect_path(own, caller, &socket, path),
        Address::Internet(..) | Address::Abstract | Address::Other => {
            connect_and_wait(caller, &socket, &address)
        }
    }
}

/// Binds, and remembers a unix socket as the box's own.
pub(super) fn bind(
    own: &mut HashSet<(u64, u64)>,
    files: &FileRules,
    caller: &Caller<'_>,
) -> Result<Answer, Refusal> {
    let address = caller.address(1, 2)?;
    let socket = caller.descriptor(caller.word(0))?;
    let Address::Path(path) = Address::parse(&address)? else {
        sys::bind_raw(std::os::fd::AsFd::as_fd(&socket), &address)?;
        return Ok(Answer::Value(0));
    };
    let place = Place::resolve(caller, HERE, path, LastLink::Keep)?;
    place.permit(files, place.exists().then_some(Errno::ADDRINUSE))?;
    let umask = caller.standing()?.umask;
    rustix::process::fchdir(&place.parent)?;
    rustix::process::umask(umask);
    let bound = sys::bind_raw(
        std::os::fd::AsFd::as_fd(&socket),
        &unix_address(place.leaf.as_bytes()),
    );
    rustix::process::umask(rustix::fs::Mode::empty());
    bound?;
    let stat = place.stat()?;
    own.insert(identity(&stat));
    Ok(Answer::Value(0))
}

fn connect_path(
    own: &HashSet<(u64, u64)>,
    caller: &Caller<'_>,
    socket: &OwnedFd,
    path: &[u8],
) -> Result<Answer, Refusal> {
    let place = Place::resolve(caller, HERE, path, LastLink::Follow)?;
    let stat = place.stat()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        return Err(Errno::CONNREFUSED.into());
    }
    if !own.contains(&identity(&stat)) {
        return Err(Refusal::Rule(Box::new(Refused {
            errno: Errno::ACCESS,
            path: place.path(),
            rule: "network.unix-socket".to_owned(),
            reason: "a socket that was not made inside leads to a program outside".to_owned(),
            hint: None,
        })));
    }
    rustix::process::fchdir(&place.parent)?;
    connect_and_wait(caller, socket, &unix_address(place.leaf.as_bytes()))
}

/// Connects without ever waiting for the other end: the door serves others,
/// too. A full queue on the box's own loopback is the caller's to retry.
fn connect_and_wait(
    _caller: &Caller<'_>,
    socket: &OwnedFd,
    address: &[u8],
) -> Result<Answer, Refusal> {
    let before = rustix::fs::fcntl_getfl(socket)?;
    let fd = std::os::fd::AsFd::as_fd(socket);
    if before.contains(OFlags::NONBLOCK) {
        sys::connect_raw(fd, address)?;
        return Ok(Answer::Value(0));
    }
    rustix::fs::fcntl_setfl(socket, before | OFlags::NONBLOCK)?;
    let connected = sys::connect_raw(fd, address);
    rustix::fs::fcntl_setfl(socket, before)?;
    connected?;
    Ok(Answer::Value(0))
}

const fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
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
    Refusal::Rule(Box::new(Refused {
        errno: Errno::NETUNREACH,
        path: PathBuf::from(address.to_string()),
        rule: "network.none".to_owned(),
        reason: "the profile has no network".to_owned(),
        hint: None,
    }))
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
