//! What a scan says: findings with their state, the gate, and what was not
//! looked at. The forms it is written in are below.

mod compose;
mod html;
mod json;
mod markdown;
mod opinion;
mod sarif;
mod text;

use serde::{Deserialize, Serialize};

use crate::ignore::Ignored;
use crate::judge::ModelPart;
use crate::rank::Rank;
use crate::record::State;
use crate::{Confidence, Coverage, Finding, Severity};

pub use compose::{Compared, add_history, compose};
pub use html::html;
pub use json::{json, printed};
pub use markdown::markdown;
pub use sarif::sarif;
pub use text::{Painter, summary, text};

/// The version of the report's form in JSON.
pub const VERSION: u32 = 1;

/// What a scan says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// What made it.
    pub tool: Tool,
    /// What was scanned.
    pub target: Target,
    /// What is dangerous, the worst and best known first.
    pub findings: Vec<Reported>,
    /// What was there before and is gone, or was not looked at.
    pub gone: Vec<Reported>,
    /// What was looked at, and what was not.
    pub coverage: Coverage,
    /// Whether `coverage` has no gap that counts.
    pub complete: bool,
    /// What the gate says.
    pub gate: Gate,
    /// What a model was asked, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelPart>,
}

/// What made a report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Tool {
    fn default() -> Self {
        Self {
            name: "cofferdam".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// What was scanned.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Target {
    /// In words: `the working tree`, `commit 0123456789ab`.
    pub what: String,
    /// The commit, where it is one.
    pub commit: Option<String>,
    /// What it was compared with, in words.
    pub compared_with: Option<String>,
    /// The commit that it was compared with.
    pub base: Option<String>,
}

/// A finding in a report.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reported {
    /// What it is known by from scan to scan.
    pub id: String,
    /// What became of it.
    pub state: State,
    /// The newest commit that has it, where it was found in history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether it is in a test, a fixture or an example: its severity is one
    /// step lower then.
    pub in_tests: bool,
    /// Whether and why it is ignored.
    pub ignored: Option<Ignored>,
    /// Whether the gate fails because of it.
    pub gates: bool,
    /// Where it stands among the others, and why.
    #[serde(default)]
    pub rank: Rank,
    /// Who answers for its file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// The finding itself.
    #[serde(flatten)]
    pub finding: Finding,
}

/// From where on a finding fails a scan.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Gate {
    /// The least severity.
    pub fail_on: Severity,
    /// The least confidence.
    pub confidence: Confidence,
    /// Whether those in tests count.
    pub tests: bool,
    /// Whether an incomplete scan fails, too.
    pub require_complete: bool,
    /// How many findings fail it.
    #[serde(default)]
    pub failing: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            fail_on: Severity::High,
            confidence: Confidence::A,
            tests: false,
            require_complete: false,
            failing: 0,
        }
    }
}

/// How a scan ended for whoever waits for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Nothing at the gate's level.
    Passed,
    /// Findings at the gate's level.
    Findings,
    /// Not all was looked at, and that was asked for.
    Incomplete,
}

impl Report {
    /// How it ended. Findings weigh more than what was not looked at.
    pub const fn ending(&self) -> Ending {
        if self.gate.failing > 0 {
            Ending::Findings
        } else if self.gate.require_complete && !self.complete {
            Ending::Incomplete
        } else {
            Ending::Passed
        }
    }

    /// How many findings of a severity there are that nobody ignores.
    pub fn count(&self, severity: Severity) -> usize {
        let open = self.findings.iter().filter(|each| each.ignored.is_none());
        open.filter(|each| each.finding.severity == severity)
            .count()
    }
}
