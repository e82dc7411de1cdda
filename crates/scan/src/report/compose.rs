//! From a scan to a report: identities, states, ignores, the gate.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Scan;
use crate::file::is_test;
use crate::identity::{identities, identities_after};
use crate::ignore::{Baseline, Ignore, Ignored, Inline};
use crate::judge::Origin;
use crate::rank::{self, Reach};
use crate::record::{Record, Remembered, State};
use crate::report::{Gate, Report, Reported, Target, Tool, VERSION};
use crate::{Coverage, Finding, Severity};

/// What a scan is compared with, and what people said of it.
#[derive(Clone, Debug, Default)]
pub struct Compared<'a> {
    /// Whether the scan looked at a revision before this one.
    pub with_base: bool,
    /// Whether ignores that the change itself brings count, too.
    pub accept_ignores: bool,
    /// What earlier scans found.
    pub record: Option<&'a Record>,
    /// What settings ignore.
    pub ignores: &'a [Ignore],
    /// What was there when somebody drew a line.
    pub baseline: Option<&'a Baseline>,
    /// Today, as `2026-11-21`.
    pub today: &'a str,
}

/// Adds what was found in older versions of files. A secret stays one.
pub fn add_history(
    report: &mut Report,
    found: &BTreeMap<String, (Finding, String)>,
    scan: &Scan,
    compared: &Compared<'_>,
) {
    let now: BTreeSet<String> = report.findings.iter().map(|each| each.id.clone()).collect();
    for (id, (finding, commit)) in found.iter().filter(|(id, _)| !now.contains(*id)) {
        let is_secret = finding.cwe.contains(&798);
        let state = if is_secret {
            State::Buried
        } else {
            State::Resolved
        };
        let mut each = reported(id, finding, state, scan, compared, &report.gate);
        each.commit = Some(commit.clone());
        if is_secret {
            report.findings.push(each);
        } else {
            each.gates = false;
            report.gone.push(each);
        }
    }
    report.findings.sort_by_key(order);
    report.gate.failing = report.findings.iter().filter(|each| each.gates).count();
}

/// Puts a report together.
pub fn compose(scan: &Scan, target: Target, compared: &Compared<'_>, mut gate: Gate) -> Report {
    let before = identities(&scan.before);
    let ids = identities_after(&scan.findings, &known(&before, scan, compared));
    let old: BTreeSet<&str> = before.iter().map(String::as_str).collect();
    let mut findings: Vec<Reported> = ids
        .iter()
        .zip(&scan.findings)
        .map(|(id, finding)| {
            // A model does not find the same every time: what becomes of its
            // findings is not followed.
            let state = match finding.origin {
                Origin::Rule => state(id, &old, compared),
                Origin::Model { .. } => State::Found,
            };
            reported(id, finding, state, scan, compared, &gate)
        })
        .collect();
    findings.sort_by_key(order);
    gate.failing = findings.iter().filter(|each| each.gates).count();
    let now: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let gone = gone(&now, &before, scan, compared);
    Report {
        version: VERSION,
        tool: Tool::default(),
        target,
        findings,
        gone,
        complete: scan.coverage.is_complete(),
        coverage: scan.coverage.clone(),
        gate,
        model: scan.model.clone(),
    }
}

/// What was there before, by name, with its path.
fn known<'a>(
    before: &'a [String],
    scan: &'a Scan,
    compared: &Compared<'a>,
) -> BTreeMap<&'a str, &'a str> {
    if compared.with_base {
        let found = before.iter().zip(&scan.before);
        return found
            .map(|(id, finding)| (id.as_str(), finding.path.as_str()))
            .collect();
    }
    let record = compared
        .record
        .into_iter()
        .flat_map(|record| &record.findings);
    record
        .map(|(id, each)| (id.as_str(), each.path.as_str()))
        .collect()
}

fn state(id: &str, old: &BTreeSet<&str>, compared: &Compared<'_>) -> State {
    let remembered = compared.record.and_then(|record| record.findings.get(id));
    match remembered {
        _ if compared.with_base && old.contains(id) => State::Persisting,
        Some(before) if !before.open => State::Reopened,
        _ if compared.with_base => State::Introduced,
        Some(_) => State::Persisting,
        None if compared.record.is_some() => State::Introduced,
        None => State::Found,
    }
}

fn reported(
    id: &str,
    finding: &Finding,
    state: State,
    scan: &Scan,
    compared: &Compared<'_>,
    gate: &Gate,
) -> Reported {
    let mut finding = finding.clone();
    let in_tests = is_test(&finding.path);
    if in_tests {
        finding.severity = one_lower(finding.severity);
    }
    let ignored = ignored(id, &finding, scan, compared);
    // Where only a change is looked at, what was there before fails nothing.
    let counts = !compared.with_base || state.is_new();
    let gates = counts
        && ignored.is_none()
        // What fails does not depend on what a model says.
        && finding.origin.is_rule()
        && finding.severity >= gate.fail_on
        && finding.confidence >= gate.confidence
        && (gate.tests || !in_tests);
    Reported {
        id: id.to_owned(),
        commit: None,
        state,
        in_tests,
        ignored,
        gates,
        rank: rank::rank(
            &finding,
            &Reach::of(&finding, &scan.routes),
            scan.policies.of(&finding),
            in_tests,
        ),
        owners: scan.owners.of(&finding.path).to_vec(),
        finding,
    }
}

