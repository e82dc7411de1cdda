//! The inner end of the road: connections to anywhere but the box itself.
//!
//! Whoever dials is connected to a listener that is made for this one
//! connection, in the box's own network; what it accepts is handed out with the
//! destination and the caller, and the listener is gone. So nothing inside can
//! take another's place, and nothing can be dialled that is not told. Where
//! there is no network namespace the caller's own socket is handed out, to be
//! connected there.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use dam_policy::{NetworkRules, Reach};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketFlags, SocketType, sockopt};

use super::caller::Caller;
use super::waiting::{WaitsFor, connection_result};
use super::{Answer, Refusal};
use crate::report::Line;
use crate::road::lay::unbound;
use crate::road::{Met, OWN_ADDRESS, RoadCaller, Tiding};
use crate::sys;

/// How long the loopback may take for a connection.
const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};
/// How often a connection is handed out that finds the channel full, and after
/// which time again.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(2);

/// The way out, and what is known of it inside.
pub(crate) struct Road {
    line: Line,
    rules: NetworkRules,
    /// Calls that wait for their socket to be connected outside.
    wanted: Vec<u64>,
    closed: bool,
}

/// A socket that was connected outside, or was not.
pub(super) struct Settled {
    pub id: u64,
    pub result: Result<i64, Errno>,
}

impl Road {
    pub(crate) const fn new(line: Line, rules: NetworkRules) -> Self {
        Self {
            line,
            rules,
            wanted: Vec::new(),
            closed: false,
        }
    }

    pub(super) const fn rules(&self) -> &NetworkRules {
        &self.rules
    }

    /// What to watch, as long as something may be heard.
    pub(super) fn watched(&self) -> Option<BorrowedFd<'_>> {
        (!self.closed).then(|| self.line.as_fd())
    }

    /// Whether the caller's socket goes out by this road. What leads to the box
    /// itself does not, unless a rule names it and nothing inside listens
    /// there.
    pub(super) fn takes(&self, caller: &Caller<'_>, socket: &OwnedFd, to: SocketAddr) -> bool {
        let internet = [AddressFamily::INET, AddressFamily::INET6];
        let family = sockopt::socket_domain(socket);
        let connects = family.is_ok_and(|family| internet.contains(&family))
            && sockopt::socket_type(socket) == Ok(SocketType::STREAM);
        let outside = !caller.tier.has_walls() || !is_inside(to.ip()) || self.is_named(to);
        connects && outside
    }

    fn is_named(&self, to: SocketAddr) -> bool {
        let host = to.ip().to_string();
        self.rules.reach(&host, to.port()).reach == Reach::Allowed
    }

    /// Connects the caller's socket, or has it connected.
    pub(super) fn connect(
        &mut self,
        caller: &Caller<'_>,
        socket: OwnedFd,
        address: &[u8],
        to: SocketAddr,
    ) -> Result<Answer, Refusal> {
        if to.port() == 0 {
            return Err(Errno::CONNREFUSED.into());
        }
        if self.closed {
            return Err(gone(to));
        }
        let by = RoadCaller {
            pid: u32::try_from(caller.standing()?.process).map_err(|_| Errno::SRCH)?,
            command: caller.command_line(),
        };
        if caller.tier.has_walls() {
            self.connect_inside(by, socket, address, to)
        } else {
            self.have_connected(caller.call.id, by, &socket, to)
        }
    }

    /// Without a network namespace: outside, where the caller may not connect
    /// to anything.
    fn have_connected(
        &mut self,
        id: u64,
        by: RoadCaller,
        socket: &OwnedFd,
        to: SocketAddr,
    ) -> Result<Answer, Refusal> {
        let wanted = Tiding::Wanted {
            id,
            destination: to,
            by,
        };
        self.tell(&wanted, socket, to)?;
        self.wanted.push(id);
        Ok(Answer::Later(WaitsFor::Road))
    }

    fn connect_inside(
        &mut self,
        by: RoadCaller,
        socket: OwnedFd,
        address: &[u8],
        to: SocketAddr,
    ) -> Result<Answer, Refusal> {
        let (listener, address) = match listen(to) {
            Ok(listener) => (listener, address.to_vec()),
            // Something inside has that very address.
            Err(Errno::ADDRINUSE) if is_inside(to.ip()) => {
                return super::sockets::connect_and_wait(socket, address);
            }
            // Something inside listens at that port of every address. It is not
            // what was meant, so another port of the same address does.
            Err(Errno::ADDRINUSE) => listen_beside(to, address)?,
            Err(errno) => return Err(errno.into()),
        };
        let (blocks, accepted) = meet(&socket, &listener, &address)?;
        drop(listener);
        let connected = Tiding::Connected {
            destination: to,
            by,
        };
        self.tell(&connected, &accepted, to)?;
        if !blocks {
            return Err(Errno::INPROGRESS.into());
        }
        match connection_result(&socket) {
            Some(result) => Ok(result.map(|()| Answer::Value(0))?),
            None => Ok(Answer::Later(WaitsFor::Connection(socket))),
        }
    }

    fn tell(&mut self, tiding: &Tiding, socket: &OwnedFd, to: SocketAddr) -> Result<(), Refusal> {
        let mut told = self.line.send_with(tiding, &[socket.as_fd()], false);
        // Whoever hears it is quick; only so many sockets may be on the way.
        for _ in 0..TRIES {
            if !matches!(told, Err(Errno::AGAIN | Errno::TOOMANYREFS)) {
                break;
            }
            std::thread::sleep(PAUSE);
            told = self.line.send_with(tiding, &[socket.as_fd()], false);
        }
        match told {
            Ok(()) => Ok(()),
            Err(Errno::AGAIN | Errno::TOOMANYREFS) => Err(refused(
                to,
                "network.busy",
                "more connections wait for the way out than it takes at once",
            )),
            Err(_) => {
                self.closed = true;
                Err(gone(to))
            }
        }
    }

    /// What was heard from outside: which calls have their answer.
    pub(super) fn hear(&mut self) -> Vec<Settled> {
        if let Ok(Some(Met { id, errno })) = self.line.receive() {
            let known = self.wanted.iter().position(|wanted| *wanted == id);
            let settled = known.map(|at| self.wanted.swap_remove(at));
            let result = errno.map_or(Ok(0), |errno| Err(Errno::from_raw_os_error(errno)));
            return settled
                .map(|id| Settled { id, result })
                .into_iter()
                .collect();
        }
        self.closed = true;
        let refused = |id| Settled {
            id,
            result: Err(Errno::CONNREFUSED),
        };
        self.wanted.drain(..).map(refused).collect()
    }
}

