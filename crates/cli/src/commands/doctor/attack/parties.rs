//! Who is there on the host: listeners, somebody's terminal, a victim. Each
//! tells afterwards what was done to it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dam_policy::{Places, Profile, SandboxMode};
use dam_sandbox::{Launch, Running, Stream, Tier};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use super::Broken;
use super::attacker::{VICTIM, WORD};
use super::look;

/// How long the host tries to reach an attacker that listens.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long it waits for the victim, which answers at once where it can.
const PATIENCE_WITH_VICTIM: Duration = Duration::from_secs(10);

/// Every end on the host that a byte could arrive at.
pub struct Listeners {
    streams: Vec<(&'static str, UnixListener)>,
    datagrams: Vec<(&'static str, UnixDatagram)>,
    packet: OwnedFd,
    tcp: Vec<(&'static str, TcpListener)>,
    udp: Vec<(&'static str, UdpSocket)>,
    pipe: File,
    free_port: u16,
    name: String,
}

impl Listeners {
    /// Listens in the scene, on abstract names and on free ports of the
    /// loopback.
    pub fn listen(root: &Path) -> io::Result<Self> {
        let name = root.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let out = |below: &str| root.join("out").join(below);
        let stream = |path: PathBuf| UnixListener::bind(path);
        let of_name = |suffix: &str| SocketAddr::from_abstract_name(format!("{name}{suffix}"));
        let streams = vec![
            ("stream", stream(out("stream"))?),
            ("stream", stream(out("agent"))?),
            ("stream", stream(root.join("home/project/socket"))?),
            ("abstract", UnixListener::bind_addr(&of_name("")?)?),
        ];
        let datagrams = vec![
            ("datagram", UnixDatagram::bind(out("datagram"))?),
            (
                "abstract-datagram",
                UnixDatagram::bind_addr(&of_name("-datagram")?)?,
            ),
        ];
        let tcp = [("tcp", "127.0.0.1"), ("tcp6", "::1")];
        let udp = [("udp", "127.0.0.1"), ("udp6", "::1")];
        let lan = lan().and_then(|address| TcpListener::bind((address, 0)).ok());
        // A machine need not have every family.
        let mut tcp: Vec<_> = tcp
            .into_iter()
            .filter_map(|(name, to)| Some((name, TcpListener::bind((to, 0)).ok()?)))
            .collect();
        tcp.extend(lan.map(|listener| ("lan", listener)));
        let udp: Vec<_> = udp
            .into_iter()
            .filter_map(|(name, to)| Some((name, UdpSocket::bind((to, 0)).ok()?)))
            .collect();
        let made = Self {
            streams,
            datagrams,
            packet: packet(&out("packet"))?,
            tcp,
            udp,
            pipe: pipe(&out("pipe"))?,
            free_port: free_port()?,
            name,
        };
        made.do_not_wait()?;
        Ok(made)
    }

    fn do_not_wait(&self) -> io::Result<()> {
        for (_, socket) in &self.streams {
            socket.set_nonblocking(true)?;
        }
        for (_, socket) in &self.datagrams {
            socket.set_nonblocking(true)?;
        }
        for (_, socket) in &self.tcp {
            socket.set_nonblocking(true)?;
        }
        for (_, socket) in &self.udp {
            socket.set_nonblocking(true)?;
        }
        Ok(())
    }

    /// What the attacker is told.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![
            ("abstract", self.name.clone()),
            ("abstract-datagram", format!("{}-datagram", self.name)),
            ("free-name", format!("{}-free", self.name)),
            ("free-port", self.free_port.to_string()),
        ];
        let tcp = self
            .tcp
            .iter()
            .map(|(name, socket)| (*name, socket.local_addr()));
        let udp = self
            .udp
            .iter()
            .map(|(name, socket)| (*name, socket.local_addr()));
        let bound = tcp.chain(udp);
        facts.extend(bound.filter_map(|(name, address)| Some((name, address.ok()?.to_string()))));
        facts
    }

    /// What arrived, and whether the attacker itself could be reached. To be
    /// asked while it is still there.
    pub fn received(&mut self) -> Vec<String> {
        let mut text = [0_u8; 64];
        let mut told = Vec::new();
        let mut tell = |arrived: bool, what: &str| {
            if arrived {
                told.push(format!("{what} arrived"));
            }
        };
        for (_, socket) in &self.streams {
            tell(socket.accept().is_ok(), "a connection");
        }
        for (_, socket) in &self.datagrams {
            tell(socket.recv(&mut text).is_ok(), "a datagram");
        }
        let packet = rustix::net::accept(&self.packet).is_ok();
        tell(packet, "a packet connection");
        for (_, socket) in &self.tcp {
            tell(socket.accept().is_ok(), "a TCP connection");
        }
        for (_, socket) in &self.udp {
            tell(socket.recv(&mut text).is_ok(), "a UDP packet");
        }
        tell(
            matches!(self.pipe.read(&mut text), Ok(1..)),
            "bytes in a pipe",
        );
        if self.reach() {
            told.push("it could be reached from the host".to_owned());
        }
        told
    }

    fn reach(&self) -> bool {
        let port = std::net::SocketAddr::from(([127, 0, 0, 1], self.free_port));
        let tcp = TcpStream::connect_timeout(&port, PATIENCE).is_ok();
        let name = SocketAddr::from_abstract_name(format!("{}-free", self.name));
        tcp || name
            .and_then(|name| UnixStream::connect_addr(&name))
            .is_ok()
    }
}

fn packet(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let kind = SocketType::SEQPACKET;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    rustix::net::listen(&socket, 4)?;
    Ok(socket)
}

/// Both ends are open, so that whoever writes need not wait for a reader.
fn pipe(path: &Path) -> io::Result<File> {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::from_raw_mode(0o600))?;
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// An address of this machine that is not its loopback, if it has one.
fn lan() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing: it only asks which address would be used.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

/// A terminal on which somebody types a secret.
pub struct Screen {
    master: File,
    /// Held open: the terminal hangs up when its last user has gone.
    slave: File,
    name: String,
    before: String,
}

impl Screen {
    /// Opens one, and types.
    pub fn open(token: &str) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let name = name.to_string_lossy().into_owned();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&name, flags, Mode::empty())?;
        let mut settings = rustix::termios::tcgetattr(&slave)?;
        settings.local_modes -= rustix::termios::LocalModes::ECHO;
        let now = rustix::termios::OptionalActions::Now;
        rustix::termios::tcsetattr(&slave, now, &settings)?;
        let mut master = File::from(master);
        master.write_all(format!("{token}\n").as_bytes())?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let mut made = Self {
            before: String::new(),
            slave: slave.into(),
            master,
            name,
        };
        made.before = made.state();
        Ok(made)
    }

