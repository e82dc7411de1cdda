//! Expansion: from a word as it is written to the words that it becomes, as
//! far as that can be known.

use crate::analysis::{Spread, Word};
use crate::syntax::{Dialect, Part, RawWord};

/// A word may become this many through its braces before it is unknown.
const MOST_BRACES: usize = 256;

/// A longer word with braces is unknown: expanding it would multiply it.
const LONGEST_BRACED: usize = 2000;

/// A piece of a word: a character, or a value that is not known.
#[derive(Clone, Debug)]
enum Piece {
    Char {
        c: char,
        quoted: bool,
    },
    Value {
        spread: Spread,
        downloaded: bool,
        /// What it starts with for certain.
        prefix: &'static str,
    },
}

/// What a word becomes as part of a command. `downloaded` says of each of its
/// expansions, in order, whether a program that downloads gives its value.
pub(crate) fn fields(word: &RawWord, dialect: Dialect, downloaded: &[bool]) -> Vec<Word> {
    let pieces = pieces(word, downloaded);
    if dialect == Dialect::Posix && pieces.len() <= LONGEST_BRACED && has_braces(&pieces) {
        // Shells disagree on whether braces mean anything.
        return vec![Word::anything(&word.written)];
    }
    let mut variants = Vec::new();
    if !pieces.iter().any(|piece| is(piece, '{')) {
        variants.push(pieces);
    } else if pieces.len() > LONGEST_BRACED || !braces(&pieces, &mut variants, 0) {
        return vec![Word::anything(&word.written)];
    }
    variants
        .iter()
        .map(|pieces| field(pieces, &word.written, dialect))
        .collect()
}

/// What a word becomes where it stays one: the value of a variable, the
/// target of a redirection, the text of a here-document.
pub(crate) fn single(word: &RawWord, downloaded: &[bool]) -> Word {
    let pieces: Vec<Piece> = pieces(word, downloaded);
    let mut shape = Shape::default();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Char {
                c: '~',
                quoted: false,
            } if index == 0 => shape.home(),
            Piece::Char { c, .. } => shape.text(*c),
            Piece::Value { downloaded, .. } => shape.unknown(Spread::One, *downloaded),
        }
    }
    shape.word(&word.written)
}

fn pieces(word: &RawWord, downloaded: &[bool]) -> Vec<Piece> {
    let mut downloaded = downloaded.iter().copied();
    let mut pieces = Vec::new();
    for part in &word.parts {
        match part {
            Part::Text { text, quoted } => {
                pieces.extend(text.chars().map(|c| Piece::Char { c, quoted: *quoted }));
            }
            Part::Expansion { quoted, many, .. } => pieces.push(Piece::Value {
                spread: if *quoted && !many {
                    Spread::One
                } else {
                    Spread::Any
                },
                downloaded: downloaded.next().unwrap_or(false),
                prefix: "",
            }),
            Part::Process(_) => pieces.push(Piece::Value {
                spread: Spread::One,
                downloaded: downloaded.next().unwrap_or(false),
                prefix: "/",
            }),
        }
    }
    pieces
}

/// What is known of a word while it is put together.
struct Shape {
    text: String,
    known: bool,
    spread: Spread,
    downloaded: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            text: String::new(),
            known: true,
            spread: Spread::One,
            downloaded: false,
        }
    }
}

impl Shape {
    fn text(&mut self, c: char) {
        if self.known {
            self.text.push(c);
        }
    }

    /// A home directory: some absolute path.
    fn home(&mut self) {
        self.text('/');
        self.unknown(Spread::One, false);
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
            written: written.to_owned(),
            prefix: self.text,
            spread: self.spread,
            downloaded: self.downloaded,
            bare: None,
            pattern: None,
        }
    }
}

fn field(pieces: &[Piece], written: &str, dialect: Dialect) -> Word {
    let mut shape = Shape::default();
    let brackets = pieces.iter().any(|piece| {
        matches!(
            piece,
            Piece::Char {
                c: ']',
                quoted: false
            }
        )
    });
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Char {
                c: '~',
                quoted: false,
            } if index == 0 => shape.home(),
            // What looks like an assignment may be expanded like one.
            Piece::Char {
                c: '~',
                quoted: false,
            } if is(&pieces[index - 1], '=') || is(&pieces[index - 1], ':') => {
                shape.unknown(Spread::One, false);
            }
            // zsh puts the path of a program there.
            Piece::Char {
                c: '=',
                quoted: false,
            } if index == 0 && dialect == Dialect::Zsh => {
                shape.unknown(Spread::One, false);
            }
            Piece::Char {
                c: '*' | '?',
                quoted: false,
            } => shape.unknown(Spread::Pattern, false),
            Piece::Char {
                c: '[',
                quoted: false,
            } if brackets => {
                shape.unknown(Spread::Pattern, false);
            }
            // Patterns of zsh.
            Piece::Char {
                c: '^' | '#',
                quoted: false,
            } if dialect == Dialect::Zsh => {
                shape.unknown(Spread::Pattern, false);
            }
            Piece::Char { c, .. } => shape.text(*c),
            Piece::Value {
                spread,
                downloaded,
                prefix,
            } => {
                prefix.chars().for_each(|c| shape.text(c));
                shape.unknown(*spread, *downloaded);
            }
        }
    }
    shape.word(written)
}

fn is(piece: &Piece, wanted: char) -> bool {
    matches!(piece, Piece::Char { c, quoted: false } if *c == wanted)
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
    if commas.is_empty() || depth > 16 {
        // A sequence such as `{1..9}`.
        return false;
    }
    let mut from = start + 1;
    for to in commas.into_iter().chain([end]) {
        let variant = [&pieces[..start], &pieces[from..to], &pieces[end + 1..]].concat();
        if !braces(&variant, variants, depth + 1) {
            return false;
        }
        from = to + 1;
    }
    true
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
