//! Working out what a patch makes of the files, before anything is touched.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, RawMode};

use crate::directory::{Directory, DirectoryError};

use super::{
    Change, Hunk, MatchError, Names, Patch, PlaceError, apply_hunks, place, resolve, resolve_entry,
    update_names,
};

/// The longest file that a patch changes.
const LONGEST: u64 = 32 * 1024 * 1024;

/// Whether links are followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Following {
    /// As anybody would, from the working directory.
    Links,
    /// Paths must be absolute and free of links: they were judged like that.
    Nothing,
}

/// Why a patch does not fit the files.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A path stands for no file.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The directory of a file cannot be opened.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file to change or to remove is not there.
    #[error("`{0}` does not exist")]
    Absent(String),
    /// A file to create is there already.
    #[error("`{0}` exists already: use `*** Update File: `, or delete it first")]
    Present(String),
    /// It is a directory, a device or the like.
    #[error("`{0}` is not a regular file")]
    NotAFile(String),
    /// It is too long.
    #[error("`{0}` is longer than the 32 MiB that a patch may change")]
    TooLong(String),
    /// It cannot be read.
    #[error("`{path}` cannot be read: {error}")]
    Read {
        /// The path as written.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// A hunk has no place in it.
    #[error("`{path}`: {error}")]
    Match {
        /// The path as written.
        path: String,
        /// Which, and why.
        error: MatchError,
    },
}

/// What a patch makes of every file that it names.
#[derive(Debug, Default)]
pub struct Plan {
    /// The files, in the order in which the patch names them first.
    pub files: Vec<Planned>,
}

/// One file, before and after.
#[derive(Debug)]
pub struct Planned {
    /// Where it is.
    pub path: PathBuf,
    pub(super) before: Before,
    pub(super) after: Option<Contents>,
}

/// What a path held before.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Before {
    Nothing,
    /// A file or link that nobody needed to read.
    Entry,
    File(Contents),
}

/// A file's bytes and permissions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Contents {
    pub bytes: Vec<u8>,
    /// None for a file that is new.
    pub attributes: Option<Attributes>,
}

/// What a file keeps when its contents change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Attributes {
    pub mode: RawMode,
    pub owner: u32,
    pub group: u32,
}

/// Works out what `patch` makes of the files, seen from `cwd`.
pub fn plan(patch: &Patch, cwd: &Path, following: Following) -> Result<Plan, PlanError> {
    let mut planner = Planner {
        cwd,
        following,
        plan: Plan::default(),
    };
    for change in &patch.changes {
        match change {
            Change::Add { path, lines } => planner.add(path, lines)?,
            Change::Delete { path } => planner.delete(path)?,
            Change::Update {
                path,
                move_to,
                hunks,
            } => planner.update(path, move_to.as_ref(), hunks)?,
        }
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    cwd: &'a Path,
    following: Following,
    plan: Plan,
}

impl Planner<'_> {
    fn add(&mut self, path: &str, lines: &[String]) -> Result<(), PlanError> {
        let mut bytes = lines.join("\n").into_bytes();
        if !lines.is_empty() {
            bytes.push(b'\n');
        }
        self.create(
            path,
            Contents {
                bytes,
                attributes: None,
            },
        )
    }

    fn create(&mut self, path: &str, contents: Contents) -> Result<(), PlanError> {
        let place = self.place(path, Names::Entry)?;
        let file = self.file(place, path, Look::Entry)?;
        if file.exists() {
            return Err(PlanError::Present(path.to_owned()));
        }
        file.after = Some(contents);
        Ok(())
    }

    fn delete(&mut self, path: &str) -> Result<(), PlanError> {
        let place = self.place(path, Names::Entry)?;
        let file = self.file(place, path, Look::Entry)?;
        file.take(path)
    }

    fn update(
        &mut self,
        path: &str,
        move_to: Option<&String>,
        hunks: &[Hunk],
    ) -> Result<(), PlanError> {
        let place = self.place(path, update_names(move_to))?;
        let file = self.file(place, path, Look::Contents)?;
        let Some(old) = &file.after else {
            return Err(PlanError::Absent(path.to_owned()));
        };
        let new = Contents {
            bytes: apply_hunks(&old.bytes, hunks).map_err(|error| PlanError::Match {
                path: path.to_owned(),
                error,
            })?,
            attributes: old.attributes,
        };
        match move_to {
            None => file.after = Some(new),
            Some(to) => {
                file.take(path)?;
                self.create(to, new)?;
            }
        }
        Ok(())
    }

    fn place(&self, path: &str, names: Names) -> Result<PathBuf, PlaceError> {
        match (self.following, names) {
            (Following::Nothing, _) => place::exact(path),
            (Following::Links, Names::Entry) => resolve_entry(self.cwd, path),
            (Following::Links, Names::File) => resolve(self.cwd, path),
        }
    }

    /// The file as the patch has left it so far.
    fn file(&mut self, place: PathBuf, path: &str, look: Look) -> Result<&mut Planned, PlanError> {
        let files = &mut self.plan.files;
        let known = files.iter().position(|file| file.path == place);
        let index = if let Some(index) = known {
            index
        } else {
            files.push(Planned::new(place, path, look)?);
            files.len() - 1
        };
        Ok(&mut files[index])
    }
}

/// How closely a file is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Look {
    /// Whether it exists.
    Entry,
    /// What it holds.
    Contents,
}

impl Planned {
    fn new(place: PathBuf, path: &str, look: Look) -> Result<Self, PlanError> {
        let (before, after) = match find(&place, path, look)? {
            Before::File(contents) => (Before::File(contents.clone()), Some(contents)),
            Before::Entry => (
                Before::Entry,
                // Stands for what was not read: either it goes now, or the
                // patch is refused.
                Some(Contents {
                    bytes: Vec::new(),
                    attributes: None,
                }),
            ),
            Before::Nothing => (Before::Nothing, None),
        };
        Ok(Self {
            path: place,
            before,
            after,
        })
    }

    const fn exists(&self) -> bool {
        self.after.is_some()
    }

    fn take(&mut self, path: &str) -> Result<(), PlanError> {
        match self.after.take() {
            Some(_) => Ok(()),
            None => Err(PlanError::Absent(path.to_owned())),
        }
    }
}

fn find(place: &Path, path: &str, look: Look) -> Result<Before, PlanError> {
    let Some(directory) = Directory::find(place)? else {
        return Ok(Before::Nothing);
    };
    let failed = |error: rustix::io::Errno| PlanError::Read {
        path: path.to_owned(),
        error: error.into(),
    };
    let Some(kind) = directory.kind().map_err(failed)? else {
        return Ok(Before::Nothing);
    };
    match (kind, look) {
        (FileType::RegularFile | FileType::Symlink, Look::Entry) => Ok(Before::Entry),
        (FileType::RegularFile, Look::Contents) => {
            let file = directory
                .open(OFlags::RDONLY | OFlags::NONBLOCK)
                .map_err(failed)?;
            read(&file, path).map(Before::File)
        }
        _ => Err(PlanError::NotAFile(path.to_owned())),
    }
}

fn read(mut file: &std::fs::File, path: &str) -> Result<Contents, PlanError> {
    let failed = |error: io::Error| PlanError::Read {
        path: path.to_owned(),
        error,
    };
    let stat = rustix::fs::fstat(file).map_err(|error| failed(error.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(PlanError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(PlanError::TooLong(path.to_owned()));
    }
    Ok(Contents {
        bytes,
        attributes: Some(Attributes {
            mode: stat.st_mode & 0o777,
            owner: stat.st_uid,
            group: stat.st_gid,
        }),
    })
}
