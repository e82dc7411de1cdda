//! The law: what becomes of a posture under requirements.

use std::fmt;
use std::path::Path;

use crate::names::names;
use crate::{
    Access, ApprovalName, ApprovalPolicy, Ceiling, DomainRule, FileRule, FileRules, Granular,
    Network, NetworkFloor, Origin, Permission, Posture, ResolvedProfile, ReviewerKind,
    ReviewerName, SandboxMode, Sourced,
};

use super::{DENY_READ, Floor, Requirements, listed};

/// What was changed because of a requirement, for a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// One sentence without a full stop.
    pub text: String,
    /// Where the requirement was set.
    pub origin: Origin,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (required by {})", self.text, self.origin)
    }
}

/// A requirement that nothing which this session could have keeps to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text} (required by {origin})")]
pub struct Unmet {
    text: String,
    origin: Origin,
}

impl From<Unmet> for Notice {
    fn from(unmet: Unmet) -> Self {
        Self {
            text: unmet.text,
            origin: unmet.origin,
        }
    }
}

impl Requirements {
    /// The posture that keeps to the requirements and is nearest to the one
    /// that was wanted, with what had to be changed. `instead` are profiles
    /// that the session could have in the place of one that is not allowed,
    /// the nearest first.
    ///
    /// No posture that comes of this allows what a requirement forbids; where
    /// none can be had, there is none.
    pub fn constrain(
        &self,
        wanted: Posture,
        instead: &[Sourced<ResolvedProfile>],
    ) -> Result<(Posture, Vec<Notice>), Unmet> {
        let mut notices = Vec::new();
        let mut posture = wanted;
        posture.profile = self.profile(posture.profile, instead, &mut notices)?;
        let profile = &mut posture.profile.value;
        profile.files = without_reading(&profile.files, &self.floor);
        reach_less(&mut profile.network, &self.floor.network);
        posture.approval_policy = self.policy(posture.approval_policy, &mut notices)?;
        posture.reviewer = self.reviewer(posture.reviewer, &mut notices);
        posture.held.leaving = self.leaving();
        let told = self.reviewer_policy.as_ref();
        posture.held.reviewer_policy = told.map(|text| text.value.clone());
        let rules = &mut posture.rules.prefixes;
        rules.retain(|rule| !self.rules.contains(rule));
        rules.extend(self.rules.iter().cloned());
        Ok((posture, notices))
    }

    /// Whether a profile may be chosen; if not, why.
    pub fn admits(&self, profile: &ResolvedProfile) -> Result<(), Unmet> {
        let name = &profile.name;
        let mode = profile.mode();
        let unmet = |text: String, origin: &Origin| {
            let origin = origin.clone();
            Err(Unmet { text, origin })
        };
        if let Some(allowed) = &self.profiles
            && !allowed.value.contains(name)
        {
            let names = listed(&allowed.value);
            let text = format!("the profile `{name}` is not allowed, only {names}");
            return unmet(text, &allowed.origin);
        }
        if let Some(allowed) = &self.floor.sandbox_modes
            && !allowed.value.contains(&mode)
        {
            let modes = listed(&allowed.value);
            let text = if mode.permissions() == name {
                format!("`{mode}` is not allowed, only {modes}")
            } else {
                format!("the profile `{name}` is `{mode}`, and only {modes} is allowed")
            };
            return unmet(text, &allowed.origin);
        }
        match self.floor.needs_boundary() {
            Some(origin) if !profile.confined => {
                let text = "a session without a boundary is not allowed, because nothing would hold what may not be read or reached";
                unmet(text.to_owned(), origin)
            }
            _ => Ok(()),
        }
    }

    fn profile(
        &self,
        wanted: Sourced<ResolvedProfile>,
        instead: &[Sourced<ResolvedProfile>],
        notices: &mut Vec<Notice>,
    ) -> Result<Sourced<ResolvedProfile>, Unmet> {
        let Err(unmet) = self.admits(&wanted.value) else {
            return Ok(wanted);
        };
        let found = instead
            .iter()
            .find(|profile| self.admits(&profile.value).is_ok());
        let Some(found) = found else {
            return Err(Unmet {
                text: format!(
                    "{}, and no profile is left that this session could have",
                    unmet.text
                ),
                origin: unmet.origin,
            });
        };
        notices.push(Notice {
            text: format!("{}: it is `{}` now", unmet.text, found.value.name),
            origin: unmet.origin.clone(),
        });
        Ok(Sourced::new(found.value.clone(), unmet.origin))
    }

    fn policy(
        &self,
        wanted: Sourced<ApprovalPolicy>,
        notices: &mut Vec<Notice>,
    ) -> Result<Sourced<ApprovalPolicy>, Unmet> {
        let Some(allowed) = &self.floor.approval_policies else {
            return Ok(wanted);
        };
        let name = ApprovalName::from(wanted.value);
        if allowed.value.contains(&name) {
            return Ok(wanted);
        }
        let names = listed(&allowed.value);
        // Rather one that asks more than one that asks less.
        let more = allowed.value.range(..name).next_back();
        let Some(nearest) = more.or_else(|| allowed.value.first()) else {
            return Err(Unmet {
                text: "no approval policy is allowed".to_owned(),
                origin: allowed.origin.clone(),
            });
        };
        notices.push(Notice {
            text: format!(
                "`{name}` is not allowed as approval policy, only {names}: it is `{nearest}` now"
            ),
            origin: allowed.origin.clone(),
        });
        Ok(Sourced::new(policy(*nearest), allowed.origin.clone()))
    }

