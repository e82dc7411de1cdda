//! The files below a directory, without git.

use std::fs;
use std::path::{Path, PathBuf};

use super::SourceError;
use crate::file::{Input, LARGEST};
use crate::{Gap, GapKind};

/// Directories that hold other people's code or what was built.
const LEFT_OUT: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "__pycache__",
    ".venv",
];

/// The files of a tree.
#[derive(Debug, Default)]
pub struct Tree {
    /// Their paths from the root, in order.
    pub paths: Vec<String>,
    /// What is not among them.
    pub gaps: Vec<Gap>,
    /// Where they are.
    pub root: PathBuf,
}

/// Finds what is below a directory. Links are not followed.
pub fn walk(root: &Path) -> Result<Tree, SourceError> {
    let unreadable = |source| SourceError::Unreadable {
        path: root.to_owned(),
        source,
    };
    let mut tree = Tree {
        root: root.to_owned(),
        ..Tree::default()
    };
    fs::read_dir(root).map_err(unreadable)?;
    let mut waiting = vec![PathBuf::new()];
    while let Some(directory) = waiting.pop() {
        let shown = directory.to_string_lossy().into_owned();
        let entries = match fs::read_dir(root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) => {
                tree.gaps
                    .push(Gap::in_file(&shown, GapKind::Unreadable, error.to_string()));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = directory.join(entry.file_name());
            let name = path.to_string_lossy().into_owned();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if !LEFT_OUT.iter().any(|left| entry.file_name() == *left) {
                        waiting.push(path);
                    }
                }
                Ok(kind) if kind.is_file() => tree.paths.push(name),
                Ok(kind) if kind.is_symlink() => {
                    tree.gaps
                        .push(Gap::in_file(&name, GapKind::Link, "links are not followed"));
                }
                Ok(_) => tree
                    .gaps
                    .push(Gap::in_file(&name, GapKind::Binary, "no ordinary file")),
                Err(error) => {
                    tree.gaps
                        .push(Gap::in_file(&name, GapKind::Unreadable, error.to_string()));
                }
            }
        }
    }
    tree.paths.sort();
    tree.gaps.sort();
    Ok(tree)
}

impl Tree {
    /// Reads one of the files.
    pub fn read(&self, path: &str) -> Result<Input, Gap> {
        let place = self.root.join(path);
        let unreadable =
            |error: std::io::Error| Gap::in_file(path, GapKind::Unreadable, error.to_string());
        let size = fs::symlink_metadata(&place).map_err(unreadable)?.len();
        if size > LARGEST {
            let why = format!("{size} bytes are more than the {LARGEST} that are read");
            return Err(Gap::in_file(path, GapKind::TooBig, why));
        }
        let bytes = fs::read(&place).map_err(unreadable)?;
        Ok(Input {
            path: path.to_owned(),
            bytes,
        })
    }
}
