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
