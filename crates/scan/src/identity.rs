//! What a finding is known by from scan to scan.
//!
//! Not by its line, its path or a commit: code moves, files are renamed, and
//! commits are squashed. By what it is, the code it is about, the function
//! around it, and where its data comes from. Where several are alike, by
//! which of them it is.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::Finding;

/// How many bytes of a digest make a name: enough that nobody meets another's
/// by chance.
const BYTES: usize = 10;

/// How many of those that are alike are looked for among what was there.
const ALIKE: usize = 64;

/// The name of each finding, in their order.
pub fn identities(findings: &[Finding]) -> Vec<String> {
    identities_after(findings, &BTreeMap::new())
}

/// The name of each finding, in their order. `before` has the names of what was
/// there before, with their paths: of several that are alike, one in the same
/// file is the same, then one of another file, which was renamed.
pub fn identities_after(findings: &[Finding], before: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        alike.entry(essence(finding)).or_default().push(index);
    }
    let mut names = vec![String::new(); findings.len()];
    for (essence, indices) in &alike {
        let most = indices.len() + ALIKE;
        let mut free: Vec<String> = (1..=most).map(|which| name(essence, which)).collect();
        let mut give = |fits: &dyn Fn(&str, &str) -> bool| {
            for index in indices {
                let path = &findings[*index].path;
                let taken = free.iter().position(|name| fits(name, path));
                if let Some(taken) = taken.filter(|_| names[*index].is_empty()) {
                    names[*index] = free.remove(taken);
                }
            }
        };
        give(&|name, path| before.get(name).is_some_and(|old| *old == path));
        give(&|name, _| before.contains_key(name));
        give(&|_, _| true);
    }
    names
}

/// What stays the same when code moves.
fn essence(finding: &Finding) -> String {
    let code = if finding.snippet.is_empty() {
        // About a file as a whole.
        let file = finding.path.rsplit('/').next().unwrap_or_default();
        format!("{file}\0{}", finding.message)
    } else {
        plain(&finding.snippet)
    };
    let symbol = finding.symbol.as_deref().unwrap_or_default();
    let from = finding.steps.first().map(|step| plain(&step.what));
    let from = from.unwrap_or_default();
    let mark = &finding.mark;
    format!("{}\0{code}\0{mark}\0{symbol}\0{from}", finding.rule)
}

/// Text without what formatting changes.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    text.replace('\'', "\"")
}

fn name(alike: &str, which: usize) -> String {
    short_name(format!("{alike}\0{which}").as_bytes())
}

/// A short name for bytes: no two have the same by chance.
pub fn short_name(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut name = String::with_capacity(2 * BYTES);
    for byte in &digest[..BYTES] {
        // Writing to a string cannot fail.
        let _infallible = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: &str, line: u32, snippet: &str) -> Finding {
        Finding {
            rule: "sql-injection".into(),
            path: path.to_owned(),
            line,
            snippet: snippet.to_owned(),
            symbol: Some("search".to_owned()),
            ..Finding::default()
        }
    }

    #[test]
    fn what_moves_or_is_formatted_anew_is_the_same() {
        let before = identities(&[finding("a.py", 3, "db.execute('x' + q)")]);
        let after = identities(&[finding("b/c.py", 90, "db.execute( \"x\" + q )")]);
        assert_eq!(before, after);
    }

    #[test]
    fn what_is_alike_is_counted_and_what_differs_is_another() {
        let twice = identities(&[finding("a.py", 3, "x(q)"), finding("a.py", 9, "x(q)")]);
        assert_ne!(twice[0], twice[1]);
        let other = identities(&[finding("a.py", 3, "x(p)")]);
        assert_ne!(twice[0], other[0]);
        // The second goes: the first keeps its name.
        assert_eq!(identities(&[finding("a.py", 3, "x(q)")])[0], twice[0]);
    }

    #[test]
    fn of_what_is_alike_the_one_in_the_same_file_is_the_same() {
        let old = finding("old.py", 3, "x(q)");
        let before = identities(std::slice::from_ref(&old));
        let known = BTreeMap::from([(before[0].as_str(), "old.py")]);
        let new = finding("new.py", 1, "x(q)");
        let after = identities_after(&[new.clone(), old], &known);
        assert_eq!(after[1], before[0]);
        assert_ne!(after[0], before[0]);
        // Where the old one is gone, it was renamed.
        assert_eq!(identities_after(&[new], &known), before);
    }
}
