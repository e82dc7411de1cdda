//! Finds what is dangerous in a repository, and says how it knows.
//!
//! A scan reads files from a `source`, has every [`Detector`] look at each
//! of them once (what it finds out are [`Facts`], kept by content), and then
//! has every detector join the facts of all files into [`Finding`]s. What was
//! not looked at is in the [`Coverage`], with why: nothing that was not looked
//! at is called clean.
//!
//! Everything here is deterministic: the same files give the same findings in
//! the same order, nothing is sent anywhere, and nothing of the scanned project
//! is run, but by [`prove`], which does so in the boundary. Where the user wants
//! it, [`judge`] asks a model besides: that takes nothing away.

mod authorization;
mod cache;
mod checks;
mod coverage;
mod detector;
mod detectors;
mod engine;
mod file;
mod finding;
pub mod fix;
pub mod history;
pub mod identity;
pub mod ignore;
pub mod judge;
mod language;
pub mod owners;
pub mod prove;
pub mod rank;
pub mod record;
pub mod report;
pub mod routes;
mod secrets;
mod source;
pub mod taint;
pub mod threat_model;

pub use authorization::Authorization;
pub use cache::Cache;
pub use checks::{CHECKS, Check, Checks};
pub use coverage::{Coverage, Gap, GapKind};
pub use detector::{Detector, Facts, FactsOf, Joined, Project, Settings};
pub use detectors::{detectors, detectors_with};
pub use engine::{Engine, Scan, scan_files, scan_tree};
pub use file::SourceFile;
pub use finding::{Confidence, Finding, Proof, Severity, Step};
pub use language::Language;
pub use secrets::{BadGitleaks, Gitleaks, GitleaksIgnore, Secrets};
pub use source::{
    Boundary, BranchError, Change, Commit, Entry, Git, NewCommit, Revision, SourceError, directory,
};
