//! Where files come from: a directory, and what git keeps.
//!
//! A [`Revision`] is a list of files and what can read them. Each comes from a
//! directory on the disk, from git's index or from a commit.

mod blobs;
mod branch;
mod directory;
mod git;
mod history;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dam_config::ConfigError;
use dam_policy::Glob;
use dam_sandbox::SandboxError;

use crate::file::LARGEST;
use crate::{Gap, GapKind};
use blobs::Blobs;

pub use branch::{BranchError, NewCommit};
pub use directory::directory;
pub use git::{Boundary, Git};
pub use history::{Change, Commit};

/// The files of one state of a repository.
#[derive(Clone, Debug, Default)]
pub struct Revision {
    /// What it is, for people: `the working tree`, `commit 1234abcd`.
    pub name: String,
    /// The commit, where it is one.
    pub commit: Option<String>,
    /// Its files, in the order of their paths.
    pub entries: Vec<Entry>,
    /// What is not among them.
    pub gaps: Vec<Gap>,
}

/// One file of a revision.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path from the root, with `/`.
    pub path: String,
    pub(crate) content: Content,
}

/// Where a file's bytes are.
#[derive(Clone, Debug)]
pub enum Content {
    /// On the disk.
    File(PathBuf),
    /// In git, under this name.
    Blob {
        /// What git calls it.
        id: String,
        /// What reads it.
        blobs: Arc<Blobs>,
    },
    /// Here.
    Bytes(Arc<Vec<u8>>),
}

impl Entry {
    /// A file that is in memory.
    pub fn of_bytes(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            content: Content::Bytes(Arc::new(bytes.into())),
        }
    }

    /// What git calls its content, where git keeps it.
    pub(crate) fn blob(&self) -> Option<&str> {
        match &self.content {
            Content::Blob { id, .. } => Some(id),
            Content::File(_) | Content::Bytes(_) => None,
        }
    }

    /// Its bytes.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Gap> {
        match &self.content {
            Content::File(place) => directory::read(&self.path, place),
            Content::Blob { id, blobs } => blobs.read(&self.path, id),
            Content::Bytes(bytes) => Ok(bytes.to_vec()),
        }
    }
}

impl Revision {
    /// The text of one of its files, if it has it and it can be read.
    pub fn text_of(&self, path: &str) -> Option<String> {
        let find = |entry: &Entry| entry.path.as_str().cmp(path);
        let index = self.entries.binary_search_by(find).ok()?;
        let bytes = self.entries[index].read().ok()?;
        crate::file::text_of(&bytes)
            .ok()
            .map(std::borrow::Cow::into_owned)
    }

    /// Leaves out the files that a pattern names; each is a gap.
    pub fn leave_out(&mut self, patterns: &[Glob]) {
        let gaps = &mut self.gaps;
        self.entries.retain(|entry| {
            let named = patterns
                .iter()
                .find(|glob| glob.matches_path(Path::new(&entry.path)));
            if let Some(glob) = named {
                let why = format!("the project's settings leave out `{}`", glob.as_str());
                gaps.push(Gap::in_file(&entry.path, GapKind::LeftOut, why));
            }
            named.is_none()
        });
    }

    /// Puts the parts in order.
    pub(crate) fn ordered(mut self) -> Self {
        self.entries.sort_by(|one, other| one.path.cmp(&other.path));
        self.entries.dedup_by(|one, other| one.path == other.path);
        self.gaps.sort();
        self
    }
}

fn too_big(path: &str, size: u64) -> Gap {
    let why = format!("{size} bytes are more than the {LARGEST} that are read");
    Gap::in_file(path, GapKind::TooBig, why)
}

/// What could not be read at all. Single files that cannot be read are gaps.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing to scan.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// What was to be scanned.
        path: PathBuf,
        /// Why it cannot be.
        source: std::io::Error,
    },
    /// A `.git` makes no sense.
    #[error(transparent)]
    Repository(#[from] ConfigError),
    /// There is no repository, and one is needed.
    #[error("`{}` is in no git repository", .0.display())]
    NoRepository(PathBuf),
    /// A `.git` leads to a repository that does not know of it.
    #[error("the repository of `{}` is kept in `{}`, which does not say so itself", top.display(), git_dir.display())]
    Foreign {
        /// The working tree.
        top: PathBuf,
        /// Where its `.git` leads.
        git_dir: PathBuf,
    },
    /// The boundary cannot be had, and git is run in nothing else.
    #[error("git cannot be asked: {0}")]
    Boundary(#[from] SandboxError),
    /// Git says no.
    #[error("`git {what}` failed: {said}")]
    Git {
        /// The subcommand.
        what: String,
        /// What it said, cleaned.
        said: String,
    },
    /// There is no such revision.
    #[error("there is no commit `{0}` in this repository")]
    NoCommit(String),
    /// Git did not answer as it does.
    #[error("git gave an answer that makes no sense: {0}")]
    Nonsense(&'static str),
    /// A pipe to git broke.
    #[error("git cannot be talked to: {0}")]
    Pipe(#[from] std::io::Error),
}
