//! Rules for commands and hosts: what people write in `.rules` files, and what
//! the rules say of a command.
//!
//! A rule that forbids or asks counts where it *could* match: an unknown word
//! may be the one that it names. A rule that allows counts only where it
//! matches for certain, and a whole command is allowed only if everything that
//! it starts is.

mod host;
mod matching;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{CommandClass, CommandFacts, Layer, Origin, Started};

pub use host::{HostRule, Protocol};

/// What a rule says. The order is strictness.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleDecision {
    /// No question, and outside of the boundary.
    Unsandboxed,
    /// No question; the boundary holds it.
    Allow,
    /// A question.
    Prompt,
    /// It does not happen.
    Forbidden,
}

/// A rule for commands that start with certain words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PrefixRule {
    /// For each word from the first, what it may be. Neither list is empty.
    pub pattern: Vec<Vec<String>>,
    /// What it says.
    pub decision: RuleDecision,
    /// Why, in the words of whoever wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// The last day on which it counts, as `YYYY-MM-DD`. Which rules still
    /// count is settled when they are read: there is no clock here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Where a program may be, so that its path counts as its name in a rule that
/// allows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostExecutable {
    /// The name without a directory.
    pub name: String,
    /// Absolute paths that end in the name.
    pub paths: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// All rules that count, the weakest layer's first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandRules {
    /// For commands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<PrefixRule>,
    /// For hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostRule>,
    /// Paths of programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executables: Vec<HostExecutable>,
}

/// A rule that matches something that a command starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleHit<'a> {
    /// The rule.
    pub rule: &'a PrefixRule,
    /// Which of [`CommandFacts::starts`] it matches.
    pub start: usize,
    /// Whether it matches for certain; else some word is unknown, and may be
    /// what the rule names.
    pub certain: bool,
    /// The path of the program, where a rule for its name matches that.
    pub resolved: Option<&'a str>,
}

/// What all rules together say of a command.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Judgement<'a> {
    /// Every rule that matches, in the order of what is started.
    pub hits: Vec<RuleHit<'a>>,
    /// What they come to; `None` where they leave it to the policy.
    pub decision: Option<RuleDecision>,
    /// The hit that decided.
    pub by: Option<RuleHit<'a>>,
}

impl CommandRules {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.hosts.is_empty() && self.executables.is_empty()
    }

    /// Adds those of another layer.
    pub fn append(&mut self, mut other: Self) {
        self.prefixes.append(&mut other.prefixes);
        self.hosts.append(&mut other.hosts);
        self.executables.append(&mut other.executables);
    }

    /// What they say of a command. `may_write` says whether the profile lets
    /// a path be written.
    ///
    /// One hit that forbids or asks is enough. To allow, everything that is
    /// started must be allowed or known to read only, nothing may be unknown,
    /// and what is written must be what the profile lets be written. To leave
    /// the boundary, everything must be covered by a rule that says so.
    pub fn judge<'a>(
        &'a self,
        facts: &'a CommandFacts,
        may_write: impl Fn(&Path) -> bool,
    ) -> Judgement<'a> {
        let hits: Vec<RuleHit<'a>> = facts
            .starts
            .iter()
            .enumerate()
            .flat_map(|(at, start)| self.matching(at, start))
            .collect();
        let strict = strictest(&hits).filter(|hit| hit.rule.decision >= RuleDecision::Prompt);
        let found = match strict {
            Some(hit) => Some((hit.rule.decision, hit)),
            None if facts.opaque || !facts.writes.iter().all(|path| may_write(path)) => None,
            None => covering(facts, &hits),
        };
        let (decision, by) = found.unzip();
        Judgement { hits, decision, by }
    }

    /// The rules that match one program.
    pub fn matching<'a>(&'a self, at: usize, start: &'a Started) -> Vec<RuleHit<'a>> {
        let hit = |rule: &'a PrefixRule| {
            let found = matching::certain(&rule.pattern, &start.words, &self.executables);
            let is_strict = rule.decision >= RuleDecision::Prompt;
            let possible = || is_strict && matching::possible(&rule.pattern, &start.words);
            (found.is_some() || possible()).then(|| RuleHit {
                rule,
                start: at,
                certain: found.is_some(),
                resolved: found.and_then(|found| found.resolved),
            })
        };
        self.prefixes.iter().filter_map(hit).collect()
    }
}

impl RuleHit<'_> {
    /// Whether a rule that allows is enough for what is started. Where that is
    /// dangerous, the rule must name what makes it so, and be the user's own.
    fn covers(&self, start: &Started) -> bool {
        self.certain
            && match start.class {
                CommandClass::KnownSafe | CommandClass::Ordinary => true,
                CommandClass::Dangerous => {
                    self.rule.pattern.len() >= start.decided_by
                        && self.rule.origin.layer != Layer::Project
                }
                CommandClass::Opaque => false,
            }
    }
}

impl PrefixRule {
    /// What it is called in a verdict: its words, alternatives with a bar.
    pub fn name(&self) -> String {
        let words: Vec<String> = self.pattern.iter().map(|word| word.join("|")).collect();
        format!("prefix_rule({})", words.join(" "))
    }
}

impl RuleDecision {
    /// As it is written in a rule.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsandboxed => "unsandboxed",
            Self::Allow => "allow",
            Self::Prompt => "prompt",
            Self::Forbidden => "forbidden",
        }
    }
}

impl std::fmt::Display for RuleDecision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What the rules that allow come to, and the hit to name, where all that is
/// started is allowed.
fn covering<'a>(facts: &CommandFacts, hits: &[RuleHit<'a>]) -> Option<(RuleDecision, RuleHit<'a>)> {
    // Danger that lies in the whole, such as a download that is piped on, is
    // not in any program that a rule could name.
    let is_dangerous = |start: &Started| start.class == CommandClass::Dangerous;
    if facts.class == CommandClass::Dangerous && !facts.starts.iter().any(is_dangerous) {
        return None;
    }
    let mut chosen: Vec<RuleHit<'a>> = Vec::new();
    // All must leave, or nothing does.
    let mut leaves = true;
    for (at, start) in facts.starts.iter().enumerate() {
        let covers = |hit: &&RuleHit<'a>| hit.start == at && hit.covers(start);
        match hits
            .iter()
            .filter(covers)
            .min_by_key(|hit| hit.rule.decision)
        {
            Some(hit) => {
                leaves &= hit.rule.decision == RuleDecision::Unsandboxed || start.carries;
                chosen.push(hit.clone());
            }
            None if start.carries => {}
            None if start.class == CommandClass::KnownSafe => leaves = false,
            None => return None,
        }
    }
    let decision = if leaves {
        RuleDecision::Unsandboxed
    } else {
        RuleDecision::Allow
    };
    strictest(&chosen).map(|hit| (decision, hit))
}

/// The first of the strictest hits.
fn strictest<'h, 'a: 'h>(hits: impl IntoIterator<Item = &'h RuleHit<'a>>) -> Option<RuleHit<'a>> {
    let mut found: Option<&RuleHit<'a>> = None;
    for hit in hits {
        if found.is_none_or(|found| hit.rule.decision > found.rule.decision) {
            found = Some(hit);
        }
    }
    found.cloned()
}
