//! What a model is told of a command.

use std::fmt::Write as _;
use std::time::Duration;

use dam_sandbox::Denial;

use crate::events::Refusal;
use crate::front::shown;
use crate::output::shorten;

/// How many refusals are told at once.
const MOST_REFUSALS: usize = 10;

/// A command, now.
pub(super) struct Report<'a> {
    /// How it stands.
    pub state: &'a str,
    /// How long it runs, or ran.
    pub wall: Duration,
    /// What it wrote since the last report.
    pub output: &'a str,
    /// How much of that the model wants.
    pub tokens: usize,
    /// What the boundary refused since the last report.
    pub denials: &'a [Denial],
    /// How many more it refused.
    pub unreported: u64,
}

impl Report<'_> {
    pub fn text(&self) -> String {
        let seconds = self.wall.as_secs_f64();
        let mut text = format!("{} (after {seconds:.1} s)\n", self.state);
        text.push_str(&refusals(self.denials, self.unreported));
        let output = shorten(self.output, self.tokens);
        if output.is_empty() {
            text.push_str("No output.");
        } else {
            let _ = write!(text, "Output:\n{output}");
        }
        text
    }
}

/// What the boundary refused, or nothing.
pub(super) fn refusals(denials: &[Denial], unreported: u64) -> String {
    let mut text = String::new();
    if denials.is_empty() && unreported == 0 {
        return text;
    }
    text.push_str("Refused by the boundary:\n");
    let mut told: Vec<String> = Vec::new();
    for denial in denials {
        let line = refusal(denial);
        // Programs like to try again.
        if !told.contains(&line) {
            told.push(line);
        }
    }
    for line in told.iter().take(MOST_REFUSALS) {
        let _ = writeln!(text, "- {line}");
    }
    let more = told.len().saturating_sub(MOST_REFUSALS) as u64 + unreported;
    if more > 0 {
        let _ = writeln!(text, "- and {more} more");
    }
    text
}

fn refusal(denial: &Denial) -> String {
    let line = format!(
        "{} ({}, rule {})",
        denial.sentence(),
        denial.syscall,
        denial.rule
    );
    shown(&line).replace('\n', "<U+000A>")
}

/// A refusal as an event.
pub(super) fn event(denial: &Denial) -> Refusal {
    Refusal {
        syscall: denial.syscall.clone(),
        path: shown(&denial.path.to_string_lossy()),
        rule: denial.rule.clone(),
        reason: shown(&denial.reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(path: &str) -> Denial {
        Denial {
            syscall: "openat".to_owned(),
            path: path.into(),
            rule: "files.root".to_owned(),
            reason: format!("{path} is not writable"),
            hint: Some("`--add-dir /x`".to_owned()),
            pid: 1,
            process: "sh".to_owned(),
            reads: false,
        }
    }

    fn report(output: &str, denials: &[Denial], unreported: u64) -> String {
        let report = Report {
            state: "exit code 1",
            wall: Duration::from_millis(1234),
            output,
            tokens: 10,
            denials,
            unreported,
        };
        report.text()
    }

    #[test]
    fn a_report_says_how_it_ended_what_was_refused_and_what_was_written() {
        let denials = [denial("/x/a"), denial("/x/a"), denial("/x/b\n\u{200b}")];
        insta::assert_snapshot!(report("hello\n", &denials, 0), @r"
        exit code 1 (after 1.2 s)
        Refused by the boundary:
        - writing /x/a was refused because /x/a is not writable; this would allow it: `--add-dir /x` (openat, rule files.root)
        - writing /x/b<U+000A><U+200B> was refused because /x/b<U+000A><U+200B> is not writable; this would allow it: `--add-dir /x` (openat, rule files.root)
        Output:
        hello
        ");
        insta::assert_snapshot!(report("", &[], 0), @r"
        exit code 1 (after 1.2 s)
        No output.
        ");
    }

    #[test]
    fn of_many_refusals_some_are_told() {
        let denials: Vec<Denial> = (0..12)
            .map(|number| denial(&format!("/{number}")))
            .collect();
        let text = report("", &denials, 5);
        assert!(text.contains("/9") && !text.contains("/10"), "{text}");
        assert!(text.contains("- and 7 more\n"), "{text}");
    }
}
