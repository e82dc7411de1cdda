//! RealVuln: applications with labelled weaknesses and traps. A finding is
//! right where file and weakness agree and the line is at most ten away, as
//! its own scorer counts; each label counts once.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Counts, Options, files_below, findings_in};

/// Projects that are not looked at: they are kept for an honest figure.
const HELD_OUT: &[&str] = &["pygoat", "vulpy", "graphql", "dsvpwa", "lets-be-bad-guys"];

/// Scores the projects that are at hand below `--repositories`.
pub fn score(root: &Path, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let repositories = options
        .repositories
        .as_deref()
        .ok_or("--repositories says where the projects are")?;
    let mut all = Counts::default();
    let mut projects: Vec<_> = std::fs::read_dir(root.join("ground-truth"))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    projects.sort();
    println!(
        "{:<45} {:>4} {:>4} {:>4} {:>6} {:>6} {:>6}",
        "project", "TP", "FP", "FN", "P", "R", "F1"
    );
    for labels in projects {
        let name = labels
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let tree = Path::new(repositories).join(&name);
        if HELD_OUT.iter().any(|held| name.contains(held)) || !tree.is_dir() {
            continue;
        }
        let truth: Value =
            serde_json::from_str(&std::fs::read_to_string(labels.join("ground-truth.json"))?)?;
        let shown = options.misses
            && options
                .only
                .as_deref()
                .is_none_or(|only| name.contains(only));
        let counts = project(&tree, &truth, options, shown);
        line(&name, counts);
        all.add(counts);
    }
    line("all", all);
    Ok(())
}

fn line(name: &str, counts: Counts) {
    println!(
        "{name:<45} {:>4} {:>4} {:>4} {:>6.3} {:>6.3} {:>6.3}",
        counts.hits,
        counts.wrong,
        counts.missed,
        counts.precision(),
        counts.hit_rate(),
        counts.f1()
    );
}

fn project(tree: &Path, truth: &Value, options: &Options, shown: bool) -> Counts {
    let mut counts = Counts::default();
    let empty = Vec::new();
    let labels = truth["findings"].as_array().unwrap_or(&empty);
    let mut taken: BTreeMap<usize, bool> = BTreeMap::new();
    for finding in findings_in(files_below(tree, &[".py"]), options) {
        let cwe = format!("CWE-{}", finding.cwe.first().copied().unwrap_or_default());
        let fits = |label: &Value| {
            let place = &label["location"];
            let start = place["start_line"].as_u64().unwrap_or_default();
            let end = place["end_line"].as_u64().unwrap_or(start);
            let line = u64::from(finding.line);
            label["file"].as_str() == Some(&finding.path)
                && label["acceptable_cwes"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|each| each.as_str() == Some(&cwe)))
                && line + 10 >= start
                && line <= end + 10
        };
        let candidates = labels
            .iter()
            .enumerate()
            .filter(|(at, label)| !taken.contains_key(at) && fits(label));
        let best = candidates
            .min_by_key(|(_, label)| !label["is_vulnerable"].as_bool().unwrap_or_default());
        let right =
            best.is_some_and(|(_, label)| label["is_vulnerable"].as_bool().unwrap_or_default());
        if let Some((at, _)) = best {
            taken.insert(at, right);
        }
        if right {
            counts.hits += 1;
        } else {
            counts.wrong += 1;
            if shown {
                println!(
                    "wrong  {} {} {}:{} {}",
                    finding.confidence, finding.rule, finding.path, finding.line, finding.message
                );
            }
        }
    }
    for (at, label) in labels.iter().enumerate() {
        if label["is_vulnerable"].as_bool() == Some(true) && !taken.contains_key(&at) {
            counts.missed += 1;
            if shown {
                println!(
                    "missed {} {} {}:{}",
                    label["primary_cwe"],
                    label["vulnerability_class"],
                    label["file"],
                    label["location"]["start_line"]
                );
            }
        }
    }
    counts
}
