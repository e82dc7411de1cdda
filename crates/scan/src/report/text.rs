//! The report for people at a terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, Reported, opinion};
use crate::record::State;
use crate::{Coverage, GapKind, Proof, Severity};

/// How parts of the text are set off. The plain one does nothing.
#[derive(Clone, Copy, Debug)]
pub struct Painter {
    /// Of what is bad: by severity.
    pub severity: fn(Severity, &str) -> String,
    /// Of what is read first.
    pub strong: fn(&str) -> String,
    /// Of what is read last.
    pub faint: fn(&str) -> String,
}

impl Default for Painter {
    fn default() -> Self {
        Self {
            severity: |_, text| text.to_owned(),
            strong: str::to_owned,
            faint: str::to_owned,
        }
    }
}

/// How many places are named where there may be thousands.
const SHOWN: usize = 5;

/// The report as text.
pub fn text(report: &Report, paint: &Painter) -> String {
    let mut out = String::new();
    let (ignored, open): (Vec<&Reported>, Vec<&Reported>) = report
        .findings
        .iter()
        .partition(|each| each.ignored.is_some());
    for each in open {
        finding(&mut out, each, paint);
    }
    for each in &report.gone {
        let place = place(each);
        line(
            &mut out,
            &format!(
                "{}  {} {place}: {}",
                each.state.name(),
                each.finding.rule,
                each.finding.title
            ),
        );
    }
    if !ignored.is_empty() || !report.gone.is_empty() {
        out.push('\n');
    }
    if !ignored.is_empty() {
        line(
            &mut out,
            &paint_faint(
                paint,
                &format!(
                    "{} ignored, each with its reason in the other forms of this report",
                    ignored.len()
                ),
            ),
        );
    }
    coverage(&mut out, &report.coverage, paint);
    if let Some(asked) = opinion::asked(report) {
        line(&mut out, &(paint.faint)(&asked));
    }
    line(&mut out, &(paint.strong)(&summary(report)));
    out
}

/// One line: how many, how bad, and what the gate says.
pub fn summary(report: &Report) -> String {
    let severities = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ];
    let counts: Vec<String> = severities
        .into_iter()
        .map(|severity| (severity, report.count(severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    let found = if counts.is_empty() {
        "nothing found in what was looked at".to_owned()
    } else {
        format!("found: {}", counts.join(", "))
    };
    let gate = &report.gate;
    let level = format!(
        "{} or worse, confidence {} or better",
        gate.fail_on, gate.confidence
    );
    let said = match gate.failing {
        0 => format!("none fails the gate ({level})"),
        1 => format!("1 fails the gate ({level})"),
        many => format!("{many} fail the gate ({level})"),
    };
    let rest = if report.complete {
        ""
    } else {
        "; not everything was looked at"
    };
    format!("{}: {found}; {said}{rest}", report.target.what)
}

fn paint_faint(paint: &Painter, text: &str) -> String {
    (paint.faint)(text)
}

fn place(each: &Reported) -> String {
    dam_journal::clean(&each.finding.place())
}

fn finding(out: &mut String, each: &Reported, paint: &Painter) {
    let finding = &each.finding;
    let severity = (paint.severity)(finding.severity, finding.severity.name());
    let mut notes = vec![format!("confidence {}", finding.confidence)];
    if each.state != State::Found {
        notes.push(each.state.name().to_owned());
    }
    if each.in_tests {
        notes.push("in tests".to_owned());
    }
    if let Some(commit) = &each.commit {
        notes.push(format!("commit {}", commit.get(..12).unwrap_or(commit)));
    }
    let head = format!(
        "{severity}  {}  {}",
        (paint.strong)(&place(each)),
        finding.rule
    );
    line(
        out,
        &format!(
            "{head}  {}",
            (paint.faint)(&format!("({})", notes.join(", ")))
        ),
    );
    below(out, &finding.title);
    if finding.message != finding.title {
        below(out, &finding.message);
    }
    if !finding.snippet.is_empty() {
        below(out, &format!("| {}", finding.snippet));
    }
    for step in &finding.steps {
        let path = dam_journal::clean(&step.path);
        below(
            out,
            &(paint.faint)(&format!("{path}:{}  {}", step.line, step.what)),
        );
    }
    if let Some((verdict, why)) = finding.proof.verdict() {
        below(out, &format!("{verdict}: {why}"));
    }
    if let Proof::Confirmed { command, .. } = &finding.proof {
        below(out, &format!("again: {command}"));
    }
    if !finding.safer.is_empty() {
        below(out, &format!("safer: {}", finding.safer));
    }
    for line in opinion::lines(finding) {
        below(out, &(paint.faint)(&line));
    }
    if !each.rank.why.is_empty() {
        let rank = &each.rank;
        below(
            out,
            &(paint.faint)(&format!("rank {}: {}", rank.priority, rank.why)),
        );
    }
    if !each.owners.is_empty() {
        let owners = dam_journal::clean(&each.owners.join(" "));
        below(out, &(paint.faint)(&format!("owner: {owners}")));
    }
    let cwe: Vec<String> = finding
        .cwe
        .iter()
        .map(|number| format!("CWE-{number}, "))
        .collect();
    below(
        out,
        &(paint.faint)(&format!("{}id {}", cwe.concat(), each.id)),
    );
    out.push('\n');
}

/// `1 file`, `2 files`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn below(out: &mut String, text: &str) {
    for part in text.lines() {
        line(out, &format!("      {part}"));
    }
}

fn coverage(out: &mut String, coverage: &Coverage, paint: &Painter) {
    let mut languages: Vec<_> = coverage.files.iter().collect();
    languages.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let files: usize = coverage.files.values().sum();
    let named: Vec<String> = languages
        .iter()
        .take(SHOWN)
        .map(|(language, count)| format!("{count} {language:?}"))
        .collect();
    let mut text = format!("looked at {}", counted(files, "file"));
    if !named.is_empty() {
        // Writing to a string cannot fail.
        let _infallible = write!(text, " ({})", named.join(", "));
    }
    line(
        out,
        &(paint.faint)(&format!(
            "{text}, with {}",
            counted(coverage.detectors.len(), "detector")
        )),
    );
    let mut kinds: BTreeMap<GapKind, Vec<String>> = BTreeMap::new();
    for gap in &coverage.gaps {
        let place = gap
            .path
            .as_deref()
            .map(|path| format!("{}: ", dam_journal::clean(path)));
        let told = format!(
            "{}{}",
            place.unwrap_or_default(),
            dam_journal::clean(&gap.why)
        );
        kinds.entry(gap.kind).or_default().push(told);
    }
    for (kind, places) in kinds {
        let head = format!(
            "not looked at, or not in full: {} {}",
            places.len(),
            kind.words()
        );
        line(out, &(paint.faint)(&head));
        if kind.counts() {
            for place in places.iter().take(SHOWN) {
                line(out, &(paint.faint)(&format!("  {place}")));
            }
            if places.len() > SHOWN {
                line(
                    out,
                    &(paint.faint)(&format!("  and {} more", places.len() - SHOWN)),
                );
            }
        }
    }
}
