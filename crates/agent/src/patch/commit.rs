//! Putting a worked-out patch onto the disk: all of it or nothing.
//!
//! New contents are written beside their place first and renamed over it then,
//! so no file is ever half written; when a step fails, the steps before it are
//! undone.
//! Not preserved: hard links to a changed file and its extended attributes.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, Uid};

use super::Kind;
use crate::directory::{Directory, DirectoryError};

use super::plan::{Attributes, Before, Contents, Plan, Planned};

/// Why a patch was not put onto the disk.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A directory is out of reach.
    #[error("{0}; nothing was changed")]
    Directory(#[from] DirectoryError),
    /// A file cannot be written.
    #[error("`{}` cannot be {verb}: {error}; nothing was changed", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Written or removed.
        verb: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A file cannot be written, and what was done before cannot be undone.
    #[error("{first}, but for {}, which could not be put back", names(.left))]
    Half {
        /// What failed.
        first: Box<Self>,
        /// What stays changed.
        left: Vec<PathBuf>,
    },
}

fn names(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    names.join(", ")
}

/// Puts a plan onto the disk and tells what changed. All of it or nothing.
pub fn commit(plan: &Plan) -> Result<Vec<(Kind, PathBuf)>, CommitError> {
    let mut work = Work::default();
    let done = work.stage(plan).and_then(|()| work.perform());
    match done {
        Ok(()) => {
            work.finish();
            Ok(plan.files.iter().filter_map(changed).collect())
        }
        Err(error) => Err(work.undo(error)),
    }
}

fn changed(file: &Planned) -> Option<(Kind, PathBuf)> {
    let kind = match (&file.before, &file.after) {
        (Before::Nothing, Some(_)) => Kind::Added,
        (Before::File(old), Some(new)) if old == new => return None,
        (_, Some(_)) => Kind::Modified,
        (Before::Nothing, None) => return None,
        (_, None) => Kind::Deleted,
    };
    Some((kind, file.path.clone()))
}

/// What is to be done, and how far it came.
#[derive(Default)]
struct Work<'a> {
    steps: Vec<Step<'a>>,
    /// How many of them are done.
    done: usize,
    made: Vec<PathBuf>,
}

/// One rename.
struct Step<'a> {
    directory: Directory,
    /// The file beside it: new contents to move in, or the place to move to.
    beside: OsString,
    act: Act<'a>,
}

enum Act<'a> {
    /// Move new contents in where nothing is.
    Create,
    /// Move new contents over these.
    Replace(&'a Contents),
    /// Move the entry out of the way.
    Remove,
}

impl<'a> Work<'a> {
    /// Writes all new contents beside their places. Removals come first among
    /// the steps: a file may give way to a directory of its name.
    fn stage(&mut self, plan: &'a Plan) -> Result<(), CommitError> {
        for file in &plan.files {
            if matches!(
                (&file.before, &file.after),
                (Before::Entry, _) | (Before::File(_), None)
            ) {
                self.stage_removal(file)?;
            }
        }
        for file in &plan.files {
            match (&file.before, &file.after) {
                (Before::Nothing | Before::Entry, Some(new)) => {
                    self.stage_contents(file, new, Act::Create)?;
                }
                (Before::File(old), Some(new)) if old != new => {
                    self.stage_contents(file, new, Act::Replace(old))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn stage_removal(&mut self, file: &Planned) -> Result<(), CommitError> {
        let directory = Directory::find_or_make(&file.path, &mut self.made)?;
        let (beside, _) = directory
            .beside(0o600)
            .map_err(|error| failed(&file.path, "removed", error))?;
        self.steps.push(Step {
            directory,
            beside,
            act: Act::Remove,
        });
        Ok(())
    }

    fn stage_contents(
        &mut self,
        file: &Planned,
        new: &Contents,
        act: Act<'a>,
    ) -> Result<(), CommitError> {
        let directory = Directory::find_or_make(&file.path, &mut self.made)?;
        let failed = |error| failed(&file.path, "written", error);
        let mode = if new.attributes.is_some() {
            0o600
        } else {
            0o666
        };
        let (beside, mut opened) = directory.beside(mode).map_err(failed)?;
        self.steps.push(Step {
            directory,
            beside,
            act,
        });
        fill(&mut opened, new).map_err(failed)
    }

    fn perform(&mut self) -> Result<(), CommitError> {
        for step in &self.steps {
            step.perform().map_err(|error| {
                let verb = match step.act {
                    Act::Remove => "removed",
                    Act::Create | Act::Replace(_) => "written",
                };
                failed(&step.directory.whole, verb, error.into())
            })?;
            self.done += 1;
        }
        Ok(())
    }

    /// Throws away what was moved out of the way.
    fn finish(&self) {
        for step in &self.steps {
            if matches!(step.act, Act::Remove) {
                step.forget();
            }
        }
    }

    /// Undoes what was done, last first.
    fn undo(&self, error: CommitError) -> CommitError {
        let mut left = Vec::new();
        for (index, step) in self.steps.iter().enumerate().rev() {
            if index >= self.done {
                step.forget();
            } else if step.undo().is_err() {
                left.push(step.directory.whole.clone());
            }
        }
        for path in self.made.iter().rev() {
            if let Ok(Some(directory)) = Directory::find(path) {
                // Somebody else's file may be in it by now: then it stays.
                let _ = directory.unlink(&directory.name, AtFlags::REMOVEDIR);
            }
        }
        if left.is_empty() {
            error
        } else {
            CommitError::Half {
                first: Box::new(error),
                left,
            }
        }
    }
}

impl Step<'_> {
    fn perform(&self) -> rustix::io::Result<()> {
        let directory = &self.directory;
        match self.act {
            Act::Create | Act::Replace(_) => directory.rename(&self.beside, &directory.name),
            Act::Remove => directory.rename(&directory.name, &self.beside),
        }
    }

    fn undo(&self) -> io::Result<()> {
        let directory = &self.directory;
        match self.act {
            Act::Create => Ok(directory.unlink(&directory.name, AtFlags::empty())?),
            Act::Remove => Ok(directory.rename(&self.beside, &directory.name)?),
            Act::Replace(old) => {
                let (beside, mut file) = directory.beside(0o600)?;
                fill(&mut file, old)?;
                Ok(directory.rename(&beside, &directory.name)?)
            }
        }
    }

    /// Removes the file beside, if it is still there.
    fn forget(&self) {
        let _ = self.directory.unlink(&self.beside, AtFlags::empty());
    }
}

fn failed(path: &Path, verb: &'static str, error: io::Error) -> CommitError {
    CommitError::File {
        path: path.to_owned(),
        verb,
        error,
    }
}

fn fill(file: &mut File, contents: &Contents) -> io::Result<()> {
    file.write_all(&contents.bytes)?;
    let Some(wanted) = contents.attributes else {
        return Ok(());
    };
    let Attributes { mode, owner, group } = wanted;
    let stat = rustix::fs::fstat(&*file)?;
    if (stat.st_uid, stat.st_gid) != (owner, group) {
        // Only the superuser can: everybody else gets a file of their own.
        let _ = rustix::fs::fchown(
            &*file,
            Some(Uid::from_raw(owner)),
            Some(Gid::from_raw(group)),
        );
    }
    rustix::fs::fchmod(&*file, Mode::from_raw_mode(mode))?;
    Ok(())
}
