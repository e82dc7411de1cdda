//! A directory tree that is looked at and changed from its top, which is held
//! by descriptor: no way through it follows a link or leads out of it.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

type Result<T> = std::result::Result<T, Errno>;

/// The tree.
#[derive(Debug)]
pub(super) struct Tree(OwnedFd);

impl Tree {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::NO_SYMLINKS;
        rustix::fs::openat2(CWD, path, flags, Mode::empty(), resolve).map(Self)
    }

    /// Opens what lies at `below`; a link as itself, if with `PATH`.
    pub(super) fn at(&self, below: &Path, flags: OFlags) -> Result<OwnedFd> {
        let below = if below.as_os_str().is_empty() {
            Path::new(".")
        } else {
            below
        };
        rustix::fs::openat2(
            &self.0,
            below,
            flags | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )
    }

    /// Opens a file or directory for reading; never waits for a pipe.
    pub(super) fn read(&self, below: &Path) -> Result<OwnedFd> {
        self.at(below, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
    }

    /// The directory that holds `below`, and the name in it.
    pub(super) fn parent<'a>(&self, below: &'a Path) -> Result<(OwnedFd, &'a OsStr)> {
        let name = below.file_name().ok_or(Errno::INVAL)?;
        let parent = below.parent().unwrap_or(Path::new(""));
        let directory = self.at(parent, OFlags::PATH | OFlags::DIRECTORY)?;
        Ok((directory, name))
    }

    /// What lies there, a link as itself; `None` if nothing does.
    pub(super) fn stat(&self, below: &Path) -> Result<Option<Stat>> {
        match self.at(below, OFlags::PATH) {
            Ok(fd) => rustix::fs::fstat(&fd).map(Some),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The names in a directory, in order.
    pub(super) fn names(&self, below: &Path) -> Result<Vec<OsString>> {
        let directory = self.at(below, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in Dir::new(directory)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Where a link leads.
    pub(super) fn target(&self, below: &Path) -> Result<Vec<u8>> {
        let link = self.at(below, OFlags::PATH)?;
        rustix::fs::readlinkat(&link, "", Vec::new()).map(std::ffi::CString::into_bytes)
    }

    /// Makes what was written last through a crash of the machine.
    pub(super) fn sync(&self) -> Result<()> {
        rustix::fs::syncfs(&self.0)
    }
}
