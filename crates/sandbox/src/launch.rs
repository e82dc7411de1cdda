//! Starting a command in the boundary: its streams, its order, its helper.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dam_policy::Network;
use rustix::io::Errno;

use crate::command::{Direction, Launch, cannot_execute, connect, refuse_ways_around};
use crate::error::{SandboxError, system};
use crate::follow::Answering;
use crate::report::{Line, Order};
use crate::road::Road;
use crate::running::{Held, Helper, Running};
use crate::sys::{self, Forked, SingleThread};
use crate::transaction::TransactionDirs;
use crate::{canary, helper, walls};

/// The word by which a re-executed program knows that it is the helper.
const HELPER_WORD: &str = "dam-box";

/// What is passed on: everything that a person or a parent sends on purpose.
pub(crate) const FORWARDED: &[i32] = &[
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGWINCH,
    libc::SIGCONT,
];

/// Must be the first call in `main` of every program that starts commands with
/// this crate: where this process is the boundary's helper, it does that work
/// and never returns.
pub fn take_over_if_helper() {
    canary::sing_if_canary();
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
        let env = self.environment();
        if self.profile.confined {
            self.spawn_boxed(env)
        } else if self.transaction.is_some() {
            // Nothing would hold its writes back.
            Err(SandboxError::NotHeldBack)
        } else {
            self.spawn_open(&env)
        }
    }

    fn spawn_boxed(self, env: BTreeMap<String, String>) -> Result<Running, SandboxError> {
        self.tier.suffices(&self.profile)?;
        let program = self.argv[0].to_string_lossy().into_owned();
        let cwd = self.cwd.clone();
        // What is granted on a question is opened for real, past every layer.
        let asking = self.asking.filter(|_| self.transaction.is_none());
        let own = own_directories(self.profile.own_tmp, self.transaction.as_ref());
        let order = Order {
            argv: self.argv,
            env: env
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            files: walls::with_own(self.profile.files, &own, &self.cwd),
            cwd: self.cwd,
            own,
            transaction: self.transaction,
            patience: asking.as_ref().map(|asking| asking.patience),
            limits: self.profile.limits,
            network: match self.profile.network {
                Network::Proxy(rules) => Some(rules),
                _ => None,
            },
            tier: self.tier,
        };
        let (road, their_road) = match &order.network {
            Some(_) => Line::pair().map(|(ours, theirs)| (Some(ours), Some(theirs))),
            None => Ok((None, None)),
        }
        .map_err(system("making a socket pair"))?;
        let answering = asking.as_ref().map(Answering::new).transpose()?;
        let (stdin, ours_in) = connect(self.stdin, Direction::In)?;
        let (stdout, ours_out) = connect(self.stdout, Direction::Out)?;
        let (stderr, ours_err) = connect(self.stderr, Direction::Err)?;
        refuse_ways_around([&stdin, &stdout, &stderr])?;
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
                answering,
            },
            signals: None,
            road: road.map(Road::new),
            ended: Arc::new(AtomicBool::new(false)),
        };
        let mut fds = vec![order.as_fd(), stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        fds.extend(their_road.iter().map(Line::as_fd));
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
        let mut command = Command::new(&self.argv[0]);
        command
            .args(&self.argv[1..])
            .env_clear()
            .envs(env)
            .current_dir(&self.cwd)
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::from(stdout))
            .stderr(Stdio::from(stderr))
            .process_group(0);
        sys::begin_unblocked(&mut command);
        let child = command.spawn().map_err(|error| {
            cannot_execute(program, Errno::from_io_error(&error).unwrap_or(Errno::IO))
        })?;
        Ok(Running {
            stdin: ours_in,
            stdout: ours_out,
            stderr: ours_err,
            held: Held::Open { child },
            signals: None,
            road: None,
            ended: Arc::new(AtomicBool::new(false)),
        })
    }
}

/// The directories that are to be the box's own.
fn own_directories(own_tmp: bool, transaction: Option<&TransactionDirs>) -> Vec<PathBuf> {
    let mut own: Vec<PathBuf> = transaction.map_or(Vec::new(), |dirs| dirs.own.clone());
    if own_tmp {
        own.push(PathBuf::from("/tmp"));
    }
    own.sort();
    own.dedup();
    own
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
