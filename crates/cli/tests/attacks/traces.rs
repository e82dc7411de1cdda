//! What a directory looks like, so that a change shows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// Every path below some roots, with all that an attacker could change.
pub type Traces = BTreeMap<PathBuf, String>;

/// Names that become code or instructions later. Kept apart from the list of
/// the program under test, so that dropping one there fails here.
const PROTECTED: &[&str] = &[
    ".git",
    ".gitmodules",
    ".cofferdam",
    ".codex",
    ".claude",
    ".agents",
    ".cursor",
    ".windsurf",
    ".gemini",
    ".vscode",
    ".idea",
    ".mcp.json",
    ".envrc",
    ".husky",
    ".gitlab-ci.yml",
    ".circleci",
    "agents.md",
    "agents.override.md",
    "claude.md",
    "claude.local.md",
    "gemini.md",
    ".cursorrules",
    ".windsurfrules",
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".gitconfig",
];

/// Whether anything at this path turns into code or instructions later.
pub fn protected(path: &Path) -> bool {
    let parts: Vec<String> = path
        .components()
        .map(|part| {
            let text = part.as_os_str().to_string_lossy().to_lowercase();
            text.replace(['\u{200c}', '\u{200b}'], "")
        })
        .collect();
    parts.iter().any(|part| PROTECTED.contains(&part.as_str()))
        || parts
            .windows(2)
            .any(|pair| pair[0] == ".github" && matches!(pair[1].as_str(), "workflows" | "hooks"))
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

/// The differences, in words.
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
    appeared.chain(changed).collect()
}

fn describe(path: &Path, metadata: &fs::Metadata) -> String {
    let kind = metadata.file_type();
    let owner = format!(
        "{:o} {}:{}",
        metadata.mode(),
        metadata.uid(),
        metadata.gid()
    );
    if kind.is_symlink() {
        return format!("link to {:?}", fs::read_link(path).ok());
    }
    if kind.is_dir() {
        return format!("directory {owner} {}", attribute(path));
    }
    // A file of the kernel's has neither a length nor a time worth comparing.
    if path.starts_with("/proc") {
        return format!("{:?}", fs::read(path).ok());
    }
    if !kind.is_file() {
        return format!("special {owner} {}", kind.is_char_device());
    }
    let time = (metadata.mtime(), metadata.mtime_nsec());
    let content = fs::read(path).ok();
    let flags = flags(path);
    format!(
        "file {owner} {time:?} {flags:x} {} {content:?}",
        attribute(path)
    )
}

fn attribute(path: &Path) -> bool {
    let mut value = [0_u8; 8];
    rustix::fs::getxattr(path, "user.attacked", &mut value).is_ok()
}

fn flags(path: &Path) -> u32 {
    rustix::fs::open(path, OFlags::RDONLY, Mode::empty())
        .and_then(rustix::fs::ioctl_getflags)
        .map_or(0, |flags| flags.bits())
}
