//! What came of the attempts: a table for people, an object for programs.

use anstyle::Style;
use serde::Serialize;

use crate::error::CommandError;
use crate::output::{ERROR, FAINT, GOOD, Output, STRONG, WARNING};

/// What came of one attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It succeeded outside, and did not inside.
    Held,
    /// It succeeded inside.
    Escaped,
    /// It did not succeed outside either, so that nothing would follow.
    Impossible,
    /// It succeeded inside, and the tier is known not to hold it.
    Lacking,
    /// It could not be made inside, or not be judged.
    Unknown,
}

impl Answer {
    const fn word(self) -> (Style, &'static str) {
        match self {
            Self::Held => (GOOD, "held"),
            Self::Escaped => (ERROR, "ESCAPED"),
            Self::Impossible => (FAINT, "not possible here"),
            Self::Lacking => (WARNING, "not in this tier"),
            Self::Unknown => (WARNING, "not known"),
        }
    }
}

/// One attempt and what came of it.
#[derive(Debug, Serialize)]
pub struct Row {
    pub class: &'static str,
    pub name: &'static str,
    pub what: &'static str,
    pub answer: Answer,
    /// What the attacker met, what shows the escape, or why it is not known.
    pub detail: String,
}

/// How many there are of each.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    pub attempts: usize,
    pub held: usize,
    pub escaped: usize,
    pub impossible: usize,
    pub lacking: usize,
    pub unknown: usize,
}

/// All of it.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    pub kernel: String,
    /// The tier of the boundary, or `none`.
    pub tier: String,
    pub profile: String,
    /// Whether the attempts were made as root, who can do more outside.
    pub root: bool,
    pub counts: Counts,
    pub attempts: Vec<Row>,
}

impl Report {
    /// Adds a row, and counts it.
    pub fn add(&mut self, row: Row) {
        let counts = &mut self.counts;
        counts.attempts += 1;
        *match row.answer {
            Answer::Held => &mut counts.held,
            Answer::Escaped => &mut counts.escaped,
            Answer::Impossible => &mut counts.impossible,
            Answer::Lacking => &mut counts.lacking,
            Answer::Unknown => &mut counts.unknown,
        } += 1;
        self.attempts.push(row);
    }

    /// Prints it for people.
    pub fn show(&self, output: &mut Output) -> Result<(), CommandError> {
        let mut class = "";
        for row in &self.attempts {
            if row.class != class {
                class = row.class;
                output.data(&format!("{STRONG}{class}{STRONG:#}"))?;
            }
            let (style, word) = row.answer.word();
            let detail = if row.detail.is_empty() {
                String::new()
            } else {
                format!(": {}", row.detail)
            };
            output.data(&format!(
                "  {:<56} {style}{word}{style:#}{detail}",
                row.what
            ))?;
        }
        output.data(&format!("\n{}", self.summary()))
    }

    /// All of it in one line.
    pub fn summary(&self) -> String {
        let counts = &self.counts;
        let mut parts = vec![
            format!("{} held", counts.held),
            format!("{} escaped", counts.escaped),
        ];
        if counts.impossible > 0 {
            parts.push(format!("{} not possible here", counts.impossible));
        }
        if counts.lacking > 0 {
            parts.push(format!("{} not in this tier", counts.lacking));
        }
        if counts.unknown > 0 {
            parts.push(format!("{} not known", counts.unknown));
        }
        format!(
            "{} attempts: {} (profile {}, tier {}, kernel {})",
            counts.attempts,
            parts.join(", "),
            self.profile,
            self.tier,
            self.kernel
        )
    }
}
