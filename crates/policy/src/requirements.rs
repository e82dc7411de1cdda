//! Requirements: what an administrator fixed, and the law by which a posture
//! is made to keep to it.
//!
//! They are no layer: they come after all layers and flags, and only ever take
//! away. Reading them from files is the business of `dam-config`.

mod constrain;
mod floor;
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sensitivity::{Class, Sensitivity};
use crate::{Origin, PrefixRule, Rule, SandboxMode, Sourced};

pub use constrain::{Notice, Unmet};
pub use floor::{
    ApprovalName, DenyRead, Floor, NetworkFloor, ReviewerName, UnknownWord, WebSearchMode,
};
pub use servers::{Argument, Identity, ServerStart, Servers};

/// The rule of what an administrator made unreadable.
pub const DENY_READ: Rule = Rule::builtin("requirements.deny-read");

/// What an administrator fixed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Requirements {
    /// What holds for every repository.
    pub floor: Floor,
    /// `allowed_permission_profiles`: the names of the profiles that may be
    /// chosen.
    pub profiles: Option<Sourced<BTreeSet<String>>>,
    /// `default_permissions`: the profile where nobody chose, and where the
    /// one that was chosen is not allowed.
    pub default_permissions: Option<Sourced<String>>,
    /// `[rules] prefix_rules`: they ask or forbid, and never allow.
    pub rules: Vec<PrefixRule>,
    /// `[mcp_servers]`: the only servers that may be started.
    pub mcp_servers: Option<Sourced<Servers>>,
    /// `[features]`: each on or off for good.
    pub features: BTreeMap<String, Sourced<bool>>,
    /// `allow_managed_hooks_only`.
    pub managed_hooks_only: Option<Sourced<bool>>,
    /// `guardian_policy_config`: what the automatic reviewer is told besides.
    pub reviewer_policy: Option<Sourced<String>>,
    /// `enforce_residency`: where models may be.
    pub residency: Option<Sourced<String>>,
    /// `[sensitivity]`.
    pub sensitivity: Option<Sensitivity>,
}

/// Whether and how a single act may leave the boundary.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "how", content = "origin", rename_all = "kebab-case")]
pub enum Leaving {
    /// As the approval policy and rules say.
    #[default]
    Free,
    /// A person is asked each time; no rule answers for them.
    Asked(Origin),
    /// Never: outside, nothing would hold what is required.
    Never(Origin),
}

/// What requirements leave for the evaluator to hold. No answer, no rule and
/// no layer undoes it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Held {
    /// Whether a single act may leave the boundary.
    #[serde(default)]
    pub leaving: Leaving,
    /// What the automatic reviewer is told besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer_policy: Option<String>,
    /// The class of the repository, where classes are set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

impl Held {
    /// Whether nothing is required.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Requirements {
    /// The same with the floor of a repository's class.
    #[must_use]
    pub fn with_floor(self, floor: Floor) -> Self {
        Self {
            floor: self.floor.and(floor),
            ..self
        }
    }

    /// Whether a server of this name and sort may be started.
    pub fn allows_server(&self, name: &str, identity: &ServerStart<'_>) -> bool {
        let servers = self.mcp_servers.as_ref();
        servers.is_none_or(|servers| servers.value.allow(name, identity))
    }

    /// Whether a mode of searching the web may be used.
    pub fn allows_web_search(&self, mode: WebSearchMode) -> bool {
        let allowed = self.floor.web_search_modes.as_ref();
        mode == WebSearchMode::Disabled
            || allowed.is_none_or(|allowed| allowed.value.contains(&mode))
    }

    /// How single acts may leave the boundary.
    pub fn leaving(&self) -> Leaving {
        if let Some(origin) = self.floor.needs_boundary() {
            return Leaving::Never(origin.clone());
        }
        match &self.floor.sandbox_modes {
            Some(modes) if !modes.value.contains(&SandboxMode::DangerFullAccess) => {
                Leaving::Asked(modes.origin.clone())
            }
            _ => Leaving::Free,
        }
    }
}

/// Several words as a sentence has them.
fn listed<T: fmt::Display>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}
