//! Asking: one question after the other, never past the cap, every answer kept
//! as it comes.

use serde::{Deserialize, Serialize};

use super::answer::{Checked, check};
use super::ask::{Adviser, AskError, Tokens};
use super::evidence::one_line;
use super::plan::Plan;
use super::question::{Question, Subject, VERSION};
use crate::cache::Cache;
use crate::finding::Finding;
use crate::{Gap, GapKind, Scan};

/// What it is called in the coverage.
const NAME: &str = "model";
/// How many answers in a row may fail before no more is asked.
const FAILURES: usize = 3;
/// How many questions without an answer are told one by one.
const TOLD: usize = 20;

/// What a model was asked, what came of it and what it cost.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModelPart {
    /// The model.
    pub model: String,
    /// How many questions there were.
    pub questions: usize,
    /// How many were answered now.
    pub answered: usize,
    /// How many answers were known from before.
    pub known: usize,
    /// What was said of places that are not what was said, and left out.
    pub thrown_away: usize,
    /// What it was thought to cost beforehand, without what was known.
    pub estimate: Tokens,
    /// What it did cost. Of what failed, it is the estimate.
    pub tokens: Tokens,
    /// The most that it was allowed to cost, in tokens.
    pub most: u64,
    /// Why not all was asked, if not all was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}

/// Why not all was asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// The next question would have gone past the cap.
    Cap,
    /// The user stopped it.
    Interrupted,
    /// Nobody answered any more.
    Unavailable,
}

/// What all questions that are not known yet are likely to cost.
pub fn estimate(plan: &Plan, model: &str, cache: &Cache) -> Tokens {
    let mut all = Tokens::default();
    for question in &plan.questions {
        if known(question, model, cache).is_none() {
            all += question.estimate();
        }
    }
    all
}

/// Asks what is in the plan and is not known, puts what comes of it into the
/// scan, and says how it went. `most` is how many tokens it may cost.
pub fn ask(
    plan: &Plan,
    scan: &mut Scan,
    adviser: &mut dyn Adviser,
    cache: &Cache,
    most: u64,
) -> ModelPart {
    let model = adviser.model().to_owned();
    let mut run = Run {
        part: ModelPart {
            questions: plan.questions.len(),
            estimate: estimate(plan, &model, cache),
            model,
            most,
            ..ModelPart::default()
        },
        failures: 0,
        unanswered: Vec::new(),
    };
    let mut given: Vec<(&Subject, Checked)> = Vec::new();
    for question in &plan.questions {
        let checked = match known(question, &run.part.model, cache) {
            Some(checked) => {
                run.part.known += 1;
                Some(checked)
            }
            None => run.next(question, adviser, cache),
        };
        given.extend(checked.map(|checked| (&question.subject, checked)));
    }
    for (subject, checked) in given {
        run.part.thrown_away += checked.thrown_away;
        settle(scan, subject, checked);
    }
    scan.findings
        .sort_by(|one, other| one.order().cmp(&other.order()));
    scan.coverage.detectors.insert(NAME.to_owned(), VERSION);
    let gaps = run.gaps(plan.left_out);
    scan.coverage.gaps.extend(gaps);
    scan.coverage.gaps.sort();
    scan.coverage.gaps.dedup();
    scan.model = Some(run.part.clone());
    run.part
}

/// An answer that is known from before, if it still is one.
fn known(question: &Question, model: &str, cache: &Cache) -> Option<Checked> {
    let text: String = cache.get(question.key(model))?;
    check(question, model, &text).ok()
}

struct Run {
    part: ModelPart,
    /// How many answers in a row have failed.
    failures: usize,
    /// What was not answered, and why.
    unanswered: Vec<String>,
}

impl Run {
    /// Asks one question, if there is still one to be asked.
    fn next(
        &mut self,
        question: &Question,
        adviser: &mut dyn Adviser,
        cache: &Cache,
    ) -> Option<Checked> {
        let price = question.estimate();
        let after = self.part.tokens.total().saturating_add(price.total());
        if self.part.stopped.is_none() && after > self.part.most {
            self.part.stopped = Some(Stopped::Cap);
        }
        if self.part.stopped.is_some() {
            self.miss(question, "it was not asked any more");
            return None;
        }
        let advice = match adviser.ask(&question.prompt()) {
            Ok(advice) => advice,
            Err(error) => {
                // What it cost is not known: no less than was sent.
                self.part.tokens.input = self.part.tokens.input.saturating_add(price.input);
                self.failed(question, &error);
                return None;
            }
        };
        self.part.tokens += advice.tokens;
        match check(question, &self.part.model, &advice.text) {
            Ok(checked) => {
                self.part.answered += 1;
                self.failures = 0;
                cache.put(question.key(&self.part.model), &advice.text);
                // Kept at once: whoever is interrupted goes on where they were.
                let _costs_tokens_again = cache.flush();
                Some(checked)
            }
            Err(why) => {
                let why = format!("the answer is not what was asked for: {why}");
                self.failed(question, &AskError::Failed(why));
                None
            }
        }
    }

    fn failed(&mut self, question: &Question, error: &AskError) {
        self.miss(question, &error.to_string());
        self.failures += 1;
        if *error == AskError::Interrupted {
            self.part.stopped = Some(Stopped::Interrupted);
        } else if error.is_final() || self.failures >= FAILURES {
            self.part.stopped = Some(Stopped::Unavailable);
        }
    }

    fn miss(&mut self, question: &Question, why: &str) {
        let why = one_line(&format!("{}: {why}", question.about), 600);
        self.unanswered.push(why);
    }

    /// What was not asked or not answered.
    fn gaps(&self, left_out: usize) -> Vec<Gap> {
        let kind = match self.part.stopped {
            Some(Stopped::Interrupted) => GapKind::Interrupted,
            Some(Stopped::Cap) => GapKind::Cap,
            Some(Stopped::Unavailable) | None => GapKind::NotChecked,
        };
        let gap = |kind: GapKind, why: String| Gap {
            detector: Some(NAME.to_owned()),
            ..Gap::of_all(kind, why)
        };
        let told = self.unanswered.iter().take(TOLD);
        let mut gaps: Vec<Gap> = told.map(|why| gap(kind, format!("model: {why}"))).collect();
        if self.unanswered.len() > TOLD {
            let more = self.unanswered.len() - TOLD;
            gaps.push(gap(
                kind,
                format!("model: {more} more questions were not answered"),
            ));
        }
        if left_out > 0 {
            let why = format!("model: {left_out} questions were more than are asked in one scan");
            gaps.push(gap(GapKind::Cap, why));
        }
        gaps
    }
}

/// Puts what is left of an answer into the scan: an opinion beside its finding,
/// and findings that no rule has.
fn settle(scan: &mut Scan, subject: &Subject, checked: Checked) {
    if let (Subject::Finding(index), Some(opinion)) = (subject, checked.opinion)
        && let Some(finding) = scan.findings.get_mut(*index)
    {
        finding.opinion = Some(opinion);
    }
    for finding in checked.findings {
        let is_known = |known: &Finding| {
            known.path == finding.path
                && known.line == finding.line
                && known.cwe.iter().any(|number| finding.cwe.contains(number))
        };
        if !scan.findings.iter().any(is_known) {
            scan.findings.push(finding.shown());
        }
    }
}
