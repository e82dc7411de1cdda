//! OWASP BenchmarkPython: one case in each file, with its category and whether
//! it is real.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Counts, Options, files_below, findings_in, print_rates};

/// Scores a checkout.
pub fn score(root: &Path, options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let expected = std::fs::read_to_string(root.join("expectedresults-0.1.csv"))?;
    let files = files_below(root, &[".py"]);
    let mut found: BTreeSet<(String, u16)> = BTreeSet::new();
    for finding in findings_in(files, options) {
        let case = finding
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".py")
            .to_owned();
        found.extend(finding.cwe.iter().map(|cwe| (case.clone(), *cwe)));
    }
    let mut rates: BTreeMap<String, Counts> = BTreeMap::new();
    for line in expected.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split(',').collect();
        let [case, category, real, cwe, ..] = parts.as_slice() else {
            continue;
        };
        let says = found.contains(&((*case).to_owned(), cwe.trim().parse()?));
        let counts = rates.entry((*category).to_owned()).or_default();
        let real = *real == "true";
        match (real, says) {
            (true, true) => counts.hits += 1,
            (true, false) => counts.missed += 1,
            (false, true) => counts.wrong += 1,
            (false, false) => counts.silent += 1,
        }
        if options.misses
            && real != says
            && options.only.as_deref().is_none_or(|only| only == *category)
        {
            println!(
                "{} {category} {case}",
                if real { "missed" } else { "wrong " }
            );
        }
    }
    print_rates(&rates);
    Ok(())
}
