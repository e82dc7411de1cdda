//! What trust covers: the files of a project that become settings, rules,
//! programs or instructions, each with its digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{ConfigError, file};

/// Files that count in every directory.
pub const FILES: &[&str] = &[
    "AGENTS.md",
    "AGENTS.override.md",
    "CLAUDE.md",
    "CLAUDE.local.md",
    "GEMINI.md",
    ".mcp.json",
    ".cursorrules",
    ".windsurfrules",
    ".github/copilot-instructions.md",
];

/// Directories that count with everything in them, in every directory.
pub const TREES: &[&str] = &[
    ".cofferdam",
    ".agents",
    ".codex",
    ".claude",
    ".cursor",
    ".gemini",
    ".windsurf",
    ".devin",
    ".github/agents",
    ".github/hooks",
    ".github/instructions",
    ".github/prompts",
];

/// Directories that are not gone through: what is fetched or built there is no
/// part of the project. Who works in one finds it untrusted.
const SKIPPED: &[&str] = &[
    ".git",
    ".hg",
    ".jj",
    ".svn",
    "node_modules",
    "target",
    ".venv",
];

/// More files than any project has of these.
const MOST_FILES: usize = 5_000;

/// More bytes than they have together.
const MOST_BYTES: u64 = 64 << 20;

/// More entries than a project's directories have.
const MOST_ENTRIES: usize = 500_000;

/// More directories in each other than anybody makes.
const MOST_DEPTH: usize = 64;

/// The longest text that is kept, so that a difference can be shown.
const LONGEST_TEXT: usize = 64 << 10;

/// One file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Covered {
    /// The SHA-256 of what it holds, in hexadecimal; of a link also of where
    /// it leads.
    pub sha256: String,
    /// How many bytes it holds.
    pub size: u64,
    /// What it holds, where that is text and not long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Files with their digests, by their paths below the root.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Content {
    /// Each file.
    pub files: BTreeMap<String, Covered>,
}

impl Content {
    /// The digest of all of it.
    pub fn digest(&self) -> String {
        let mut all = Sha256::new();
        for (path, covered) in &self.files {
            all.update(path.as_bytes());
            all.update([0]);
            all.update(covered.sha256.as_bytes());
            all.update([0]);
        }
        hexadecimal(&all.finalize())
    }

    /// All of a project's, wherever it lies below its root.
    pub(super) fn of(top: &Path, own: &[PathBuf]) -> Result<Self, ConfigError> {
        let mut walk = Walk::new(top, own);
        walk.everywhere(top, 0)?;
        Ok(walk.found)
    }

    /// What a session reads that works in `cwd`: of each directory from the
    /// root down.
    pub(super) fn on_the_way(top: &Path, cwd: &Path, own: &[PathBuf]) -> Result<Self, ConfigError> {
        let mut walk = Walk::new(top, own);
        for directory in on_the_way(top, cwd) {
            walk.directory(&directory)?;
        }
        Ok(walk.found)
    }
}

/// The directories from the root down.
pub(super) fn on_the_way(top: &Path, cwd: &Path) -> Vec<PathBuf> {
    let all = cwd.ancestors().take_while(|dir| dir.starts_with(top));
    all.map(Path::to_owned).collect()
}

/// Whether a path below the root is of one of these directories.
pub(super) fn is_of(path: &str, top: &Path, directories: &[PathBuf]) -> bool {
    directories.iter().any(|directory| {
        let inside = top.join(path);
        let Ok(rest) = inside.strip_prefix(directory) else {
            return false;
        };
        FILES.iter().any(|name| rest == Path::new(name))
            || TREES.iter().any(|name| rest.starts_with(name))
    })
}

struct Walk<'a> {
    top: &'a Path,
    own: &'a [PathBuf],
    found: Content,
    bytes: u64,
    entries: usize,
}

impl<'a> Walk<'a> {
    fn new(top: &'a Path, own: &'a [PathBuf]) -> Self {
        Self {
            top,
            own,
            found: Content::default(),
            bytes: 0,
            entries: 0,
        }
    }

    /// What counts in one directory.
    fn directory(&mut self, directory: &Path) -> Result<(), ConfigError> {
        for name in FILES {
            let path = directory.join(name);
            if let Some(meta) = look(&path)?.filter(|meta| !meta.is_dir()) {
                self.file(&path, &meta)?;
            }
        }
        for name in TREES {
            let path = directory.join(name);
            if let Some(meta) = look(&path)? {
                self.tree(&path, &meta, 0)?;
            }
        }
        Ok(())
    }

