//! The second broker: opens exactly the one file that somebody granted to a
//! boxed process, and hands over its descriptor.
//!
//! It is the front's own process, outside the walls and without a ceiling, so
//! it trusts nothing that comes from inside. The path that was asked about is
//! followed anew from a root that was held since before the command began, no
//! link on it is followed, and what is found must be what the question was
//! about: the same directory, and in it the same file or still none.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use dam_policy::protected_name;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::Denial;
use crate::error::{SandboxError, system};

/// A boxed process waits to open a file for writing that the boundary keeps
/// from it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Asked {
    /// The refusal that it comes to if it is not granted.
    pub denial: Denial,
    pub(crate) opening: Opening,
}

impl Asked {
    /// Whether the file could also be read.
    pub const fn reads(&self) -> bool {
        self.opening.flags & libc::O_ACCMODE.unsigned_abs() == libc::O_RDWR.unsigned_abs()
    }
}

/// How a file is to be opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Opening {
    /// The caller's own flags.
    pub flags: u32,
    /// The mode of a new file, with the caller's mask applied.
    pub mode: u32,
    /// What is there; nothing where a cover hides it from the boundary's side.
    pub bound: Option<Bound>,
}

/// Device and inode.
pub(crate) type Identity = (u64, u64);

/// What a path led to when it was asked about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Bound {
    /// The directory.
    pub parent: Identity,
    /// The file in it, if there is one.
    pub object: Option<Identity>,
}

/// Why something is not granted, in one phrase.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NotGranted {
    #[error("files of Cofferdam itself are never granted")]
    Never,
    #[error("only an ordinary file can be granted")]
    NoFile,
    #[error("the file has another name, and would change there too")]
    Linked,
    #[error("the file runs with its owner's rights")]
    Privileged,
    #[error("what is there was changed while the question was open")]
    Changed,
    #[error("it cannot be opened: {0}")]
    Errno(#[from] Errno),
}

/// What of the caller's flags counts.
const FLAGS: OFlags = OFlags::RDWR
    .union(OFlags::WRONLY)
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::TRUNC)
    .union(OFlags::APPEND)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW);

/// Where files are no data: what is written there acts at once.
const ACTING: &[&str] = &["/proc", "/sys", "/dev"];

/// A project's own settings for Cofferdam.
const OWN_SETTINGS: &[&str] = &[".cofferdam"];

/// Opens what was granted.
#[derive(Debug)]
pub(crate) struct Granter {
    root: OwnedFd,
    never: Vec<PathBuf>,
    /// What was there at the start, under whatever name it is reached.
    never_by_identity: Vec<Identity>,
}

