//! The helper process: puts up the boundary, starts the command in it, and then
//! is the broker at its door.
//!
//! Three processes make a box:
//! - the **helper** (this one), in the new mount and user namespaces and under
//!   the ceiling, but outside the pid namespace, so that nothing inside can see
//!   or signal it;
//! - the **init**, first process of the pid namespace, which does nothing but
//!   hold it: when it is killed, everything inside is;
//! - the **command**.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use dam_policy::Limits;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};
use rustix::thread::CapabilitySet;

use crate::broker::{Broker, Door, Init};
use crate::limits::{self, Leaf, Watch};
use crate::report::{Line, Order, Report, Stage};
use crate::sys::{self, Forked, SingleThread};
use crate::{ceiling, filter, lock_down, walls};

/// Why nothing was started.
pub(crate) struct Failure {
    pub stage: Stage,
    pub errno: Errno,
    detail: String,
}

impl Failure {
    fn new(stage: Stage, errno: Errno, detail: impl Into<String>) -> Self {
        Self {
            stage,
            errno,
            detail: detail.into(),
        }
    }
}

fn at<T>(stage: Stage, result: Result<T, Errno>) -> Result<T, Failure> {
    result.map_err(|errno| Failure::new(stage, errno, ""))
}

/// Runs the helper to its end.
pub(crate) fn run(line: &Line, proof: &SingleThread) -> ! {
    let code = match put_up(line, proof) {
        Ok((door, _held)) => Broker::new(door, line).serve(),
        Err(Failure {
            stage,
            errno,
            detail,
        }) => {
            let report = Report::Failed {
                stage,
                errno: errno.raw_os_error(),
                detail,
            };
            // If nobody listens any more, nobody needs to know.
            let _ = line.send(&report, true);
            1
        }
    };
    std::process::exit(code)
}

/// Returns the door, and what says that a transaction is in use, to be held
/// for as long as anything inside runs.
fn put_up(line: &Line, proof: &SingleThread) -> Result<(Door, Option<OwnedFd>), Failure> {
    at(
        Stage::Order,
        sys::close_from(3, &[line.as_fd().as_raw_fd()]),
    )?;
    let (order, stdio) = read_order(line)?;
    let host_proc = at(Stage::Order, open_directory("/proc"))?;
    // The terminal's signals are for whoever started us, who passes them on.
    let _ = rustix::process::setsid();
    let abi = lock_down::landlock().map_err(|errno| {
        Failure::new(
            Stage::Ceiling,
            errno,
            "this kernel has no Landlock, or it is not enabled",
        )
    })?;
    limits::learn_units(&order.limits);
    let leaf = Leaf::new(&order.limits, proof);
    let held = match &order.transaction {
        Some(dirs) => Some(at(Stage::Order, dirs.hold())?),
        None => None,
    };
    enter_namespaces()?;
    let writable = walls::build(&order)
        .map_err(|error| Failure::new(Stage::Walls, error.errno, error.what))?;
    let init = start_init(&order.limits, proof)?;
    // The old working directory still lies under the walls.
    at(Stage::Directory, rustix::process::chdir(&order.cwd))?;
    ceiling::restrict(abi, &writable)
        .map_err(|detail| Failure::new(Stage::Ceiling, Errno::OPNOTSUPP, detail))?;
    at(
        Stage::Privileges,
        lock_down::give_up_privileges(CapabilitySet::SYS_PTRACE),
    )?;
    let (command, listener) = start_command(&order, &stdio, leaf.as_ref(), proof)?;
    drop(stdio);
    at(Stage::Privileges, limits::restrict_broker(&order.limits))?;
    let watch = at(Stage::Privileges, Watch::new(order.limits, leaf))?;
    let pidfd = at(
        Stage::Exec,
        rustix::process::pidfd_open(command, PidfdFlags::empty()),
    )?;
    let door = Door {
        listener,
        host_proc,
        files: order.files,
        layers: order.transaction.map_or_else(Vec::new, |dirs| {
            dirs.layers.into_iter().map(|layer| layer.root).collect()
        }),
        patience: order.patience,
        command,
        pidfd,
        init,
        watch,
    };
    Ok((door, held))
}

