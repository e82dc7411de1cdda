//! The project around a working directory, and whether the user trusts it.

use std::path::{Path, PathBuf};

use crate::ConfigError;
use crate::merged::Merged;
use crate::places::{below_home, settled};
use crate::trust::Trust;
use crate::value::Value;

/// The project around a working directory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Project {
    /// Its root: the nearest directory with version control.
    pub root: Option<PathBuf>,
    /// Whether what it says counts.
    pub trusted: bool,
    /// Why, or why not.
    pub trust: Trust,
    /// Whether it is under version control.
    pub vcs: bool,
}

/// What marks the root of a project under version control.
pub(crate) const MARKERS: &[&str] = &[".git", ".jj", ".hg", ".svn"];

impl Project {
    /// The project around `cwd`, which is canonical.
    pub(crate) fn around(cwd: &Path) -> Self {
        let is_marked = |dir: &&Path| {
            let is_there = |marker: &&str| dir.join(marker).symlink_metadata().is_ok();
            MARKERS.iter().any(is_there)
        };
        let root = cwd.ancestors().find(is_marked).map(Path::to_path_buf);
        Self {
            vcs: root.is_some(),
            root,
            trusted: false,
            trust: Trust::default(),
        }
    }

    /// The directory that trust is given to.
    pub fn top<'a>(&'a self, cwd: &'a Path) -> &'a Path {
        self.root.as_deref().unwrap_or(cwd)
    }

    /// The directories whose `.cofferdam/config.toml` counts, the root first.
    pub(crate) fn directories<'a>(&'a self, cwd: &'a Path) -> Vec<&'a Path> {
        let top = self.top(cwd);
        let mut directories: Vec<&Path> = cwd
            .ancestors()
            .take_while(|directory| directory.starts_with(top))
            .collect();
        directories.reverse();
        directories
    }
}

/// What the user's own layers say of trust.
#[derive(Debug, Default)]
pub(crate) struct Word {
    /// Of this project.
    pub level: Option<bool>,
    /// Of a directory inside it, which is not how trust is given.
    pub inside: Option<PathBuf>,
}

/// Looks up `[projects."<path>"]` for the project whose root is `top`. Names
/// that lead to the same directory must agree.
pub(crate) fn word(
    merged: &Merged,
    top: &Path,
    cwd: &Path,
    home: Option<&Path>,
) -> Result<Word, ConfigError> {
    let mut trust = Word::default();
    for (rest, leaf) in merged.below(&["projects"]) {
        let (Some(name), Value::Trust(level)) = (rest.first(), &leaf.value) else {
            continue;
        };
        let Some(path) = below_home(name, home) else {
            continue;
        };
        let path = settled(&path);
        if path == top {
            if trust.level.is_some_and(|other| other != *level) {
                let text = format!(
                    "{} is trusted under one name, and not under another",
                    top.display()
                );
                return Err(leaf.spot.wrong(text));
            }
            trust.level = Some(*level);
        } else if path.starts_with(top) && cwd.starts_with(&path) {
            trust.inside = Some(path);
        }
    }
    Ok(trust)
}
