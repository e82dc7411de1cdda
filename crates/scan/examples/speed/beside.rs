//! The same work, done by Semgrep and gitleaks.

use std::path::Path;
use std::process::{Command, Stdio};

use dam_scan::{Engine, Git, Language, Revision, Settings, detectors};

use super::{Failed, Meter};

/// Python files only, with its rules for security in Python, and with all of
/// our detectors.
pub fn semgrep(git: &Git, commit: &str, peers: &Path) -> Result<(), Failed> {
    let mut revision = git.tree(commit)?;
    let is_python = |path: &str| Language::of(path, "") == Language::Python;
    revision.entries.retain(|entry| is_python(&entry.path));
    let dir = tempfile::tempdir()?;
    lay_out(&revision, dir.path())?;
    let (detectors, settings) = (detectors(), Settings::default());
    let engine = Engine {
        detectors: &detectors,
        settings: &settings,
        cache: None,
    };
    let meter = Meter::start();
    let findings = engine.scan(&revision, None).findings.len();
    println!("Python files, dam: {}; {findings} findings", meter.took());
    let rules = format!("--config={}", peers.join("rules/python").display());
    let words = [
        "scan",
        "--metrics=off",
        "--disable-version-check",
        "--no-git-ignore",
        "--quiet",
        "--json",
        &rules,
        ".",
    ];
    timed(
        "Python files, semgrep",
        &peers.join("bin/semgrep"),
        &words,
        dir.path(),
    )
}

/// The whole history.
pub fn gitleaks(repository: &Path, peers: &Path) -> Result<(), Failed> {
    let words = [
        "git",
        ".",
        "--no-banner",
        "--exit-code=0",
        "--log-level=error",
    ];
    timed(
        "history, gitleaks",
        &peers.join("bin/gitleaks"),
        &words,
        repository,
    )
}

fn timed(what: &str, program: &Path, words: &[&str], within: &Path) -> Result<(), Failed> {
    if !program.exists() {
        println!("{what}: not installed; see crates/scan/examples/score/peers");
        return Ok(());
    }
    let program = program.canonicalize()?;
    let beside = program.parent().unwrap_or(Path::new("/")).display();
    let meter = Meter::start();
    Command::new(&program)
        .args(words)
        .env("PATH", format!("{beside}:/usr/local/bin:/usr/bin:/bin"))
        .current_dir(within)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    println!("{what}: {}", meter.took());
    Ok(())
}

fn lay_out(revision: &Revision, dir: &Path) -> Result<(), Failed> {
    for entry in &revision.entries {
        let place = dir.join(&entry.path);
        if let (Some(parent), Some(text)) = (place.parent(), revision.text_of(&entry.path)) {
            std::fs::create_dir_all(parent)?;
            std::fs::write(place, text)?;
        }
    }
    Ok(())
}
