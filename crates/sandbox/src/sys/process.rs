//! Processes: forking, executing, signals, capabilities, another's memory.

#![expect(unsafe_code, reason = "the system-call layer")]

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

pub(super) fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Which side of a fork this is.
pub(crate) enum Forked {
    Child,
    Parent(Pid),
}

/// Proof that this process had one thread when it was asked. Whoever holds it
/// starts none.
#[derive(Debug)]
pub(crate) struct SingleThread(());

impl SingleThread {
    /// `None` where there are more, or where `/proc` does not tell.
    pub(crate) fn verify() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name in parentheses may hold anything; the fields after it are
        // plain, and the eighteenth of them counts the threads.
        let threads = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(17)?;
        (threads == "1").then_some(Self(()))
    }
}

/// Forks.
pub(crate) fn fork(_proof: &SingleThread) -> Result<Forked, Errno> {
    // SAFETY: there is one thread, so no lock can be held by another and the
    // child may do whatever the parent may.
    match unsafe { libc::fork() } {
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid)
            .filter(|_| pid > 0)
            .map(Forked::Parent)
            .ok_or_else(last_errno),
    }
}

/// Leaves every namespace for a new one of each kind. The caller has one
/// thread, so nothing else shares what is unshared.
pub(crate) fn unshare_all() -> Result<(), Errno> {
    let flags = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    // SAFETY: the descriptor table is not among what is unshared.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Enters a user namespace of its own. The caller has one thread.
pub(crate) fn unshare_user(_proof: &SingleThread) -> Result<(), Errno> {
    // SAFETY: the descriptor table is not what is unshared.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER) }
}

/// Replaces this process's program. Returns only if that fails.
pub(crate) fn exec(program: &CStr, argv: &[CString], env: &[CString]) -> Errno {
    let argv = pointers(argv);
    let env = pointers(env);
    // SAFETY: both arrays end with a null pointer and point at C strings that
    // outlive the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    last_errno()
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr())
        .chain([std::ptr::null()])
        .collect()
}

/// Closes every descriptor from `first` up, except those in `keep`.
pub(crate) fn close_from(first: RawFd, keep: &[RawFd]) -> Result<(), Errno> {
    let mut keep: Vec<u32> = keep
        .iter()
        .filter_map(|fd| u32::try_from(*fd).ok())
        .filter(|fd| i64::from(*fd) >= i64::from(first))
        .collect();
    keep.sort_unstable();
    keep.dedup();
    let mut from = u32::try_from(first).map_err(|_| Errno::BADF)?;
    for fd in keep {
        if from < fd {
            close_range(from, fd - 1)?;
        }
        from = fd + 1;
    }
    close_range(from, u32::MAX)
}

fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    // SAFETY: the caller names the descriptors it keeps; the callers in this
    // crate hold no owner of any other descriptor past this point.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}

/// Makes sure that no program gains a capability by being executed, ever: not
/// even root's.
pub(crate) fn seal_capabilities() -> Result<(), Errno> {
    for capability in 0..64_u64 {
        // SAFETY: plain integers; an unknown capability is answered with EINVAL.
        let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if result < 0 {
            match last_errno() {
                // The first number that this kernel does not know ends the list.
                Errno::INVAL => break,
                errno => return Err(errno),
            }
        }
    }
    // NOROOT and NO_SETUID_FIXUP with their locks, and no raising of ambient ones.
    let bits = libc::SECBIT_NOROOT
        | libc::SECBIT_NOROOT_LOCKED
        | libc::SECBIT_NO_SETUID_FIXUP
        | libc::SECBIT_NO_SETUID_FIXUP_LOCKED
        | libc::SECBIT_NO_CAP_AMBIENT_RAISE
        | libc::SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    // SAFETY: plain integers.
    if unsafe { libc::prctl(libc::PR_SET_SECUREBITS, bits, 0, 0, 0) } < 0 {
        return Err(last_errno());
    }
    Ok(())
}

/// Gives up all capabilities but `keep`.
pub(crate) fn drop_capabilities(keep: CapabilitySet) -> Result<(), Errno> {
    rustix::thread::clear_ambient_capability_set()?;
    let sets = CapabilitySets {
        effective: keep,
        permitted: keep,
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets)
}

/// No signal blocked, and the broken pipe's default action back, which this
/// language's start-up code took away. What else is ignored stays so: that is
/// how `nohup` works.
pub(crate) fn reset_signals() {
    // SAFETY: SIG_DFL is a valid disposition.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    unblock_all();
}

/// No signal blocked. Calls only what may be called between fork and exec.
fn unblock_all() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before it is read.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Has a program that is started without a boundary begin with no signal
/// blocked, whatever this process has blocked for itself.
pub(crate) fn begin_unblocked(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec only functions are called that may be
    // there.
    unsafe {
        command.pre_exec(|| {
            unblock_all();
            Ok(())
        });
    }
}

