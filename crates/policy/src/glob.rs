//! Patterns for paths: `*`, `?`, `[…]` and `**`, component by component.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::{Folded, fold, names};

/// More components than any pattern needs: the states of matching are the bits
/// of one word.
const MOST_COMPONENTS: usize = 63;

/// A pattern for the paths below some directory. `*` is any run of characters,
/// `?` is one, `[a-z]` and `[!a-z]` are one of a class; `**`, alone between
/// slashes, is any number of components, at the end at least one; `\` takes the
/// character after it as it is.
///
/// Names are compared as protected names are, without regard to case. Whatever
/// lies below something that matches, matches.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadGlob {
    /// It does not begin at a directory, or has empty components.
    #[error("`{0}` is not a relative path: it begins or ends with `/`, or has `//`")]
    NotRelative(String),
    /// `.` and `..` are not names.
    #[error("`{0}` goes through `{1}`, which is not a name")]
    NotAName(String, String),
    /// `**` beside other characters.
    #[error("in `{0}`, `**` does not stand alone between slashes")]
    NotAlone(String),
    /// A class that does not end, is empty, or has a range from high to low.
    #[error("in `{0}`, a `[` does not begin a class of characters such as `[a-z]`")]
    BadClass(String),
    /// What other programs know, and this one does not.
    #[error("in `{0}`, `{{` is not known: write one pattern for each choice, or `\\{{`")]
    Braces(String),
    /// A backslash at the end.
    #[error("`{0}` ends with `\\`")]
    Unfinished(String),
    /// Too many components.
    #[error("`{0}` has more than {MOST_COMPONENTS} components")]
    TooDeep(String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    /// `**`
    AnyDepth,
    Name(Vec<Token>),
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Char(char),
    AnyChar,
    AnyRun,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Whether a text has characters that mean more than themselves here.
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?', '[', '{', '\\'])
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a relative path matches, or lies below what does.
    pub fn matches_path(&self, path: &Path) -> bool {
        self.matches(names(path))
    }

    /// Whether the path of these names matches, or lies below what does.
    pub(crate) fn matches<'a>(&self, names: impl Iterator<Item = &'a [u8]>) -> bool {
        let end = 1_u64 << self.parts.len();
        // Bit n: the names so far match the first n parts.
        let mut states = self.settled(1);
        for name in names {
            states = self.settled(self.step(states, &Folded::of(name)));
            if states & end != 0 {
                return true;
            }
            if states == 0 {
                return false;
            }
        }
        false
    }

    fn step(&self, states: u64, name: &Folded<'_>) -> u64 {
        let mut next = 0;
        for (at, part) in self.parts.iter().enumerate() {
            if states >> at & 1 == 0 {
                continue;
            }
            next |= match part {
                Part::AnyDepth if at + 1 == self.parts.len() => 1 << (at + 1),
                Part::AnyDepth => 1 << at,
                Part::Name(tokens) => u64::from(matches(tokens, name)) << (at + 1),
            };
        }
        next
    }

    /// With the states that are reached without a name: `**` may be nothing,
    /// but at the end.
    fn settled(&self, mut states: u64) -> u64 {
        for (at, part) in self.parts.iter().enumerate() {
            if *part == Part::AnyDepth && at + 1 < self.parts.len() {
                states |= (states >> at & 1) << (at + 1);
            }
        }
        states
    }
}

/// Only the last `*` is ever gone back to, so the work is bounded by the
/// product of the lengths, whatever the pattern.
fn matches(tokens: &[Token], name: &Folded<'_>) -> bool {
    // Most patterns end in a name's ending, which most names have not.
    if let Some(last @ Token::Char(_)) = tokens.last()
        && !name.last().is_some_and(|c| last.takes(c))
    {
        return false;
    }
    let (mut at, mut read) = (0, 0);
    let mut star = None;
    while let Some(c) = name.get(read) {
        match tokens.get(at) {
            Some(Token::AnyRun) => {
                star = Some((at + 1, read));
                at += 1;
            }
            Some(token) if token.takes(c) => {
                at += 1;
                read += 1;
            }
            _ => match star {
                // The star takes one more character.
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    at = after;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    tokens[at..].iter().all(|token| *token == Token::AnyRun)
}

impl Token {
    /// Whether it takes this character, which is folded.
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::AnyChar => true,
            Self::AnyRun => false,
            Self::Class { negated, ranges } => {
                let has = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                (has(c) || c.to_uppercase().any(has)) != *negated
            }
        }
    }
}

impl FromStr for Glob {
    type Err = BadGlob;

    fn from_str(text: &str) -> Result<Self, BadGlob> {
        let parts: Vec<Part> = text
            .split('/')
            .map(|name| part(name, text))
            .collect::<Result<_, _>>()?;
        if parts.len() > MOST_COMPONENTS {
            return Err(BadGlob::TooDeep(text.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

fn part(name: &str, text: &str) -> Result<Part, BadGlob> {
    match name {
        "" => return Err(BadGlob::NotRelative(text.to_owned())),
        "." | ".." => return Err(BadGlob::NotAName(text.to_owned(), name.to_owned())),
        "**" => return Ok(Part::AnyDepth),
        name if name.contains("**") => return Err(BadGlob::NotAlone(text.to_owned())),
        _ => {}
    }
    let mut tokens = Vec::new();
    // Folded together: characters compose across each other.
    let mut literal = String::new();
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        let token = match c {
            '*' => Token::AnyRun,
            '?' => Token::AnyChar,
            '[' => class(&mut rest).ok_or_else(|| BadGlob::BadClass(text.to_owned()))?,
            '{' => return Err(BadGlob::Braces(text.to_owned())),
            '\\' => {
                let taken = rest.next();
                literal.push(taken.ok_or_else(|| BadGlob::Unfinished(text.to_owned()))?);
                continue;
            }
            c => {
                literal.push(c);
                continue;
            }
        };
        tokens.extend(fold(&literal).chars().map(Token::Char));
        literal.clear();
        tokens.push(token);
    }
    tokens.extend(fold(&literal).chars().map(Token::Char));
    Ok(Part::Name(tokens))
}

/// What follows a `[`, up to its `]`, which may be the first in the class.
fn class(rest: &mut std::str::Chars<'_>) -> Option<Token> {
    let mut ranges = Vec::new();
    let mut from = rest.next()?;
    let negated = from == '!' || from == '^';
    if negated {
        from = rest.next()?;
    }
    loop {
        let mut ahead = rest.clone();
        let range = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != ']' => {
                *rest = ahead;
                (from, to)
            }
            _ => (from, from),
        };
        if range.0 > range.1 {
            return None;
        }
        ranges.push(range);
        from = rest.next()?;
        if from == ']' {
            return Some(Token::Class { negated, ranges });
        }
    }
}

impl TryFrom<String> for Glob {
    type Error = BadGlob;

    fn try_from(text: String) -> Result<Self, BadGlob> {
        text.parse()
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.text
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
