//! What the way out costs: throughput and added latency as ratios to a direct
//! connection, and to tinyproxy where it is installed, in one run; memory with
//! 2,000 connections at once and 10 GB through it.
//!
//! `cargo bench -p dam-egress --bench egress -- GIGABYTES CONNECTIONS`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement ends where its scene breaks, and dials by itself"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dam_egress::{Desk, Egress, NetworkEvent, Resolver, Ruling, Way, Wish};
use dam_policy::{DomainRule, Layer, NetworkRules, Origin, Permission};

const PIECE: usize = 64 * 1024;
const ROUNDS: usize = 300;

struct Yes;

impl Desk for Yes {
    fn judge(&self, _: &Wish) -> Ruling {
        Ruling::Allowed
    }

    fn ask(&self, _: &Wish) -> Ruling {
        Ruling::Allowed
    }

    fn record(&self, _: NetworkEvent) -> Result<(), String> {
        Ok(())
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let mut number = |usual: usize| {
        arguments
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    let (gigabytes, connections) = (number(1), number(2000));
    let (sink, echo) = (sink(), echo());
    let (egress, proxy) = egress(&[sink, echo]);
    let other = Tinyproxy::start();
    let ways: Vec<(&str, Option<SocketAddr>)> = [("direct", None), ("egress", Some(proxy))]
        .into_iter()
        .chain(other.as_ref().map(|other| ("tinyproxy", Some(other.at))))
        .collect();
    println!(
        "| way | GB/s | to direct | new connection, median | to direct |\n|---|---|---|---|---|"
    );
    let mut first = None;
    for (name, proxy) in &ways {
        let (speed, time) = (throughput(*proxy, sink), latency(*proxy, echo));
        let (base_speed, base_time) = *first.get_or_insert((speed, time));
        println!(
            "| {name} | {speed:.2} | {:.2} | {time:?} | {:.1} |",
            speed / base_speed,
            time.as_secs_f64() / base_time.as_secs_f64()
        );
    }
    println!("\nmemory of all of this process, hosts and clients included:");
    println!("- at the start: {}", memory());
    many(proxy, echo, connections);
    println!("- after {connections} connections at once: {}", memory());
    let begin = Instant::now();
    push(proxy_to(proxy, sink), gigabytes << 30);
    println!(
        "- after {gigabytes} GB in {:?}: {}",
        begin.elapsed(),
        memory()
    );
    println!("{:?}", egress.finish().bytes_out);
}

/// A host that swallows as much as is announced in the first eight bytes, and
/// says so. Not every proxy passes on that one side has ended.
fn sink() -> SocketAddr {
    host(|mut stream| {
        let mut announced = [0; 8];
        if stream.read_exact(&mut announced).is_err() {
            return;
        }
        let mut left = usize::try_from(u64::from_be_bytes(announced)).unwrap();
        let mut buffer = vec![0; PIECE];
        while left > 0 {
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => left -= count,
                _ => return,
            }
        }
        let _ = stream.write_all(b"done");
    })
}

/// A host that says four bytes back, again and again.
fn echo() -> SocketAddr {
    host(|mut stream| {
        let mut word = [0; 4];
        while stream.read_exact(&mut word).is_ok() && stream.write_all(&word).is_ok() {}
    })
}

fn host(speak: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let small = thread::Builder::new().stack_size(128 * 1024);
            small.spawn(move || speak(stream.unwrap())).unwrap();
        }
    });
    at
}

fn egress(hosts: &[SocketAddr]) -> (Arc<Egress>, SocketAddr) {
    let origin = Origin::of(Layer::Builtin);
    let mut rules = NetworkRules::new(origin.clone());
    for host in hosts {
        rules.domains.push(DomainRule {
            pattern: host.to_string().parse().unwrap(),
            permission: Permission::Allow,
            origin: origin.clone(),
        });
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut way = Way::new(rules);
    way.callers_are_told = false;
    way.proxy = listener.local_addr().unwrap();
    way.resolver = Resolver::Servers {
        hosts: BTreeMap::new(),
        servers: Vec::new(),
    };
    let proxy = way.proxy;
    let egress = Egress::start(way, Arc::new(Yes)).unwrap();
    egress.listener(listener).unwrap();
    (Arc::new(egress), proxy)
}

fn connect(proxy: Option<SocketAddr>, to: SocketAddr) -> TcpStream {
    match proxy {
        None => TcpStream::connect(to).unwrap(),
        Some(proxy) => proxy_to(proxy, to),
    }
}

fn proxy_to(proxy: SocketAddr, to: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.set_nodelay(true).unwrap();
    write!(stream, "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(
            stream.read(&mut byte).unwrap(),
            1,
            "{}",
            String::from_utf8_lossy(&head)
        );
        head.push(byte[0]);
    }
    stream
}

/// In gigabytes a second: the best of three.
fn throughput(proxy: Option<SocketAddr>, sink: SocketAddr) -> f64 {
    let best = (0..3).map(|_| {
        let stream = connect(proxy, sink);
        let begin = Instant::now();
        push(stream, 1 << 30);
        begin.elapsed()
    });
    1.0 / best.min().unwrap().as_secs_f64()
}

fn push(mut stream: TcpStream, bytes: usize) {
    stream.write_all(&(bytes as u64).to_be_bytes()).unwrap();
    let piece = vec![0; PIECE];
    for _ in 0..bytes / PIECE {
        stream.write_all(&piece).unwrap();
    }
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"done");
}

/// A new connection and one word there and back: the median.
fn latency(proxy: Option<SocketAddr>, echo: SocketAddr) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            say(&mut connect(proxy, echo));
            begin.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

fn say(stream: &mut TcpStream) {
    stream.write_all(b"\0\0\0\0").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
}

/// All at once, and each of them twice.
fn many(proxy: SocketAddr, echo: SocketAddr, count: usize) {
    let mut all: Vec<TcpStream> = (0..count).map(|_| proxy_to(proxy, echo)).collect();
    for _ in 0..2 {
        for stream in &mut all {
            say(stream);
        }
    }
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    format!("{} now, {} at most", line("VmRSS:"), line("VmHWM:"))
}

/// A proxy that many know, to compare with.
struct Tinyproxy {
    child: Child,
    at: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Tinyproxy {
    fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap();
        let settings = dir.path().join("tinyproxy.conf");
        let text = format!(
            "Port {}\nListen 127.0.0.1\nTimeout 600\nMaxClients 100\nAllow 127.0.0.1\n",
            at.port()
        );
        std::fs::write(&settings, text).unwrap();
        let child = Command::new("tinyproxy")
            .arg("-d")
            .arg("-c")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        for _ in 0..100 {
            if TcpStream::connect(at).is_ok() {
                return Some(Self {
                    child,
                    at,
                    _dir: dir,
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
        None
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
