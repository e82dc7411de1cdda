//! The handle on the proxy: sockets and callers go in, totals come out.

use std::fmt;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::Verifier;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::dial::Target;
use crate::dns::placeholders::Meaning;
use crate::dns::server;
use crate::refusal::{Cause, Refusal};
use crate::session::Session;
use crate::tunnel::{self, Visit};
use crate::{Caller, Desk, EgressError, Protocol, Totals, Way, proxy};

/// Where names are asked for.
const DNS: u16 = 53;
/// How long connections have to end once the session does.
const FAREWELL: Duration = Duration::from_secs(2);

/// The running proxy. It has two threads, one that copies and one that writes
/// the record, and ends with [`Egress::finish`] or when it is dropped.
pub struct Egress {
    session: Arc<Session>,
    handle: Handle,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    totals: Mutex<Totals>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").finish_non_exhaustive()
    }
}

impl Egress {
    /// Starts it.
    pub fn start(way: Way, desk: Arc<dyn Desk>) -> Result<Self, EgressError> {
        let tls = Arc::new(tls(&way)?);
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(32)
            .build()
            .map_err(EgressError::Start)?;
        let session = Arc::new(Session::new(way, tls, desk)?);
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new()
            .name("egress".to_owned())
            .spawn(work);
        let thread = thread.map_err(EgressError::Start)?;
        Ok(Self {
            session,
            handle,
            running: Mutex::new(Some((stop, thread))),
            totals: Mutex::default(),
        })
    }

    /// Serves a listening socket of the box. Where a connection wanted to go is
    /// its local address: port 53 is the resolver, [`Way::proxy`] the proxy,
    /// any other is a wish for what it stands for.
    pub fn listener(&self, listener: TcpListener) -> Result<(), EgressError> {
        listener
            .set_nonblocking(true)
            .map_err(EgressError::Socket)?;
        let listener = self.enter(|| tokio::net::TcpListener::from_std(listener))?;
        let session = Arc::clone(&self.session);
        self.handle.spawn(async move {
            while let Some(accepted) = session.until_closed(listener.accept()).await {
                let Ok((stream, source)) = accepted else {
                    // Out of descriptors, or gone before we took it.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                if let Ok(destination) = stream.local_addr() {
                    let session = Arc::clone(&session);
                    tokio::spawn(arrived(session, stream, source, destination, Known::NotYet));
                }
            }
        });
        Ok(())
    }

    /// Serves a socket of the box as its resolver.
    pub fn resolver(&self, socket: UdpSocket) -> Result<(), EgressError> {
        socket.set_nonblocking(true).map_err(EgressError::Socket)?;
        let socket = self.enter(|| tokio::net::UdpSocket::from_std(socket))?;
        self.handle
            .spawn(server::udp(Arc::clone(&self.session), socket));
        Ok(())
    }

    /// Says who makes a connection; best before it arrives.
    pub fn caller(&self, caller: Caller) {
        self.session.introduce(caller);
    }

    /// Serves one connection of a process, which wanted to go to `destination`.
    pub fn take(
        &self,
        stream: TcpStream,
        destination: SocketAddr,
        caller: Option<Caller>,
    ) -> Result<(), EgressError> {
        stream.set_nonblocking(true).map_err(EgressError::Socket)?;
        let source = stream.peer_addr().map_err(EgressError::Socket)?;
        let stream = self.enter(|| tokio::net::TcpStream::from_std(stream))?;
        let session = Arc::clone(&self.session);
        let known = Known::Said(caller);
        self.handle
            .spawn(arrived(session, stream, source, destination, known));
        Ok(())
    }

    /// Ends it: nothing more goes out, and what is open is closed and recorded.
    /// Once more, it says the same.
    pub fn finish(&self) -> Totals {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stop, thread)) = running {
            self.session.close();
            self.session.wait_for_all(FAREWELL);
            let _ = stop.send(());
            let _ = thread.join();
            *totals = self.session.totals();
        }
        totals.clone()
    }

    fn enter<T>(&self, make: impl FnOnce() -> std::io::Result<T>) -> Result<T, EgressError> {
        if self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
        {
            return Err(EgressError::Closed);
        }
        let _entered = self.handle.enter();
        make().map_err(EgressError::Socket)
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Whether it was said who made a connection.
enum Known {
    NotYet,
    Said(Option<Caller>),
}

/// A connection is there. Who made it is known, or will be said.
async fn arrived(
    session: Arc<Session>,
    stream: tokio::net::TcpStream,
    source: SocketAddr,
    destination: SocketAddr,
    known: Known,
) {
    let Some(_place) = session.admit() else {
        return;
    };
    let _ = stream.set_nodelay(true);
    // One IPv4 address has one writing.
    let destination = SocketAddr::new(destination.ip().to_canonical(), destination.port());
    if destination.port() == DNS {
        return server::tcp(session, stream).await;
    }
    let caller = match known {
        Known::Said(caller) => caller,
        Known::NotYet => session.caller(source, destination).await,
    };
    if destination == session.way.proxy {
        return proxy::serve(session, stream, caller).await;
    }
    let host = match session.meaning(destination.ip()) {
        Meaning::Name(name) => dam_policy::Host::Name(name),
        Meaning::Literal => dam_policy::Host::Address(destination.ip()),
        Meaning::Nothing => {
            let host = dam_policy::Host::Address(destination.ip());
            let target = Target {
                host,
                port: destination.port(),
            };
            let reason = format!("{} stands for no name that was asked for", destination.ip());
            session
                .refuse(
                    target.wish(Protocol::Tcp),
                    Refusal::new(Cause::NoName, reason),
                )
                .await;
            return;
        }
    };
    let target = Target {
        host,
        port: destination.port(),
    };
    tunnel::serve(Visit {
        session,
        stream,
        seen: Vec::new(),
        target,
        caller,
        tunnel: None,
    })
    .await;
}

/// TLS towards hosts: the system's authorities and those that were added.
fn tls(way: &Way) -> Result<ClientConfig, EgressError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(EgressError::Tls)?;
    if way.authority.is_none() {
        // Nobody looks inside: no host is ever spoken to in TLS by us.
        let none = rustls::RootCertStore::empty();
        return Ok(builder.with_root_certificates(none).with_no_client_auth());
    }
    let verifier = Verifier::new_with_extra_roots(way.roots.iter().cloned(), provider)
        .map_err(EgressError::Tls)?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}
