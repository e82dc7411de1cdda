//! Options of wrappers: where they end, and the few whose value matters.

use crate::analysis::{Assignment, Spread, Word};

use super::table::Spec;

/// The options in front of a command.
#[derive(Debug, Default)]
pub(super) struct Options {
    found: Vec<(String, Option<Word>)>,
    /// The index of the first word of the command.
    pub(super) rest: usize,
    /// Whether some word could be read in more than one way.
    pub(super) unclear: bool,
}

impl Options {
    /// Reads the options wherever they stand among `words`.
    pub(super) fn read_all(words: &[Word], spec: &Spec) -> Self {
        let mut all = Self::read(words, spec);
        while !all.unclear && all.rest < words.len() {
            let more = Self::read(&words[all.rest..], spec);
            all.rest += more.rest;
            all.found.extend(more.found);
            all.unclear = more.unclear;
        }
        all
    }

    /// Reads the options after the first of `words`.
    pub(super) fn read(words: &[Word], spec: &Spec) -> Self {
        let mut options = Self {
            rest: 1,
            ..Self::default()
        };
        while let Some(word) = words.get(options.rest) {
            let Some(text) = word.known() else {
                options.unclear |= word.may_be_option();
                break;
            };
            if text == "--" {
                options.rest += 1;
                break;
            }
            if let Some(long) = text.strip_prefix("--") {
                options.long(long, words, spec);
            } else if text.len() > 1
                && (text.starts_with('-') || spec.plus && text.starts_with('+'))
            {
                options.short(&text[1..], words, spec);
            } else if text == "-" && spec.dash {
                options.rest += 1;
            } else {
                break;
            }
            if options.unclear {
                break;
            }
        }
        for word in words.iter().skip(options.rest).take(spec.operands) {
            options.unclear |= word.spread() != Spread::One;
        }
        options.rest = (options.rest + spec.operands).min(words.len());
        options
    }

    /// Whether an option is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.iter().any(|(found, _)| found == name)
    }

    /// The value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&Word> {
        let found = self.found.iter().find(|(found, _)| found == name);
        found.and_then(|(_, value)| value.as_ref())
    }

    fn long(&mut self, text: &str, words: &[Word], spec: &Spec) {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(Word::Known(value.to_owned()))),
            None => (text, None),
        };
        self.rest += 1;
        if spec.long.contains(&name) {
            self.found.push((name.to_owned(), value));
        } else if spec.long_valued.contains(&name) {
            let value = value.or_else(|| self.next(words));
            self.found.push((name.to_owned(), value));
        } else {
            self.unclear = true;
        }
    }

    fn short(&mut self, text: &str, words: &[Word], spec: &Spec) {
        self.rest += 1;
        if spec.number && text.chars().all(|c| c.is_ascii_digit()) {
            return;
        }
        for (at, c) in text.char_indices() {
            let attached = &text[at + c.len_utf8()..];
            let attached = (!attached.is_empty()).then(|| Word::Known(attached.to_owned()));
            if spec.flags.contains(c) {
                self.found.push((c.to_string(), None));
            } else if spec.valued.contains(c) {
                let value = attached.or_else(|| self.next(words));
                self.found.push((c.to_string(), value));
                return;
            } else if spec.attached.contains(c) {
                self.found.push((c.to_string(), attached));
                return;
            } else {
                self.unclear = true;
                return;
            }
        }
    }

    /// The next word, as a value.
    fn next(&mut self, words: &[Word]) -> Option<Word> {
        let value = words.get(self.rest).cloned();
        self.rest += usize::from(value.is_some());
        self.unclear |= value
            .as_ref()
            .is_none_or(|value| value.spread() != Spread::One);
        value
    }
}

/// Takes the words that set variables off the front.
pub(super) fn assignments(words: &mut Vec<Word>) -> Vec<Assignment> {
    let is_assignment = |word: &&Word| word.prefix().contains('=');
    let count = words.iter().take_while(is_assignment).count();
    words
        .drain(..count)
        .map(|word| {
            let prefix = word.prefix();
            let end = prefix.find('=').unwrap_or(prefix.len());
            Assignment {
                name: prefix[..end].to_owned(),
                value: match &word {
                    Word::Known(text) => {
                        Word::Known(text.get(end + 1..).unwrap_or_default().to_owned())
                    }
                    Word::Unknown { .. } => word.clone(),
                },
            }
        })
        .collect()
}
