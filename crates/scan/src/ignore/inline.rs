//! Ignores in comments: `dam: ignore RULE until 2027-01-31: REASON`, on the
//! line of the finding or on the line before.

use serde::{Deserialize, Serialize};

use super::is_day;
use crate::{Gap, GapKind};

/// How an ignore begins, whatever the comment around it looks like.
const MARK: &str = "dam: ignore ";

/// An ignore in a comment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Inline {
    /// Its line, from 1.
    pub line: u32,
    /// What it ignores.
    pub rule: String,
    /// The last day.
    pub until: String,
    /// Why.
    pub reason: String,
}

impl Inline {
    /// Whether it stands beside a line.
    pub fn is_beside(&self, line: u32) -> bool {
        self.line == line || self.line + 1 == line
    }
}

/// The ignores of a text, and what looks like one and has no effect.
pub(crate) fn inline(path: &str, text: &str) -> (Vec<Inline>, Vec<Gap>) {
    let (mut found, mut gaps) = (Vec::new(), Vec::new());
    if !text.contains(MARK) {
        return (found, gaps);
    }
    for (number, line) in (1..).zip(text.lines()) {
        let Some((_, rest)) = line.split_once(MARK) else {
            continue;
        };
        match parsed(number, rest) {
            Some(ignore) => found.push(ignore),
            None => gaps.push(Gap::in_file(
                path,
                GapKind::NoEffect,
                format!(
                    "line {number}: an ignore is written `{MARK}RULE until YYYY-MM-DD: REASON`"
                ),
            )),
        }
    }
    (found, gaps)
}

fn parsed(line: u32, rest: &str) -> Option<Inline> {
    let (rule, rest) = rest.split_once(" until ")?;
    let (until, reason) = rest.split_once(':')?;
    let reason = reason
        .trim()
        .trim_end_matches("*/")
        .trim_end_matches("-->")
        .trim();
    let whole = is_day(until) && !rule.is_empty() && !rule.contains(' ') && !reason.is_empty();
    whole.then(|| Inline {
        line,
        rule: rule.to_owned(),
        until: until.to_owned(),
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignore_needs_a_rule_a_day_and_a_reason() {
        let text = "x = 1  # dam: ignore sql-injection until 2027-01-31: only constants\n\
                    /* dam: ignore xss until 2027-02-30: no such day */\n\
                    // dam: ignore xss\n\
                    <!-- dam: ignore xss until 2027-03-01: static -->\n";
        let (found, gaps) = inline("a", text);
        let told: Vec<_> = found
            .iter()
            .map(|each| (each.line, each.reason.as_str()))
            .collect();
        assert_eq!(told, [(1, "only constants"), (4, "static")]);
        assert_eq!(gaps.len(), 2, "{gaps:?}");
        assert!(found[0].is_beside(1) && found[0].is_beside(2) && !found[0].is_beside(3));
    }
}