/// Whether an address is the box's own.
pub(super) fn is_inside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_unspecified() || ip == OWN_ADDRESS,
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified(),
    }
}

/// A listener for exactly this destination.
fn listen(to: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = unbound(to.ip(), SocketType::STREAM)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    // What is left of earlier connections does not hold the port, neither for
    // us nor for a server inside.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &to)?;
    rustix::net::listen(&socket, 1)?;
    Ok(socket)
}

/// The same at a port that is free, and the address of it as the caller's
/// socket takes it.
fn listen_beside(to: SocketAddr, address: &[u8]) -> Result<(OwnedFd, Vec<u8>), Errno> {
    let listener = listen(SocketAddr::new(to.ip(), 0))?;
    let named = SocketAddr::try_from(rustix::net::getsockname(&listener)?);
    let port = named.map_err(|_| Errno::AFNOSUPPORT)?.port();
    let mut beside = address.to_vec();
    // Family and port begin the addresses of both internet families.
    let at = beside.get_mut(2..4).ok_or(Errno::INVAL)?;
    at.copy_from_slice(&port.to_be_bytes());
    Ok((listener, beside))
}

/// Connects the socket to the listener: whether its owner waits for
/// connections, and the other end.
fn meet(socket: &OwnedFd, listener: &OwnedFd, address: &[u8]) -> Result<(bool, OwnedFd), Errno> {
    let before = rustix::fs::fcntl_getfl(socket)?;
    rustix::fs::fcntl_setfl(socket, before | OFlags::NONBLOCK)?;
    let connected = sys::connect_raw(socket.as_fd(), address);
    rustix::fs::fcntl_setfl(socket, before)?;
    match connected {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(errno) => return Err(errno),
    }
    let caller = rustix::net::getsockname(socket)?;
    loop {
        let mut fds = [PollFd::new(listener, PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&AT_ONCE)) {
            Ok(0) => return Err(Errno::TIMEDOUT),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        }
        let accepted = match rustix::net::accept_with(listener, SocketFlags::CLOEXEC) {
            Err(Errno::AGAIN | Errno::CONNABORTED) => continue,
            accepted => accepted?,
        };
        let peer = rustix::net::getpeername(&accepted)?;
        if is_same(&caller, &peer.ok_or(Errno::NOTCONN)?) {
            return Ok((!before.contains(OFlags::NONBLOCK), accepted));
        }
    }
}

/// Whether two addresses are one, in whichever family they are written.
fn is_same(one: &SocketAddrAny, other: &SocketAddrAny) -> bool {
    let plain = |address: &SocketAddrAny| SocketAddr::try_from(address.clone()).ok();
    match (plain(one), plain(other)) {
        (Some(one), Some(other)) => {
            one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
        }
        _ => false,
    }
}

fn gone(to: SocketAddr) -> Refusal {
    refused(to, "network.gone", "the way out to the network has ended")
}

fn refused(to: SocketAddr, rule: &str, reason: &str) -> Refusal {
    Refusal::rule(
        Errno::CONNREFUSED,
        PathBuf::from(to.to_string()),
        rule,
        reason,
    )
}
