//! The evaluator: the one function that every front asks.

use std::path::{Path, PathBuf};

use crate::{
    Action, ApprovalPolicy, CommandClass, CommandFacts, Containment, DangerKind, Decision,
    Escalation, Leaving, Network, Origin, Posture, Rule, Verdict, ruled,
};

/// What the posture says of an action.
///
/// An *ask* is left as an ask: who answers it, and that nobody is a deny, is
/// the business of `dam-gate`.
pub fn evaluate(posture: &Posture, action: &Action) -> Verdict {
    match action {
        Action::Command {
            facts, escalation, ..
        } => {
            let escalation = escalation.as_ref();
            leaving(
                posture,
                command(posture, facts, escalation),
                escalation.is_some(),
            )
        }
        Action::ReadFile { path } => read(posture, path),
        Action::WriteFile { path } => write(posture, path),
        Action::Reach { host, port } => reach(posture, host, *port),
        Action::UseTool { server, tool } => question(
            posture,
            &format!("tool `{tool}` of `{server}`"),
            "tool.unknown",
        ),
        Action::SearchWeb { .. } => question(posture, "a web search", "web-search.unknown"),
    }
}

fn command(posture: &Posture, facts: &CommandFacts, escalation: Option<&Escalation>) -> Verdict {
    let policy = posture.approval_policy.value;
    let confined = posture.profile.value.confined;
    let verdict = |decision, containment, reason: String, rule| Verdict {
        decision,
        containment,
        reason,
        rule: Rule::builtin(rule),
        origin: posture.approval_policy.origin.clone(),
        hint: None,
    };
    let escalates = escalation.is_some() && confined;
    let ruled = ruled::command(posture, facts, escalates);
    if let Some(strict) = ruled.as_ref().filter(|ruled| !ruled.is_allow) {
        return strict.verdict.clone();
    }
    if ruled.is_none() && escalates {
        return leave_boundary(posture);
    }
    // What the profile hides, no rule shows.
    if let Some(refused) = unreadable(posture, facts) {
        return refused;
    }
    if let Some(allowed) = ruled {
        return allowed.verdict;
    }
    let containment = if confined {
        Containment::Boxed
    } else {
        Containment::Open
    };
    let because = &facts.because;
    match (facts.class, policy) {
        (CommandClass::KnownSafe, _) => verdict(
            Decision::Allow,
            containment,
            format!("known to read only: {because}"),
            "command.known-safe",
        ),
        (_, ApprovalPolicy::Never) if !confined => verdict(
            Decision::Allow,
            containment,
            "the user switched off both boundary and questions".to_owned(),
            "command.full-access",
        ),
        (CommandClass::Dangerous, policy) if !(confined && is_held(facts)) => Verdict {
            hint: Some(match &facts.safer {
                Some(safer) => format!("{safer}; or run it yourself"),
                None => "run it yourself, or ask for something narrower".to_owned(),
            }),
            ..verdict(
                ask_or_deny(policy, false),
                containment,
                format!("dangerous: {because}"),
                "command.dangerous",
            )
        },
        (_, ApprovalPolicy::Untrusted) => verdict(
            Decision::Ask,
            containment,
            format!("not known to be safe: {because}"),
            "command.untrusted",
        ),
        (CommandClass::Opaque, policy) if !confined => verdict(
            ask_or_deny(policy, false),
            containment,
            format!("it may be anything, and nothing would hold it: {because}"),
            "command.opaque-open",
        ),
        (_, _) if confined => verdict(
            Decision::Allow,
            containment,
            format!("the boundary holds it: {because}"),
            "command.boxed",
        ),
        (_, _) => verdict(
            Decision::Allow,
            containment,
            format!("full access was chosen: {because}"),
            "command.full-access",
        ),
    }
}

/// What an administrator lets leave the boundary of what may.
fn leaving(posture: &Posture, verdict: Verdict, escalates: bool) -> Verdict {
    let leaves = posture.profile.value.confined
        && verdict.containment == Containment::Open
        && verdict.decision != Decision::Deny;
    match &posture.held.leaving {
        Leaving::Never(origin) if leaves && escalates => Verdict {
            decision: Decision::Deny,
            containment: Containment::Boxed,
            reason: "it wants to leave the boundary, and nothing outside would hold what an administrator requires".to_owned(),
            rule: Rule::builtin("requirements.leaving"),
            origin: origin.clone(),
            hint: Some("run it inside the boundary".to_owned()),
        },
        Leaving::Never(_) if leaves => Verdict {
            containment: Containment::Boxed,
            ..verdict
        },
        Leaving::Asked(_) if leaves => Verdict {
            decision: verdict
                .decision
                .max(ask_or_deny(posture.approval_policy.value, true)),
            ..verdict
        },
        _ => verdict,
    }
}

/// Whether the boundary holds what is dangerous in a command.
fn is_held(facts: &CommandFacts) -> bool {
    facts.danger.is_some_and(DangerKind::is_held_when_boxed)
}

