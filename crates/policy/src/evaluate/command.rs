//! What is said of a command: what it reads, writes, reaches and starts.

use std::path::Path;

use super::ruled::Left;
use super::{Case, Found, Hold};
use crate::{
    ApprovalPolicy, Category, CommandClass, CommandFacts, Containment, DangerKind, Decision,
    FileVerdict, Leaving, Network, Origin, Outward, Rule, Seen, Source, Verdict, Way,
};

/// Where everybody may write: what is written there is not kept.
const NOWHERE: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/tty",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd",
    "/proc/self/fd",
];

/// The port of most of what is reached.
const HTTPS: u16 = 443;

impl Case<'_> {
    pub(super) fn command(&self, facts: &CommandFacts, escalates: bool, found: &mut Found) {
        let confined = self.posture.profile.value.confined;
        let looks = confined && !self.circumstances.typed;
        let outside = if looks {
            self.outside(facts)
        } else {
            Vec::new()
        };
        // What needs more than the boundary has can only run without it.
        let leaves = confined && (escalates || !outside.is_empty());
        let hold = if leaves { Hold::Not } else { self.hold() };
        let case = Command {
            case: self,
            facts,
            hold,
        };
        if looks {
            case.hidden(found);
        }
        let left = self.rules(facts, leaves, hold.containment(), found);
        if left == Left::Hidden {
            return;
        }
        if looks {
            for outward in &outside {
                found.add(case.reaches(outward));
            }
        }
        if leaves && let Leaving::Never(origin) = &self.posture.held.leaving {
            found.add(kept_inside(origin));
        }
        if looks && matches!(self.posture.profile.value.network, Network::Proxy(_)) {
            self.denied_hosts(facts, found);
        }
        if escalates && confined {
            found.add(case.leave_boundary());
        }
        if left == Left::All {
            found.add(case.class());
        }
        // Last: of two questions the one about danger says more.
        if looks {
            case.written(found);
        }
    }

    /// The hosts that the rules for the network deny. What they ask about is
    /// asked when it is reached: only then the port is known for certain.
    fn denied_hosts(&self, facts: &CommandFacts, found: &mut Found) {
        for host in facts.outward().into_iter().filter_map(|out| out.host) {
            let said = self.reach((&host, HTTPS), None, Seen::NotYet);
            if said.decision == Decision::Deny {
                found.add(said);
            }
        }
    }

    /// What in a command is told to reach somebody, where the profile has no
    /// network. In the open that is also what does not say whom.
    fn outside<'f>(&self, facts: &'f CommandFacts) -> Vec<Outward<'f>> {
        if self.posture.profile.value.network != Network::None {
            return Vec::new();
        }
        let is_open = self.hold() == Hold::Not;
        let mut all = facts.outward();
        all.retain(|out| out.host.is_some() || (is_open && out.way == Way::Reaches));
        all
    }
}

struct Command<'a> {
    case: &'a Case<'a>,
    facts: &'a CommandFacts,
    hold: Hold,
}

