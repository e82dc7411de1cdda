//! Boxes with a network, and somebody outside who serves their road.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use dam_policy::{
    Access, FileRule, FileRules, Network, NetworkRules, Origin, Places, Profile, ResolvedProfile,
    Rule, SandboxMode,
};
use dam_sandbox::{Arrival, Launch, Outcome, Road, RoadCaller, Stream, Tier};
use tempfile::TempDir;

pub const WALLED: [Tier; 2] = [Tier::Full, Tier::NoLandlock];
pub const TIERS: [Tier; 3] = [Tier::Full, Tier::NoLandlock, Tier::NoNamespaces];

/// What a name becomes.
const PLACEHOLDER: [u8; 4] = [198, 18, 1, 7];

/// What came of a script, and what arrived meanwhile.
pub struct Trip {
    pub said: String,
    pub outcome: Outcome,
    pub arrived: Vec<(SocketAddr, RoadCaller)>,
}

impl Trip {
    pub fn destinations(&self) -> Vec<String> {
        let all = self.arrived.iter();
        all.map(|(destination, _)| destination.to_string())
            .collect()
    }
}

pub struct Ground {
    pub work: TempDir,
    tier: Tier,
    pub rules: NetworkRules,
}

impl Ground {
    pub fn new(tier: Tier) -> Self {
        Self {
            work: tempfile::Builder::new()
                .prefix("dam-")
                .tempdir_in("/var/tmp")
                .expect("a directory below /var/tmp"),
            tier,
            rules: NetworkRules::new(Origin::BUILTIN),
        }
    }

    pub fn launch(&self, argv: &[&str]) -> Launch {
        let rule = |path: &Path, access| FileRule {
            path: path.to_owned(),
            access,
            rule: Rule::builtin("files.path"),
            origin: Origin::BUILTIN,
            what: "named".to_owned(),
        };
        let rules = vec![
            rule(Path::new("/"), Access::Read),
            rule(self.work.path(), Access::Write),
        ];
        Launch {
            tier: self.tier,
            argv: argv.iter().map(Into::into).collect(),
            cwd: self.work.path().to_owned(),
            env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            profile: ResolvedProfile {
                files: FileRules::new(rules, true),
                network: Network::Proxy(Box::new(self.rules.clone())),
                ..Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&Places::default())
            },
            transaction: None,
            stdin: Stream::Null,
            stdout: Stream::Pipe,
            stderr: Stream::Inherit,
            asking: None,
        }
    }

    pub fn run(&self, argv: &[&str]) -> Trip {
        let mut running = self.launch(argv).spawn().expect("a command that runs");
        let outside = Outside::serve(running.road().expect("a road"));
        let mut stdout = running.stdout.take().expect("its output");
        let mut said = String::new();
        stdout.read_to_string(&mut said).expect("text");
        let outcome = running.wait().expect("a command that ends");
        Trip {
            said,
            outcome,
            arrived: outside.finish(),
        }
    }

    pub fn bash(&self, script: &str) -> Trip {
        self.run(&["bash", "-c", script])
    }
}

/// Whoever serves the road: names are resolved to a placeholder, and each
/// connection is told where it wanted to go.
pub struct Outside {
    serving: JoinHandle<()>,
    ended: Arc<AtomicBool>,
    arrived: Receiver<(SocketAddr, RoadCaller)>,
}

impl Outside {
    pub fn serve(road: Road) -> Self {
        let (tell, arrived) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let serving = std::thread::spawn(move || serve(&road, &tell, &told));
        Self {
            serving,
            ended,
            arrived,
        }
    }

    /// Returns when the box has ended.
    pub fn finish(self) -> Vec<(SocketAddr, RoadCaller)> {
        self.ended.store(true, Ordering::Relaxed);
        self.serving.join().expect("an end of the road");
        self.arrived.iter().collect()
    }
}

fn serve(road: &Road, tell: &Sender<(SocketAddr, RoadCaller)>, ended: &Arc<AtomicBool>) {
    let mut resolving = Vec::new();
    while let Some(arrival) = road.next().expect("a road that can be heard") {
        match arrival {
            Arrival::Resolver(socket) => {
                let ended = Arc::clone(ended);
                resolving.push(std::thread::spawn(move || resolve(&socket, &ended)));
            }
            Arrival::Connection {
                socket,
                destination,
                caller,
            } => {
                tell.send((destination, caller)).expect("a listener");
                std::thread::spawn(move || answer(socket, destination));
            }
        }
    }
    for thread in resolving {
        thread.join().expect("an end of resolving");
    }
}

/// Answers as a web server, or as a resolver.
fn answer(mut socket: TcpStream, destination: SocketAddr) {
    if destination.port() == 53 {
        return resolve_by_connection(socket);
    }
    let mut request = [0; 4096];
    let _ = socket.read(&mut request);
    let body = format!("to {destination}\n");
    let length = body.len();
    let _ = write!(
        socket,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

/// Several questions may come on one connection.
fn resolve_by_connection(mut socket: TcpStream) {
    let mut length = [0; 2];
    while socket.read_exact(&mut length).is_ok() {
        let mut question = vec![0; u16::from_be_bytes(length).into()];
        if socket.read_exact(&mut question).is_err() {
            return;
        }
        let reply = resolved(&question);
        let length = u16::try_from(reply.len()).expect("a short answer");
        let _ = socket.write_all(&[&length.to_be_bytes()[..], &reply].concat());
    }
}

fn resolve(socket: &UdpSocket, ended: &AtomicBool) {
    let a_moment = Some(Duration::from_millis(20));
    socket.set_read_timeout(a_moment).expect("a limit");
    let mut question = [0; 512];
    while !ended.load(Ordering::Relaxed) {
        if let Ok((read, from)) = socket.recv_from(&mut question) {
            let _ = socket.send_to(&resolved(&question[..read]), from);
        }
    }
}

/// An answer to a question for an address of IPv4; none to any other.
fn resolved(question: &[u8]) -> Vec<u8> {
    let Some(end) = question.iter().skip(12).position(|byte| *byte == 0) else {
        return Vec::new();
    };
    let asked = &question[12..12 + end + 5];
    let is_v4 = asked[end + 1..end + 3] == [0, 1];
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_v4), 0, 0, 0, 0]);
    reply.extend(asked);
    if is_v4 {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        reply.extend(PLACEHOLDER);
    }
    reply
}

/// Whether this kernel has version 6 at all.
pub fn has_v6() -> bool {
    Path::new("/proc/net/if_inet6").exists()
}
