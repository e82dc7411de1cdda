//! The gate itself: judges, asks where policy says so, and remembers the
//! answers of one session.

use std::path::{Path, PathBuf};

use dam_policy::{Action, Containment, Decision, Posture, ReviewerKind, Verdict, evaluate};

use crate::question::what;
use crate::{Answer, Asker, Nobody, Question, Request, Reviewer, show};

/// Judges requests under one posture, and asks one reviewer.
pub struct Gate {
    posture: Posture,
    reviewer: Box<dyn Reviewer>,
    /// What the reviewer allowed for the session. In memory only: a yes never
    /// outlives the session that it was given in.
    granted: Vec<Grant>,
    /// What running commands were not allowed, so that a program that tries
    /// again does not ask again.
    declined: Vec<(Action, Answer)>,
}

/// How a request ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settled {
    /// What was judged.
    pub verdict: Verdict,
    /// The answer, if it was a question. An earlier answer for the session
    /// counts as one.
    pub answer: Option<Answer>,
    /// Whether it may happen.
    pub allowed: bool,
    /// What holds it, if it happens.
    pub containment: Containment,
    /// When refused: what, why, by which rule, and how to have it allowed.
    /// Empty when allowed.
    pub message: String,
}

/// A yes for the session: exactly this action, held the same way.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Grant {
    action: Action,
    containment: Containment,
}

impl Gate {
    /// A gate with nothing granted yet.
    pub fn new(posture: Posture, reviewer: Box<dyn Reviewer>) -> Self {
        Self {
            posture,
            reviewer,
            granted: Vec::new(),
            declined: Vec::new(),
        }
    }

    /// The posture it judges under.
    pub const fn posture(&self) -> &Posture {
        &self.posture
    }

    /// The action that a request comes to here.
    pub fn action(&self, request: &Request) -> Action {
        request.action(self.posture.profile.value.home.as_deref())
    }

    /// What policy says. Pure: nobody is asked, nothing is remembered.
    pub fn judge(&self, request: &Request) -> Verdict {
        evaluate(&self.posture, &self.action(request))
    }

    /// Judges, and asks if need be.
    pub fn settle(&mut self, request: &Request) -> Settled {
        let action = self.action(request);
        let verdict = evaluate(&self.posture, &action);
        match verdict.decision {
            Decision::Allow => allowed(verdict, None),
            Decision::Deny => refused(&action, verdict, None),
            Decision::Ask => {
                let question = Question {
                    action,
                    verdict,
                    asker: None,
                };
                let answer = self.with_own_reviewer(|gate, own| gate.ask(&question, own));
                answered(question, answer)
            }
        }
    }

    /// Whether a boxed process that is refused a file may be asked about at
    /// all, and somebody is there to answer.
    pub fn asks_about_refusals(&self) -> bool {
        let request = Request::WriteFile {
            path: PathBuf::from("/"),
        };
        self.posture.reviewer != ReviewerKind::Nobody
            && self.judge(&request).decision == Decision::Ask
    }

    /// Judges what the boundary refuses a running command, which waits
    /// meanwhile: a path that it wants to write. What policy leaves to a
    /// reviewer is asked, once for each path until there is a yes; a no holds
    /// for the session.
    pub fn settle_refused(&mut self, path: &Path, asker: Asker) -> Settled {
        self.with_own_reviewer(|gate, own| gate.settle_refused_by(path, asker, own))
    }

    /// As [`Self::settle_refused`], with somebody else to answer.
    pub fn settle_refused_by(
        &mut self,
        path: &Path,
        asker: Asker,
        reviewer: &mut dyn Reviewer,
    ) -> Settled {
        let path = path.to_owned();
        let action = Action::WriteFile { path: path.clone() };
        let mut verdict = evaluate(&self.posture, &action);
        if asker.reads {
            verdict = verdict.stricter(evaluate(&self.posture, &Action::ReadFile { path }));
        }
        // The boundary said no: a yes without a question would be a mistake.
        if verdict.decision != Decision::Ask {
            return refused(&action, verdict, None);
        }
        let before = self.declined.iter().find(|(what, _)| *what == action);
        if let Some((_, answer)) = before {
            let answer = answer.clone();
            return refused(&action, verdict, Some(answer));
        }
        let question = Question {
            action,
            verdict,
            asker: Some(asker),
        };
        let answer = self.ask(&question, reviewer);
        // That nobody answered is no answer.
        if let Answer::Declined(_) = answer {
            let action = question.action.clone();
            self.declined.push((action, answer.clone()));
        }
        answered(question, answer)
    }

