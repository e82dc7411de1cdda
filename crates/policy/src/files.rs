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
    /// `:minimal`, what programs need to run: system directories.
    Minimal,
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
    /// A relative path below each path of a place.
    Below(Box<Self>, PathBuf),
}

/// Where programs and what they load are kept on a system, and what describes
/// it to them. No home directory, and nothing that people or services put their
/// own things into.
const MINIMAL: &[&str] = &[
    "/bin",
    "/dev",
    "/etc",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/opt",
    "/proc",
    "/run/current-system",
    "/run/systemd/resolve",
    "/run/wrappers",
    "/sbin",
    "/snap",
    "/sys",
    "/usr",
    "/var/lib",
    // macOS
    "/Library",
    "/System",
    "/private/etc",
    "/private/var/db",
];

impl Place {
    /// The paths that a session gives it, absolute; none, if it has none.
    pub fn paths(&self, places: &Places) -> Vec<PathBuf> {
        match self {
            Self::Root => vec![PathBuf::from("/")],
            Self::Minimal => MINIMAL.iter().map(PathBuf::from).collect(),
            Self::WorkspaceRoots => places.workspace_roots.clone(),
            Self::Tmpdir => places.tmpdir.iter().cloned().collect(),
            Self::SlashTmp => vec![PathBuf::from("/tmp")],
            Self::Home(below) => places.home.iter().map(|home| join(home, below)).collect(),
            Self::Absolute(path) => vec![path.clone()],
            Self::Below(place, below) => {
                let paths = place.paths(places).into_iter();
                paths.map(|path| join(&path, below)).collect()
            }
        }
    }

    /// Whether it is this place, or below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self == other || matches!(self, Self::Below(place, _) if place.is_within(other))
    }
}

/// Without a slash at the end where there is nothing to join.
fn join(path: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() {
        path.to_owned()
    } else {
        path.join(below)
    }
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
