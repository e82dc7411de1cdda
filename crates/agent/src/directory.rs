//! Files named by way of a directory that is held open. Directories are walked
//! by descriptor and no link is followed, so that a path means the file it
//! meant when it was judged, and content that strangers wrote cannot lead
//! elsewhere.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawMode};
use rustix::io::Errno;

/// A directory on the way that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the directory `{}` cannot be {verb}: {error}", path.display())]
pub struct DirectoryError {
    path: PathBuf,
    verb: &'static str,
    error: io::Error,
}

/// A directory held open, and a name in it.
pub(crate) struct Directory {
    opened: OwnedFd,
    /// The name in it.
    pub name: OsString,
    /// The whole path.
    pub whole: PathBuf,
}

impl Directory {
    /// The directory of `path`, if it exists. No link is followed.
    pub fn find(path: &Path) -> Result<Option<Self>, DirectoryError> {
        Self::walk(path, &mut |_, _, _| Err(Errno::NOENT))
    }

    /// The directory of `path`, made if it is missing; what was made is noted.
    pub fn find_or_make(path: &Path, made: &mut Vec<PathBuf>) -> Result<Self, DirectoryError> {
        let found = Self::walk(path, &mut |above, name, whole| {
            rustix::fs::mkdirat(above, name, Mode::from_raw_mode(0o777))?;
            made.push(whole.to_owned());
            Ok(())
        })?;
        found.ok_or_else(|| DirectoryError {
            path: path.to_owned(),
            verb: "made",
            error: io::ErrorKind::NotFound.into(),
        })
    }

    fn walk(
        path: &Path,
        missing: &mut dyn FnMut(&OwnedFd, &Path, &Path) -> rustix::io::Result<()>,
    ) -> Result<Option<Self>, DirectoryError> {
        let mut whole = PathBuf::from("/");
        let error = |path: &Path, verb, error: Errno| DirectoryError {
            path: path.to_owned(),
            verb,
            error: error.into(),
        };
        // Only to begin paths at, where there is such a thing.
        #[cfg(target_os = "linux")]
        let held = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let held = OFlags::RDONLY;
        let flags = held | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut opened = rustix::fs::open("/", flags, Mode::empty())
            .map_err(|errno| error(&whole, "opened", errno))?;
        let above = path.parent().unwrap_or(Path::new("/"));
        for part in above.components() {
            let Component::Normal(name) = part else {
                continue;
            };
            whole.push(name);
            let open = || rustix::fs::openat(&opened, name, flags, Mode::empty());
            let next = match open() {
                Err(Errno::NOENT) => match missing(&opened, Path::new(name), &whole) {
                    Ok(()) => open(),
                    Err(Errno::NOENT) => return Ok(None),
                    Err(errno) => return Err(error(&whole, "made", errno)),
                },
                other => other,
            };
            opened = next.map_err(|errno| error(&whole, "opened", errno))?;
        }
        Ok(Some(Self {
            opened,
            name: path.file_name().unwrap_or_default().to_owned(),
            whole: path.to_owned(),
        }))
    }

    /// What the name is, if it is anything.
    pub fn kind(&self) -> rustix::io::Result<Option<FileType>> {
        match rustix::fs::statat(&self.opened, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens what has the name, unless it is a link.
    pub fn open(&self, flags: OFlags) -> rustix::io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.opened, &self.name, flags, Mode::empty()).map(File::from)
    }

    /// A new, empty file beside it, under a name that nobody uses.
    pub fn beside(&self, mode: RawMode) -> io::Result<(OsString, File)> {
        const TRIES: u32 = 1000;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        for number in 0..TRIES {
            let name = OsString::from(format!(".dam-patch-{}-{number}", std::process::id()));
            match rustix::fs::openat(&self.opened, &name, flags, Mode::from_raw_mode(mode)) {
                Ok(file) => return Ok((name, file.into())),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub fn rename(&self, from: &OsString, to: &OsString) -> rustix::io::Result<()> {
        rustix::fs::renameat(&self.opened, from, &self.opened, to)
    }

    pub fn unlink(&self, name: &OsString, flags: AtFlags) -> rustix::io::Result<()> {
        rustix::fs::unlinkat(&self.opened, name, flags)
    }
}
