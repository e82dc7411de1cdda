//! Postures: a session's whole stance.

use serde::{Deserialize, Serialize};

use crate::{ApprovalPolicy, CommandRules, FlowRule, Held, ResolvedProfile, Sourced};

/// Who answers a question.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewerKind {
    /// The person at the terminal.
    User,
    /// A second model gives its opinion, and code decides by it.
    #[serde(rename = "auto_review")]
    AutoReview,
    /// Nobody: a question is a deny.
    Nobody,
}

/// A session's whole stance. Two equal postures give equal verdicts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Posture {
    /// What processes may touch.
    pub profile: Sourced<ResolvedProfile>,
    /// When a person is asked.
    pub approval_policy: Sourced<ApprovalPolicy>,
    /// Who answers.
    pub reviewer: ReviewerKind,
    /// What `.rules` files say.
    #[serde(default, skip_serializing_if = "CommandRules::is_empty")]
    pub rules: CommandRules,
    /// What an administrator fixed.
    #[serde(default, skip_serializing_if = "Held::is_nothing")]
    pub held: Held,
    /// What may not flow out.
    #[serde(default)]
    pub flow: Sourced<FlowRule>,
}

impl Posture {
    /// A profile and an approval policy, the person at the terminal, and
    /// nothing besides.
    pub fn new(
        profile: Sourced<ResolvedProfile>,
        approval_policy: Sourced<ApprovalPolicy>,
    ) -> Self {
        Self {
            profile,
            approval_policy,
            reviewer: ReviewerKind::User,
            rules: CommandRules::default(),
            held: Held::default(),
            flow: Sourced::default(),
        }
    }

    /// The same without the values that the environment policy sets, which may
    /// be secrets: for showing and for writing down. They decide nothing.
    #[must_use]
    pub fn without_values(&self) -> Self {
        let mut shown = self.clone();
        for value in shown.profile.value.environment.set.values_mut() {
            "[hidden]".clone_into(value);
        }
        shown
    }
}