impl Granter {
    /// Holds the root from now on.
    pub(crate) fn new(never: &[PathBuf]) -> Result<Self, SandboxError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, "/", flags, Mode::empty())
            .map_err(system("holding the root directory"))?;
        // A name of a directory of ours may lead through links.
        let found = never.iter().filter_map(|path| path.canonicalize().ok());
        let own = std::env::current_exe().ok();
        let never: Vec<PathBuf> = never.iter().cloned().chain(found).chain(own).collect();
        let stats = never.iter().filter_map(|path| rustix::fs::stat(path).ok());
        Ok(Self {
            never_by_identity: stats.map(|stat| (stat.st_dev, stat.st_ino)).collect(),
            root,
            never,
        })
    }

    /// What there is to ask about. An error: it can never be granted.
    pub(crate) fn look(&self, asked: &Asked) -> Result<Bound, NotGranted> {
        let path = &asked.denial.path;
        if ACTING.iter().any(|place| path.starts_with(place)) {
            return Err(NotGranted::NoFile);
        }
        let settings = protected_name(path).is_some_and(|name| name.components == OWN_SETTINGS);
        if settings || self.never.iter().any(|never| path.starts_with(never)) {
            return Err(NotGranted::Never);
        }
        let found = self.find(path)?;
        if self.is_own(&found)? {
            return Err(NotGranted::Never);
        }
        match asked.opening.bound {
            Some(bound) if bound != found.bound => Err(NotGranted::Changed),
            _ => Ok(found.bound),
        }
    }

    /// Opens it, if it still is what was asked about.
    pub(crate) fn open(&self, asked: &Asked, bound: Bound) -> Result<OwnedFd, NotGranted> {
        let found = self.find(&asked.denial.path)?;
        if found.bound != bound {
            return Err(NotGranted::Changed);
        }
        let opening = &asked.opening;
        let flags = OFlags::from_bits_retain(opening.flags) & FLAGS;
        let held = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let Some(object) = bound.object else {
            let mode = Mode::from_raw_mode(opening.mode & 0o777);
            // Also where the caller does not mind what is there: this one has
            // to be new.
            let flags = flags | held | OFlags::CREATE | OFlags::EXCL;
            let fd = found.beneath(flags, mode).map_err(|errno| match errno {
                Errno::EXIST => NotGranted::Changed,
                errno => NotGranted::Errno(errno),
            })?;
            return as_asked(fd, flags);
        };
        // Nothing is changed before it is known to be the one.
        let careful = flags.difference(OFlags::CREATE | OFlags::EXCL | OFlags::TRUNC);
        let fd = found.beneath(careful | held, Mode::empty())?;
        if ordinary(&rustix::fs::fstat(&fd)?)? != object {
            return Err(NotGranted::Changed);
        }
        if flags.contains(OFlags::EXCL) {
            return Err(NotGranted::Errno(Errno::EXIST));
        }
        if flags.contains(OFlags::TRUNC) {
            rustix::fs::ftruncate(&fd, 0)?;
        }
        as_asked(fd, careful)
    }

    /// Whether a file or a directory that it lies in is one of ours by another
    /// name: moved, or mounted elsewhere.
    fn is_own(&self, found: &Found<'_>) -> Result<bool, Errno> {
        let never = |identity| self.never_by_identity.contains(&identity);
        if found.bound.object.is_some_and(never) {
            return Ok(true);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut directory = rustix::fs::openat(&found.parent, ".", flags, Mode::empty())?;
        let mut here = found.bound.parent;
        loop {
            if never(here) {
                return Ok(true);
            }
            directory = rustix::fs::openat(&directory, "..", flags, Mode::empty())?;
            let stat = rustix::fs::fstat(&directory)?;
            let above = (stat.st_dev, stat.st_ino);
            if above == here {
                return Ok(false);
            }
            here = above;
        }
    }

    fn find<'a>(&self, path: &'a Path) -> Result<Found<'a>, NotGranted> {
        let changed = |errno| match errno {
            // A link that was not there when the path was resolved, or a
            // directory that is gone.
            Errno::LOOP | Errno::NOENT | Errno::NOTDIR => NotGranted::Changed,
            errno => NotGranted::Errno(errno),
        };
        let plain = path.is_absolute()
            && path
                .components()
                .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        let (Some(parent), Some(leaf), true) = (path.parent(), path.file_name(), plain) else {
            return Err(NotGranted::NoFile);
        };
        let below = parent.strip_prefix("/").unwrap_or(parent);
        let below = if below.as_os_str().is_empty() {
            Path::new(".")
        } else {
            below
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = rustix::fs::openat2(&self.root, below, flags, Mode::empty(), PLAINLY)
            .map_err(changed)?;
        let stat = rustix::fs::fstat(&parent)?;
        let object = match rustix::fs::statat(&parent, leaf, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(ordinary(&stat)?),
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(errno.into()),
        };
        let bound = Bound {
            parent: (stat.st_dev, stat.st_ino),
            object,
        };
        Ok(Found {
            parent,
            leaf,
            bound,
        })
    }
}

/// No link is followed, of either sort.
const PLAINLY: ResolveFlags = ResolveFlags::NO_SYMLINKS.union(ResolveFlags::NO_MAGICLINKS);

struct Found<'a> {
    parent: OwnedFd,
    leaf: &'a OsStr,
    bound: Bound,
}

impl Found<'_> {
    fn beneath(&self, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        rustix::fs::openat2(&self.parent, self.leaf, flags, mode, PLAINLY)
    }
}

/// The identity of an ordinary file with one name and nobody's rights.
fn ordinary(stat: &Stat) -> Result<Identity, NotGranted> {
    if !FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(NotGranted::NoFile);
    }
    if stat.st_nlink > 1 {
        return Err(NotGranted::Linked);
    }
    if stat.st_mode & (libc::S_ISUID | libc::S_ISGID) != 0 {
        return Err(NotGranted::Privileged);
    }
    Ok((stat.st_dev, stat.st_ino))
}

/// Without the flag that only kept the opening from waiting.
fn as_asked(fd: OwnedFd, flags: OFlags) -> Result<OwnedFd, NotGranted> {
    rustix::fs::fcntl_setfl(&fd, flags & OFlags::APPEND)?;
    Ok(fd)
}
