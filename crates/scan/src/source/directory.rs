//! The files below a directory: those that git tracks or would track, or all
//! where there is no git.

use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Content, Entry, Git, Revision, SourceError, too_big};
use crate::file::LARGEST;
use crate::{Gap, GapKind};

/// Directories that hold other people's code or what was built, where no git
/// says so.
const LEFT_OUT: &[&str] = &[
    ".git",
    ".hg",
    ".jj",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "node_modules",
];

/// The files of a directory. With git, what it ignores is left out.
pub fn directory(root: &Path, git: Option<&Git>) -> Result<Revision, SourceError> {
    let revision = match git {
        Some(git) => listed(root, git.files(root)?),
        None => walked(root)?,
    };
    Ok(Revision {
        name: "the working tree".to_owned(),
        ..revision
    }
    .ordered())
}

/// Reads a file. What it is was looked at when it was listed, and may have
/// changed since: a link is not followed, and a pipe not waited for.
pub(super) fn read(path: &str, place: &Path) -> Result<Vec<u8>, Gap> {
    let unreadable =
        |error: std::io::Error| Gap::in_file(path, GapKind::Unreadable, error.to_string());
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::from_ne_bytes(flags.bits().to_ne_bytes()))
        .open(place)
        .map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(Gap::in_file(path, GapKind::Binary, "no ordinary file"));
    }
    if about.len() > LARGEST {
        return Err(too_big(path, about.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_big(path, bytes.len() as u64));
    }
    Ok(bytes)
}

fn listed(root: &Path, paths: Vec<PathBuf>) -> Revision {
    let mut revision = Revision::default();
    for path in paths {
        let place = root.join(&path);
        let path = path.to_string_lossy().into_owned();
        match place.symlink_metadata() {
            // Deleted, and not yet committed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let gap = Gap::in_file(&path, GapKind::Unreadable, error.to_string());
                revision.gaps.push(gap);
            }
            Ok(about) if about.is_dir() => {
                let why = "another repository: scan it by itself";
                let path = path.trim_end_matches('/');
                let gap = Gap::in_file(path, GapKind::Submodule, why);
                revision.gaps.push(gap);
            }
            Ok(about) => revision.add(path, place, about.file_type()),
        }
    }
    revision
}

impl Revision {
    fn add(&mut self, path: String, place: PathBuf, kind: fs::FileType) {
        if kind.is_file() {
            let content = Content::File(place);
            self.entries.push(Entry { path, content });
        } else if kind.is_symlink() {
            let why = "links are not followed";
            self.gaps.push(Gap::in_file(&path, GapKind::Link, why));
        } else {
            let gap = Gap::in_file(&path, GapKind::Binary, "no ordinary file");
            self.gaps.push(gap);
        }
    }
}

fn walked(root: &Path) -> Result<Revision, SourceError> {
    let unreadable = |source| SourceError::Unreadable {
        path: root.to_owned(),
        source,
    };
    let mut revision = Revision::default();
    if root.symlink_metadata().map_err(unreadable)?.is_file() {
        let name = root.file_name().unwrap_or_default().to_string_lossy();
        let content = Content::File(root.to_owned());
        let path = name.into_owned();
        revision.entries.push(Entry { path, content });
        return Ok(revision);
    }
    fs::read_dir(root).map_err(unreadable)?;
    let mut waiting = vec![PathBuf::new()];
    while let Some(directory) = waiting.pop() {
        let entries = match fs::read_dir(root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) => {
                let shown = directory.to_string_lossy();
                let gap = Gap::in_file(&shown, GapKind::Unreadable, error.to_string());
                revision.gaps.push(gap);
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = directory.join(entry.file_name());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if !LEFT_OUT.iter().any(|left| entry.file_name() == *left) {
                        waiting.push(path);
                    }
                }
                Ok(kind) => {
                    revision.add(path.to_string_lossy().into_owned(), entry.path(), kind);
                }
                Err(error) => {
                    let shown = path.to_string_lossy();
                    let gap = Gap::in_file(&shown, GapKind::Unreadable, error.to_string());
                    revision.gaps.push(gap);
                }
            }
        }
    }
    Ok(revision)
}
