//! The filesystem rules of a resolved profile, and what they say of a path.
//!
//! They are asked for every file that a command makes, so that the answer
//! alone costs no allocation; its explanation is made for whoever wants it.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::names::names;
use crate::protected::protected_among;
use crate::tree::{Around, Tree};
use crate::{
    Access, DENY_READ, GitAccess, GitPart, Glob, Layer, Origin, ProtectedName, Rule, repository,
};

/// The rule on a directory that is made for the box and thrown away with it:
/// no name in it means anything to anybody outside.
pub const OWN_DIRECTORY: Rule = Rule::builtin("files.own-directory");

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

/// Paths that are denied by a pattern.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DenyGlob {
    /// The absolute directory that the pattern starts from.
    pub base: PathBuf,
    /// The pattern.
    pub glob: Glob,
    /// Where it comes from.
    pub origin: Origin,
}

/// The filesystem rules of a resolved profile.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Written", into = "Written")]
pub struct FileRules {
    rules: Vec<FileRule>,
    globs: Vec<DenyGlob>,
    protect_names: bool,
    git: GitAccess,
    tells_refusals: bool,
    tree: Tree,
}

/// The rules as they are written down.
#[derive(Deserialize, Serialize)]
struct Written {
    rules: Vec<FileRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    globs: Vec<DenyGlob>,
    protect_names: bool,
    #[serde(default)]
    git: GitAccess,
    #[serde(default)]
    tells_refusals: bool,
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

/// What decides about a path.
#[derive(Clone, Copy)]
enum Decider<'a> {
    Nothing,
    Rule(&'a FileRule),
    Glob(&'a DenyGlob),
    Name(&'static ProtectedName),
    Git(&'a FileRule, GitPart),
}

impl FileRules {
    /// Rules in any order; with `protect_names`, protected names below
    /// writable paths are not writable.
    pub fn new(mut rules: Vec<FileRule>, protect_names: bool) -> Self {
        // Most specific first; deny before write before read between equals.
        rules.sort_by_cached_key(|rule| Reverse((names(&rule.path).count(), rule.access)));
        Self {
            tree: Tree::new(rules.iter().map(|rule| rule.path.as_path())),
            rules,
            globs: Vec::new(),
            protect_names,
            git: GitAccess::default(),
            tells_refusals: false,
        }
    }

    /// The same rules, and these patterns denied: whatever a rule says, unless
    /// it is one on exactly the path in question.
    #[must_use]
    pub fn denying(self, globs: Vec<DenyGlob>) -> Self {
        Self { globs, ..self }
    }

    /// The same in everything else, with other rules and patterns.
    #[must_use]
    pub(crate) fn with_rules(&self, rules: Vec<FileRule>, globs: Vec<DenyGlob>) -> Self {
        let rules = Self::new(rules, self.protect_names)
            .denying(globs)
            .with_git(self.git);
        Self {
            tells_refusals: self.tells_refusals,
            ..rules
        }
    }

    /// The same rules, with what may be done to repositories.
    #[must_use]
    pub fn with_git(self, git: GitAccess) -> Self {
        Self { git, ..self }
    }

    /// The same rules, and this path readable, which is absolute and canonical.
    #[must_use]
    pub fn with_readable(self, path: &Path, what: &str) -> Self {
        let mut rules = self.rules.clone();
        rules.push(FileRule {
            path: path.to_owned(),
            access: Access::Read,
            rule: Rule::builtin("files.session"),
            origin: Origin::BUILTIN,
            what: what.to_owned(),
        });
        let globs = self.globs.clone();
        self.with_rules(rules, globs)
    }

    /// The same rules, with every refusal told: of reading, too, which is then
    /// looked at file by file and takes its time, and of system calls that are
    /// not there.
    #[must_use]
    pub fn telling_of_refusals(self) -> Self {
        Self {
            tells_refusals: true,
            ..self
        }
    }

    /// The rules, most specific first.
    pub fn iter(&self) -> impl Iterator<Item = &FileRule> {
        self.rules.iter()
    }

    /// The patterns that are denied.
    pub fn globs(&self) -> &[DenyGlob] {
        &self.globs
    }

    /// The paths with this access, most specific first.
    pub fn paths(&self, access: Access) -> impl Iterator<Item = &Path> {
        self.rules
            .iter()
            .filter(move |rule| rule.access == access)
            .map(|rule| rule.path.as_path())
    }

    /// The same rules, with these directories made for the box alone: writable,
    /// whatever the names in them.
    #[must_use]
    pub fn with_own(&self, own: &[PathBuf]) -> Self {
        let is_replaced =
            |rule: &FileRule| rule.access == Access::Write && own.contains(&rule.path);
        let mut rules = self.rules.clone();
        rules.retain(|rule| !is_replaced(rule));
        rules.extend(own.iter().map(|path| FileRule {
            path: path.clone(),
            access: Access::Write,
            rule: OWN_DIRECTORY,
            origin: Origin::BUILTIN,
            what: "the box's own".to_owned(),
        }));
        self.with_rules(rules, self.globs.clone())
    }

    /// Whether names are protected below writable paths.
    pub const fn protects_names(&self) -> bool {
        self.protect_names
    }

    /// Whether names are protected where this path is: not in a directory of
    /// the box's own.
    pub fn protects_names_at(&self, path: &Path) -> bool {
        self.protect_names && !self.is_own(path)
    }

    /// Whether this path is a directory of the box's own, or in one, and no
    /// other rule says more of it.
    pub fn is_own(&self, path: &Path) -> bool {
        self.around(path)
            .is_ok_and(|(rule, _)| rule.rule == OWN_DIRECTORY)
    }

    /// What may be done to repositories.
    pub const fn git(&self) -> GitAccess {
        self.git
    }

    /// The directories of repositories that may be committed to by a rule of
    /// their own: those whose settings were read when the rules were made.
    pub fn repositories(&self) -> impl Iterator<Item = &Path> {
        let is_one = |rule: &&FileRule| rule.rule.as_str() == repository::RULE;
        self.rules
            .iter()
            .filter(is_one)
            .map(|rule| rule.path.as_path())
    }

    /// What `path` is to the repository around it, where that may be committed
    /// to and no other rule decides.
    pub fn git_part(&self, path: &Path) -> Option<GitPart> {
        match self.writing(path).1 {
            Decider::Git(_, part) => Some(part),
            _ => None,
        }
    }

    /// Whether reading has to be looked at file by file: because a pattern
    /// forbids it, which mounts cannot hold, because only what is named may be
    /// read, or because refusals are to be told.
    pub fn looks_at_reading(&self) -> bool {
        self.tells_refusals || !self.globs.is_empty() || !self.may_read(Path::new("/"))
    }

    /// Whether every refusal is told.
    pub fn tells_of_refusals(&self) -> bool {
        self.tells_refusals
    }

    /// Whether `path`, which is absolute and canonical, may be read.
    pub fn may_read(&self, path: &Path) -> bool {
        self.reading(path).0
    }

    /// Whether `path`, which is absolute, and canonical but for its last
    /// component, may be created, changed or removed.
    pub fn may_write(&self, path: &Path) -> bool {
        self.writing(path).0
    }

    /// Whether an administrator keeps the path from being read, so that no
    /// answer may open it.
    pub fn is_withheld(&self, path: &Path) -> bool {
        let is_below = |rule: &FileRule| {
            let mut of_path = names(path);
            names(&rule.path).all(|name| of_path.next() == Some(name))
        };
        let mut rules = self.rules.iter();
        let mut globs = self.globs.iter();
        rules.any(|rule| rule.rule == DENY_READ && is_below(rule))
            || globs.any(|glob| glob.origin.layer == Layer::Requirements && glob.denies(path))
    }

    /// As [`Self::may_read`], explained.
    pub fn read(&self, path: &Path) -> FileVerdict {
        let (granted, decider) = self.reading(path);
        let found = decider.verdict(granted, path);
        match decider {
            Decider::Rule(rule) => {
                let verb = if granted { "readable" } else { "unreadable" };
                FileVerdict {
                    reason: format!("{} is {verb}: {}", rule.path.display(), rule.what),
                    ..found
                }
            }
            _ => found,
        }
    }

    /// As [`Self::may_write`], explained.
    pub fn write(&self, path: &Path) -> FileVerdict {
        let (granted, decider) = self.writing(path);
        let found = decider.verdict(granted, path);
        match decider {
            Decider::Rule(rule) if granted => FileVerdict {
                reason: format!("{} is writable: {}", rule.path.display(), rule.what),
                ..found
            },
            Decider::Rule(rule) => FileVerdict {
                reason: format!("{} is not writable: {}", path.display(), rule.what),
                hint: (rule.access == Access::Read && rule.path == Path::new("/"))
                    .then(|| self.how_to_write(path)),
                ..found
            },
            _ => found,
        }
    }

    fn reading<'a>(&'a self, path: &'a Path) -> (bool, Decider<'a>) {
        match self.around(path) {
            Ok((rule, _)) => (rule.access != Access::Deny, Decider::Rule(rule)),
            Err(decider) => (false, decider),
        }
    }

    fn writing<'a>(&'a self, path: &'a Path) -> (bool, Decider<'a>) {
        let (rule, below) = match self.around(path) {
            Ok(found) => found,
            Err(decider) => return (false, decider),
        };
        if rule.access != Access::Write {
            return (false, Decider::Rule(rule));
        }
        if !self.protect_names || rule.rule == OWN_DIRECTORY {
            return (true, Decider::Rule(rule));
        }
        // Only what lies below the writable root counts: a workspace may itself
        // live in `~/.codex/worktrees`.
        let name = protected_among(below.clone());
        if self.git == GitAccess::Commit
            && let Some(part) = repository::part_among(rule, name, below)
        {
            return (part.is_kept(), Decider::Git(rule, part));
        }
        match name {
            Some(name) => (false, Decider::Name(name)),
            None => (true, Decider::Rule(rule)),
        }
    }

    /// The rule around a path and the names that lead on from it, unless no
    /// rule or a pattern decides.
    fn around<'a>(
        &'a self,
        path: &'a Path,
    ) -> Result<(&'a FileRule, impl Iterator<Item = &'a [u8]> + Clone), Decider<'a>> {
        let names = names(path);
        // What is not canonical would be judged as something else than it is.
        if !path.has_root() || names.clone().any(|name| name == b"..") {
            return Err(Decider::Nothing);
        }
        let Some(Around { rule, rest }) = self.tree.around(names) else {
            return Err(Decider::Nothing);
        };
        let rule = &self.rules[rule];
        let is_named = rest.clone().next().is_none();
        if rule.access == Access::Deny || is_named {
            return Ok((rule, rest));
        }
        match self.globs.iter().find(|glob| glob.denies(path)) {
            Some(glob) => Err(Decider::Glob(glob)),
            None => Ok((rule, rest)),
        }
    }

