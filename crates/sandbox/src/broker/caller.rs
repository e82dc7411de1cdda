//! What the broker knows of the process that waits at the door.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use crate::sys::{self, Notification, Notifier};
use crate::tier::Tier;

const PAGE: u64 = 4096;
const LONGEST_PATH: usize = 4096;
/// What is read of a file under `/proc`: enough for a status with a thousand
/// groups. Where it is not, what is looked for is not found, and the call fails.
const LONGEST_ENTRY: usize = 16 * 1024;
const LONGEST_ADDRESS: usize = 128;
/// How much of a command line is worth telling.
const LONGEST_COMMAND_LINE: usize = 400;

pub(super) struct Caller<'a> {
    notifier: &'a Notifier,
    host_proc: &'a OwnedFd,
    memo: &'a Memo,
    pub tier: Tier,
    pub call: &'a Notification,
}

/// What is remembered of callers for a moment, because to read it again takes
/// longer than most calls that need it.
#[derive(Debug, Default)]
pub(super) struct Memo {
    standings: RefCell<Vec<(i32, Instant, Standing)>>,
    /// Each by the thread that it is of.
    pidfds: RefCell<Vec<(i32, Instant, OwnedFd)>>,
    /// Where directories are, by their numbers. Whatever is moved or removed
    /// from inside goes through this door, and is forgotten here.
    directories: RefCell<Vec<(DirectoryId, Instant, PathBuf)>>,
    /// When a umask was changed last: what is read shortly after may still be
    /// what it was before.
    changed: Cell<Option<Instant>>,
}

/// A directory: its mount, its file system and its number there.
type DirectoryId = (u64, u32, u32, u64);

/// How long something is remembered: much shorter than it takes until the
/// number of a thread is given to another.
const MOMENT: Duration = Duration::from_millis(20);
const MOST_REMEMBERED: usize = 32;

impl Memo {
    /// A caller is about to change its umask.
    pub(super) fn umask_changes(&self) {
        self.changed.set(Some(Instant::now()));
        self.standings.borrow_mut().clear();
    }

    /// A directory may be elsewhere now, or its number another's.
    pub(super) fn places_change(&self) {
        self.directories.borrow_mut().clear();
    }

    /// Copies one of a thread's descriptors by its remembered pidfd. Of the
    /// thread itself: it may have descriptors of its own.
    fn copy_descriptor(&self, tid: i32, fd: i32) -> Result<OwnedFd, Errno> {
        const THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::O_EXCL.cast_unsigned());
        let mut pidfds = self.pidfds.borrow_mut();
        let is_kept =
            |(of, when, _): &(i32, Instant, OwnedFd)| *of == tid && when.elapsed() < MOMENT;
        if !pidfds.iter().any(is_kept) {
            let thread = Pid::from_raw(tid).ok_or(Errno::SRCH)?;
            let pidfd = rustix::process::pidfd_open(thread, THREAD)?;
            pidfds.retain(|(of, when, _)| *of != tid && when.elapsed() < MOMENT);
            pidfds.truncate(MOST_REMEMBERED);
            pidfds.push((tid, Instant::now(), pidfd));
        }
        let (.., pidfd) = pidfds
            .iter()
            .find(|kept| is_kept(kept))
            .ok_or(Errno::SRCH)?;
        rustix::process::pidfd_getfd(pidfd, fd, PidfdGetfdFlags::empty())
    }

    fn recall(&self, tid: i32) -> Option<Standing> {
        let standings = self.standings.borrow();
        let (_, when, standing) = standings.iter().find(|(of, ..)| *of == tid)?;
        (when.elapsed() < MOMENT).then_some(*standing)
    }

    fn remember(&self, tid: i32, standing: Standing) {
        if self
            .changed
            .get()
            .is_some_and(|when| when.elapsed() < MOMENT)
        {
            return;
        }
        let mut standings = self.standings.borrow_mut();
        standings.retain(|(of, when, _)| *of != tid && when.elapsed() < MOMENT);
        if standings.len() < MOST_REMEMBERED {
            standings.push((tid, Instant::now(), standing));
        }
    }
}

/// What `/proc/TID/status` says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// The mode bits that new files lose.
    pub umask: Mode,
    /// The process, in the broker's pid namespace.
    pub process: i32,
    /// The process, in its own pid namespace.
    pub inside: i32,
}

