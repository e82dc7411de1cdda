//! The system-call layer of macOS: what `rustix` does not offer safely there.

#![expect(unsafe_code, reason = "the system-call layer")]

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;

use dam_policy::Limits;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit};

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Has a program begin in a session of its own without a terminal, with no
/// signal blocked, no descriptor but its standard streams, and these limits.
pub(crate) fn begin_apart(command: &mut Command, limits: Limits) {
    // SAFETY: between fork and exec only functions are called that may be
    // there: system calls, and reading plain values.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            restrict(&limits)?;
            keep_standard_streams()?;
            unblock_all();
            Ok(())
        });
    }
}

/// Has a program begin with no signal blocked.
pub(crate) fn begin_unblocked(command: &mut Command) {
    // SAFETY: as above.
    unsafe {
        command.pre_exec(|| {
            unblock_all();
            Ok(())
        });
    }
}

fn restrict(limits: &Limits) -> Result<(), Errno> {
    lower(Resource::Core, Some(0))?;
    lower(Resource::Cpu, limits.cpu_time)?;
    lower(Resource::Fsize, limits.file_size)?;
    lower(Resource::Nofile, limits.open_files)
}

fn lower(resource: Resource, value: Option<u64>) -> Result<(), Errno> {
    let Some(value) = value else { return Ok(()) };
    let now = rustix::process::getrlimit(resource);
    let least = |now: Option<u64>| Some(now.map_or(value, |now| now.min(value)));
    let limit = Rlimit {
        current: least(now.current),
        maximum: least(now.maximum),
    };
    rustix::process::setrlimit(resource, limit)
}

/// Everything else is closed when the program is executed.
fn keep_standard_streams() -> Result<(), Errno> {
    // SAFETY: takes nothing.
    let most = unsafe { libc::getdtablesize() };
    for fd in 3..most {
        // SAFETY: plain integers; a number that is no descriptor is answered
        // with EBADF.
        let result = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        if result < 0 {
            match last_errno() {
                Errno::BADF => {}
                errno => return Err(errno),
            }
        }
    }
    Ok(())
}

fn unblock_all() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before it is read.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Signals that wait to be taken instead of interrupting. Dropping it gives
/// them their old effect back.
#[derive(Debug)]
pub(crate) struct Signals {
    wanted: &'static [i32],
    before: libc::sigset_t,
}

/// Lets these signals wait, in this thread.
pub(crate) fn block_signals(wanted: &'static [i32]) -> Result<Signals, Errno> {
    let set = set_of(wanted);
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `before` is filled by a call that succeeded.
    unsafe {
        if libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, before.as_mut_ptr()) != 0 {
            return Err(Errno::INVAL);
        }
        Ok(Signals {
            wanted,
            before: before.assume_init(),
        })
    }
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before it is used.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        set.assume_init()
    }
}

impl Signals {
    /// The next signal that waits, if any.
    pub(crate) fn next(&self) -> Option<i32> {
        let mut pending = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: the set is filled by a call that succeeded.
        let pending = unsafe {
            if libc::sigpending(pending.as_mut_ptr()) != 0 {
                return None;
            }
            pending.assume_init()
        };
        // SAFETY: the set is initialised.
        let waits = |signal: &&i32| unsafe { libc::sigismember(&raw const pending, **signal) } == 1;
        let signal = *self.wanted.iter().find(waits)?;
        let set = set_of(&[signal]);
        let mut taken = 0;
        // SAFETY: the signal is blocked and waits, so that it is taken at once.
        let result = unsafe { libc::sigwait(&raw const set, &raw mut taken) };
        (result == 0).then_some(taken)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by the kernel.
        unsafe {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.before,
                std::ptr::null_mut(),
            )
        };
    }
}

/// Tells of the end of a child, of signals, and of a time that is up.
pub(crate) struct Waiting(OwnedFd);

/// What was waited for.
pub(crate) enum Event {
    /// The child has ended, and is still to be waited for.
    Ended,
    /// A signal may wait.
    Signal,
    /// The time is up.
    TimeUp,
}

impl Waiting {
    pub(crate) fn new(child: Pid, signals: Option<&Signals>) -> Result<Self, Errno> {
        // SAFETY: takes nothing.
        let fd = unsafe { libc::kqueue() };
        if fd < 0 {
            return Err(last_errno());
        }
        // SAFETY: the descriptor is new and ours.
        let queue = Self(unsafe { OwnedFd::from_raw_fd(fd) });
        rustix::io::fcntl_setfd(&queue.0, rustix::io::FdFlags::CLOEXEC)?;
        for signal in signals.map_or(&[][..], |signals| signals.wanted) {
            queue.add(
                usize::try_from(*signal).unwrap_or(0),
                libc::EVFILT_SIGNAL,
                0,
            )?;
        }
        let pid = usize::try_from(child.as_raw_pid()).map_err(|_| Errno::SRCH)?;
        queue.add(pid, libc::EVFILT_PROC, libc::NOTE_EXIT)?;
        Ok(queue)
    }

    fn add(&self, ident: usize, filter: i16, flags: u32) -> Result<(), Errno> {
        let change = event(ident, filter, flags);
        // SAFETY: one valid change, no room for events, no time-out.
        let result = unsafe {
            libc::kevent(
                self.0.as_raw_fd(),
                &raw const change,
                1,
                std::ptr::null_mut(),
                0,
                std::ptr::null(),
            )
        };
        if result < 0 {
            Err(last_errno())
        } else {
            Ok(())
        }
    }

    /// Waits for the next event, until `deadline` if there is one.
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Result<Event, Errno> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let left = left.map(|left| libc::timespec {
                tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
                tv_nsec: libc::c_long::from(left.subsec_nanos().cast_signed()),
            });
            let mut found = event(0, 0, 0);
            // SAFETY: room for one event; the time-out, if any, outlives the
            // call.
            let result = unsafe {
                libc::kevent(
                    self.0.as_raw_fd(),
                    std::ptr::null(),
                    0,
                    &raw mut found,
                    1,
                    left.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
                )
            };
            match result {
                0 => return Ok(Event::TimeUp),
                1.. if found.filter == libc::EVFILT_PROC => return Ok(Event::Ended),
                1.. => return Ok(Event::Signal),
                _ => match last_errno() {
                    Errno::INTR => {}
                    errno => return Err(errno),
                },
            }
        }
    }
}

fn event(ident: usize, filter: i16, fflags: u32) -> libc::kevent {
    libc::kevent {
        ident,
        filter,
        flags: libc::EV_ADD,
        fflags,
        data: 0,
        udata: std::ptr::null_mut(),
    }
}
