//! What git would follow or run in a working tree, found by reading its files.
//!
//! Names alone cannot tell: a `.git` pointer file leads elsewhere, and a
//! repository may keep its hooks in an ordinary directory. Git itself is not
//! asked, because it would follow the very settings that are in question.

use std::path::{Path, PathBuf};

use dam_policy::PROTECTED_NAMES;

/// How large a configuration file may be to be looked into.
const LARGEST: u64 = 1 << 20;
/// How many files may include each other.
const DEEPEST: usize = 8;

/// Paths that must not be written although a root around them may be:
/// the targets of pointer files, hooks directories, included settings, and
/// where protected names lead that are links.
pub(crate) fn protected(roots: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for root in roots {
        found.extend(link_targets(root));
        if let Some(repository) = root.ancestors().find(|dir| dir.join(".git").exists()) {
            found.extend(of_repository(repository));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn link_targets(root: &Path) -> Vec<PathBuf> {
    PROTECTED_NAMES
        .iter()
        .map(|name| root.join(name.usual_spelling()))
        .filter(|path| path.is_symlink())
        .filter_map(|path| path.canonicalize().ok())
        .collect()
}

fn of_repository(work_tree: &Path) -> Vec<PathBuf> {
    let dot_git = work_tree.join(".git");
    let mut found = Vec::new();
    let git_dir = match read(&dot_git) {
        Some(pointer) => match pointer.trim().strip_prefix("gitdir:") {
            Some(path) => work_tree.join(path.trim()),
            None => return found,
        },
        None => dot_git,
    };
    let common_dir = match read(&git_dir.join("commondir")) {
        Some(path) => git_dir.join(path.trim()),
        None => git_dir.clone(),
    };
    found.push(git_dir.clone());
    found.push(common_dir.clone());
    let mut configs = vec![common_dir.join("config"), git_dir.join("config.worktree")];
    for _ in 0..DEEPEST {
        let mut included = Vec::new();
        for config in configs {
            let Some(text) = read(&config) else { continue };
            let base = config.parent().unwrap_or(work_tree);
            for (key, value) in entries(&text) {
                match key.as_str() {
                    "core.hookspath" => found.push(work_tree.join(value)),
                    "include.path" | "includeif.path" => included.push(base.join(value)),
                    "core.attributesfile" | "core.excludesfile" => {
                        found.push(work_tree.join(value));
                    }
                    _ => {}
                }
            }
        }
        found.extend(included.iter().cloned());
        configs = included;
    }
    found
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect()
}

fn read(path: &Path) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    if !meta.is_file() || meta.len() > LARGEST {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The entries of a git configuration file, as `section.key` in lower case.
fn entries(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim) {
        let mut rest = line;
        if let Some(header) = line.strip_prefix('[') {
            let Some((name, after)) = header.split_once(']') else {
                continue;
            };
            section = name
                .split([' ', '\t', '"'])
                .next()
                .unwrap_or_default()
                .to_lowercase();
            rest = after.trim();
        }
        if let Some((key, value)) = rest.split_once('=') {
            let value = value.trim().trim_matches('"');
            entries.push((
                format!("{section}.{}", key.trim().to_lowercase()),
                value.to_owned(),
            ));
        }
    }
    entries
}
