//! Installing seccomp filters.

#![expect(unsafe_code, reason = "the system-call layer")]

use std::os::fd::{FromRawFd, OwnedFd};

use rustix::io::Errno;

/// One instruction of classic BPF, as the kernel takes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub(crate) struct Instruction {
    pub code: u16,
    pub jt: u8,
    pub jf: u8,
    pub k: u32,
}

#[repr(C)]
struct Program {
    len: u16,
    filter: *const Instruction,
}

/// Installs a filter on this thread. Needs no-new-privileges.
pub(crate) fn install_filter(program: &[Instruction]) -> Result<(), Errno> {
    install(program, 0).map(drop)
}

/// Installs a filter whose notifications arrive at the returned descriptor.
///
/// A task that waits for an answer can only be woken by a fatal signal where
/// the kernel knows how (Linux 5.19), so that nothing is performed twice.
pub(crate) fn install_listener(program: &[Instruction]) -> Result<OwnedFd, Errno> {
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let killable = libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let raw = match install(program, listener | killable) {
        Err(Errno::INVAL) => install(program, listener)?,
        other => other?,
    };
    // SAFETY: the kernel returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

fn install(program: &[Instruction], flags: libc::c_ulong) -> Result<i32, Errno> {
    let len = u16::try_from(program.len()).map_err(|_| Errno::TOOBIG)?;
    let program = Program {
        len,
        filter: program.as_ptr(),
    };
    // SAFETY: `program` and the instructions it points at outlive the call, and
    // `Instruction` has the layout of `struct sock_filter`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::c_ulong::from(libc::SECCOMP_SET_MODE_FILTER),
            flags,
            &raw const program,
        )
    };
    if result < 0 {
        Err(super::process::last_errno())
    } else {
        i32::try_from(result).map_err(|_| Errno::BADF)
    }
}
