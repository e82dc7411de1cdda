//! Whether the words of a command start with what a rule names: for certain,
//! or possibly.

use super::HostExecutable;
use crate::Token;

/// A match for certain.
pub(super) struct Certain<'a> {
    /// The path of the program, where it is listed for the name in the rule.
    pub resolved: Option<&'a str>,
}

/// Whether the words match for certain.
pub(super) fn certain<'a>(
    pattern: &[Vec<String>],
    words: &'a [Token],
    executables: &[HostExecutable],
) -> Option<Certain<'a>> {
    let known = |at: usize| match words.get(at) {
        Some(Token::Known(word)) => Some(word.as_str()),
        Some(Token::Unknown { .. }) | None => None,
    };
    let (first, rest) = pattern.split_first()?;
    let program = known(0)?;
    let resolved = if first.iter().any(|name| name == program) && is_definite(program) {
        None
    } else {
        let is_listed = |found: &&HostExecutable| {
            first.contains(&found.name) && found.paths.iter().any(|path| path == program)
        };
        executables.iter().find(is_listed)?;
        Some(program)
    };
    let matches = |(at, word): (usize, &Vec<String>)| {
        known(at + 1).is_some_and(|known| word.iter().any(|name| name == known))
    };
    rest.iter()
        .enumerate()
        .all(matches)
        .then_some(Certain { resolved })
}

/// A name, or a path from the root: the same wherever the command runs.
fn is_definite(program: &str) -> bool {
    !program.contains('/') || program.starts_with('/')
}

/// Whether the words could match, whatever the unknown ones turn out to be.
pub(super) fn possible(pattern: &[Vec<String>], words: &[Token]) -> bool {
    // How many items of the pattern the words so far may stand for.
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    for token in words {
        let mut next = vec![false; pattern.len() + 1];
        for at in (0..pattern.len()).filter(|at| reached[*at]) {
            match token {
                Token::Known(word) => next[at + 1] |= may_be(at, &pattern[at], word),
                Token::Unknown { prefix, many } => {
                    let starts = may_start(at, &pattern[at], prefix);
                    next[at + 1] |= starts;
                    if *many {
                        next[at] = true;
                        // Of the words after the first nothing is known.
                        next[at + 1..].fill_with(|| starts);
                    }
                }
            }
        }
        if next[pattern.len()] {
            return true;
        }
        reached = next;
    }
    false
}

/// Whether a word may be one of the alternatives, at this place.
fn may_be(at: usize, alternatives: &[String], word: &str) -> bool {
    alternatives.iter().any(|name| {
        if at == 0 {
            may_run(name, word)
        } else {
            name == word
        }
    })
}

/// Whether a word with this prefix may be one of the alternatives.
fn may_start(at: usize, alternatives: &[String], prefix: &str) -> bool {
    // A path of any spelling may lead to the program.
    at == 0 || alternatives.iter().any(|name| name.starts_with(prefix))
}

/// Whether a program that is started by `word` may be the one that a rule
/// calls `name`: the same name in any directory, or the same path.
fn may_run(name: &str, word: &str) -> bool {
    if base(name) != base(word) {
        return false;
    }
    let are_paths = name.starts_with('/') && word.starts_with('/');
    !are_paths || settled(name) == settled(word)
}

/// The last part of a path.
fn base(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

/// The parts of an absolute path as they are, without looking at a disk. Many
/// systems have `/bin` and `/sbin` in `/usr`.
fn settled(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.first() == Some(&"usr") && matches!(parts.get(1), Some(&"bin" | &"sbin")) {
        parts.remove(0);
    }
    parts
}
