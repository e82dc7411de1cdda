//! The handle on the proxy: sockets and callers go in, totals come out.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;

use crate::{Caller, Desk, EgressError, Totals, Way};

/// The running proxy. It has one thread of its own, and ends with
/// [`Egress::finish`] or when it is dropped.
#[derive(Debug)]
pub struct Egress {}

impl Egress {
    /// Starts it.
    pub fn start(_way: Way, _desk: Arc<dyn Desk>) -> Result<Self, EgressError> {
        Err(EgressError::Closed)
    }

    /// Serves a listening socket of the box. Where a connection wanted to go is
    /// its local address.
    pub fn listener(&self, _listener: TcpListener) -> Result<(), EgressError> {
        Err(EgressError::Closed)
    }

    /// Serves a socket of the box as its resolver.
    pub fn resolver(&self, _socket: UdpSocket) -> Result<(), EgressError> {
        Err(EgressError::Closed)
    }

    /// Says who makes a connection; best before it arrives.
    pub fn caller(&self, _caller: Caller) {}

    /// Serves one connection of a process, which wanted to go to `destination`.
    pub fn take(
        &self,
        _stream: TcpStream,
        _destination: SocketAddr,
        _caller: Option<Caller>,
    ) -> Result<(), EgressError> {
        Err(EgressError::Closed)
    }

    /// Ends it: nothing more goes out, and what is open is closed and recorded.
    pub fn finish(&self) -> Totals {
        Totals::default()
    }
}
