//! A command that runs: followed to its end, signalled, killed.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::command::cannot_execute;
use crate::error::{SandboxError, system};
use crate::follow::{Answering, Follower, Telling, follow};
use crate::report::{Line, Report, Request, Stage};
use crate::road::Road;
use crate::sys::{self, Signals};
use crate::{Denial, Outcome, Status};

/// The helper's process.
#[derive(Debug)]
pub(crate) enum Helper {
    Forked(Pid),
    Executed(Child),
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
    pub(crate) held: Held,
    pub(crate) signals: Option<Signals>,
    pub(crate) road: Option<Road>,
    pub(crate) ended: Arc<AtomicBool>,
}

/// What holds it.
#[derive(Debug)]
pub(crate) enum Held {
    Boxed {
        line: Line,
        helper: Option<Helper>,
        answering: Option<Answering>,
    },
    Open {
        child: Child,
    },
}

impl Running {
    pub(crate) fn begin(
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
            // Nothing else is said first.
            Some(_) | None => Err(SandboxError::Lost),
        }
    }

    /// The way out, where its profile has a network. It is had once; whoever
    /// has it serves what arrives, or drops it, and then nothing goes out.
    pub const fn road(&mut self) -> Option<Road> {
        self.road.take()
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
        self.wait_following(&mut Telling(on_denial))
    }

    /// As [`Self::wait`]; each refusal is shown as it happens, and what may be
    /// asked about is asked.
    pub fn wait_following(&mut self, follower: &mut dyn Follower) -> Result<Outcome, SandboxError> {
        let signals = self.signals.as_ref();
        let outcome = match &mut self.held {
            Held::Boxed {
                line, answering, ..
            } => {
                let outcome = follow(line, signals, answering.as_ref(), follower);
                self.finish();
                outcome?
            }
            Held::Open { child } => Outcome {
                status: wait_open(child, signals)?,
                denials: Vec::new(),
                unreported: 0,
                limit: None,
            },
        };
        self.ended.store(true, Ordering::Release);
        Ok(outcome)
    }

    /// Ends what is left of a box and forgets its helper.
    fn finish(&mut self) {
        if let Held::Boxed { line, helper, .. } = &mut self.held {
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

/// The command's process group is stopped as long as this lives.
#[derive(Debug)]
pub struct Paused(Option<Arc<Line>>);

impl Drop for Paused {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            // Whoever does not hear it has ended.
            let _ = line.send(&Request::Signal(libc::SIGCONT), true);
        }
    }
}

impl Killer {
    /// Stops the command's process group, because somebody is asked at the
    /// terminal that it may read from, until what this gives is dropped.
    pub fn pause(&self) -> Paused {
        match &self.target {
            Target::Boxed(line) => {
                let stop = Request::Signal(libc::SIGSTOP);
                let stopped = line.send(&stop, false).is_ok();
                Paused(stopped.then(|| Arc::clone(line)))
            }
            Target::Open(_) => Paused(None),
        }
    }

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

/// Waits until there is something to read, passing on signals meanwhile.
pub(crate) fn wait_readable(
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
