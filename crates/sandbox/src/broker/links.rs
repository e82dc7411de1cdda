//! Looks into what names cannot tell: other links to a file, and what a
//! directory holds before it is renamed.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use dam_policy::{Access, FileRules};
use rustix::fs::{AtFlags, CWD, Dir, DirEntry, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::place::Place;
use super::repository;
use crate::grant::Identity;

/// How many entries are looked at before the answer is no.
const MOST_ENTRIES: usize = 200_000;
/// The same where it is looked once for all, at about a microsecond each.
const MOST_FOR_PATTERNS: usize = 2_000_000;

/// Whether every link to this file is a name that may be written, so that
/// writing to it changes nothing else. `path` is one of its names.
pub(super) fn all_links_inside(files: &FileRules, path: &Path, stat: &Stat) -> bool {
    let mut left = MOST_ENTRIES;
    let mut found: u64 = 0;
    // The outermost root around the path, and the others for links between.
    let mut roots: Vec<&Path> = files.paths(Access::Write).collect();
    roots.sort_by_key(|root| (!path.starts_with(root), root.components().count()));
    for (index, root) in roots.iter().enumerate() {
        // Already seen on the way, unless what is between is covered.
        let between = |outer: &Path| {
            let mut denied = files.paths(Access::Deny);
            denied.any(|path| root.starts_with(path) && path.starts_with(outer))
        };
        let seen = |outer: &&Path| root.starts_with(outer) && (*root == *outer || !between(outer));
        if roots[..index].iter().any(seen) {
            continue;
        }
        let Ok(directory) = open_directory(CWD, *root) else {
            found += u64::from(is_this_file(root, stat) && files.may_write(root));
            continue;
        };
        if rustix::fs::fstat(&directory).is_ok_and(|dir| dir.st_dev == stat.st_dev) {
            // The entries' kinds and numbers come with the listing: no file is
            // opened. What cannot be looked into adds nothing, which errs
            // towards no.
            walk(
                directory,
                root,
                stat.st_dev,
                &mut left,
                &mut |entry, path| {
                    let same = entry.ino() == stat.st_ino && entry.file_type().is_file();
                    let may = |path: &Path| {
                        files.may_write(path) && repository::permit(files, path).is_ok()
                    };
                    found += u64::from(same && may(&path()));
                    false
                },
            );
        }
        if found >= link_count(stat) {
            return true;
        }
        if left == 0 {
            return false;
        }
    }
    false
}

/// The files of which a name may not be read, below the directories that
/// patterns start from, but for the root of everything; none where that is too
/// much to look through.
pub(super) fn denied(files: &FileRules) -> Option<HashSet<Identity>> {
    let mut left = MOST_FOR_PATTERNS;
    let mut found = HashSet::new();
    let bases = files.globs().iter().map(|glob| glob.base.as_path());
    let mut roots: Vec<&Path> = bases.filter(|base| *base != Path::new("/")).collect();
    roots.sort_unstable();
    roots.dedup_by(|later, earlier| later.starts_with(*earlier));
    for root in roots {
        let Ok(directory) = open_directory(CWD, root) else {
            continue;
        };
        let Ok(device) = rustix::fs::fstat(&directory).map(|stat| stat.st_dev) else {
            continue;
        };
        // A directory that cannot be looked into cannot be read from either.
        walk(directory, root, device, &mut left, &mut |entry, path| {
            if entry.file_type().is_file() && !files.may_read(&path()) {
                found.insert((device, entry.ino()));
            }
            false
        });
    }
    (left > 0).then_some(found)
}

/// The field has 32 bits on some architectures.
#[cfg_attr(target_arch = "x86_64", expect(clippy::useless_conversion))]
fn link_count(stat: &Stat) -> u64 {
    u64::from(stat.st_nlink)
}

/// Whether a path is a name of this file: of a file that is granted alone.
fn is_this_file(path: &Path, stat: &Stat) -> bool {
    let found = rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW);
    found.is_ok_and(|found| (found.st_dev, found.st_ino) == (stat.st_dev, stat.st_ino))
}

/// Whether a directory that is about to become `to` holds anything, at any
/// depth, that may not be written where it is or where it would be; or is too
/// large or too closed to tell.
pub(super) fn holds_protected(files: &FileRules, from: &Place, to: &Path) -> bool {
    let Ok(directory) = open_directory(&from.parent, &from.leaf) else {
        return true;
    };
    let Ok(stat) = rustix::fs::fstat(&directory) else {
        return true;
    };
    let mut left = MOST_ENTRIES;
    let here = from.path();
    let end = walk(
        directory,
        Path::new(""),
        stat.st_dev,
        &mut left,
        &mut |_, path| {
            let below = path();
            let (here, to) = (here.join(&below), to.join(&below));
            let is_head = files.protects_names_at(&here) && repository::is_head(&here);
            !files.may_write(&here) || !files.may_write(&to) || is_head
        },
    );
    end != End::Complete
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// Everything was visited.
    Complete,
    /// The visitor said stop.
    Stopped,
    /// Something could not be visited, or there was too much.
    Incomplete,
}

/// Visits every entry below a directory, on one device, depth first, until the
/// visitor says stop or the allowance is used up.
fn walk(
    directory: OwnedFd,
    path: &Path,
    device: u64,
    left: &mut usize,
    visit: &mut dyn FnMut(&DirEntry, &dyn Fn() -> PathBuf) -> bool,
) -> End {
    let mut end = End::Complete;
    let Ok(top) = Dir::read_from(&directory) else {
        return End::Incomplete;
    };
    let mut open = vec![(directory, top, path.to_owned())];
    while let Some((directory, entries, path)) = open.last_mut() {
        let entry = match entries.next() {
            Some(Ok(entry)) => entry,
            Some(Err(_)) => {
                end = End::Incomplete;
                open.pop();
                continue;
            }
            None => {
                open.pop();
                continue;
            }
        };
        if matches!(entry.file_name().to_bytes(), b"." | b"..") {
            continue;
        }
        if *left == 0 {
            return End::Incomplete;
        }
        *left -= 1;
        let entry_path = || path.join(OsStr::from_bytes(entry.file_name().to_bytes()));
        if visit(&entry, &entry_path) {
            return End::Stopped;
        }
        if entry.file_type() != FileType::Directory {
            continue;
        }
        match descend(directory, entry.file_name(), device) {
            Ok(Some((below, entries))) => {
                let path = entry_path();
                open.push((below, entries, path));
            }
            Ok(None) => {}
            Err(_) => end = End::Incomplete,
        }
    }
    end
}

/// Opens a directory for listing; `None` if it is on another device.
fn descend(
    parent: &OwnedFd,
    name: &std::ffi::CStr,
    device: u64,
) -> Result<Option<(OwnedFd, Dir)>, Errno> {
    let directory = open_directory(parent, name)?;
    if rustix::fs::fstat(&directory)?.st_dev != device {
        return Ok(None);
    }
    let entries = Dir::read_from(&directory)?;
    Ok(Some((directory, entries)))
}

fn open_directory(
    at: impl std::os::fd::AsFd,
    path: impl rustix::path::Arg,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, path, flags, Mode::empty())
}
