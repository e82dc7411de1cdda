//! The report as Markdown, for a comment on a pull request. What comes from
//! the repository can neither format, nor link, nor call anybody.

use std::fmt::Write;

use super::text::counted;
use super::{Report, Reported, opinion, summary};
use crate::Severity;

/// How many findings are told in full: comments have a longest length.
const SHOWN: usize = 40;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::from("## Security scan\n\n");
    push(&mut out, &format!("{}\n\n", escaped(&summary(report))));
    let (ignored, open): (Vec<&Reported>, Vec<&Reported>) = report
        .findings
        .iter()
        .partition(|each| each.ignored.is_some());
    for each in open.iter().take(SHOWN) {
        finding(&mut out, each);
    }
    if open.len() > SHOWN {
        push(&mut out, &format!("… and {} more.\n\n", open.len() - SHOWN));
    }
    list(&mut out, "No longer there, or not looked at", &report.gone);
    if !ignored.is_empty() {
        push(&mut out, "<details><summary>Ignored</summary>\n\n");
        for each in ignored.iter().take(SHOWN) {
            let reason = each
                .ignored
                .as_ref()
                .map(|ignored| escaped(&ignored.reason));
            push(
                &mut out,
                &format!("- {}: {}\n", head(each), reason.unwrap_or_default()),
            );
        }
        push(&mut out, "\n</details>\n\n");
    }
    if let Some(asked) = opinion::asked(report) {
        push(&mut out, &format!("{}\n\n", escaped(&asked)));
    }
    coverage(&mut out, report);
    out
}

fn finding(out: &mut String, each: &Reported) {
    let finding = &each.finding;
    let mark = match finding.severity {
        Severity::Critical | Severity::High => "🔴",
        Severity::Medium => "🟠",
        Severity::Low => "⚪",
    };
    push(out, &format!("### {mark} {}\n\n", escaped(&finding.title)));
    push(
        out,
        &format!(
            "{} · {} · confidence {}\n\n",
            head(each),
            each.state.name(),
            finding.confidence
        ),
    );
    if finding.message != finding.title {
        push(out, &format!("{}\n\n", escaped(&finding.message)));
    }
    if let Some((verdict, why)) = finding.proof.verdict() {
        push(out, &format!("**{verdict}**: {}\n\n", escaped(why)));
    }
    if !finding.snippet.is_empty() {
        let fence = fence(&finding.snippet);
        push(out, &format!("{fence}\n{}\n{fence}\n\n", finding.snippet));
    }
    for step in &finding.steps {
        push(
            out,
            &format!(
                "1. {} {}\n",
                code(&format!("{}:{}", step.path, step.line)),
                escaped(&step.what)
            ),
        );
    }
    if !finding.steps.is_empty() {
        out.push('\n');
    }
    if !finding.safer.is_empty() {
        push(out, &format!("**Safer:** {}\n\n", escaped(&finding.safer)));
    }
    for line in opinion::lines(finding) {
        push(out, &format!("> {}\n", escaped(&line)));
    }
    if finding.opinion.is_some() || !finding.origin.is_rule() {
        out.push('\n');
    }
    let cwe: Vec<String> = finding
        .cwe
        .iter()
        .map(|number| format!("CWE-{number}, "))
        .collect();
    push(out, &format!("<sub>{}{}</sub>\n\n", cwe.concat(), each.id));
}

fn head(each: &Reported) -> String {
    let finding = &each.finding;
    format!(
        "**{}** {} {}",
        finding.severity,
        code(&finding.rule),
        code(&finding.place())
    )
}

fn list(out: &mut String, title: &str, list: &[Reported]) {
    if list.is_empty() {
        return;
    }
    push(out, &format!("<details><summary>{title}</summary>\n\n"));
    for each in list.iter().take(SHOWN) {
        push(out, &format!("- {}: {}\n", each.state.name(), head(each)));
    }
    push(out, "\n</details>\n\n");
}

fn coverage(out: &mut String, report: &Report) {
    let coverage = &report.coverage;
    let files: usize = coverage.files.values().sum();
    push(
        out,
        &format!(
            "<details><summary>Looked at {} with {}",
            counted(files, "file"),
            counted(coverage.detectors.len(), "detector")
        ),
    );
    if !coverage.gaps.is_empty() {
        push(out, &format!("; {}", counted(coverage.gaps.len(), "gap")));
    }
    push(out, "</summary>\n\n");
    for gap in coverage.gaps.iter().take(SHOWN) {
        let place = gap.path.as_deref().map(|path| format!("{} ", code(path)));
        let why = escaped(&gap.why);
        push(
            out,
            &format!(
                "- {}: {}{why}\n",
                gap.kind.name(),
                place.unwrap_or_default()
            ),
        );
    }
    if coverage.gaps.len() > SHOWN {
        push(
            out,
            &format!("- … and {} more\n", coverage.gaps.len() - SHOWN),
        );
    }
    push(out, "\n</details>\n");
}

fn push(out: &mut String, text: &str) {
    out.push_str(text);
}

/// Text that means nothing but itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = dam_journal::clean(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            // Also no mention of anybody, and no link of any kind.
            '<' | '>' | '&' | '@' | '#' => {
                // Writing to a string cannot fail.
                let _infallible = write!(out, "&#{};", u32::from(c));
            }
            ':' if chars.peek() == Some(&'/') => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text as code, whatever it has in it.
fn code(text: &str) -> String {
    let text = dam_journal::clean(text).replace(['\n', '\t'], " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        return format!("{ticks} {text} {ticks}");
    }
    format!("{ticks}{text}{ticks}")
}

fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).max(2) + 1)
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_repository_is_only_text() {
        let hostile = "![x](http://h/) <img src=x> @everyone #1 **b** `c`";
        let told = escaped(hostile);
        for live in ["![", "](", "<img", "@every", "#1 ", "**b", "http:"] {
            assert!(!told.contains(live), "{live} in {told}");
        }
        assert_eq!(code("a``b"), "```a``b```");
    }
}