/// Children that end are not waited for: the kernel forgets them.
pub(crate) fn reap_automatically() {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// Children that end are waited for as they end, so that what they used is
/// counted as this process's.
pub(crate) fn reap_as_they_end() {
    extern "C" fn reap(_: libc::c_int) {
        // SAFETY: waitpid may be called in a handler, and no status is asked
        // for.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
    }
    // SAFETY: zeroed bytes are a valid `sigaction` with an empty mask; the
    // handler lives as long as the program.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = reap as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART | libc::SA_NOCLDSTOP;
        libc::sigaction(libc::SIGCHLD, &raw const action, std::ptr::null_mut());
    }
}

/// A file that would grow too large is an error of the call alone.
pub(crate) fn ignore_file_size_signal() {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Signals that arrive as messages instead of interrupting. Dropping it gives
/// them their old effect back.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: OwnedFd,
    before: libc::sigset_t,
}

/// Takes these signals as messages, in this thread.
pub(crate) fn block_signals(signals: &[i32]) -> Result<Signals, Errno> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set before it is used; `before` is
    // filled by a call that succeeded.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        if libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr()) != 0 {
            return Err(Errno::INVAL);
        }
        let fd = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 {
            return Err(last_errno());
        }
        Ok(Signals {
            fd: OwnedFd::from_raw_fd(fd),
            before: before.assume_init(),
        })
    }
}

impl Signals {
    /// The next signal that has arrived, if any.
    pub(crate) fn next(&self) -> Option<i32> {
        let mut info = [0_u8; size_of::<libc::signalfd_siginfo>()];
        match rustix::io::read(&self.fd, &mut info) {
            Ok(read) if read == info.len() => {
                let number = u32::from_ne_bytes([info[0], info[1], info[2], info[3]]);
                i32::try_from(number).ok()
            }
            _ => None,
        }
    }
}

impl std::os::fd::AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
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

/// Has everything that a descendant leaves behind become a child of this
/// process.
pub(crate) fn adopt_orphans() -> Result<(), Errno> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
}

/// Ends everything that a signal of this process reaches, which a Landlock
/// domain must keep to what it started; waits for it, and says how `command`
/// ended.
pub(crate) fn end_domain(command: Pid) -> crate::Status {
    use rustix::process::{WaitOptions, wait};
    let mut end = crate::Status::Signaled(libc::SIGKILL);
    // SAFETY: plain integers. The kernel holds the list of processes still
    // meanwhile, so that none is made that it does not reach.
    unsafe { libc::kill(-1, libc::SIGKILL) };
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == command => end = status_of(status).unwrap_or(end),
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return end,
        }
    }
}

fn status_of(status: rustix::process::WaitStatus) -> Option<crate::Status> {
    let exited = status.exit_status().map(crate::Status::Exited);
    exited.or_else(|| status.terminating_signal().map(crate::Status::Signaled))
}

/// Waits for a child to end: its exit code, or the signal that ended it.
pub(crate) fn wait_for(pid: Pid) -> Result<crate::Status, Errno> {
    loop {
        match rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                if let Some(status) = status_of(status) {
                    return Ok(status);
                }
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Reads another process's memory; fewer bytes than asked for where the
/// mapping ends.
pub(crate) fn read_memory(tid: i32, address: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: usize::try_from(address).map_err(|_| Errno::FAULT)? as *mut libc::c_void,
        iov_len: buffer.len(),
    };
    // SAFETY: the local vector is our buffer; the remote address is only ever
    // followed in the other process, where the kernel checks it.
    let read = unsafe { libc::process_vm_readv(tid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).map_err(|_| last_errno())
}

/// `connect` with an address as its bytes.
pub(crate) fn connect_raw(socket: BorrowedFd<'_>, address: &[u8]) -> Result<(), Errno> {
    let length = libc::socklen_t::try_from(address.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the kernel copies `length` bytes from a valid slice.
    let result = unsafe { libc::connect(socket.as_raw_fd(), address.as_ptr().cast(), length) };
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}

/// `bind` with an address as its bytes.
pub(crate) fn bind_raw(socket: BorrowedFd<'_>, address: &[u8]) -> Result<(), Errno> {
    let length = libc::socklen_t::try_from(address.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the kernel copies `length` bytes from a valid slice.
    let result = unsafe { libc::bind(socket.as_raw_fd(), address.as_ptr().cast(), length) };
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}

/// A number for the network namespace that a socket lives in, which no other
/// has (Linux 5.14).
pub(crate) fn network_of(socket: BorrowedFd<'_>) -> Result<u64, Errno> {
    const SO_NETNS_COOKIE: libc::c_int = 71;
    let mut cookie = 0_u64;
    let mut length = libc::socklen_t::try_from(size_of::<u64>()).unwrap_or_default();
    // SAFETY: the kernel writes at most `length` bytes to a valid place.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(cookie)
    }
}

/// Brings up the loopback interface of this network namespace.
pub(crate) fn bring_up_loopback() -> Result<(), Errno> {
    let socket = rustix::net::socket_with(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )?;
    // SAFETY: zeroed bytes are a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = c_char::try_from(*from).unwrap_or_default();
    }
    request.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or_default();
    // SAFETY: the request is a valid `ifreq` with a terminated name.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}
