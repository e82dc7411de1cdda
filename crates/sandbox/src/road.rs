//! The road: the one way out of a box that has a network, as the program
//! outside sees it.
//!
//! Inside every address is local, so that whatever is dialled ends at the
//! broker. It hands each connection out over a channel that was there before
//! the command began. Nothing on the host listens for the box, and nothing
//! inside can be told to go past it: there is no other way.

#[cfg(target_os = "linux")]
pub(crate) mod lay;
#[cfg(target_os = "linux")]
mod meet;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket};

use serde::{Deserialize, Serialize};
#[cfg(target_os = "linux")]
use {
    crate::error::{SandboxError, system},
    crate::report::Line,
    rustix::io::Errno,
    std::os::fd::OwnedFd,
};

/// Where a program inside finds the proxy. A connection to it is handed out
/// like any other, with this as its destination.
pub const PROXY_ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 18, 0, 1), 3128);

/// The box's own address, besides its loopback: some resolvers ask for a family
/// of addresses only where there is one that is not the loopback's. What goes
/// there stays inside.
pub const OWN_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);

/// Something that comes out of the box.
#[derive(Debug)]
pub enum Arrival {
    /// A socket in the box that is bound to port 53: what is asked there wants
    /// a name resolved. Several come, one for each address that a resolver may
    /// be asked at, before the command starts. Each answers from its own
    /// address.
    Resolver(UdpSocket),
    /// A connection that somebody inside has made. Neither the name nor the
    /// peer of the socket mean anything outside; only `destination` does.
    Connection {
        /// The other end of the connection. It blocks.
        socket: TcpStream,
        /// Where the caller wanted to go.
        destination: SocketAddr,
        /// Who it was.
        caller: RoadCaller,
    },
}

/// Who has made a connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RoadCaller {
    /// The process, by its number on the host.
    pub pid: u32,
    /// Its command line, shortened. It comes from inside, and is not cleaned.
    pub command: String,
}

/// What the broker tells over the channel.
#[cfg(target_os = "linux")]
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tiding {
    /// A socket for the resolver comes along.
    Resolver,
    /// The accepted end of a caller's connection comes along.
    Connected {
        destination: SocketAddr,
        by: RoadCaller,
    },
    /// The caller's own socket comes along. It waits to be connected, and for
    /// [`Met`].
    Wanted {
        id: u64,
        destination: SocketAddr,
        by: RoadCaller,
    },
}

/// The answer to [`Tiding::Wanted`].
#[cfg(target_os = "linux")]
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Met {
    pub id: u64,
    /// Why the socket was not connected.
    pub errno: Option<i32>,
}

/// The outer end of the road. Dropping it closes the way: what is dialled
/// inside from then on is refused.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct Road(Line);

#[cfg(target_os = "linux")]
impl Road {
    pub(crate) const fn new(line: Line) -> Self {
        Self(line)
    }

    /// Waits for what comes out next; `None` when the box has ended.
    pub fn next(&self) -> Result<Option<Arrival>, SandboxError> {
        let failed = system("hearing from the road");
        while let Some((tiding, fds)) = self.0.receive_with::<Tiding>().map_err(&failed)? {
            // One comes without its socket where the table of descriptors is
            // full: it was closed on the way.
            let fd = fds.into_iter().next();
            if let Some(arrival) = self.arrival(tiding, fd) {
                return Ok(Some(arrival));
            }
        }
        Ok(None)
    }

    fn arrival(&self, tiding: Tiding, fd: Option<OwnedFd>) -> Option<Arrival> {
        match tiding {
            Tiding::Resolver => fd.map(|fd| Arrival::Resolver(fd.into())),
            Tiding::Connected { destination, by } => fd.map(|fd| Arrival::Connection {
                socket: fd.into(),
                destination,
                caller: by,
            }),
            Tiding::Wanted {
                id,
                destination,
                by,
            } => {
                let met = fd
                    .ok_or(Errno::MFILE)
                    .and_then(|fd| meet::connect_here(&fd));
                let errno = met.as_ref().err().map(|errno| errno.raw_os_error());
                // A broker that is gone needs no answer; that it is gone is
                // heard next.
                let _ = self.0.send(&Met { id, errno }, true);
                met.ok().map(|socket| Arrival::Connection {
                    socket,
                    destination,
                    caller: by,
                })
            }
        }
    }
}
