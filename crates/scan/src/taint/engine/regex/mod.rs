//! How long an expression may take on the worst text, read from the expression.
//!
//! It is made into an automaton with one state for each character class in it
//! (Glushkov's). The time is exponential where a loop can read some word in
//! two ways, and polynomial where two loops after each other can read the same
//! word and what is between them, too. Both need a way to fail afterwards.

mod automaton;
mod parse;

use automaton::Automaton;
use parse::{Chars, Parser};

/// How the time grows with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    Linear,
    Polynomial,
    Exponential,
}

/// What an expression of JavaScript costs: its text with delimiters and flags.
/// Several, where it is not known which, are lines.
pub(super) fn cost_of_literal(text: &str) -> Cost {
    if let Some((one, others)) = text.split_once("\n/") {
        return cost_of_literal(one).max(cost_of_literal(&format!("/{others}")));
    }
    let Some((body, flags)) = text
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
    else {
        return Cost::Linear;
    };
    cost(body, flags.contains('i'), !flags.contains('y'))
}

/// What an expression costs; `anywhere` where it is tried from each place.
fn cost(pattern: &str, any_case: bool, anywhere: bool) -> Cost {
    let node = Parser::new(pattern, any_case).alternatives();
    let mut automaton = Automaton::default();
    if anywhere {
        automaton.state(Chars::ANY);
        automaton.link(&[0], &[0]);
    }
    let Some(part) = automaton.add(&node) else {
        return Cost::Linear;
    };
    if anywhere {
        automaton.link(&[0], &part.first);
    }
    for state in &part.last {
        automaton.accepts[*state] = true;
    }
    automaton.cost()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_cost_what_they_do() {
        use Cost::{Exponential, Linear, Polynomial};
        for (pattern, cost) in [
            ("/^(a+)+$/", Exponential),
            ("/^(a|a)*$/", Exponential),
            ("/^(a*b*)*c/", Exponential),
            ("/^(([a-z])+.)+[A-Z]$/", Exponential),
            ("/^(\\w+\\s?)*$/", Exponential),
            ("/^(?:[^\"\\\\]|\\\\.)*$/", Linear),
            ("/\\s+$/", Polynomial),
            ("/^\\s*a?\\s*$/", Polynomial),
            ("/^ *, *$/", Linear),
            (" *, *", Linear),
            ("/ *, */", Polynomial),
            ("/^a*b*$/", Linear),
            ("/^[a-z]+$/", Linear),
            ("/[a-z]+/g", Linear),
            ("/a+b/", Polynomial),
            ("/^\\d{1,3}(\\.\\d{1,3})*$/", Linear),
            ("/^.*;.*$/", Polynomial),
            ("/[^/]+\\//", Polynomial),
            ("/^[A-Za-z]+(?:=?=?)[?\\x21-\\x7E]*$/", Polynomial),
            ("/a/\n/(a+)+$/g", Exponential),
            ("/(/", Linear),
            ("/[/", Linear),
            ("/a{2,/", Linear),
        ] {
            assert_eq!(cost_of_literal(pattern), cost, "{pattern}");
        }
    }
}
