//! A private copy of a project, in which a fix is tried out.
//!
//! No link is followed: a link is copied as what it is. What other people's
//! packages are in (`node_modules`, virtual environments) is linked to and not
//! copied; boxes can read it there and write nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::fix::Changed;

/// The most bytes that are copied.
const BYTES: u64 = 512 << 20;
/// The most files.
const FILES: usize = 200_000;

/// Directories that are kept by version control or made anew.
const LEFT_OUT: &[&str] = &[
    ".git",
    ".hg",
    ".jj",
    ".svn",
    "__pycache__",
    ".pytest_cache",
    ".tox",
];
/// Directories of packages.
const PACKAGES: &[&str] = &["node_modules", ".venv", "venv", "env"];

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file or directory could not be read or written.
    #[error("cannot copy `{}`: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The project is too large.
    #[error("the project is larger than what is copied ({FILES} files, {BYTES} bytes)")]
    TooLarge,
    /// A file to be changed is not there without a link on the way.
    #[error("`{0}` is not an ordinary file of the project: a link leads to it")]
    NotThere(String),
    /// A file is not what was scanned any more.
    #[error("`{0}` has changed meanwhile")]
    Changed(String),
}

/// A copy, which goes away with this.
#[derive(Debug)]
pub(super) struct Copy {
    dir: PathBuf,
}

/// That a file is there without a link on the way, and is what it was.
pub(super) fn is_as(project: &Path, path: &str, text: &str) -> Result<(), CopyError> {
    let not_there = || CopyError::NotThere(path.to_owned());
    let mut at = project.to_path_buf();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, "" | "." | "..") {
            return Err(not_there());
        }
        at.push(part);
        let about = at.symlink_metadata().map_err(|_| not_there())?;
        let fits = if parts.peek().is_some() {
            about.is_dir()
        } else {
            about.is_file()
        };
        if !fits {
            return Err(not_there());
        }
    }
    let bytes = fs::read(&at).map_err(|source| CopyError::Io { path: at, source })?;
    if bytes == text.as_bytes() {
        return Ok(());
    }
    Err(CopyError::Changed(path.to_owned()))
}

impl Copy {
    /// A copy of a project with some files changed. Each of those must be what
    /// it was.
    pub fn of(project: &Path, changes: &BTreeMap<String, Changed>) -> Result<Self, CopyError> {
        let dir = own_directory()?;
        let copy = Self { dir };
        let mut copying = Copying {
            project,
            to: copy.project(),
            changes,
            made: 0,
            bytes: 0,
            files: 0,
        };
        copying.directory(Path::new(""))?;
        if copying.made < changes.len() {
            let missing = changes.keys().next().cloned().unwrap_or_default();
            return Err(CopyError::NotThere(missing));
        }
        Ok(copy)
    }

    /// The directory of the project in it.
    pub fn project(&self) -> PathBuf {
        self.dir.join("project")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What was run in it may have taken rights away from directories.
        open_up(&self.dir, 0);
        // What cannot be removed is left to whoever clears temporary files.
        let _left = fs::remove_dir_all(&self.dir);
    }
}

fn open_up(dir: &Path, depth: usize) {
    let Ok(about) = dir.symlink_metadata() else {
        return;
    };
    if !about.is_dir() || depth > 200 {
        return;
    }
    if about.permissions().mode() & 0o700 != 0o700 {
        let _left = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    }
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path(), depth + 1);
        }
    }
}

/// A new directory that nobody else can enter.
fn own_directory() -> Result<PathBuf, CopyError> {
    let all = std::env::temp_dir();
    let failed = |source| CopyError::Io {
        path: all.clone(),
        source,
    };
    let all = all.canonicalize().map_err(failed)?;
    for _ in 0..16 {
        let mut bytes = [0; 8];
        dam_journal::fill_at_random(&mut bytes).map_err(failed)?;
        let dir = all.join(format!("dam-fix-{:016x}", u64::from_le_bytes(bytes)));
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(std::io::ErrorKind::AlreadyExists.into()))
}

struct Copying<'a> {
    project: &'a Path,
    to: PathBuf,
    changes: &'a BTreeMap<String, Changed>,
    made: usize,
    bytes: u64,
    files: usize,
}

impl Copying<'_> {
    fn directory(&mut self, below: &Path) -> Result<(), CopyError> {
        let (from, to) = (self.project.join(below), self.to.join(below));
        let failed = |source| CopyError::Io {
            path: from.clone(),
            source,
        };
        fs::DirBuilder::new()
            .mode(0o755)
            .create(&to)
            .map_err(failed)?;
        for entry in fs::read_dir(&from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let name = entry.file_name();
            let path = below.join(&name);
            self.files += 1;
            if self.files > FILES {
                return Err(CopyError::TooLarge);
            }
            let is = |names: &[&str]| names.iter().any(|known| name == *known);
            if kind.is_symlink() {
                let target = fs::read_link(entry.path()).map_err(failed)?;
                symlink(target, self.to.join(&path)).map_err(failed)?;
            } else if kind.is_dir() && is(LEFT_OUT) {
            } else if kind.is_dir() && is(PACKAGES) {
                symlink(entry.path(), self.to.join(&path)).map_err(failed)?;
            } else if kind.is_dir() {
                self.directory(&path)?;
            } else if kind.is_file() {
                self.file(&path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), CopyError> {
        let from = self.project.join(path);
        let failed = |source| CopyError::Io {
            path: from.clone(),
            source,
        };
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(i32::from_ne_bytes(flags.bits().to_ne_bytes()))
            .open(&from)
            .map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(BYTES - self.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > BYTES {
            return Err(CopyError::TooLarge);
        }
        if let Some(change) = path.to_str().and_then(|path| self.changes.get(path)) {
            if bytes != change.before.as_bytes() {
                return Err(CopyError::Changed(path.display().to_string()));
            }
            self.made += 1;
            bytes = change.after.clone().into_bytes();
        }
        let mode = about.permissions().mode() & 0o755;
        let mut new = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode | 0o600)
            .open(self.to.join(path))
            .map_err(failed)?;
        new.write_all(&bytes).map_err(failed)
    }
}
