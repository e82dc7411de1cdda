//! SVEN: pairs of functions before and after the fix of a weakness. A pair is
//! right where the first is flagged with that weakness and the second is not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dam_scan::Entry;
use serde_json::Value;

use super::{Options, findings_in, ratio};

/// The weakness, the function before its fix, and after.
type Pair = (u16, String, String);

/// Scores the Python pairs with an even number.
pub fn score(root: &Path, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let pairs = pairs(root)?;
    let mut rates: BTreeMap<u16, [usize; 4]> = BTreeMap::new();
    for (number, (cwe, before, after)) in pairs
        .iter()
        .enumerate()
        .filter(|(number, _)| number % 2 == 0)
    {
        let flagged = |text: &str| {
            let input = Entry::of_bytes("function.py", text.as_bytes());
            findings_in(vec![input], options)
                .iter()
                .any(|finding| finding.cwe.contains(cwe))
        };
        let (first, second) = (flagged(before), flagged(after));
        let counts = rates.entry(*cwe).or_default();
        counts[0] += 1;
        counts[1] += usize::from(first);
        counts[2] += usize::from(second);
        counts[3] += usize::from(first && !second);
        let right = first && !second;
        if options.misses
            && !right
            && options
                .only
                .as_deref()
                .is_none_or(|only| only == cwe.to_string())
        {
            println!(
                "===== {number} CWE-{cwe} before {first} after {second}\n{before}\n----- after\n{after}"
            );
        }
    }
    println!(
        "{:<10} {:>6} {:>8} {:>8} {:>8}",
        "CWE", "pairs", "recall", "after", "correct"
    );
    let mut all = [0; 4];
    for (cwe, counts) in &rates {
        line(&cwe.to_string(), *counts);
        all.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }
    line("all", all);
    Ok(())
}

fn line(name: &str, [pairs, before, after, right]: [usize; 4]) {
    println!(
        "{name:<10} {pairs:>6} {:>8.3} {:>8.3} {:>8.3}",
        ratio(before, pairs),
        ratio(after, pairs),
        ratio(right, pairs)
    );
}

/// Python's pairs, each once, in the order of the files.
fn pairs(root: &Path) -> Result<Vec<Pair>, Box<dyn std::error::Error>> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for part in ["train", "val"] {
        for cwe in [22, 78, 79, 89] {
            let path = root.join(format!("data_train_val/{part}/cwe-{cwe:03}.jsonl"));
            for line in std::fs::read_to_string(path)?.lines() {
                let pair: Value = serde_json::from_str(line)?;
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
