//! What people have looked at and do not want to be told again: in a comment
//! beside the code, in `.cofferdam/scan.toml`, or in a baseline. Each ignore
//! has a reason and a last day.

mod inline;
mod settings_file;

use std::collections::BTreeSet;

use dam_policy::Glob;
use serde::{Deserialize, Serialize};

use crate::Finding;

pub(crate) use inline::{Inline, inline};
pub use settings_file::{BadSettings, SETTINGS_FILE, SettingsFile};

/// Findings that were there when a baseline was written.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of this form: 1.
    pub version: u32,
    /// Their names.
    pub findings: BTreeSet<String>,
}

/// One ignore.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ignore {
    /// The rule, if it is about one.
    pub rule: Option<String>,
    /// The files, if it is about some.
    pub path: Option<Glob>,
    /// The finding's name, if it is about one.
    pub finding: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day it holds, as `2026-11-21`.
    pub until: String,
}

/// That a finding is ignored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ignored {
    /// Where that is said: `comment`, `settings`, `baseline`.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The last day; none for a baseline.
    pub until: Option<String>,
}

impl Ignore {
    /// Whether it is about a finding of this name, and still holds.
    pub fn covers(&self, finding: &Finding, id: &str, today: &str) -> bool {
        let path = std::path::Path::new(&finding.path);
        self.until.as_str() >= today
            && self.rule.as_deref().is_none_or(|rule| rule == finding.rule)
            && self
                .path
                .as_ref()
                .is_none_or(|glob| glob.matches_path(path))
            && self.finding.as_deref().is_none_or(|name| name == id)
    }
}

/// Whether a text is a day, as `2026-11-21`.
pub(crate) fn is_day(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
}