    fn reviewer(&self, wanted: ReviewerKind, notices: &mut Vec<Notice>) -> ReviewerKind {
        let Some(allowed) = &self.floor.reviewers else {
            return wanted;
        };
        let name = match wanted {
            ReviewerKind::Nobody => return wanted,
            ReviewerKind::User => ReviewerName::User,
            ReviewerKind::AutoReview => ReviewerName::AutoReview,
        };
        if allowed.value.contains(&name) {
            return wanted;
        }
        // A model in the place of the person; a person may not be there.
        let instead = match name {
            ReviewerName::User if allowed.value.contains(&ReviewerName::AutoReview) => {
                ReviewerKind::AutoReview
            }
            _ => ReviewerKind::Nobody,
        };
        let now = match instead {
            ReviewerKind::AutoReview => "it is `auto_review` now",
            _ => "they are refused",
        };
        notices.push(Notice {
            text: format!("`{name}` may not answer questions: {now}"),
            origin: allowed.origin.clone(),
        });
        instead
    }
}

/// The policy of a name; `granular` with every class asked about, which is
/// what comes nearest to whatever else was wanted.
const fn policy(name: ApprovalName) -> ApprovalPolicy {
    match name {
        ApprovalName::Untrusted => ApprovalPolicy::Untrusted,
        ApprovalName::OnRequest => ApprovalPolicy::OnRequest,
        ApprovalName::OnFailure => ApprovalPolicy::OnFailure,
        ApprovalName::Never => ApprovalPolicy::Never,
        ApprovalName::Granular => ApprovalPolicy::Granular(Granular {
            sandbox_approval: true,
            rules: true,
            mcp_elicitations: true,
            request_permissions: true,
            skill_approval: true,
        }),
    }
}

/// The rules with what nobody may read denied, and with no rule left that
/// would open it again, however deep it goes.
fn without_reading(files: &FileRules, floor: &Floor) -> FileRules {
    if floor.deny_read.is_empty() {
        return files.clone();
    }
    let globs: Vec<_> = floor.globs().collect();
    let is_denied = |path: &Path| {
        floor.paths().any(|denied| is_below(path, &denied.base))
            || globs.iter().any(|glob| glob.denies(path))
    };
    let kept = files.iter().filter(|rule| !is_denied(&rule.path)).cloned();
    let denied = floor.paths().map(|denied| FileRule {
        path: denied.base.clone(),
        access: Access::Deny,
        rule: DENY_READ,
        origin: denied.origin.clone(),
        what: "an administrator keeps it from being read".to_owned(),
    });
    let rules = kept.chain(denied).collect();
    let own = files.globs().iter();
    let own: Vec<_> = own.filter(|glob| !globs.contains(glob)).cloned().collect();
    files.with_rules(rules, [globs, own].concat())
}

/// The network without what may not be reached. What an administrator allows
/// is what may be allowed, and is not allowed by that.
fn reach_less(network: &mut Network, floor: &NetworkFloor) {
    let Network::Proxy(rules) = network else {
        return;
    };
    if floor.off.is_some() {
        *network = Network::None;
        return;
    }
    if let Some(origin) = &floor.only_allowed {
        rules.ceiling = Some(Ceiling {
            allowed: floor.allowed.iter().map(|one| one.value.clone()).collect(),
            origin: origin.clone(),
        });
    }
    for denied in &floor.denied {
        let rule = DomainRule {
            pattern: denied.value.clone(),
            permission: Permission::Deny,
            origin: denied.origin.clone(),
        };
        if !rules.domains.contains(&rule) {
            rules.domains.push(rule);
        }
    }
    rules.allow_local_binding &= floor.no_local_binding.is_none();
}

/// Whether a path is the base or below it, name by name.
fn is_below(path: &Path, base: &Path) -> bool {
    let mut of_path = names(path);
    names(base).all(|name| of_path.next() == Some(name))
}

impl ResolvedProfile {
    /// The sandbox mode that it comes to: what it lets be written, if there is
    /// a boundary.
    pub fn mode(&self) -> SandboxMode {
        if !self.confined {
            SandboxMode::DangerFullAccess
        } else if self.files.paths(Access::Write).next().is_some() {
            SandboxMode::WorkspaceWrite
        } else {
            SandboxMode::ReadOnly
        }
    }
}

impl SandboxMode {
    /// The name of its profile.
    pub const fn permissions(self) -> &'static str {
        match self {
            Self::ReadOnly => ":read-only",
            Self::WorkspaceWrite => ":workspace",
            Self::DangerFullAccess => ":danger-full-access",
        }
    }
}