impl<'a> Caller<'a> {
    pub(super) fn new(
        notifier: &'a Notifier,
        host_proc: &'a OwnedFd,
        memo: &'a Memo,
        tier: Tier,
        call: &'a Notification,
    ) -> Self {
        Self {
            notifier,
            host_proc,
            memo,
            tier,
            call,
        }
    }

    pub(super) fn host_proc(&self) -> BorrowedFd<'_> {
        self.host_proc.as_fd()
    }

    /// An argument as a flag word: the low 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the kernel reads no more of it"
    )]
    pub(super) fn word(&self, index: usize) -> u32 {
        self.call.args[index] as u32
    }

    /// Everything read about the caller counts only if it still waits: its
    /// number may have become another's.
    pub(super) fn verified<T>(&self, value: T) -> Result<T, Errno> {
        if self.notifier.still_waits(self.call.id) {
            Ok(value)
        } else {
            Err(Errno::INTR)
        }
    }

    /// The path that an argument points at.
    pub(super) fn path(&self, index: usize) -> Result<Vec<u8>, Errno> {
        let path = self.unverified_path(index)?;
        self.verified(path)
    }

    /// The same for whoever reads more of the caller, and has that verified:
    /// a call that still waits then has waited all the time.
    pub(super) fn unverified_path(&self, index: usize) -> Result<Vec<u8>, Errno> {
        let mut address = self.call.args[index];
        let mut path = Vec::new();
        while path.len() < LONGEST_PATH {
            // Never across a page that may not be mapped.
            let here = usize::try_from(PAGE - address % PAGE).map_err(|_| Errno::FAULT)?;
            let mut buffer = vec![0; here.min(LONGEST_PATH - path.len())];
            let read = sys::read_memory(self.call.tid, address, &mut buffer)?;
            if read == 0 {
                return Err(Errno::FAULT);
            }
            if let Some(end) = buffer[..read].iter().position(|byte| *byte == 0) {
                path.extend_from_slice(&buffer[..end]);
                return Ok(path);
            }
            path.extend_from_slice(&buffer[..read]);
            address = address.checked_add(read as u64).ok_or(Errno::FAULT)?;
        }
        Err(Errno::NAMETOOLONG)
    }

    /// The socket address that two arguments describe.
    pub(super) fn address(&self, at: usize, length: usize) -> Result<Vec<u8>, Errno> {
        let length = usize::try_from(self.word(length)).map_err(|_| Errno::INVAL)?;
        if !(2..=LONGEST_ADDRESS).contains(&length) {
            return Err(Errno::INVAL);
        }
        self.memory(at, length)
    }

    /// As many bytes as asked for of what an argument points at.
    pub(super) fn memory(&self, index: usize, length: usize) -> Result<Vec<u8>, Errno> {
        let mut buffer = vec![0; length];
        let address = self.call.args[index];
        if length > 0 && sys::read_memory(self.call.tid, address, &mut buffer)? != length {
            return Err(Errno::FAULT);
        }
        self.verified(buffer)
    }

    /// The directory that a path argument is relative to.
    pub(super) fn directory(&self, fd: u32) -> Result<OwnedFd, Errno> {
        let tid = self.call.tid;
        #[expect(clippy::cast_possible_wrap, reason = "a descriptor is a signed word")]
        let name = match fd as i32 {
            libc::AT_FDCWD => format!("{tid}/cwd"),
            fd if fd >= 0 => format!("{tid}/fd/{fd}"),
            _ => return Err(Errno::BADF),
        };
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(self.host_proc, name, flags, Mode::empty());
        self.verified(opened.map_err(|errno| {
            if errno == Errno::NOENT {
                Errno::BADF
            } else {
                errno
            }
        })?)
    }

    /// The same, to be let go before the call is answered: a copy of the
    /// caller's own descriptor, which is had faster.
    pub(super) fn base(&self, fd: u32) -> Result<OwnedFd, Errno> {
        let copy = i32::try_from(fd).map_err(|_| Errno::BADF);
        match copy.and_then(|fd| self.memo.copy_descriptor(self.call.tid, fd)) {
            Ok(copy) => self.verified(copy),
            Err(_) => self.directory(fd),
        }
    }

    /// A copy of one of the caller's descriptors, sharing its state.
    pub(super) fn descriptor(&self, fd: u32) -> Result<OwnedFd, Errno> {
        let process = Pid::from_raw(self.standing()?.process).ok_or(Errno::SRCH)?;
        let pidfd = rustix::process::pidfd_open(process, PidfdFlags::empty())?;
        let fd = i32::try_from(fd).map_err(|_| Errno::BADF)?;
        let copy = rustix::process::pidfd_getfd(pidfd, fd, PidfdGetfdFlags::empty())?;
        self.verified(copy)
    }

    pub(super) fn standing(&self) -> Result<Standing, Errno> {
        if let Some(standing) = self.memo.recall(self.call.tid) {
            return Ok(standing);
        }
        let standing = self.read_standing()?;
        self.memo.remember(self.call.tid, standing);
        Ok(standing)
    }

    fn read_standing(&self) -> Result<Standing, Errno> {
        let status = self.read(&format!("{}/status", self.call.tid))?;
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim)
        };
        let umask = field("Umask:").and_then(|text| u32::from_str_radix(text, 8).ok());
        let process = field("Tgid:").and_then(|text| text.parse().ok());
        let inside = field("NStgid:")
            .and_then(|text| text.split_ascii_whitespace().next_back()?.parse().ok());
        match (umask, process, inside) {
            (Some(umask), Some(process), Some(inside)) => self.verified(Standing {
                umask: Mode::from_raw_mode(umask),
                process,
                inside,
            }),
            _ => Err(Errno::SRCH),
        }
    }

    /// The device number of the terminal that controls the caller's session.
    pub(super) fn terminal(&self) -> Result<u64, Errno> {
        let stat = self.read(&format!("{}/stat", self.call.tid))?;
        let stat = String::from_utf8_lossy(&stat);
        // After the name, which is in parentheses and may hold anything: the
        // state, the parent, the group, the session, the terminal.
        let field = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(4));
        let number = field.and_then(|text| text.parse::<u32>().ok());
        match self.verified(number)? {
            None | Some(0) => Err(Errno::NXIO),
            Some(number) => {
                let minor = (number & 0xff) | ((number >> 12) & 0xf_ff00);
                Ok(rustix::fs::makedev((number >> 8) & 0xfff, minor))
            }
        }
    }

    /// The command line, shortened and on one line.
    pub(super) fn command_line(&self) -> String {
        let raw = self
            .read(&format!("{}/cmdline", self.call.tid))
            .unwrap_or_default();
        let words = raw.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let text = words
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join(" ");
        text.chars().take(LONGEST_COMMAND_LINE).collect()
    }

    /// Where a descriptor of the broker's own points, in the box's view.
    pub(super) fn path_of(&self, fd: &impl AsFd) -> Result<PathBuf, Errno> {
        let name = format!("self/fd/{}", fd.as_fd().as_raw_fd());
        let target = rustix::fs::readlinkat(self.host_proc, name, Vec::new())?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// The same for a directory, remembered for a moment.
    pub(super) fn path_of_directory(&self, fd: &impl AsFd) -> Result<PathBuf, Errno> {
        let Some(id) = directory_id(fd) else {
            return self.path_of(fd);
        };
        let mut directories = self.memo.directories.borrow_mut();
        let known = directories
            .iter()
            .find(|(of, when, _)| *of == id && when.elapsed() < MOMENT);
        if let Some((.., path)) = known {
            return Ok(path.clone());
        }
        let path = self.path_of(fd)?;
        directories.retain(|(of, when, _)| *of != id && when.elapsed() < MOMENT);
        directories.truncate(MOST_REMEMBERED);
        directories.push((id, Instant::now(), path.clone()));
        Ok(path)
    }

    /// The beginning of a file under `/proc`, in one call: what is looked for
    /// stands there, and each further call would be paid for by every create.
    fn read(&self, name: &str) -> Result<Vec<u8>, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(self.host_proc, name, flags, Mode::empty())?;
        let mut bytes = vec![0; LONGEST_ENTRY];
        let read = rustix::io::read(&file, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// `None` where the kernel does not tell mounts apart (before 5.8).
fn directory_id(fd: &impl AsFd) -> Option<DirectoryId> {
    let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
    let found = rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH, wanted).ok()?;
    (found.stx_mask & wanted.bits() == wanted.bits()).then_some((
        found.stx_mnt_id,
        found.stx_dev_major,
        found.stx_dev_minor,
        found.stx_ino,
    ))
}
