//! Sending something to somebody on the host by a socket or a pipe, or being
//! reached from there.
//! Nothing here goes further than this machine.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self as unix, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::net::{
    AddressFamily, Protocol, SendFlags, SocketAddrUnix, SocketFlags, SocketType, ipproto,
};

use super::{Attempt, PAYLOAD, Taken, attempt, below, done, on_victim};
use crate::commands::doctor::attack::attacker::Target;

pub const ATTEMPTS: &[Attempt] = &[
    attempt("stream", "connect to a socket of the host", |t| {
        stream(&t.out("stream"))
    }),
    attempt(
        "workspace-stream",
        "connect to a host's socket in the workspace",
        |t| stream(&t.workspace("socket")),
    ),
    on_victim(
        "stream-by-root",
        "connect by way of another process's root",
        |t| {
            let root = format!("/proc/{}/root", t.fact("victim")?);
            stream(&below(&root, &t.out("stream")))
        },
    ),
    attempt("abstract", "connect to an abstract socket", |t| {
        let address = unix::SocketAddr::from_abstract_name(t.fact("abstract")?)?;
        done(UnixStream::connect_addr(&address)?.write_all(PAYLOAD))
    }),
    attempt("datagram", "send a datagram", |t| {
        let socket = UnixDatagram::unbound()?;
        done(socket.send_to(PAYLOAD, t.out("datagram")).map(drop))
    }),
    attempt("datagram-pair", "send a datagram from a pair", |t| {
        let flags = SocketFlags::CLOEXEC;
        let kind = SocketType::DGRAM;
        let (end, _other) = rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None)?;
        let address = SocketAddrUnix::new(t.out("datagram"))?;
        rustix::net::sendto(end, PAYLOAD, SendFlags::empty(), &address)?;
        Ok(Taken::Nothing)
    }),
    attempt(
        "abstract-datagram",
        "send a datagram to an abstract socket",
        |t| {
            let name = t.fact("abstract-datagram")?;
            let address = unix::SocketAddr::from_abstract_name(name)?;
            let socket = UnixDatagram::unbound()?;
            done(socket.send_to_addr(PAYLOAD, &address).map(drop))
        },
    ),
    attempt("packet", "connect to a packet socket", |t| {
        let kind = SocketType::SEQPACKET;
        let fd = socket(AddressFamily::UNIX, kind, None)?;
        let address = SocketAddrUnix::new(t.out("packet"))?;
        done(rustix::net::connect(fd, &address))
    }),
    attempt("tcp", "connect to a port of the host", |t| tcp(t, "tcp")),
    attempt("tcp6", "connect to a port of the host by IPv6", |t| {
        tcp(t, "tcp6")
    }),
    attempt("udp", "send to a port of the host", |t| udp(t, "udp")),
    attempt("udp6", "send to a port of the host by IPv6", |t| {
        udp(t, "udp6")
    }),
    attempt("lan", "connect to this machine's own address", |t| {
        tcp(t, "lan")
    }),
    attempt("listen", "be reached from the host by TCP", |t| {
        let listener = TcpListener::bind(("127.0.0.1", t.number("free-port")?))?;
        Ok(Taken::Held(listener.into()))
    }),
    attempt(
        "listen-abstract",
        "be reached from the host by an abstract socket",
        |t| {
            let name = t.fact("free-name")?;
            let address = unix::SocketAddr::from_abstract_name(name)?;
            Ok(Taken::Held(UnixListener::bind_addr(&address)?.into()))
        },
    ),
    attempt("listen-outside", "make a socket outside", |t| {
        Ok(Taken::Held(UnixListener::bind(t.out("new"))?.into()))
    }),
    attempt("write-pipe", "write to a pipe of the host", |t| {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(t.out("pipe"), flags, Mode::empty())?;
        rustix::io::write(fd, PAYLOAD)?;
        Ok(Taken::Nothing)
    }),
    attempt("raw", "make a raw socket", |_| {
        let kind = SocketType::RAW;
        held(AddressFamily::INET, kind, Some(ipproto::ICMP))
    }),
    attempt("frames", "make a socket for whole frames", |_| {
        held(AddressFamily::PACKET, SocketType::DGRAM, None)
    }),
    attempt(
        "netlink",
        "listen to the kernel's events of devices",
        |_| {
            let protocol = rustix::net::netlink::KOBJECT_UEVENT;
            held(AddressFamily::NETLINK, SocketType::RAW, Some(protocol))
        },
    ),
    attempt("hypervisor", "make a socket to the hypervisor", |_| {
        held(AddressFamily::VSOCK, SocketType::STREAM, None)
    }),
    attempt("kernel-ciphers", "use the kernel's ciphers", |_| {
        held(AddressFamily::from_raw(38), SocketType::SEQPACKET, None)
    }),
];

fn stream(path: &Path) -> io::Result<Taken> {
    done(UnixStream::connect(path)?.write_all(PAYLOAD))
}

fn tcp(t: &Target, name: &str) -> io::Result<Taken> {
    let mut stream = TcpStream::connect_timeout(&address(t, name)?, Duration::from_secs(2))?;
    done(stream.write_all(PAYLOAD))
}

fn udp(t: &Target, name: &str) -> io::Result<Taken> {
    let to = address(t, name)?;
    let any = if to.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
    done(UdpSocket::bind(any)?.send_to(PAYLOAD, to).map(drop))
}

fn address(t: &Target, name: &str) -> io::Result<SocketAddr> {
    let address = t.fact(name)?.parse();
    address.map_err(|_| io::ErrorKind::AddrNotAvailable.into())
}

fn held(family: AddressFamily, kind: SocketType, protocol: Option<Protocol>) -> io::Result<Taken> {
    Ok(Taken::Held(socket(family, kind, protocol)?))
}

fn socket(
    family: AddressFamily,
    kind: SocketType,
    protocol: Option<Protocol>,
) -> io::Result<std::os::fd::OwnedFd> {
    Ok(rustix::net::socket_with(
        family,
        kind,
        SocketFlags::CLOEXEC,
        protocol,
    )?)
}
