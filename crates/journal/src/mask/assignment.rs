//! Secrets that are known by the name they are given: `PASSWORD=…`,
//! `"token": "…"`, `api_key: …`, `--password …`.

use super::{Found, Kind, is_secret, mask_at, run};

/// The secret in the assignment that text begins with.
pub(super) fn assignment(text: &str) -> Option<Found> {
    let length = name_length(text);
    let name = &text[..length];
    let rest = &text[length..];
    let separator = separator(rest).or_else(|| option_separator(name, rest))?;
    let kind = kind_of_name(name)?;
    let start = length + separator.length;
    let found = value(&text[start..], kind, &separator)?;
    Some(found.shifted(start))
}

/// What a name says that its value is.
pub(super) fn kind_of_name(name: &str) -> Option<Kind> {
    // The shell's working directory, not a password.
    if matches!(name, "PWD" | "OLDPWD") {
        return None;
    }
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or_default();
    if ["pass", "pw"]
        .iter()
        .any(|word| last.eq_ignore_ascii_case(word))
    {
        return Some(Kind::Password);
    }
    ENDINGS
        .iter()
        .find(|(ending, _)| ends_with(name, ending))
        .map(|(_, kind)| *kind)
}

/// Whether a name, without its separators and in small letters, has an ending.
fn ends_with(name: &str, ending: &str) -> bool {
    let mut letters = name
        .bytes()
        .rev()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b'.'));
    ending.bytes().rev().all(|byte| {
        letters
            .next()
            .is_some_and(|letter| letter.to_ascii_lowercase() == byte)
    })
}

const ENDINGS: &[(&str, Kind)] = &[
    ("password", Kind::Password),
    ("passwd", Kind::Password),
    ("passphrase", Kind::Password),
    ("passcode", Kind::Password),
    ("pwd", Kind::Password),
    ("secret", Kind::Secret),
    ("token", Kind::Token),
    ("apikey", Kind::Key),
    ("accesskey", Kind::Key),
    ("accountkey", Kind::Key),
    ("authkey", Kind::Key),
    ("encryptionkey", Kind::Key),
    ("masterkey", Kind::Key),
    ("privatekey", Kind::Key),
    ("secretkey", Kind::Key),
    ("sharedkey", Kind::Key),
    ("signingkey", Kind::Key),
];

/// Whether a word is the name of an option, such as `--password`.
pub(super) fn is_option(word: &str) -> bool {
    word.starts_with("--") || (word.starts_with('-') && word.len() > 2)
}

/// The length of the name at the start.
pub(super) fn name_length(text: &str) -> usize {
    run(text, |byte| is_name_character(char::from(byte)))
}

/// Whether a character can be within a name.
pub(super) fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// What stands between a name and its value.
pub(super) struct Separator {
    /// Its length, with the name's closing quote and with blanks.
    pub(super) length: usize,
    /// Whether a value without quotes can follow.
    bare: bool,
    /// Whether blanks come before the value, as in settings and in code.
    spaced: bool,
}

/// The separator that text begins with: `=`, `:`, `:=`, `=>`, `==`.
pub(super) fn separator(text: &str) -> Option<Separator> {
    let quote = run(text, is_quoting);
    let blanks = run(&text[quote..], is_blank);
    let rest = &text[quote + blanks..];
    let signs = run(rest, |byte| matches!(byte, b'=' | b':' | b'>'));
    let bare = match &rest[..signs] {
        "=" | ":" | ":=" | "=>" => true,
        "==" | "===" => false,
        _ => return None,
    };
    let after = run(&rest[signs..], is_blank);
    // `NAME= command` gives the command an empty variable.
    let empty = &rest[..signs] == "=" && blanks == 0 && after > 0;
    Some(Separator {
        length: quote + blanks + signs + after,
        bare: bare && !empty,
        spaced: after > 0,
    })
}

/// The blanks between an option and its value.
fn option_separator(name: &str, text: &str) -> Option<Separator> {
    let length = run(text, is_blank);
    let follows = is_option(name) && length > 0 && !text[length..].starts_with('-');
    follows.then_some(Separator {
        length,
        bare: true,
        spaced: false,
    })
}

