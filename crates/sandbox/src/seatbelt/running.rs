//! Commands on macOS: started through `/usr/bin/sandbox-exec`, followed to
//! their end, signalled, killed.
//!
//! Checked by the compiler only: no test runs on a Mac yet.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dam_policy::{
    Access, EnvironmentPolicy, FileRule, FileRules, GitAccess, Limit, Limits, Network, Origin,
    ResolvedProfile, Rule,
};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use crate::command::{Direction, cannot_execute, connect, refuse_ways_around};
use crate::error::{SandboxError, system};
use crate::sys::{self, Event, Signals, Waiting};
use crate::{Denial, Launch, LimitHit, Outcome, Stage, Status, Stream, Tier};

/// The program that applies a policy and becomes the command.
const SANDBOX_EXEC: &str = "/usr/bin/sandbox-exec";

/// What is passed on: everything that a person or a parent sends on purpose.
const FORWARDED: &[i32] = &[
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGCONT,
];

impl Tier {
    /// The tier that this system gives, found out by doing it.
    pub fn choose(_: &Path) -> Result<Self, SandboxError> {
        let root = FileRule {
            path: PathBuf::from("/"),
            access: Access::Read,
            rule: Rule::builtin("files.root"),
            origin: Origin::BUILTIN,
            what: String::new(),
        };
        let launch = Launch {
            tier: Self::Seatbelt,
            argv: vec!["/usr/bin/true".into()],
            cwd: PathBuf::from("/"),
            env: std::collections::BTreeMap::new(),
            profile: ResolvedProfile {
                name: ":read-only".to_owned(),
                files: FileRules::new(vec![root], true),
                network: Network::None,
                environment: EnvironmentPolicy::default(),
                confined: true,
                limits: Limits::default(),
                needs: Vec::new(),
                own_tmp: false,
                git: GitAccess::default(),
                home: None,
            },
            stdin: Stream::Null,
            stdout: Stream::Null,
            stderr: Stream::Null,
            asking: None,
            transaction: None,
        };
        if launch.spawn()?.wait()?.status.success() {
            Ok(Self::Seatbelt)
        } else {
            Err(unavailable("it does not take the policy", Errno::INVAL))
        }
    }

    /// Nothing is remembered here.
    pub const fn forget(_: &Path) {}

    /// As [`Self::choose`].
    pub fn find(state: &Path) -> Result<Self, SandboxError> {
        Self::choose(state)
    }
}

/// There is no Landlock here.
pub const fn landlock_version() -> Option<u32> {
    None
}

/// What would hold each limit.
pub fn limits_held_by() -> Vec<(Limit, &'static str)> {
    let held_by = |limit| match limit {
        Limit::WallTime => "timer",
        Limit::OpenFiles | Limit::FileSize => "rlimit",
        Limit::CpuTime => "rlimit, for each process",
        Limit::Memory | Limit::Processes | Limit::Written => "nothing",
    };
    Limit::ALL
        .into_iter()
        .map(|limit| (limit, held_by(limit)))
        .collect()
}

/// There is no helper here: the system's own program is one.
pub const fn take_over_if_helper() {}

/// Where what a command writes goes, if not to the real places: on macOS there
/// is no such place.
#[derive(Clone, Debug)]
pub enum TransactionDirs {}

/// Who follows a command while it runs. On macOS there is nothing to hear.
pub trait Follower {
    /// The boundary has refused something.
    fn denied(&mut self, denial: &Denial);

    /// It would refuse this. Whether it is granted.
    fn asked(&mut self, asked: &Asked, meanwhile: &mut Meanwhile<'_>) -> bool;
}

/// A question. On macOS none is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The refusal that it comes to if it is not granted.
    pub denial: Denial,
}

impl Asked {
    /// Whether the file could also be read.
    pub const fn reads(&self) -> bool {
        false
    }
}

/// The time between a question and its answer.
pub struct Meanwhile<'a>(std::marker::PhantomData<&'a ()>);

impl Meanwhile<'_> {
    /// Whether there is something to read; false: the question is over.
    pub fn wait_readable(&mut self, _answer: BorrowedFd<'_>) -> bool {
        false
    }
}

