//! The place in the text: reading characters, blanks and comments, and the
//! limits of depth and work.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use super::{Dialect, GaveUp, Parsed, RawWord, Result};

/// Reads one text.
pub(crate) struct Parser<'a> {
    pub(super) chars: &'a [char],
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    pub(super) depth: usize,
    pub(super) fuel: &'a Cell<usize>,
    /// Here-documents whose text follows after this line.
    pub(super) pending: Vec<Pending>,
    /// How many here-documents have been read.
    pub(super) documents: usize,
    /// How many `$(…)` are open around this place.
    pub(super) substitutions: usize,
}

/// A here-document that has been announced.
pub(super) struct Pending {
    pub(super) delimiter: String,
    /// Quoted: its text is taken as it is.
    pub(super) literal: bool,
    /// `<<-`.
    pub(super) strip_tabs: bool,
    pub(super) text: Rc<OnceCell<RawWord>>,
}

/// Ends a word outside of quotes.
pub(super) const fn is_meta(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>'
    )
}

pub(super) const fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

pub(super) const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Parser<'a> {
    pub(super) const fn new(
        chars: &'a [char],
        dialect: Dialect,
        depth: usize,
        fuel: &'a Cell<usize>,
    ) -> Self {
        Self {
            chars,
            at: 0,
            dialect,
            depth,
            fuel,
            pending: Vec::new(),
            documents: 0,
            substitutions: 0,
        }
    }

    /// Reads the whole text.
    pub(super) fn script(mut self) -> Parsed {
        let mut items = Vec::new();
        let mut understood = 0;
        let gave_up = self.items(&mut items, &mut understood).and_then(|()| {
            if self.at < self.chars.len() {
                return Err(self.unexpected());
            }
            self.documents_at_end()
        });
        Parsed {
            script: super::Script { items },
            gave_up: gave_up
                .err()
                .map(|why| (why, self.chars[understood..].iter().collect())),
        }
    }

    /// A parser of another text at this depth.
    pub(super) fn nested<'b>(&self, chars: &'b [char]) -> Parser<'b>
    where
        'a: 'b,
    {
        Parser::new(chars, self.dialect, self.depth, self.fuel)
    }

    /// One level deeper, for as long as `read` reads.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= super::DEEPEST {
            return Err(GaveUp("it is nested too deep to be read".to_owned()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// The next character as it stands, without taking it.
    pub(super) fn raw(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// The character after the next.
    pub(super) fn raw_second(&self) -> Option<char> {
        self.chars.get(self.at + 1).copied()
    }

    /// Takes the next character as it stands.
    pub(super) fn take_raw(&mut self) -> Option<char> {
        let c = self.raw()?;
        self.at += 1;
        Some(c)
    }

    /// The next character outside of single quotes: a backslash at the end of
    /// a line, with the end of the line, is nothing.
    pub(super) fn peek(&mut self) -> Option<char> {
        while self.raw() == Some('\\') && self.raw_second() == Some('\n') {
            self.at += 2;
        }
        self.raw()
    }

    /// Takes the next character outside of single quotes.
    pub(super) fn take(&mut self) -> Option<char> {
        self.peek();
        self.take_raw()
    }

    /// Takes `c` if it is the next character.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// Takes `text` if it stands here.
    pub(super) fn eat_all(&mut self, text: &str) -> bool {
        let start = self.at;
        let found = text.chars().all(|c| self.eat(c));
        if !found {
            self.at = start;
        }
        found
    }

    /// Whether `text` stands here.
    pub(super) fn sees(&mut self, text: &str) -> bool {
        let start = self.at;
        let found = self.eat_all(text);
        self.at = start;
        found
    }

    /// Pays for a step of work.
    pub(super) fn work(&self, steps: usize) -> Result<()> {
        let left = self.fuel.get().checked_sub(steps);
        self.fuel.set(left.unwrap_or(0));
        left.map(|_| ())
            .ok_or_else(|| GaveUp("it is too much to be read".to_owned()))
    }

    /// Skips blanks and a comment: to the next token or end of line.
    pub(super) fn blanks(&mut self) -> Result<()> {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
        if self.raw() == Some('#') {
            let line = self.chars[self.at..].iter().take_while(|c| **c != '\n');
            let length = line.count();
            self.work(length)?;
            self.at += length;
        }
        self.work(1)
    }

    /// Skips blanks, comments and ends of lines, and reads the here-documents
    /// that follow those.
    pub(super) fn lines(&mut self) -> Result<()> {
        loop {
            self.blanks()?;
            if !self.eat('\n') {
                return Ok(());
            }
            self.documents()?;
        }
    }

    /// The reserved word or sign that stands here as a word of its own.
    pub(super) fn reserved(&mut self) -> Option<&'static str> {
        const WORDS: &[&str] = &[
            "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until",
            "for", "select", "function", "time", "coproc", "in", "{", "}", "!", "[[", "]]",
        ];
        let start = self.at;
        let found = WORDS.iter().copied().find(|word| {
            self.at = start;
            self.eat_all(word) && self.peek().is_none_or(is_meta)
        });
        self.at = start;
        found
    }

    /// Takes a reserved word if it stands here.
    pub(super) fn eat_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved() == Some(word);
        if found {
            self.eat_all(word);
        }
        found
    }

    /// Takes a reserved word that must follow.
    pub(super) fn expect(&mut self, word: &'static str) -> Result<()> {
        self.lines()?;
        if self.eat_reserved(word) {
            Ok(())
        } else {
            Err(GaveUp(format!("`{word}` is missing")))
        }
    }

    /// What stands here does not belong here.
    pub(super) fn unexpected(&mut self) -> GaveUp {
        GaveUp(match self.peek() {
            None => "the script ends too early".to_owned(),
            Some('\n') => "a line ends too early".to_owned(),
            Some(c) => format!("`{}` stands where no command can start", c.escape_debug()),
        })
    }

    /// The text from `start` to here, shortened.
    pub(super) fn written(&self, start: usize) -> String {
        const LONGEST: usize = 120;
        self.chars[start..self.at].iter().take(LONGEST).collect()
    }
}
