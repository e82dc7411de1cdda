//! From the pieces of a word to the words that it becomes, as far as that can
//! be known.

use crate::analysis::{Spread, Word};
use crate::syntax::Dialect;

/// A word may become this many through its braces before it is unknown.
const MOST_BRACES: usize = 256;

/// A longer word with braces is unknown: expanding it would multiply it.
const LONGEST_BRACED: usize = 2000;

/// A piece of a word whose values have been looked up.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Char {
        c: char,
        kind: Text,
    },
    /// Quotes, which make a word even if nothing is in them.
    Quotes,
    /// Where one word ends and the next begins: `"$@"`.
    Break,
    /// The home directory.
    Home,
    /// A value that is not known.
    Value {
        spread: Spread,
        downloaded: bool,
        /// What it starts with for certain.
        prefix: String,
        /// Whether it is a variable that may have no value.
        open: bool,
    },
}

/// Where a character comes from, which decides what it means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Text {
    /// It stands for itself.
    Quoted,
    /// It stands in the script: braces, patterns and tildes mean something.
    Plain,
    /// It is a value's: it is split, and patterns mean something.
    Expanded,
}

/// What a word becomes as part of a command. `splits` are the characters that
/// divide values, where they are known.
pub(crate) fn fields(
    pieces: Vec<Piece>,
    written: &str,
    dialect: Dialect,
    splits: Option<&str>,
) -> Vec<Word> {
    if dialect == Dialect::Posix && pieces.len() <= LONGEST_BRACED && has_braces(&pieces) {
        // Shells disagree on whether braces mean anything.
        return vec![Word::anything(written)];
    }
    let mut variants = Vec::new();
    if !pieces.iter().any(|piece| is(piece, '{')) {
        variants.push(pieces);
    } else if pieces.len() > LONGEST_BRACED || !braces(&pieces, &mut variants, 0) {
        return vec![Word::anything(written)];
    }
    let mut words = Vec::new();
    for pieces in variants {
        for part in split(pieces, dialect, splits) {
            words.push(field(&part, written, dialect));
        }
    }
    words
}

/// What a word becomes where it stays one: the value of a variable, the
/// target of a redirection, the text of a here-document.
pub(crate) fn single(pieces: &[Piece], written: &str) -> Word {
    let mut shape = Shape::default();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Char {
                c: '~',
                kind: Text::Plain,
            } if index == 0 => shape.home(),
            Piece::Char { c, .. } => shape.text(*c),
            Piece::Quotes => {}
            Piece::Break => shape.text(' '),
            Piece::Home => shape.home(),
            Piece::Value {
                downloaded,
                prefix,
                open,
                ..
            } => shape.value(Spread::One, *downloaded, prefix, *open),
        }
    }
    shape.word(written)
}

/// Divides values at blanks, or at what else the script divides them at.
fn split(pieces: Vec<Piece>, dialect: Dialect, splits: Option<&str>) -> Vec<Vec<Piece>> {
    let divides = |piece: &Piece| match piece {
        Piece::Char {
            c,
            kind: Text::Expanded,
        } => splits.is_none_or(|splits| splits.contains(*c)),
        _ => false,
    };
    let several = |piece: &Piece| divides(piece) || matches!(piece, Piece::Break);
    if !pieces.iter().any(several) {
        return keep(vec![pieces]);
    }
    let unclear = splits.is_none() || dialect == Dialect::Zsh;
    if unclear && pieces.iter().any(divides) {
        return vec![vec![Piece::Value {
            spread: Spread::Any,
            downloaded: false,
            prefix: String::new(),
            open: false,
        }]];
    }
    let mut parts = vec![Vec::new()];
    let mut after_sign = false;
    for piece in pieces {
        let sign = matches!(&piece, Piece::Char { c, kind: Text::Expanded }
            if !c.is_ascii_whitespace() && divides(&piece));
        if several(&piece) {
            // Two signs with nothing between them hold an empty word.
            if sign && after_sign && parts.last().is_some_and(Vec::is_empty) {
                parts
                    .last_mut()
                    .into_iter()
                    .for_each(|part| part.push(Piece::Quotes));
            }
            parts.push(Vec::new());
            after_sign |= sign;
        } else if let Some(last) = parts.last_mut() {
            after_sign = false;
            last.push(piece);
        }
    }
    keep(parts)
}

