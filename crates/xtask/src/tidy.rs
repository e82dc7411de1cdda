//! `cargo xtask tidy`: gathers what the checks look at, runs them, and keeps
//! their findings. The checks themselves are pure and live one to a file.

mod layers;
mod licences;
mod sources;

use std::fmt;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

/// Where the product runs: what only other platforms would link is not ours
/// to judge.
const PLATFORMS: [&str; 4] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// Worth a thought.
    Warning,
    /// Fails the check.
    Error,
}

/// One thing that a check found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// The file or crate that it is about.
    pub place: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    fn error(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Error,
            place: place.into(),
            message: message.into(),
        }
    }

    fn warning(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Warning,
            ..Self::error(place, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Warning => "warning",
            Weight::Error => "error",
        };
        write!(f, "{weight}: {}: {}", self.place, self.message)
    }
}

/// What a whole run found, and how much it looked at.
pub struct Report {
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
    crates: usize,
    dependencies: usize,
    files: usize,
}

impl Report {
    /// Whether nothing weighs as much as an error.
    pub fn passes(&self) -> bool {
        !self
            .findings
            .iter()
            .any(|finding| finding.weight == Weight::Error)
    }

    /// One line with the counts.
    pub fn summary(&self) -> String {
        let errors = self
            .findings
            .iter()
            .filter(|finding| finding.weight == Weight::Error)
            .count();
        format!(
            "tidy: {} crates, {} dependencies, {} files; {errors} errors, {} warnings",
            self.crates,
            self.dependencies,
            self.files,
            self.findings.len() - errors
        )
    }
}

/// Why the checks could not even look.
#[derive(Debug, thiserror::Error)]
pub enum CannotLook {
    /// Cargo does not answer.
    #[error("cannot read the workspace: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    /// Git does not answer.
    #[error("cannot list the committed files: {0}")]
    Files(String),
    /// A committed file cannot be read.
    #[error("cannot read {path}: {cause}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
}

/// Runs every check on the workspace around the current directory.
pub fn run() -> Result<Report, CannotLook> {
    let metadata = MetadataCommand::new()
        .other_options(PLATFORMS.map(|platform| format!("--filter-platform={platform}")))
        .exec()?;
    let root = metadata.workspace_root.as_std_path();
    let files = committed_files(root)?;
    let crates = layers::read(&metadata);
    let foreign = licences::read(&metadata);
    let mut findings = layers::check(&crates);
    findings.extend(lints_apply(&metadata)?);
    findings.extend(licences::check(&foreign));
    for file in &files {
        findings.extend(sources::check(file));
    }
    Ok(Report {
        findings,
        crates: crates.len(),
        dependencies: foreign.len(),
        files: files.len(),
    })
}

/// Every crate takes the workspace's lints, among them `unsafe_code =
/// "forbid"`; the boundary is the one that may not.
fn lints_apply(metadata: &Metadata) -> Result<Vec<Finding>, CannotLook> {
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        let manifest = package.manifest_path.as_std_path();
        let text = read_file(manifest)?;
        if package.name.as_str() != "dam-sandbox" && !text.contains("[lints]\nworkspace = true") {
            findings.push(Finding::error(
                package.name.as_str(),
                "its manifest needs `[lints]` with `workspace = true`",
            ));
        }
    }
    Ok(findings)
}

/// What git tracks or would track, as far as it is text.
fn committed_files(root: &Path) -> Result<Vec<sources::File>, CannotLook> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a development tool that asks git, not the product"
    )]
    let output = std::process::Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .map_err(|cause| CannotLook::Files(cause.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(CannotLook::Files(said.trim().to_owned()));
    }
    let mut files = Vec::new();
    for name in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
        let path = root.join(name);
        // Deleted but not yet committed, or a link that leads elsewhere.
        if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|cause| CannotLook::File { path, cause })?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(sources::File {
                name: name.to_owned(),
                text,
            });
        }
    }
    Ok(files)
}

fn read_file(path: &Path) -> Result<String, CannotLook> {
    std::fs::read_to_string(path).map_err(|cause| CannotLook::File {
        path: path.to_owned(),
        cause,
    })
}
