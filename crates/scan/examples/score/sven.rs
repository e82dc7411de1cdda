//! SVEN: pairs of functions before and after the fix of a weakness. A pair is
//! right where the first is flagged with that weakness and the second is not.
//! Only pairs with an even number count: the odd ones are held out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::counts::ratio;
use super::{Options, Score, Tool};

/// The weakness, the function before its fix, and after.
type Pair = (u16, String, String);

/// Scores the Python pairs with an even number. Each function is a file of
/// its own.
pub fn score(root: &Path, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    let pairs = pairs(root)?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let even = || pairs.iter().enumerate().step_by(2);
    for (number, (_, before, after)) in even() {
        for (side, text) in [("before", before), ("after", after)] {
            std::fs::write(dir.path().join(file_name(number, side)), text)
                .map_err(|error| error.to_string())?;
        }
    }
    let looked = tool.look(dir.path(), "python")?;
    let found: BTreeSet<(&str, u16)> = looked
        .found
        .iter()
        .flat_map(|each| each.cwe.iter().map(|cwe| (each.path.as_str(), *cwe)))
        .collect();
    let mut rates: BTreeMap<u16, [usize; 4]> = BTreeMap::new();
    for (number, (cwe, before, after)) in even() {
        let flagged = |side| found.contains(&(file_name(number, side).as_str(), *cwe));
        let (first, second) = (flagged("before"), flagged("after"));
        let right = first && !second;
        let counts = rates.entry(*cwe).or_default();
        let all = [true, first, second, right];
        counts
            .iter_mut()
            .zip(all)
            .for_each(|(sum, is)| *sum += usize::from(is));
        if !right && options.shows(&cwe.to_string()) {
            println!(
                "===== {number} CWE-{cwe} before {first} after {second}\n{before}\n----- after\n{after}"
            );
        }
    }
    let mut all = [0; 4];
    for (cwe, counts) in &rates {
        if options.details {
            let [pairs, before, after, right] = counts.map(|count| ratio(count, counts[0]));
            let _ = pairs;
            println!(
                "CWE-{cwe}: {} pairs, recall {before:.3}, flagged after {after:.3}, right {right:.3}",
                counts[0]
            );
        }
        all.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    let [pairs, before, after, right] = all;
    Ok(Score {
        figures: vec![
            ("right", ratio(right, pairs)),
            ("recall", ratio(before, pairs)),
            ("after", ratio(after, pairs)),
        ],
        seconds: looked.seconds,
    })
}

fn file_name(number: usize, side: &str) -> String {
    format!("pair{number:03}_{side}.py")
}

/// Python's pairs, each once, in the order of the files.
fn pairs(root: &Path) -> Result<Vec<Pair>, String> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for part in ["train", "val"] {
        for cwe in [22, 78, 79, 89] {
            let path = root.join(format!("data_train_val/{part}/cwe-{cwe:03}.jsonl"));
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            for line in text.lines() {
                let pair: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
                let field = |name: &str| pair[name].as_str().unwrap_or_default().to_owned();
                let texts = (field("func_src_before"), field("func_src_after"));
                let is_python = Path::new(&field("file_name"))
                    .extension()
                    .is_some_and(|ending| ending == "py");
                if is_python && seen.insert(texts.clone()) {
                    all.push((cwe, dedented(&texts.0), dedented(&texts.1)));
                }
            }
        }
    }
    Ok(all)
}

/// A method without the indent of its class.
fn dedented(text: &str) -> String {
    let indent: String = text
        .chars()
        .take_while(|c| *c == ' ' || *c == '\t')
        .collect();
    let lines = text.replace("\r\n", "\n");
    lines
        .lines()
        .map(|line| line.strip_prefix(&indent).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}
