//! OWASP's benchmarks for Python and Java: one case in each file, with its
//! category and whether it is real.
//!
//! A finding counts in a case's category where it names the category's
//! weakness or one that tools use for it, for every tool alike.
//!
//! Of BenchmarkJava the cases with an even number were tuned on; those with an
//! odd one are only counted, never listed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::counts::{Counts, print_rates, youden};
use super::{Options, Score, Tool};

type Rates = BTreeMap<String, Counts>;

/// Scores a tool on a checkout of BenchmarkPython.
pub fn python(root: &Path, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    // Its cases call helpers that stand beside them.
    score(
        &root.join("expectedresults-0.1.csv"),
        root,
        "python",
        tool,
        options,
    )
}

/// Scores a tool on a checkout of BenchmarkJava.
pub fn java(root: &Path, tool: &dyn Tool, options: &Options) -> Result<Score, String> {
    let code = root.join("src/main/java/org/owasp/benchmark");
    score(
        &root.join("expectedresults-1.2.csv"),
        &code,
        "java",
        tool,
        options,
    )
}

fn score(
    labels: &Path,
    code: &Path,
    language: &str,
    tool: &dyn Tool,
    options: &Options,
) -> Result<Score, String> {
    let expected = std::fs::read_to_string(labels)
        .map_err(|error| format!("{}: {error}", labels.display()))?;
    let looked = tool.look(code, language)?;
    let mut found: BTreeSet<(&str, u16)> = BTreeSet::new();
    for each in &looked.found {
        let name = each.path.rsplit('/').next().unwrap_or_default();
        let case = name.split('.').next().unwrap_or_default();
        found.extend(each.cwe.iter().map(|cwe| (case, *cwe)));
    }
    let mut rates: Rates = Rates::new();
    let (mut even, mut odd) = (Rates::new(), Rates::new());
    let halves = language == "java";
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split(',').collect();
        let [case, category, real, cwe, ..] = parts.as_slice() else {
            continue;
        };
        let cwe: u16 = cwe
            .trim()
            .parse()
            .map_err(|_| format!("no weakness: {line}"))?;
        let says = related(cwe)
            .iter()
            .any(|cwe| found.contains(&(*case, *cwe)));
        let real = *real == "true";
        let is_even = case.ends_with(['0', '2', '4', '6', '8']);
        for rates in [&mut rates, if is_even { &mut even } else { &mut odd }] {
            let counts = rates.entry((*category).to_owned()).or_default();
            counts.count(real, says);
        }
        if real != says && options.shows(category) && (is_even || !halves) {
            println!(
                "{} {category} {case}",
                if real { "missed" } else { "wrong " }
            );
        }
    }
    if options.details {
        print_rates(&rates);
    }
    let all: Counts = rates.values().copied().sum();
    let mut figures = vec![
        ("TPR-FPR", youden(&rates)),
        ("precision", all.precision()),
        ("recall", all.hit_rate()),
        ("F1", all.f1()),
    ];
    if halves {
        figures.push(("even", youden(&even)));
        figures.push(("odd", youden(&odd)));
    }
    Ok(Score {
        figures,
        seconds: looked.seconds,
    })
}

/// What tools call a category's weakness.
fn related(cwe: u16) -> Vec<u16> {
    const RELATED: &[&[u16]] = &[
        &[22, 23, 36, 73],
        &[78, 77, 88],
        &[79, 80, 116],
        &[89, 564, 943],
        &[94, 95, 96, 78],
        &[327, 326, 328],
        &[328, 326, 327, 916],
        &[330, 331, 338],
        &[502, 20],
        &[611, 776, 827, 20],
        &[614, 311],
        &[643, 91],
    ];
    let all = RELATED.iter().find(|all| all[0] == cwe);
    all.map_or_else(|| vec![cwe], |all| all.to_vec())
}
