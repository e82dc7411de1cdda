//! Profiles: what a process may touch.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::files::credential_rules;
use crate::{
    Access, DenyGlob, EnvironmentPolicy, FileRule, FileRules, Glob, Limits, NetworkRules, Origin,
    Place, Places, Property, Rule, repository,
};

/// The older names of the built-in profiles, as `sandbox_mode` and `--sandbox`
/// take them. The order is what they grant.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// Read everything but credential stores, write nothing.
    ReadOnly,
    /// As read-only, and write in the workspace and temporary directories.
    WorkspaceWrite,
    /// No boundary at all.
    DangerFullAccess,
}

/// A name that is no sandbox mode.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a sandbox mode; use `read-only`, `workspace-write` or `danger-full-access`")]
pub struct UnknownSandboxMode(pub String);

impl FromStr for SandboxMode {
    type Err = UnknownSandboxMode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "read-only" => Ok(Self::ReadOnly),
            "workspace-write" => Ok(Self::WorkspaceWrite),
            "danger-full-access" => Ok(Self::DangerFullAccess),
            other => Err(UnknownSandboxMode(other.to_owned())),
        }
    }
}

impl fmt::Display for SandboxMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::DangerFullAccess => "danger-full-access",
        })
    }
}

/// What a boxed process can reach over the network.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// A network namespace of its own with nothing but its own loopback.
    None,
    /// The same, and what a proxy outside lets through by these rules. No
    /// boundary has that proxy yet: each refuses to start such a profile.
    Proxy(Box<NetworkRules>),
    /// The host's network: only without a boundary.
    Host,
}

/// What may be done to a repository from inside.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GitAccess {
    /// Look at it: `git status`, `git diff`, `git log`.
    #[default]
    Read,
    /// Commit, branch and add worktrees, too: what git keeps is writable, what
    /// git would run is not.
    Commit,
}

/// What a process may touch, before a session gives the places their paths.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// Its name; built-in ones start with a colon.
    pub name: String,
    /// What is granted where.
    pub files: Vec<(Place, Access, Origin)>,
    /// What is denied by patterns, each below a place.
    #[serde(default)]
    pub globs: Vec<(Place, Glob, Origin)>,
    /// What it can reach.
    pub network: Network,
    /// What its environment is made of.
    pub environment: EnvironmentPolicy,
    /// Whether there is a boundary at all.
    pub confined: bool,
    /// What it may use up.
    #[serde(default)]
    pub limits: Limits,
    /// What it needs of the boundary beyond what every tier gives.
    #[serde(default)]
    pub needs: Vec<Property>,
    /// Whether `/tmp` is one of its own instead of the host's.
    #[serde(default)]
    pub own_tmp: bool,
    /// What may be done to repositories.
    #[serde(default)]
    pub git: GitAccess,
}

impl Profile {
    /// The built-in profile that a sandbox mode names.
    pub fn builtin(mode: SandboxMode) -> Self {
        let grant = |place, access| (place, access, Origin::BUILTIN);
        let mut files = vec![grant(Place::Root, Access::Read)];
        if mode == SandboxMode::WorkspaceWrite {
            files.push(grant(Place::WorkspaceRoots, Access::Write));
            files.push(grant(Place::Tmpdir, Access::Write));
            files.push(grant(Place::SlashTmp, Access::Write));
        }
        let (name, confined) = match mode {
            SandboxMode::ReadOnly => (":read-only", true),
            SandboxMode::WorkspaceWrite => (":workspace", true),
            SandboxMode::DangerFullAccess => (":danger-full-access", false),
        };
        Self {
            name: name.to_owned(),
            files,
            globs: Vec::new(),
            network: if confined {
                Network::None
            } else {
                Network::Host
            },
            environment: EnvironmentPolicy::default(),
            confined,
            limits: Limits::default(),
            needs: Vec::new(),
            own_tmp: false,
            git: GitAccess::default(),
        }
    }

    /// The same limits, where both say something the smaller: for any profile.
    #[must_use]
    pub fn limited(self, limits: Limits) -> Self {
        Self {
            limits: self.limits.smaller(limits),
            ..self
        }
    }

    /// The profile with every place replaced by its path.
    pub fn resolve(&self, places: &Places) -> ResolvedProfile {
        let mut rules = self.named_rules(places);
        if self.confined {
            rules.extend(places.home.iter().flat_map(|home| self.stores(home)));
            rules.extend(places.unreadable.iter().map(|path| {
                builtin_rule(
                    path,
                    Access::Deny,
                    "files.unreadable",
                    "kept from boxed processes",
                )
            }));
        }
        let globs = self.deny_globs(places);
        if self.confined {
            let files = FileRules::new(rules.clone(), false).denying(globs.clone());
            rules.extend(places.protected.iter().map(|path| protect(path, &files)));
            if self.writes() {
                rules.extend(self.repository_rules(places, &files));
            }
        }
        let own = self.confined && self.own_tmp;
        let own = own.then(|| PathBuf::from("/tmp"));
        ResolvedProfile {
            name: self.name.clone(),
            files: FileRules::new(rules, self.confined)
                .denying(globs)
                .with_git(self.git)
                .with_own(own.as_slice()),
            network: self.network.clone(),
            environment: self.environment.clone(),
            confined: self.confined,
            limits: self.limits,
            needs: self.needs.clone(),
            own_tmp: self.own_tmp,
            git: self.git,
            home: places.home.clone(),
        }
    }

