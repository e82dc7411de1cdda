//! Verdicts: what was decided, by which rule, from which layer.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Layer, Origin};

/// Allow, ask or deny. The order is strictness: the strictest of several
/// decisions is their maximum.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The action happens without a question.
    Allow,
    /// A reviewer is asked; nobody to ask is a deny.
    Ask,
    /// The action does not happen.
    Deny,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        })
    }
}

/// What holds an action once it is allowed. Allowing is never leaving: an open
/// verdict is one of its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Containment {
    /// The boundary holds it.
    Boxed,
    /// Nothing else holds it.
    Open,
}

/// Who or what made a decision.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// What the program brings along.
    #[default]
    BuiltIn,
    /// Settings: a profile, a mode, an approval policy.
    Configuration,
    /// A rule for commands or hosts that somebody wrote.
    Rule,
    /// What an administrator fixed.
    Requirement,
    /// What the session has read and taken in.
    Flow,
    /// A person's answer.
    User,
    /// The automatic reviewer's answer.
    Reviewer,
}

impl Source {
    /// The source of what a layer says.
    pub const fn of(origin: &Origin) -> Self {
        match origin.layer {
            Layer::Builtin => Self::BuiltIn,
            Layer::Requirements => Self::Requirement,
            _ => Self::Configuration,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "built-in",
            Self::Configuration => "configuration",
            Self::Rule => "rule",
            Self::Requirement => "requirement",
            Self::Flow => "flow",
            Self::User => "user",
            Self::Reviewer => "reviewer",
        })
    }
}

/// The identifier of the rule behind a verdict, such as `command.known-safe`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Rule(Cow<'static, str>);

impl Rule {
    /// A rule that is built in.
    pub const fn builtin(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// A rule that was read from a layer.
    pub fn read(id: impl Into<String>) -> Self {
        Self(Cow::Owned(id.into()))
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A decision with everything needed to explain it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Verdict {
    /// Allow, ask or deny.
    pub decision: Decision,
    /// What holds the action if it happens.
    pub containment: Containment,
    /// One sentence, without a full stop, that says why.
    pub reason: String,
    /// The rule that made it.
    pub rule: Rule,
    /// The layer that the rule came from.
    pub origin: Origin,
    /// Who or what made it. An answer to a question is told apart by the gate.
    #[serde(default)]
    pub source: Source,
    /// What a person could do to have it decided otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Verdict {
    /// The stricter of two verdicts; the first where they are equal.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        if other.decision > self.decision {
            other
        } else {
            self
        }
    }
}

/// A verdict with all that was met on the way to it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Derivation {
    /// Everything that had something to say, in the order in which it was
    /// asked. The strictest counts, and of equals the first.
    pub met: Vec<Verdict>,
    /// What it came to.
    pub verdict: Verdict,
}
