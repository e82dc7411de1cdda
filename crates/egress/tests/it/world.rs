//! A world for one test: rules, a desk that follows them, the proxy, and
//! clients that know no manners.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dam_egress::{
    Authority, Caller, Desk, Egress, NetworkEvent, Protocol, Refusal, Resolver, Ruling, Way, Wish,
};
use dam_policy::{DomainRule, Layer, NetworkRules, Origin, Permission, Reach, Seen};

/// Rules from a list: `host`, `!host`, each with an optional port.
pub fn rules(list: &[&str]) -> NetworkRules {
    let origin = Origin::of(Layer::Builtin);
    let mut rules = NetworkRules::new(origin.clone());
    for entry in list {
        let (permission, pattern) = match entry.strip_prefix('!') {
            Some(pattern) => (Permission::Deny, pattern),
            None => (Permission::Allow, *entry),
        };
        rules.domains.push(DomainRule {
            pattern: pattern.parse().unwrap(),
            permission,
            origin: origin.clone(),
        });
    }
    rules
}

/// Judges by rules, answers questions by a list, and remembers what it hears.
pub struct Clerk {
    rules: NetworkRules,
    /// Hosts that the person says yes to; with none, nobody is there.
    yes: Vec<String>,
    asked: Mutex<Vec<String>>,
    granted: Mutex<Vec<String>>,
    events: Mutex<Vec<NetworkEvent>>,
    /// Path prefixes that a host is limited to.
    paths: Vec<(String, String)>,
    /// After so many entries no more can be written.
    room: Option<usize>,
}

impl Clerk {
    fn rule(&self, wish: &Wish) -> Ruling {
        let seen = match (&wish.method, &wish.path) {
            (Some(method), path) => Seen::Request {
                method,
                path: path.as_deref().unwrap_or("/"),
            },
            (None, _) => Seen::NotYet,
        };
        let found = self.rules.judge(&wish.host, wish.port, seen);
        let needs_look = self.rules.looks_into(&wish.host, wish.port) && wish.method.is_none();
        let host = format!("{}:{}", wish.host, wish.port);
        let is_granted = self.granted.lock().unwrap().contains(&host);
        match found.reach {
            Reach::Unlisted if is_granted => Ruling::Allowed,
            Reach::Unlisted if !self.yes.is_empty() => Ruling::Ask,
            Reach::Allowed if needs_look => Ruling::Look,
            Reach::Allowed => self.by_path(wish),
            _ => Ruling::Denied(Refusal {
                code: found.rule.as_str().to_owned(),
                reason: found.reason,
                hint: None,
            }),
        }
    }

    fn by_path(&self, wish: &Wish) -> Ruling {
        let Some((_, prefix)) = self.paths.iter().find(|(host, _)| *host == wish.host) else {
            return Ruling::Allowed;
        };
        match &wish.path {
            None => Ruling::Look,
            Some(path) if path.starts_with(prefix) => Ruling::Allowed,
            Some(_) => Ruling::Denied(Refusal {
                code: "network.path".to_owned(),
                reason: "not below the path".to_owned(),
                hint: None,
            }),
        }
    }
}

impl Desk for Clerk {
    fn judge(&self, wish: &Wish) -> Ruling {
        self.rule(wish)
    }

    fn ask(&self, wish: &Wish) -> Ruling {
        let host = format!("{}:{}", wish.host, wish.port);
        self.asked
            .lock()
            .unwrap()
            .push(format!("{} {host}", wish.protocol));
        if self.yes.contains(&wish.host) {
            self.granted.lock().unwrap().push(host);
            return Ruling::Allowed;
        }
        Ruling::Denied(Refusal {
            code: "no".to_owned(),
            reason: "nobody said yes".to_owned(),
            hint: None,
        })
    }

    fn record(&self, event: NetworkEvent) -> Result<(), String> {
        let mut events = self.events.lock().unwrap();
        if self.room.is_some_and(|room| events.len() >= room) {
            return Err("the disk is full".to_owned());
        }
        events.push(event);
        Ok(())
    }
}

/// A change of the way.
type Change = Box<dyn FnOnce(&mut Way)>;

/// How a world differs from the usual one.
#[derive(Default)]
pub struct Wanted {
    pub rules: Vec<String>,
    pub yes: Vec<String>,
    pub names: Vec<(String, IpAddr)>,
    pub paths: Vec<(String, String)>,
    pub room: Option<usize>,
    /// What else is to be set.
    pub set: Option<Change>,
}