/// Those that are words: what is empty and has no quotes is none.
fn keep(mut parts: Vec<Vec<Piece>>) -> Vec<Vec<Piece>> {
    parts.retain(|part| !part.is_empty());
    parts
}

/// What is known of a word while it is put together.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact of the word"
)]
struct Shape {
    text: String,
    known: bool,
    spread: Spread,
    downloaded: bool,
    /// The word below the home directory, where it is one.
    below_home: Option<String>,
    bare: Option<String>,
    is_open: bool,
    pattern: Option<String>,
    has_pattern: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            text: String::new(),
            known: true,
            spread: Spread::One,
            downloaded: false,
            below_home: None,
            bare: Some(String::new()),
            is_open: false,
            pattern: Some(String::new()),
            has_pattern: false,
        }
    }
}

impl Shape {
    fn text(&mut self, c: char) {
        if self.known {
            self.text.push(c);
        }
        for text in [&mut self.below_home, &mut self.bare].into_iter().flatten() {
            text.push(c);
        }
        if let Some(pattern) = &mut self.pattern {
            if "*?[]\\".contains(c) {
                pattern.push('\\');
            }
            pattern.push(c);
        }
    }

    /// A sign of a pattern.
    fn sign(&mut self, c: char) {
        self.unknown(Spread::Pattern, false);
        self.has_pattern = true;
        self.bare = None;
        self.below_home.iter_mut().for_each(|text| text.push(c));
        self.pattern.iter_mut().for_each(|text| text.push(c));
    }

    /// A home directory: some absolute path.
    fn home(&mut self) {
        let first = self.text.is_empty() && self.known;
        self.text('/');
        self.unknown(Spread::One, false);
        self.bare = None;
        self.below_home = first.then(|| "~".to_owned());
        self.pattern = first.then(|| "~".to_owned());
    }

    fn value(&mut self, spread: Spread, downloaded: bool, prefix: &str, open: bool) {
        if open && prefix.is_empty() {
            self.is_open = true;
        } else {
            prefix.chars().for_each(|c| self.text(c));
            self.bare = None;
        }
        self.below_home = None;
        self.pattern = None;
        self.unknown(spread, downloaded);
    }

    fn unknown(&mut self, spread: Spread, downloaded: bool) {
        self.known = false;
        self.spread = self.spread.max(spread);
        self.downloaded |= downloaded;
    }

    fn word(self, written: &str) -> Word {
        if self.known {
            return Word::Known(self.text);
        }
        Word::Unknown {
            written: self.below_home.unwrap_or_else(|| written.to_owned()),
            prefix: self.text,
            spread: self.spread,
            downloaded: self.downloaded,
            bare: self.bare.filter(|_| self.is_open),
            pattern: self.pattern.filter(|_| self.has_pattern),
            holds: None,
        }
    }
}

fn field(pieces: &[Piece], written: &str, dialect: Dialect) -> Word {
    let mut shape = Shape::default();
    let loose = |piece: &Piece, wanted: char| matches!(piece, Piece::Char { c, kind: Text::Plain | Text::Expanded } if *c == wanted);
    let brackets = pieces.iter().any(|piece| loose(piece, ']'));
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Char { c, kind } = piece else {
            match piece {
                Piece::Home => shape.home(),
                Piece::Value {
                    spread,
                    downloaded,
                    prefix,
                    open,
                } => shape.value(*spread, *downloaded, prefix, *open),
                _ => {}
            }
            continue;
        };
        let before = index.checked_sub(1).map(|before| &pieces[before]);
        let starts = match before {
            None => true,
            Some(before) => is(before, '=') || is(before, ':'),
        };
        match (c, kind) {
            ('~', Text::Plain) if index == 0 => shape.home(),
            // What looks like an assignment may be expanded like one.
            ('~', Text::Plain) if starts => shape.value(Spread::One, false, "", false),
            // zsh puts the path of a program there.
            ('=', Text::Plain) if index == 0 && dialect == Dialect::Zsh => {
                shape.value(Spread::One, false, "", false);
            }
            ('*' | '?', Text::Plain | Text::Expanded) => shape.sign(*c),
            ('[' | ']', Text::Plain | Text::Expanded) if brackets && shape.has_bracket(*c) => {
                shape.sign(*c);
            }
            // Patterns of zsh.
            ('^' | '#', Text::Plain) if dialect == Dialect::Zsh => {
                shape.sign(*c);
                shape.pattern = None;
            }
            _ => shape.text(*c),
        }
    }
    shape.word(written)
}

