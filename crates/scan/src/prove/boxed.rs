//! The box that a project runs in: what it is granted, and the conversation
//! with its watcher.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use dam_policy::{
    Access, EnvironmentPolicy, GitAccess, Inherit, Limits, Network, Origin, Place as Where, Places,
    Profile, Property, ResolvedProfile,
};
use dam_sandbox::{Denial, Killer, Launch, SandboxError, Stream};

use super::Proving;
use super::acts::{self, Act, ActKind};
use super::interpreter::Runtime;
use super::protocol::{Answer, Options, Order, Place, Ready, Reply, Request};

const WATCHER: &str = include_str!("drivers/watcher.py");

/// Seconds that an application may take to start.
const START: u64 = 60;
/// Seconds for one request.
const ONE_REQUEST: u64 = 5;
/// The most bytes that the watcher may say in one line.
const LINE: u64 = 16 << 20;
/// The most bytes of a project that are copied into the box.
const PROJECT: u64 = 512 << 20;

/// What programs need to run: no home, no data of users or services.
const SYSTEM: &[&str] = &[
    "/bin",
    "/dev",
    "/etc",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/opt",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
];
/// Secrets that lie among it.
const SECRETS: &[&str] = &[
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
];

/// Why there is no more to be heard.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gone {
    /// The boundary could not be put up, or not strongly enough.
    #[error("the boundary cannot hold it: {0}")]
    Boundary(#[from] SandboxError),
    /// The project's process ended or did not answer.
    #[error("{0}")]
    Ended(String),
    /// A limit ended it.
    #[error("the box ended: {0}")]
    Limit(String),
    /// The watcher ended or said what it should not.
    #[error("the box ended: {0}")]
    Lost(&'static str),
}

/// What the boundary refuses to the project.
#[derive(Default)]
struct Refused {
    acts: Mutex<Vec<Act>>,
    /// When the project was copied: what was refused before was refused to the
    /// watcher.
    begun: OnceLock<Instant>,
    /// Whether it has started.
    started: AtomicBool,
}

/// An interpreter takes longer to start than a refusal to be heard of.
const UNTIL_HEARD: Duration = Duration::from_millis(20);

impl Refused {
    fn add(&self, denial: &Denial) {
        let since = self.begun.get().map(Instant::elapsed);
        if since.is_none_or(|since| since < UNTIL_HEARD) {
            return;
        }
        let loading = !self.started.load(Ordering::Relaxed);
        // Nobody panics while holding it.
        if let Ok(mut acts) = self.acts.lock() {
            acts::add(&mut acts, Act::refused(denial, loading));
        }
    }

    fn take(&self) -> Vec<Act> {
        let acts = self.acts.lock();
        acts.map_or_else(|_| Vec::new(), |mut acts| std::mem::take(&mut *acts))
    }
}

/// A box with the project's application in it.
pub(super) struct Boxed {
    input: File,
    lines: Receiver<Vec<u8>>,
    killer: Killer,
    follower: Option<std::thread::JoinHandle<()>>,
    /// The limit that ended it.
    ended: Arc<OnceLock<String>>,
    /// What was refused to the project.
    refused: Arc<Refused>,
    /// What the project tried.
    acts: Vec<Act>,
    /// The port of the listener in the box.
    pub port: u16,
}

impl Boxed {
    /// Puts up a box and starts an application in it, or what calls functions
    /// by themselves.
    pub fn start(proving: &Proving, runtime: &Runtime, alone: bool) -> Result<Self, Gone> {
        let mut boxed = Self::launch(proving, runtime)?;
        let order = Order {
            source: proving.project.display().to_string(),
            most: PROJECT,
            driver: runtime.driver.to_owned(),
            argv: runtime.argv.clone(),
            env: runtime.env.clone(),
            options: Options {
                seconds: ONE_REQUEST,
                alone,
            },
            start_patience: START,
            patience: ONE_REQUEST + 3,
        };
        boxed.write(&order)?;
        Ok(boxed)
    }

    fn launch(proving: &Proving, runtime: &Runtime) -> Result<Self, Gone> {
        let launch = Launch {
            argv: vec![
                runtime.watcher.clone().into(),
                "-I".into(),
                "-S".into(),
                "-B".into(),
                "-c".into(),
                WATCHER.into(),
            ],
            cwd: PathBuf::from("/"),
            env: BTreeMap::new(),
            profile: profile(proving, runtime),
            transaction: None,
            tier: proving.tier,
            stdin: Stream::Pipe,
            stdout: Stream::Pipe,
            stderr: Stream::Null,
            asking: None,
        };
        let mut running = launch.spawn()?;
        let killer = running.killer()?;
        let (Some(input), Some(output)) = (running.stdin.take(), running.stdout.take()) else {
            return Err(Gone::Lost("it has no streams"));
        };
        let (send, lines) = sync_channel(4);
        std::thread::spawn(move || read_lines(output, &send));
        let ended = Arc::new(OnceLock::new());
        let told = Arc::clone(&ended);
        let refused = Arc::<Refused>::default();
        let hears = Arc::clone(&refused);
        let follower = std::thread::spawn(move || {
            let outcome = running.wait_with(&mut |denial| hears.add(denial));
            let limit = outcome.ok().and_then(|outcome| outcome.limit);
            if let Some(limit) = limit {
                // Set here only.
                let _ = told.set(limit.sentence("the proofs"));
            }
        });
        Ok(Self {
            input,
            lines,
            killer,
            follower: Some(follower),
            ended,
            refused,
            acts: Vec::new(),
            port: 0,
        })
    }

    /// Has a request answered. After [`Gone::Ended`] the application has been
    /// started anew, if it could be.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, Gone> {
        self.write(request)?;
        let reply = self.hear(Duration::from_secs(ONE_REQUEST + 10))?;
        let Some(said) = reply.said else {
            self.hear_ready()?;
            return Err(Gone::Ended(reply.ended.unwrap_or_default()));
        };
        let mut answer: Answer =
            serde_json::from_str(&said).map_err(|_| Gone::Lost("it said what is no answer"))?;
        answer.seen = reply.seen.unwrap_or_default();
        for event in &mut answer.events {
            event.places.retain(Place::is_plain);
            event.places.truncate(6);
        }
        Ok(answer)
    }

    /// Hears the application's routes.
    pub fn hear_ready(&mut self) -> Result<Ready, Gone> {
        let mut reply = self.hear(Duration::from_secs(START + 60))?;
        if reply.begun {
            // Set here only.
            let _ = self.refused.begun.set(Instant::now());
            reply = self.hear(Duration::from_secs(START + 60))?;
        }
        let Some(said) = reply.said else {
            let why = reply.ended.unwrap_or_default();
            return Err(Gone::Ended(format!("the application did not start: {why}")));
        };
        self.port = reply.port;
        self.refused.started.store(true, Ordering::Relaxed);
        serde_json::from_str(&said).map_err(|_| Gone::Lost("it said what is no table of routes"))
    }

    fn write(&mut self, message: &impl serde::Serialize) -> Result<(), Gone> {
        let mut line = serde_json::to_vec(message)
            .map_err(|_| Gone::Lost("a request could not be written"))?;
        line.push(b'\n');
        self.input
            .write_all(&line)
            .map_err(|_| Gone::Lost("it takes no more requests"))
    }

    /// Why nothing is heard any more: a limit ended the box, or the watcher is
    /// gone, whom only the project can have ended.
    fn silence(&mut self, gone: Gone) -> Gone {
        self.end();
        if let Some(limit) = self.ended.get().cloned() {
            acts::add(&mut self.acts, [Act::seen(ActKind::Limit, &limit)]);
            return Gone::Limit(limit);
        }
        let text = "the program that watches it was ended or stopped while it ran";
        acts::add(&mut self.acts, [Act::seen(ActKind::Process, text)]);
        gone
    }

    /// Ends the box and tells what the project tried in it.
    pub fn acts(&mut self) -> Vec<Act> {
        self.end();
        let mut all = std::mem::take(&mut self.acts);
        acts::add(&mut all, self.refused.take());
        all
    }

    fn end(&mut self) {
        self.killer.kill();
        if let Some(follower) = self.follower.take() {
            // It only waits for the end.
            let _ = follower.join();
        }
    }

    fn hear(&mut self, patience: Duration) -> Result<Reply, Gone> {
        let line = self
            .lines
            .recv_timeout(patience)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Gone::Lost("it did not answer in time"),
                RecvTimeoutError::Disconnected => Gone::Lost("it said nothing more"),
            });
        let line = line.map_err(|gone| self.silence(gone))?;
        let reply: Reply = serde_json::from_slice(&line)
            .map_err(|_| Gone::Lost("its watcher was not understood"))?;
        let told = reply.acts.iter().filter_map(|line| Act::told(line));
        let seen = reply.seen.iter().flat_map(acts::of_seen);
        acts::add(&mut self.acts, told.chain(seen));
        Ok(reply)
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        self.end();
    }
}

