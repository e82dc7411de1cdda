//! What rules make of a command or a host.

use std::path::Path;

use super::{Case, Found};
use crate::{
    Category, CommandFacts, Containment, Decision, HostRule, Layer, Leaving, Origin, PrefixRule,
    Protocol, Rule, RuleDecision, RuleHit, Source, Started, Token, Verdict,
};

/// What the rules leave to be asked of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Left {
    /// Everything.
    All,
    /// What the profile says of paths and hosts, and whether it may leave: what
    /// kind of command it is was answered.
    Profile,
    /// Only what the profile hides: it may leave.
    Hidden,
}

impl Case<'_> {
    /// What the rules say of a command. `leaves`: it would leave the boundary,
    /// which a rule that allows it inside does not let it.
    pub(super) fn rules(
        &self,
        facts: &CommandFacts,
        leaves: bool,
        containment: Containment,
        found: &mut Found,
    ) -> Left {
        if self.posture.rules.is_empty() {
            return Left::All;
        }
        let profile = &self.posture.profile.value;
        let may_write = |path: &Path| !profile.confined || profile.files.may_write(path);
        let judged = self.posture.rules.judge(facts, may_write);
        for hit in judged
            .hits
            .iter()
            .filter(|hit| Some(*hit) != judged.by.as_ref())
        {
            let decision = match hit.rule.decision {
                RuleDecision::Forbidden => Decision::Deny,
                RuleDecision::Prompt => Decision::Ask,
                RuleDecision::Allow | RuleDecision::Unsandboxed => Decision::Allow,
            };
            found.note(|| said(hit, &facts.starts, decision, containment));
        }
        let Some((decision, hit)) = judged.decision.zip(judged.by) else {
            return Left::All;
        };
        let (decision, containment, left) = match decision {
            RuleDecision::Forbidden => (Decision::Deny, self.containment(), Left::All),
            RuleDecision::Prompt => (self.prompt(leaves), containment, Left::All),
            RuleDecision::Unsandboxed => match &self.posture.held.leaving {
                Leaving::Free => (Decision::Allow, Containment::Open, Left::Hidden),
                Leaving::Asked(_) => (
                    self.ask_or_deny(Category::SandboxApproval),
                    Containment::Open,
                    Left::Hidden,
                ),
                // It is allowed, and stays inside.
                Leaving::Never(_) => (Decision::Allow, containment, Left::Profile),
            },
            RuleDecision::Allow => (Decision::Allow, containment, Left::Profile),
        };
        found.add(said(&hit, &facts.starts, decision, containment));
        left
    }

    /// What a rule says of a host that can be reached.
    pub(super) fn host_rule(
        &self,
        host: &str,
        port: u16,
        protocol: Option<Protocol>,
    ) -> Option<Verdict> {
        let rule = self.posture.rules.for_host(host, port, protocol)?;
        let decision = match rule.decision {
            RuleDecision::Forbidden => Decision::Deny,
            RuleDecision::Prompt => self.prompt(false),
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
            containment: self.containment(),
            reason: why.unwrap_or_else(|| format!("a rule for {host} says `{}`", rule.decision)),
            rule: Rule::read(rule.name()),
            origin: origin.clone(),
            source: source(origin),
            hint: None,
        })
    }

    /// A question of a rule; with a wish to leave, of both kinds.
    fn prompt(&self, leaves: bool) -> Decision {
        let asked = self.ask_or_deny(Category::Rules);
        if leaves {
            asked.max(self.ask_or_deny(Category::SandboxApproval))
        } else {
            asked
        }
    }
}

fn said(
    hit: &RuleHit<'_>,
    starts: &[Started],
    decision: Decision,
    containment: Containment,
) -> Verdict {
    Verdict {
        decision,
        containment,
        reason: reason(hit, starts),
        rule: Rule::read(hit.rule.name()),
        origin: hit.rule.origin.clone(),
        source: source(&hit.rule.origin),
        hint: (decision == Decision::Deny).then(|| remedy(hit.rule)),
    }
}

/// Rules are those of people, but for what an administrator requires.
const fn source(origin: &Origin) -> Source {
    match origin.layer {
        Layer::Requirements => Source::Requirement,
        _ => Source::Rule,
    }
}

fn reason(hit: &RuleHit<'_>, starts: &[Started]) -> String {
    let mut said = match &hit.rule.justification {
        Some(why) => why.trim_end_matches('.').to_owned(),
        None => format!("a rule says `{}`", hit.rule.decision),
    };
    if !hit.certain {
        let program = starts.get(hit.start).and_then(|start| start.words.first());
        said.push_str(match program {
            Some(Token::Known(_)) => " (a word is unknown, and may be what the rule names)",
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
