//! The words of Cofferdam as types, their laws of merging, and the evaluator.
//!
//! This crate does no input or output: it never looks at the disk, the
//! environment or the clock. The same input gives the same verdict, so a
//! verdict can be explained, tested and replayed.
//!
//! The words, from what is wanted to what is decided:
//! an [`Action`] is judged under a [`Posture`] (profile, approval policy,
//! reviewer) and yields a [`Verdict`] that names its [`Rule`] and [`Origin`].

mod action;
mod approval;
mod circumstances;
mod command_rules;
mod credentials;
mod danger;
mod environment;
mod evaluate;
mod files;
mod flow;
mod git_index;
mod glob;
mod layer;
mod limits;
mod names;
mod network;
mod outward;
mod posture;
mod profile;
mod property;
mod protected;
mod repository;
mod requirements;
mod review;
mod rules;
mod sensitivity;
mod tree;
mod verdict;

pub use action::{Action, CommandClass, CommandFacts, Escalation, Started, Token};
pub use approval::{ApprovalPolicy, Category, Granular, UnknownApprovalPolicy};
pub use circumstances::Circumstances;
pub use command_rules::{
    CommandRules, HostExecutable, HostRule, Judgement, PrefixRule, Protocol, RuleDecision, RuleHit,
};
pub use credentials::{CREDENTIAL_STORES, CredentialStore};
pub use danger::DangerKind;
pub use environment::{EnvironmentPolicy, Inherit, is_never_inherited, looks_secret};
pub use evaluate::{evaluate, explain};
pub use files::{Access, Place, Places};
pub use flow::{FlowRule, FlowState, Untrusted, is_this_machine};
pub use git_index::{BadGitFile, check_git_index, check_git_steps};
pub use glob::{BadGlob, Glob};
pub use layer::{Layer, Origin, Sourced};
pub use limits::{BadLimit, Limit, Limits};
pub use network::{
    BadHostName, COMMON_DEPENDENCIES, Ceiling, DomainRule, Host, HostPattern, HostPreset,
    NetworkLimits, NetworkMode, NetworkRules, NetworkVerdict, Permission, Reach, RequestRule, Seen,
    SocketRule, UnknownNetworkWord, is_path_prefix,
};
pub use outward::{Outward, Way};
pub use posture::{Posture, ReviewerKind};
pub use profile::{GitAccess, Network, Profile, ResolvedProfile, SandboxMode, UnknownSandboxMode};
pub use property::Property;
pub use protected::{PROTECTED_NAMES, ProtectedName, protected_component, protected_name};
pub use repository::{GitPart, RULE as REPOSITORY_RULE, git_part};
pub use requirements::{
    ApprovalName, Argument, DENY_READ, DenyRead, Floor, Held, Identity, Leaving, NetworkFloor,
    Notice, Requirements, ReviewerName, ServerStart, Servers, UnknownWord, Unmet, WebSearchMode,
};
pub use review::{Authorization, Breaker, Opinion, Outcome, Risk, matrix};
pub use rules::{DenyGlob, FileRule, FileRules, FileVerdict, OWN_DIRECTORY};
pub use sensitivity::{
    CLASSES, Class, Ground, Repositories, Sensitivity, address, classed, is_like,
};
pub use verdict::{Containment, Decision, Derivation, Rule, Source, Verdict};
