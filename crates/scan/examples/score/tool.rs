//! What is measured: our scan, and the scanners of others that are installed.

use std::path::Path;

use dam_scan::{Confidence, Settings, detectors, scan_tree};

/// One thing that a tool reports.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file, below the tree that was looked at.
    pub path: String,
    /// The first line, from 1.
    pub line: u32,
    /// The last line.
    pub end_line: u32,
    /// What weakness it is, the most exact first.
    pub cwe: Vec<u16>,
    /// Which rule, and what it says.
    pub what: String,
}

/// What a tool reports of a tree, and what that took.
#[derive(Debug, Default)]
pub struct Looked {
    pub found: Vec<Found>,
    /// Seconds of processor time, of the tool with all that it starts.
    pub seconds: f64,
}

/// Something that looks at files.
pub trait Tool {
    /// Its name, as the table has it.
    fn name(&self) -> String;
    /// Its version, in its own words.
    fn version(&self) -> String;
    /// What it reports of the files below `tree`. `language` chooses rules
    /// where it has them by language.
    fn look(&self, tree: &Path, language: &str) -> Result<Looked, String>;
}

/// Our scan: every detector, over the whole tree.
pub struct Ours {
    /// Findings below this do not count.
    pub least: Confidence,
    /// Only what it says of secrets does.
    pub secrets_alone: bool,
}

impl Tool for Ours {
    fn name(&self) -> String {
        match self.least {
            Confidence::A => "dam, tier A",
            Confidence::B => "dam, A and B",
            Confidence::C => "dam, all",
        }
        .to_owned()
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn look(&self, tree: &Path, _language: &str) -> Result<Looked, String> {
        let before = processor_seconds();
        let scan = scan_tree(tree, &detectors(), &Settings::default())
            .map_err(|error| format!("{}: {error}", tree.display()))?;
        let seconds = processor_seconds() - before;
        let found = scan
            .findings
            .into_iter()
            .filter(|finding| finding.confidence >= self.least)
            .filter(|finding| !self.secrets_alone || is_of_secrets(&finding.rule))
            .map(|finding| Found {
                what: format!(
                    "{} {} {} {}",
                    finding.confidence, finding.rule, finding.message, finding.snippet
                ),
                path: finding.path,
                line: finding.line,
                end_line: finding.end_line.max(finding.line),
                cwe: finding.cwe,
            })
            .collect();
        Ok(Looked { found, seconds })
    }
}

fn is_of_secrets(rule: &str) -> bool {
    rule.starts_with("secret-") || rule == "hard-coded-credential"
}

/// Processor time of this process and of those that it waited for.
pub fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold anything; what follows it is numbers.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| -> f64 {
        after
            .split_whitespace()
            .nth(at)
            .and_then(|word| word.parse().ok())
            .unwrap_or_default()
    };
    (11..15).map(ticks).sum::<f64>() / TICKS_A_SECOND
}
