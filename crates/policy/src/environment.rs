//! `[shell_environment_policy]`: which variables a command is given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which variables are taken over before anything is removed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Inherit {
    /// All of them.
    #[default]
    All,
    /// What programs need to find their way: `PATH`, `HOME` and their kind.
    Core,
    /// None.
    None,
}

/// Which variables a command is given. Patterns are names with `*` and `?`,
/// compared without regard to case.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentPolicy {
    /// Where to start from.
    pub inherit: Inherit,
    /// Keep variables that look like secrets. Off by default here.
    pub ignore_default_excludes: bool,
    /// Variables that are handed on although they look like a secret, or are
    /// not among those to start from: by their exact names.
    pub pass: Vec<String>,
    /// Patterns to remove.
    pub exclude: Vec<String>,
    /// Variables to set, after removing.
    pub set: BTreeMap<String, String>,
    /// If not empty, keep only what matches one of these.
    pub include_only: Vec<String>,
}

const CORE: &[&str] = &[
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ",
    "USER",
];

/// Variables that make a program load or run something else, or that carry
/// a door to the host: never inherited, whatever the policy says.
const NEVER: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "PROMPT_COMMAND",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS",
    "NOTIFY_SOCKET",
    "DOCKER_HOST",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
];

/// As [`NEVER`], by how their names begin: functions that a shell takes over
/// from its environment, and what the loader obeys.
const NEVER_BEGINNING: &[&str] = &["BASH_FUNC_", "LD_", "DYLD_"];

impl EnvironmentPolicy {
    /// The variables that a command is given, from those that there are.
    pub fn apply(
        &self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> BTreeMap<String, String> {
        let mut kept: BTreeMap<String, String> = variables
            .into_iter()
            .filter(|(name, value)| self.keeps(name, value))
            .collect();
        kept.extend(
            self.set
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        if !self.include_only.is_empty() {
            kept.retain(|name, _| matches_any(&self.include_only, name));
        }
        kept
    }

    fn keeps(&self, name: &str, value: &str) -> bool {
        let inherited = match self.inherit {
            Inherit::All => true,
            Inherit::Core => CORE.contains(&name),
            Inherit::None => false,
        };
        let harmless = self.ignore_default_excludes || !looks_secret(name, value);
        let passed = self.pass.iter().any(|passed| passed == name);
        (passed || inherited && harmless)
            && !is_never_inherited(name)
            && !matches_any(&self.exclude, name)
    }
}

/// Whether no policy hands on a variable of this name.
pub fn is_never_inherited(name: &str) -> bool {
    NEVER.contains(&name) || NEVER_BEGINNING.iter().any(|start| name.starts_with(start))
}

/// Whether a variable looks like a secret, by its name or its value's shape.
pub fn looks_secret(name: &str, value: &str) -> bool {
    const NAMES: &[&str] = &[
        "KEY",
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "CREDENTIAL",
        "AUTHORIZATION",
        "COOKIE",
        "PRIVATE",
    ];
    const PREFIXES: &[&str] = &[
        "sk-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "AKIA",
        "ASIA",
        "AIza",
        "npm_",
        "pypi-",
        "dop_v1_",
        "-----BEGIN",
        "eyJhbGciOi",
    ];
    let name = name.to_ascii_uppercase();
    NAMES.iter().any(|part| name.contains(part))
        || PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || url_with_password(value)
}

fn url_with_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.split_once('@').is_some_and(|(user, _)| {
        user.split_once(':')
            .is_some_and(|(_, password)| !password.is_empty())
    })
}

fn matches_any(patterns: &[String], name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    patterns
        .iter()
        .any(|pattern| glob(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()))
}

/// Names with `*` (any run) and `?` (any one character).
///
/// Only the last `*` is ever gone back to, so the work is bounded by the
/// product of the lengths, whatever the pattern.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                // The star takes one more character.
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    p = after;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}
