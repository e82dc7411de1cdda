//! What earlier scans of a repository found: so that a finding that comes back
//! is known as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is remembered of a repository's findings, by their names.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Record {
    /// The version of this form: 1.
    pub version: u32,
    /// Every finding that there ever was.
    pub findings: BTreeMap<String, Remembered>,
}

/// What is remembered of one finding.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Remembered {
    /// What kind it is.
    pub rule: String,
    /// The file it was in last.
    pub path: String,
    /// The line it was in last.
    pub line: u32,
    /// What it is.
    pub title: String,
    /// The day it was found first.
    pub first: String,
    /// Whether it was there when last looked.
    pub open: bool,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There is nothing to compare with.
    Found,
    /// It was not there before.
    Introduced,
    /// It was there before.
    Persisting,
    /// It was gone, and is there again.
    Reopened,
    /// It is a secret that is gone from the files and still in history, where
    /// everybody who has a clone can read it.
    Buried,
    /// It was there, and is gone.
    Resolved,
    /// It was there, and its file was not looked at now.
    Unknown,
}

impl State {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Introduced => "introduced",
            Self::Persisting => "persisting",
            Self::Reopened => "reopened",
            Self::Buried => "buried",
            Self::Resolved => "resolved",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is new to whoever looks: what a gate on changes is about.
    pub const fn is_new(self) -> bool {
        matches!(
            self,
            Self::Found | Self::Introduced | Self::Reopened | Self::Buried
        )
    }
}
