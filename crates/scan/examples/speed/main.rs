//! Measures how long a scan takes, in one run.
//!
//! ```sh
//! cargo run --release -p dam-scan --example speed -- REPOSITORY [COMMIT]
//! cargo run --release -p dam-scan --example speed -- REPOSITORY --peers DIR
//! cargo run --release -p dam-scan --example speed -- --large DIR
//! ```
//!
//! The first measures a whole revision with nothing known from before, the
//! same again, and what one commit changes. `--peers` also has Semgrep scan
//! the same files and gitleaks the same history, as `score/peers` installed
//! them. `--large` makes a repository of a million lines and 50,000 commits,
//! scans it with all its history, and says how much memory that took.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that somebody reads, beside other programs"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use dam_sandbox::Tier;
use dam_scan::{
    Boundary, Cache, Detector, Engine, Git, Scan, Secrets, Settings, detectors, history,
};

mod beside;
mod large;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    dam_sandbox::take_over_if_helper();
    let mut words = std::env::args().skip(1);
    let (mut places, mut peers, mut large) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--peers" => peers = words.next().map(PathBuf::from),
            "--large" => large = words.next().map(PathBuf::from),
            _ => places.push(word),
        }
    }
    if let Some(dir) = large {
        let repository = large::repository(&dir)?;
        let git = repository_at(&repository)?;
        let commit = git.commit("HEAD")?;
        measure("a whole commit, nothing known", || {
            with_cache(&dir.join("known"), |engine| {
                Ok(engine.scan(&git.tree(&commit)?, None))
            })
        })?;
        return whole_history(&git, &commit, &detectors(), Some(&dir.join("known")));
    }
    let repository = places.first().ok_or("which repository?")?;
    let git = repository_at(Path::new(repository))?;
    let commit = git.commit(places.get(1).map_or("HEAD", String::as_str))?;
    revisions(&git, &commit)?;
    if let Some(peers) = peers {
        beside::semgrep(&git, &commit, &peers)?;
        let secrets: Vec<Box<dyn Detector>> = vec![Box::new(Secrets::default())];
        whole_history(&git, &commit, &secrets, None)?;
        beside::gitleaks(Path::new(repository), &peers)?;
    }
    println!("peak memory of this process: {} MiB", peak_mebibytes());
    Ok(())
}

fn repository_at(place: &Path) -> Result<Git, Failed> {
    let boundary = Boundary {
        tier: Tier::choose(&std::env::temp_dir())?,
        path: "/usr/local/bin:/usr/bin:/bin".to_owned(),
    };
    Ok(Git::around(place, boundary)?.ok_or("it is no repository")?)
}

/// A whole revision, twice, and what its commit changes.
fn revisions(git: &Git, commit: &str) -> Result<(), Failed> {
    let memory = tempfile::tempdir()?;
    for round in ["nothing known", "all known"] {
        measure(&format!("a whole commit, {round}"), || {
            with_cache(memory.path(), |engine| {
                Ok(engine.scan(&git.tree(commit)?, None))
            })
        })?;
    }
    let Some(parent) = git.parent(commit) else {
        return Ok(());
    };
    for (words, dir) in [
        ("the same known", memory.path().to_owned()),
        ("nothing known", memory.path().join("new")),
    ] {
        measure(&format!("what one commit changes, {words}"), || {
            with_cache(&dir, |engine| {
                Ok(engine.scan(&git.tree(commit)?, Some(&git.tree(&parent)?)))
            })
        })?;
    }
    Ok(())
}

/// Everything that led to a commit, newest first.
fn whole_history(
    git: &Git,
    commit: &str,
    detectors: &[Box<dyn Detector>],
    known: Option<&Path>,
) -> Result<(), Failed> {
    let memory = tempfile::tempdir()?;
    let cache = known.map(Cache::open);
    let settings = Settings::default();
    let engine = Engine {
        detectors,
        settings: &settings,
        cache: cache.as_ref(),
    };
    let names: Vec<&str> = detectors.iter().map(|each| each.name()).collect();
    let meter = Meter::start();
    let commits = git.commits(commit, None)?;
    let mut files = 0;
    let mut progress = |progress: history::Progress| files = progress.files;
    let found = history::scan(
        git,
        &commits,
        &engine,
        &memory.path().join("done"),
        &mut progress,
    )?;
    println!(
        "history, {}: {}; {} commits, {files} contents, {} findings; peak memory {} MiB",
        names.join(" and "),
        meter.took(),
        found.commits,
        found.findings.len(),
        peak_mebibytes()
    );
    Ok(())
}

type Answer = Result<Scan, Failed>;

fn with_cache(dir: &Path, scan: impl FnOnce(&Engine<'_>) -> Answer) -> Answer {
    let (detectors, settings) = (detectors(), Settings::default());
    let cache = Cache::open(dir);
    scan(&Engine {
        detectors: &detectors,
        settings: &settings,
        cache: Some(&cache),
    })
}

fn measure(what: &str, scan: impl FnOnce() -> Answer) -> Result<(), Failed> {
    let meter = Meter::start();
    let scan = scan()?;
    let took = meter.took();
    let files: usize = scan.coverage.files.values().sum();
    println!(
        "{what}: {took}; {files} files, {} KiB, {} findings, {} gaps",
        scan.coverage.bytes >> 10,
        scan.findings.len(),
        scan.coverage.gaps.len()
    );
    Ok(())
}

/// Wall and processor time, that of programs that were waited for included.
struct Meter {
    begun: Instant,
    processor: f64,
}

impl Meter {
    fn start() -> Self {
        Self {
            begun: Instant::now(),
            processor: processor_seconds(),
        }
    }

    fn took(&self) -> String {
        format!(
            "{:.2} s, {:.2} s of CPU",
            self.begun.elapsed().as_secs_f64(),
            processor_seconds() - self.processor
        )
    }
}

fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| -> f64 {
        let word = after.split_whitespace().nth(at);
        word.and_then(|word| word.parse().ok()).unwrap_or_default()
    };
    (11..15).map(ticks).sum::<f64>() / TICKS_A_SECOND
}

/// The most memory that this process ever had.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() >> 10
}