    /// What would make a path writable that nothing forbids.
    fn how_to_write(&self, path: &Path) -> String {
        // Where nothing is writable, another root would not be either.
        if self.paths(Access::Write).next().is_none() {
            return "`--sandbox workspace-write`, which makes the workspace writable".to_owned();
        }
        format!("`--add-dir {}`", path.parent().unwrap_or(path).display())
    }
}

impl Decider<'_> {
    fn verdict(self, granted: bool, path: &Path) -> FileVerdict {
        let (rule, origin, reason) = match self {
            Self::Nothing => (
                Rule::builtin("files.no-rule"),
                Origin::BUILTIN,
                format!("no rule grants {}", path.display()),
            ),
            Self::Rule(rule) => (rule.rule.clone(), rule.origin.clone(), String::new()),
            Self::Git(rule, part) => repository::explained(rule, part, path),
            Self::Glob(glob) => (
                if glob.origin.layer == Layer::Requirements {
                    DENY_READ
                } else {
                    Rule::builtin("files.denied-glob")
                },
                glob.origin.clone(),
                format!(
                    "{} is denied by the pattern `{}` below {}",
                    path.display(),
                    glob.glob,
                    glob.base.display()
                ),
            ),
            Self::Name(name) => (
                Rule::builtin("files.protected-name"),
                Origin::BUILTIN,
                format!(
                    "`{}` is a protected name: {}",
                    name.components.join("/"),
                    name.becomes
                ),
            ),
        };
        FileVerdict {
            granted,
            rule,
            origin,
            reason,
            hint: None,
        }
    }
}

impl DenyGlob {
    /// Whether an absolute path matches, or lies below what does.
    pub(crate) fn denies(&self, path: &Path) -> bool {
        let mut names_of_path = names(path);
        names(&self.base).all(|name| names_of_path.next() == Some(name))
            && self.glob.matches(names_of_path)
    }
}

impl From<Written> for FileRules {
    fn from(written: Written) -> Self {
        let rules = Self::new(written.rules, written.protect_names)
            .denying(written.globs)
            .with_git(written.git);
        if written.tells_refusals {
            rules.telling_of_refusals()
        } else {
            rules
        }
    }
}

impl From<FileRules> for Written {
    fn from(rules: FileRules) -> Self {
        Self {
            rules: rules.rules,
            globs: rules.globs,
            protect_names: rules.protect_names,
            git: rules.git,
            tells_refusals: rules.tells_refusals,
        }
    }
}
