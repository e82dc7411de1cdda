//! Measures the scanner on corpora with labels, which are not part of the
//! repository: `score -- --corpus NAME PATH`.
//!
//! `--least A|B|C` counts only findings that are at least that sure, `--misses`
//! lists what was wrong, `--only TEXT` limits that to categories or projects of
//! that name. Of SVEN only pairs with an even number are looked at; of
//! RealVuln only the projects that are not held out.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it prints figures"
)]

use std::collections::BTreeMap;
use std::path::Path;

use dam_scan::taint::Taint;
use dam_scan::{Confidence, Detector, Entry, Finding, Settings, scan_files};

mod creddata;
mod owasp;
mod realvuln;
mod sven;

/// What is asked for.
pub struct Options {
    /// Findings below this do not count.
    pub least: Confidence,
    /// Whether what was wrong is listed.
    pub misses: bool,
    /// Only of these.
    pub only: Option<String>,
    /// Where the projects of RealVuln are.
    pub repositories: Option<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options {
        least: Confidence::C,
        misses: false,
        only: None,
        repositories: None,
    };
    let (mut corpus, mut path) = (None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--corpus" => corpus = arguments.next(),
            "--misses" => options.misses = true,
            "--only" => options.only = arguments.next(),
            "--repositories" => options.repositories = arguments.next(),
            "--least" => {
                options.least = match arguments.next().as_deref() {
                    Some("A") => Confidence::A,
                    Some("B") => Confidence::B,
                    _ => Confidence::C,
                }
            }
            other => path = Some(other.to_owned()),
        }
    }
    let (Some(corpus), Some(path)) = (corpus, path) else {
        return Err("usage: score --corpus owasp-python|sven|realvuln|creddata|speed PATH".into());
    };
    let path = Path::new(&path);
    let part = options.only.clone();
    match corpus.as_str() {
        "owasp-python" => owasp::score(path, &options),
        "sven" => sven::score(path, &options),
        "realvuln" => realvuln::score(path, &options),
        "speed" => {
            speed(path);
            Ok(())
        }
        "list" => {
            list(path, &options);
            Ok(())
        }
        "creddata" => Ok(creddata::score(path, part.as_deref())?),
        other => Err(format!("there is no corpus `{other}`").into()),
    }
}

/// The detectors that are measured.
fn detectors() -> Vec<Box<dyn Detector>> {
    vec![Box::new(Taint)]
}

/// What the engine finds in these files.
fn findings_in(files: Vec<Entry>, options: &Options) -> Vec<Finding> {
    let scan = scan_files(files, &detectors(), &Settings::default());
    scan.findings
        .into_iter()
        .filter(|finding| finding.confidence >= options.least)
        .collect()
}

/// Files below a directory with one of these endings.
fn files_below(root: &Path, endings: &[&str]) -> Vec<Entry> {
    let mut files = Vec::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(directory) = left.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() && name != ".git" {
                left.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending))
                && let (Ok(bytes), Ok(inside)) = (std::fs::read(&path), path.strip_prefix(root))
            {
                files.push(Entry::of_bytes(inside.to_string_lossy(), bytes));
            }
        }
    }
    files
}

/// How many were right and wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Found, and so.
    pub hits: usize,
    /// So, and not found.
    pub missed: usize,
    /// Found, and not so.
    pub wrong: usize,
    /// Not so, and silent.
    pub silent: usize,
}

impl Counts {
    fn hit_rate(self) -> f64 {
        ratio(self.hits, self.hits + self.missed)
    }

    fn false_rate(self) -> f64 {
        ratio(self.wrong, self.wrong + self.silent)
    }

    fn precision(self) -> f64 {
        ratio(self.hits, self.hits + self.wrong)
    }

    fn f1(self) -> f64 {
        ratio(2 * self.hits, 2 * self.hits + self.wrong + self.missed)
    }

    fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.missed += other.missed;
        self.wrong += other.wrong;
        self.silent += other.silent;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Prints a table of categories and their mean.
fn print_rates(rates: &BTreeMap<String, Counts>) {
    println!(
        "{:<20} {:>5} {:>5} {:>5} {:>5} {:>7} {:>7} {:>7}",
        "category", "TP", "FN", "FP", "TN", "TPR", "FPR", "score"
    );
    let (mut sum, mut all) = (0.0, Counts::default());
    for (name, counts) in rates {
        let score = counts.hit_rate() - counts.false_rate();
        println!(
            "{name:<20} {:>5} {:>5} {:>5} {:>5} {:>7.3} {:>7.3} {score:>7.3}",
            counts.hits,
            counts.missed,
            counts.wrong,
            counts.silent,
            counts.hit_rate(),
            counts.false_rate()
        );
        sum += score;
        all.add(*counts);
    }
    println!(
        "mean of TPR - FPR over {} categories: {:.3}",
        rates.len(),
        sum / ratio(rates.len(), 1).max(1.0)
    );
    println!(
        "precision {:.3}  recall {:.3}  F1 {:.3}",
        all.precision(),
        all.hit_rate(),
        all.f1()
    );
}

/// How fast the engine is on the files below a directory.
fn speed(path: &Path) {
    let files = files_below(path, &[".py"]);
    let count = files.len();
    let start = std::time::Instant::now();
    let scan = scan_files(files, &detectors(), &Settings::default());
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} files in {seconds:.2} s: {:.0} files a second; {} findings, {} gaps",
        ratio(count, 1) / seconds,
        scan.findings.len(),
        scan.coverage.gaps.len()
    );
}

/// Prints what the engine finds below a directory.
fn list(path: &Path, options: &Options) {
    for finding in findings_in(files_below(path, &[".py"]), options) {
        println!(
            "{} {} {}:{} {}",
            finding.confidence, finding.rule, finding.path, finding.line, finding.message
        );
        for step in &finding.steps {
            println!("    {}:{} {}", step.path, step.line, step.what);
        }
    }
}
