//! The verdict on a call: of everything that it would do, the strictest.

use dam_gate::{Answer, Gate, Question, Request, Reviewer, Settled, described};
use dam_policy::{Action, Decision};

use crate::{Agent, Call};

/// A call, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is answered. An agent that cannot ask is told no.
    pub decision: Decision,
    /// What the user and the model are told; empty if it is allowed.
    pub message: String,
    /// What was judged, to be written down. A question that is left to the
    /// agent is not allowed by us.
    pub settled: Vec<(Action, Settled)>,
}

/// The reviewer of a session whose questions another agent asks. What is asked
/// may happen: what it would let the session see counts as seen.
#[derive(Clone, Copy, Debug)]
pub struct LeftToAgent;

impl Reviewer for LeftToAgent {
    fn review(&mut self, _question: &Question) -> Answer {
        Answer::Once
    }
}

/// Judges a call. A gate for an agent that can ask has [`LeftToAgent`] as its
/// reviewer, any other [`dam_gate::Nobody`].
pub fn judge(gate: &mut Gate, agent: Agent, call: &Call) -> Judged {
    let settled: Vec<_> = call
        .requests
        .iter()
        .map(|request| one(gate, request))
        .collect();
    let decided = |settled: &Settled| {
        let is_question = settled.verdict.decision == Decision::Ask;
        match (
            settled.allowed,
            is_question && settled.answer == Some(Answer::Once),
        ) {
            (true, _) => Decision::Allow,
            (false, true) => Decision::Ask,
            (false, false) => Decision::Deny,
        }
    };
    // Of equals the first.
    let strictest = settled.iter().rev().max_by_key(|(_, one)| decided(one));
    let decision = strictest.map_or(Decision::Allow, |(_, one)| decided(one));
    let message = match (strictest, decision) {
        (Some((action, settled)), Decision::Ask) => asked(action, settled),
        (Some((_, settled)), Decision::Deny) => refused(agent, settled),
        _ => String::new(),
    };
    Judged {
        decision,
        message,
        settled,
    }
}

fn one(gate: &mut Gate, request: &Request) -> (Action, Settled) {
    let action = gate.action(request);
    let mut settled = gate.settle(request);
    if settled.verdict.decision == Decision::Ask {
        settled.allowed = false;
        settled.source = settled.verdict.source;
    }
    (action, settled)
}

fn asked(action: &Action, settled: &Settled) -> String {
    let verdict = &settled.verdict;
    let mut message = format!(
        "{}\nasked because {} ({})",
        described(action, verdict),
        dam_journal::clean(&verdict.reason),
        dam_journal::clean(verdict.rule.as_str())
    );
    if let Some(hint) = &verdict.hint {
        message.push_str("\nsafer: ");
        message.push_str(&dam_journal::clean(hint));
    }
    message
}

fn refused(agent: Agent, settled: &Settled) -> String {
    let mut message = settled.message.clone();
    if settled.answer == Some(Answer::NobodyToAsk) && !agent.can_ask() {
        message.push_str("\n(");
        message.push_str(agent.title());
        message.push_str(" goes ahead where a hook asks, so that a question is a no)");
    }
    message
}
