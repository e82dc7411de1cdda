//! Starting a command that is watched.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::process::Pid;

use crate::command::{Direction, Launch, cannot_execute, connect};
use crate::error::{SandboxError, system};
use crate::filter;
use crate::helper::Failure;
use crate::program::{Program, hand_over, take_listener};
use crate::report::{Line, Stage};
use crate::sys::{self, Forked, SingleThread};

/// Starts it, in a session of its own as in the boundary. Gives the process
/// and the listener of its filter.
pub(super) fn start(launch: Launch) -> Result<(Pid, OwnedFd), SandboxError> {
    let proof = SingleThread::verify()
        .ok_or_else(|| system("watching from a program with several threads")(Errno::BUSY))?;
    let (stdin, _) = connect(launch.stdin, Direction::In)?;
    let (stdout, _) = connect(launch.stdout, Direction::Out)?;
    let (stderr, _) = connect(launch.stderr, Direction::Err)?;
    let name = launch.argv.first().ok_or(SandboxError::NoCommand)?;
    let name = name.to_string_lossy().into_owned();
    let cwd = launch.cwd;
    if !cwd.is_dir() {
        return Err(SandboxError::Directory {
            path: cwd,
            errno: Errno::NOENT,
        });
    }
    let env: Vec<(OsString, OsString)> = launch
        .env
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let told = |failure| failed(&failure, &name);
    let program = Program::prepare(&launch.argv, &env).map_err(told)?;
    let (ours, theirs) = Line::pair().map_err(system("making a socket pair"))?;
    let pid = match sys::fork(&proof).map_err(system("forking"))? {
        Forked::Child => be_command(&program, &cwd, [&stdin, &stdout, &stderr], &theirs),
        Forked::Parent(pid) => pid,
    };
    drop(theirs);
    let listener = take_listener(&ours).map_err(told)?;
    ours.send(&(), true)
        .map_err(system("starting the command"))?;
    // Its way to execute the program is told, too, and goes on when the
    // listener is heard. What fails then is an exit code of its own.
    Ok((pid, listener))
}

fn failed(failure: &Failure, name: &str) -> SandboxError {
    match failure.stage {
        Stage::Exec => cannot_execute(name.to_owned(), failure.errno),
        _ => system("setting up the watching of a command")(failure.errno),
    }
}

fn be_command(program: &Program, cwd: &Path, streams: [&OwnedFd; 3], parent: &Line) -> ! {
    let outcome = (|| -> Result<OwnedFd, (Stage, Errno)> {
        let exec = |errno| (Stage::Exec, errno);
        let filter = |errno| (Stage::Filter, errno);
        let _ = rustix::process::setsid();
        let [stdin, stdout, stderr] = streams;
        rustix::stdio::dup2_stdin(stdin).map_err(exec)?;
        rustix::stdio::dup2_stdout(stdout).map_err(exec)?;
        rustix::stdio::dup2_stderr(stderr).map_err(exec)?;
        rustix::process::chdir(cwd).map_err(|errno| (Stage::Exec, errno))?;
        sys::close_from(3, &[parent.as_fd().as_raw_fd()]).map_err(exec)?;
        sys::reset_signals();
        rustix::thread::set_no_new_privs(true).map_err(filter)?;
        sys::install_listener(&filter::watch_filter()).map_err(filter)
    })();
    // From here on every call that is told waits for the listener's other
    // end, which is the only one left.
    hand_over(outcome, parent);
    let errno = program.execute();
    let code = if errno == Errno::NOENT { 127 } else { 126 };
    let _ = rustix::io::write(
        rustix::stdio::stderr(),
        format!("cofferdam: the command cannot be executed: {errno}\n").as_bytes(),
    );
    std::process::exit(code)
}
