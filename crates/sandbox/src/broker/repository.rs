//! Git directories, recognised by what they hold.
//!
//! Names protect what is below `.git`. But a pointer file may lead to a
//! directory of any name, and git takes a directory of any name for a
//! repository that looks like one. So when a name is written that means
//! something to git, the directories around it are looked at.

use std::ffi::OsStr;
use std::path::Path;

use dam_policy::{FileRules, GitAccess, GitPart, git_part};
use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;

use super::Refusal;

/// Names that mean something in a git directory.
const TELLING: &[&str] = &[
    "HEAD",
    "branches",
    "commondir",
    "config",
    "config.worktree",
    "gitdir",
    "hooks",
    "index",
    "info",
    "modules",
    "objects",
    "packed-refs",
    "rebase-apply",
    "rebase-merge",
    "refs",
    "reftable",
    "remotes",
    "sequencer",
    "worktrees",
];

/// What makes a directory a repository's.
const PIECES: &[&str] = &["HEAD", "commondir", "objects", "refs"];

/// What git would run or follow, once a directory is a repository's.
const LOADED: &[&str] = &[
    "branches",
    "commondir",
    "config",
    "config.worktree",
    "hooks",
    "index",
    "info",
    "modules",
    "rebase-apply",
    "rebase-merge",
    "remotes",
    "worktrees",
];

const RULE: &str = "files.git-directory";

/// Whether a path that the rules let be written may be written as far as git
/// is concerned. Costs a look at the names in the path, unless one of them
/// means something to git.
pub(super) fn permit(files: &FileRules, path: &Path) -> Result<(), Refusal> {
    if !files.protects_names_at(path) || is_known(files, path) {
        return Ok(());
    }
    for (dir, below) in telling(path) {
        if is_repository(dir) {
            let is_kept = files.git() == GitAccess::Commit && git_part(below).is_kept();
            if !is_kept {
                return Err(refused(
                    path,
                    format!(
                        "{} is a git directory, which git on the host would use",
                        dir.display()
                    ),
                ));
            }
        }
    }
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(leaf)) if would_complete(dir, leaf) => Err(refused(
            path,
            format!(
                "it would make a git directory of {}, with settings or hooks that git on the host would use",
                dir.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// What a path is to the repository around it, by its name or by what is there,
/// where that may be committed to.
pub(super) fn part(files: &FileRules, path: &Path) -> Option<GitPart> {
    if files.git() != GitAccess::Commit || !files.protects_names_at(path) {
        return None;
    }
    let known = files.git_part(path);
    if known.is_some() || !files.may_write(path) {
        return known;
    }
    let mut around = telling(path).filter(|(dir, _)| is_repository(dir));
    around.next().map(|(_, below)| git_part(below))
}

/// Whether git takes a directory for a repository's.
pub(super) fn is_repository(dir: &Path) -> bool {
    let has = |name: &str| is_there(&dir.join(name));
    has("HEAD") && (has("commondir") || has("objects") && has("refs"))
}

/// Whether a git directory is a linked working tree's, which shares another's
/// settings.
pub(super) fn is_linked(dir: &Path) -> bool {
    is_there(&dir.join("commondir"))
}

/// Whether a path is the `HEAD` of what git takes for a repository's directory.
pub(super) fn is_head(path: &Path) -> bool {
    path.ends_with("HEAD") && path.parent().is_some_and(is_repository)
}

/// Whether the rules know the repository that a path lies in, and so have
/// judged it already.
fn is_known(files: &FileRules, path: &Path) -> bool {
    files.git() == GitAccess::Commit && files.git_part(path).is_some()
}

/// Each directory around a telling name in a path, and the path from there.
fn telling(path: &Path) -> impl Iterator<Item = (&Path, &Path)> {
    path.ancestors().filter_map(move |here| {
        let name = here.file_name()?.to_str()?;
        let is_telling = TELLING
            .iter()
            .any(|telling| telling.eq_ignore_ascii_case(name));
        let dir = here.parent().filter(|_| is_telling)?;
        Some((dir, path.strip_prefix(dir).ok()?))
    })
}

/// Whether a directory that is no repository's becomes one by getting this
/// name, and holds what git would run.
fn would_complete(dir: &Path, leaf: &OsStr) -> bool {
    if !PIECES.iter().any(|piece| leaf.eq_ignore_ascii_case(piece)) {
        return false;
    }
    let has = |name: &str| leaf.eq_ignore_ascii_case(name) || is_there(&dir.join(name));
    let is_whole = has("HEAD") && (has("commondir") || has("objects") && has("refs"));
    is_whole && !is_repository(dir) && LOADED.iter().any(|name| has(name))
}

/// A link is there whatever it leads to: git follows it when it is made whole.
fn is_there(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

fn refused(path: &Path, reason: String) -> Refusal {
    Refusal::rule(Errno::ACCESS, path.to_owned(), RULE, reason)
}
