//! Who is there on the host: a victim, listeners, somebody's terminal. Each
//! tells afterwards what was done to it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::boundary::User;

/// One end on the host that a byte could arrive at.
pub enum Listener {
    Stream(UnixListener),
    Packet(OwnedFd),
    Datagram(UnixDatagram),
    Tcp(TcpListener),
    Udp(UdpSocket),
    Fifo(File),
}

impl Listener {
    /// A listener for streams; `@` begins an abstract name.
    pub fn stream(name: &str) -> Self {
        let listener = UnixListener::bind_addr(&address(name)).expect("bind a stream socket");
        listener.set_nonblocking(true).expect("not block");
        Self::Stream(listener)
    }

    pub fn datagram(name: &str) -> Self {
        let socket = UnixDatagram::bind_addr(&address(name)).expect("bind a datagram socket");
        socket.set_nonblocking(true).expect("not block");
        Self::Datagram(socket)
    }

    pub fn packet(path: &Path) -> Self {
        let socket = rustix::net::socket_with(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
            None,
        )
        .expect("make a packet socket");
        let address = SocketAddrUnix::new(path).expect("a short path");
        rustix::net::bind(&socket, &address).expect("bind a packet socket");
        rustix::net::listen(&socket, 4).expect("listen");
        Self::Packet(socket)
    }

    /// Returns the port too.
    pub fn tcp(address: &str) -> (Self, u16) {
        let listener = TcpListener::bind((address, 0)).expect("bind TCP");
        listener.set_nonblocking(true).expect("not block");
        let port = listener.local_addr().expect("an address").port();
        (Self::Tcp(listener), port)
    }

    /// Returns the port too.
    pub fn udp(address: &str) -> (Self, u16) {
        let socket = UdpSocket::bind((address, 0)).expect("bind UDP");
        socket.set_nonblocking(true).expect("not block");
        let port = socket.local_addr().expect("an address").port();
        (Self::Udp(socket), port)
    }

    pub fn fifo(path: &Path) -> Self {
        let both_ends = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path);
        Self::Fifo(both_ends.expect("open the pipe"))
    }

    /// What arrived, if anything did.
    pub fn received(&self) -> Option<String> {
        let mut text = [0_u8; 64];
        let what = match self {
            Self::Stream(listener) => listener.accept().ok().map(|_| "a stream connection"),
            Self::Packet(socket) => rustix::net::accept(socket)
                .ok()
                .map(|_| "a packet connection"),
            Self::Datagram(socket) => socket.recv(&mut text).ok().map(|_| "a datagram"),
            Self::Tcp(listener) => listener.accept().ok().map(|_| "a TCP connection"),
            Self::Udp(socket) => socket.recv(&mut text).ok().map(|_| "a UDP packet"),
            Self::Fifo(pipe) => (&mut &*pipe)
                .read(&mut text)
                .ok()
                .map(|_| "bytes in a pipe"),
        };
        what.map(|what| format!("{what} arrived"))
    }
}

fn address(name: &str) -> SocketAddr {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
    .expect("a short name")
}

/// A process of the same user that minds its own business.
pub struct Victim {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// Where its secret lies in memory, its shared segment, a descriptor to a
    /// secret, and the key of its queues, as it said.
    pub facts: Vec<(String, String)>,
    before: String,
}

impl Victim {
    pub fn start(user: &User, attacker: &Path, token: &str, secret: &Path, place: &Path) -> Self {
        let mut command = user.command(attacker);
        let mut child = command
            .arg("host-victim")
            .arg(token)
            .arg(secret)
            .env("VICTIM", token)
            .current_dir(place)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the victim");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let line = second_line(&mut stdout);
        let facts = line
            .split_whitespace()
            .filter_map(|fact| fact.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<Vec<_>>();
        assert!(facts.len() == 4, "the victim said {line:?}");
        let mut victim = Self {
            stdin: child.stdin.take(),
            stdout,
            facts,
            before: String::new(),
            child,
        };
        victim.before = victim.state();
        victim
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What was done to it, if anything was.
    pub fn harmed(&mut self) -> Option<String> {
        let now = self.state();
        let differences: Vec<String> = self
            .before
            .lines()
            .zip(now.lines())
            .filter(|(before, now)| before != now)
            .map(|(_, now)| now.replace('\t', " "))
            .collect();
        (!differences.is_empty() || now.lines().count() != self.before.lines().count())
            .then(|| format!("the victim: {}", differences.join("; ")))
    }

    fn state(&mut self) -> String {
        let proc = format!("/proc/{}", self.pid());
        let read = |name: &str| fs::read_to_string(format!("{proc}/{name}")).unwrap_or_default();
        let status = read("status");
        let kept = [
            "State:",
            "TracerPid:",
            "SigPnd:",
            "ShdPnd:",
            "Cpus_allowed_list:",
        ];
        let mut lines: Vec<String> = status
            .lines()
            .filter(|line| kept.iter().any(|name| line.starts_with(name)))
            .map(str::to_owned)
            .collect();
        lines.extend(read("limits").lines().map(str::to_owned));
        lines.push(format!("OOM score {}", read("oom_score_adj").trim()));
        let stat = read("stat");
        let fields: Vec<&str> = stat.split_whitespace().collect();
        lines.push(format!(
            "nice {:?}, policy {:?}",
            fields.get(18),
            fields.get(40)
        ));
        lines.push(self.queues());
        // It sleeps between questions; that it just answered is no harm.
        lines.join("\n").replace("R (running)", "S (sleeping)")
    }

    fn queues(&mut self) -> String {
        let asked = self.stdin.as_mut().map(|stdin| stdin.write_all(b"?\n"));
        let mut line = String::new();
        match asked {
            Some(Ok(())) if self.stdout.read_line(&mut line).is_ok() => line.trim().to_owned(),
            _ => "it does not answer".to_owned(),
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ended = self.child.wait();
    }
}

/// A terminal on which somebody else works.
pub struct Screen {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub name: String,
}

impl Screen {
    pub fn start(user: &User, attacker: &Path) -> Self {
        let mut child = user
            .command(attacker)
            .arg("host-screen")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the screen");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let name = second_line(&mut stdout);
        Self {
            stdin: child.stdin.take(),
            stdout,
            name,
            child,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What was shown on it, if anything was.
    pub fn shown(&mut self) -> Option<String> {
        drop(self.stdin.take());
        let mut text = String::new();
        let _read = self.stdout.read_to_string(&mut text);
        text.contains("attacked")
            .then(|| "text on somebody else's terminal".to_owned())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ended = self.child.wait();
    }
}

/// The line after `begin`.
fn second_line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    for _ in 0..2 {
        line.clear();
        output.read_line(&mut line).expect("a line");
    }
    line.trim().to_owned()
}
