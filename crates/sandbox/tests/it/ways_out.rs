//! Where there is a road, no other way leads out: the attacker of the battery
//! tries what goes past `connect`, in every tier, as root and as an ordinary
//! user. Each way is first shown to work where there is no boundary.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "programs are started and dialled here to show what works outside"
)]

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::ground::{Ground, TIERS, has_v6};

dam_testkit::tests! {
    no_way_leads_out_but_the_road
    no_way_leads_out_but_the_road_for_an_ordinary_user_either
}

/// The word by which this program knows that it is to try all ways.
pub const TRIER: &str = "ways-out";
const ORDINARY: u32 = 20_001;

/// How it shows that a way leads out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shows {
    /// Something arrives at somebody on the host. It does outside.
    Arrival,
    /// The same, where this machine has what it takes.
    ArrivalPerhaps,
    /// The attacker gets what it wants. It does outside.
    Success,
    /// The same, where this machine or this user has what it takes.
    SuccessPerhaps,
    /// The same; what it changes is the machine's, so that outside it is tried
    /// by the battery alone.
    SuccessInside,
}

use Shows::{Arrival, ArrivalPerhaps, Success, SuccessInside, SuccessPerhaps};

/// What is tried, in the attacker's words.
const WAYS: &[(&str, Shows)] = &[
    ("tcp 127.0.0.1 {tcp}", Arrival),
    ("tcp 0.0.0.0 {tcp}", Arrival),
    ("tcp6 ::1 {tcp6}", Arrival),
    ("tcp6 ::ffff:127.0.0.1 {tcp}", Arrival),
    ("mptcp 127.0.0.1 {tcp}", ArrivalPerhaps),
    ("tcp-fast-open 127.0.0.1 {tcp}", Arrival),
    ("fast-open-message 127.0.0.1 {tcp}", Arrival),
    ("fast-open-messages 127.0.0.1 {tcp}", Arrival),
    ("fast-open-connect 127.0.0.1 {tcp}", Arrival),
    ("tcp-again 127.0.0.1 {tcp}", Arrival),
    ("tcp-race 127.0.0.1 {tcp}", Arrival),
    ("udp 127.0.0.1 {udp}", Arrival),
    ("udp6 ::1 {udp6}", Arrival),
    ("udp-sendto 127.0.0.1 {udp}", Arrival),
    ("udp-message 127.0.0.1 {udp}", Arrival),
    ("udp-messages 127.0.0.1 {udp}", Arrival),
    ("unix-stream {stream}", Arrival),
    ("unix-stream {abstract}", Arrival),
    ("unix-seqpacket {stream}", SuccessInside),
    ("unix-sendto {datagram}", Arrival),
    ("unix-sendto-flagged {datagram}", Arrival),
    ("unix-pair {datagram}", Arrival),
    ("unix-pair-connect {datagram}", Arrival),
    ("unix-sendmsg {datagram}", Arrival),
    ("unix-sendmmsg {datagram}", Arrival),
    ("uring-stream {stream}", ArrivalPerhaps),
    ("odd-family", SuccessPerhaps),
    ("odd-protocol", SuccessPerhaps),
    ("raw-icmp 127.0.0.1", SuccessPerhaps),
    ("unshare 40000000", SuccessPerhaps),
    ("unshare 50000000", Success),
    ("clone3-user", SuccessPerhaps),
    ("route-add 203.0.113.77", SuccessInside),
    ("route-add-old 203.0.113.78", SuccessInside),
    ("address-add 203.0.113.79", SuccessInside),
    ("address-remove 198.18.0.2", SuccessInside),
    ("interface-add dam-out", SuccessInside),
    ("steal-parents-channel", SuccessInside),
    ("setns /proc/1/ns/net", SuccessInside),
    ("socket 16 3 12", SuccessPerhaps),
    ("socket 40 1 0", SuccessPerhaps),
    ("socket 38 5 0", SuccessPerhaps),
];

fn no_way_leads_out_but_the_road() {
    let kit = Kit::new();
    let failures = kit.try_all();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn no_way_leads_out_but_the_road_for_an_ordinary_user_either() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let kit = Kit::new();
    let program = kit.place.path().join("trier");
    let me = std::env::current_exe().expect("this program");
    fs::copy(me, &program).expect("a copy of this program");
    let tried = Command::new(&program)
        .args([TRIER.as_ref(), kit.attacker.as_os_str()])
        .uid(ORDINARY)
        .gid(ORDINARY)
        .output()
        .expect("this program again");
    let said = String::from_utf8_lossy(&tried.stdout);
    let erred = String::from_utf8_lossy(&tried.stderr);
    assert!(tried.status.success(), "{said}{erred}");
}

