//! Puts git's index and the steps of a rebase in place, after a look.
//!
//! Git writes them into a lock and renames that. Whoever wrote the lock may
//! still have it open, so it is not the lock that is renamed: what was looked
//! at is written anew.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use dam_policy::{BadGitFile, GitPart, check_git_index, check_git_steps};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;

use super::acts::{DONE, Outcome, PLAIN};
use super::open::open_beneath;
use super::place::Place;
use super::{Refusal, repository};

/// The largest index: about two million files.
const MOST_BYTES: u64 = 256 << 20;

/// Performs a renaming onto what git on the host trusts.
pub(super) fn replace(part: GitPart, from: &Place, to: &Place) -> Outcome {
    let source = open_beneath(from, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
    let stat = rustix::fs::fstat(&source)?;
    let is_file = FileType::from_raw_mode(stat.st_mode).is_file();
    if !is_file || u64::try_from(stat.st_size).is_ok_and(|size| size > MOST_BYTES) {
        return Err(Errno::FBIG.into());
    }
    let mut bytes = Vec::new();
    let mut limited = File::from(source).take(MOST_BYTES);
    limited.read_to_end(&mut bytes).map_err(|_| Errno::IO)?;
    let looked_at = match part {
        GitPart::Index => check_git_index(&bytes, hash_length(&to.parent_path)),
        _ => check_git_steps(&bytes),
    };
    looked_at.map_err(|bad| refused(to, &bad))?;
    put(to, &bytes, &stat)?;
    rustix::fs::unlinkat(&from.parent, &from.leaf, AtFlags::empty())?;
    DONE
}

fn refused(to: &Place, bad: &BadGitFile) -> Refusal {
    let path = to.path();
    let reason = format!("{} is kept as it is: {bad}", path.display());
    Refusal::rule(Errno::ACCESS, path, "files.git-checked", reason)
}

/// Writes a new file and renames it into place. It keeps the time: git tells
/// by it which files may have changed since.
fn put(to: &Place, bytes: &[u8], like: &Stat) -> Result<(), Errno> {
    // A name that nobody inside can make.
    let name = format!(".{}.cofferdam", to.leaf.to_string_lossy());
    let leftover = rustix::fs::unlinkat(&to.parent, &name, AtFlags::empty());
    if leftover.is_err_and(|errno| errno != Errno::NOENT) {
        return Err(Errno::ACCESS);
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(&to.parent, &name, flags, Mode::RUSR | Mode::WUSR)?;
    let placed = fill(fd, bytes, like)
        .and_then(|()| rustix::fs::renameat(&to.parent, &name, &to.parent, &to.leaf));
    if placed.is_err() {
        // What is left is not looked at by git, and removed by the next.
        let _ = rustix::fs::unlinkat(&to.parent, &name, AtFlags::empty());
    }
    placed
}

fn fill(fd: OwnedFd, bytes: &[u8], like: &Stat) -> Result<(), Errno> {
    let mut file = File::from(fd);
    let failed = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    file.write_all(bytes).map_err(failed)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(like.st_mode & PLAIN))?;
    let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: time(
            like.st_atime,
            i64::try_from(like.st_atime_nsec).unwrap_or(0),
        ),
        last_modification: time(
            like.st_mtime,
            i64::try_from(like.st_mtime_nsec).unwrap_or(0),
        ),
    };
    rustix::fs::futimens(&file, &times)
}

/// The length of the repository's object names, by its settings, which nobody
/// inside can write.
fn hash_length(dir: &Path) -> usize {
    let dir = if repository::is_linked(dir) {
        dir.join("../..")
    } else {
        dir.to_owned()
    };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let text = rustix::fs::openat(CWD, dir.join("config"), flags, Mode::empty())
        .ok()
        .and_then(|fd| {
            let mut text = String::new();
            let read = File::from(fd).take(1 << 20).read_to_string(&mut text);
            read.ok().map(|_| text.to_ascii_lowercase())
        });
    let is_long = |text: String| text.contains("objectformat") && text.contains("sha256");
    if text.is_some_and(is_long) { 32 } else { 20 }
}
