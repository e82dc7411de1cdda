//! Starting a command in the boundary, and following it to its end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dam_policy::{Access, FileRule, FileRules, Network, Origin, ResolvedProfile, Rule};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::report::{Line, Order, Report, Request, Stage};
use crate::sys::{self, Forked, Signals, SingleThread};
use crate::{Denial, Outcome, Status, helper};

/// The word by which a re-executed program knows that it is the helper.
const HELPER_WORD: &str = "dam-box";

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

/// How many refusals are kept for one command.
const MOST_DENIALS: usize = 1_000;

/// A command to start.
#[derive(Debug)]
pub struct Launch {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// The directory to start it in.
    pub cwd: PathBuf,
    /// The variables there are; the profile's environment policy is applied to
    /// them before anything is started.
    pub env: BTreeMap<String, String>,
    /// What it may touch.
    pub profile: ResolvedProfile,
    /// Where its input comes from.
    pub stdin: Stream,
    /// Where its output goes.
    pub stdout: Stream,
    /// Where its errors go.
    pub stderr: Stream,
}

/// A standard stream of a command.
#[derive(Debug)]
pub enum Stream {
    /// The one of this process.
    Inherit,
    /// `/dev/null`.
    Null,
    /// A pipe, whose other end [`Running`] holds.
    Pipe,
    /// A descriptor of the caller's, such as the write end of a pipe that
    /// several streams share.
    Given(OwnedFd),
}

/// Why a command was not started, or was lost.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// There is no command.
    #[error("there is no command to run")]
    NoCommand,
    /// The program does not exist.
    #[error("`{0}` was not found")]
    NotFound(String),
    /// The program exists but cannot be executed.
    #[error("`{program}` cannot be executed: {errno}")]
    NotExecutable {
        /// The program.
        program: String,
        /// The kernel's answer.
        errno: Errno,
    },
    /// A standard stream leads around the walls.
    #[error("standard {0} is a directory, which would lead around the boundary")]
    StreamIsDirectory(&'static str),
    /// The working directory cannot be entered.
    #[error("cannot enter the working directory {path}: {errno}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The kernel's answer.
        errno: Errno,
    },
    /// The boundary cannot be had here; nothing ran.
    #[error("the boundary cannot be put up, so nothing was run: {stage} failed{detail}: {errno}")]
    Unavailable {
        /// The step that failed.
        stage: Stage,
        /// What it failed on, with a space and brackets, or nothing.
        detail: String,
        /// The kernel's answer.
        errno: Errno,
    },
    /// The helper ended before the command did; everything inside was killed.
    #[error("the boundary's helper ended before the command did; everything inside was killed")]
    Lost,
    /// A system call of the caller's own side failed.
    #[error("{what} failed: {errno}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The kernel's answer.
        errno: Errno,
    },
}

impl SandboxError {
    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unavailable {
                stage: Stage::Namespaces,
                ..
            } => Some(
                "user namespaces are switched off here; look at `sysctl user.max_user_namespaces \
                 kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns`, \
                 and in a container allow `unshare` and `mount`",
            ),
            Self::Unavailable {
                stage: Stage::Walls,
                ..
            } => Some(
                "this kernel or container does not let a user namespace mount; in a container, \
                 allow `mount` and do not mask parts of /proc",
            ),
            Self::Unavailable {
                stage: Stage::Ceiling,
                ..
            } => Some("enable Landlock: Linux 5.13 or later, with `landlock` in the `lsm=` list"),
            Self::NotFound(_) => Some("only absolute directories of PATH are searched"),
            _ => None,
        }
    }
}

fn system(what: &'static str) -> impl Fn(Errno) -> SandboxError {
    move |errno| SandboxError::System { what, errno }
}

/// Must be the first call in `main` of every program that starts commands with
/// this crate: where this process is the boundary's helper, it does that work
/// and never returns.
pub fn take_over_if_helper() {
    if std::env::args_os()
        .next()
        .is_none_or(|word| word != HELPER_WORD)
    {
        return;
    }
    // The conversation came as standard input; standard input becomes nothing.
    let Ok(line) = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3) else {
        return;
    };
    let Ok(null) = File::open("/dev/null") else {
        return;
    };
    if let (Ok(()), Some(proof)) = (rustix::stdio::dup2_stdin(null), SingleThread::verify()) {
        helper::run(&Line::new(line), &proof);
    }
    // Never on to what the program otherwise does: that is not what was wanted.
    std::process::exit(1)
}

