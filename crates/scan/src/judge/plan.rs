//! What to ask: from what the scan found out, the questions worth asking, the
//! most important first.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Tokens;
use super::evidence::{Excerpt, Files, one_line};
use super::question::{Kind, Question, Subject};
use super::route::Routes;
use crate::file::is_test;
use crate::identity::identities;
use crate::rank::{Reach, rank};
use crate::source::Revision;
use crate::{Confidence, Finding, Proof, Scan, Severity};

/// How many questions are asked at most.
const MOST: usize = 100;
/// How many findings that stand are said in other words.
const MOST_WORDED: usize = 10;
/// How many pieces of code a question about a finding has.
const PIECES: usize = 3;
/// How long a fact may be, in characters.
const FACT: usize = 400;

/// The questions of a scan.
#[derive(Debug, Default)]
pub struct Plan {
    pub(super) questions: Vec<Question>,
    /// What was worth asking and is too much.
    pub(super) left_out: usize,
}

/// One question, for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planned<'a> {
    /// Its kind.
    pub kind: Kind,
    /// What it is about.
    pub about: &'a str,
    /// What it is likely to cost.
    pub tokens: Tokens,
}

impl Plan {
    /// What is worth asking of a scan of `revision`, compared with `base`.
    pub fn of(scan: &Scan, revision: &Revision, base: Option<&Revision>) -> Self {
        let mut files = Files::new(revision, &scan.findings);
        let mut questions = Vec::new();
        let wanted = wanted(scan, base.is_some());
        let (known, open): (Vec<usize>, Vec<usize>) = wanted
            .into_iter()
            .partition(|index| scan.findings[*index].confidence == Confidence::A);
        for index in open {
            let candidate = about_finding(Kind::Candidate, index, scan, &mut files);
            questions.extend(candidate);
        }
        questions.extend(Routes::new(scan, revision, base).questions(&mut files));
        for index in known.into_iter().take(MOST_WORDED) {
            questions.extend(about_finding(Kind::Wording, index, scan, &mut files));
        }
        let left_out = questions.len().saturating_sub(MOST);
        questions.truncate(MOST);
        Self {
            questions,
            left_out,
        }
    }

    /// Its questions, in the order in which they are asked.
    pub fn questions(&self) -> impl Iterator<Item = Planned<'_>> {
        self.questions.iter().map(|question| Planned {
            kind: question.kind,
            about: &question.about,
            tokens: question.estimate(),
        })
    }

    /// What all of them are likely to cost.
    pub fn estimate(&self) -> Tokens {
        let mut all = Tokens::default();
        for question in &self.questions {
            all += question.estimate();
        }
        all
    }
}

/// The findings that a model is asked about, those first that rank first:
/// where a change is looked at, only what it brings.
fn wanted(scan: &Scan, with_base: bool) -> Vec<usize> {
    let before: BTreeSet<String> = identities(&scan.before).into_iter().collect();
    let names = identities(&scan.findings);
    let mut wanted: Vec<(u8, usize)> = Vec::new();
    for (index, finding) in scan.findings.iter().enumerate() {
        let is_new = !with_base || !before.contains(&names[index]);
        if is_new && is_worth_asking(finding) {
            let reach = Reach::of(finding, &scan.routes);
            wanted.push((rank(finding, &reach, None, false).priority, index));
        }
    }
    wanted.sort_unstable();
    wanted.into_iter().map(|(_, index)| index).collect()
}

/// Not what is in tests, of little weight, about no line, a secret (which no
/// model sees), or shown by running it.
fn is_worth_asking(finding: &Finding) -> bool {
    finding.line > 0
        && finding.severity > Severity::Low
        && !finding.cwe.contains(&798)
        && !matches!(finding.proof, Proof::Confirmed { .. })
        && !is_test(&finding.path)
        && crate::taint::reads(crate::Language::of(&finding.path, ""))
}

fn about_finding(kind: Kind, index: usize, scan: &Scan, files: &mut Files<'_>) -> Option<Question> {
    let finding = &scan.findings[index];
    let excerpts = pieces(finding, files);
    // Without the code of the place itself there is nothing to ask.
    excerpts.first().filter(|each| each.path == finding.path)?;
    let what = match kind {
        Kind::Wording => "other words for",
        _ => "is it real:",
    };
    let place = one_line(&finding.place(), FACT);
    Some(Question {
        kind,
        subject: Subject::Finding(index),
        about: format!("{what} {} at {place}", finding.rule),
        facts: facts(finding, scan),
        excerpts,
    })
}

/// The function of the finding, and those that its data comes through.
fn pieces(finding: &Finding, files: &mut Files<'_>) -> Vec<Excerpt> {
    let symbol = finding.symbol.as_deref().unwrap_or_default();
    let own = (finding.path.as_str(), finding.line, symbol);
    let steps = finding.steps.iter();
    let steps = steps.map(|step| (step.path.as_str(), step.line, ""));
    let mut pieces: Vec<Excerpt> = Vec::new();
    for (path, line, name) in std::iter::once(own).chain(steps) {
        let is_there = |each: &Excerpt| each.path == path && (each.from..=each.to).contains(&line);
        if pieces.len() < PIECES && !pieces.iter().any(is_there) {
            pieces.extend(files.around(path, line, name));
        }
    }
    pieces
}

fn facts(finding: &Finding, scan: &Scan) -> Vec<String> {
    let place = finding.place();
    let mut facts = vec![
        format!("the rule `{}` found it at {place}", finding.rule),
        format!(
            "severity {}, confidence {}",
            finding.severity, finding.confidence
        ),
        format!("the rule says: {} {}", finding.title, finding.message),
    ];
    if !finding.safer.is_empty() {
        facts.push(format!("the rule says is safer: {}", finding.safer));
    }
    for step in &finding.steps {
        facts.push(format!("step: {}:{} {}", step.path, step.line, step.what));
    }
    facts.push(match Reach::of(finding, &scan.routes) {
        Reach::Unknown => "no route is known to lead to it".to_owned(),
        Reach::Anybody(route) => format!("anybody reaches it by {route}"),
        Reach::Guarded(route, guard) => format!("{route} leads to it, behind `{guard}`"),
    });
    if let Proof::NotReproduced { tried } = &finding.proof {
        facts.push(format!("it was tried and did not happen: {tried}"));
    }
    facts.iter().map(|fact| one_line(fact, FACT)).collect()
}

/// Where each rule found something, for whoever must not find it again.
pub(super) fn found_at(scan: &Scan) -> BTreeMap<&str, Vec<&Finding>> {
    let mut places: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &scan.findings {
        places.entry(&finding.path).or_default().push(finding);
    }
    places
}
