//! Words of filesystem rules: what is granted, and the places it is granted in.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{CREDENTIAL_STORES, FileRule, Origin, Rule};

/// What a rule grants on a path and everything below it. The order is
/// strictness-blind on purpose: between rules of equal specificity deny wins
/// over write, and write over read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Read and execute.
    Read,
    /// Read, execute, create, change and remove.
    Write,
    /// Nothing: as if it were empty.
    Deny,
}

/// A place that a profile names before a session gives it a path.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// `:root`, the whole file system.
    Root,
    /// `:workspace_roots`, the working directory and what was added to it.
    WorkspaceRoots,
    /// `:tmpdir`, where `$TMPDIR` points, if it is set.
    Tmpdir,
    /// `:slash_tmp`, `/tmp`.
    SlashTmp,
    /// A path below the user's home directory.
    Home(PathBuf),
    /// An absolute path.
    Absolute(PathBuf),
}

/// What a session says the places are. All paths absolute and canonical.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Places {
    /// The working directory and what was added to it (`--add-dir`).
    pub workspace_roots: Vec<PathBuf>,
    /// The user's home directory, if there is one.
    pub home: Option<PathBuf>,
    /// Where `$TMPDIR` points, if it is set.
    pub tmpdir: Option<PathBuf>,
    /// Paths that would be writable but are protected because git or an agent
    /// would run what they hold: what names alone cannot tell, such as the
    /// directory that `core.hooksPath` or a `.git` pointer file names.
    pub protected: Vec<PathBuf>,
    /// The directories of the workspace's repositories: `.git`, where a `.git`
    /// file leads, and what that shares with others. They may lie outside of
    /// the workspace.
    pub repositories: Vec<PathBuf>,
    /// Paths that are unreadable besides the built-in credential stores, such
    /// as the journal's own directory.
    pub unreadable: Vec<PathBuf>,
}

/// The built-in rules that make credential stores below `home` unreadable.
pub(crate) fn credential_rules(home: &Path) -> impl Iterator<Item = FileRule> {
    CREDENTIAL_STORES.iter().map(move |store| FileRule {
        path: home.join(store.path),
        access: Access::Deny,
        rule: Rule::builtin("files.credential-store"),
        origin: Origin::BUILTIN,
        what: store.holds.to_owned(),
    })
}
