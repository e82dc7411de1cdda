//! What the flow rule says of an action.

use super::{Case, Hold};
use crate::{
    Action, ApprovalPolicy, Category, CommandClass, CommandFacts, Network, Rule, Source, Verdict,
};

impl Case<'_> {
    /// The question of the flow rule: where the session has seen both halves,
    /// and this would reach out.
    pub(super) fn flow(&self, action: &Action) -> Option<Verdict> {
        let rule = &self.posture.flow.value;
        let seen = &self.circumstances.flow;
        let (private, untrusted) = (seen.private.as_ref()?, seen.untrusted.as_ref()?);
        // Who switched off both boundary and questions has no answer to give.
        let is_bypassed =
            self.hold() == Hold::ByChoiceNot && self.policy() == ApprovalPolicy::Never;
        if !rule.enabled || is_bypassed {
            return None;
        }
        let act = self.reaching(action)?;
        let origin = self.posture.flow.origin.clone();
        Some(Verdict {
            decision: self.ask_or_deny(Category::Rules),
            containment: match action {
                Action::Command { escalation, .. } if escalation.is_none() => self.containment(),
                Action::Reach { .. } => self.containment(),
                _ => crate::Containment::Open,
            },
            reason: format!(
                "{act}, after the session has read what is private ({private}) and taken in {untrusted}"
            ),
            rule: Rule::builtin("flow.reach-out"),
            origin,
            source: Source::Flow,
            hint: Some(
                "`[flow] trusted_hosts` names hosts that may be reached all the same".to_owned(),
            ),
        })
    }

    /// How an action reaches out to somebody who is not trusted, if it does.
    fn reaching(&self, action: &Action) -> Option<String> {
        let trusts = |host: &str| self.posture.flow.value.trusts(host);
        match action {
            Action::Command {
                facts, escalation, ..
            } => self.command_reaching(facts, escalation.is_some()),
            Action::Reach { host, .. } if !trusts(host) => Some(format!("it reaches {host}")),
            Action::UseTool { server, .. } => Some(format!("`{server}` may pass it on")),
            Action::SearchWeb { .. } => Some("a search tells others what it is for".to_owned()),
            Action::Reach { .. }
            | Action::ReadFile { .. }
            | Action::WriteFile { .. }
            | Action::ExtendPermissions { .. }
            | Action::RunSkill { .. } => None,
        }
    }

    fn command_reaching(&self, facts: &CommandFacts, escalates: bool) -> Option<String> {
        let profile = &self.posture.profile.value;
        let is_held = self.hold() == Hold::ByBoundary && !escalates;
        // Nothing gets out of a box without a network.
        if is_held && profile.network == Network::None {
            return None;
        }
        let trusts = |host: &String| self.posture.flow.value.trusts(host);
        let outward = facts.outward();
        let found = outward
            .iter()
            .find(|out| !out.host.as_ref().is_some_and(trusts));
        match found {
            Some(out) => Some(match &out.host {
                Some(host) => format!("`{}` reaches {host}", out.program),
                None => format!("`{}` reaches out", out.program),
            }),
            None if facts.class == CommandClass::Opaque && !is_held => {
                Some("it may be anything, and may reach out".to_owned())
            }
            None => None,
        }
    }
}
