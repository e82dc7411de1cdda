//! What was read from files of rules, and how it is listed.

use std::path::PathBuf;

use dam_policy::{CommandRules, HostExecutable, HostRule, Origin, PrefixRule, RuleDecision};
use sha2::{Digest, Sha256};

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    /// The files, the weakest layer's first.
    pub files: Vec<RuleFile>,
    /// What a person should know.
    pub notices: Vec<String>,
}

/// One file of rules.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// The file.
    pub path: PathBuf,
    /// Its rules, those that expired included.
    pub rules: Vec<ListedRule>,
}

/// A rule as it is listed.
#[derive(Clone, Debug)]
pub struct ListedRule {
    /// What it says.
    pub kind: RuleKind,
    /// Whether its last day is over: then it does not count.
    pub expired: bool,
    /// How many examples of it were tried.
    pub examples: usize,
}

/// The kinds of rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RuleKind {
    /// For commands.
    Prefix(PrefixRule),
    /// For a host.
    Host(HostRule),
    /// Where a program may be.
    Executable(HostExecutable),
}

impl RuleBook {
    /// The rules that count.
    pub fn rules(&self) -> CommandRules {
        let mut rules = CommandRules::default();
        for listed in self.listed().filter(|listed| !listed.expired) {
            match listed.kind.clone() {
                RuleKind::Prefix(rule) => rules.prefixes.push(rule),
                RuleKind::Host(rule) => rules.hosts.push(rule),
                RuleKind::Executable(found) => rules.executables.push(found),
            }
        }
        rules
    }

    /// Every rule in the order in which it was read.
    pub fn listed(&self) -> impl Iterator<Item = &ListedRule> {
        self.files.iter().flat_map(|file| &file.rules)
    }
}

impl ListedRule {
    /// What it is called: the same for the same rule in the same file.
    pub fn id(&self) -> String {
        let origin = self.kind.origin();
        let file = origin.file.as_deref();
        let said = format!("{file:?}\0{}\0{:?}", self.kind.summary(), self.decision());
        let digest = Sha256::digest(said.as_bytes());
        let digest: [u8; 32] = digest.into();
        let [a, b, c, d, ..] = digest;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }

    /// What it decides; a place of a program decides nothing.
    pub const fn decision(&self) -> Option<RuleDecision> {
        match &self.kind {
            RuleKind::Prefix(rule) => Some(rule.decision),
            RuleKind::Host(rule) => Some(rule.decision),
            RuleKind::Executable(_) => None,
        }
    }

    /// The last day on which it counts.
    pub fn expires(&self) -> Option<&str> {
        match &self.kind {
            RuleKind::Prefix(rule) => rule.expires.as_deref(),
            RuleKind::Host(rule) => rule.expires.as_deref(),
            RuleKind::Executable(_) => None,
        }
    }

    /// Why it is there.
    pub fn justification(&self) -> Option<&str> {
        match &self.kind {
            RuleKind::Prefix(rule) => rule.justification.as_deref(),
            RuleKind::Host(rule) => rule.justification.as_deref(),
            RuleKind::Executable(_) => None,
        }
    }
}

impl RuleKind {
    /// Where it stands.
    pub const fn origin(&self) -> &Origin {
        match self {
            Self::Prefix(rule) => &rule.origin,
            Self::Host(rule) => &rule.origin,
            Self::Executable(found) => &found.origin,
        }
    }

    /// What it is about, in a few words.
    pub fn summary(&self) -> String {
        match self {
            Self::Prefix(rule) => rule.name(),
            Self::Host(rule) => rule.name(),
            Self::Executable(found) => {
                format!(
                    "host_executable({}: {})",
                    found.name,
                    found.paths.join(", ")
                )
            }
        }
    }
}
