//! Profiles: what a process may touch.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::files::credential_rules;
use crate::{
    Access, EnvironmentPolicy, FileRule, FileRules, Limits, Origin, Place, Places, Property, Rule,
    repository,
};

/// The older names of the built-in profiles, as `sandbox_mode` and `--sandbox`
/// take them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
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
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// A network namespace of its own with nothing but its own loopback.
    None,
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

    /// The profile with every place replaced by its path.
    pub fn resolve(&self, places: &Places) -> ResolvedProfile {
        let mut rules = Vec::new();
        let writes = self
            .files
            .iter()
            .any(|(_, access, _)| *access == Access::Write);
        for (place, access, origin) in &self.files {
            for (path, what) in paths_of(place, places) {
                rules.push(FileRule {
                    rule: Rule::builtin(rule_of(place)),
                    what: match place {
                        Place::Root if !writes => format!("the profile `{}` only reads", self.name),
                        _ => describe(what, *access),
                    },
                    path,
                    access: *access,
                    origin: origin.clone(),
                });
            }
        }
        if self.confined {
            rules.extend(places.home.iter().flat_map(|home| credential_rules(home)));
            rules.extend(places.unreadable.iter().map(|path| {
                builtin_rule(
                    path,
                    Access::Deny,
                    "files.unreadable",
                    "kept from boxed processes",
                )
            }));
            rules.extend(places.protected.iter().map(|path| {
                builtin_rule(
                    path,
                    Access::Read,
                    "files.protected-path",
                    "git or an agent runs what it holds",
                )
            }));
        }
        if self.confined && writes {
            rules.extend(self.repository_rules(places, &rules));
        }
        ResolvedProfile {
            name: self.name.clone(),
            files: FileRules::new(rules, self.confined).with_git(self.git),
            network: self.network,
            environment: self.environment.clone(),
            confined: self.confined,
            limits: self.limits,
            needs: self.needs.clone(),
            own_tmp: self.own_tmp,
            git: self.git,
            home: places.home.clone(),
        }
    }
}

impl Profile {
    /// The rules on the directories of repositories. What lies elsewhere is
    /// only made writable if that was asked for.
    fn repository_rules(&self, places: &Places, others: &[FileRule]) -> Vec<FileRule> {
        let is_inside = |path: &Path| {
            let around =
                |rule: &FileRule| rule.access == Access::Write && path.starts_with(&rule.path);
            others.iter().any(around)
        };
        let rule = |path: &PathBuf| match self.git {
            GitAccess::Commit => Some(builtin_rule(
                path,
                Access::Write,
                repository::RULE,
                "the repository of the workspace",
            )),
            GitAccess::Read if is_inside(path) => Some(builtin_rule(
                path,
                Access::Read,
                "files.protected-path",
                "git or an agent runs what it holds",
            )),
            GitAccess::Read => None,
        };
        places.repositories.iter().filter_map(rule).collect()
    }
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

fn paths_of<'a>(place: &'a Place, places: &'a Places) -> Vec<(PathBuf, &'static str)> {
    match place {
        Place::Root => vec![(PathBuf::from("/"), "outside the workspace")],
        Place::WorkspaceRoots => places
            .workspace_roots
            .iter()
            .map(|root| (root.clone(), "the workspace"))
            .collect(),
        Place::Tmpdir => places
            .tmpdir
            .iter()
            .map(|dir| (dir.clone(), "the temporary directory"))
            .collect(),
        Place::SlashTmp => vec![(PathBuf::from("/tmp"), "the temporary directory")],
        Place::Home(below) => places
            .home
            .iter()
            .map(|home| (home.join(below), "named by the profile"))
            .collect(),
        Place::Absolute(path) => vec![(path.clone(), "named by the profile")],
    }
}

const fn rule_of(place: &Place) -> &'static str {
    match place {
        Place::Root => "files.root",
        Place::WorkspaceRoots => "files.workspace",
        Place::Tmpdir | Place::SlashTmp => "files.temporary",
        Place::Home(_) | Place::Absolute(_) => "files.path",
    }
}

fn describe(what: &str, access: Access) -> String {
    match access {
        Access::Read if what == "outside the workspace" => format!("it is {what}"),
        _ => what.to_owned(),
    }
}
