//! What rules make of a command or a host under a posture.

use crate::evaluate::{ask_or_deny, containment};
use crate::{
    CommandFacts, Containment, Decision, HostRule, Posture, PrefixRule, Rule, RuleDecision,
    RuleHit, Verdict,
};

/// What the rules say of a command.
pub(crate) struct Ruled {
    /// No rule has to do with what the profile hides: a denial stays one.
    pub is_allow: bool,
    /// The verdict that they come to.
    pub verdict: Verdict,
}

/// What the rules say of a command, if anything. `escalates`: it wants to
/// leave the boundary, which a rule that allows it inside does not let it.
pub(crate) fn command(posture: &Posture, facts: &CommandFacts, escalates: bool) -> Option<Ruled> {
    let profile = &posture.profile.value;
    let may_write = |path: &std::path::Path| !profile.confined || profile.files.may_write(path);
    let judged = posture.rules.judge(facts, may_write);
    let (decision, hit) = judged.decision.zip(judged.by)?;
    let boxed = containment(posture);
    let (decision, containment) = match decision {
        RuleDecision::Forbidden => (Decision::Deny, boxed),
        RuleDecision::Prompt => (prompt(posture, escalates), leaving(escalates, boxed)),
        RuleDecision::Unsandboxed => (Decision::Allow, Containment::Open),
        RuleDecision::Allow if escalates => return None,
        RuleDecision::Allow => (Decision::Allow, boxed),
    };
    let rule = hit.rule;
    Some(Ruled {
        is_allow: decision == Decision::Allow,
        verdict: Verdict {
            decision,
            containment,
            reason: reason(&hit, &facts.starts),
            rule: Rule::read(rule.name()),
            origin: rule.origin.clone(),
            hint: (decision == Decision::Deny).then(|| remedy(rule)),
        },
    })
}

/// What a rule says of a host that can be reached.
pub(crate) fn host(posture: &Posture, host: &str, port: u16) -> Option<Verdict> {
    let rule = posture.rules.for_host(host, port)?;
    let decision = match rule.decision {
        RuleDecision::Forbidden => Decision::Deny,
        RuleDecision::Prompt => prompt(posture, false),
        RuleDecision::Allow | RuleDecision::Unsandboxed => Decision::Allow,
    };
    let HostRule {
        justification,
        origin,
        ..
    } = rule;
    let why = justification.clone();
    Some(Verdict {
        decision,
        containment: containment(posture),
        reason: why.unwrap_or_else(|| format!("a rule for {host} says `{}`", rule.decision)),
        rule: Rule::read(rule.name()),
        origin: origin.clone(),
        hint: None,
    })
}

/// A question of a rule; with a wish to leave, of both kinds.
fn prompt(posture: &Posture, escalates: bool) -> Decision {
    let policy = posture.approval_policy.value;
    let asked = ask_or_deny(policy, false);
    if escalates {
        asked.max(ask_or_deny(policy, true))
    } else {
        asked
    }
}

const fn leaving(escalates: bool, otherwise: Containment) -> Containment {
    if escalates {
        Containment::Open
    } else {
        otherwise
    }
}

fn reason(hit: &RuleHit<'_>, starts: &[crate::Started]) -> String {
    let mut said = match &hit.rule.justification {
        Some(why) => why.trim_end_matches('.').to_owned(),
        None => format!("a rule says `{}`", hit.rule.decision),
    };
    if !hit.certain {
        let program = starts.get(hit.start).and_then(|start| start.words.first());
        said.push_str(match program {
            Some(crate::Token::Known(_)) => " (a word is unknown, and may be what the rule names)",
            _ => " (the program is unknown, and may be the one that the rule names)",
        });
    }
    said
}

fn remedy(rule: &PrefixRule) -> String {
    match rule.decision {
        RuleDecision::Forbidden => "do it another way, or change the rule".to_owned(),
        _ => "the rule asks, and the approval policy does not: `--ask-for-approval on-request` would ask".to_owned(),
    }
}
