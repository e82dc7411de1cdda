//! What the parts of a git directory are to git, and which of them may be
//! written where the profile lets the box commit.
//!
//! A list of what may, not of what may not: a name that git has yet to invent
//! is closed. Open is what git only keeps. Closed is what it runs, or follows
//! to something that it runs: settings, hooks, attributes, and the files that
//! say where a repository is.

use std::path::Path;

use crate::names::{is_same, names};
use crate::{FileRule, Origin, ProtectedName, Rule};

/// The rule that a repository's own directory is written by.
pub const RULE: &str = "files.repository";

/// What a path below a git directory is to git.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GitPart {
    /// Kept and no more: objects, references, their logs, messages.
    Kept,
    /// The index. Git writes what it lists wherever it says, also below
    /// `.git`, so it may only come to be in one piece that was looked at.
    Index,
    /// The steps of a rebase. Git runs some of them, so it may only come to be
    /// in one piece that was looked at.
    Steps,
    /// `commondir` or `gitdir` of a linked working tree: says where the
    /// settings are. May be removed, and written by who knows what is right.
    Pointer,
    /// Run or followed by git, or of an unknown name.
    Closed,
}

impl GitPart {
    /// Whether the path itself may be written in any way.
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Kept)
    }

    /// Whether the path may be removed: what git drops when it is done.
    pub const fn is_removable(self) -> bool {
        !matches!(self, Self::Closed)
    }
}

/// What a path is to git, by its components below the git directory.
pub fn git_part(below: &Path) -> GitPart {
    if below.has_root() {
        return GitPart::Closed;
    }
    part_of(names(below))
}

fn part_of<'a>(below: impl Iterator<Item = &'a [u8]>) -> GitPart {
    let parts: Vec<&[u8]> = below.collect();
    match parts.as_slice() {
        parts if parts.contains(&&b".."[..]) => GitPart::Closed,
        [b"modules", rest @ ..] => submodule(rest),
        [b"worktrees"] => GitPart::Kept,
        [b"worktrees", rest @ ..] => worktree(rest),
        parts => repository(parts),
    }
}

/// Below a repository's own directory.
fn repository(parts: &[&[u8]]) -> GitPart {
    kept(match parts {
        [b"objects", rest @ ..] => objects(rest),
        [b"info", leaf] => *leaf == b"refs" || leaf.starts_with(b"refs_"),
        [b"packed-refs.new"] => true,
        [leaf] if matches!(unlocked(leaf), b"gc.log" | b"gc.pid" | b"shallow") => true,
        [leaf] if leaf.starts_with(b"shallow_") => true,
        [b"refs"] => false,
        _ => return tree_state(parts),
    })
}

/// Below `worktrees`: what each linked working tree has of its own.
fn worktree(parts: &[&[u8]]) -> GitPart {
    match parts {
        [_] | [_, b"locked" | b"refs"] => GitPart::Kept,
        [_, b"commondir" | b"gitdir"] => GitPart::Pointer,
        [_, rest @ ..] => tree_state(rest),
        [] => GitPart::Closed,
    }
}

/// Below `modules`. A submodule's name may have slashes, so its directory can
/// begin at any depth: nothing that would be closed in one of them is open.
fn submodule(parts: &[&[u8]]) -> GitPart {
    const NEVER: &[&[u8]] = &[
        b"alternates",
        b"attributes",
        b"commondir",
        b"config",
        b"config.lock",
        b"config.worktree",
        b"gitdir",
        b"hooks",
    ];
    if parts.iter().any(|part| NEVER.contains(part)) {
        return GitPart::Closed;
    }
    let readings = (1..parts.len()).map(|at| match &parts[at..] {
        [b"modules" | b"worktrees", ..] => GitPart::Closed,
        rest => repository(rest),
    });
    // The most careful of what is not closed.
    readings.fold(GitPart::Closed, |most, part| match (most, part) {
        (GitPart::Closed, part) | (GitPart::Kept, part @ (GitPart::Index | GitPart::Steps)) => part,
        (most, _) => most,
    })
}

