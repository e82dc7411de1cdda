//! The canary: a program of ours that is put into a boundary and tries to do
//! harm. A tier counts only where it fails.
//!
//! What came out is remembered for this boot, this kernel and this program, in
//! a directory that boxed processes cannot read or write.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use dam_policy::{
    Access, EnvironmentPolicy, FileRule, FileRules, GitAccess, Limits, Network, Origin,
    ResolvedProfile, Rule,
};
use rustix::io::Errno;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use crate::error::SandboxError;
use crate::report::Stage;
use crate::tier::Tier;
use crate::{Launch, Stream};

/// The first argument by which the canary knows what it is.
const WORD: &str = "dam-canary";
/// What it says when it has tried everything.
const DONE: char = '.';
/// What it must not be able to read.
const SECRET: &str = "canary-secret";
const REMEMBERED: &str = "tier.json";

/// What was found, and what it holds for.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Found {
    version: u32,
    machine: String,
    tier: Tier,
}

impl Tier {
    /// The strongest tier that this kernel gives, found out by trying it with a
    /// canary, or remembered from when that was done since the machine was
    /// started. `state` is the directory to remember it in.
    pub fn choose(state: &Path) -> Result<Self, SandboxError> {
        let machine = machine();
        let remembered = std::fs::read(state.join(REMEMBERED)).ok();
        let remembered = remembered.and_then(|text| serde_json::from_slice::<Found>(&text).ok());
        if let Some(found) = remembered.filter(|found| found.machine == machine) {
            return Ok(found.tier);
        }
        Self::find(state)
    }

    /// Forgets what was found out, because it could not be put up: the next
    /// command finds out anew, and this one was not run.
    pub fn forget(state: &Path) {
        // What was not remembered need not be forgotten.
        let _ = std::fs::remove_file(state.join(REMEMBERED));
    }

    /// As [`Self::choose`], found out now whatever is remembered.
    pub fn find(state: &Path) -> Result<Self, SandboxError> {
        let tier = Self::strongest(state)?;
        let found = Found {
            version: 1,
            machine: machine(),
            tier,
        };
        // What cannot be remembered is found out again.
        let _ = remember(&state.join(REMEMBERED), &found);
        Ok(tier)
    }

    fn strongest(state: &Path) -> Result<Self, SandboxError> {
        let full = match Self::Full.try_out(state) {
            Ok(()) => return Ok(Self::Full),
            Err(error) => error,
        };
        let weaker = match &full {
            SandboxError::Unavailable { stage, .. } => match stage {
                Stage::Namespaces | Stage::Walls => Self::NoNamespaces,
                Stage::Ceiling => Self::NoLandlock,
                _ => return Err(full),
            },
            _ => return Err(full),
        };
        weaker
            .try_out(state)
            .map(|()| weaker)
            .map_err(|second| SandboxError::NoTier {
                full: Box::new(full),
                weaker,
                second: Box::new(second),
            })
    }

    /// Puts up this tier around a canary, which must fail to do harm.
    pub fn try_out(self, state: &Path) -> Result<(), SandboxError> {
        let cage = Cage::new(state).map_err(cannot("preparing the canary"))?;
        let program = std::env::current_exe().map_err(cannot("finding this program"))?;
        let me = rustix::process::getpid().as_raw_nonzero().to_string();
        let mut running = Launch {
            argv: vec![
                program.into(),
                WORD.into(),
                cage.directory.clone().into(),
                me.into(),
            ],
            cwd: PathBuf::from("/"),
            env: BTreeMap::new(),
            profile: cage.profile(),
            tier: self,
            transaction: None,
            stdin: Stream::Null,
            stdout: Stream::Pipe,
            stderr: Stream::Null,
            asking: None,
        }
        .spawn()?;
        let mut said = String::new();
        if let Some(mut output) = running.stdout.take() {
            let read = output.read_to_string(&mut said);
            read.map_err(cannot("hearing from the canary"))?;
        }
        let outcome = running.wait()?;
        let harm = cage.harm(&said);
        if outcome.status.success() && harm.is_empty() {
            Ok(())
        } else {
            Err(SandboxError::Leaks { tier: self, harm })
        }
    }
}

/// Where this process is the canary, it does its work and never returns.
pub(crate) fn sing_if_canary() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_none_or(|word| word != WORD) {
        return;
    }
    let directory = words.next().map(PathBuf::from).unwrap_or_default();
    let parent = words.next().and_then(|word| word.to_str()?.parse().ok());
    let mut harm = String::new();
    if std::fs::write(directory.join("written"), "x").is_ok() {
        harm.push('w');
    }
    if std::fs::read_to_string(directory.join("secret")).is_ok_and(|text| text.contains(SECRET)) {
        harm.push('r');
    }
    if UnixStream::connect(directory.join("socket")).is_ok() {
        harm.push('c');
    }
    let parent = parent.and_then(Pid::from_raw);
    if parent.is_none_or(|parent| rustix::process::test_kill_process(parent).is_ok()) {
        harm.push('s');
    }
    harm.push(DONE);
    let told = std::io::stdout().write_all(harm.as_bytes());
    std::process::exit(i32::from(told.is_err()))
}

