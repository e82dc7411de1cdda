//! RealVuln: applications with labelled weaknesses and traps. A finding is
//! right where file and weakness agree and the line is at most ten away, as
//! its own scorer counts; each label counts once.
//!
//! A finding that names several weaknesses counts once, and fits where one of
//! them does: for every tool alike. The corpus's own scorer counts it once for
//! each weakness. `exact` is the figure where only the first one counts.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::counts::Counts;
use super::tool::Found;
use super::{Options, Score, Tool};

/// Projects that are not looked at: they are kept for an honest figure.
const HELD_OUT: &[&str] = &["pygoat", "vulpy", "graphql", "dsvpwa", "lets-be-bad-guys"];

/// Scores the projects that are at hand.
pub fn score(root: &Path, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    let labels = root.join("ground-truth");
    let projects = root.with_file_name("realvuln-projects");
    let entries =
        std::fs::read_dir(&labels).map_err(|error| format!("{}: {error}", labels.display()))?;
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !HELD_OUT.iter().any(|held| name.contains(held)))
        .filter(|name| projects.join(name).is_dir())
        .collect();
    names.sort();
    let (mut all, mut exact, mut seconds) = (Vec::new(), Vec::new(), 0.0);
    for name in &names {
        let truth = read(&labels.join(name).join("ground-truth.json"))?;
        let looked = tool.look(&projects.join(name), "python")?;
        seconds += looked.seconds;
        let counts = project(&looked.found, &truth, options.shows(name));
        if options.details {
            line(name, counts);
        }
        all.push(counts);
        let firsts: Vec<Found> = looked.found.into_iter().map(first_weakness).collect();
        exact.push(project(&firsts, &truth, false));
    }
    let all: Counts = all.into_iter().sum();
    let exact: Counts = exact.into_iter().sum();
    Ok(Score {
        figures: vec![
            ("F1", all.f1()),
            ("precision", all.precision()),
            ("recall", all.hit_rate()),
            ("exact", exact.f1()),
        ],
        seconds,
    })
}

fn read(path: &Path) -> Result<Value, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn first_weakness(mut found: Found) -> Found {
    found.cwe.truncate(1);
    found
}

fn line(name: &str, counts: Counts) {
    println!(
        "{name:<45} {:>4} right {:>4} wrong {:>4} missed; P {:.3} R {:.3} F1 {:.3}",
        counts.hits,
        counts.wrong,
        counts.missed,
        counts.precision(),
        counts.hit_rate(),
        counts.f1()
    );
}

fn project(found: &[Found], truth: &Value, shown: bool) -> Counts {
    let mut counts = Counts::default();
    let empty = Vec::new();
    let labels = truth["findings"].as_array().unwrap_or(&empty);
    let is_real = |label: &Value| label["is_vulnerable"].as_bool().unwrap_or_default();
    let mut taken: BTreeMap<usize, bool> = BTreeMap::new();
    for each in found.iter().filter(|each| !each.cwe.is_empty()) {
        let candidates = labels
            .iter()
            .enumerate()
            .filter(|(at, label)| !taken.contains_key(at) && fits(each, label));
        let best = candidates.min_by_key(|(_, label)| !is_real(label));
        let right = best.is_some_and(|(_, label)| is_real(label));
        if let Some((at, _)) = best {
            taken.insert(at, right);
        }
        counts.hits += usize::from(right);
        counts.wrong += usize::from(!right);
        if shown && !right {
            println!("wrong  {}:{} {}", each.path, each.line, each.what);
        }
    }
    let left = labels
        .iter()
        .enumerate()
        .filter(|(at, label)| is_real(label) && !taken.contains_key(at));
    for (_, label) in left {
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
    counts
}

fn fits(found: &Found, label: &Value) -> bool {
    let place = &label["location"];
    let start = place["start_line"].as_u64().unwrap_or_default();
    let end = place["end_line"].as_u64().unwrap_or(start);
    let line = u64::from(found.line);
    let accepted = label["acceptable_cwes"].as_array().into_iter().flatten();
    let names: Vec<String> = found.cwe.iter().map(|cwe| format!("CWE-{cwe}")).collect();
    label["file"].as_str() == Some(&found.path)
        && accepted
            .filter_map(Value::as_str)
            .any(|each| names.iter().any(|name| name == each))
        && line + 10 >= start
        && line <= end + 10
}
