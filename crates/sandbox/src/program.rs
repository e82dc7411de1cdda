//! The command: the last process of a box to be started, and the one that
//! everything is for.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use rustix::thread::CapabilitySet;
use serde::{Deserialize, Serialize};

use crate::helper::{Failure, at};
use crate::limits::{self, Leaf};
use crate::report::{Line, Order, Stage};
use crate::sys::{self, Forked, SingleThread};
use crate::{ceiling, filter};

/// What the command's process tells before it is the program.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// The filter is installed; the listener comes along.
    Ready,
    /// It cannot go on.
    Failed { stage: Stage, errno: i32 },
}

/// Starts the command and takes the listener of its filter from it. When this
/// returns, its program has been executed.
pub(crate) fn start(
    order: &Order,
    stdio: &[OwnedFd],
    leaf: Option<&Leaf>,
    proof: &SingleThread,
) -> Result<(Pid, OwnedFd), Failure> {
    let program = Program::prepare(&order.argv, &order.env)?;
    let (ours, theirs) = at(Stage::Exec, Line::pair())?;
    let pid = match at(Stage::Exec, sys::fork(proof))? {
        Forked::Child => be_command(&program, stdio, order, &theirs),
        Forked::Parent(pid) => pid,
    };
    drop(theirs);
    let listener = take_listener(&ours)?;
    if let Some(leaf) = leaf {
        at(Stage::Exec, leaf.take_in(pid))?;
    }
    at(Stage::Filter, ours.send(&(), true))?;
    // Nothing more: the program has been started, and the line closed with it.
    match at(Stage::Exec, ours.receive::<Word>())? {
        None => Ok((pid, listener)),
        Some(word) => check(&word).map(|()| (pid, listener)),
    }
}

/// Takes the listener of its filter from a process that is to be a command.
pub(crate) fn take_listener(from: &Line) -> Result<OwnedFd, Failure> {
    let (word, fds) = at(Stage::Filter, from.receive_with::<Word>())?
        .ok_or_else(|| Failure::new(Stage::Filter, Errno::PIPE, "the first process ended"))?;
    check(&word)?;
    fds.into_iter()
        .next()
        .ok_or_else(|| Failure::new(Stage::Filter, Errno::BADF, "no listener came"))
}

/// Hands the listener over and waits for the word to go on. Ends this process
/// where there is no listener, or nobody to hand it to.
pub(crate) fn hand_over(listener: Result<OwnedFd, (Stage, Errno)>, to: &Line) {
    let heard = match listener {
        Ok(listener) => {
            let told = to.send_with(&Word::Ready, &[listener.as_fd()], true);
            told.and_then(|()| to.receive::<()>())
        }
        Err((stage, errno)) => {
            let errno = errno.raw_os_error();
            // If nobody listens any more, nobody needs to know.
            let _ = to.send(&Word::Failed { stage, errno }, true);
            Ok(None)
        }
    };
    if !matches!(heard, Ok(Some(()))) {
        std::process::exit(1)
    }
}

fn check(word: &Word) -> Result<(), Failure> {
    match *word {
        Word::Ready => Ok(()),
        Word::Failed { stage, errno } => {
            Err(Failure::new(stage, Errno::from_raw_os_error(errno), ""))
        }
    }
}

fn be_command(program: &Program, streams: &[OwnedFd], order: &Order, parent: &Line) -> ! {
    hand_over(prepare(streams, order, parent), parent);
    // Last: what is still to be done may need more than is granted.
    let (stage, errno) = match limits::restrict_command(&order.limits) {
        Ok(()) => (Stage::Exec, program.execute()),
        Err(errno) => (Stage::Privileges, errno),
    };
    let errno = errno.raw_os_error();
    // If nobody listens any more, nobody needs to know.
    let _ = parent.send(&Word::Failed { stage, errno }, true);
    std::process::exit(1)
}

