//! What `dam log --json` prints: types of their own, so that the journal's
//! inner types can change without breaking scripts.

use dam_journal::Summary;
use serde::Serialize;

use super::describe;

/// One session of `dam log --json`.
#[derive(Debug, Serialize)]
pub struct Row {
    session: String,
    started: Option<String>,
    last: Option<String>,
    entries: u64,
    front: Option<String>,
    cwd: Option<String>,
    argv: Vec<String>,
    state: &'static str,
    outcome: Option<String>,
    problem: Option<String>,
}

impl From<&Summary> for Row {
    fn from(summary: &Summary) -> Self {
        Self {
            session: summary.session.to_string(),
            started: summary.started.map(|time| time.to_string()),
            last: summary.last.map(|time| time.to_string()),
            entries: summary.entries,
            front: summary.front.clone(),
            cwd: summary.cwd.clone(),
            argv: summary.argv.clone(),
            state: describe::state(summary.state),
            outcome: summary.outcome.clone(),
            problem: summary.problem.clone(),
        }
    }
}

/// One session of `dam log verify --json`.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Which session.
    pub session: String,
    /// Whether its journal is what was written.
    pub verifies: bool,
    /// Whether somebody changed it, as opposed to a crash.
    pub tampered: bool,
    /// How many entries verify.
    pub entries: u64,
    /// Whether more may come.
    pub state: &'static str,
    /// The public key that has signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// How many of the entries were written, and perhaps never acknowledged.
    pub unconfirmed: u64,
    /// Why it does not verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