/// As whoever started this program.
pub fn trier_main() {
    let attacker = std::env::args_os().nth(2).expect("the attacker");
    let kit = Kit {
        place: place(),
        attacker: attacker.into(),
    };
    let failures = kit.try_all();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The attacker, and a place that its user can write.
struct Kit {
    place: TempDir,
    attacker: PathBuf,
}

fn place() -> TempDir {
    let place = tempfile::Builder::new()
        .prefix("dam-")
        .tempdir_in("/var/tmp")
        .expect("a directory below /var/tmp");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("open to all");
    place
}

impl Kit {
    fn new() -> Self {
        let place = place();
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/tests/attacks/attacker");
        let parts = fs::read_dir(sources).expect("its source").flatten();
        let parts = parts.map(|entry| entry.path());
        let parts = parts.filter(|part| part.extension().is_some_and(|kind| kind == "c"));
        let attacker = place.path().join("attacker");
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-o"])
            .arg(&attacker)
            .args(parts)
            .args(["-lpthread", "-lrt"])
            .status()
            .expect("run the C compiler; these tests need `cc`");
        assert!(built.success(), "the attacker is not built");
        Self { place, attacker }
    }

    /// What got out, and what did not even outside.
    fn try_all(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for (words, shows) in WAYS {
            if words.contains("6 ::1") && !has_v6() {
                continue;
            }
            let outside = self.outside(words, *shows);
            if outside == Some(false) && matches!(shows, Arrival | Success) {
                failures.push(format!("{words}: does not work outside either"));
            }
            for tier in TIERS {
                let host = Host::new(self.place.path());
                let line = host.fill(words);
                let argv: Vec<&str> = [self.attacker.to_str().expect("a name")]
                    .into_iter()
                    .chain(line.split(' '))
                    .collect();
                let trip = Ground::new(tier).run(&argv);
                assert!(trip.said.starts_with("begin\n"), "{words}: {}", trip.said);
                let succeeded = trip.outcome.status.success()
                    && matches!(shows, Success | SuccessPerhaps | SuccessInside);
                if host.has_heard() || succeeded {
                    failures.push(format!("{tier}: {line} leads out: {}", trip.said));
                }
            }
        }
        failures
    }

    /// Whether it leads out where there is no boundary, if that can be tried.
    fn outside(&self, words: &str, shows: Shows) -> Option<bool> {
        if shows == SuccessInside {
            return None;
        }
        let host = Host::new(self.place.path());
        let line = host.fill(words);
        let tried = Command::new(&self.attacker)
            .args(line.split(' '))
            .output()
            .expect("the attacker");
        Some(match shows {
            Arrival | ArrivalPerhaps => host.has_heard(),
            Success | SuccessPerhaps | SuccessInside => tried.status.success(),
        })
    }
}

/// Everybody on the host at whom something could arrive.
struct Host {
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
    stream: Vec<UnixListener>,
    datagram: UnixDatagram,
    names: Vec<(&'static str, String)>,
}

impl Host {
    fn new(place: &Path) -> Self {
        let path = |name: &str| {
            let path = place.join(name);
            let _ = fs::remove_file(&path);
            path
        };
        let any = |v6: &str| {
            if has_v6() {
                v6.to_owned()
            } else {
                "127.0.0.1:0".to_owned()
            }
        };
        let tcp = ["127.0.0.1:0".to_owned(), any("[::1]:0")]
            .map(|at| TcpListener::bind(at).expect("a TCP listener"));
        let udp = ["127.0.0.1:0".to_owned(), any("[::1]:0")]
            .map(|at| UdpSocket::bind(at).expect("a UDP socket"));
        let stream = path("stream");
        let datagram = path("datagram");
        let hidden = format!("dam-ways-{}", std::process::id());
        let hidden_address = SocketAddr::from_abstract_name(&hidden).expect("a name");
        let port = |address: std::io::Result<std::net::SocketAddr>| {
            address.expect("an address").port().to_string()
        };
        let names = vec![
            ("{tcp}", port(tcp[0].local_addr())),
            ("{tcp6}", port(tcp[1].local_addr())),
            ("{udp}", port(udp[0].local_addr())),
            ("{udp6}", port(udp[1].local_addr())),
            ("{stream}", stream.display().to_string()),
            ("{datagram}", datagram.display().to_string()),
            ("{abstract}", format!("@{hidden}")),
        ];
        let host = Self {
            tcp: tcp.into(),
            udp: udp.into(),
            stream: vec![
                UnixListener::bind(&stream).expect("a stream socket"),
                UnixListener::bind_addr(&hidden_address).expect("an abstract socket"),
            ],
            datagram: UnixDatagram::bind(&datagram).expect("a datagram socket"),
            names,
        };
        host.never_wait().expect("sockets that do not wait");
        host
    }

    fn never_wait(&self) -> std::io::Result<()> {
        self.tcp
            .iter()
            .try_for_each(|one| one.set_nonblocking(true))?;
        self.udp
            .iter()
            .try_for_each(|one| one.set_nonblocking(true))?;
        self.stream
            .iter()
            .try_for_each(|one| one.set_nonblocking(true))?;
        self.datagram.set_nonblocking(true)
    }

    fn fill(&self, words: &str) -> String {
        let names = self.names.iter();
        names.fold(words.to_owned(), |words, (name, value)| {
            words.replace(name, value)
        })
    }

    fn has_heard(&self) -> bool {
        let came = |result: std::io::Result<()>| match result {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("a listener that cannot be asked: {error}"),
        };
        let buffer = &mut [0; 16];
        self.tcp.iter().any(|one| came(one.accept().map(drop)))
            || self
                .udp
                .iter()
                .any(|one| came(one.recv(&mut [0; 16]).map(drop)))
            || self.stream.iter().any(|one| came(one.accept().map(drop)))
            || came(self.datagram.recv(buffer).map(drop))
    }
}
