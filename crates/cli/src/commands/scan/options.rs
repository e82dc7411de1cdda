//! The words and options of `dam scan`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use dam_scan::report::Gate;
use dam_scan::{Confidence, Severity};
use jiff::Timestamp;

use super::watch::Watch;

use super::given::Given;
use super::model::Judging;
use super::prove::Proofs;

/// `dam scan`.
#[derive(Args, Debug)]
pub struct Scan {
    /// Something else than one scan.
    #[command(subcommand)]
    pub task: Option<ScanTask>,
    /// Which files are looked at.
    #[command(flatten)]
    pub what: What,
    /// Advisories in OSV's form, to compare locked packages with
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "What is scanned")]
    pub advisories: Option<PathBuf>,
    /// The form of the report
    #[arg(
        help_heading = "The report",
        long,
        value_enum,
        default_value_t,
        value_name = "FORM",
        hide_default_value = true
    )]
    pub format: Format,
    /// Write the report to a file instead
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The report")]
    pub output: Option<PathBuf>,
    /// What fails.
    #[command(flatten)]
    pub fails: Fails,
    /// Do not fail for what is in this baseline
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What fails")]
    pub baseline: Option<PathBuf>,
    /// Write a baseline of what is found now
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What fails")]
    pub write_baseline: Option<PathBuf>,
    /// What the user brings along.
    #[command(flatten)]
    pub given: Given,
    /// What is shown by running it.
    #[command(flatten)]
    pub proofs: Proofs,
    /// What a model is asked.
    #[command(flatten)]
    pub judging: Judging,
}

/// Which files are looked at.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is scanned")]
pub struct What {
    /// The directory or file; without it, the current directory
    #[arg(value_hint = ValueHint::AnyPath, help_heading = "Arguments")]
    pub path: Option<PathBuf>,
    /// What the next commit would change
    #[arg(long, conflicts_with_all = ["diff", "commit"])]
    pub staged: bool,
    /// What HEAD changes since it parted from BASE
    #[arg(long, value_name = "BASE..HEAD", conflicts_with = "commit")]
    pub diff: Option<String>,
    /// What one commit changes
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<String>,
    /// Also every commit that led here, newest first; goes on where it was
    #[arg(long, conflicts_with_all = ["staged", "diff", "commit"])]
    pub history: bool,
    /// Of history, only what was committed since this day, as 2026-11-21
    #[arg(long, value_name = "DAY", requires = "history", value_parser = day)]
    pub since: Option<Timestamp>,
}

/// What makes a scan fail.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "What fails")]
pub struct Fails {
    /// The least severity that fails: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = severity)]
    pub fail_on: Severity,
    /// The least confidence that fails: C (a pattern), B (a weak flow) or A
    #[arg(long, value_name = "TIER", default_value = "A", value_parser = confidence)]
    pub confidence: Confidence,
    /// Fail for what is in tests, fixtures and examples, too
    #[arg(long)]
    pub tests: bool,
    /// Let a change bring the ignores for what it brings
    #[arg(long)]
    pub accept_ignores: bool,
    /// Exit with 2 if not everything was looked at
    #[arg(long)]
    pub require_complete: bool,
}

/// Something else than one scan.
#[derive(Debug, Subcommand)]
pub enum ScanTask {
    /// Scan each new commit of a repository as it comes
    Watch(Watch),
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// As `docs/schema/scan-report.json` says.
    Json,
    /// SARIF 2.1.0, for code scanning services.
    Sarif,
    /// For a comment on a pull request.
    Markdown,
    /// One page that stands alone.
    Html,
}

impl Scan {
    /// What fails.
    pub fn gate(&self) -> Gate {
        Gate {
            fail_on: self.fails.fail_on,
            confidence: self.fails.confidence,
            tests: self.fails.tests,
            require_complete: self.fails.require_complete,
            failing: 0,
        }
    }
}

fn day(text: &str) -> Result<Timestamp, String> {
    let day: jiff::civil::Date = text
        .parse()
        .map_err(|_| "it is no day, as 2026-11-21".to_owned())?;
    let begins = day.to_zoned(jiff::tz::TimeZone::system());
    begins
        .map(|begins| begins.timestamp())
        .map_err(|error| error.to_string())
}

fn severity(text: &str) -> Result<Severity, String> {
    [
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ]
    .into_iter()
    .find(|each| each.name() == text)
    .ok_or_else(|| "it is low, medium, high or critical".to_owned())
}

fn confidence(text: &str) -> Result<Confidence, String> {
    [Confidence::A, Confidence::B, Confidence::C]
        .into_iter()
        .find(|each| each.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| "it is A, B or C".to_owned())
}
