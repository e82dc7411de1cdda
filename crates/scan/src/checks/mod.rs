//! Named checks: what a reviewer of a change looks for besides data flows.
//!
//! Each has an identifier in the [catalogue], a section in
//! `docs/scan/checks.md`, and fixtures in `tests/cases/checks`. What one file
//! tells is found when it is read; what needs the whole project or the
//! revision before is joined from the files' facts.

mod agents;
mod calls;
mod catalogue;
mod compose;
mod docker;
mod document;
mod hooks;
mod kubernetes;
mod names;
mod packages;
mod refusals;
mod templates;
mod terraform;
mod unicode;
mod workflows;

use serde::{Deserialize, Serialize};

use crate::{Detector, Facts, Finding, Gap, GapKind, Joined, Language, Project, SourceFile};
use catalogue::finding;
pub use catalogue::{CHECKS, Check};

/// The most findings of one check in one file.
const MOST: usize = 50;

/// All named checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checks;

impl Detector for Checks {
    fn name(&self) -> &'static str {
        "checks"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self, _path: &str, _language: Language) -> bool {
        true
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        let mut found = Found::new(file);
        for look in LOOKS {
            look(file, &mut found);
        }
        found.facts()
    }

    fn join(&self, project: &Project<'_>) -> Joined {
        let mut joined = Joined::default();
        for join in JOINS {
            join(project, &mut joined);
        }
        joined
    }
}

/// What looks at single files.
const LOOKS: &[fn(&SourceFile<'_>, &mut Found<'_>)] = &[
    agents::look,
    calls::look,
    compose::look,
    docker::look,
    hooks::look,
    kubernetes::look,
    packages::look,
    refusals::look,
    templates::look,
    terraform::look,
    unicode::look,
    workflows::look,
];

/// What looks at all files together.
const JOINS: &[fn(&Project<'_>, &mut Joined)] = &[
    agents::join,
    calls::join,
    hooks::join,
    names::join,
    packages::join,
    refusals::join,
    workflows::join,
];

/// What one file tells for the join.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct FileFacts {
    /// A digest of its text, where it matters whether it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<u64>,
    /// Hosts that it names in calls, with their lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<(String, u32)>,
    /// Lifecycle scripts: the name, the command, the line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scripts: Vec<(String, String, u32)>,
    /// What a manifest or a lock file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    packages: Option<packages::Packages>,
    /// What code imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    imports: Vec<packages::Import>,
    /// The licence that the project's own text of one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
    /// Where it handles requests, and a digest of its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handles: Option<(u32, u64)>,
    /// Which cases that must be refused a test has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<usize>,
}

/// What is found in one file.
struct Found<'a> {
    path: &'a str,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    facts: FileFacts,
}

impl<'a> Found<'a> {
    fn new(file: &SourceFile<'a>) -> Self {
        Self {
            path: file.path,
            findings: Vec::new(),
            gaps: Vec::new(),
            facts: FileFacts::default(),
        }
    }

    /// Adds a finding of a check, and hands it back to be made more exact.
    fn add(&mut self, check: &'static str, line: u32, message: impl Into<String>) -> &mut Finding {
        let index = self.findings.len();
        self.findings.push(finding(check, self.path, line, message));
        &mut self.findings[index]
    }

    /// Says that the file, or a part of it, was not looked at.
    fn not_read(&mut self, why: impl Into<String>) {
        self.gaps
            .push(Gap::in_file(self.path, GapKind::ParseErrors, why));
    }

    fn facts(mut self) -> Facts {
        let mut kept: Vec<Finding> = Vec::new();
        let mut left_out = 0;
        for each in self.findings {
            if kept.iter().filter(|other| other.rule == each.rule).count() < MOST {
                kept.push(each);
            } else {
                left_out += 1;
            }
        }
        if left_out > 0 {
            let why = format!(
                "{left_out} further findings of checks that found more than {MOST} are left out"
            );
            self.gaps.push(Gap::in_file(self.path, GapKind::Cap, why));
        }
        let facts = Facts {
            findings: kept,
            gaps: self.gaps,
            ..Facts::default()
        };
        if self.facts == FileFacts::default() {
            facts
        } else {
            facts.with(&self.facts)
        }
    }
}

/// A digest that tells two texts apart, and is the same everywhere.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a name ends with one of these after its last dot.
fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    endings.iter().any(|each| ending.eq_ignore_ascii_case(each))
}

/// The facts of a file that the revision before had, if it had it.
fn before(project: &Project<'_>, path: &str) -> Option<FileFacts> {
    let file = project.base?.files.iter().find(|file| file.path == path)?;
    Some(file.facts.data().unwrap_or_default())
}

#[cfg(test)]
mod tests;