impl Launch {
    /// As [`Self::spawn`]; signals that would end or disturb this process are
    /// passed on to the command while it is waited for. For programs with one
    /// thread that do nothing else meanwhile.
    pub fn spawn_forwarding(self) -> Result<Running, SandboxError> {
        // Before anything is started, so that none gets lost.
        let signals = sys::block_signals(FORWARDED).map_err(system("taking over signals"))?;
        let mut running = self.spawn()?;
        running.signals = Some(signals);
        Ok(running)
    }

    /// Starts the command.
    pub fn spawn(self) -> Result<Running, SandboxError> {
        let Some(name) = self.argv.first() else {
            return Err(SandboxError::NoCommand);
        };
        let env = self.environment();
        if !self.cwd.is_dir() {
            return Err(SandboxError::Directory {
                path: self.cwd,
                errno: Errno::NOENT,
            });
        }
        let program = find(name, env.get("PATH").map_or("", String::as_str), &self.cwd)?;
        let mut command = self.command(&program)?;
        let (stdin, ours_in) = connect(self.stdin, Direction::In)?;
        let (stdout, ours_out) = connect(self.stdout, Direction::Out)?;
        let (stderr, ours_err) = connect(self.stderr, Direction::Err)?;
        if self.profile.confined {
            refuse_ways_around([&stdin, &stdout, &stderr])?;
        }
        command
            .args(&self.argv[1..])
            .env_clear()
            .envs(env)
            .current_dir(&self.cwd)
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr));
        let name = program.display().to_string();
        let child = command.spawn().map_err(|error| {
            cannot_execute(name, Errno::from_io_error(&error).unwrap_or(Errno::IO))
        })?;
        let time = self
            .profile
            .limits
            .wall_time
            .filter(|_| self.profile.confined);
        Ok(Running {
            stdin: ours_in,
            stdout: ours_out,
            stderr: ours_err,
            child,
            signals: None,
            time: time.map(|seconds| (seconds, Instant::now())),
            ended: Arc::new(AtomicBool::new(false)),
        })
    }

    /// What is executed, up to the command's own arguments.
    fn command(&self, program: &Path) -> Result<Command, SandboxError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this crate is where processes start"
        )]
        let new = |program: &Path| Command::new(program);
        if !self.profile.confined {
            let mut command = new(program);
            command.process_group(0);
            sys::begin_unblocked(&mut command);
            return Ok(command);
        }
        Tier::Seatbelt.suffices(&self.profile)?;
        let policy = super::policy(&self.profile)?;
        check_sandbox_exec()?;
        let mut command = new(Path::new(SANDBOX_EXEC));
        command.args(["-p", &policy.text, "--"]).arg(program);
        sys::begin_apart(&mut command, self.profile.limits);
        Ok(command)
    }
}

/// The system's own program, which nobody but root can have changed.
fn check_sandbox_exec() -> Result<(), SandboxError> {
    let found = std::fs::symlink_metadata(SANDBOX_EXEC).map_err(|error| {
        let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        unavailable("it is not there", errno)
    })?;
    if found.is_file() && found.uid() == 0 && found.permissions().mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(unavailable("it is not the system's own", Errno::PERM))
    }
}

fn unavailable(detail: &str, errno: Errno) -> SandboxError {
    SandboxError::Unavailable {
        stage: Stage::Seatbelt,
        detail: format!(" ({detail})"),
        errno,
    }
}

/// The program that a name means: a path, or the first in an absolute directory
/// of `PATH`.
fn find(name: &OsString, path: &str, cwd: &Path) -> Result<PathBuf, SandboxError> {
    let can_run = |path: &Path| rustix::fs::access(path, rustix::fs::Access::EXEC_OK);
    let shown = || name.to_string_lossy().into_owned();
    if name.as_bytes().contains(&b'/') {
        let path = cwd.join(name);
        return match can_run(&path) {
            Ok(()) => Ok(path),
            Err(errno) => Err(cannot_execute(shown(), errno)),
        };
    }
    let found = std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|path| path.is_file() && can_run(path).is_ok());
    found.ok_or_else(|| SandboxError::NotFound(shown()))
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    /// The write end of its input, if that is a pipe.
    pub stdin: Option<File>,
    /// The read end of its output, if that is a pipe.
    pub stdout: Option<File>,
    /// The read end of its errors, if that is a pipe.
    pub stderr: Option<File>,
    child: Child,
    signals: Option<Signals>,
    /// How many seconds it has, and since when.
    time: Option<(u64, Instant)>,
    ended: Arc<AtomicBool>,
}

