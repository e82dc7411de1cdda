//! Approval policies: when a person is asked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// When a person is asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalPolicy {
    /// Everything but known-safe reads is a question.
    Untrusted,
    /// Commands run in the boundary; what fails there may be asked for again.
    OnFailure,
    /// Commands run in the boundary; leaving it, or danger, is a question.
    OnRequest,
    /// Nothing is asked: what would be a question is refused.
    Never,
    /// As on-request, with some classes of questions refused.
    Granular(Granular),
}

/// Which classes of questions may be asked. A class that may not is refused.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the names are those of users' files"
)]
pub struct Granular {
    /// Leaving the boundary.
    pub sandbox_approval: bool,
    /// A rule that says `prompt`.
    pub rules: bool,
    /// Questions from MCP servers.
    pub mcp_elicitations: bool,
    /// More permissions for the session.
    #[serde(default)]
    pub request_permissions: bool,
    /// Running a skill.
    #[serde(default)]
    pub skill_approval: bool,
}

/// A class of questions.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Category {
    /// Leaving the boundary, or writing where the profile does not.
    SandboxApproval,
    /// What a rule asks about: one that somebody wrote, or one that is built in.
    Rules,
    /// What an MCP server wants.
    McpElicitations,
    /// More permissions for the session.
    RequestPermissions,
    /// Running a skill.
    SkillApproval,
}

impl ApprovalPolicy {
    /// Whether a question of this class may be asked. One that may not is a no.
    pub const fn may_ask(self, category: Category) -> bool {
        match self {
            Self::Untrusted | Self::OnFailure | Self::OnRequest => true,
            Self::Never => false,
            Self::Granular(granular) => match category {
                Category::SandboxApproval => granular.sandbox_approval,
                Category::Rules => granular.rules,
                Category::McpElicitations => granular.mcp_elicitations,
                Category::RequestPermissions => granular.request_permissions,
                Category::SkillApproval => granular.skill_approval,
            },
        }
    }
}

/// A name that is no approval policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not an approval policy; use `untrusted`, `on-request`, `on-failure` or `never`")]
pub struct UnknownApprovalPolicy(pub String);

impl FromStr for ApprovalPolicy {
    type Err = UnknownApprovalPolicy;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "untrusted" => Ok(Self::Untrusted),
            "on-failure" => Ok(Self::OnFailure),
            "on-request" => Ok(Self::OnRequest),
            "never" => Ok(Self::Never),
            other => Err(UnknownApprovalPolicy(other.to_owned())),
        }
    }
}

impl fmt::Display for ApprovalPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted => "untrusted",
            Self::OnFailure => "on-failure",
            Self::OnRequest => "on-request",
            Self::Never => "never",
            Self::Granular(_) => "granular",
        })
    }
}
