//! Acts that are dangerous by program, subcommand and option.
//!
//! A row names what must be there; the first that fits decides. Words of the
//! command that cannot be known fit whatever they may become, where a row has
//! another word that is there for certain.

use crate::analysis::Word;

use super::found::{Danger, Found};
use super::has;

/// One row.
pub(super) struct Act {
    /// The programs, separated by `|`.
    pub(super) programs: &'static str,
    /// The words without options that come first, in order. `a|b` is either;
    /// `*` is any.
    pub(super) words: &'static str,
    /// Options of which one must be there, separated by spaces; none if empty.
    pub(super) options: &'static str,
    /// Options that make it harmless.
    pub(super) unless: &'static str,
    /// What it is.
    pub(super) danger: Danger,
    /// What it does, after the name of the command.
    pub(super) what: &'static str,
    /// A safer way, or the usual one if empty.
    pub(super) safer: &'static str,
}

/// A row: programs, words, options of which one must be there, options that
/// make it harmless; then what it is.
pub(super) const fn act(
    command: [&'static str; 4],
    danger: Danger,
    what: &'static str,
    safer: &'static str,
) -> Act {
    let [programs, words, options, unless] = command;
    Act {
        programs,
        words,
        options,
        unless,
        danger,
        what,
        safer,
    }
}

/// The first row of `table` that a command fits.
pub(super) fn find(table: &[Act], name: &str, words: &[Word]) -> Option<Found> {
    table.iter().find_map(|act| act.found(name, words))
}

impl Act {
    fn found(&self, name: &str, words: &[Word]) -> Option<Found> {
        if !self.programs.split('|').any(|program| program == name) {
            return None;
        }
        let matched = self.matched(words)?;
        let list = |options: &'static str| options.split_whitespace().collect::<Vec<_>>();
        let needed = list(self.options);
        let with = needed.iter().find(|option| has(words, &[option]));
        if !needed.is_empty() && with.is_none() || has(words, &list(self.unless)) {
            return None;
        }
        let mut command = name.to_owned();
        for shown in matched.iter().map(ToString::to_string) {
            command.push(' ');
            command.push_str(&shown);
        }
        if let Some(option) = with {
            command.push(' ');
            command.push_str(option);
        }
        let found = Found::new(self.danger, format!("`{command}` {}", self.what));
        Some(if self.safer.is_empty() {
            found
        } else {
            found.safer(self.safer)
        })
    }

    /// The words that fit those of the row. The value of an option before or
    /// between them is skipped: it follows an option, and does not fit.
    fn matched<'a>(&self, words: &'a [Word]) -> Option<Vec<&'a Word>> {
        let is_option = |word: &Word| word.prefix().starts_with('-');
        let mut matched = Vec::new();
        let mut sure = self.words.is_empty();
        let mut at = 0;
        for wanted in self.words.split_whitespace() {
            loop {
                let word = words.get(at)?;
                let follows = at > 0 && is_option(&words[at - 1]);
                at += 1;
                if is_option(word) {
                    continue;
                }
                let fits = wanted == "*"
                    || match word.known() {
                        Some(text) => wanted.split('|').any(|one| one.eq_ignore_ascii_case(text)),
                        None => word.prefix().is_empty(),
                    };
                if fits {
                    sure |= word.known().is_some();
                    matched.push(word);
                    break;
                }
                if !follows {
                    return None;
                }
            }
        }
        sure.then_some(matched)
    }
}
