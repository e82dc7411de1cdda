//! Detectors: what looks at files, and what it hands on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Cache, Finding, Gap, Language, SourceFile};

/// Looks at files, one by one and then all together.
///
/// Both halves are pure: the same files and settings give the same answer, in
/// the same order, on any bytes, without a panic. What a cap leaves out goes
/// into the facts' gaps.
pub trait Detector: Sync {
    /// Its name: `taint-python`. Lower case and dashes.
    fn name(&self) -> &'static str;

    /// To be raised with every change of what it says, so that what was kept
    /// of an older version is not used.
    fn version(&self) -> u32;

    /// What else its answers depend on: a digest of rules that the user gave
    /// it. Part of what facts are kept under.
    fn rules(&self) -> String {
        String::new()
    }

    /// Whether it looks at such a file at all.
    fn wants(&self, path: &str, language: Language) -> bool;

    /// Whether what it says of a file depends on more of its path than the
    /// language and whether it is a test. If not, a file that was renamed
    /// costs nothing.
    fn reads_path(&self) -> bool {
        true
    }

    /// What can be said of one file by itself.
    fn file(&self, file: &SourceFile<'_>) -> Facts;

    /// What can be said only of all files together. Findings of single files
    /// are already there.
    fn join(&self, _project: &Project<'_>) -> Joined {
        Joined::default()
    }
}

/// What a detector found out of one file. Kept by the file's content.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Facts {
    /// What can be said of it alone.
    pub findings: Vec<Finding>,
    /// What the detector wants to have when it joins, in its own form.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// What was not looked at, or not in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Facts {
    /// Facts that are findings and nothing else.
    pub fn of(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            ..Self::default()
        }
    }

    /// The same with something to join.
    #[must_use]
    pub fn with(mut self, data: &impl Serialize) -> Self {
        // What cannot be serialised is no data: joining then finds nothing
        // and must say so.
        self.data = serde_json::to_string(data).unwrap_or_default();
        self
    }

    /// What was put in to be joined, if it is that.
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.data).ok()
    }
}

/// What a detector made of all files together.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// What is dangerous.
    pub findings: Vec<Finding>,
    /// What was not looked at, or not in full.
    pub gaps: Vec<Gap>,
}

/// One file's facts, as one detector left them.
#[derive(Clone, Copy, Debug)]
pub struct FactsOf<'a> {
    /// The file, in the repository.
    pub path: &'a str,
    /// Its language.
    pub language: Language,
    /// Whether it is a test or a fixture.
    pub is_test: bool,
    /// What the detector found out.
    pub facts: &'a Facts,
}

/// All files of one revision.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// The facts of the detector that joins, by path.
    pub files: &'a [FactsOf<'a>],
    /// Every file of the revision, in order, also those that nobody reads.
    pub paths: &'a [String],
    /// What it is compared with, where something is: the revision before.
    pub base: Option<&'a Project<'a>>,
    /// What the user wants.
    pub settings: &'a Settings,
    /// What is known from before. What is kept there changes no answer.
    pub cache: Option<&'a Cache>,
}

impl Project<'_> {
    /// Whether there is a file of this path.
    pub fn has(&self, path: &str) -> bool {
        self.paths
            .binary_search_by(|each| each.as_str().cmp(path))
            .is_ok()
    }
}

/// What the user wants of a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Today, as `2026-11-21`: the clock is read once, above.
    pub today: String,
    /// Where advisories in OSV's form are, if the user has any.
    pub advisories: Option<PathBuf>,
    /// A name of the branch that is looked at, where there is one.
    pub branch: Option<String>,
    /// What tells this build of the program from others: facts that another
    /// one found out are not used.
    pub build: String,
    /// Anything else a detector is told, by its name and the setting's.
    pub of_detectors: BTreeMap<String, String>,
}
