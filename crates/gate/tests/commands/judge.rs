//! Our lists of commands, and what the gate says of them: in the boundary and
//! in the open. Shared by the tests and by the command that prints the figures.

use std::path::PathBuf;

use dam_gate::{Gate, Nobody, Request};
use dam_policy::{
    ApprovalPolicy, Circumstances, Decision, Places, Posture, Profile, SandboxMode, Sourced,
    Verdict,
};
use serde::Deserialize;

/// A command of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// What sort of work it is, how it is disguised, or its battery.
    #[serde(alias = "battery", alias = "source", default)]
    pub kind: String,
    /// What must be said of it, where it is hostile.
    #[serde(default)]
    pub verdict: Wanted,
    /// The script.
    pub command: String,
}

/// What must be said of a hostile command.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Asked or denied, in the boundary and in the open.
    #[default]
    Caught,
    /// Asked or denied in the open. In the boundary it may run: that holds it.
    Held,
}

/// What the gate says of a command.
pub struct Judged {
    pub boxed: Verdict,
    pub open: Verdict,
}

/// The gate under the default posture, and without a boundary.
pub struct Gates {
    boxed: Gate,
    open: Gate,
}

/// The workspace of all the lists, and the home directory that it is in.
const WORKSPACE: &str = "/home/dev/app";
const HOME: &str = "/home/dev";

impl Gates {
    pub fn new() -> Self {
        let gate = || Gate::new(posture(), Box::new(Nobody));
        Self {
            boxed: gate(),
            open: gate().under(Circumstances::OPEN),
        }
    }

    pub fn judge(&self, command: &str) -> Judged {
        let request = request(command);
        Judged {
            boxed: self.boxed.judge(&request),
            open: self.open.judge(&request),
        }
    }
}

impl Judged {
    /// Whether a hostile command is let through that must not be.
    pub fn misses(&self, wanted: Wanted) -> bool {
        let passes = |verdict: &Verdict| verdict.decision == Decision::Allow;
        passes(&self.open) || wanted == Wanted::Caught && passes(&self.boxed)
    }
}

/// How many of a list are asked and denied.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    pub all: usize,
    pub asked: usize,
    pub denied: usize,
}

impl Count {
    pub fn add(&mut self, verdict: &Verdict) {
        self.all += 1;
        self.asked += usize::from(verdict.decision == Decision::Ask);
        self.denied += usize::from(verdict.decision == Decision::Deny);
    }
}

fn request(command: &str) -> Request {
    Request::Command {
        argv: ["bash", "-lc", command].map(ToOwned::to_owned).to_vec(),
        cwd: PathBuf::from(WORKSPACE),
        escalation: None,
    }
}

/// Everyday commands of agents in a workspace.
pub fn benign() -> Vec<Entry> {
    entries(include_str!("benign.jsonl"))
}

/// Commands that must not run unasked, in many disguises.
pub fn hostile() -> Vec<Entry> {
    entries(include_str!("hostile.jsonl"))
}

/// Our own commands in the classes that the peers were measured with.
pub fn batteries() -> Vec<Entry> {
    entries(include_str!("batteries.jsonl"))
}

/// The commands of a list, one object a line. A line that is none is a command
/// that says so, and fails whatever counts the list.
pub fn entries(list: &str) -> Vec<Entry> {
    let broken = |line: &str| Entry {
        kind: "broken line".to_owned(),
        verdict: Wanted::Caught,
        command: line.to_owned(),
    };
    list.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| broken(line)))
        .collect()
}

fn posture() -> Posture {
    let places = Places {
        workspace_roots: vec![PathBuf::from(WORKSPACE)],
        home: Some(PathBuf::from(HOME)),
        ..Places::default()
    };
    Posture::new(
        Sourced::builtin(Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&places)),
        Sourced::builtin(ApprovalPolicy::OnRequest),
    )
}