fn prepare(streams: &[OwnedFd], order: &Order, parent: &Line) -> Result<OwnedFd, (Stage, Errno)> {
    let exec = |errno| (Stage::Exec, errno);
    let filter = |errno| (Stage::Filter, errno);
    let _ = rustix::process::setsid();
    let [stdin, stdout, stderr] = streams else {
        return Err((Stage::Exec, Errno::BADF));
    };
    // What is handed in lies on the mounts of whoever handed it in.
    let walled = order.tier.has_walls() && streams.iter().all(is_stream);
    rustix::stdio::dup2_stdin(stdin).map_err(exec)?;
    rustix::stdio::dup2_stdout(stdout).map_err(exec)?;
    rustix::stdio::dup2_stderr(stderr).map_err(exec)?;
    sys::close_from(3, &[parent.as_fd().as_raw_fd()]).map_err(exec)?;
    sys::reset_signals();
    // The rest is inherited from the helper, which sealed it.
    sys::drop_capabilities(CapabilitySet::empty()).map_err(|e| (Stage::Privileges, e))?;
    if !order.tier.has_walls() {
        let inside = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        inside.map_err(|e| (Stage::Privileges, e))?;
        ceiling::keep_signals_inside().map_err(|_| (Stage::Ceiling, Errno::OPNOTSUPP))?;
    }
    let road = order.network.is_some();
    let doorman = filter::Doorman {
        reading: order.files.looks_at_reading(),
        walled,
        listening: road && !order.tier.has_walls(),
    };
    let told = order.files.tells_of_refusals();
    let calls = filter::command_filter(order.tier, road, doorman, told);
    sys::install_listener(&calls).map_err(filter)
}

/// Whether it is for certain neither a file nor a directory.
fn is_stream(handed_in: &OwnedFd) -> bool {
    rustix::fs::fstat(handed_in).is_ok_and(|stat| {
        let kind = FileType::from_raw_mode(stat.st_mode);
        matches!(
            kind,
            FileType::Fifo | FileType::Socket | FileType::CharacterDevice
        )
    })
}

/// The program's words, as the kernel takes them; made before the fork.
pub(crate) struct Program {
    candidates: Vec<CString>,
    argv: Vec<CString>,
    env: Vec<CString>,
}

impl Program {
    pub(crate) fn prepare(
        argv: &[OsString],
        env: &[(OsString, OsString)],
    ) -> Result<Self, Failure> {
        let nul = |_| Failure::new(Stage::Exec, Errno::INVAL, "a word holds a NUL byte");
        let name = argv.first().map_or(OsStr::new(""), |name| name.as_os_str());
        let path = env.iter().find(|(key, _)| key == "PATH");
        let path = path.map_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"), |(_, path)| {
            path.as_os_str()
        });
        let argv: Vec<CString> = argv
            .iter()
            .map(|word| CString::new(word.as_bytes()).map_err(nul))
            .collect::<Result<_, _>>()?;
        let env = env
            .iter()
            .map(|(name, value)| {
                let mut pair = name.clone().into_vec();
                pair.push(b'=');
                pair.extend_from_slice(value.as_bytes());
                CString::new(pair).map_err(nul)
            })
            .collect::<Result<_, _>>()?;
        let candidates = candidates(name, path)
            .into_iter()
            .map(|path| CString::new(path).map_err(nul))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            candidates,
            argv,
            env,
        })
    }

    /// Executes the first candidate that can be. Returns why none could.
    pub(crate) fn execute(&self) -> Errno {
        let mut answer = Errno::NOENT;
        for candidate in &self.candidates {
            match sys::exec(candidate, &self.argv, &self.env) {
                Errno::NOENT | Errno::NOTDIR => {}
                // Something is there; a later one may still do.
                errno => answer = errno,
            }
        }
        answer
    }
}

fn candidates(name: &OsStr, path: &OsStr) -> Vec<Vec<u8>> {
    if name.as_bytes().contains(&b'/') {
        return vec![name.as_bytes().to_vec()];
    }
    path.as_bytes()
        .split(|byte| *byte == b':')
        // An empty entry would be the working directory, which strangers fill.
        .filter(|directory| directory.first() == Some(&b'/'))
        .map(|directory| {
            Path::new(OsStr::from_bytes(directory))
                .join(name)
                .into_os_string()
                .into_vec()
        })
        .collect()
}
