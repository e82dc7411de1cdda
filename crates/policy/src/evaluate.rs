//! The evaluator: the one function that every front asks.
//!
//! Everything that has something to say of an action is asked, and the
//! strictest answer counts. So nothing that is added can make it laxer, but
//! for what says so itself: a rule that allows answers the question that the
//! kind of command would be, and no other.

mod command;
mod flow;
mod ruled;

use std::path::Path;

use crate::{
    Action, ApprovalPolicy, Category, Circumstances, Containment, Decision, Derivation, Network,
    NetworkVerdict, Origin, Posture, Protocol, Reach, Rule, Seen, Source, Verdict,
};

/// What the posture says of an action under these circumstances.
///
/// An *ask* is left as an ask: who answers it, and that nobody is a deny, is
/// the business of `dam-gate`.
pub fn evaluate(posture: &Posture, circumstances: &Circumstances, action: &Action) -> Verdict {
    let mut found = Found::default();
    Case::new(posture, circumstances).judge(action, &mut found);
    found.verdict()
}

/// As [`evaluate`], with everything that had something to say.
pub fn explain(posture: &Posture, circumstances: &Circumstances, action: &Action) -> Derivation {
    let mut found = Found {
        met: Some(Vec::new()),
        ..Found::default()
    };
    Case::new(posture, circumstances).judge(action, &mut found);
    Derivation {
        met: found.met.take().unwrap_or_default(),
        verdict: found.verdict(),
    }
}

/// What was found so far: the strictest, and of equals the first.
#[derive(Default)]
struct Found {
    strictest: Option<Verdict>,
    met: Option<Vec<Verdict>>,
}

impl Found {
    fn add(&mut self, verdict: Verdict) {
        if let Some(met) = &mut self.met {
            met.push(verdict.clone());
        }
        self.strictest = Some(match self.strictest.take() {
            Some(before) => before.stricter(verdict),
            None => verdict,
        });
    }

    /// Keeps what counts for nothing, for whoever wants to know.
    fn note(&mut self, verdict: impl FnOnce() -> Verdict) {
        if let Some(met) = &mut self.met {
            met.push(verdict());
        }
    }

    /// Where nothing had anything to say, nothing allows it.
    fn verdict(self) -> Verdict {
        self.strictest.unwrap_or_else(|| Verdict {
            decision: Decision::Deny,
            containment: Containment::Open,
            reason: "nothing allows it".to_owned(),
            rule: Rule::builtin("gate.nothing"),
            origin: Origin::BUILTIN,
            source: Source::BuiltIn,
            hint: None,
        })
    }
}

/// What will hold an action.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Hold {
    /// The boundary.
    ByBoundary,
    /// Nothing, because a person chose full access.
    ByChoiceNot,
    /// Nothing, though the profile would have it held.
    Not,
}

/// What an action is judged by.
struct Case<'a> {
    posture: &'a Posture,
    circumstances: &'a Circumstances,
}

impl<'a> Case<'a> {
    const fn new(posture: &'a Posture, circumstances: &'a Circumstances) -> Self {
        Self {
            posture,
            circumstances,
        }
    }

    fn judge(&self, action: &Action, found: &mut Found) {
        match action {
            Action::Command {
                facts, escalation, ..
            } => self.command(facts, escalation.is_some(), found),
            Action::ReadFile { path } => found.add(self.read(path)),
            Action::WriteFile { path } => found.add(self.write(path)),
            Action::Reach {
                host,
                port,
                protocol,
                method,
                path,
                opaque,
            } => {
                let seen = match method {
                    _ if *opaque => Seen::Never,
                    None => Seen::NotYet,
                    Some(method) => Seen::Request {
                        method,
                        path: path.as_deref().unwrap_or_default(),
                    },
                };
                found.add(self.reach((host, *port), *protocol, seen));
            }
            Action::UseTool { server, tool } => found.add(self.question(
                Category::McpElicitations,
                &format!("no rule knows the tool `{tool}` of `{server}`"),
                "tool.unknown",
            )),
            Action::SearchWeb { .. } => found.add(self.question(
                Category::Rules,
                "no rule knows a web search",
                "web-search.unknown",
            )),
            Action::ExtendPermissions { what } => found.add(self.question(
                Category::RequestPermissions,
                &format!("it wants more for the session: {what}"),
                "permissions.request",
            )),
            Action::RunSkill { skill } => found.add(self.question(
                Category::SkillApproval,
                &format!("the skill `{skill}` runs scripts of its own"),
                "skill.run",
            )),
        }
        if let Some(asked) = self.flow(action) {
            found.add(asked);
        }
    }

    /// What will hold an action that does not leave by itself.
    const fn hold(&self) -> Hold {
        if !self.posture.profile.value.confined {
            Hold::ByChoiceNot
        } else if self.circumstances.open {
            Hold::Not
        } else {
            Hold::ByBoundary
        }
    }

