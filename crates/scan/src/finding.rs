//! Findings: what is dangerous, where, how it is known and what is safer.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::SourceFile;
use crate::judge::{Opinion, Origin};

/// One dangerous thing in one place.
///
/// A detector fills in what it knows and leaves the rest at its default
/// (`..Finding::default()`): the engine puts in the snippet where there is
/// none, and cleans and masks all text.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Finding {
    /// What kind it is: `sql-injection`. Lower case and dashes, never changed.
    pub rule: Cow<'static, str>,
    /// Numbers of the Common Weakness Enumeration, the most exact first.
    pub cwe: Vec<u16>,
    /// What it is, in a few words.
    pub title: String,
    /// What could happen here, and how it is known. A few sentences.
    pub message: String,
    /// The file, in the repository, with `/`.
    pub path: String,
    /// The line, from 1. 0 where it is about the file as a whole.
    pub line: u32,
    /// The column, from 1, in characters. 0 where it is not known.
    pub column: u32,
    /// The last line of it.
    pub end_line: u32,
    /// The code it is about, cleaned and masked.
    pub snippet: String,
    /// What tells it from others of the same rule with the same code, where
    /// the code does not: a secret's masked form, a package's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// The function, class or key around it.
    pub symbol: Option<String>,
    /// How data comes here, from its source to its sink.
    pub steps: Vec<Step>,
    /// How bad it is, if it is so.
    pub severity: Severity,
    /// How it is known.
    pub confidence: Confidence,
    /// What to write instead.
    pub safer: String,
    /// Whether it was shown by running it.
    pub proof: Proof,
    /// Who found it.
    #[serde(default, skip_serializing_if = "Origin::is_rule")]
    pub origin: Origin,
    /// What a model thinks of it, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<Opinion>,
}

/// How much of a line is shown.
const WIDEST: usize = 200;

impl Finding {
    /// Puts in what the file shows, and makes all text fit to be shown.
    pub(crate) fn show(&mut self, file: &SourceFile<'_>) {
        if self.snippet.is_empty()
            && let Some(line) = file.line(self.line)
        {
            line.trim().clone_into(&mut self.snippet);
        }
        self.settle();
    }

    /// `path:line`, or the path alone where it is about the whole file.
    pub(crate) fn place(&self) -> String {
        match self.line {
            0 => self.path.clone(),
            line => format!("{}:{line}", self.path),
        }
    }

    /// The same, its text fit to be shown.
    pub(crate) fn shown(mut self) -> Self {
        self.settle();
        self
    }

    fn settle(&mut self) {
        self.end_line = self.end_line.max(self.line);
        self.title = fit(&self.title);
        self.message = fit(&self.message);
        self.snippet = fit(&short(&self.snippet));
        self.symbol = self.symbol.take().map(|symbol| fit(&symbol));
        self.safer = fit(&self.safer);
        self.mark = fit(&self.mark);
        for step in &mut self.steps {
            step.what = fit(&short(&step.what));
        }
    }

    /// What findings are put in order by.
    pub(crate) fn order(&self) -> (&str, u32, u32, &str, &str) {
        (
            &self.path,
            self.line,
            self.column,
            &self.rule,
            &self.message,
        )
    }
}

/// Text of a repository as it may be shown: nothing invisible, nothing that
/// acts on a terminal, no secret.
pub(crate) fn fit(text: &str) -> String {
    dam_journal::mask(&dam_journal::clean(text))
}

/// Lines of a stranger's program as they may be shown.
pub(crate) fn fit_lines(lines: &[&str]) -> String {
    let fit: Vec<String> = lines.iter().map(|line| fit(&short(line))).collect();
    fit.join("\n")
}

fn short(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// One place on the way of data.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What happens there: `request.args["q"] is read`.
    pub what: String,
}

/// How bad a finding is, if it is so. The worst is the greatest.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    #[default]
    Low,
    /// Dangerous together with something else.
    Medium,
    /// Dangerous.
    High,
    /// Dangerous for everybody, without conditions.
    Critical,
}

impl Severity {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a finding is known. The best known is the greatest.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub enum Confidence {
    /// By a pattern alone.
    #[default]
    C,
    /// By a flow from where strangers' data may come in: a parameter of a
    /// function that others call.
    B,
    /// By a flow from where strangers' data does come in, or by a fact that
    /// needs no guess: a version, a format, a setting.
    A,
}

impl Confidence {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::B => "B",
            Self::A => "A",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a finding was shown by running it. What was not reproduced is no
/// less a finding.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Proof {
    /// Nothing was run.
    NotAttempted {
        /// Why not.
        why: String,
    },
    /// It happened, and did not happen with harmless input.
    Confirmed {
        /// How it was tried: `flask-route`.
        method: String,
        /// What was seen.
        evidence: String,
        /// What was seen with harmless input.
        control: String,
        /// The command that shows it again.
        command: String,
    },
    /// It was called by itself with hostile input and did it; whether anybody
    /// can reach it is not shown.
    ReachableInIsolation {
        /// What was seen.
        evidence: String,
    },
    /// It was tried and did not happen.
    NotReproduced {
        /// What was tried.
        tried: String,
    },
}

impl Proof {
    /// The verdict and what it rests on, where something was run.
    pub(crate) fn verdict(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::NotAttempted { .. } => None,
            Self::Confirmed { evidence, .. } => Some(("confirmed", evidence)),
            Self::ReachableInIsolation { evidence } => Some(("reachable in isolation", evidence)),
            Self::NotReproduced { tried } => Some(("not reproduced", tried)),
        }
    }
}

impl Default for Proof {
    fn default() -> Self {
        Self::NotAttempted {
            why: "proofs were not asked for".to_owned(),
        }
    }
}
