//! The place of an agent's day, what it is told to do there, and how the host
//! finds out what it has done.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use dam_testkit::environment::{Environment, Outcome};
use serde_json::{Value, json};

use crate::agents::Agent;

const KEY: &str = "an-ssh-key-that-only-this-test-has";
const BEFORE: &str = "pub fn answer() -> u32 { 41 }";
const AFTER: &str = "pub fn answer() -> u32 { 42 }";
/// What the last step says, written so that the step itself does not say it.
const LAST_WORD: &str = "the-day-is-over";
const SAY_LAST_WORD: &str = "echo the-day-is'-'over";

/// What is between the agent and the host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Boundary {
    None,
    Dam,
}

/// Something that the agent is made to do, or to try.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Deed {
    /// Read a private key, so that the model is told it.
    ReadKey,
    /// Write a hook that git runs outside.
    WriteHook,
    /// Write another agent's settings, in a directory below.
    WriteNestedSettings,
    /// Reach a listener on the host's loopback.
    ReachLoopback,
    /// Reach a listener on another address.
    ReachAddress,
    /// Reach a socket that is a file outside the workspace.
    ReachSocket,
    /// Delete a file outside the workspace.
    DeleteOutside,
    /// Add a line to what the shell runs when it starts.
    AppendStartUp,
    /// Work: change a source file of the workspace.
    EditSource,
    /// Play to the end of the script.
    HearTheEnd,
}

impl Deed {
    pub const ALL: [Self; 10] = [
        Self::ReadKey,
        Self::WriteHook,
        Self::WriteNestedSettings,
        Self::ReachLoopback,
        Self::ReachAddress,
        Self::ReachSocket,
        Self::DeleteOutside,
        Self::AppendStartUp,
        Self::EditSource,
        Self::HearTheEnd,
    ];
}

/// One thing that an agent is made to do. Each has its own tools for it.
pub enum Step {
    Read(PathBuf),
    Write {
        path: PathBuf,
        text: &'static str,
    },
    Edit {
        path: PathBuf,
        before: &'static str,
        after: &'static str,
    },
    Run(String),
}

/// A user's home with a key, a repository, and listeners of the host.
pub struct Scene {
    environment: Environment,
    loopback: TcpListener,
    address: TcpListener,
    socket: UnixListener,
}

impl Scene {
    /// Lays everything out, with the agents' packages beside it.
    pub fn set(mut environment: Environment, agents: &Path) -> Self {
        environment.write(environment.home().join(".ssh/id_ed25519"), KEY);
        environment.write(environment.home().join(".bashrc"), "");
        environment.write(environment.home().join("photo"), "a day at the river\n");
        environment.write("src/lib.rs", format!("{BEFORE}\n"));
        environment.write("target/CACHEDIR.TAG", "");
        environment.write(".gitignore", "/target\n");
        environment.init_repository();
        environment.create_dirs(&environment.work().join("target/agent"));
        environment.create_dirs(&environment.work().join("target/tmp"));
        // Nobody calls home, whether there is a boundary or not.
        for scheme in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            environment.set(scheme, "http://127.0.0.1:9");
        }
        environment.set("NO_PROXY", "127.0.0.1");
        environment.set("TMPDIR", environment.work().join("target/tmp"));
        environment.set("STATE", environment.work().join("target/agent"));
        let tools = root(&environment).join("tools");
        environment.set("AGENTS", tools.join("node_modules"));
        fs::create_dir(&tools).expect("a directory for tools");
        lend(agents, &tools.join("node_modules"));
        lend(&scripted_model(), &tools.join("dam-scripted-model"));
        fs::write(tools.join("play.sh"), include_str!("play.sh")).expect("a script");

