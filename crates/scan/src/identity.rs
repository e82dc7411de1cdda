//! What a finding is known by from scan to scan.
//!
//! Not by its line, its path or a commit: code moves, files are renamed, and
//! commits are squashed. By what it is, the code it is about, the function
//! around it, and where its data comes from. Where several are alike, by
//! which of them it is.

use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::Finding;

/// How many bytes of a digest make a name: enough that nobody meets another's
/// by chance.
const BYTES: usize = 10;

/// The name of each finding, in their order.
pub fn identities(findings: &[Finding]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let alike = essence(finding);
            let which = seen.entry(alike.clone()).or_default();
            *which += 1;
            name(&alike, *which)
        })
        .collect()
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
    format!("{}\0{code}\0{symbol}\0{from}", finding.rule)
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
}
