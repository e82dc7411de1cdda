//! Patterns for paths as regular expressions of the policy language.
//!
//! The text is one that `dam_policy::Glob` has taken, so only what that knows
//! is looked for. Where this language cannot say the same, it says more: the
//! patterns deny.

use super::pattern::{DIRECTORIES, escaped, in_any_spelling};

/// One character beyond ASCII, composed or not: its bytes, which may begin with
/// the letter that an accent stands on. Where one character ends and the next
/// begins cannot be said, so that `??` also matches `é`, and `?` also `éé`.
const BEYOND_ASCII: &str = "[ -.0-~]?[^ -~]+";

/// A regular expression for what a pattern matches, to come after its
/// directory and a slash.
pub(super) fn expression(glob: &str) -> String {
    let parts: Vec<&str> = glob.split('/').collect();
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| match (*part, at + 1 == parts.len()) {
            ("**", true) => "[^/]+".to_owned(),
            ("**", false) => DIRECTORIES.to_owned(),
            (part, true) => name(part),
            (part, false) => name(part) + "/",
        })
        .collect()
}

/// The patterns for the directories that must stay where they are, because
/// what matches below them would not match elsewhere.
pub(super) fn directories(glob: &str) -> impl Iterator<Item = &str> {
    glob.match_indices('/')
        .map(|(at, _)| &glob[..at])
        .filter(|glob| !glob.ends_with("**"))
}

/// The pattern for the same things anywhere: what follows its first `**`,
/// because a directory below can be moved.
pub(super) fn elsewhere(glob: &str) -> Option<&str> {
    let at = if glob.starts_with("**/") {
        0
    } else {
        glob.find("/**/")? + 1
    };
    let rest = &glob[at..];
    rest.split('/').any(|part| part != "**").then_some(rest)
}

/// A regular expression for one name.
fn name(glob: &str) -> String {
    let mut expression = String::new();
    // Spelled together: characters compose across each other.
    let mut literal = String::new();
    let mut rest = glob.chars();
    while let Some(c) = rest.next() {
        let special = match c {
            '*' => "[^/]*".to_owned(),
            '?' => format!("([ -.0-~]|{BEYOND_ASCII})"),
            '[' => class(&mut rest),
            '\\' => {
                literal.extend(rest.next());
                continue;
            }
            c => {
                literal.push(c);
                continue;
            }
        };
        expression.push_str(&in_any_spelling(&literal));
        literal.clear();
        expression.push_str(&special);
    }
    expression + &in_any_spelling(&literal)
}

/// What follows a `[`: each ASCII character that the class takes, in either
/// case, and any other character where it takes one.
fn class(rest: &mut std::str::Chars<'_>) -> String {
    let (negated, ranges) = ranges(rest);
    let has = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
    let takes = |c: char| (has(c.to_ascii_lowercase()) || has(c.to_ascii_uppercase())) != negated;
    let mut choices: Vec<String> = (' '..='~')
        .filter(|c| *c != '/' && takes(*c))
        .map(escaped)
        .collect();
    if negated || ranges.iter().any(|(_, to)| !to.is_ascii()) {
        choices.push(BEYOND_ASCII.to_owned());
    }
    format!("({})", choices.join("|"))
}

/// The ranges of a class, up to its `]`, which may be the first in it.
fn ranges(rest: &mut std::str::Chars<'_>) -> (bool, Vec<(char, char)>) {
    let negated = rest.clone().next().is_some_and(|c| c == '!' || c == '^');
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    while let Some(from) = rest.next().filter(|c| *c != ']' || ranges.is_empty()) {
        let mut ahead = rest.clone();
        let range = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != ']' => {
                *rest = ahead;
                (from, to)
            }
            _ => (from, from),
        };
        ranges.push(range);
    }
    (negated, ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_expressions() {
        for (glob, expected) in [
            ("x/*.y", r"[xX]/[^/]*\.[yY]"),
            ("**/x", "([^/]+/)*[xX]"),
            ("x/**", "[xX]/[^/]+"),
            ("[a-b]1", "(A|B|a|b)1"),
            ("[]x-]", r"(-|X|\]|x)"),
            (r"\*\[", r"\*\["),
        ] {
            assert_eq!(expression(glob), expected, "{glob}");
        }
        assert!(expression("[!a]").contains(BEYOND_ASCII));
        assert!(expression("[\u{e9}]").contains(BEYOND_ASCII));
        assert!(!expression("[!a]").contains("|a|"));
        assert!(!expression("[a-c]").contains(BEYOND_ASCII));
    }

    #[test]
    fn what_a_move_would_uncover_is_named() {
        let all = |glob| directories(glob).collect::<Vec<_>>();
        assert_eq!(all("a/b/c"), ["a", "a/b"]);
        assert_eq!(all("a/**/b/c"), ["a", "a/**/b"]);
        assert!(all("**/c").is_empty());
        assert_eq!(elsewhere("**/c"), Some("**/c"));
        assert_eq!(elsewhere("a/**/b/**/c"), Some("**/b/**/c"));
        assert_eq!(elsewhere("a/**"), None);
        assert_eq!(elsewhere("a/b"), None);
    }
}