impl Command<'_> {
    /// What it names that the profile hides. The boundary would refuse the
    /// reading, too, but without a word about why.
    fn hidden(&self, found: &mut Found) {
        let files = &self.case.posture.profile.value.files;
        let hidden = self.facts.paths.iter().filter(|path| !files.may_read(path));
        for path in hidden {
            found.add(self.of_file(Decision::Deny, files.read(path)));
        }
    }

    /// What it writes that the profile does not grant.
    fn written(&self, found: &mut Found) {
        let files = &self.case.posture.profile.value.files;
        let is_kept = |path: &Path| !NOWHERE.iter().any(|nowhere| path.starts_with(nowhere));
        let writes = self.facts.writes.iter();
        for path in writes.filter(|path| is_kept(path) && !files.may_write(path)) {
            let decision = self.case.ask_or_deny_write(path);
            found.add(self.of_file(decision, files.write(path)));
        }
    }

    /// That it reaches somebody.
    fn reaches(&self, outward: &Outward<'_>) -> Verdict {
        let whom = outward.host.as_deref().unwrap_or("a host");
        let decision = self.case.ask_or_deny(Category::SandboxApproval);
        Verdict {
            hint: Some("run it yourself, or work with what is here".to_owned()),
            containment: self.hold.containment(),
            ..self.case.chosen(
                decision,
                &format!(
                    "`{}` reaches {whom}, and the profile has no network",
                    outward.program
                ),
                "network.none",
            )
        }
    }

    /// A wish to leave the boundary: always a question of its own.
    fn leave_boundary(&self) -> Verdict {
        let decision = self.case.ask_or_deny(Category::SandboxApproval);
        Verdict {
            hint: (decision == Decision::Deny)
                .then(|| "`--ask-for-approval on-request` would ask".to_owned()),
            ..self.said(
                decision,
                "it wants to leave the boundary".to_owned(),
                "command.escalation",
            )
        }
    }

    /// What its class comes to.
    fn class(&self) -> Verdict {
        let because = &self.facts.because;
        let asked = || self.case.ask_or_deny(Category::Rules);
        match (self.facts.class, self.case.policy(), self.hold) {
            (CommandClass::KnownSafe, ..) => self.said(
                Decision::Allow,
                format!("known to read only: {because}"),
                "command.known-safe",
            ),
            (_, ApprovalPolicy::Never, Hold::ByChoiceNot) => self.said(
                Decision::Allow,
                "the user switched off both boundary and questions".to_owned(),
                "command.full-access",
            ),
            (CommandClass::Dangerous, ..) if !self.holds_danger() => Verdict {
                hint: Some(self.safer()),
                ..self.said(
                    asked(),
                    format!("dangerous: {because}"),
                    "command.dangerous",
                )
            },
            (_, ApprovalPolicy::Untrusted, _) => self.said(
                Decision::Ask,
                format!("not known to be safe: {because}"),
                "command.untrusted",
            ),
            (_, _, Hold::ByBoundary) => self.said(
                Decision::Allow,
                format!("the boundary holds it: {because}"),
                "command.boxed",
            ),
            (CommandClass::Opaque, ..) => self.said(
                asked(),
                format!("it may be anything, and nothing would hold it: {because}"),
                "command.opaque-open",
            ),
            (_, _, Hold::ByChoiceNot) => self.said(
                Decision::Allow,
                format!("full access was chosen: {because}"),
                "command.full-access",
            ),
            (_, _, Hold::Not) => self.said(
                Decision::Allow,
                format!("nothing is known against it: {because}"),
                "command.open",
            ),
        }
    }

    /// Whether the boundary holds what is dangerous in it.
    fn holds_danger(&self) -> bool {
        let is_held = |kind: DangerKind| kind.is_held_when_boxed();
        self.hold == Hold::ByBoundary && self.facts.danger.is_some_and(is_held)
    }

    fn safer(&self) -> String {
        match &self.facts.safer {
            Some(safer) => format!("{safer}; or run it yourself"),
            None => "run it yourself, or ask for something narrower".to_owned(),
        }
    }

    /// What the approval policy makes of a command.
    fn said(&self, decision: Decision, reason: String, rule: &'static str) -> Verdict {
        let origin = self.case.posture.approval_policy.origin.clone();
        Verdict {
            decision,
            containment: self.hold.containment(),
            reason,
            rule: Rule::builtin(rule),
            source: Source::of(&origin),
            origin,
            hint: None,
        }
    }

    /// What the rules for files make of it.
    fn of_file(&self, decision: Decision, found: FileVerdict) -> Verdict {
        Verdict {
            decision,
            containment: self.hold.containment(),
            reason: found.reason,
            rule: found.rule,
            source: Source::of(&found.origin),
            origin: found.origin,
            hint: found.hint,
        }
    }
}

/// That an administrator lets nothing leave.
fn kept_inside(origin: &Origin) -> Verdict {
    Verdict {
        decision: Decision::Deny,
        containment: Containment::Boxed,
        reason: "it wants to leave the boundary, and nothing outside would hold what an administrator requires".to_owned(),
        rule: Rule::builtin("requirements.leaving"),
        source: Source::of(origin),
        origin: origin.clone(),
        hint: Some("run it inside the boundary".to_owned()),
    }
}