    fn containment(&self) -> Containment {
        self.hold().containment()
    }

    fn policy(&self) -> ApprovalPolicy {
        self.posture.approval_policy.value
    }

    /// A question where the approval policy has questions of this sort, else a
    /// no.
    fn ask_or_deny(&self, category: Category) -> Decision {
        if self.policy().may_ask(category) {
            Decision::Ask
        } else {
            Decision::Deny
        }
    }

    /// What is granted, and still a question where everything but reading is
    /// one.
    fn ask_if_untrusted(&self) -> Decision {
        match self.policy() {
            ApprovalPolicy::Untrusted => Decision::Ask,
            _ => Decision::Allow,
        }
    }

    fn read(&self, path: &Path) -> Verdict {
        let found = self.posture.profile.value.files.read(path);
        Verdict {
            decision: if found.granted {
                Decision::Allow
            } else {
                Decision::Deny
            },
            containment: self.containment(),
            reason: found.reason,
            rule: found.rule,
            source: Source::of(&found.origin),
            origin: found.origin,
            hint: found.hint,
        }
    }

    fn write(&self, path: &Path) -> Verdict {
        let profile = &self.posture.profile.value;
        if !profile.confined {
            return self.chosen(
                self.ask_if_untrusted(),
                "full access was chosen",
                "files.full-access",
            );
        }
        let found = profile.files.write(path);
        let asked = found.granted && self.policy() == ApprovalPolicy::Untrusted;
        Verdict {
            decision: if found.granted {
                self.ask_if_untrusted()
            } else {
                self.ask_or_deny_write(path)
            },
            // What the profile does not grant happens outside of it.
            containment: if found.granted {
                self.containment()
            } else {
                Containment::Open
            },
            reason: found.reason,
            rule: if asked {
                Rule::builtin("files.untrusted")
            } else {
                found.rule
            },
            source: Source::of(&found.origin),
            origin: found.origin,
            hint: found.hint,
        }
    }

    /// A question, unless nothing at all may give it.
    fn ask_or_deny_write(&self, path: &Path) -> Decision {
        if self.posture.profile.value.files.is_withheld(path) {
            Decision::Deny
        } else {
            self.ask_or_deny(Category::SandboxApproval)
        }
    }

    fn reach(
        &self,
        (host, port): (&str, u16),
        protocol: Option<Protocol>,
        seen: Seen<'_>,
    ) -> Verdict {
        let own = || self.host_rule(host, port, protocol);
        match &self.posture.profile.value.network {
            Network::None => Verdict {
                hint: Some("no network is the default of every profile".to_owned()),
                ..self.chosen(
                    Decision::Deny,
                    &format!("{host}:{port} is out of reach: the profile has no network"),
                    "network.none",
                )
            },
            Network::Proxy(rules) => self.proxied(rules.judge(host, port, seen), own()),
            Network::Host => own().unwrap_or_else(|| {
                self.chosen(
                    self.ask_if_untrusted(),
                    "full access was chosen",
                    "network.full-access",
                )
            }),
        }
    }

    /// What the profile denies stays denied; a rule of its own counts before
    /// what the profile allows, and before the question about what nobody
    /// speaks of.
    fn proxied(&self, found: NetworkVerdict, ruled: Option<Verdict>) -> Verdict {
        let decision = match found.reach {
            Reach::Denied => Decision::Deny,
            Reach::Allowed => self.ask_if_untrusted(),
            Reach::Unlisted => self.ask_or_deny(Category::Rules),
        };
        match ruled {
            Some(ruled) if found.reach != Reach::Denied => ruled,
            _ => Verdict {
                decision,
                containment: self.containment(),
                reason: found.reason,
                rule: found.rule,
                source: Source::of(&found.origin),
                origin: found.origin,
                hint: None,
            },
        }
    }

    /// A question that only the approval policy decides.
    fn question(&self, category: Category, reason: &str, rule: &'static str) -> Verdict {
        Verdict {
            decision: self.ask_or_deny(category),
            containment: Containment::Open,
            reason: reason.to_owned(),
            rule: Rule::builtin(rule),
            source: Source::BuiltIn,
            origin: Origin::BUILTIN,
            hint: None,
        }
    }

    /// What the choice of the profile comes to.
    fn chosen(&self, decision: Decision, reason: &str, rule: &'static str) -> Verdict {
        let origin = self.posture.profile.origin.clone();
        Verdict {
            decision,
            containment: self.containment(),
            reason: reason.to_owned(),
            rule: Rule::builtin(rule),
            source: Source::of(&origin),
            origin,
            hint: None,
        }
    }
}

impl Hold {
    const fn containment(self) -> Containment {
        match self {
            Self::ByBoundary => Containment::Boxed,
            Self::ByChoiceNot | Self::Not => Containment::Open,
        }
    }
}
