//! Fixes: what to write instead of what was found, as a patch.
//!
//! A fixer makes [`Proposal`]s out of the syntax tree, for the classes whose
//! right form is known. Each is a list of edits of one file; what is not named
//! in them stays as it is, to the byte. A proposal is only a proposal: whether
//! it is a fix is said by [`Trial`], which scans the changed tree anew, runs
//! the proof again, and the project's own tests.
//!
//! Nothing here writes to the user's tree.

mod accept;
mod code;
mod copy;
mod edit;
mod javascript;
mod lines;
mod markup;
mod model;
mod patch;
mod python;
mod sql;
mod suite;
mod words;

use std::collections::BTreeSet;

use crate::{Finding, Language, SourceFile};

pub use accept::{Accepted, ProofSaid, TestsSaid, Trial};
pub use copy::CopyError;
pub use edit::{Edit, apply};
pub use model::{Advised, Budget, advised};
pub use patch::unified;
pub use suite::{Box as TestBox, Command};

/// Something that may be a fix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proposal {
    /// The file, in the repository.
    pub path: String,
    /// What is to be changed in it, in order, without overlaps.
    pub edits: Vec<Edit>,
    /// What is done, in a sentence without a full stop.
    pub what: String,
    /// What may go wrong with it: somebody has to look.
    pub risks: Vec<String>,
}

/// A file before and after.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changed {
    /// As it is.
    pub before: String,
    /// As it would be.
    pub after: String,
}

/// Why there is no fix by syntax tree.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NoFix(pub String);

/// What fixers know of the rest of the project.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The drivers of databases that it names anywhere.
    pub drivers: BTreeSet<sql::Driver>,
}

impl Surroundings {
    /// Takes in a file of the project.
    pub fn read(&mut self, file: &SourceFile<'_>) {
        self.drivers.extend(sql::drivers(file.language, file.text));
    }
}

/// What could be written instead, the best first.
pub fn propose(
    finding: &Finding,
    file: &SourceFile<'_>,
    around: &Surroundings,
) -> Result<Vec<Proposal>, NoFix> {
    if file.text.as_bytes() != file.raw {
        return Err(no_fix("the file is not plain UTF-8"));
    }
    if finding.line == 0 {
        return Err(no_fix("it is about the file as a whole, not about a place"));
    }
    if let Some(why) = without_right_form(&finding.rule) {
        return Err(no_fix(why));
    }
    let proposals = match file.language {
        Language::Python => python::propose(finding, file, around)?,
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            javascript::propose(finding, file, around)?
        }
        _ => lines::propose(finding, file)?,
    };
    if proposals.is_empty() {
        return Err(no_fix("the code there has no form that a fixer knows"));
    }
    Ok(proposals)
}

fn no_fix(why: impl Into<String>) -> NoFix {
    NoFix(why.into())
}

/// Why nothing can be said of a class without knowing what is meant.
fn without_right_form(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "workflow-unpinned-action" | "docker-unpinned-image" | "package-without-integrity" => {
            "the digest has to be asked of a registry, and nothing is asked here"
        }
        "server-side-request-forgery" | "ssrf" => {
            "which hosts may be reached is known to people only"
        }
        "mass-assignment" => "which fields may be set is known to people only",
        "hard-coded-credential" => "it has to be revoked where it was issued; code cannot do that",
        "trust-boundary" => "what a value must look like is known to people only",
        rule if rule.starts_with("secret-") => {
            "it has to be revoked where it was issued; code cannot do that"
        }
        rule if rule.starts_with("missing-") || rule.contains("authorization") => {
            "who may do what is known to people only"
        }
        "known-vulnerability" | "lookalike-package" | "phantom-import" | "unlocked-package" => {
            "which package and version is meant is known to people only"
        }
        _ => return None,
    })
}