/// Where the secret is in the value that text begins with. A value may be made
/// of several parts, as the shell joins them: `abc"def"'ghi'`.
fn value(text: &str, kind: Kind, separator: &Separator) -> Option<Found> {
    let Some(first) = part(text) else {
        return cut_off(text, kind);
    };
    let bare = first.quote == 0;
    let (word, after) = text.split_at(first.length);
    let code = bare && (after.starts_with('(') || (separator.spaced && is_code(word, after, kind)));
    if (bare && !separator.bare) || code || !is_secret(first.inner(text), kind) {
        return None;
    }
    let mut end = first.length;
    let mut last = first;
    while let Some(next) = part(&text[end..]) {
        if !is_secret(next.inner(&text[end..]), kind) {
            break;
        }
        end += next.length;
        last = next;
    }
    // The outer quotes stay, so that the text around keeps its form.
    let closing = if bare { 0 } else { last.quote };
    Some(Found {
        before: first.quote,
        secret: end - first.quote - closing,
        kind,
    })
}

/// Whether a bare word is more likely a name in a program, such as the type in
/// `token: Token,`. A model works with programs, and a mask would spoil them.
fn is_code(word: &str, after: &str, kind: Kind) -> bool {
    let is_path = word
        .bytes()
        .all(|byte| byte.is_ascii_alphabetic() || b"_.:[]".contains(&byte));
    let punctuated = after.starts_with([',', ';', ')', '<', '>']);
    let short = kind != Kind::Password && word.len() < 16;
    is_path && (punctuated || short || word.contains(['.', '[']) || word.contains("::"))
}

/// The secret behind a quote that is never closed, as where text was cut.
fn cut_off(text: &str, kind: Kind) -> Option<Found> {
    let before = run(text, is_quoting);
    let secret = bare_length(&text[before..]);
    let is_secret = is_secret(&text[before..before + secret], kind);
    is_secret.then_some(Found {
        before,
        secret,
        kind,
    })
}

/// One part of a value.
#[derive(Clone, Copy)]
struct Part {
    /// Its length with its quotes.
    length: usize,
    /// The length of one of its quotes; 0 if it has none.
    quote: usize,
}

impl Part {
    fn inner(self, text: &str) -> &str {
        &text[self.quote..self.length - self.quote]
    }
}

/// The part that text begins with: in quotes, or a bare word.
fn part(text: &str) -> Option<Part> {
    quoted(text).or_else(|| {
        let length = bare_length(text);
        (length > 0).then_some(Part { length, quote: 0 })
    })
}

/// A part in quotes, which may be escaped where text is within other text.
fn quoted(text: &str) -> Option<Part> {
    let escapes = run(text, |byte| byte == b'\\');
    let quote = escapes + 1;
    let sign = text[escapes..].chars().next()?;
    if !matches!(sign, '"' | '\'') {
        return None;
    }
    let inner = &text[quote..];
    let end = inner.match_indices(sign).find_map(|(at, _)| {
        let before = inner[..at].bytes().rev();
        let found = before.take_while(|byte| *byte == b'\\').count();
        let ends = match (escapes, sign) {
            (0, '\'') => true,
            (0, _) => found % 2 == 0,
            _ => found == escapes,
        };
        ends.then_some(at)
    })?;
    Some(Part {
        length: quote + end + 1,
        quote,
    })
    .filter(|part| part.length >= 2 * part.quote)
}

/// The length of a word without quotes. Signs of the shell end it, and so does
/// an escaped line end or quote, where text is within other text.
fn bare_length(text: &str) -> usize {
    let mut length = 0;
    let mut least = 0;
    while let Some(c) = text[length..].chars().next() {
        let rest = &text[length..];
        if let Some(mask) = mask_at(rest) {
            length += mask.len();
            least = length;
            // In a URL the host follows, which is no secret.
            if text[length..].starts_with('@') {
                break;
            }
            continue;
        }
        let ends = match c {
            ';' | '|' | '&' | '<' | '>' | '(' | ')' | '`' | '"' | '\'' => true,
            '\\' => rest[1..].starts_with(['n', 'r', 't', '"', '\'', '\\']) || rest.len() == 1,
            _ => c.is_whitespace(),
        };
        if ends {
            break;
        }
        length += c.len_utf8();
    }
    least.max(without_ending(&text[..length]).len())
}

/// A word without the signs at its end that belong to the text around it.
fn without_ending(word: &str) -> &str {
    let is_open = |sign, closing| word.matches(sign).count() >= word.matches(closing).count();
    let (brace, bracket) = (is_open('{', '}'), is_open('[', ']'));
    word.trim_end_matches(|c| match c {
        ',' | '.' => true,
        '}' => !brace,
        ']' => !bracket,
        _ => false,
    })
}

/// Whether a byte is a quote or escapes one.
pub(super) fn is_quoting(byte: u8) -> bool {
    matches!(byte, b'\\' | b'"' | b'\'')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
