//! `.cofferdam/scan.toml`: what a project says of its own scans.

use dam_policy::Glob;
use serde::Deserialize;

use super::{Ignore, is_day};

/// Where it is, from the top of a repository.
pub const SETTINGS_FILE: &str = ".cofferdam/scan.toml";

/// What it says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SettingsFile {
    /// Findings that are ignored.
    pub ignores: Vec<Ignore>,
    /// Files that are not looked at; each is in the coverage.
    pub leave_out: Vec<Glob>,
}

/// Why it says nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadSettings {
    /// It is no TOML, or has keys that there are not.
    #[error("`{SETTINGS_FILE}` cannot be read: {0}")]
    Form(String),
    /// An ignore that could hide anything, or for ever.
    #[error("`{SETTINGS_FILE}`: ignore {0} needs {1}")]
    Ignore(usize, &'static str),
    /// A pattern that is none.
    #[error("`{SETTINGS_FILE}`: {0}")]
    Pattern(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    ignore: Vec<WrittenIgnore>,
    #[serde(default)]
    leave_out: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIgnore {
    rule: Option<String>,
    path: Option<String>,
    finding: Option<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    until: String,
}

impl SettingsFile {
    /// Reads its text.
    pub fn read(text: &str) -> Result<Self, BadSettings> {
        let written: Written =
            toml::from_str(text).map_err(|error| BadSettings::Form(error.message().to_owned()))?;
        let numbered = (1..).zip(written.ignore);
        Ok(Self {
            ignores: numbered
                .map(|(number, each)| each.read(number))
                .collect::<Result<_, _>>()?,
            leave_out: written
                .leave_out
                .iter()
                .map(|text| glob(text))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl WrittenIgnore {
    fn read(self, number: usize) -> Result<Ignore, BadSettings> {
        let needs = |what| Err(BadSettings::Ignore(number, what));
        if self.rule.is_none() && self.finding.is_none() {
            return needs("a `rule` or a `finding`");
        }
        if self.reason.trim().is_empty() {
            return needs("a `reason`");
        }
        if !is_day(&self.until) {
            return needs("`until`, a day as \"2027-01-31\"");
        }
        Ok(Ignore {
            rule: self.rule,
            path: self.path.as_deref().map(glob).transpose()?,
            finding: self.finding,
            reason: self.reason,
            until: self.until,
        })
    }
}

fn glob(text: &str) -> Result<Glob, BadSettings> {
    text.parse::<Glob>()
        .map_err(|error| BadSettings::Pattern(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignore_without_reason_or_day_or_subject_is_refused() {
        let whole = "[[ignore]]\nrule = \"xss\"\npath = \"old/**\"\nreason = \"dead code\"\nuntil = \"2027-01-31\"\n";
        let read = SettingsFile::read(whole).expect("it is whole");
        assert_eq!(read.ignores.len(), 1);
        for (without, lacks) in [
            ("rule", "`rule`"),
            ("reason", "`reason`"),
            ("until", "`until`"),
        ] {
            let lines = whole.lines().filter(|line| !line.starts_with(without));
            let text: Vec<&str> = lines.collect();
            let error = SettingsFile::read(&text.join("\n")).expect_err("it lacks something");
            assert!(error.to_string().contains(lacks), "{error}");
        }
        assert!(SettingsFile::read("ignor = 1\n").is_err());
    }
}