    /// What counts in a directory and below it.
    fn everywhere(&mut self, directory: &Path, depth: usize) -> Result<(), ConfigError> {
        self.directory(directory)?;
        for (path, meta) in self.entries(directory, depth)? {
            let name = path.file_name().and_then(|name| name.to_str());
            let is_skipped =
                name.is_some_and(|name| SKIPPED.contains(&name) || TREES.contains(&name));
            if meta.is_dir() && !is_skipped && !self.is_own(&path) {
                self.everywhere(&path, depth + 1)?;
            }
        }
        Ok(())
    }

    /// A file, or a directory with everything in it. A link is gone through
    /// like what it leads to; one that goes round ends at the depth.
    fn tree(&mut self, path: &Path, meta: &Metadata, depth: usize) -> Result<(), ConfigError> {
        if self.is_own(path) {
            return Ok(());
        }
        if meta.is_symlink() && path.is_dir() {
            let leads = self.leads(path, Path::is_dir)?;
            let bytes = leads.as_os_str().as_encoded_bytes();
            let covered = Covered {
                sha256: sha256(bytes),
                size: bytes.len() as u64,
                text: None,
            };
            self.add(path, covered)?;
        } else if !meta.is_dir() {
            return self.file(path, meta);
        }
        for (path, meta) in self.entries(path, depth)? {
            self.tree(&path, &meta, depth + 1)?;
        }
        Ok(())
    }

    fn entries(
        &mut self,
        path: &Path,
        depth: usize,
    ) -> Result<Vec<(PathBuf, Metadata)>, ConfigError> {
        let unreadable = |error| ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        };
        if depth > MOST_DEPTH {
            return Err(untrustworthy(path, "it lies deeper than is looked at"));
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                let why = format!("there is more than can be looked at ({MOST_ENTRIES} entries)");
                return Err(untrustworthy(self.top, &why));
            }
            // What goes away meanwhile is not there.
            if let Some(meta) = look(&path)? {
                found.push((path, meta));
            }
        }
        Ok(found)
    }

    /// A link inside the project is covered with where it leads and what is
    /// there. One that leads elsewhere would make what it leads to count,
    /// which no digest of the project holds.
    fn file(&mut self, path: &Path, meta: &Metadata) -> Result<(), ConfigError> {
        let mut hash = Sha256::new();
        if meta.is_symlink() {
            hash.update(
                self.leads(path, Path::is_file)?
                    .as_os_str()
                    .as_encoded_bytes(),
            );
            hash.update([0]);
        } else if !meta.is_file() {
            return Err(untrustworthy(path, "it is neither a file nor a directory"));
        }
        let left = MOST_BYTES.saturating_sub(self.bytes);
        let Some(bytes) = file::bytes_up_to(path, left)? else {
            return Err(untrustworthy(path, "it is larger than what is looked at"));
        };
        self.bytes += bytes.len() as u64;
        hash.update(&bytes);
        let covered = Covered {
            sha256: hexadecimal(&hash.finalize()),
            size: bytes.len() as u64,
            text: String::from_utf8(bytes)
                .ok()
                .filter(|text| text.len() <= LONGEST_TEXT && !text.contains('\0')),
        };
        self.add(path, covered)
    }

    /// Where a link leads, as it is written, if that is in the project.
    fn leads(&self, path: &Path, is_kind: fn(&Path) -> bool) -> Result<PathBuf, ConfigError> {
        let target = path.canonicalize().ok();
        let is_inside = |target: &PathBuf| target.starts_with(self.top) && is_kind(target);
        if target.is_some_and(|target| is_inside(&target)) {
            Ok(std::fs::read_link(path).unwrap_or_default())
        } else {
            Err(untrustworthy(
                path,
                "it is a link that leads to nothing in the project",
            ))
        }
    }

    fn add(&mut self, path: &Path, covered: Covered) -> Result<(), ConfigError> {
        let Some(name) = path.strip_prefix(self.top).ok().and_then(Path::to_str) else {
            return Err(untrustworthy(path, "its name is not UTF-8 text"));
        };
        self.found.files.insert(name.to_owned(), covered);
        if self.found.files.len() > MOST_FILES {
            let why = format!("it has more than {MOST_FILES} files of settings and instructions");
            return Err(untrustworthy(self.top, &why));
        }
        Ok(())
    }

    fn is_own(&self, path: &Path) -> bool {
        self.own.iter().any(|own| own == path)
    }
}

/// What is there, links not followed.
fn look(path: &Path) -> Result<Option<Metadata>, ConfigError> {
    match path.symlink_metadata() {
        Ok(meta) => Ok(Some(meta)),
        Err(_) if !file::is_there(path) => Ok(None),
        Err(error) => Err(ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        }),
    }
}

fn untrustworthy(path: &Path, why: &str) -> ConfigError {
    ConfigError::Untrustworthy {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

/// The digest of a text, as in [`Covered::sha256`].
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_everything_that_is_covered() {
        let page = include_str!("../../../../docs/trust.md");
        for name in FILES.iter().chain(TREES).chain(SKIPPED) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