/// What a canary could harm.
struct Cage {
    directory: PathBuf,
    listener: UnixListener,
}

impl Cage {
    fn new(state: &Path) -> std::io::Result<Self> {
        let mut private = DirBuilder::new();
        private.mode(0o700).recursive(true).create(state)?;
        private.recursive(false);
        let name = format!("canary-{}", rustix::process::getpid().as_raw_nonzero());
        let directory = state.canonicalize()?.join(name);
        // One that was left by a process of this number is not another's.
        let _ = std::fs::remove_dir_all(&directory);
        private.create(&directory)?;
        std::fs::write(directory.join("secret"), SECRET)?;
        let listener = UnixListener::bind(directory.join("socket"))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            directory,
            listener,
        })
    }

    fn profile(&self) -> ResolvedProfile {
        let rule = |path: &Path, access| FileRule {
            path: path.to_owned(),
            access,
            rule: Rule::builtin("files.canary"),
            origin: Origin::BUILTIN,
            what: String::new(),
        };
        let rules = vec![
            rule(Path::new("/"), Access::Read),
            rule(&self.directory.join("secret"), Access::Deny),
        ];
        ResolvedProfile {
            name: ":read-only".to_owned(),
            files: FileRules::new(rules, true),
            network: Network::None,
            environment: EnvironmentPolicy::default(),
            confined: true,
            limits: Limits::default(),
            needs: Vec::new(),
            own_tmp: false,
            git: GitAccess::default(),
            home: None,
        }
    }

    /// What was done, by what it says and by what can be seen.
    fn harm(&self, said: &str) -> String {
        let mut harm = String::new();
        let mut add = |what: &str| {
            if !harm.is_empty() {
                harm.push_str(", ");
            }
            let _ = harm.write_str(what);
        };
        if said.contains('w') || self.directory.join("written").exists() {
            add("a file outside was written");
        }
        if said.contains('r') {
            add("a file that is closed was read");
        }
        if said.contains('c') || self.listener.accept().is_ok() {
            add("a socket outside was reached");
        }
        if said.contains('s') {
            add("a process outside could be signalled");
        }
        if !said.ends_with(DONE) {
            add("the canary did not come to its end");
        }
        harm
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn cannot(what: &'static str) -> impl Fn(std::io::Error) -> SandboxError {
    move |error| SandboxError::System {
        what,
        errno: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    }
}

/// Everything that what was found depends on, as far as it can be told
/// cheaply: the boot, the kernel, this program, who runs it and where, and the
/// switches that are turned most often.
fn machine() -> String {
    let mut machine = String::new();
    for file in [
        "sys/kernel/random/boot_id",
        "sys/kernel/osrelease",
        "sys/user/max_user_namespaces",
        "sys/kernel/unprivileged_userns_clone",
        "sys/kernel/apparmor_restrict_unprivileged_userns",
        "self/attr/current",
        "self/cgroup",
        "self/uid_map",
    ] {
        let text = std::fs::read_to_string(Path::new("/proc").join(file)).unwrap_or_default();
        let _ = writeln!(machine, "{file} {}", text.trim());
    }
    let _ = writeln!(machine, "landlock {:?}", crate::ceiling::landlock_version());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let wanted = [
        "Uid:",
        "CapEff:",
        "NoNewPrivs:",
        "Seccomp:",
        "Seccomp_filters:",
    ];
    for line in status.lines() {
        if wanted.iter().any(|field| line.starts_with(field)) {
            let _ = writeln!(machine, "{line}");
        }
    }
    if let Ok(program) = std::fs::metadata("/proc/self/exe") {
        let (device, inode) = (program.dev(), program.ino());
        let (size, time, nanos) = (program.size(), program.mtime(), program.mtime_nsec());
        let _ = writeln!(machine, "program {device} {inode} {size} {time}.{nanos}");
    }
    machine
}

fn remember(file: &Path, found: &Found) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or(OsStr::new("")).to_owned();
    name.push(format!(".{}", rustix::process::getpid().as_raw_nonzero()));
    let new = file.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut written: File = options.open(&new)?;
    written.write_all(&serde_json::to_vec(found)?)?;
    std::fs::rename(new, file)
}
