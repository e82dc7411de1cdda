//! Namespaces, mounts and other roots: another view, in which the rules might
//! not hold. What needs a mount is first given a mount namespace of its own,
//! so that outside nothing of the host's is touched either.

use std::io;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{FsOpenFlags, OpenTreeFlags, UnmountFlags, mount_bind, open_tree, unmount};
use rustix::thread::UnshareFlags;

use super::{Attempt, Taken, attempt, done, write_new};

pub const ATTEMPTS: &[Attempt] = &[
    attempt("user", "make a user namespace", |_| {
        done(unshare(UnshareFlags::NEWUSER))
    }),
    attempt("mounts", "make a mount namespace", |_| {
        done(unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS))
    }),
    attempt("network", "make a network namespace", |_| {
        done(unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET))
    }),
    attempt("names", "make a namespace for the host's name", |_| {
        done(unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWUTS))
    }),
    attempt("ipc", "make a namespace for shared memory", |_| {
        done(unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWIPC))
    }),
    attempt("bare-mounts", "make a mount namespace and no other", |_| {
        done(unshare(UnshareFlags::NEWNS))
    }),
    attempt("bind", "lay a directory outside over the workspace", |t| {
        unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
        mount_bind(t.out(""), t.workspace("empty"))?;
        write_new(t.workspace("empty/new"))
    }),
    attempt("clone-mount", "copy a mount and write through it", |t| {
        unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE;
        let tree = open_tree(CWD, t.out(""), flags)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o644);
        let file = rustix::fs::openat(tree, "new", flags, mode)?;
        rustix::io::write(file, super::PAYLOAD)?;
        Ok(Taken::Nothing)
    }),
    attempt("new-filesystem", "open a file system to mount", |_| {
        // Where it may not, the attempt after it may still: that call has a
        // check of its own.
        let _alone = unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS);
        let flags = FsOpenFlags::FSOPEN_CLOEXEC;
        Ok(Taken::Held(rustix::mount::fsopen("tmpfs", flags)?))
    }),
    attempt("unmount", "take a mount away", |_| {
        unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
        done(unmount("/proc", UnmountFlags::DETACH))
    }),
    attempt("change-root", "change its root", |t| {
        // Only an ordinary user needs it for that.
        let _alone = unshare(UnshareFlags::NEWUSER);
        done(rustix::process::chroot(t.out("")))
    }),
];

fn unshare(flags: UnshareFlags) -> io::Result<()> {
    #[expect(
        deprecated,
        reason = "the call is unsound with `FILES` only, which is not used here"
    )]
    let result = rustix::thread::unshare(flags);
    Ok(result?)
}