/// What a repository and each of its linked working trees have.
fn tree_state(parts: &[&[u8]]) -> GitPart {
    const FILES: &[&[u8]] = &[
        b"AUTO_MERGE",
        b"CHERRY_PICK_HEAD",
        b"COMMIT_EDITMSG",
        b"FETCH_HEAD",
        b"HEAD",
        b"MERGE_AUTOSTASH",
        b"MERGE_HEAD",
        b"MERGE_MODE",
        b"MERGE_MSG",
        b"MERGE_RR",
        b"NOTES_EDITMSG",
        b"ORIG_HEAD",
        b"REBASE_HEAD",
        b"REVERT_HEAD",
        b"SQUASH_MSG",
        b"TAG_EDITMSG",
        b"packed-refs",
    ];
    // What git writes a new index into before it renames it, and the passing
    // ones of `git stash` and `git commit FILE`.
    let passing_index = |leaf: &[u8]| {
        let number = |prefix: &[u8]| {
            let rest = unlocked(leaf).strip_prefix(prefix)?;
            Some(!rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
        };
        leaf == b"index.lock"
            || number(b"index.stash.").unwrap_or(false)
            || number(b"next-index-").unwrap_or(false)
    };
    kept(match parts {
        [b"index"] => return GitPart::Index,
        [leaf] if FILES.contains(&unlocked(leaf)) || passing_index(leaf) => true,
        [b"logs", rest @ ..] => rest
            .iter()
            .all(|part| is_plain(part) || *part == b".tmp-renamed-log"),
        [b"refs", rest @ ..] => !rest.is_empty() && rest.iter().all(|part| is_plain(part)),
        [b"reftable", leaf] => is_plain(leaf),
        [b"rebase-merge" | b"sequencer"] => true,
        [b"rebase-merge", b"git-rebase-todo"] => return GitPart::Steps,
        [b"rebase-merge", leaf] => rebase(unlocked(leaf)),
        [b"sequencer", leaf] => matches!(unlocked(leaf), b"head" | b"todo" | b"abort-safety"),
        _ => false,
    })
}

/// The state of a rebase. Not among it: a merge strategy, which is the name of
/// a program.
fn rebase(leaf: &[u8]) -> bool {
    const FILES: &[&[u8]] = &[
        b"allow_rerere_autoupdate",
        b"amend",
        b"author-script",
        b"autostash",
        b"current-fixups",
        b"done",
        b"drop_redundant_commits",
        b"dropped",
        b"end",
        b"git-rebase-todo",
        b"git-rebase-todo.backup",
        b"head-name",
        b"ignore_date",
        b"cdate_is_adate",
        b"interactive",
        b"keep_redundant_commits",
        b"message",
        b"message-fixup",
        b"message-squash",
        b"msgnum",
        b"no-reschedule-failed-exec",
        b"onto",
        b"orig-head",
        b"patch",
        b"quiet",
        b"refs-to-delete",
        b"reschedule-failed-exec",
        b"rewritten-list",
        b"rewritten-pending",
        b"signoff",
        b"squash-onto",
        b"stopped-sha",
        b"update-refs",
        b"verbose",
    ];
    // What `sed -i` writes before it renames it.
    let edited = |rest: &[u8]| rest.len() == 6 && rest.iter().all(u8::is_ascii_alphanumeric);
    FILES.contains(&leaf) || leaf.strip_prefix(b"sed").is_some_and(edited)
}

fn objects(parts: &[&[u8]]) -> bool {
    let is_hex = |part: &[u8]| part.iter().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let begins = |part: &[u8], any: &[&[u8]]| any.iter().any(|start| part.starts_with(start));
    match parts {
        [b"pack" | b"info" | b"maintenance.lock"] => true,
        [b"pack", leaf] => begins(
            leaf,
            &[b"pack-", b"tmp_", b".tmp-", b"old-", b"multi-pack-index"],
        ),
        [b"info", leaf] => {
            let leaf = unlocked(leaf);
            matches!(leaf, b"packs" | b"commit-graph" | b"commit-graphs")
                || begins(leaf, &[b"packs_", b"tmp_"])
        }
        [b"info", b"commit-graphs", leaf] => is_plain(leaf),
        [leaf] if begins(leaf, &[b"tmp_obj_", b"tmp_objdir-"]) => true,
        [directory, rest @ ..] if directory.starts_with(b"tmp_objdir-") => {
            rest[0] != b"info" && objects(rest)
        }
        [directory] => directory.len() == 2 && is_hex(directory),
        [directory, leaf] => {
            directory.len() == 2
                && is_hex(directory)
                && (is_hex(leaf) && leaf.len() >= 38 || leaf.starts_with(b"tmp_obj_"))
        }
        _ => false,
    }
}

/// The name that a lock stands for: git writes `X.lock` and renames it to `X`.
fn unlocked(leaf: &[u8]) -> &[u8] {
    leaf.strip_suffix(b".lock").unwrap_or(leaf)
}

/// A component that a reference can have.
fn is_plain(part: &[u8]) -> bool {
    !part.starts_with(b".") && !part.iter().any(u8::is_ascii_control)
}

const fn kept(is_kept: bool) -> GitPart {
    if is_kept {
        GitPart::Kept
    } else {
        GitPart::Closed
    }
}

/// What the names below a rule's path are to the repository that they lie in:
/// by the rule, which is on its directory, or because the outermost protected
/// name among them is `.git`.
pub(crate) fn part_among<'a>(
    rule: &FileRule,
    name: Option<&ProtectedName>,
    mut below: impl Iterator<Item = &'a [u8]>,
) -> Option<GitPart> {
    if rule.rule.as_str() == RULE {
        return Some(part_of(below));
    }
    if name?.components != [".git"] {
        return None;
    }
    // In exactly this spelling: another one may be another directory.
    let spelling = below.find(|name| is_same(name, ".git"))?;
    (spelling == b".git").then(|| part_of(below))
}

/// The rule, its origin and the reason why a part may be written or not.
pub(crate) fn explained(rule: &FileRule, part: GitPart, path: &Path) -> (Rule, Origin, String) {
    let (id, why) = match part {
        GitPart::Kept => {
            let reason = format!("{} is writable: git only keeps it", path.display());
            return (rule.rule.clone(), rule.origin.clone(), reason);
        }
        GitPart::Index | GitPart::Steps => (
            "files.git-checked",
            "can only be replaced as git does it, by renaming its lock",
        ),
        GitPart::Pointer => (
            "files.git-closed",
            "says where git finds settings that run on the host",
        ),
        GitPart::Closed => (
            "files.git-closed",
            "is closed: git on the host may run it or follow it",
        ),
    };
    let reason = format!("{} {why}", path.display());
    (Rule::builtin(id), Origin::BUILTIN, reason)
}