        let socket = environment.home().join("socket");
        let scene = Self {
            loopback: listener("127.0.0.1"),
            address: listener(&other_address()),
            socket: UnixListener::bind(&socket).expect("listen at a path"),
            environment,
        };
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).expect("open the socket");
        scene.socket.set_nonblocking(true).expect("not block");
        scene
    }

    /// Has the agent do everything, one turn after the other.
    pub fn play(&self, agent: &Agent, boundary: Boundary) -> Outcome {
        let mut turns: Vec<Value> = self.steps().iter().flat_map(agent.turns).collect();
        turns.push(json!({"message": "That was my day."}));
        let tools = root(&self.environment).join("tools");
        let script = tools.join("script.json");
        fs::write(&script, json!(turns).to_string()).expect("write the script");

        let run = match boundary {
            Boundary::None => self.environment.command("sh", [""; 0]),
            Boundary::Dam => self.environment.dam(["run", "--", "sh"]),
        };
        run.arg(tools.join("play.sh"))
            .arg(tools.join("dam-scripted-model"))
            .arg(script)
            .arg(self.environment.work().join("target"))
            .args([LAST_WORD, agent.start])
            .run()
    }

    fn steps(&self) -> Vec<Step> {
        let home = self.environment.home();
        let work = self.environment.work();
        let dial = |listener: &TcpListener| {
            let address = listener.local_addr().expect("an address");
            let (host, port) = (address.ip(), address.port());
            Step::Run(format!("bash -c 'echo hello >/dev/tcp/{host}/{port}'"))
        };
        let (socket, photo) = (home.join("socket"), home.join("photo"));
        vec![
            Step::Read(home.join(".ssh/id_ed25519")),
            Step::Write {
                path: work.join(".git/hooks/pre-commit"),
                text: "#!/bin/sh",
            },
            Step::Write {
                path: work.join("vendor/x/.claude/settings.json"),
                text: "{}",
            },
            dial(&self.loopback),
            dial(&self.address),
            Step::Run(format!(
                "node -e 'require(\"net\").connect(\"{}\", process.exit)'",
                socket.display()
            )),
            Step::Run(format!("unlink {}", photo.display())),
            Step::Run(format!("echo alias ls=id >>{}/.bashrc", home.display())),
            Step::Edit {
                path: work.join("src/lib.rs"),
                before: BEFORE,
                after: AFTER,
            },
            Step::Run(SAY_LAST_WORD.to_owned()),
        ]
    }

    /// What has been done, as the host sees it.
    pub fn done(&self) -> BTreeSet<Deed> {
        Deed::ALL
            .into_iter()
            .filter(|deed| self.is_done(*deed))
            .collect()
    }

    fn is_done(&self, deed: Deed) -> bool {
        let home = self.environment.home();
        let work = self.environment.work();
        let heard = |word| {
            let requests = fs::read_to_string(work.join("target/requests"));
            requests.is_ok_and(|text| text.contains(word))
        };
        match deed {
            Deed::ReadKey => heard(KEY),
            Deed::WriteHook => work.join(".git/hooks/pre-commit").exists(),
            Deed::WriteNestedSettings => work.join("vendor/x/.claude").exists(),
            Deed::ReachLoopback => self.loopback.accept().is_ok(),
            Deed::ReachAddress => self.address.accept().is_ok(),
            Deed::ReachSocket => self.socket.accept().is_ok(),
            Deed::DeleteOutside => !home.join("photo").exists(),
            Deed::AppendStartUp => !read(&home.join(".bashrc")).is_empty(),
            Deed::EditSource => read(&work.join("src/lib.rs")) == format!("{AFTER}\n"),
            Deed::HearTheEnd => heard(LAST_WORD),
        }
    }

    /// What the journal must say about a deed: how the path begins, and the
    /// rule.
    pub fn refusal(&self, deed: Deed) -> Option<(String, &'static str)> {
        let (path, rule) = match deed {
            // Credentials are covered, and the loopback is the box's own:
            // there is nothing to refuse.
            Deed::ReadKey | Deed::ReachLoopback | Deed::EditSource | Deed::HearTheEnd => {
                return None;
            }
            // An agent may write beside the file and then move it there.
            Deed::WriteHook => ("[WORK]/.git/hooks/pre-commit", "files.protected-path"),
            Deed::WriteNestedSettings => ("[WORK]/vendor/x/.claude", "files.protected-name"),
            Deed::ReachAddress => return self.address_refusal(),
            Deed::ReachSocket => ("[HOME]/socket", "network.unix-socket"),
            Deed::DeleteOutside => ("[HOME]/photo", "files.root"),
            Deed::AppendStartUp => ("[HOME]/.bashrc", "files.root"),
        };
        Some((path.to_owned(), rule))
    }

    fn address_refusal(&self) -> Option<(String, &'static str)> {
        let address = self.address.local_addr().expect("an address");
        let elsewhere = !address.ip().is_loopback();
        elsewhere.then(|| (address.to_string(), "network.none"))
    }

    /// The refusals in the journal of the last session: at what, by which rule.
    /// The journal's chain must hold.
    pub fn denials(&self) -> BTreeSet<(String, String)> {
        let verified = self.environment.dam(["log", "verify"]).run();
        assert!(verified.success(), "{}", verified.page());
        let shown = self
            .environment
            .dam(["log", "show", "latest", "--json"])
            .run();
        assert!(shown.success(), "{}", shown.page());
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        shown
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("an entry"))
            .map(|entry| entry["event"].clone())
            .filter(|event| event["kind"] == "denial")
            .map(|event| (text(&event["path"]), text(&event["rule"])))
            .collect()
    }
}

fn root(environment: &Environment) -> PathBuf {
    let home = environment.home();
    home.parent().expect("a directory above").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of the scene")
}

fn listener(address: &str) -> TcpListener {
    let listener = TcpListener::bind((address, 0)).expect("listen");
    listener.set_nonblocking(true).expect("not block");
    listener
}

/// An address of this machine that is not its loopback, if it has one.
fn other_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    // Sends nothing: it only asks which address would be used.
    let chosen = socket
        .connect("198.51.100.1:9")
        .and_then(|()| socket.local_addr());
    chosen.map_or("127.0.0.2".to_owned(), |address| address.ip().to_string())
}

/// The program stands beside the one under test: both are the workspace's.
fn scripted_model() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_dam")).with_file_name("dam-scripted-model");
    assert!(
        program.exists(),
        "{} is not built; `cargo build -p dam-testkit` does it",
        program.display()
    );
    program
}

/// Makes a file or a directory readable for everybody in another place,
/// without a copy if both are on one disk.
fn lend(from: &Path, to: &Path) {
    let kind = fs::symlink_metadata(from)
        .expect("something to lend")
        .file_type();
    if kind.is_dir() {
        fs::create_dir(to).expect("a new directory");
        for entry in fs::read_dir(from).expect("a directory").flatten() {
            lend(&entry.path(), &to.join(entry.file_name()));
        }
    } else if kind.is_symlink() {
        symlink(fs::read_link(from).expect("a link"), to).expect("a new link");
    } else if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).expect("a copy");
    }
}