/// Puts up a boundary around a program that ends at once.
pub(crate) fn try_out() -> Result<(), SandboxError> {
    let root = FileRule {
        path: PathBuf::from("/"),
        access: Access::Read,
        rule: Rule::builtin("files.root"),
        origin: Origin::BUILTIN,
        what: String::new(),
    };
    let launch = Launch {
        argv: vec!["/bin/true".into()],
        cwd: PathBuf::from("/"),
        env: BTreeMap::new(),
        profile: ResolvedProfile {
            name: ":read-only".to_owned(),
            files: FileRules::new(vec![root], true),
            network: Network::None,
            environment: dam_policy::EnvironmentPolicy::default(),
            confined: true,
            home: None,
        },
        stdin: Stream::Null,
        stdout: Stream::Null,
        stderr: Stream::Null,
    };
    launch.spawn()?.wait().map(drop)
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

    /// Starts the command. When this returns, its program has been executed.
    pub fn spawn(self) -> Result<Running, SandboxError> {
        if self.argv.is_empty() {
            return Err(SandboxError::NoCommand);
        }
        let mut env = self.profile.environment.apply(self.env.clone());
        if self.profile.confined {
            env.insert("COFFERDAM_SANDBOX".to_owned(), self.profile.name.clone());
            env.insert(
                "COFFERDAM_SANDBOX_NETWORK_DISABLED".to_owned(),
                "1".to_owned(),
            );
            self.spawn_boxed(env)
        } else {
            self.spawn_open(&env)
        }
    }

    fn spawn_boxed(self, env: BTreeMap<String, String>) -> Result<Running, SandboxError> {
        let program = self.argv[0].to_string_lossy().into_owned();
        let cwd = self.cwd.clone();
        let order = Order {
            argv: self.argv,
            env: env
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            cwd: self.cwd,
            files: self.profile.files,
        };
        let (stdin, ours_in) = connect(self.stdin, Direction::In)?;
        let (stdout, ours_out) = connect(self.stdout, Direction::Out)?;
        let (stderr, ours_err) = connect(self.stderr, Direction::Err)?;
        refuse_directories([&stdin, &stdout, &stderr])?;
        let order = write_order(&order)?;
        let (line, theirs) = Line::pair().map_err(system("making a socket pair"))?;
        let helper = start_helper(theirs)?;
        let mut running = Running {
            stdin: ours_in,
            stdout: ours_out,
            stderr: ours_err,
            held: Held::Boxed {
                line,
                helper: Some(helper),
            },
            signals: None,
            ended: Arc::new(AtomicBool::new(false)),
        };
        let fds = [order.as_fd(), stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        running.begin(&fds, &program, &cwd)?;
        Ok(running)
    }

    fn spawn_open(self, env: &BTreeMap<String, String>) -> Result<Running, SandboxError> {
        let program = self.argv[0].to_string_lossy().into_owned();
        let (stdin, ours_in) = connect(self.stdin, Direction::In)?;
        let (stdout, ours_out) = connect(self.stdout, Direction::Out)?;
        let (stderr, ours_err) = connect(self.stderr, Direction::Err)?;
        if !self.cwd.is_dir() {
            return Err(SandboxError::Directory {
                path: self.cwd,
                errno: Errno::NOENT,
            });
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "this crate is where processes start"
        )]
        let child = Command::new(&self.argv[0])
            .args(&self.argv[1..])
            .env_clear()
            .envs(env)
            .current_dir(&self.cwd)
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr))
            .process_group(0)
            .spawn()
            .map_err(|error| {
                cannot_execute(program, Errno::from_io_error(&error).unwrap_or(Errno::IO))
            })?;
        Ok(Running {
            stdin: ours_in,
            stdout: ours_out,
            stderr: ours_err,
            held: Held::Open { child },
            signals: None,
            ended: Arc::new(AtomicBool::new(false)),
        })
    }
}

fn cannot_execute(program: String, errno: Errno) -> SandboxError {
    match errno {
        Errno::NOENT | Errno::NOTDIR => SandboxError::NotFound(program),
        errno => SandboxError::NotExecutable { program, errno },
    }
}

enum Direction {
    In,
    Out,
    Err,
}

