//! Where there are no namespaces: the caller's own socket is connected outside,
//! to a listener on the loopback that lives as long as this one connection.
//! The caller itself may connect to nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, sockopt};

/// How long a connection over the loopback may take.
const AT_ONCE: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// Connects a socket of somebody inside to this process, and returns the other
/// end.
pub(super) fn connect_here(socket: &OwnedFd) -> Result<TcpStream, Errno> {
    if sockopt::socket_type(socket)? != SocketType::STREAM {
        return Err(Errno::OPNOTSUPP);
    }
    let (listener, address) = listen_for(socket)?;
    let before = rustix::fs::fcntl_getfl(socket)?;
    rustix::fs::fcntl_setfl(socket, before | OFlags::NONBLOCK)?;
    let connected = rustix::net::connect(socket, &address);
    rustix::fs::fcntl_setfl(socket, before)?;
    match connected {
        Ok(()) | Err(Errno::INPROGRESS) => accept(&listener, socket),
        Err(errno) => Err(errno),
    }
}

/// A listener that the socket can reach, and its address as the socket's family
/// writes it.
fn listen_for(socket: &OwnedFd) -> Result<(TcpListener, SocketAddr), Errno> {
    let listen = |ip: IpAddr| {
        let listener = TcpListener::bind((ip, 0)).map_err(errno)?;
        let address = listener.local_addr().map_err(errno)?;
        Ok((listener, address))
    };
    match sockopt::socket_domain(socket)? {
        AddressFamily::INET => listen(Ipv4Addr::LOCALHOST.into()),
        AddressFamily::INET6 if sockopt::ipv6_v6only(socket)? => listen(Ipv6Addr::LOCALHOST.into()),
        AddressFamily::INET6 => {
            let (listener, address) = listen(Ipv4Addr::LOCALHOST.into())?;
            let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
            Ok((listener, SocketAddr::new(mapped.into(), address.port())))
        }
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// Accepts what comes from that socket, and nothing else: any program of the
/// host could dial the listener meanwhile.
fn accept(listener: &TcpListener, from: &OwnedFd) -> Result<TcpStream, Errno> {
    let caller = rustix::net::getsockname(from)?;
    let caller = SocketAddr::try_from(caller).map_err(|_| Errno::AFNOSUPPORT)?;
    loop {
        let mut fds = [PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&AT_ONCE)) {
            Ok(0) => return Err(Errno::TIMEDOUT),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        listener.set_nonblocking(true).map_err(errno)?;
        match listener.accept() {
            Ok((stream, peer)) if same(peer, caller) => {
                stream.set_nonblocking(false).map_err(errno)?;
                return Ok(stream);
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(errno(error)),
        }
    }
}

/// Whether two addresses are one, in whichever family they are written.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}
