//! The OSSF CVE benchmark: weaknesses of JavaScript and TypeScript projects by
//! file and line, with the commit before the fix and the one after it.
//!
//! A weakness is found where a finding of its class is at most three lines
//! away before the fix. It counts where none is left there after it, as a
//! scan of the difference would see it. Every first of two, by the sorted
//! identifiers, was tuned on; of the others only totals are printed.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::counts::ratio;
use super::tool::Found;
use super::{Options, Score, Tool};

/// How many lines a finding may be away.
const NEAR: u32 = 3;
/// Pairs of lines that are compared.
const MAX_TABLE: usize = 30_000_000;
/// Words in names of directories and files that are not the project itself.
const ASIDE: &[&str] = &["test", "spec", "bench", "example", "fixture", "demo"];

/// What is known of one weakness.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    found: bool,
    gone: bool,
    before: usize,
    after: usize,
    seconds: f64,
}

/// The half that was tuned on.
pub fn tuned(root: &Path, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    score(root, 0, tool, options)
}

/// The half of which nothing was looked at.
pub fn held_out(root: &Path, tool: &dyn Tool, _: &Options) -> Result<Score, String> {
    let root = root.with_file_name("ossf");
    score(&root, 1, tool, &Options::default())
}

/// Scores the weaknesses of which both commits are laid out.
fn score(root: &Path, half: usize, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    let labels = root.join("CVEs");
    let projects = root.with_file_name("ossf-projects");
    let entries =
        std::fs::read_dir(&labels).map_err(|error| format!("{}: {error}", labels.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut all: Vec<Counts> = Vec::new();
    for path in paths.iter().skip(half).step_by(2) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let project = projects.join(&*name);
        if !project.join("before").is_dir() || !project.join("after").is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let truth: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let counts = weakness(&project, &truth, tool, options.shows(&name))?;
        if options.details {
            println!(
                "{:<6} {name:<17} {:>3} before {:>3} after  {}",
                match (counts.found, counts.gone) {
                    (true, true) => "right",
                    (true, false) => "stays",
                    _ => "missed",
                },
                counts.before,
                counts.after,
                truth["prePatch"]["weaknesses"][0]["explanation"]
                    .as_str()
                    .unwrap_or_default()
            );
        }
        all.push(counts);
    }
    let share =
        |of: fn(&Counts) -> bool| ratio(all.iter().filter(|each| of(each)).count(), all.len());
    let each = |of: fn(&Counts) -> usize| ratio(all.iter().map(of).sum(), all.len());
    Ok(Score {
        figures: vec![
            ("found and gone", share(|counts| counts.gone)),
            ("found", share(|counts| counts.found)),
            ("of", ratio(all.len(), 1)),
            ("reported before", each(|counts| counts.before)),
            ("after", each(|counts| counts.after)),
        ],
        seconds: all.iter().map(|counts| counts.seconds).sum(),
    })
}

fn weakness(project: &Path, truth: &Value, tool: &dyn Tool, shown: bool) -> Result<Counts, String> {
    let old = tool.look(&project.join("before"), "javascript")?;
    let new = tool.look(&project.join("after"), "javascript")?;
    let mut counts = Counts {
        seconds: old.seconds + new.seconds,
        ..Counts::default()
    };
    let (old, new) = (no_tests(old.found), no_tests(new.found));
    counts.before = old.len();
    counts.after = new.len();
    let classes = classes(truth);
    let fits = |each: &Found, path: &str, from: u32, to: u32| {
        let is_of_class = each.cwe.iter().any(|cwe| classes.contains(cwe));
        is_of_class && each.path == path && each.line + NEAR >= from && each.line <= to + NEAR
    };
    for label in truth["prePatch"]["weaknesses"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let place = &label["location"];
        let line = place["line"]
            .as_u64()
            .and_then(|line| u32::try_from(line).ok());
        let (Some(path), Some(line)) = (place["file"].as_str(), line) else {
            continue;
        };
        let Some(hit) = old.iter().find(|each| fits(each, path, line, line)) else {
            continue;
        };
        counts.found = true;
        let text = |when: &str| {
            let bytes = std::fs::read(project.join(when).join(path)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (from, to) = Shift::between(&text("before"), &text("after")).place(hit.line);
        counts.gone |= !new.iter().any(|each| fits(each, path, from, to));
    }
    if shown {
        for each in &old {
            println!("    {}:{} {}", each.path, each.line, each.what);
        }
    }
    Ok(counts)
}

fn no_tests(mut found: Vec<Found>) -> Vec<Found> {
    found.retain(|each| {
        !each.path.split('/').any(|part| {
            let part = part.to_ascii_lowercase();
            ASIDE.iter().any(|word| part.contains(word))
        })
    });
    found
}

/// The numbers of a weakness's class. The benchmark lists what its first tool
/// tagged: of several, the one that names the class counts.
fn classes(truth: &Value) -> BTreeSet<u16> {
    let listed: BTreeSet<u16> = truth["CWEs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|each| each.as_str()?.strip_prefix("CWE-")?.parse().ok())
        .collect();
    if listed.contains(&915) {
        return BTreeSet::from([915, 1321]);
    }
    if listed.contains(&94) {
        return BTreeSet::from([94, 95]);
    }
    let mut all = listed;
    if all.contains(&730) || all.contains(&400) {
        all.insert(1333);
    }
    all
}

/// Where lines of a file went, each from 1: none for what was changed.
struct Shift {
    moved: Vec<Option<u32>>,
    lines: u32,
}

impl Shift {
    fn between(old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let line = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
        let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let left = old.len().min(new.len()) - before;
        let ends = old.iter().rev().zip(new.iter().rev()).take(left);
        let after = ends.take_while(|(a, b)| a == b).count();
        let mut moved: Vec<Option<u32>> = (0..before).map(|at| Some(line(at))).collect();
        let inner = &new[before..new.len() - after];
        let middle = &old[before..old.len() - after];
        moved.extend(common(middle, inner).map(|at| at.map(|at| line(before + at))));
        moved.extend((0..after).map(|at| Some(line(new.len() - after + at))));
        Self {
            moved,
            lines: line(new.len()),
        }
    }

    /// The lines that an old line may have become.
    fn place(&self, number: u32) -> (u32, u32) {
        let at = (number as usize).saturating_sub(1);
        if let Some(Some(line)) = self.moved.get(at) {
            return (*line, *line);
        }
        let before = self.moved.iter().take(at).rev().find_map(|line| *line);
        let after = self.moved.iter().skip(at).find_map(|line| *line);
        let from = before.map_or(1, |line| line + 1);
        let to = after.map_or(self.lines, |line| line.saturating_sub(1));
        (from, to.max(from))
    }
}

/// For each old line which new one it is, by the longest row of equal lines.
fn common(old: &[&str], new: &[&str]) -> std::vec::IntoIter<Option<usize>> {
    let mut found = vec![None; old.len()];
    if old.len().saturating_mul(new.len()) <= MAX_TABLE {
        let width = new.len() + 1;
        let mut best = vec![0_u32; (old.len() + 1) * width];
        for (a, one) in old.iter().enumerate().rev() {
            for (b, other) in new.iter().enumerate().rev() {
                best[a * width + b] = if one == other {
                    best[(a + 1) * width + b + 1] + 1
                } else {
                    best[(a + 1) * width + b].max(best[a * width + b + 1])
                };
            }
        }
        let (mut a, mut b) = (0, 0);
        while a < old.len() && b < new.len() {
            if old[a] == new[b] {
                found[a] = Some(b);
                a += 1;
                b += 1;
            } else if best[(a + 1) * width + b] >= best[a * width + b + 1] {
                a += 1;
            } else {
                b += 1;
            }
        }
    }
    found.into_iter()
}
