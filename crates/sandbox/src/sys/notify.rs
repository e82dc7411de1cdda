//! The listener of seccomp user notification: receive, answer, inject.

#![expect(unsafe_code, reason = "the system-call layer")]

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use super::process::last_errno;

/// A system call that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notification {
    /// Identifies the waiting call.
    pub id: u64,
    /// The thread that waits, in this process's pid namespace.
    pub tid: i32,
    /// The number of the system call.
    pub number: i64,
    /// Its arguments.
    pub args: [u64; 6],
}

/// The supervising end of a notify filter.
pub(crate) struct Notifier(OwnedFd);

// From <linux/seccomp.h>: _IOWR('!', 0, 80), _IOWR('!', 1, 24), _IOW('!', 2, 8), _IOW('!', 3, 24).
const RECV: libc::c_ulong = 0xc050_2100;
const SEND: libc::c_ulong = 0xc018_2101;
const ID_VALID: libc::c_ulong = 0x4008_2102;
const ADDFD: libc::c_ulong = 0x4018_2103;

const SET_FLAGS: libc::c_ulong = 0x4008_2104;
const SYNC_WAKE_UP: libc::c_ulong = 1;

const FLAG_CONTINUE: u32 = 1;

#[repr(C)]
struct Response {
    id: u64,
    val: i64,
    error: i32,
    flags: u32,
}

#[repr(C)]
struct AddFd {
    id: u64,
    flags: u32,
    srcfd: u32,
    newfd: u32,
    newfd_flags: u32,
}

impl Notifier {
    pub(crate) fn new(listener: OwnedFd) -> Self {
        // The caller waits while the broker works and the other way round, so
        // both do best on one processor. A kernel that does not know this
        // (before 6.6) refuses, and nothing but speed is lost.
        // SAFETY: the argument is a plain number.
        unsafe { libc::ioctl(listener.as_raw_fd(), SET_FLAGS, SYNC_WAKE_UP) };
        Self(listener)
    }

    /// The next waiting call; `None` if it went away meanwhile.
    pub(crate) fn receive(&self) -> Result<Option<Notification>, Errno> {
        let mut raw = MaybeUninit::<libc::seccomp_notif>::zeroed();
        // SAFETY: the buffer is zeroed, as the kernel demands, and as large as
        // the request number says.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), RECV, raw.as_mut_ptr()) };
        if result < 0 {
            return match last_errno() {
                Errno::NOENT | Errno::INTR => Ok(None),
                errno => Err(errno),
            };
        }
        // SAFETY: zeroed bytes are a valid value, and the kernel has filled it.
        let raw = unsafe { raw.assume_init() };
        Ok(Some(Notification {
            id: raw.id,
            tid: i32::try_from(raw.pid).unwrap_or(0),
            number: i64::from(raw.data.nr),
            args: raw.data.args,
        }))
    }

    /// Whether the call still waits. What was read of the caller's memory or
    /// `/proc` entry counts only if it does: the thread's id may be another's.
    pub(crate) fn still_waits(&self, id: u64) -> bool {
        // SAFETY: the kernel reads eight bytes from a valid reference.
        unsafe { libc::ioctl(self.0.as_raw_fd(), ID_VALID, &raw const id) == 0 }
    }

    /// Answers with a result of the call, or an error. That the call has gone
    /// away is no error of ours.
    pub(crate) fn answer(&self, id: u64, result: Result<i64, Errno>) -> Result<(), Errno> {
        let (val, error) = match result {
            Ok(val) => (val, 0),
            Err(errno) => (0, -errno.raw_os_error()),
        };
        let response = Response {
            id,
            val,
            error,
            flags: 0,
        };
        // SAFETY: the layout is that of `struct seccomp_notif_resp`, and the
        // reference is valid.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), SEND, &raw const response) };
        gone_is_fine(result)
    }

    /// Lets the call go on as if nobody had looked at it. Only for calls whose
    /// arguments are numbers, and for watching trusted commands: what the kernel then reads from the caller's memory
    /// need not be what was read here, so that no refusal may rest on it.
    pub(crate) fn let_go_on(&self, id: u64) -> Result<(), Errno> {
        let response = Response {
            id,
            val: 0,
            error: 0,
            flags: FLAG_CONTINUE,
        };
        // SAFETY: the layout is that of `struct seccomp_notif_resp`, and the
        // reference is valid.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), SEND, &raw const response) };
        gone_is_fine(result)
    }

    /// Puts a descriptor into the caller and answers with its number; or with
    /// the caller's own error, such as a full descriptor table.
    ///
    /// In two steps, with ours closed in between: a caller that goes on while
    /// it is still open here would find a pipe that does not end, a lock that
    /// is not free, a program that is still being written.
    pub(crate) fn inject(&self, id: u64, fd: OwnedFd, cloexec: bool) -> Result<(), Errno> {
        let srcfd = u32::try_from(fd.as_raw_fd()).map_err(|_| Errno::BADF)?;
        let newfd_flags = if cloexec {
            libc::O_CLOEXEC.unsigned_abs()
        } else {
            0
        };
        let request = AddFd {
            id,
            flags: 0,
            srcfd,
            newfd: 0,
            newfd_flags,
        };
        // SAFETY: the layout is that of `struct seccomp_notif_addfd`, and the
        // reference is valid.
        let number = unsafe { libc::ioctl(self.0.as_raw_fd(), ADDFD, &raw const request) };
        let result = if number < 0 {
            Err(last_errno())
        } else {
            Ok(i64::from(number))
        };
        drop(fd);
        self.answer(id, result)
    }
}

impl AsFd for Notifier {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn gone_is_fine(result: i32) -> Result<(), Errno> {
    if result >= 0 {
        return Ok(());
    }
    match last_errno() {
        Errno::NOENT => Ok(()),
        errno => Err(errno),
    }
}
