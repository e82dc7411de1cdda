//! A copy-on-write layer over a writable place: the kernel's overlayfs, mounted
//! with the rights of the box's own user namespace.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use super::{Result, WallError, on, open_path};
use crate::transaction::TransactionDirs;

/// Mounts the layer of `root`, not yet hung anywhere.
pub(super) fn mount(dirs: &TransactionDirs, root: &Path) -> Result<OwnedFd> {
    let what = format!("a copy-on-write layer over {}", root.display());
    let Some(layer) = dirs.layers.iter().find(|layer| layer.root == root) else {
        // A place without a layer would be written for real.
        return Err(WallError {
            errno: Errno::NOENT,
            what,
        });
    };
    let make = || {
        let lower = open_path(root)?;
        let upper = open_path(&dirs.upper(layer))?;
        let work = open_path(&dirs.work(layer))?;
        let context = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_set_string(&context, "source", "transaction")?;
        // Only what a user may mark files with is at hand in here.
        rustix::mount::fsconfig_set_flag(&context, "userxattr")?;
        // A file keeps its number when it is copied up, where that can be had.
        rustix::mount::fsconfig_set_string(&context, "xino", "auto")?;
        rustix::mount::fsconfig_set_string(&context, "index", "off")?;
        for (key, fd) in [
            ("lowerdir", &lower),
            ("upperdir", &upper),
            ("workdir", &work),
        ] {
            // By descriptor, so that no path is looked up twice; every kernel
            // that has overlayfs in user namespaces understands this form.
            let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
            rustix::mount::fsconfig_set_string(&context, key, path)?;
        }
        rustix::mount::fsconfig_create(&context)?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    on(what, make())
}