    /// The gate's own reviewer, apart from the gate.
    fn with_own_reviewer<T>(&mut self, work: impl FnOnce(&mut Self, &mut dyn Reviewer) -> T) -> T {
        let mut own = std::mem::replace(&mut self.reviewer, Box::new(Nobody));
        let result = work(self, &mut *own);
        self.reviewer = own;
        result
    }

    fn ask(&mut self, question: &Question, reviewer: &mut dyn Reviewer) -> Answer {
        let grant = Grant::of(question);
        if self.granted.contains(&grant) {
            return Answer::Session;
        }
        let answer = match self.posture.reviewer {
            ReviewerKind::Nobody => Answer::NobodyToAsk,
            ReviewerKind::User => reviewer.review(question),
        };
        if answer == Answer::Session {
            self.granted.push(grant);
        }
        answer
    }
}

impl Grant {
    fn of(question: &Question) -> Self {
        let mut action = question.action.clone();
        // The stated reason is worded anew each time and is no part of what
        // was allowed; that it leaves the boundary is in the containment.
        if let Action::Command { escalation, .. } = &mut action {
            *escalation = None;
        }
        Self {
            action,
            containment: question.verdict.containment,
        }
    }
}

fn answered(question: Question, answer: Answer) -> Settled {
    let Question {
        action, verdict, ..
    } = question;
    if answer.is_yes() {
        allowed(verdict, Some(answer))
    } else {
        refused(&action, verdict, Some(answer))
    }
}

fn allowed(verdict: Verdict, answer: Option<Answer>) -> Settled {
    Settled {
        containment: verdict.containment,
        verdict,
        answer,
        allowed: true,
        message: String::new(),
    }
}

fn refused(action: &Action, verdict: Verdict, answer: Option<Answer>) -> Settled {
    Settled {
        containment: verdict.containment,
        message: refusal(action, &verdict, answer.as_ref()),
        verdict,
        answer,
        allowed: false,
    }
}

/// The message of a refusal, a few lines long.
fn refusal(action: &Action, verdict: &Verdict, answer: Option<&Answer>) -> String {
    let mut message = format!(
        "refused to {}\nwhy: {}\nrule: {} ({})",
        what(action, verdict),
        show::short(&verdict.reason, 300),
        show::one_line(verdict.rule.as_str()),
        show::one_line(&verdict.origin.to_string()),
    );
    match answer {
        Some(Answer::Declined(words)) if words.is_empty() => {
            message.push_str("\nanswer: declined");
        }
        Some(Answer::Declined(words)) => {
            message.push_str("\nanswer: declined, saying: ");
            message.push_str(&show::short(words, 300));
        }
        Some(Answer::NobodyToAsk) => {
            message.push_str("\nanswer: it is a question, and there is nobody to ask");
        }
        Some(Answer::Once | Answer::Session) | None => {}
    }
    message.push_str("\nto allow it: ");
    message.push_str(&remedy(verdict, answer));
    message
}

fn remedy(verdict: &Verdict, answer: Option<&Answer>) -> String {
    let hint = verdict.hint.as_deref().map(|hint| show::short(hint, 300));
    match (answer, hint) {
        (Some(Answer::Declined(_)), _) => "do it another way, or ask the user first".to_owned(),
        (Some(Answer::NobodyToAsk), None) => {
            "run this in a terminal, where the question can be answered".to_owned()
        }
        (Some(Answer::NobodyToAsk), Some(hint)) => {
            format!("run this in a terminal, where the question can be answered; or: {hint}")
        }
        (_, Some(hint)) => hint,
        (_, None) => format!("change what {} says", verdict.origin),
    }
}
