//! Writes changed files as a commit on a new branch: nothing is checked out,
//! and neither the index nor any file of the working tree is touched.
//!
//! Git runs as for reading, with one difference: it may write what it keeps
//! objects and branches in, and nothing else. Objects are written by plumbing
//! only, so that no filter, hook or signer of the repository runs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use dam_policy::{Access, GitAccess, Origin, Place, Places, Property, ResolvedProfile};
use dam_sandbox::Stream;

use super::git::{Git, answer_of, one_id, records, tree_entry};
use super::{Content, SourceError};

/// Why there is no branch.
#[derive(Debug, thiserror::Error)]
pub enum BranchError {
    /// Git or the boundary says no.
    #[error(transparent)]
    Git(#[from] SourceError),
    /// It is no name for a branch.
    #[error("`{0}` is no name for a branch")]
    Name(String),
    /// There is such a branch.
    #[error("there is a branch `{0}` already")]
    Exists(String),
    /// A file is not what the commit has.
    #[error("`{0}` is not as HEAD has it: commit it first, or take the patch")]
    Differs(String),
    /// What git keeps is kept elsewhere.
    #[error("`{}` is a link, and nothing is written behind links", .0.display())]
    Link(PathBuf),
}

/// What goes into a commit.
#[derive(Debug)]
pub struct NewCommit<'a> {
    /// The branch to make.
    pub branch: &'a str,
    /// The files, by their path from the top of the working tree: what they
    /// are in HEAD, and what they become.
    pub files: BTreeMap<String, (&'a str, &'a str)>,
    /// What is said of it.
    pub message: &'a str,
}

impl Git {
    /// Whether a branch of this name can be made.
    pub fn may_branch(&self, branch: &str) -> Result<(), BranchError> {
        let name = format!("refs/heads/{branch}");
        let is_name = !branch.starts_with('-') && self.ask(&["check-ref-format", &name]).is_ok();
        if !is_name {
            return Err(BranchError::Name(branch.to_owned()));
        }
        if self
            .ask(&["rev-parse", "--verify", "--quiet", &name])
            .is_ok()
        {
            return Err(BranchError::Exists(branch.to_owned()));
        }
        self.writing().map(drop)
    }

    /// Makes a branch with one commit on top of HEAD. Returns the commit.
    pub fn branch_with(&self, commit: &NewCommit<'_>) -> Result<String, BranchError> {
        self.may_branch(commit.branch)?;
        let name = format!("refs/heads/{}", commit.branch);
        let profile = self.writing()?;
        let head = self.commit("HEAD")?;
        let mut tree = format!("{head}^{{tree}}");
        for (path, (before, after)) in &commit.files {
            self.is_as(&head, path, before)?;
            let words = ["hash-object", "-w", "--no-filters", "--stdin"];
            let blob = self.tell(&words, after.as_bytes(), &profile)?;
            let parts: Vec<&str> = path.split('/').collect();
            tree = self
                .with_file(&tree, &parts, &blob, &profile)?
                .ok_or_else(|| BranchError::Differs(path.clone()))?;
        }
        let words = ["commit-tree", &tree, "-p", &head, "-F", "-"];
        let made = self.tell(&words, commit.message.as_bytes(), &profile)?;
        let none = "0".repeat(made.len());
        let words = ["update-ref", "--no-deref", &name, &made, &none];
        let running = self.start_in(&words, self.place(), Stream::Null, profile)?;
        answer_of(running, &words)?;
        Ok(made)
    }

    /// That HEAD has a file with this text.
    fn is_as(&self, head: &str, path: &str, text: &str) -> Result<(), BranchError> {
        let tree = self.tree(head)?;
        let entry = tree.entries.iter().find(|entry| entry.path == path);
        let bytes = entry
            .filter(|entry| matches!(entry.content, Content::Blob { .. }))
            .and_then(|entry| entry.read().ok());
        if bytes.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        Err(BranchError::Differs(path.to_owned()))
    }

    /// A tree like this one with another blob at a path.
    fn with_file(
        &self,
        tree: &str,
        parts: &[&str],
        blob: &str,
        profile: &ResolvedProfile,
    ) -> Result<Option<String>, BranchError> {
        let Some((name, below)) = parts.split_first() else {
            return Ok(None);
        };
        let listing = self.ask(&["ls-tree", "-z", tree])?;
        let mut told = Vec::with_capacity(listing.len());
        let mut found = false;
        for record in records(&listing) {
            let (mode, id, path) =
                tree_entry(record).ok_or(SourceError::Nonsense("a file's record"))?;
            if path != name.as_bytes() {
                told.extend_from_slice(record);
                told.push(0);
                continue;
            }
            let id = super::git::lossy(id);
            let (kind, id) = match (below, mode) {
                ([], b"100644" | b"100755") => ("blob", blob.to_owned()),
                ([_, ..], b"040000") => match self.with_file(&id, below, blob, profile)? {
                    Some(tree) => ("tree", tree),
                    None => return Ok(None),
                },
                _ => return Ok(None),
            };
            found = true;
            told.extend_from_slice(mode);
            told.extend_from_slice(format!(" {kind} {id}\t").as_bytes());
            told.extend_from_slice(path);
            told.push(0);
        }
        if !found {
            return Ok(None);
        }
        Ok(Some(self.tell(
            &["mktree", "-z", "--missing"],
            &told,
            profile,
        )?))
    }

    /// Git's answer, an object's name, to what it is told.
    fn tell(
        &self,
        words: &[&str],
        told: &[u8],
        profile: &ResolvedProfile,
    ) -> Result<String, SourceError> {
        let mut running = self.start_in(words, self.place(), Stream::Pipe, profile.clone())?;
        let input = running.stdin.take();
        let answer = std::thread::scope(|scope| {
            if let Some(mut input) = input {
                // A git that reads no more says why by its end.
                scope.spawn(move || drop(input.write_all(told)));
            }
            answer_of(running, words)
        })?;
        one_id(&answer).ok_or(SourceError::Nonsense("no object"))
    }

    /// What is granted for reading, and to write objects and branches.
    fn writing(&self) -> Result<ResolvedProfile, BranchError> {
        let common = self.common_dir();
        let places = [common.join("objects"), common.join("refs").join("heads")];
        for place in &places {
            if !is_own_directory(common, place) {
                return Err(BranchError::Link(place.clone()));
            }
        }
        let mut profile = self.grants();
        ":scan-git-branch".clone_into(&mut profile.name);
        profile.git = GitAccess::Commit;
        let write = |place: PathBuf| (Place::Absolute(place), Access::Write, Origin::BUILTIN);
        profile.files.extend(places.map(write));
        // What is written must be held to those places.
        profile.needs = vec![Property::Ceiling];
        Ok(profile.resolve(&Places::default()))
    }
}

/// Whether no link leads from one directory to another below it.
fn is_own_directory(from: &Path, place: &Path) -> bool {
    let mut at = place;
    while at != from {
        if !at.symlink_metadata().is_ok_and(|about| about.is_dir()) {
            return false;
        }
        match at.parent() {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    true
}
