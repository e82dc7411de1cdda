//! Floors: the least that must be kept to, and what two of them mean together.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::listed;
use crate::{ApprovalPolicy, DenyGlob, Glob, HostPattern, Origin, SandboxMode, Sourced};

/// What is allowed at most. What is not set is not limited.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Floor {
    /// `allowed_sandbox_modes`; always with `read-only`.
    pub sandbox_modes: Option<Sourced<BTreeSet<SandboxMode>>>,
    /// `allowed_approval_policies`.
    pub approval_policies: Option<Sourced<BTreeSet<ApprovalName>>>,
    /// `allowed_approvals_reviewers`.
    pub reviewers: Option<Sourced<BTreeSet<ReviewerName>>>,
    /// `allowed_web_search_modes`; `disabled` is always allowed.
    pub web_search_modes: Option<Sourced<BTreeSet<WebSearchMode>>>,
    /// `deny_read`.
    pub deny_read: Vec<DenyRead>,
    /// What may be reached.
    pub network: NetworkFloor,
}

/// What nobody may read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DenyRead {
    /// The absolute directory or file; with a pattern, where that starts.
    pub base: PathBuf,
    /// What below it, if not all.
    pub glob: Option<Glob>,
    /// Where it was set.
    pub origin: Origin,
}

/// What may be reached over the network at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NetworkFloor {
    /// `enabled = false`: nothing at all.
    pub off: Option<Origin>,
    /// `denied_domains`.
    pub denied: Vec<Sourced<HostPattern>>,
    /// `allowed_domains`: what an administrator allows.
    pub allowed: Vec<Sourced<HostPattern>>,
    /// `managed_allowed_domains_only`: nothing but that.
    pub only_allowed: Option<Origin>,
    /// `allow_local_binding = false`.
    pub no_local_binding: Option<Origin>,
}

/// The names of approval policies, those that ask most first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalName {
    /// [`ApprovalPolicy::Untrusted`].
    Untrusted,
    /// [`ApprovalPolicy::OnRequest`].
    OnRequest,
    /// [`ApprovalPolicy::Granular`], with any classes.
    Granular,
    /// [`ApprovalPolicy::OnFailure`].
    OnFailure,
    /// [`ApprovalPolicy::Never`].
    Never,
}

/// Who may answer a question. That nobody does is always allowed: it is a no.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewerName {
    /// The person at the terminal.
    User,
    /// The automatic reviewer.
    AutoReview,
}

/// How the web may be searched, the least first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebSearchMode {
    /// Not at all.
    Disabled,
    /// In what was gathered before.
    Cached,
    /// In an index.
    Indexed,
    /// In the web as it is.
    Live,
}

impl Floor {
    /// Both together: what both allow, and what either denies.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut deny_read = self.deny_read;
        for one in other.deny_read {
            if !deny_read.contains(&one) {
                deny_read.push(one);
            }
        }
        Self {
            sandbox_modes: both(self.sandbox_modes, other.sandbox_modes),
            approval_policies: both(self.approval_policies, other.approval_policies),
            reviewers: both(self.reviewers, other.reviewers),
            web_search_modes: both(self.web_search_modes, other.web_search_modes),
            deny_read,
            network: self.network.and(other.network),
        }
    }

    /// What cannot be held without a boundary, if there is something.
    pub fn needs_boundary(&self) -> Option<&Origin> {
        let denied = self.deny_read.first().map(|denied| &denied.origin);
        denied.or_else(|| self.network.limits())
    }

    /// The denials that are patterns.
    pub(super) fn globs(&self) -> impl Iterator<Item = DenyGlob> {
        self.deny_read.iter().filter_map(|denied| {
            Some(DenyGlob {
                base: denied.base.clone(),
                glob: denied.glob.clone()?,
                origin: denied.origin.clone(),
            })
        })
    }

    /// The denials that are whole paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = &DenyRead> {
        self.deny_read.iter().filter(|denied| denied.glob.is_none())
    }
}

impl NetworkFloor {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let allowed = match (&self.only_allowed, &other.only_allowed) {
            (Some(_), Some(_)) => {
                let with = |one: &Sourced<HostPattern>| {
                    let others = other.allowed.iter();
                    let shared = others.filter_map(|two| one.value.and(&two.value));
                    let shared = shared.map(|value| Sourced::new(value, one.origin.clone()));
                    shared.collect::<Vec<_>>()
                };
                self.allowed.iter().flat_map(with).collect()
            }
            (Some(_), None) => self.allowed,
            (None, Some(_)) => other.allowed,
            (None, None) => [self.allowed, other.allowed].concat(),
        };
        Self {
            off: self.off.or(other.off),
            denied: [self.denied, other.denied].concat(),
            allowed,
            only_allowed: self.only_allowed.or(other.only_allowed),
            no_local_binding: self.no_local_binding.or(other.no_local_binding),
        }
    }

    /// Where something is said that the host's own network would not keep to.
    pub fn limits(&self) -> Option<&Origin> {
        let denied = self.denied.first().map(|denied| &denied.origin);
        let off = self.off.as_ref().or(self.only_allowed.as_ref());
        off.or(denied).or(self.no_local_binding.as_ref())
    }
}

/// What both allow, from where it was limited last.
fn both<T: Ord + Copy>(
    one: Option<Sourced<BTreeSet<T>>>,
    other: Option<Sourced<BTreeSet<T>>>,
) -> Option<Sourced<BTreeSet<T>>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let value: BTreeSet<T> = one.value.intersection(&other.value).copied().collect();
            let origin = if value == one.value {
                one.origin
            } else {
                other.origin
            };
            Some(Sourced { value, origin })
        }
        (one, other) => one.or(other),
    }
}

/// A word that is none of those that a key takes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{word}` is none of {known}")]
pub struct UnknownWord {
    word: String,
    known: String,
}

macro_rules! words {
    ($type:ident { $($name:ident: $word:literal $(| $older:literal)*),+ $(,)? }) => {
        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word $(| $older)* => Ok(Self::$name),)+
                    _ => Err(UnknownWord {
                        word: word.to_owned(),
                        known: listed([$($word),+]),
                    }),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $word,)+
                })
            }
        }
    };
}

words!(ApprovalName {
    Untrusted: "untrusted",
    OnRequest: "on-request",
    Granular: "granular" | "reject",
    OnFailure: "on-failure",
    Never: "never",
});

words!(ReviewerName {
    User: "user",
    AutoReview: "auto_review" | "guardian_subagent",
});

words!(WebSearchMode {
    Disabled: "disabled",
    Cached: "cached",
    Indexed: "indexed",
    Live: "live",
});

impl From<ApprovalPolicy> for ApprovalName {
    fn from(policy: ApprovalPolicy) -> Self {
        match policy {
            ApprovalPolicy::Untrusted => Self::Untrusted,
            ApprovalPolicy::OnRequest => Self::OnRequest,
            ApprovalPolicy::OnFailure => Self::OnFailure,
            ApprovalPolicy::Never => Self::Never,
            ApprovalPolicy::Granular(_) => Self::Granular,
        }
    }
}
