//! Trust in a project, which is in its content: what in it becomes settings,
//! rules, programs or instructions counts as long as it is what the user has
//! trusted.
//!
//! A record holds the digest of every such file. A session compares those on
//! the way from the root to where it works; one file that is new, changed or
//! gone, and none of them counts.

mod content;
mod record;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use content::{Content, Covered, FILES, TREES};
pub use record::Record;

use crate::ConfigError;
use crate::places::Dirs;

/// Whether a project is trusted, and why not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Trust {
    /// Nobody has said anything of it.
    #[default]
    Unknown,
    /// The settings say `untrusted`.
    Refused,
    /// The user took trust back.
    Revoked,
    /// The settings say `trusted`, and it is met for the first time: it is to
    /// be pinned at what it holds now.
    FirstSight(Content),
    /// It holds what was trusted.
    Same,
    /// It holds something else.
    Changed(Vec<Difference>),
    /// It holds what no digest can cover.
    Unclear(String),
}

/// One file that is not as it was trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Below the root of the project.
    pub path: String,
    /// What has happened to it.
    pub kind: DifferenceKind,
    /// What it held, where that is text and was kept.
    pub before: Option<String>,
    /// What it holds, where that is text.
    pub after: Option<String>,
}

/// What has happened to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DifferenceKind {
    /// It is new.
    Added,
    /// It holds something else.
    Changed,
    /// It is gone.
    Removed,
}

impl DifferenceKind {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl Trust {
    /// Whether what the project says counts.
    pub const fn counts(&self) -> bool {
        matches!(self, Self::Same | Self::FirstSight(_))
    }

    /// What a person should know of it.
    pub(crate) fn notice(&self) -> Option<String> {
        match self {
            Self::Changed(differences) => {
                let shown = differences.iter().take(3);
                let shown: Vec<String> = shown
                    .map(|one| format!("{} was {}", one.path, one.kind.word()))
                    .collect();
                let more = match differences.len().saturating_sub(3) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                Some(format!(
                    "the project is not what was trusted: {}{more}; none of its settings, rules and instructions counts until `dam trust` has shown you the difference",
                    shown.join(", ")
                ))
            }
            Self::Unclear(why) => Some(format!("the project cannot be trusted: {why}")),
            Self::Unknown | Self::Refused | Self::Revoked | Self::FirstSight(_) | Self::Same => {
                None
            }
        }
    }
}

/// Judges the project whose root is `top` for a session in `cwd`, by what the
/// settings say of it and by the record. `own` are directories of our own,
/// which may lie inside.
pub(crate) fn judge(
    level: Option<bool>,
    (top, cwd): (&Path, &Path),
    dirs: &Dirs,
) -> Result<Trust, ConfigError> {
    if level == Some(false) {
        return Ok(Trust::Refused);
    }
    let unclear = |error: ConfigError| Trust::Unclear(error.to_string());
    Ok(match Record::read(dirs, top)? {
        None if level == Some(true) => scan(top, dirs).map_or_else(unclear, Trust::FirstSight),
        None => Trust::Unknown,
        Some(record) if record.revoked => Trust::Revoked,
        Some(record) => match on_the_way(top, cwd, dirs) {
            Err(error) => unclear(error),
            Ok(found) => {
                let differences = record.differences_on_the_way(&found, top, cwd);
                if differences.is_empty() {
                    Trust::Same
                } else {
                    Trust::Changed(differences)
                }
            }
        },
    })
}

/// Whether it still is what was judged: what was read meanwhile must be what
/// was compared.
pub(crate) fn check_still(
    trust: &Trust,
    (top, cwd): (&Path, &Path),
    dirs: &Dirs,
) -> Result<(), ConfigError> {
    let record = match trust {
        Trust::Same => Record::read(dirs, top)?,
        Trust::FirstSight(content) => Some(Record::new(top, content.clone())),
        _ => return Ok(()),
    };
    let found = on_the_way(top, cwd, dirs)?;
    let is_still = |record: Record| record.differences_on_the_way(&found, top, cwd).is_empty();
    if record.is_some_and(is_still) {
        Ok(())
    } else {
        Err(ConfigError::Moved)
    }
}

/// What a session reads that works in `cwd`.
fn on_the_way(top: &Path, cwd: &Path, dirs: &Dirs) -> Result<Content, ConfigError> {
    Content::on_the_way(top, cwd, &own(dirs))
}

/// Everything in a project that trust covers, wherever it lies.
pub fn scan(top: &Path, dirs: &Dirs) -> Result<Content, ConfigError> {
    Content::of(top, &own(dirs))
}

/// Directories of our own: what they hold is the user's, not the project's.
fn own(dirs: &Dirs) -> Vec<PathBuf> {
    [&dirs.config, &dirs.state]
        .into_iter()
        .filter_map(|dir| dir.canonicalize().ok())
        .collect()
}

/// What is different in `after`, by path.
fn differences<'a>(
    before: impl Iterator<Item = (&'a String, &'a Covered)>,
    after: &BTreeMap<String, Covered>,
) -> Vec<Difference> {
    let before: BTreeMap<&String, &Covered> = before.collect();
    let mut found = Vec::new();
    for (path, old) in &before {
        let new = after.get(*path);
        if new.is_some_and(|new| new.sha256 == old.sha256) {
            continue;
        }
        found.push(Difference {
            path: (*path).clone(),
            kind: match new {
                Some(_) => DifferenceKind::Changed,
                None => DifferenceKind::Removed,
            },
            before: old.text.clone(),
            after: new.and_then(|new| new.text.clone()),
        });
    }
    let is_new = |path: &&String| !before.contains_key(*path);
    found.extend(after.keys().filter(is_new).map(|path| Difference {
        path: path.clone(),
        kind: DifferenceKind::Added,
        before: None,
        after: after.get(path).and_then(|new| new.text.clone()),
    }));
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}