impl Shape {
    /// Whether a bracket belongs to a pattern: a closing one only after an
    /// opening one.
    fn has_bracket(&self, c: char) -> bool {
        c == '[' || self.has_pattern
    }
}

fn is(piece: &Piece, wanted: char) -> bool {
    matches!(piece, Piece::Char { c, kind: Text::Plain } if *c == wanted)
}

fn has_braces(pieces: &[Piece]) -> bool {
    (0..pieces.len()).any(|start| is(&pieces[start], '{') && group(pieces, start).is_some())
}

/// Adds every variant of `pieces` to `variants`. False when there are too
/// many, or when braces are used in a way that is not expanded here.
fn braces(pieces: &[Piece], variants: &mut Vec<Vec<Piece>>, depth: usize) -> bool {
    let open = (0..pieces.len())
        .filter(|start| is(&pieces[*start], '{'))
        .find_map(|start| group(pieces, start));
    let Some(Group { start, end, commas }) = open else {
        variants.push(pieces.to_vec());
        return variants.len() <= MOST_BRACES;
    };
    if depth > 16 {
        return false;
    }
    let inner: Vec<Vec<Piece>> = if commas.is_empty() {
        match sequence(&pieces[start + 1..end]) {
            Some(texts) => texts.iter().map(|text| plain(text)).collect(),
            None => return false,
        }
    } else {
        let mut from = start + 1;
        let mut inner = Vec::new();
        for to in commas.into_iter().chain([end]) {
            inner.push(pieces[from..to].to_vec());
            from = to + 1;
        }
        inner
    };
    for middle in inner {
        let variant = [&pieces[..start], &middle, &pieces[end + 1..]].concat();
        if !braces(&variant, variants, depth + 1) {
            return false;
        }
    }
    true
}

fn plain(text: &str) -> Vec<Piece> {
    let piece = |c| Piece::Char {
        c,
        kind: Text::Quoted,
    };
    text.chars().map(piece).collect()
}

/// The words of `{1..9}` and `{a..e}`.
fn sequence(pieces: &[Piece]) -> Option<Vec<String>> {
    let text: Option<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Char {
                c,
                kind: Text::Plain,
            } => Some(*c),
            _ => None,
        })
        .collect();
    let text = text?;
    let mut ends = text.split("..");
    let (first, last) = (ends.next()?, ends.next()?);
    if ends.next().is_some() {
        return None;
    }
    let plain = |end: &str| end.len() < 10 && !end.trim_start_matches('-').starts_with('0');
    if let (Ok(first), Ok(last)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let few = first.abs_diff(last) < MOST_BRACES as u64;
        let known = few
            && [first, last]
                .iter()
                .all(|end| plain(&end.to_string()) || *end == 0);
        if !known || text.contains("..0") && last != 0 || text.starts_with('0') && first != 0 {
            return None;
        }
        let numbers: Vec<i64> = if first <= last {
            (first..=last).collect()
        } else {
            (last..=first).rev().collect()
        };
        return Some(numbers.iter().map(ToString::to_string).collect());
    }
    let letter = |end: &str| match end.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    };
    let (first, last) = (letter(first)?, letter(last)?);
    if first.is_ascii_lowercase() != last.is_ascii_lowercase() {
        return None;
    }
    let letters: Vec<u8> = if first <= last {
        (first..=last).collect()
    } else {
        (last..=first).rev().collect()
    };
    Some(letters.iter().map(|c| char::from(*c).to_string()).collect())
}

/// Braces that expand, and the commas directly inside them.
struct Group {
    start: usize,
    end: usize,
    commas: Vec<usize>,
}

fn group(pieces: &[Piece], start: usize) -> Option<Group> {
    let mut depth = 0;
    let mut commas = Vec::new();
    let mut dots = false;
    for (index, piece) in pieces.iter().enumerate().skip(start) {
        if is(piece, '{') {
            depth += 1;
        } else if is(piece, '}') {
            depth -= 1;
            if depth == 0 {
                let expands = !commas.is_empty() || dots;
                return expands.then_some(Group {
                    start,
                    end: index,
                    commas,
                });
            }
        } else if depth == 1 && is(piece, ',') {
            commas.push(index);
        } else if depth == 1 && is(piece, '.') {
            dots |= pieces.get(index + 1).is_some_and(|next| is(next, '.'));
        }
    }
    None
}
