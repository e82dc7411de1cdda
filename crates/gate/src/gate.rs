//! The gate itself: judges, asks where policy says so, and remembers the
//! answers of one session.

use std::path::{Path, PathBuf};

use dam_policy::{
    Action, Circumstances, Containment, Decision, Derivation, FlowState, Posture, ReviewerKind,
    Source, Untrusted, Verdict, evaluate, explain,
};

use crate::answers::{Answers, Asked};
use crate::refusal::refusal;
use crate::{Answer, Asker, FlowMark, Nobody, Question, Request, Reviewer, seen};

/// Judges requests under one posture, and asks one reviewer.
pub struct Gate {
    posture: Posture,
    circumstances: Circumstances,
    /// The root of a project that is not trusted.
    untrusted_project: Option<PathBuf>,
    reviewer: Box<dyn Reviewer>,
    answers: Answers,
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
    /// Who or what made the decision, the answer included.
    pub source: Source,
    /// What it was judged under, beside the posture.
    pub circumstances: Circumstances,
    /// What the session has now seen for the first time. To be written down.
    pub marks: Vec<FlowMark>,
}

impl Gate {
    /// A gate with nothing answered and nothing seen yet.
    pub fn new(posture: Posture, reviewer: Box<dyn Reviewer>) -> Self {
        Self {
            posture,
            circumstances: Circumstances::default(),
            untrusted_project: None,
            reviewer,
            answers: Answers::default(),
        }
    }

    /// The same under other circumstances: for who only asks, or goes on with
    /// a session.
    #[must_use]
    pub fn under(self, circumstances: Circumstances) -> Self {
        Self {
            circumstances,
            ..self
        }
    }

    /// The same in a project that the user does not trust: what is read there
    /// was written by strangers.
    #[must_use]
    pub fn in_untrusted(self, project: PathBuf) -> Self {
        Self {
            untrusted_project: Some(project),
            ..self
        }
    }

    /// The posture it judges under.
    pub const fn posture(&self) -> &Posture {
        &self.posture
    }

    /// What it judges under besides, with what the session has seen.
    pub const fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// The action that a request comes to here.
    pub fn action(&self, request: &Request) -> Action {
        request.action(self.posture.profile.value.home.as_deref())
    }

    /// What policy says. Pure: nobody is asked, nothing is remembered.
    pub fn judge(&self, request: &Request) -> Verdict {
        self.judge_action(&self.action(request))
    }

    /// As [`Self::judge`], with everything that had something to say.
    pub fn explain(&self, request: &Request) -> Derivation {
        let action = self.action(request);
        explain(&self.posture, &self.around(&action), &action)
    }

    /// What policy says of an action that was decided before, read anew, under
    /// the circumstances of then.
    pub fn again(&self, action: &Action, circumstances: &Circumstances) -> Verdict {
        let action = match action.clone() {
            Action::Command {
                argv,
                cwd,
                escalation,
                ..
            } => self.action(&Request::Command {
                argv,
                cwd,
                escalation,
            }),
            other => other,
        };
        evaluate(&self.posture, circumstances, &action)
    }

    /// Text of strangers was taken in. Given back to be written down, if the
    /// session had taken in none.
    pub fn took_in(&mut self, source: Untrusted, what: &str) -> Option<FlowMark> {
        let is_on = self.posture.flow.value.enabled;
        let seen = &mut self.circumstances.flow;
        is_on.then(|| seen::taken_in(seen, source, what)).flatten()
    }

    /// Judges, and asks if need be.
    pub fn settle(&mut self, request: &Request) -> Settled {
        let action = self.action(request);
        let verdict = self.judge_action(&action);
        let settled = match verdict.decision {
            Decision::Allow => allowed(verdict, None),
            Decision::Deny => refused(&action, verdict, None),
            Decision::Ask => {
                let question = self.question(action.clone(), verdict, None);
                let answer = self.with_own_reviewer(|gate, own| gate.ask(&question, own));
                if answer.is_yes() {
                    self.grant_refused_writes(&question);
                }
                answered(question, answer)
            }
        };
        let settled = Settled {
            circumstances: self.around(&action),
            ..settled
        };
        if settled.allowed {
            let project = self.untrusted_project.as_deref();
            let seen = &mut self.circumstances.flow;
            let marks = seen::marks(&self.posture, project, &action, seen);
            return Settled { marks, ..settled };
        }
        settled
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
        let mut verdict = self.judge_action(&action);
        if asker.reads {
            verdict = verdict.stricter(self.judge_action(&Action::ReadFile { path }));
        }
        // The boundary said no: a yes without a question would be a mistake.
        if verdict.decision != Decision::Ask {
            return refused(&action, verdict, None);
        }
        let circumstances = self.around(&action);
        let question = self.question(action, verdict, Some(asker));
        let answer = self.ask(&question, reviewer);
        Settled {
            circumstances,
            ..answered(question, answer)
        }
    }

