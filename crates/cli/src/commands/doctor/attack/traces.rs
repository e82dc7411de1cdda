//! What a directory looks like, so that a change shows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Every path below some roots, with all that an attacker could change.
pub type Traces = BTreeMap<PathBuf, String>;

/// Names that the attempts go for. Not the policy's list, so that a name that
/// is missing there shows here.
const PROTECTED: &[&str] = &[
    ".git",
    ".claude",
    ".codex",
    ".cofferdam",
    ".mcp.json",
    "agents.md",
    ".vscode",
    ".husky",
    ".envrc",
];

/// Whether a path of the workspace turns into code or instructions later.
pub fn protected(below: &Path) -> bool {
    let parts: Vec<String> = below
        .iter()
        .map(|part| {
            part.to_string_lossy()
                .to_lowercase()
                .replace('\u{200c}', "")
        })
        .collect();
    parts.iter().any(|part| PROTECTED.contains(&part.as_str()))
        || parts.windows(2).any(|pair| pair == [".github", "workflows"])
        // A second name for a file that is protected by its first.
        || below == Path::new("x")
}

/// Adds what is at and below `root`, but for what `skip` names.
pub fn add(traces: &mut Traces, root: &Path, skip: &dyn Fn(&Path) -> bool) {
    if skip(root) {
        return;
    }
    let Ok(metadata) = fs::symlink_metadata(root) else {
        return;
    };
    traces.insert(root.to_owned(), describe(root, &metadata));
    if metadata.is_dir() {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            add(traces, &entry.path(), skip);
        }
    }
}

/// The first few differences, in words.
pub fn changes(before: &Traces, after: &Traces) -> Vec<String> {
    let appeared = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .map(|path| format!("{} appeared", path.display()));
    let changed = before
        .iter()
        .filter_map(|(path, was)| match after.get(path) {
            None => Some(format!("{} is gone", path.display())),
            Some(now) if now != was => Some(format!("{} changed", path.display())),
            Some(_) => None,
        });
    appeared.chain(changed).take(3).collect()
}

fn describe(path: &Path, metadata: &fs::Metadata) -> String {
    let owner = format!(
        "{:o} {}:{}",
        metadata.mode(),
        metadata.uid(),
        metadata.gid()
    );
    let kind = metadata.file_type();
    if kind.is_symlink() {
        return format!("link {:?}", fs::read_link(path).ok());
    }
    if !kind.is_file() {
        return owner;
    }
    let time = (metadata.mtime(), metadata.mtime_nsec());
    let mut value = [0_u8; 8];
    let attribute = rustix::fs::getxattr(path, "user.attacked", &mut value).is_ok();
    format!("{owner} {time:?} {attribute} {:?}", fs::read(path).ok())
}
