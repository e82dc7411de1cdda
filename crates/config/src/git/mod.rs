//! What git would follow or run in a working tree, found by reading its files.
//!
//! Names alone cannot tell: a `.git` pointer file leads elsewhere, a
//! repository may keep its hooks in an ordinary directory, and a hook may be a
//! link to a script. Git itself is not asked, because it would follow the very
//! settings that are in question.
//!
//! Not looked at: repositories below a writable directory, and links below its
//! first level. Names protect those.

mod config;
mod remotes;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use dam_policy::{PROTECTED_NAMES, ProtectedName, protected_component, protected_name};

pub(crate) use remotes::remotes;

use crate::places::settled;
use crate::project::MARKERS;
use crate::{ConfigError, file};

/// How many files may include each other, as in git.
const DEEPEST: usize = 10;

/// Where git finds what holds for every repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct GitSettings {
    /// The machine's: `/etc/gitconfig`.
    pub system: Option<PathBuf>,
    pub home: Option<PathBuf>,
    pub xdg_config: Option<PathBuf>,
}

impl GitSettings {
    fn files(&self) -> Vec<PathBuf> {
        let home = |below: &str| self.home.as_ref().map(|home| home.join(below));
        let xdg = match &self.xdg_config {
            Some(xdg) => Some(xdg.join("git/config")),
            None => home(".config/git/config"),
        };
        let system = self.system.clone();
        let own = xdg.into_iter().chain(home(".gitconfig"));
        system.into_iter().chain(own).collect()
    }
}

/// What is around a few directories.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Paths that must not be written although a root around them may be:
    /// hooks directories and hooks that are links, included settings, programs
    /// that settings name, and where protected names lead that are links.
    pub protected: BTreeSet<PathBuf>,
    /// The directories of repositories, which a box may commit to if it may
    /// commit at all. Where a pointer file leads out of the directories, it
    /// counts only if what is there says the same: else a file could make any
    /// repository of the user's the workspace's.
    pub repositories: BTreeSet<PathBuf>,
}

/// Looks for what git would follow or run in these directories.
pub(crate) fn search(roots: &[&Path], settings: &GitSettings) -> Result<Found, ConfigError> {
    let mut search = Search {
        settings,
        roots,
        found: Found::default(),
    };
    for root in roots {
        search.around(root)?;
    }
    Ok(search.found)
}

/// Whether a directory is, or is inside of, a repository without a working
/// tree around it.
pub(crate) fn is_git_directory(path: &Path) -> bool {
    path.ancestors().any(is_bare)
}

/// The repository around a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Repository {
    /// The top of the working tree; none where there is no working tree.
    pub top: Option<PathBuf>,
    /// What git keeps of this working tree.
    pub git_dir: PathBuf,
    /// What it shares with other working trees; else the same.
    pub common_dir: PathBuf,
    /// Whether what the `.git` leads to says that it belongs to this working
    /// tree. Else a file could make any repository of the user's this one's.
    pub is_its_own: bool,
}

/// The repository around a directory, found without asking git: its settings
/// may be a stranger's. `Err` says that there is a `.git` that makes no sense.
pub fn repository_around(dir: &Path) -> Result<Option<Repository>, ConfigError> {
    for top in dir.ancestors() {
        let dot_git = top.join(".git");
        if dot_git.symlink_metadata().is_ok() {
            return of_working_tree(top, &dot_git).map(Some);
        }
        if is_bare(top) {
            return Ok(Some(Repository {
                top: None,
                git_dir: top.to_owned(),
                common_dir: top.to_owned(),
                is_its_own: true,
            }));
        }
    }
    Ok(None)
}

fn of_working_tree(top: &Path, dot_git: &Path) -> Result<Repository, ConfigError> {
    let git_dir = if dot_git.is_dir() {
        dot_git.to_owned()
    } else {
        top.join(pointer(dot_git)?)
    };
    let common_dir = match file::bytes(&git_dir.join("commondir"))? {
        Some(text) => git_dir.join(line(&text)),
        None => git_dir.clone(),
    };
    let is_its_own = is_plain(dot_git) && git_dir == common_dir
        || is_linked(&git_dir, &common_dir, dot_git)
        || git_dir == common_dir && names_as_its_tree(&git_dir, top);
    Ok(Repository {
        top: Some(top.to_owned()),
        git_dir: settled(&git_dir),
        common_dir: settled(&common_dir),
        is_its_own,
    })
}

/// Whether `core.worktree` names this working tree, as in a submodule.
fn names_as_its_tree(git_dir: &Path, top: &Path) -> bool {
    let text = file::bytes(&git_dir.join("config")).ok().flatten();
    let entries = config::entries(&text.unwrap_or_default()).unwrap_or_default();
    entries.into_iter().any(|entry| {
        let named = entry.section == "core" && entry.name == "worktree";
        let tree = entry.value.unwrap_or_default();
        named && settled(&git_dir.join(OsStr::from_bytes(&tree))) == settled(top)
    })
}