fn read_order(line: &Line) -> Result<(Order, Vec<OwnedFd>), Failure> {
    let received = at(Stage::Order, line.receive_with::<()>())?;
    let ((), mut fds) =
        received.ok_or_else(|| Failure::new(Stage::Order, Errno::PIPE, "no order came"))?;
    if fds.len() != 4 {
        return Err(Failure::new(
            Stage::Order,
            Errno::BADF,
            "descriptors are missing",
        ));
    }
    let mut file = File::from(fds.remove(0));
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    let order = read.ok().and_then(|_| serde_json::from_slice(&bytes).ok());
    let order = order
        .ok_or_else(|| Failure::new(Stage::Order, Errno::BADMSG, "the order cannot be read"))?;
    Ok((order, fds))
}

fn enter_namespaces() -> Result<(), Failure> {
    let identity = Identity::own();
    at(Stage::Namespaces, sys::unshare_all())?;
    identity
        .keep()
        .map_err(|(errno, file)| Failure::new(Stage::Namespaces, errno, file))?;
    at(Stage::Namespaces, sys::bring_up_loopback())
}

/// Who this process is, to be told to a new user namespace.
pub(crate) struct Identity {
    uid: u32,
    gid: u32,
}

impl Identity {
    /// Asked before the namespace is entered.
    pub(crate) fn own() -> Self {
        Self {
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
        }
    }

    /// Maps it to itself; nobody else exists in the namespace.
    pub(crate) fn keep(&self) -> Result<(), (Errno, &'static str)> {
        let Self { uid, gid } = self;
        for (file, text) in [
            ("/proc/self/setgroups", "deny".to_owned()),
            ("/proc/self/uid_map", format!("{uid} {uid} 1")),
            ("/proc/self/gid_map", format!("{gid} {gid} 1")),
        ] {
            std::fs::write(file, text)
                .map_err(|error| (Errno::from_io_error(&error).unwrap_or(Errno::IO), file))?;
        }
        Ok(())
    }
}

/// Starts the first process of the pid namespace and waits until it has
/// mounted `/proc`.
fn start_init(limits: &Limits, proof: &SingleThread) -> Result<Init, Failure> {
    let (mut ours, theirs) = pipe(Stage::Walls)?;
    match at(Stage::Namespaces, sys::fork(proof))? {
        Forked::Child => {
            drop(ours);
            be_init(limits, theirs)
        }
        Forked::Parent(pid) => {
            drop(theirs);
            let mut answer = [0; 200];
            let read = ours.read(&mut answer).unwrap_or(0);
            match &answer[..read] {
                b"ready" => Ok(Init {
                    pid,
                    lifeline: ours,
                }),
                other => {
                    let other = String::from_utf8_lossy(other);
                    Err(Failure::new(Stage::Walls, Errno::PERM, other))
                }
            }
        }
    }
}

fn be_init(limits: &Limits, mut parent: UnixStream) -> ! {
    let ready = (|| -> Result<(), String> {
        let text = |errno: Errno| errno.to_string();
        limits::cap_processes(limits);
        walls::mount_proc(rustix::process::getuid().is_root())
            .map_err(|error| format!("{}: {}", error.what, error.errno))?;
        lock_down::give_up_privileges(CapabilitySet::empty()).map_err(text)?;
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
            .map_err(text)?;
        if *limits == Limits::default() {
            sys::reap_automatically();
        } else {
            sys::reap_as_they_end();
        }
        sys::close_from(0, &[parent.as_raw_fd()]).map_err(text)?;
        sys::install_filter(&filter::idle_filter()).map_err(text)
    })();
    let answer = ready.as_ref().err().map_or("ready", String::as_str);
    let told = parent.write_all(answer.as_bytes());
    if told.is_ok() && ready.is_ok() {
        // Nothing ever comes but the end: of the broker, or by its wish.
        while parent.read(&mut [0]).is_ok_and(|read| read > 0) {}
    }
    std::process::exit(1)
}

/// Starts the command and takes the listener of its filter from it.
fn start_command(
    order: &Order,
    stdio: &[OwnedFd],
    leaf: Option<&Leaf>,
    proof: &SingleThread,
) -> Result<(Pid, OwnedFd), Failure> {
    let program = Program::prepare(&order.argv, &order.env)?;
    let (mut ours, theirs) = pipe(Stage::Exec)?;
    let pid = match at(Stage::Exec, sys::fork(proof))? {
        Forked::Child => be_command(&program, stdio, &order.limits, theirs),
        Forked::Parent(pid) => pid,
    };
    drop(theirs);
    let listener = take_listener(pid, &mut ours)?;
    if let Some(leaf) = leaf {
        at(Stage::Exec, leaf.take_in(pid))?;
    }
    at(Stage::Filter, ours.write_all(b"!").map_err(|_| Errno::PIPE))?;
    // End of file: the program has been started, and the descriptor closed
    // with it.
    let mut answer = Vec::new();
    let _ = ours.read_to_end(&mut answer);
    if answer.is_empty() {
        Ok((pid, listener))
    } else {
        Err(decode_failure(&answer))
    }
}