/// The command's end of a stream, and ours where it is a pipe.
fn connect(stream: Stream, direction: Direction) -> Result<(OwnedFd, Option<File>), SandboxError> {
    let failed = system("preparing a standard stream");
    let copy = |fd: BorrowedFd<'_>| {
        rustix::io::fcntl_dupfd_cloexec(fd, 3).map_err(system("preparing a standard stream"))
    };
    match (stream, direction) {
        (Stream::Inherit, Direction::In) => Ok((copy(rustix::stdio::stdin())?, None)),
        (Stream::Inherit, Direction::Out) => Ok((copy(rustix::stdio::stdout())?, None)),
        (Stream::Inherit, Direction::Err) => Ok((copy(rustix::stdio::stderr())?, None)),
        (Stream::Null, _) => {
            let null = File::options().read(true).write(true).open("/dev/null");
            let null =
                null.map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
            Ok((null.into(), None))
        }
        (Stream::Given(fd), _) => Ok((fd, None)),
        (Stream::Pipe, direction) => {
            let (read, write) =
                rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(failed)?;
            Ok(match direction {
                Direction::In => (read, Some(File::from(write))),
                Direction::Out | Direction::Err => (write, Some(File::from(read))),
            })
        }
    }
}

/// A directory that is handed in is a way around the mount tree.
fn refuse_directories(streams: [&OwnedFd; 3]) -> Result<(), SandboxError> {
    for (fd, name) in streams.into_iter().zip(["input", "output", "error"]) {
        let stat = rustix::fs::fstat(fd).map_err(system("looking at a standard stream"))?;
        if rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() {
            return Err(SandboxError::StreamIsDirectory(name));
        }
    }
    Ok(())
}

fn write_order(order: &Order) -> Result<File, SandboxError> {
    let failed = |errno| SandboxError::System {
        what: "writing the order",
        errno,
    };
    let fd = rustix::fs::memfd_create("order", rustix::fs::MemfdFlags::CLOEXEC).map_err(failed)?;
    let bytes = serde_json::to_vec(order).map_err(|_| failed(Errno::INVAL))?;
    let mut file = File::from(fd);
    file.write_all(&bytes)
        .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).map_err(failed)?;
    Ok(file)
}

/// The helper's process.
#[derive(Debug)]
enum Helper {
    Forked(Pid),
    Executed(Child),
}

/// Starts the helper: by a plain fork where this process has one thread, which
/// saves loading the program again; else by executing this program anew.
fn start_helper(theirs: Line) -> Result<Helper, SandboxError> {
    if let Some(proof) = SingleThread::verify() {
        return match sys::fork(&proof).map_err(system("forking"))? {
            Forked::Child => helper::run(&theirs, &proof),
            Forked::Parent(pid) => Ok(Helper::Forked(pid)),
        };
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "this crate is where processes start"
    )]
    let child = Command::new("/proc/self/exe")
        .arg0(HELPER_WORD)
        .env_clear()
        .stdin(Stdio::from(theirs.into_fd()))
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| SandboxError::System {
            what: "starting the boundary's helper",
            errno: Errno::from_io_error(&error).unwrap_or(Errno::IO),
        })?;
    Ok(Helper::Executed(child))
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
    held: Held,
    signals: Option<Signals>,
    ended: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Held {
    Boxed { line: Line, helper: Option<Helper> },
    Open { child: Child },
}