/// Whether a directory is a repository itself.
fn is_bare(dir: &Path) -> bool {
    dir.join("HEAD").symlink_metadata().is_ok()
        && dir.join("objects").is_dir()
        && dir.join("refs").is_dir()
}

struct Search<'a> {
    settings: &'a GitSettings,
    roots: &'a [&'a Path],
    found: Found,
}

impl Search<'_> {
    fn add(&mut self, path: &Path) {
        self.found.protected.insert(settled(path));
    }

    /// A root, and the repository that it is in.
    fn around(&mut self, root: &Path) -> Result<(), ConfigError> {
        let is_there = |dir: &Path, marker: &str| dir.join(marker).symlink_metadata().is_ok();
        let mut top = root;
        for dir in root.ancestors() {
            for marker in MARKERS.iter().filter(|marker| is_there(dir, marker)) {
                if *marker != ".git" || !dir.join(marker).is_dir() {
                    self.add(&dir.join(marker));
                }
                top = dir;
            }
            // Past a `.git` that is none, git looks further up, and so do we.
            if is_there(dir, ".git") && self.repository(dir)? {
                break;
            }
        }
        for dir in root.ancestors().take_while(|dir| dir.starts_with(top)) {
            self.links(dir);
        }
        Ok(())
    }

    /// Where links with protected names lead.
    fn links(&mut self, dir: &Path) {
        let mut names = Vec::new();
        let Ok(entries) = std::fs::read_dir(dir) else {
            // What cannot be listed may still be there by name.
            names.extend(PROTECTED_NAMES.iter().map(ProtectedName::usual_spelling));
            return self.links_called(dir, &names);
        };
        for leaf in entries
            .flatten()
            .map(|entry| PathBuf::from(entry.file_name()))
        {
            if !protected_component(&leaf.to_string_lossy()) {
                continue;
            }
            let below = leaves(&dir.join(&leaf)).into_iter();
            let below = below.map(|inner| leaf.join(inner));
            names.extend(below.filter(|path| protected_name(path).is_some()));
            names.push(leaf);
        }
        self.links_called(dir, &names);
    }

    fn links_called(&mut self, dir: &Path, names: &[PathBuf]) {
        for path in names.iter().map(|name| dir.join(name)) {
            if path.is_symlink() {
                self.add(&path);
            }
        }
    }

    /// What a `.git` leads to; whether it is a repository.
    fn repository(&mut self, top: &Path) -> Result<bool, ConfigError> {
        let dot_git = top.join(".git");
        let git_dir = if dot_git.is_dir() {
            dot_git
        } else {
            top.join(pointer(&dot_git)?)
        };
        let common_dir = match file::bytes(&git_dir.join("commondir"))? {
            Some(text) => git_dir.join(line(&text)),
            None => git_dir.clone(),
        };
        let is_ours = is_plain(&top.join(".git")) && git_dir == common_dir
            || is_linked(&git_dir, &common_dir, &top.join(".git"));
        for dir in [&git_dir, &common_dir] {
            self.directory(settled(dir), is_ours);
        }
        self.hooks(&common_dir.join("hooks"));
        for (top, git_dir) in trees(top, &git_dir, &common_dir)? {
            let mut seen = BTreeSet::new();
            let own = [common_dir.join("config"), git_dir.join("config.worktree")];
            for path in own.iter().chain(&self.settings.files()) {
                self.config(path, &top, &mut seen, DEEPEST)?;
            }
        }
        Ok(git_dir.join("HEAD").symlink_metadata().is_ok())
    }

    /// A directory that a `.git` leads to.
    fn directory(&mut self, dir: PathBuf, is_ours: bool) {
        if is_ours || self.roots.iter().any(|root| dir.starts_with(root)) {
            self.found.repositories.insert(dir);
        } else {
            self.found.protected.insert(dir);
        }
    }

    /// A directory of hooks, and where hooks in it lead that are links.
    fn hooks(&mut self, dir: &Path) {
        self.add(dir);
        for path in leaves(dir).iter().map(|leaf| dir.join(leaf)) {
            if path.is_symlink() {
                self.add(&path);
            }
        }
    }

    fn config(
        &mut self,
        path: &Path,
        top: &Path,
        seen: &mut BTreeSet<PathBuf>,
        depth: usize,
    ) -> Result<(), ConfigError> {
        self.add(path);
        if depth == 0 || !seen.insert(settled(path)) {
            return Ok(());
        }
        // A link that leads nowhere is as good as no file; where it leads is
        // protected by now.
        let Some(text) = path
            .exists()
            .then(|| file::bytes(path))
            .transpose()?
            .flatten()
        else {
            return Ok(());
        };
        let entries = config::entries(&text).map_err(|bad| ConfigError::Git {
            path: path.to_owned(),
            at: format!(":{}", bad.line),
            problem: bad.why.to_owned(),
        })?;
        for entry in entries {
            let Some(value) = entry.value.filter(|value| !value.is_empty()) else {
                continue;
            };
            match (entry.section.as_str(), entry.name.as_str()) {
                // Every condition of `includeIf` may come true.
                ("include" | "includeif", "path") => {
                    let base = path.parent().unwrap_or(top);
                    self.config(&self.from(base, &value), top, seen, depth - 1)?;
                }
                ("core", "hookspath") => self.hooks(&self.from(top, &value)),
                ("core", "attributesfile") | ("init", "templatedir") => {
                    self.add(&self.from(top, &value));
                }
                (section, name) if runs(section, name) => self.programs(top, &value),
                _ => {}
            }
        }
        Ok(())
    }

    /// The files that a command names by a path.
    fn programs(&mut self, top: &Path, command: &[u8]) {
        let ends = |c: &u8| c.is_ascii_whitespace() || b"\"';|&()<>$`=!".contains(c);
        for word in command.split(ends).filter(|word| word.contains(&b'/')) {
            let path = self.from(top, word);
            let begins = |start: &[u8]| word.starts_with(start);
            let looks_so = begins(b"/") || begins(b"./") || begins(b"../") || begins(b"~/");
            if (looks_so || path.is_file()) && !path.is_dir() {
                self.add(&path);
            }
        }
    }

    fn from(&self, base: &Path, text: &[u8]) -> PathBuf {
        match (text.strip_prefix(b"~/"), &self.settings.home) {
            (Some(below), Some(home)) => home.join(OsStr::from_bytes(below)),
            _ => base.join(OsStr::from_bytes(text)),
        }
    }
}

