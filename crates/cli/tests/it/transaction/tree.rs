//! A directory tree as it can be compared: names, kinds, contents, modes,
//! where links lead, and which names are one file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The tree. Directories that cannot be entered are opened for the look.
#[derive(Debug, Eq, PartialEq)]
pub struct Tree(BTreeMap<PathBuf, String>);

impl Tree {
    pub fn of(root: &Path) -> Self {
        let mut found = BTreeMap::new();
        let mut links = BTreeMap::new();
        walk(root, Path::new(""), &mut found, &mut links);
        Self(found)
    }
}

fn walk(
    root: &Path,
    below: &Path,
    found: &mut BTreeMap<PathBuf, String>,
    links: &mut BTreeMap<u64, PathBuf>,
) {
    let mut names: Vec<_> = fs::read_dir(root.join(below))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    for name in names {
        let below = below.join(name);
        let path = root.join(&below);
        let meta = fs::symlink_metadata(&path).expect("something");
        let kind = meta.file_type();
        let mode = meta.permissions().mode() & 0o7777;
        let text = if kind.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            format!("link to {}", target.display())
        } else if kind.is_dir() {
            format!("directory {mode:o}")
        } else if kind.is_fifo() {
            "pipe".to_owned()
        } else {
            let first = links.entry(meta.ino()).or_insert_with(|| below.clone());
            let held = fs::read(&path).expect("a file");
            format!("file {mode:o} {held:?} as {}", first.display())
        };
        found.insert(below.clone(), text);
        if kind.is_dir() {
            let closed = mode & 0o700 != 0o700;
            let set = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode));
            if closed {
                set(mode | 0o700).expect("an open directory");
            }
            walk(root, &below, found, links);
            if closed {
                set(mode).expect("the mode it had");
            }
        }
    }
}
