//! Starting the attacker: outside, inside, and for comparison inside what
//! another program makes.

use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, pipe};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, Uid};

use crate::attempt::{Attempt, During, Outside};
use crate::scene::Scene;

/// A sandbox mode of the command under test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    WorkspaceWrite,
    ReadOnly,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkspaceWrite => "workspace-write",
            Self::ReadOnly => "read-only",
        }
    }
}

/// What is between the attacker and the host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Boundary {
    None,
    Dam(Mode),
    /// The same where this is missing: `namespaces` or `landlock`.
    Without(Mode, &'static str),
    /// What another program makes: the words of its command line, with
    /// `{workspace}`, `{outside}` and `{home}` for the scene's places.
    Launcher(Mode, &'static str),
}

/// On whose behalf everything runs.
#[derive(Clone, Debug)]
pub struct User {
    /// To switch to, if not the one that runs the tests.
    uid: Option<u32>,
    pub name: String,
}

impl Boundary {
    /// Whether nothing in the workspace may change.
    pub fn is_read_only(self) -> bool {
        match self {
            Self::None => false,
            Self::Dam(mode) | Self::Without(mode, _) | Self::Launcher(mode, _) => {
                mode == Mode::ReadOnly
            }
        }
    }
}

impl User {
    /// The users to try: root, if the tests run as root, and an ordinary one.
    pub fn root() -> Option<Self> {
        let name = "root".to_owned();
        is_root().then_some(Self { uid: None, name })
    }

    pub fn ordinary() -> Self {
        if is_root() {
            return Self::switched(20001);
        }
        let name = "user".to_owned();
        Self { uid: None, name }
    }

    /// This user, which only root can switch to.
    pub fn switched(uid: u32) -> Self {
        Self {
            uid: Some(uid),
            name: format!("uid-{uid}"),
        }
    }

    pub fn is_root(&self) -> bool {
        self.uid().is_root()
    }

    pub fn uid(&self) -> Uid {
        self.uid
            .map_or_else(rustix::process::geteuid, Uid::from_raw)
    }

    /// A command that will run as this user.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some(uid) = self.uid {
            command.uid(uid).gid(uid);
        }
        command
    }

    /// Gives a path and everything below to this user.
    pub fn own(&self, path: &Path) {
        let Some(uid) = self.uid else { return };
        std::os::unix::fs::lchown(path, Some(uid), Some(uid)).expect("change the owner");
        if path.is_dir() && !path.is_symlink() {
            for entry in fs::read_dir(path).expect("list").flatten() {
                self.own(&entry.path());
            }
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What a run left behind.
pub struct Run {
    pub output: String,
    pub status: Option<ExitStatus>,
    pub evidence: Vec<String>,
}

impl Run {
    /// Whether the attacker itself was started at all, by whatever else says
    /// the same on the way.
    pub fn began(&self, attempt: &Attempt) -> bool {
        let said = self
            .output
            .lines()
            .filter(|line| line.trim_end() == "begin")
            .count();
        said > usize::from(attempt.terminal)
    }

    /// How it ended, for people.
    pub fn ending(&self) -> String {
        match self.status.map(|status| (status.code(), status.signal())) {
            None => "it hung".to_owned(),
            Some((Some(code), _)) => format!("exit {code}"),
            Some((None, signal)) => format!("signal {}", signal.unwrap_or_default()),
        }
    }
}

/// Runs an attempt's steps behind a boundary, and waits for the end.
pub fn run(scene: &Scene, attempt: &Attempt, boundary: Boundary) -> Run {
    let mut words = launcher(scene, attempt, boundary);
    words.push(scene.attacker().into());
    for (index, step) in attempt.steps.iter().enumerate() {
        if index > 0 {
            words.push(",".into());
        }
        words.extend(step.split_whitespace().map(|word| scene.fill(word).into()));
    }
    if attempt.terminal {
        let head = [
            scene.attacker().into(),
            "host-terminal".into(),
            scene.typed().into(),
        ];
        words.splice(0..0, head);
    }
    if attempt.descriptors {
        let script = "exec 8>>\"$0\" 9<\"$1\"; shift; exec \"$@\"";
        let inherited = [scene.fill("{out}/inherited"), scene.fill("{out}/dir")];
        let head = ["/bin/sh".into(), "-c".into(), script.into()];
        words.splice(0..0, head.into_iter().chain(inherited.map(OsString::from)));
    }
    start(scene, attempt, &words)
}

/// Runs any command behind a boundary: the control.
pub fn run_words(scene: &Scene, words: &[&str], boundary: Boundary) -> Run {
    let idle = crate::attempt::attempt("", "", &[]);
    let mut all = launcher(scene, &idle, boundary);
    all.extend(words.iter().map(|word| OsString::from(scene.fill(word))));
    start(scene, &idle, &all)
}

fn launcher(scene: &Scene, attempt: &Attempt, boundary: Boundary) -> Vec<OsString> {
    let (mode, mut text) = match boundary {
        Boundary::None => return outside(scene, attempt.outside),
        Boundary::Launcher(_, line) => return foreign(scene, attempt, line),
        Boundary::Dam(mode) => (mode, Vec::new()),
        Boundary::Without(mode, what) => (mode, vec![confine(), what.into(), "--".into()]),
    };
    text.extend([dam(), "sandbox".into()]);
    if attempt.unstated_mode {
        assert_eq!(
            mode,
            Mode::WorkspaceWrite,
            "the mode that there is without a word"
        );
    } else {
        text.extend(["-s".into(), mode.name().into()]);
    }
    let workspace = [
        "-C".into(),
        scene.fill(attempt.workspace).into(),
        "--".into(),
    ];
    text.into_iter().chain(workspace).collect()
}

fn outside(scene: &Scene, how: Outside) -> Vec<OsString> {
    let shell = |script: &str| ["/bin/sh", "-c", script, "sh"].map(OsString::from).to_vec();
    match how {
        Outside::Plain => Vec::new(),
        Outside::Shell => shell("\"$@\"; exit $?"),
        Outside::AfterGit => shell("git status >/dev/null 2>&1; \"$@\"; exit $?"),
        Outside::Masked => {
            let script = scene.fill(
                "mount -t tmpfs mask {home}/.ssh && mount --bind {out} {out} && \
                 mount -o remount,bind,ro {out} && exec \"$@\"",
            );
            let mut words = ["unshare", "-Urm"].map(OsString::from).to_vec();
            words.extend(shell(&script));
            words
        }
    }
}

fn foreign(scene: &Scene, attempt: &Attempt, line: &str) -> Vec<OsString> {
    let line = line
        .replace("{workspace}", attempt.workspace)
        .replace("{outside}", "{out}");
    line.split_whitespace()
        .map(|word| scene.fill(word).into())
        .collect()
}

fn start(scene: &Scene, attempt: &Attempt, words: &[OsString]) -> Run {
    let (reader, writer) = pipe().expect("a pipe");
    let mut command = scene.user.command(PathBuf::from(&words[0]));
    command
        .args(&words[1..])
        .env_clear()
        .envs(scene.environment(attempt))
        .current_dir(scene.fill(attempt.workspace))
        .stdin(match attempt.stdin {
            Some(path) => File::open(scene.fill(path)).expect("open its input").into(),
            None => Stdio::null(),
        })
        .stdout(writer.try_clone().expect("another end"))
        .stderr(writer)
        .process_group(if attempt.victims_group {
            scene.victims_group()
        } else {
            0
        });
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("start {words:?}: {error}"));
    drop(command);
    attend(scene, attempt, child, &chunks(reader))
}

/// Follows the output, plays the host's part, and waits for the end.
fn attend(scene: &Scene, attempt: &Attempt, mut child: Child, output: &Receiver<Vec<u8>>) -> Run {
    let mut run = Run {
        output: String::new(),
        status: None,
        evidence: Vec::new(),
    };
    let mut deadline = Instant::now() + Duration::from_secs(30);
    let mut acted = false;
    while Instant::now() < deadline {
        match output.recv_timeout(Duration::from_millis(20)) {
            Ok(bytes) => run.output.push_str(&String::from_utf8_lossy(&bytes)),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if run.status.is_none() => {
                run.status = child.try_wait().expect("ask how it is");
                if run.status.is_some() {
                    // Somebody may hold the other end although the command is
                    // over, so the end of the output is not waited for long.
                    deadline = Instant::now() + Duration::from_millis(500);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if !acted && run.output.contains("waiting\n") {
            acted = true;
            match attempt.during {
                During::Nothing => {}
                During::Act(act) => run.evidence.extend(act(scene)),
                During::KillLauncher => child.kill().expect("end the launcher"),
            }
        }
    }
    while run.status.is_none() && Instant::now() < deadline {
        run.status = child.try_wait().expect("ask how it is");
        thread::sleep(Duration::from_millis(1));
    }
    if run.status.is_none() {
        child.kill().expect("end what hangs");
        child.wait().expect("wait for it");
    }
    run
}

fn chunks(mut reader: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(got @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..got].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Processes whose command line names the scene.
pub fn processes_naming(text: &str, but: &[u32]) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("list processes").flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id() && !but.contains(pid))
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(text)
        })
        .collect()
}

/// Ends one process, which this test or what it started has started.
pub fn end(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _gone = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// A copy of the program under test where every user can run it and nobody
/// inside can write it.
fn dam() -> OsString {
    let built = fs::metadata(env!("CARGO_BIN_EXE_dam")).expect("the program under test");
    let version = (built.len(), built.mtime(), built.mtime_nsec());
    installed("dam", version, |to| {
        fs::copy(env!("CARGO_BIN_EXE_dam"), to).expect("copy the program under test");
    })
}

/// What takes a feature of the kernel from what it starts.
fn confine() -> OsString {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tiers/confine.c");
    let version = fs::read(source).expect("its source");
    installed("confine", version, |to| {
        let built = Command::new("cc").arg("-o").arg(to).arg(source).status();
        assert!(built.expect("run `cc`").success(), "{source}");
    })
}

/// A program in a directory of the tests' own, made anew when the version of
/// what it is made from has changed.
pub fn installed(name: &str, version: impl Debug, make: impl FnOnce(&Path)) -> OsString {
    let me = rustix::process::geteuid().as_raw();
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_TARGET_TMPDIR"), me).hash(&mut hasher);
    let directory = PathBuf::from(format!("/var/tmp/cofferdam-attacks-{:x}", hasher.finish()));
    fs::create_dir_all(&directory).expect("make the directory for programs");
    let owner = fs::metadata(&directory).expect("look at it").uid();
    assert_eq!(owner, me, "{} is somebody else's", directory.display());
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("open it");

    let lock = File::create(directory.join("lock")).expect("make a lock");
    lock.lock().expect("lock");
    let program = directory.join(name);
    let stamp = directory.join(format!("{name}.of"));
    let version = format!("{version:?}");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(version.as_str()) {
        let fresh = directory.join(format!("{name}.new"));
        make(&fresh);
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).expect("make it run");
        fs::rename(&fresh, &program).expect("put it in place");
        fs::write(&stamp, version).expect("note what it was made of");
    }
    program.into()
}
