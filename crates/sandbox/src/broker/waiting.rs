//! Calls whose answer has to wait for somebody else: a connection that is not
//! accepted yet, a named pipe that nobody reads yet. They must not hold the
//! door, and the helper cannot have threads: it has left its pid namespace for
//! its children, and the kernel then refuses to make any.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::sys::Notifier;

/// How often a pipe is tried again.
pub(super) const AGAIN: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};

/// One waiting call.
pub(super) struct Waiting {
    pub id: u64,
    pub on: WaitsFor,
}

pub(crate) enum WaitsFor {
    /// Somebody outside, who tells by the road.
    Road,
    /// A connection that was begun on this socket.
    Connection(OwnedFd),
    /// A reader of this pipe, to open it with these flags.
    Reader { pipe: OwnedFd, flags: OFlags },
    /// Something to read from this pipe, or its end.
    Writer { pipe: OwnedFd, cloexec: bool },
}

impl Waiting {
    /// Answers if the answer is known now, or if nobody waits for it any more.
    /// False: it has to wait on.
    pub(super) fn try_answer(
        &self,
        notifier: &Notifier,
        host_proc: BorrowedFd<'_>,
    ) -> Result<bool, Errno> {
        if !notifier.still_waits(self.id) {
            return Ok(true);
        }
        match &self.on {
            WaitsFor::Road => return Ok(false),
            WaitsFor::Connection(socket) => match connection_result(socket) {
                None => return Ok(false),
                Some(result) => notifier.answer(self.id, result.map(|()| 0))?,
            },
            WaitsFor::Writer { pipe, cloexec } => {
                if !is_readable(pipe)? {
                    return Ok(false);
                }
                let flags = rustix::fs::fcntl_getfl(pipe)?;
                rustix::fs::fcntl_setfl(pipe, flags.difference(OFlags::NONBLOCK))?;
                let copy = rustix::io::fcntl_dupfd_cloexec(pipe, 3)?;
                notifier.inject(self.id, copy, *cloexec)?;
            }
            WaitsFor::Reader { pipe, flags } => match open_pipe(host_proc, pipe, *flags) {
                Err(Errno::NXIO) => return Ok(false),
                Err(errno) => notifier.answer(self.id, Err(errno))?,
                Ok(fd) => {
                    notifier.inject(self.id, fd, flags.contains(OFlags::CLOEXEC))?;
                }
            },
        }
        Ok(true)
    }
}

/// How a connection that was begun has ended; `None` if it has not, yet.
pub(super) fn connection_result(socket: &OwnedFd) -> Option<Result<(), Errno>> {
    let mut fds = [PollFd::new(socket, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match rustix::event::poll(&mut fds, Some(&now)) {
        Ok(0) | Err(Errno::INTR) => None,
        Ok(_) => Some(rustix::net::sockopt::socket_error(socket).and_then(|result| result)),
        Err(errno) => Some(Err(errno)),
    }
}

/// Whether there is something to read, or nobody is left to write.
fn is_readable(pipe: &OwnedFd) -> Result<bool, Errno> {
    let mut fds = [PollFd::new(pipe, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    Ok(rustix::event::poll(&mut fds, Some(&now))? > 0)
}

/// Opens a pipe that is held by descriptor, without waiting for its other end.
pub(super) fn open_pipe(
    host_proc: BorrowedFd<'_>,
    pipe: &OwnedFd,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let entry = format!("self/fd/{}", pipe.as_raw_fd());
    let plain = flags.difference(OFlags::CREATE | OFlags::NOFOLLOW) | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(host_proc, entry, plain | OFlags::NONBLOCK, Mode::empty())?;
    if !flags.contains(OFlags::NONBLOCK) {
        rustix::fs::fcntl_setfl(&fd, plain.difference(OFlags::NONBLOCK))?;
    }
    Ok(fd)
}