impl Running {
    fn begin(
        &mut self,
        fds: &[BorrowedFd<'_>],
        program: &str,
        cwd: &Path,
    ) -> Result<(), SandboxError> {
        let Held::Boxed { line, .. } = &self.held else {
            return Ok(());
        };
        line.send_with(&(), fds, true)
            .map_err(system("sending the order"))?;
        match line
            .receive::<Report>()
            .map_err(system("hearing from the helper"))?
        {
            Some(Report::Started) => Ok(()),
            Some(Report::Failed {
                stage: Stage::Exec,
                errno,
                ..
            }) => Err(cannot_execute(
                program.to_owned(),
                Errno::from_raw_os_error(errno),
            )),
            Some(Report::Failed {
                stage: Stage::Directory,
                errno,
                ..
            }) => Err(SandboxError::Directory {
                path: cwd.to_owned(),
                errno: Errno::from_raw_os_error(errno),
            }),
            Some(Report::Failed {
                stage,
                errno,
                detail,
            }) => Err(SandboxError::Unavailable {
                stage,
                detail: if detail.is_empty() {
                    detail
                } else {
                    format!(" ({detail})")
                },
                errno: Errno::from_raw_os_error(errno),
            }),
            Some(Report::Denied(_) | Report::Ended { .. }) | None => Err(SandboxError::Lost),
        }
    }

    /// Sends a signal to the command and what shares its process group.
    pub fn signal(&self, signal: i32) {
        match &self.held {
            Held::Boxed { line, .. } => {
                // A command that has ended needs no signal.
                let _ = line.send(&Request::Signal(signal), false);
            }
            Held::Open { child } => signal_group(child.id(), signal),
        }
    }

    /// A handle that can end the command from elsewhere.
    pub fn killer(&self) -> Result<Killer, SandboxError> {
        let target = match &self.held {
            Held::Boxed { line, .. } => Target::Boxed(Arc::new(
                line.try_clone().map_err(system("copying a descriptor"))?,
            )),
            Held::Open { child } => Target::Open(child.id()),
        };
        Ok(Killer {
            target,
            ended: Arc::clone(&self.ended),
        })
    }

    /// Waits for the end. Everything that the command started in the boundary
    /// has ended then, too.
    pub fn wait(&mut self) -> Result<Outcome, SandboxError> {
        self.wait_with(&mut |_| {})
    }

    /// As [`Self::wait`]; each refusal is shown as it happens.
    pub fn wait_with(
        &mut self,
        on_denial: &mut dyn FnMut(&Denial),
    ) -> Result<Outcome, SandboxError> {
        let outcome = match &mut self.held {
            Held::Boxed { line, .. } => {
                let outcome = follow(line, self.signals.as_ref(), on_denial);
                self.finish();
                outcome?
            }
            Held::Open { child } => Outcome {
                status: wait_open(child, self.signals.as_ref())?,
                denials: Vec::new(),
                unreported: 0,
            },
        };
        self.ended.store(true, Ordering::Release);
        Ok(outcome)
    }

    /// Ends what is left of a box and forgets its helper.
    fn finish(&mut self) {
        if let Held::Boxed { line, helper } = &mut self.held {
            line.hang_up();
            match helper.take() {
                Some(Helper::Forked(pid)) => drop(sys::wait_for(pid)),
                Some(Helper::Executed(mut child)) => drop(child.wait()),
                None => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Held::Open { child } = &mut self.held
            && !self.ended.load(Ordering::Acquire)
        {
            signal_group(child.id(), libc::SIGKILL);
            let _ = child.wait();
        }
        self.finish();
        self.ended.store(true, Ordering::Release);
    }
}

/// Ends a running command from another thread.
#[derive(Clone, Debug)]
pub struct Killer {
    target: Target,
    ended: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Target {
    Boxed(Arc<Line>),
    Open(u32),
}

impl Killer {
    /// Ends the command, and in the boundary everything it started.
    pub fn kill(&self) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        match &self.target {
            Target::Boxed(line) => {
                if line.send(&Request::Kill, false).is_err() {
                    line.hang_up();
                }
            }
            Target::Open(pid) => signal_group(*pid, libc::SIGKILL),
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

fn follow(
    line: &Line,
    signals: Option<&Signals>,
    on_denial: &mut dyn FnMut(&Denial),
) -> Result<Outcome, SandboxError> {
    let mut denials = Vec::new();
    let mut dropped = 0;
    loop {
        wait_readable(line.as_fd(), signals, |signal| {
            let _ = line.send(&Request::Signal(signal), false);
        })?;
        match line
            .receive::<Report>()
            .map_err(system("hearing from the helper"))?
        {
            Some(Report::Denied(denial)) => {
                on_denial(&denial);
                if denials.len() < MOST_DENIALS {
                    denials.push(denial);
                } else {
                    dropped += 1;
                }
            }
            Some(Report::Ended { status, unreported }) => {
                return Ok(Outcome {
                    status,
                    denials,
                    unreported: unreported + dropped,
                });
            }
            Some(Report::Started | Report::Failed { .. }) => {}
            None => return Err(SandboxError::Lost),
        }
    }
}

/// Waits until there is something to read, passing on signals meanwhile.
fn wait_readable(
    fd: BorrowedFd<'_>,
    signals: Option<&Signals>,
    mut pass_on: impl FnMut(i32),
) -> Result<(), SandboxError> {
    let Some(signals) = signals else {
        return Ok(());
    };
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(fd, PollFlags::IN),
            PollFd::new(signals, PollFlags::IN),
        ];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(system("waiting for the command")(errno)),
        }
        let readable = !fds[0].revents().is_empty();
        while let Some(signal) = signals.next() {
            pass_on(signal);
        }
        if readable {
            return Ok(());
        }
    }
}

fn wait_open(child: &mut Child, signals: Option<&Signals>) -> Result<Status, SandboxError> {
    let failed = system("waiting for the command");
    if signals.is_some() {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| failed(Errno::SRCH))?;
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(&failed)?;
        wait_readable(pidfd.as_fd(), signals, |signal| {
            signal_group(child.id(), signal);
        })?;
    }
    let status = child
        .wait()
        .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, signal) => Status::Signaled(signal.unwrap_or_default()),
    })
}