    fn writes(&self) -> bool {
        let mut accesses = self.files.iter().map(|(_, access, _)| *access);
        accesses.any(|access| access == Access::Write)
    }

    /// What the profile itself says.
    fn named_rules(&self, places: &Places) -> Vec<FileRule> {
        let only_reads = !self.writes();
        let mut rules = Vec::new();
        for (place, access, origin) in &self.files {
            // Denied is what no rule grants; a rule on everything would say no
            // more, and could not be put up as a mount.
            if *place == Place::Root && *access == Access::Deny {
                continue;
            }
            for path in place.paths(places) {
                rules.push(FileRule {
                    path,
                    access: *access,
                    rule: Rule::builtin(rule_of(place)),
                    origin: origin.clone(),
                    what: match place {
                        Place::Root if only_reads => {
                            format!("the profile `{}` only reads", self.name)
                        }
                        place => describe(place, *access).to_owned(),
                    },
                });
            }
        }
        rules
    }

    /// The credential stores, but for those that the profile names itself: who
    /// writes exactly that path means it.
    fn stores(&self, home: &Path) -> Vec<FileRule> {
        let is_named = |rule: &FileRule| {
            self.files.iter().any(|(place, access, _)| {
                let path = match place {
                    Place::Home(below) => home.join(below),
                    Place::Absolute(path) => path.clone(),
                    _ => return false,
                };
                *access != Access::Deny && path == rule.path
            })
        };
        credential_rules(home)
            .filter(|rule| !is_named(rule))
            .collect()
    }

    /// The rules on the directories of repositories. What lies elsewhere is
    /// only made writable if that was asked for, and what is denied never is.
    fn repository_rules(&self, places: &Places, files: &FileRules) -> Vec<FileRule> {
        let is_inside = |path: &Path| {
            let mut roots = files.paths(Access::Write);
            roots.any(|root| path.starts_with(root))
        };
        let rule = |path: &PathBuf| match self.git {
            GitAccess::Commit if files.may_read(path) => Some(builtin_rule(
                path,
                Access::Write,
                repository::RULE,
                "the repository of the workspace",
            )),
            GitAccess::Read if is_inside(path) => Some(protect(path, files)),
            GitAccess::Commit | GitAccess::Read => None,
        };
        places.repositories.iter().filter_map(rule).collect()
    }

    fn deny_globs(&self, places: &Places) -> Vec<DenyGlob> {
        let mut globs = Vec::new();
        for (place, glob, origin) in &self.globs {
            globs.extend(place.paths(places).into_iter().map(|base| DenyGlob {
                base,
                glob: glob.clone(),
                origin: origin.clone(),
            }));
        }
        globs
    }
}

/// The rule that keeps a path from being written. It must not make readable
/// what the other rules deny.
fn protect(path: &Path, files: &FileRules) -> FileRule {
    let access = if files.may_read(path) {
        Access::Read
    } else {
        Access::Deny
    };
    let what = "git or an agent runs what it holds";
    builtin_rule(path, access, "files.protected-path", what)
}

/// A profile whose places are paths: what the boundary enforces and the
/// evaluator asks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ResolvedProfile {
    /// The profile's name.
    pub name: String,
    /// What is granted where.
    pub files: FileRules,
    /// What it can reach.
    pub network: Network,
    /// What its environment is made of.
    pub environment: EnvironmentPolicy,
    /// Whether there is a boundary at all.
    pub confined: bool,
    /// What it may use up.
    #[serde(default)]
    pub limits: Limits,
    /// What it needs of the boundary beyond what every tier gives.
    #[serde(default)]
    pub needs: Vec<Property>,
    /// Whether `/tmp` is one of its own instead of the host's.
    #[serde(default)]
    pub own_tmp: bool,
    /// What may be done to repositories.
    #[serde(default)]
    pub git: GitAccess,
    /// What `~` means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<PathBuf>,
}

fn builtin_rule(path: &Path, access: Access, rule: &'static str, what: &str) -> FileRule {
    FileRule {
        path: path.to_owned(),
        access,
        rule: Rule::builtin(rule),
        origin: Origin::BUILTIN,
        what: what.to_owned(),
    }
}

const fn rule_of(place: &Place) -> &'static str {
    match place {
        Place::Root => "files.root",
        Place::Minimal => "files.system",
        Place::WorkspaceRoots => "files.workspace",
        Place::Tmpdir | Place::SlashTmp => "files.temporary",
        Place::Home(_) | Place::Absolute(_) | Place::Below(..) => "files.path",
    }
}

const fn describe(place: &Place, access: Access) -> &'static str {
    match place {
        Place::Root if matches!(access, Access::Read) => "it is outside the workspace",
        Place::Root => "outside the workspace",
        Place::Minimal => "programs need it to run",
        Place::WorkspaceRoots => "the workspace",
        Place::Tmpdir | Place::SlashTmp => "the temporary directory",
        Place::Home(_) | Place::Absolute(_) | Place::Below(..) => "named by the profile",
    }
}