fn read_lines(output: File, send: &SyncSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let read = output.by_ref().take(LINE).read_until(b'\n', &mut line);
        if !matches!(read, Ok(length) if length > 0)
            || line.last() != Some(&b'\n')
            || send.send(line).is_err()
        {
            return;
        }
    }
}

/// What the box is granted: to read the system, the interpreter and the
/// project, a `/tmp` of its own, and no way out.
fn profile(proving: &Proving, runtime: &Runtime) -> ResolvedProfile {
    let grant =
        |path: &Path, access| (Where::Absolute(path.to_path_buf()), access, Origin::BUILTIN);
    let system = SYSTEM
        .iter()
        .map(|path| grant(Path::new(path), Access::Read));
    let secrets = SECRETS
        .iter()
        .map(|path| grant(Path::new(path), Access::Deny));
    let own = runtime.readable.iter().chain([&proving.project]);
    let mut files: Vec<_> = system.chain(secrets).collect();
    files.extend(own.map(|path| grant(path, Access::Read)));
    let set = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", "/tmp/cofferdam"),
        ("LANG", "C.UTF-8"),
        ("TMPDIR", "/tmp"),
    ];
    Profile {
        name: ":proof".to_owned(),
        files,
        globs: Vec::new(),
        network: Network::None,
        environment: EnvironmentPolicy {
            inherit: Inherit::None,
            set: set
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            ..EnvironmentPolicy::default()
        },
        confined: true,
        limits: Limits {
            memory: Some(2 << 30),
            processes: Some(256),
            cpu_time: Some(proving.time.as_secs().max(1)),
            wall_time: Some(proving.time.as_secs() + 120),
            open_files: Some(1024),
            file_size: Some(256 << 20),
            written: None,
        },
        needs: vec![
            Property::OwnLoopback,
            Property::HiddenProcesses,
            Property::OwnTmp,
        ],
        own_tmp: true,
        git: GitAccess::default(),
    }
    .resolve(&Places {
        home: proving.home.clone(),
        ..Places::default()
    })
}