pub(crate) fn take_listener(pid: Pid, from: &mut UnixStream) -> Result<OwnedFd, Failure> {
    let mut answer = [0; 5];
    from.read_exact(&mut answer)
        .map_err(|_| Failure::new(Stage::Filter, Errno::PIPE, "the first process ended"))?;
    if answer[0] != b'+' {
        return Err(decode_failure(&answer));
    }
    let number = i32::from_ne_bytes([answer[1], answer[2], answer[3], answer[4]]);
    let pidfd = at(
        Stage::Filter,
        rustix::process::pidfd_open(pid, PidfdFlags::empty()),
    )?;
    at(
        Stage::Filter,
        rustix::process::pidfd_getfd(&pidfd, number, PidfdGetfdFlags::empty()),
    )
}

pub(crate) fn encode_failure(stage: Stage, errno: Errno) -> [u8; 5] {
    let tag = match stage {
        Stage::Privileges => b'p',
        Stage::Filter => b'f',
        _ => b'x',
    };
    let [a, b, c, d] = errno.raw_os_error().to_ne_bytes();
    [tag, a, b, c, d]
}

fn decode_failure(bytes: &[u8]) -> Failure {
    let stage = match bytes.first() {
        Some(b'p') => Stage::Privileges,
        Some(b'f') => Stage::Filter,
        _ => Stage::Exec,
    };
    let number = bytes
        .get(1..5)
        .and_then(|raw| raw.try_into().ok())
        .map(i32::from_ne_bytes);
    Failure::new(
        stage,
        Errno::from_raw_os_error(number.unwrap_or(libc::EIO)),
        "",
    )
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
        let path = path.map(|(_, value)| value);
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
        let path = path.map_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"), |path| {
            path.as_os_str()
        });
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

fn be_command(
    program: &Program,
    streams: &[OwnedFd],
    limits: &Limits,
    mut parent: UnixStream,
) -> ! {
    let outcome = (|| -> Result<OwnedFd, (Stage, Errno)> {
        let exec = |errno| (Stage::Exec, errno);
        let filter = |errno| (Stage::Filter, errno);
        let _ = rustix::process::setsid();
        let [stdin, stdout, stderr] = streams else {
            return Err((Stage::Exec, Errno::BADF));
        };
        rustix::stdio::dup2_stdin(stdin).map_err(exec)?;
        rustix::stdio::dup2_stdout(stdout).map_err(exec)?;
        rustix::stdio::dup2_stderr(stderr).map_err(exec)?;
        sys::close_from(3, &[parent.as_raw_fd()]).map_err(exec)?;
        sys::reset_signals();
        // The rest is inherited from the helper, which sealed it.
        sys::drop_capabilities(CapabilitySet::empty()).map_err(|e| (Stage::Privileges, e))?;
        sys::install_filter(&filter::static_filter()).map_err(filter)?;
        sys::install_listener(&filter::doorman_filter()).map_err(filter)
    })();
    let listener = match outcome {
        Ok(listener) => listener,
        Err((stage, errno)) => {
            let _ = parent.write_all(&encode_failure(stage, errno));
            std::process::exit(1)
        }
    };
    let [a, b, c, d] = listener.as_raw_fd().to_ne_bytes();
    let mut go = [0];
    let told = parent
        .write_all(&[b'+', a, b, c, d])
        .and_then(|()| parent.read_exact(&mut go));
    if told.is_ok() {
        // Last: what is still to be done may need more than is granted.
        let (stage, errno) = match limits::restrict_command(limits) {
            Ok(()) => (Stage::Exec, program.execute()),
            Err(errno) => (Stage::Privileges, errno),
        };
        let _ = parent.write_all(&encode_failure(stage, errno));
    }
    std::process::exit(1)
}

fn pipe(stage: Stage) -> Result<(UnixStream, UnixStream), Failure> {
    UnixStream::pair().map_err(|error| {
        Failure::new(
            stage,
            Errno::from_io_error(&error).unwrap_or(Errno::IO),
            "a socket pair",
        )
    })
}

fn open_directory(path: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        CWD,
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}