    /// Its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was done to it, if anything was.
    pub fn changed(&mut self) -> Option<String> {
        let mut text = [0; 64];
        let shown = matches!(self.master.read(&mut text), Ok(1..));
        let changed = self.state() != self.before;
        (shown || changed).then(|| "somebody else's terminal shows it".to_owned())
    }

    fn state(&self) -> String {
        let modes = rustix::termios::tcgetattr(&self.slave).map(|settings| settings.local_modes);
        let size: Result<Winsize, _> = rustix::termios::tcgetwinsize(&self.slave);
        format!(
            "{modes:?} {:?}",
            size.map(|size| (size.ws_row, size.ws_col))
        )
    }
}

/// A process of the same user that minds its own business.
pub struct Victim {
    running: Running,
    pid: i32,
    stdin: File,
    stdout: BufReader<File>,
    /// Where its secret lies in memory, how long it is, and the descriptor of
    /// a file with it.
    said: String,
    before: String,
}

impl Victim {
    /// Starts it outside the boundary.
    pub fn start(program: &Path, root: &Path, token: &str) -> Result<Self, Broken> {
        let words = [program.as_os_str(), WORD.as_ref(), VICTIM.as_ref()];
        let rest = [root.as_os_str(), token.as_ref()];
        let mut profile =
            Profile::builtin(SandboxMode::DangerFullAccess).resolve(&Places::default());
        profile.environment.set = [("VICTIM".to_owned(), token.to_owned())].into();
        let launch = Launch {
            argv: words.into_iter().chain(rest).map(Into::into).collect(),
            cwd: root.join("out"),
            env: std::collections::BTreeMap::new(),
            profile,
            transaction: None,
            stdin: Stream::Pipe,
            stdout: Stream::Pipe,
            stderr: Stream::Null,
            asking: None,
            tier: Tier::Full,
        };
        let mut running = launch.spawn()?;
        let pipes = running.stdin.take().zip(running.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
        let mut stdout = BufReader::new(stdout);
        let mut said = String::new();
        stdout.read_line(&mut said)?;
        let found = look::processes_naming(root);
        let mut victim = Self {
            pid: *found
                .first()
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?,
            running,
            stdin,
            stdout,
            said,
            before: String::new(),
        };
        victim.before = victim.state();
        Ok(victim)
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What the attacker is told.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let names = ["memory", "length", "open-file"];
        let said = self.said.split_whitespace().map(str::to_owned);
        let mut facts: Vec<_> = names.into_iter().zip(said).collect();
        facts.push(("victim", self.pid.to_string()));
        facts
    }

    /// What was done to it, if anything was.
    pub fn harmed(&mut self) -> Option<String> {
        let now = self.state();
        (now != self.before).then(|| "the victim was changed".to_owned())
    }

    /// All of it that somebody else could change.
    fn state(&mut self) -> String {
        let memory = self.answer();
        let read = |name: &str| self.proc(name);
        let status = read("status");
        let kept = ["TracerPid:", "SigPnd:", "ShdPnd:", "Cpus_allowed_list:"];
        let mut state: Vec<&str> = status
            .lines()
            .filter(|line| kept.iter().any(|name| line.starts_with(name)))
            .collect();
        let stat = read("stat");
        let nice = stat.split_whitespace().nth(18).unwrap_or_default();
        let (limits, oom) = (read("limits"), read("oom_score_adj"));
        state.extend([nice, &limits, &oom, &memory]);
        state.join("\n")
    }

    /// What it says its memory holds. A stopped one says nothing, and may have
    /// been stopped at any moment, so nobody waits for it without looking.
    fn answer(&mut self) -> String {
        let silent = "it does not answer".to_owned();
        if self.stdin.write_all(b"?\n").is_err() {
            return silent;
        }
        let deadline = Instant::now() + PATIENCE_WITH_VICTIM;
        while Instant::now() < deadline {
            let mut fds = [PollFd::new(self.stdout.get_ref(), PollFlags::IN)];
            let short = Timespec {
                tv_sec: 0,
                tv_nsec: 20_000_000,
            };
            if let Ok(1..) = rustix::event::poll(&mut fds, Some(&short)) {
                // It writes a line at once, or has gone.
                let mut line = String::new();
                let length = self.stdout.read_line(&mut line).unwrap_or_default();
                return if length > 0 { line } else { silent };
            }
            let stat = self.proc("stat");
            let state = stat.split_whitespace().nth(2).unwrap_or("X");
            if "tTZX".contains(state) {
                return "it is stopped".to_owned();
            }
        }
        silent
    }

    fn proc(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.pid)).unwrap_or_default()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.running.signal(rustix::process::Signal::KILL.as_raw());
        let _ended = self.running.wait();
    }
}
