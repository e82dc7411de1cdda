//! `mount_setattr`, which `rustix` does not have.

#![expect(unsafe_code, reason = "the system-call layer")]

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;

use super::process::last_errno;

/// What to set on every mount of a tree.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent flags of one call"
)]
pub(crate) struct Attributes {
    pub read_only: bool,
    /// Cut off from what is mounted elsewhere, both ways.
    pub private: bool,
    pub no_devices: bool,
    pub no_exec: bool,
}

/// Sets attributes on a mount and everything mounted below it. Set-user-id
/// programs are always off.
pub(crate) fn set_attributes(tree: BorrowedFd<'_>, attributes: Attributes) -> Result<(), Errno> {
    let mut set = libc::MOUNT_ATTR_NOSUID;
    for (wanted, flag) in [
        (attributes.read_only, libc::MOUNT_ATTR_RDONLY),
        (attributes.no_devices, libc::MOUNT_ATTR_NODEV),
        (attributes.no_exec, libc::MOUNT_ATTR_NOEXEC),
    ] {
        if wanted {
            set |= flag;
        }
    }
    let raw = libc::mount_attr {
        attr_set: set,
        attr_clr: 0,
        propagation: if attributes.private {
            libc::MS_PRIVATE
        } else {
            0
        },
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: the path is an empty C string, and the structure has the size
    // that is passed with it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const raw,
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 {
        Err(last_errno())
    } else {
        Ok(())
    }
}
