//! Changing something outside the granted places, by each call that there is.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, ResolveFlags, Timespec, Timestamps,
    XattrFlags,
};

use super::{Attempt, Taken, append, attempt, below, done, leave, write_new};

pub const ATTEMPTS: &[Attempt] = &[
    attempt("create-file", "make a file outside", |t| {
        write_new(t.out("new"))
    }),
    attempt("append-file", "append to a file outside", |t| {
        append(t.out("file"))
    }),
    attempt("truncate-file", "empty a file outside", |t| {
        leave(File::options().write(true).truncate(true), t.out("file"))
    }),
    attempt("remove-file", "remove a file outside", |t| {
        done(fs::remove_file(t.out("file")))
    }),
    attempt("make-directory", "make a directory outside", |t| {
        done(fs::create_dir(t.out("new")))
    }),
    attempt("remove-directory", "remove a directory outside", |t| {
        done(fs::remove_dir(t.out("empty")))
    }),
    attempt("move-out", "move a file of the workspace out", |t| {
        done(fs::rename(t.workspace("README"), t.out("given")))
    }),
    attempt("move-in", "take a file from outside away", |t| {
        done(fs::rename(t.out("file"), t.workspace("taken")))
    }),
    attempt("exchange", "exchange a file with one outside", |t| {
        let (ours, theirs) = (t.workspace("README"), t.out("file"));
        done(rustix::fs::renameat_with(
            CWD,
            ours,
            CWD,
            theirs,
            RenameFlags::EXCHANGE,
        ))
    }),
    attempt("change-mode", "change a file's mode outside", |t| {
        let open = fs::Permissions::from_mode(0o777);
        done(fs::set_permissions(t.out("file"), open))
    }),
    attempt("change-times", "change a file's times outside", |t| {
        let long_ago = Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        let times = Timestamps {
            last_access: long_ago,
            last_modification: long_ago,
        };
        let flags = AtFlags::empty();
        done(rustix::fs::utimensat(CWD, t.out("file"), &times, flags))
    }),
    attempt("set-attribute", "set an attribute of a file outside", |t| {
        let flags = XattrFlags::empty();
        done(rustix::fs::setxattr(
            t.out("file"),
            "user.attacked",
            b"1",
            flags,
        ))
    }),
    attempt("dot-dot", "write outside by way of `..`", |t| {
        write_new(t.workspace("../../out/new"))
    }),
    attempt("proc-root", "write by way of /proc/self/root", |t| {
        write_new(below("/proc/self/root", &t.out("new")))
    }),
    attempt("proc-cwd", "write by way of /proc/self/cwd", |t| {
        std::env::set_current_dir(t.workspace(""))?;
        write_new("/proc/self/cwd/../../out/new")
    }),
    attempt("openat2", "write outside through openat2", |t| {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
        let (path, mode) = (t.out("new"), Mode::from_raw_mode(0o644));
        let fd = rustix::fs::openat2(CWD, path, flags, mode, ResolveFlags::empty())?;
        Ok(Taken::Held(fd))
    }),
    attempt("reopen", "open a descriptor anew for writing", |t| {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let fd = rustix::fs::open(t.out("file"), flags, Mode::empty())?;
        append(format!("/proc/self/fd/{}", fd.as_raw_fd()))
    }),
    attempt("unnamed-file", "name an unnamed file outside", |t| {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(t.out(""), flags, Mode::from_raw_mode(0o644))?;
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let follow = AtFlags::SYMLINK_FOLLOW;
        done(rustix::fs::linkat(CWD, path, CWD, t.out("new"), follow))
    }),
    attempt("make-pipe", "make a pipe with a name outside", |t| {
        let mode = Mode::from_raw_mode(0o644);
        done(rustix::fs::mkfifoat(CWD, t.out("new"), mode))
    }),
    attempt("make-device", "make a device outside", |t| {
        let (mode, null) = (Mode::from_raw_mode(0o600), rustix::fs::makedev(1, 3));
        let kind = FileType::CharacterDevice;
        done(rustix::fs::mknodat(CWD, t.out("new"), kind, mode, null))
    }),
    attempt(
        "shared-memory",
        "leave a file in the host's /dev/shm",
        |t| write_new(format!("/dev/shm/{}", t.fact("id")?)),
    ),
];
