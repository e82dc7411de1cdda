//! The report as SARIF 2.1.0, for code scanning services.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Report, Reported};
use crate::record::State;
use crate::{Finding, Gap, Severity, Step};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What our fingerprints are called: the form is part of the name.
const FINGERPRINT: &str = "cofferdam/v1";

/// The report as a SARIF log with one run.
pub fn sarif(report: &Report) -> Value {
    let rules = rules(report);
    let results: Vec<Value> = report
        .findings
        .iter()
        .chain(
            report
                .gone
                .iter()
                .filter(|each| each.state == State::Resolved),
        )
        .map(|each| result(each, &rules))
        .collect();
    let described: Vec<Value> = rules.values().map(|(_, rule)| rule.clone()).collect();
    let notifications: Vec<Value> = report.coverage.gaps.iter().map(notification).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
                "properties": { "complete": report.complete },
            }],
            "results": results,
            "properties": { "coverage": {
                "files": report.coverage.files,
                "bytes": report.coverage.bytes,
                "detectors": report.coverage.detectors,
            }, "model": report.model },
        }],
    })
}

/// Every rule that a result names, with its place in the list.
fn rules(report: &Report) -> BTreeMap<&str, (usize, Value)> {
    let mut worst: BTreeMap<&str, &Finding> = BTreeMap::new();
    for each in report.findings.iter().chain(&report.gone) {
        let finding = &each.finding;
        let known = worst.entry(finding.rule.as_ref()).or_insert(finding);
        if finding.severity > known.severity {
            *known = finding;
        }
    }
    let numbered = worst.into_iter().enumerate();
    numbered
        .map(|(index, (id, finding))| (id, (index, rule(finding))))
        .collect()
}

fn rule(finding: &Finding) -> Value {
    let mut tags = vec!["security".to_owned()];
    tags.extend(
        finding
            .cwe
            .iter()
            .map(|number| format!("external/cwe/cwe-{number}")),
    );
    json!({
        "id": finding.rule,
        "shortDescription": { "text": some(&finding.title, &finding.rule) },
        "help": { "text": some(&finding.safer, &finding.title) },
        "defaultConfiguration": { "level": level(finding.severity) },
        "properties": { "tags": tags, "security-severity": score(finding.severity) },
    })
}

/// SARIF wants text that is not empty.
fn some<'a>(text: &'a str, or: &'a str) -> &'a str {
    if text.is_empty() { or } else { text }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// What services sort by, on the scale of CVSS.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn result(each: &Reported, rules: &BTreeMap<&str, (usize, Value)>) -> Value {
    let finding = &each.finding;
    let message = some(&finding.message, some(&finding.title, &finding.rule));
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.get(finding.rule.as_ref()).map_or(0, |(index, _)| *index),
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [location(finding)],
        "partialFingerprints": { FINGERPRINT: each.id },
        "properties": {
            "state": each.state,
            "confidence": finding.confidence,
            "inTests": each.in_tests,
            "gates": each.gates,
            "proof": finding.proof,
        },
    });
    if !finding.origin.is_rule() {
        result["properties"]["origin"] = json!(finding.origin);
    }
    if let Some(opinion) = &finding.opinion {
        result["properties"]["opinion"] = json!(opinion);
    }
    if let Some(state) = baseline_state(each.state) {
        result["baselineState"] = state.into();
    }
    if let Some(ignored) = &each.ignored {
        let kind = if ignored.by == "comment" {
            "inSource"
        } else {
            "external"
        };
        result["suppressions"] = json!([{ "kind": kind, "justification": ignored.reason }]);
    }
    if !finding.steps.is_empty() {
        let steps: Vec<Value> = finding.steps.iter().map(step).collect();
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    result
}

const fn baseline_state(state: State) -> Option<&'static str> {
    match state {
        State::Found => None,
        State::Introduced | State::Reopened => Some("new"),
        State::Persisting | State::Unknown | State::Buried => Some("unchanged"),
        State::Resolved => Some("absent"),
    }
}

fn location(finding: &Finding) -> Value {
    let mut place = json!({ "artifactLocation": artifact(&finding.path) });
    if finding.line > 0 {
        let mut region = json!({
            "startLine": finding.line,
            "endLine": finding.end_line.max(finding.line),
        });
        if finding.column > 0 {
            region["startColumn"] = finding.column.into();
        }
        if !finding.snippet.is_empty() {
            region["snippet"] = json!({ "text": finding.snippet });
        }
        place["region"] = region;
    }
    json!({ "physicalLocation": place })
}

fn step(step: &Step) -> Value {
    let mut place = json!({ "artifactLocation": artifact(&step.path) });
    if step.line > 0 {
        place["region"] = json!({ "startLine": step.line });
    }
    json!({ "location": { "physicalLocation": place, "message": { "text": some(&step.what, "data goes on") } } })
}

fn notification(gap: &Gap) -> Value {
    let level = if gap.kind.counts() { "warning" } else { "note" };
    let mut told = json!({
        "level": level,
        "message": { "text": format!("not looked at, or not in full: {}", dam_journal::clean(&gap.why)) },
        "descriptor": { "id": format!("coverage/{}", gap.kind.name()) },
    });
    if let Some(path) = &gap.path {
        told["locations"] = json!([{ "physicalLocation": { "artifactLocation": artifact(path) } }]);
    }
    told
}

fn artifact(path: &str) -> Value {
    json!({ "uri": uri(path), "uriBaseId": "%SRCROOT%" })
}

/// A path as the relative reference that it is in a URI.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            for half in [byte >> 4, byte & 15] {
                uri.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
            }
        }
    }
    uri
}
