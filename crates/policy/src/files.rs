//! Filesystem rules and what they say of a path.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{CREDENTIAL_STORES, Origin, Rule, protected_name};

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
    /// Paths that are unreadable besides the built-in credential stores, such
    /// as the journal's own directory.
    pub unreadable: Vec<PathBuf>,
}

/// One rule on one absolute path.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileRule {
    /// The path; the rule holds for it and everything below.
    pub path: PathBuf,
    /// What is granted.
    pub access: Access,
    /// The rule's identifier.
    pub rule: Rule,
    /// Where it comes from.
    pub origin: Origin,
    /// What the path is, for explanations: "SSH keys", "the workspace".
    pub what: String,
}

/// The filesystem rules of a resolved profile.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileRules {
    rules: Vec<FileRule>,
    protect_names: bool,
}

/// What the rules say of one path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileVerdict {
    /// Whether it is granted.
    pub granted: bool,
    /// The rule that decided.
    pub rule: Rule,
    /// Where that rule comes from.
    pub origin: Origin,
    /// One phrase that says why.
    pub reason: String,
    /// What would allow it, where something ordinary would.
    pub hint: Option<String>,
}

impl FileRules {
    /// Rules in any order; with `protect_names`, protected names below
    /// writable paths are not writable.
    pub fn new(mut rules: Vec<FileRule>, protect_names: bool) -> Self {
        // Most specific first; deny before write before read between equals.
        rules.sort_by(|a, b| {
            (b.path.components().count(), b.access).cmp(&(a.path.components().count(), a.access))
        });
        Self {
            rules,
            protect_names,
        }
    }

    /// The rules, most specific first.
    pub fn iter(&self) -> impl Iterator<Item = &FileRule> {
        self.rules.iter()
    }

    /// The paths with this access, most specific first.
    pub fn paths(&self, access: Access) -> impl Iterator<Item = &Path> {
        self.rules
            .iter()
            .filter(move |rule| rule.access == access)
            .map(|rule| rule.path.as_path())
    }

    /// Whether names are protected below writable paths.
    pub const fn protects_names(&self) -> bool {
        self.protect_names
    }

    /// Whether reading has to be looked at file by file, because a rule about
    /// names forbids it: what mounts cannot hold.
    pub const fn looks_at_reading(&self) -> bool {
        false
    }

    /// What the rules say of reading `path`, which is absolute and canonical.
    pub fn read(&self, path: &Path) -> FileVerdict {
        let Some(rule) = self.most_specific(path) else {
            return no_rule(path);
        };
        let granted = rule.access != Access::Deny;
        let verb = if granted { "readable" } else { "unreadable" };
        FileVerdict {
            granted,
            rule: rule.rule.clone(),
            origin: rule.origin.clone(),
            reason: format!("{} is {verb}: {}", rule.path.display(), rule.what),
            hint: None,
        }
    }

    /// What the rules say of creating, changing or removing `path`, which is
    /// absolute, and canonical but for its last component.
    pub fn write(&self, path: &Path) -> FileVerdict {
        let Some(rule) = self.most_specific(path) else {
            return no_rule(path);
        };
        if rule.access != Access::Write {
            return FileVerdict {
                granted: false,
                rule: rule.rule.clone(),
                origin: rule.origin.clone(),
                reason: format!("{} is not writable: {}", path.display(), rule.what),
                hint: (rule.access == Access::Read && rule.path == Path::new("/"))
                    .then(|| self.how_to_write(path)),
            };
        }
        // Only what lies below the writable root counts: a workspace may itself
        // live in `~/.codex/worktrees`.
        let below = path.strip_prefix(&rule.path).unwrap_or(path);
        if let Some(name) = self.protect_names.then(|| protected_name(below)).flatten() {
            return FileVerdict {
                granted: false,
                rule: Rule::builtin("files.protected-name"),
                origin: Origin::BUILTIN,
                reason: format!(
                    "`{}` is a protected name: {}",
                    name.components.join("/"),
                    name.becomes
                ),
                hint: None,
            };
        }
        FileVerdict {
            granted: true,
            rule: rule.rule.clone(),
            origin: rule.origin.clone(),
            reason: format!("{} is writable: {}", rule.path.display(), rule.what),
            hint: None,
        }
    }

    /// What would make a path writable that nothing forbids.
    fn how_to_write(&self, path: &Path) -> String {
        // Where nothing is writable, another root would not be either.
        if self.paths(Access::Write).next().is_none() {
            return "`--sandbox workspace-write` would make the workspace writable".to_owned();
        }
        format!(
            "`--add-dir {}` would make it writable",
            path.parent().unwrap_or(path).display()
        )
    }

    fn most_specific(&self, path: &Path) -> Option<&FileRule> {
        self.rules.iter().find(|rule| path.starts_with(&rule.path))
    }
}

fn no_rule(path: &Path) -> FileVerdict {
    FileVerdict {
        granted: false,
        rule: Rule::builtin("files.no-rule"),
        origin: Origin::BUILTIN,
        reason: format!("no rule grants {}", path.display()),
        hint: None,
    }
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