    /// Judges what a process of a running command wants of the network, and
    /// has somebody else answer if need be.
    pub fn settle_reach(
        &mut self,
        request: &Request,
        asker: Asker,
        reviewer: &mut dyn Reviewer,
    ) -> Settled {
        let action = self.action(request);
        let verdict = self.judge_action(&action);
        let circumstances = self.around(&action);
        let settled = match verdict.decision {
            Decision::Allow => allowed(verdict, None),
            Decision::Deny => refused(&action, verdict, None),
            Decision::Ask => {
                let question = self.question(action, verdict, Some(asker));
                let answer = self.ask(&question, reviewer);
                answered(question, answer)
            }
        };
        Settled {
            circumstances,
            ..settled
        }
    }

    /// What the session has seen elsewhere counts here, too.
    pub fn has_seen(&mut self, flow: &FlowState) {
        let seen = &mut self.circumstances.flow;
        if seen.private.is_none() {
            seen.private.clone_from(&flow.private);
        }
        if seen.untrusted.is_none() {
            seen.untrusted.clone_from(&flow.untrusted);
        }
    }

    /// The gate's own reviewer, apart from the gate.
    fn with_own_reviewer<T>(&mut self, work: impl FnOnce(&mut Self, &mut dyn Reviewer) -> T) -> T {
        let mut own = std::mem::replace(&mut self.reviewer, Box::new(Nobody));
        let result = work(self, &mut *own);
        self.reviewer = own;
        result
    }

    fn judge_action(&self, action: &Action) -> Verdict {
        evaluate(&self.posture, &self.around(action), action)
    }

    /// The circumstances of an action: what it reads itself counts, too.
    fn around(&self, action: &Action) -> Circumstances {
        let mut circumstances = self.circumstances.clone();
        if circumstances.flow.untrusted.is_some() {
            seen::mark_private(&self.posture, action, &mut circumstances.flow);
        }
        circumstances
    }

    fn question(&self, action: Action, verdict: Verdict, asker: Option<Asker>) -> Question {
        let met = explain(&self.posture, &self.around(&action), &action).met;
        let more = met
            .into_iter()
            .filter(|met| met.decision == verdict.decision && met.reason != verdict.reason);
        Question {
            also: more.map(|met| met.reason).collect(),
            touches: crate::question::touches(&self.posture, &action, verdict.containment),
            action,
            verdict,
            asker,
        }
    }

    fn ask(&mut self, question: &Question, reviewer: &mut dyn Reviewer) -> Answer {
        let asked = Asked::of(question);
        if let Some(before) = self.answers.to(&asked) {
            return before;
        }
        let answer = match self.posture.reviewer {
            ReviewerKind::Nobody => Answer::NobodyToAsk,
            ReviewerKind::User | ReviewerKind::AutoReview => reviewer.review(question),
        };
        self.answers.keep(asked, &answer);
        answer
    }

    /// A yes to a boxed command is one to the paths that were asked about with
    /// it, so that the boundary does not ask for them again.
    fn grant_refused_writes(&mut self, question: &Question) {
        let Action::Command { facts, .. } = &question.action else {
            return;
        };
        let files = &self.posture.profile.value.files;
        if question.verdict.containment == Containment::Boxed {
            for path in facts.writes.iter().filter(|path| !files.may_write(path)) {
                self.answers.grant_write(path);
            }
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
        source: source(&verdict, answer.as_ref()),
        verdict,
        answer,
        allowed: true,
        message: String::new(),
        circumstances: Circumstances::default(),
        marks: Vec::new(),
    }
}

fn refused(action: &Action, verdict: Verdict, answer: Option<Answer>) -> Settled {
    Settled {
        containment: verdict.containment,
        message: refusal(action, &verdict, answer.as_ref()),
        source: source(&verdict, answer.as_ref()),
        verdict,
        answer,
        allowed: false,
        circumstances: Circumstances::default(),
        marks: Vec::new(),
    }
}

/// Who or what decided: whoever answered, else whatever said so.
const fn source(verdict: &Verdict, answer: Option<&Answer>) -> Source {
    match answer {
        Some(Answer::Once | Answer::Session | Answer::Project(_) | Answer::Declined(_)) => {
            Source::User
        }
        Some(Answer::Approved(_) | Answer::Rejected(_)) => Source::Reviewer,
        Some(Answer::NobodyToAsk) | None => verdict.source,
    }
}