impl Wanted {
    /// A world with these rules.
    pub fn rules(list: &[&str]) -> Self {
        Self {
            rules: list.iter().map(|&rule| rule.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Where a name of this world leads.
    pub fn name(mut self, name: &str, address: &str) -> Self {
        self.names.push((name.to_owned(), address.parse().unwrap()));
        self
    }

    /// The name of a host on loopback, allowed at its port.
    pub fn host(mut self, name: &str, at: SocketAddr) -> Self {
        self.rules.push(format!("{name}:{}", at.port()));
        self.rules.push(at.to_string());
        self.name(name, &at.ip().to_string())
    }

    pub fn path(mut self, host: &str, prefix: &str) -> Self {
        self.paths.push((host.to_owned(), prefix.to_owned()));
        self
    }

    pub fn set(mut self, set: impl FnOnce(&mut Way) + 'static) -> Self {
        self.set = Some(Box::new(set));
        self
    }
}

/// The proxy and its desk.
pub struct World {
    pub egress: Arc<Egress>,
    desk: Arc<Clerk>,
    /// The proxy's address.
    pub proxy: SocketAddr,
    /// The session's certificate authority, where there is one.
    pub authority: String,
}

impl World {
    pub fn new(wanted: Wanted) -> Self {
        let list: Vec<&str> = wanted.rules.iter().map(String::as_str).collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = listener.local_addr().unwrap();
        let mut way = Way::new(rules(&list));
        way.proxy = proxy;
        let mut hosts: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for (name, address) in &wanted.names {
            hosts.entry(name.clone()).or_default().push(*address);
        }
        way.resolver = Resolver::Servers {
            hosts,
            servers: Vec::new(),
        };
        if let Some(set) = wanted.set {
            set(&mut way);
        }
        let authority = way.authority.as_ref().map_or("", Authority::pem).to_owned();
        let desk = Arc::new(Clerk {
            rules: way.rules.clone(),
            yes: wanted.yes,
            asked: Mutex::default(),
            granted: Mutex::default(),
            events: Mutex::default(),
            paths: wanted.paths,
            room: wanted.room,
        });
        let egress = Egress::start(way, desk.clone()).unwrap();
        egress.listener(listener).unwrap();
        let egress = Arc::new(egress);
        Self {
            egress,
            desk,
            proxy,
            authority,
        }
    }

    /// A connection of the box to an address, as the box's network hands it on.
    pub fn connect(&self, destination: &str) -> TcpStream {
        self.connect_as(destination, None)
    }

    pub fn connect_as(&self, destination: &str, caller: Option<Caller>) -> TcpStream {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        self.egress
            .take(server, destination.parse().unwrap(), caller)
            .unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        client
    }

    /// A port of this machine whose connections go where a name's placeholder
    /// leads, at another port.
    pub fn gate(&self, name: &str, port: u16) -> SocketAddr {
        let address = self.placeholder(name).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let gate = listener.local_addr().unwrap();
        let egress = Arc::clone(&self.egress);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let destination = SocketAddr::new(address, port);
                if egress.take(stream.unwrap(), destination, None).is_err() {
                    return;
                }
            }
        });
        gate
    }

    /// What the resolver of the box answers for a name.
    pub fn placeholder(&self, name: &str) -> Option<IpAddr> {
        let (code, addresses) = crate::dns::ask(self, name, 1);
        (code == 0).then(|| addresses.first().copied()).flatten()
    }

    /// A connection to the proxy.
    pub fn to_proxy(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// What curl says, with these options.
    pub fn curl(&self, options: &[&str]) -> Curl {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("authority.pem");
        std::fs::write(&bundle, &self.authority).unwrap();
        let mut curl = command("curl");
        curl.args([
            "-q",
            "-sS",
            "--max-time",
            "20",
            "-i",
            "--suppress-connect-headers",
        ]);
        if !self.authority.is_empty() {
            curl.arg("--cacert").arg(&bundle);
        }
        let output = curl.args(options).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Curl {
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// The same by way of the proxy.
    pub fn curl_proxied(&self, options: &[&str]) -> Curl {
        let proxy = format!("http://{}", self.proxy);
        self.curl(&[&["--proxy", &proxy], options].concat())
    }

    pub fn asked(&self) -> Vec<String> {
        self.desk.asked.lock().unwrap().clone()
    }

    pub fn events(&self) -> Vec<NetworkEvent> {
        self.desk.events.lock().unwrap().clone()
    }

    /// Decisions, one line each.
    pub fn decisions(&self) -> Vec<String> {
        let events = self.events();
        let decided = events.iter().filter_map(|event| match event {
            NetworkEvent::Decided { wish, refusal, .. } if wish.protocol != Protocol::Dns => {
                let verdict = refusal
                    .as_ref()
                    .map_or("yes", |refusal| refusal.code.as_str());
                let method = wish.method.clone().unwrap_or_default();
                let host = wish.host.trim_end_matches('.');
                Some(format!("{} {method} {host} {verdict}", wish.protocol).replace("  ", " "))
            }
            _ => None,
        });
        decided.collect()
    }
}

/// What curl said.
#[derive(Debug)]
pub struct Curl {
    /// The answer with its head.
    pub out: String,
    #[expect(dead_code, reason = "shown where a test fails")]
    err: String,
}

/// A program as the box would start it: without the variables of this machine.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

/// Whether a program is there; its test says so and passes where it is not.
pub fn has(program: &str) -> bool {
    let found = command(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: there is no `{program}`");
    }
    found
}

/// Says something and hears all that is answered.
pub fn say(mut stream: TcpStream, bytes: &[u8]) -> String {
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
