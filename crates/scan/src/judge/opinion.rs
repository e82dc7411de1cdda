//! What a model thinks of a finding, beside what is known of it.

use serde::{Deserialize, Serialize};

use crate::Step;

/// Who found something.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Origin {
    /// A rule, which says the same of the same code every time.
    #[default]
    Rule,
    /// A model, and nothing else.
    Model {
        /// Which.
        model: String,
    },
}

impl Origin {
    /// Whether a rule found it.
    pub fn is_rule(&self) -> bool {
        *self == Self::Rule
    }
}

/// What a model thinks of a finding. It hides nothing, and moves the rank by
/// one step at most.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Opinion {
    /// The model.
    pub model: String,
    /// Whether it takes the finding for real.
    pub verdict: Verdict,
    /// Why, in its words.
    pub reason: String,
    /// Lines of code that it names and that say what it says they do.
    pub evidence: Vec<Step>,
    /// The finding in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<Wording>,
}

/// Whether a model takes a finding for real.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It does.
    Agrees,
    /// It does not.
    Disagrees,
    /// What it was shown does not say.
    Unsure,
    /// It was not asked.
    #[default]
    NotAsked,
}

impl Verdict {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Agrees => "takes it for real",
            Self::Disagrees => "doubts it",
            Self::Unsure => "cannot say",
            Self::NotAsked => "was not asked for a verdict",
        }
    }
}

/// A finding in a model's words. The rule's words stay beside it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Wording {
    /// What it is.
    pub title: String,
    /// What could happen.
    pub message: String,
    /// What to write instead.
    pub safer: String,
}

impl Opinion {
    /// Whether the verdict counts: only what is shown by code does.
    pub fn counts(&self) -> bool {
        !self.evidence.is_empty()
    }
}
