//! What was looked at, with what, what was not, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Language;

/// What a scan looked at. Belongs into every report.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Coverage {
    /// Files that were looked at, by language.
    pub files: BTreeMap<Language, usize>,
    /// How much that was, in bytes.
    pub bytes: u64,
    /// Detectors that looked, with their versions.
    pub detectors: BTreeMap<String, u32>,
    /// What was not looked at, or not in full.
    pub gaps: Vec<Gap>,
}

impl Coverage {
    /// Whether a file was looked at in full, or is not there any more.
    pub fn was_looked_at(&self, path: &str) -> bool {
        !self.gaps.iter().any(|gap| match gap.path.as_deref() {
            // A directory that could not be read hides what is below.
            Some(other) => {
                let below = path.strip_prefix(other);
                gap.kind != GapKind::NoEffect
                    && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            None => gap.kind.counts() && gap.detector.is_none(),
        })
    }

    /// Whether all was looked at that should have been.
    pub fn is_complete(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.kind.counts())
    }
}

/// Something that was not looked at, or not in full.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Gap {
    /// The file, in the repository; none where it is about the whole scan.
    pub path: Option<String>,
    /// Which kind of gap.
    pub kind: GapKind,
    /// Why, in a sentence.
    pub why: String,
    /// Which detector says so; none for the engine.
    pub detector: Option<String>,
}

impl Gap {
    /// A gap in one file.
    pub fn in_file(path: &str, kind: GapKind, why: impl Into<String>) -> Self {
        Self {
            path: Some(path.to_owned()),
            kind,
            why: why.into(),
            detector: None,
        }
    }

    /// A gap of the whole scan.
    pub fn of_all(kind: GapKind, why: impl Into<String>) -> Self {
        Self {
            path: None,
            kind,
            why: why.into(),
            detector: None,
        }
    }
}

/// Kinds of gaps.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// Not text: no detector reads it.
    Binary,
    /// A link: what it leads to is looked at where it is.
    Link,
    /// Another repository's place in this one.
    Submodule,
    /// Larger than what is read.
    TooBig,
    /// It could not be read, or git does not have it.
    Unreadable,
    /// It does not parse in full: what could be read was looked at.
    ParseErrors,
    /// It is nested so deeply, or takes so long, that it was not parsed.
    NotParsed,
    /// A cap on the analysis was hit.
    Cap,
    /// Something that a check needs is not there: a list of advisories, the
    /// network, the boundary.
    NotChecked,
    /// History that this clone does not have.
    Shallow,
    /// The scan was interrupted.
    Interrupted,
    /// Left out because the project's settings say so.
    LeftOut,
    /// Something that looks like an ignore or a setting and has no effect.
    NoEffect,
}

impl GapKind {
    /// Whether a scan with such a gap is incomplete. Pictures and links never
    /// are to be looked at.
    pub const fn counts(self) -> bool {
        !matches!(
            self,
            Self::Binary | Self::Link | Self::LeftOut | Self::NoEffect
        )
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Link => "link",
            Self::Submodule => "submodule",
            Self::TooBig => "too-big",
            Self::Unreadable => "unreadable",
            Self::ParseErrors => "parse-errors",
            Self::NotParsed => "not-parsed",
            Self::Cap => "cap",
            Self::NotChecked => "not-checked",
            Self::Shallow => "shallow",
            Self::Interrupted => "interrupted",
            Self::LeftOut => "left-out",
            Self::NoEffect => "no-effect",
        }
    }

    /// What it is, of several.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Binary => "that are no text",
            Self::Link => "links",
            Self::Submodule => "other repositories",
            Self::TooBig => "too big",
            Self::Unreadable => "unreadable",
            Self::ParseErrors => "that do not parse in full",
            Self::NotParsed => "that could not be parsed",
            Self::Cap => "where a cap was hit",
            Self::NotChecked => "not checked",
            Self::Shallow => "beyond this clone's history",
            Self::Interrupted => "interrupted",
            Self::LeftOut => "left out by the project's settings",
            Self::NoEffect => "ignores without effect",
        }
    }
}