fn ignored(id: &str, finding: &Finding, scan: &Scan, compared: &Compared<'_>) -> Option<Ignored> {
    let comments = scan.comments.get(&finding.path).into_iter().flatten();
    let by_comment = comments
        .filter(|each| each.rule == finding.rule && each.until.as_str() >= compared.today)
        .find(|each| each.is_beside(finding.line))
        .filter(|each| !compared.with_base || compared.accept_ignores || was_there(each, scan));
    if let Some(comment) = by_comment {
        return Some(Ignored {
            by: "comment".to_owned(),
            reason: crate::finding::fit(&comment.reason),
            until: Some(comment.until.clone()),
        });
    }
    let mut settings = compared.ignores.iter();
    if let Some(ignore) = settings.find(|each| each.covers(finding, id, compared.today)) {
        return Some(Ignored {
            by: "settings".to_owned(),
            reason: crate::finding::fit(&ignore.reason),
            until: Some(ignore.until.clone()),
        });
    }
    let baseline = compared.baseline?;
    baseline.findings.contains(id).then(|| Ignored {
        by: "baseline".to_owned(),
        reason: "it was there when the baseline was written".to_owned(),
        until: None,
    })
}

/// Whether a comment is older than the change that is looked at.
fn was_there(comment: &Inline, scan: &Scan) -> bool {
    let mut before = scan.comments_before.values().flatten();
    before.any(|each| {
        (&each.rule, &each.until, &each.reason) == (&comment.rule, &comment.until, &comment.reason)
    })
}

/// What is read first: what fails, then what ranks first.
fn order(each: &Reported) -> impl Ord + use<> {
    let finding = &each.finding;
    (
        each.ignored.is_some(),
        !each.gates,
        each.rank.priority,
        std::cmp::Reverse((finding.severity, finding.confidence)),
        finding.path.clone(),
        finding.line,
        finding.rule.clone(),
    )
}

const fn one_lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
    }
}

/// What was there and is not any more: resolved only if it was looked for.
fn gone(
    now: &BTreeSet<&str>,
    before: &[String],
    scan: &Scan,
    compared: &Compared<'_>,
) -> Vec<Reported> {
    let mut gone: Vec<Reported> = before
        .iter()
        .zip(&scan.before)
        .filter(|(id, _)| !now.contains(id.as_str()))
        .map(|(id, finding)| as_gone(id, finding.clone(), &scan.coverage))
        .collect();
    if !compared.with_base
        && let Some(record) = compared.record
    {
        let open = record.findings.iter().filter(|(_, each)| each.open);
        let missed = open.filter(|(id, _)| !now.contains(id.as_str()));
        gone.extend(missed.map(|(id, each)| as_gone(id, each.as_finding(), &scan.coverage)));
    }
    gone
}

fn as_gone(id: &str, finding: Finding, coverage: &Coverage) -> Reported {
    let was_looked_at = coverage.was_looked_at(&finding.path);
    Reported {
        id: id.to_owned(),
        commit: None,
        state: if was_looked_at {
            State::Resolved
        } else {
            State::Unknown
        },
        in_tests: is_test(&finding.path),
        ignored: None,
        gates: false,
        rank: rank::Rank::default(),
        owners: Vec::new(),
        finding,
    }
}

impl Remembered {
    fn as_finding(&self) -> Finding {
        Finding {
            rule: self.rule.clone().into(),
            path: self.path.clone(),
            line: self.line,
            title: self.title.clone(),
            ..Finding::default()
        }
    }
}

impl Record {
    /// What is remembered after a report on everything.
    #[must_use]
    pub fn after(&self, report: &Report, today: &str) -> Self {
        let mut findings: BTreeMap<String, Remembered> = self.findings.clone();
        for each in &report.gone {
            if let Some(known) = findings.get_mut(&each.id) {
                known.open = each.state != State::Resolved;
            }
        }
        let by_rules = report
            .findings
            .iter()
            .filter(|each| each.finding.origin.is_rule());
        for each in by_rules {
            let first = findings.get(&each.id).map(|known| known.first.clone());
            let known = Remembered {
                rule: each.finding.rule.to_string(),
                path: each.finding.path.clone(),
                line: each.finding.line,
                title: each.finding.title.clone(),
                first: first.unwrap_or_else(|| today.to_owned()),
                open: true,
            };
            findings.insert(each.id.clone(), known);
        }
        Self {
            version: 1,
            findings,
        }
    }
}
