//! Links and races: a name inside that leads outside, or does so only at the
//! moment of use.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};

use super::{Attempt, Taken, append, attempt, done, write_new};
use crate::commands::doctor::attack::attacker::Target;

/// How long the race is run.
const RACE: Duration = Duration::from_millis(300);

pub const ATTEMPTS: &[Attempt] = &[
    attempt(
        "hard-link",
        "write through a hard link that was there",
        |t| append(t.workspace("alias")),
    ),
    attempt("link", "write through a link that was there", |t| {
        append(t.workspace("link"))
    }),
    attempt(
        "directory-link",
        "write below a directory link that was there",
        |t| write_new(t.workspace("dirlink/new")),
    ),
    attempt("own-link", "write through a link that it made", |t| {
        symlink(t.out("file"), t.workspace("l"))?;
        append(t.workspace("l"))
    }),
    attempt(
        "own-directory-link",
        "write below a directory link that it made",
        |t| {
            symlink(t.out(""), t.workspace("d"))?;
            write_new(t.workspace("d/new"))
        },
    ),
    attempt(
        "own-hard-link",
        "make a hard link to a file outside and write",
        |t| {
            fs::hard_link(t.out("file"), t.workspace("x"))?;
            append(t.workspace("x"))
        },
    ),
    attempt(
        "descriptor-link",
        "link a descriptor's file into the workspace",
        |t| {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            let fd = rustix::fs::open(t.out("file"), flags, Mode::empty())?;
            let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
            let follow = AtFlags::SYMLINK_FOLLOW;
            rustix::fs::linkat(CWD, path, CWD, t.workspace("x"), follow)?;
            append(t.workspace("x"))
        },
    ),
    attempt("link-outside", "make a link outside", |t| {
        done(symlink("file", t.out("new")))
    }),
    attempt("hard-link-outside", "make a hard link outside", |t| {
        done(fs::hard_link(t.workspace("README"), t.out("new")))
    }),
    attempt(
        "swap",
        "swap a directory for a link while a file is made in it",
        swap,
    ),
];

/// One thread makes files, the other exchanges the directory with the link.
fn swap(t: &Target) -> std::io::Result<Taken> {
    let (real, link) = (t.workspace("r"), t.workspace("s"));
    fs::create_dir(&real)?;
    symlink(t.out(""), &link)?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let flags = RenameFlags::EXCHANGE;
                let _lost = rustix::fs::renameat_with(CWD, &real, CWD, &link, flags);
            }
        });
        let end = Instant::now() + RACE;
        while Instant::now() < end && fs::symlink_metadata(t.out("landed")).is_err() {
            let _lost = write_new(real.join("landed"));
            let _lost = fs::remove_file(t.workspace("r/landed"));
        }
        over.store(true, Ordering::Relaxed);
    });
    Ok(Taken::Nothing)
}
