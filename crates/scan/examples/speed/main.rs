//! Measures how long a scan takes: a whole revision with nothing known from
//! before, the same again, and what one commit changes.
//!
//! `cargo run --release -p dam-scan --example speed -- REPOSITORY [COMMIT]`
#![expect(clippy::print_stdout, reason = "a measurement that somebody reads")]

use std::path::Path;
use std::time::Instant;

use dam_sandbox::Tier;
use dam_scan::{Boundary, Cache, Engine, Git, Scan, Settings, detectors};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    dam_sandbox::take_over_if_helper();
    let mut words = std::env::args().skip(1);
    let repository = words.next().ok_or("which repository?")?;
    let name = words.next().unwrap_or_else(|| "HEAD".to_owned());
    let memory = tempfile::tempdir()?;
    let boundary = Boundary {
        tier: Tier::choose(memory.path())?,
        path: "/usr/local/bin:/usr/bin:/bin".to_owned(),
    };
    let git = Git::around(Path::new(&repository), boundary)?.ok_or("it is no repository")?;
    let commit = git.commit(&name)?;
    for round in ["nothing known", "all known"] {
        measure(&format!("a whole commit, {round}"), || {
            with_cache(memory.path(), |engine| {
                Ok(engine.scan(&git.tree(&commit)?, None))
            })
        })?;
    }
    let Some(parent) = git.parent(&commit) else {
        return Ok(());
    };
    for (words, dir) in [
        ("the same known", memory.path().to_owned()),
        ("nothing known", memory.path().join("new")),
    ] {
        measure(&format!("what one commit changes, {words}"), || {
            with_cache(&dir, |engine| {
                Ok(engine.scan(&git.tree(&commit)?, Some(&git.tree(&parent)?)))
            })
        })?;
    }
    Ok(())
}

type Answer = Result<Scan, Box<dyn std::error::Error>>;

fn with_cache(dir: &Path, scan: impl FnOnce(&Engine<'_>) -> Answer) -> Answer {
    let (detectors, settings) = (detectors(), Settings::default());
    let cache = Cache::open(dir);
    scan(&Engine {
        detectors: &detectors,
        settings: &settings,
        cache: Some(&cache),
    })
}

fn measure(what: &str, scan: impl FnOnce() -> Answer) -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let scan = scan()?;
    let took = begun.elapsed();
    let files: usize = scan.coverage.files.values().sum();
    println!(
        "{what}: {:.2} s; {files} files, {} KiB, {} findings, {} gaps",
        took.as_secs_f64(),
        scan.coverage.bytes >> 10,
        scan.findings.len(),
        scan.coverage.gaps.len()
    );
    Ok(())
}