/// A command that names what the profile hides. The boundary would refuse the
/// reading, too, but without a word about why.
fn unreadable(posture: &Posture, facts: &CommandFacts) -> Option<Verdict> {
    let profile = &posture.profile.value;
    let hidden = |path: &&PathBuf| profile.confined && !profile.files.may_read(path);
    let found = profile.files.read(facts.paths.iter().find(hidden)?);
    Some(Verdict {
        decision: Decision::Deny,
        containment: Containment::Boxed,
        reason: found.reason,
        rule: found.rule,
        origin: found.origin,
        hint: found.hint,
    })
}

/// A wish to leave the boundary: always a question of its own.
fn leave_boundary(posture: &Posture) -> Verdict {
    let decision = ask_or_deny(posture.approval_policy.value, true);
    Verdict {
        decision,
        containment: Containment::Open,
        reason: "it wants to leave the boundary".to_owned(),
        rule: Rule::builtin("command.escalation"),
        origin: posture.approval_policy.origin.clone(),
        hint: (decision == Decision::Deny)
            .then(|| "`--ask-for-approval on-request` would ask".to_owned()),
    }
}

fn read(posture: &Posture, path: &Path) -> Verdict {
    let found = posture.profile.value.files.read(path);
    Verdict {
        decision: if found.granted {
            Decision::Allow
        } else {
            Decision::Deny
        },
        containment: containment(posture),
        reason: found.reason,
        rule: found.rule,
        origin: found.origin,
        hint: found.hint,
    }
}

fn write(posture: &Posture, path: &Path) -> Verdict {
    let profile = &posture.profile.value;
    let allow = |reason: String, rule, origin| Verdict {
        decision: Decision::Allow,
        containment: containment(posture),
        reason,
        rule,
        origin,
        hint: None,
    };
    if !profile.confined {
        let origin = posture.profile.origin.clone();
        let rule = Rule::builtin("files.full-access");
        return Verdict {
            decision: ask_if_untrusted(posture),
            ..allow("full access was chosen".to_owned(), rule, origin)
        };
    }
    let found = profile.files.write(path);
    if found.granted {
        return match posture.approval_policy.value {
            ApprovalPolicy::Untrusted => Verdict {
                decision: Decision::Ask,
                ..allow(found.reason, Rule::builtin("files.untrusted"), found.origin)
            },
            _ => allow(found.reason, found.rule, found.origin),
        };
    }
    let decision = if profile.files.is_withheld(path) {
        Decision::Deny
    } else {
        ask_or_deny(posture.approval_policy.value, true)
    };
    Verdict {
        decision,
        containment: Containment::Open,
        reason: found.reason,
        rule: found.rule,
        origin: found.origin,
        hint: found.hint,
    }
}

fn reach(posture: &Posture, host: &str, port: u16) -> Verdict {
    if posture.profile.value.network != Network::None
        && let Some(ruled) = ruled::host(posture, host, port)
    {
        return ruled;
    }
    let (decision, rule, reason, hint) = match posture.profile.value.network {
        Network::None => (
            Decision::Deny,
            "network.none",
            format!("{host}:{port} is out of reach: the profile has no network"),
            Some("no network is the default of every profile".to_owned()),
        ),
        Network::Host => (
            ask_if_untrusted(posture),
            "network.full-access",
            "full access was chosen".to_owned(),
            None,
        ),
    };
    Verdict {
        decision,
        containment: containment(posture),
        reason,
        rule: Rule::builtin(rule),
        origin: posture.profile.origin.clone(),
        hint,
    }
}

fn question(posture: &Posture, what: &str, rule: &'static str) -> Verdict {
    Verdict {
        decision: ask_or_deny(posture.approval_policy.value, false),
        containment: Containment::Open,
        reason: format!("no rule knows {what}"),
        rule: Rule::builtin(rule),
        origin: Origin::BUILTIN,
        hint: None,
    }
}

/// What is granted, and still a question where everything but reading is one.
const fn ask_if_untrusted(posture: &Posture) -> Decision {
    match posture.approval_policy.value {
        ApprovalPolicy::Untrusted => Decision::Ask,
        _ => Decision::Allow,
    }
}

/// A question where the approval policy has questions of this sort.
pub(crate) const fn ask_or_deny(policy: ApprovalPolicy, leaves_boundary: bool) -> Decision {
    match policy {
        ApprovalPolicy::Untrusted | ApprovalPolicy::OnFailure | ApprovalPolicy::OnRequest => {
            Decision::Ask
        }
        ApprovalPolicy::Never => Decision::Deny,
        ApprovalPolicy::Granular(granular) => {
            let may = if leaves_boundary {
                granular.sandbox_approval
            } else {
                granular.rules
            };
            if may { Decision::Ask } else { Decision::Deny }
        }
    }
}

pub(crate) const fn containment(posture: &Posture) -> Containment {
    if posture.profile.value.confined {
        Containment::Boxed
    } else {
        Containment::Open
    }
}