/// The way out to the network. On macOS there is none yet.
#[derive(Debug)]
pub enum Road {}

impl Road {
    /// Waits for what comes out next.
    pub fn next(&self) -> Result<Option<crate::Arrival>, SandboxError> {
        match *self {}
    }
}

impl Running {
    /// The way out, where there is one.
    pub const fn road(&mut self) -> Option<Road> {
        None
    }

    /// Sends a signal to the command and what shares its process group.
    pub fn signal(&self, signal: i32) {
        signal_group(self.child.id(), signal);
    }

    /// A handle that can end the command from elsewhere.
    pub fn killer(&self) -> Result<Killer, SandboxError> {
        Ok(Killer {
            group: self.child.id(),
            ended: Arc::clone(&self.ended),
        })
    }

    /// Waits for the end. What is left in the command's process group has ended
    /// then, too; what left the group has not.
    pub fn wait(&mut self) -> Result<Outcome, SandboxError> {
        let failed = system("waiting for the command");
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(Errno::SRCH))?;
        let limit = match Waiting::new(pid, self.signals.as_ref()) {
            Ok(waiting) => self.follow(&waiting)?,
            // It has ended already.
            Err(Errno::SRCH) => None,
            Err(errno) => return Err(failed(errno)),
        };
        // Before it is waited for: until then, nobody else has its number.
        signal_group(self.child.id(), libc::SIGKILL);
        self.ended.store(true, Ordering::Release);
        let status = self
            .child
            .wait()
            .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        Ok(Outcome {
            status: match (status.code(), status.signal()) {
                (Some(code), _) => Status::Exited(code),
                (None, signal) => Status::Signaled(signal.unwrap_or_default()),
            },
            denials: Vec::new(),
            unreported: 0,
            limit,
        })
    }

    /// As [`Self::wait`]; there are no refusals to show.
    pub fn wait_with(
        &mut self,
        _on_denial: &mut dyn FnMut(&Denial),
    ) -> Result<Outcome, SandboxError> {
        self.wait()
    }

    /// As [`Self::wait`]; there is nothing to follow.
    pub fn wait_following(
        &mut self,
        _follower: &mut dyn Follower,
    ) -> Result<Outcome, SandboxError> {
        self.wait()
    }

    /// Passes signals on until the command has ended, by itself or because its
    /// time was up.
    fn follow(&self, waiting: &Waiting) -> Result<Option<LimitHit>, SandboxError> {
        let mut hit = None;
        loop {
            while let Some(signal) = self.signals.as_ref().and_then(Signals::next) {
                self.signal(signal);
            }
            let (value, begun) = match self.time.filter(|_| hit.is_none()) {
                Some((value, begun)) => (value, Some(begun)),
                None => (0, None),
            };
            let deadline = begun.and_then(|begun| begun.checked_add(Duration::from_secs(value)));
            match waiting
                .next(deadline)
                .map_err(system("waiting for the command"))?
            {
                Event::Ended => return Ok(hit),
                Event::Signal => {}
                Event::TimeUp => {
                    self.signal(libc::SIGKILL);
                    hit = Some(LimitHit {
                        limit: Limit::WallTime,
                        value,
                        hidden: false,
                    });
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Acquire) {
            self.signal(libc::SIGKILL);
            self.ended.store(true, Ordering::Release);
            let _ = self.child.wait();
        }
    }
}

/// Ends a running command from another thread.
#[derive(Clone, Debug)]
pub struct Killer {
    group: u32,
    ended: Arc<AtomicBool>,
}

/// The command is stopped as long as this lives: on macOS never, where
/// nobody is asked about the network.
#[derive(Debug)]
pub struct Paused(());

impl Killer {
    /// Stops nothing here.
    pub const fn pause(&self) -> Paused {
        Paused(())
    }

    /// Ends the command and what shares its process group.
    pub fn kill(&self) {
        if !self.ended.load(Ordering::Acquire) {
            signal_group(self.group, libc::SIGKILL);
        }
    }
}

fn signal_group(pid: u32, signal: i32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) {
        // A group that is gone needs no signal.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}