/// Whether git runs what an entry holds.
fn runs(section: &str, name: &str) -> bool {
    const NAMES: &[&str] = &[
        "askpass",
        "alternaterefscommand",
        "clean",
        "cmd",
        "command",
        "defaultkeycommand",
        "difffilter",
        "driver",
        "editor",
        "external",
        "fsmonitor",
        "gitproxy",
        "helper",
        "packobjectshook",
        "pager",
        "process",
        "program",
        "receivepack",
        "smudge",
        "sshcommand",
        "textconv",
        "update",
        "uploadpack",
    ];
    const SECTIONS: &[&str] = &["alias", "pager"];
    const TOOLS: &[&str] = &["browser", "difftool", "guitool", "man", "mergetool"];
    NAMES.contains(&name)
        || SECTIONS.contains(&section)
        || (TOOLS.contains(&section) && name == "path")
}

/// Every working tree of a repository, each with its git directory: relative
/// paths in settings mean something else in each.
fn trees(
    top: &Path,
    git_dir: &Path,
    common_dir: &Path,
) -> Result<Vec<(PathBuf, PathBuf)>, ConfigError> {
    let mut trees = vec![(top.to_owned(), git_dir.to_owned())];
    let main = settled(common_dir);
    if let Some(top) = main.parent().filter(|_| main.ends_with(".git")) {
        trees.push((top.to_owned(), main.clone()));
    }
    for path in [common_dir.join("config"), git_dir.join("config.worktree")] {
        // What is no settings file is told when it is read for what it says.
        let text = file::bytes(&path).ok().flatten().unwrap_or_default();
        let entries = config::entries(&text).unwrap_or_default().into_iter();
        let named = entries.filter(|entry| entry.section == "core" && entry.name == "worktree");
        trees.extend(named.filter_map(|entry| {
            let top = git_dir.join(OsStr::from_bytes(&entry.value?));
            Some((settled(&top), git_dir.to_owned()))
        }));
    }
    let linked = common_dir.join("worktrees");
    for own in leaves(&linked).into_iter().map(|leaf| linked.join(leaf)) {
        if let Some(text) = file::bytes(&own.join("gitdir"))? {
            let dot_git = settled(&own.join(line(&text)));
            trees.extend(dot_git.parent().map(|top| (top.to_owned(), own.clone())));
        }
    }
    trees.sort();
    trees.dedup();
    Ok(trees)
}

fn is_plain(dot_git: &Path) -> bool {
    dot_git.is_dir() && !dot_git.is_symlink()
}

/// Whether a linked working tree's own directory is one of the repository's
/// that it shares, and says that it belongs to this `.git` file.
fn is_linked(git_dir: &Path, common_dir: &Path, dot_git: &Path) -> bool {
    let Ok(Some(text)) = file::bytes(&git_dir.join("gitdir")) else {
        return false;
    };
    settled(&git_dir.join(line(&text))) == settled(dot_git)
        && settled(git_dir).parent() == Some(&settled(&common_dir.join("worktrees")))
}

/// Where a `.git` file points.
fn pointer(path: &Path) -> Result<PathBuf, ConfigError> {
    let text = file::bytes(path)?.unwrap_or_default();
    match text.strip_prefix(b"gitdir:") {
        Some(rest) if !line(rest).as_os_str().is_empty() => Ok(line(rest).to_owned()),
        _ => Err(ConfigError::Git {
            path: path.to_owned(),
            at: String::new(),
            problem: "it does not say `gitdir: …`".to_owned(),
        }),
    }
}

fn line(text: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(text.trim_ascii()))
}

/// The names in a directory, as far as they can be had.
fn leaves(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| PathBuf::from(entry.file_name()))
        .collect()
}
