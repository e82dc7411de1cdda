//! Values that are given to a name: `password = "…"`, `"token": "…"`,
//! `API_KEY=…`, `--password …`, `<secret>…</secret>`, `login("…", password="…")`.

use super::context::{Context, is_harmless};
use super::names::{Promise, promise_of};
use super::words::{entropy, is_placeholder, is_random};
use super::{Candidate, Kind};

/// The longest name and value that are read.
const NAME: usize = 80;
const VALUE: usize = 2048;

/// The secret that is given to the name around a place, where one is. `at` is
/// where a sign of a name was found, `least` where the last one ended.
pub(super) fn assigned(text: &str, at: usize, context: Context) -> Option<Candidate> {
    let bytes = text.as_bytes();
    let start = name_start(bytes, at);
    let end = name_end(bytes, at);
    let name = text.get(start..end)?;
    let promise = promise_of(name)?;
    let form = form(text, start, end)?;
    let found = value(text, form, start, context)?;
    let value = text.get(found.start..found.end)?;
    let strength = judge(name, value, promise, &found)?;
    Some(Candidate {
        start: found.start,
        end: found.end,
        kind: if promise == Promise::Password {
            Kind::Password
        } else {
            Kind::Value
        },
        strength,
    })
}

/// Where the name around a place ends, so that it is not looked at twice.
pub(super) fn name_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes[at..].iter().take(NAME);
    at + rest.take_while(|byte| is_name(**byte)).count()
}

fn name_start(bytes: &[u8], at: usize) -> usize {
    let before = bytes[..at].iter().rev().take(NAME);
    at - before.take_while(|byte| is_name(**byte)).count()
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// Where a value begins, and whether it must be in quotes.
#[derive(Clone, Copy, Debug)]
struct Form {
    value: usize,
    quoted_only: bool,
    /// Between the tags of an element.
    element: bool,
    spaced: bool,
}

/// Reads what stands between a name and its value.
fn form(text: &str, start: usize, end: usize) -> Option<Form> {
    let bytes = text.as_bytes();
    let mut at = end;
    let closed = skip(
        bytes,
        &mut at,
        |byte| matches!(byte, b'\\' | b'"' | b'\'' | b'`'),
        4,
    );
    skip(bytes, &mut at, |byte| matches!(byte, b']' | b')'), 1);
    if text[at..].starts_with("&quot;") || text[at..].starts_with("&#34;") {
        at += text[at..].find(';')? + 1;
    }
    let blanks = skip(bytes, &mut at, is_blank, 32);
    let sign = bytes.get(at).copied()?;
    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
    let (length, quoted_only, element) = match (sign, next) {
        (b'=' | b'!', b'=') => (
            2 + usize::from(bytes.get(at + 2) == Some(&b'=')),
            true,
            false,
        ),
        (b':', b':') => return None,
        (b'=' | b'-', b'>') | (b':', b'=') => (2, sign == b'-', false),
        (b'=' | b':', _) => (1, false, false),
        (b'>', _) if start > 0 && bytes[start - 1] == b'<' => (1, false, true),
        (b',', _) if closed > 0 => (1, true, false),
        (b'(', _) => (1, true, false),
        _ if blanks > 0 && bytes[start] == b'-' && sign != b'-' => (0, false, false),
        _ => return None,
    };
    at += length;
    let after = skip(bytes, &mut at, is_blank, 32);
    if sign == b':' && length == 1 {
        annotated(text, &mut at);
    }
    // `Type password = "…"` was the name; `password String = "…"` is Go's.
    Some(Form {
        value: at,
        quoted_only,
        element,
        spaced: after > 0 || blanks > 0,
    })
}

/// Goes past the type in `token: Option<String> = "…"`.
fn annotated(text: &str, at: &mut usize) {
    let rest = &text.as_bytes()[*at..];
    let is_type = |byte: &&u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                **byte,
                b'_' | b'.' | b'<' | b'>' | b'[' | b']' | b'&' | b'|' | b' '
            )
    };
    let length = rest.iter().take(48).take_while(is_type).count();
    if length > 0
        && rest.get(length) == Some(&b'=')
        && rest[length - 1] == b' '
        && rest.get(length + 1) != Some(&b'=')
    {
        *at += length + 1;
        skip(text.as_bytes(), at, is_blank, 8);
    }
}

fn skip(bytes: &[u8], at: &mut usize, class: impl Fn(u8) -> bool, most: usize) -> usize {
    let count = bytes[*at..]
        .iter()
        .take(most)
        .take_while(|byte| class(**byte))
        .count();
    *at += count;
    count
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A value, found.
#[derive(Clone, Copy, Debug)]
struct Found {
    start: usize,
    end: usize,
    quoted: bool,
}

/// Calls whose argument is the value itself.
const WRAPPERS: &[&str] = &[
    "[]byte(",
    "string(",
    "str(",
    "bytes(",
    "secretstr(",
    "secret(",
    "buffer.from(",
    "base64.b64encode(",
    "b64encode(",
    "new string(",
    "std::string(",
    "utf8.encode(",
    "string.valueof(",
];

fn value(text: &str, form: Form, start: usize, context: Context) -> Option<Found> {
    let bytes = text.as_bytes();
    let mut at = form.value;
    if form.element {
        let end = at
            + text[at..]
                .bytes()
                .take(VALUE)
                .position(|byte| byte == b'<' || byte == b'\n')?;
        return (bytes.get(end..end + 2) == Some(b"</")).then_some(Found {
            start: at,
            end,
            quoted: true,
        });
    }
    for wrapper in WRAPPERS {
        let head = text.get(at..at + wrapper.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(wrapper)) {
            at += wrapper.len();
            break;
        }
    }
    // The first of a list speaks for all.
    if bytes.get(at) == Some(&b'[') {
        at += 1;
        skip(bytes, &mut at, is_blank, 32);
    }
    // `b"…"`, `r'…'`; `f"…"` is made of parts.
    if matches!(bytes.get(at), Some(b'b' | b'r' | b'u' | b'@'))
        && matches!(bytes.get(at + 1), Some(b'"' | b'\''))
    {
        at += 1;
    }
    if let Some(found) = quoted(text, at) {
        return Some(found);
    }
    if form.quoted_only || at != form.value {
        return None;
    }
    let in_string = in_string(bytes, start);
    if context.is_code && (!in_string || form.spaced) {
        return None;
    }
    bare(text, at)
}

/// A value in quotes, which may be escaped where text is within other text.
fn quoted(text: &str, at: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    for entity in ["&quot;", "&#34;", "&#39;"] {
        if text[at..].starts_with(entity) {
            let start = at + entity.len();
            let end = start
                + text
                    .get(start..(start + VALUE).min(text.len()))
                    .or_else(|| text.get(start..))?
                    .find(entity)?;
            return Some(Found {
                start,
                end,
                quoted: true,
            });
        }
    }
    let depth = bytes[at..]
        .iter()
        .take(3)
        .take_while(|byte| **byte == b'\\')
        .count();
    let quote = *bytes.get(at + depth)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let start = at + depth + 1;
    let mut end = start;
    let mut escaped = 0;
    while let Some(byte) = bytes.get(end).filter(|_| end - start < VALUE) {
        match *byte {
            b'\n' => return None,
            b'\\' => escaped += 1,
            byte => {
                if byte == quote && escaped == depth {
                    return Some(Found {
                        start,
                        end: end - depth,
                        quoted: true,
                    });
                }
                escaped = 0;
            }
        }
        end += 1;
        // A pair of backslashes is one, and depth nothing.
        if depth == 0 && escaped == 2 {
            escaped = 0;
        }
    }
    None
}

/// A value without quotes.
fn bare(text: &str, at: usize) -> Option<Found> {
    let rest = &text[at..];
    let ends = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\''
                    | '`'
                    | ','
                    | ';'
                    | '&'
                    | ')'
                    | '('
                    | '<'
                    | '>'
                    | '|'
                    | '\\'
                    | '{'
                    | '}'
                    | '['
                    | ']'
            )
    };
    let length = rest
        .char_indices()
        .take(VALUE)
        .find(|(_, c)| ends(*c))
        .map_or(rest.len().min(VALUE), |(at, _)| at);
    let value = rest.get(..length)?.trim_end_matches(['.', ':']);
    // What calls, indexes or makes text of parts is no value.
    if rest[length..].starts_with(['(', '[', '{']) {
        return None;
    }
    (!value.is_empty()).then_some(Found {
        start: at,
        end: at + value.len(),
        quoted: false,
    })
}

/// Whether a place is within a string, as far as its line tells.
fn in_string(bytes: &[u8], at: usize) -> bool {
    let line = bytes[..at]
        .iter()
        .rev()
        .take(400)
        .take_while(|byte| **byte != b'\n');
    let (mut double, mut single, mut back) = (0, 0, 0);
    for byte in line {
        match byte {
            b'"' => double += 1,
            b'\'' => single += 1,
            b'`' => back += 1,
            _ => {}
        }
    }
    double % 2 == 1 || single % 2 == 1 || back % 2 == 1
}

/// How sure it is that a value is a secret: 3 sure, 2 likely, 1 perhaps;
/// nothing where it is none.
fn judge(name: &str, value: &str, promise: Promise, found: &Found) -> Option<u8> {
    let value = value.trim();
    if !is_value(value) || is_like(name, value) || is_placeholder(value) || is_harmless(value) {
        return None;
    }
    let random = is_random(value);
    match promise {
        Promise::Password => password(value, found.quoted, random),
        Promise::Secret => {
            let long = value.len() >= 8 && !value.contains(' ');
            (long && random).then_some(if value.len() >= 16 { 3 } else { 2 })
        }
        Promise::Weak => {
            let clearly = value.len() >= 16 && random && entropy(value.as_bytes()) > 3.0;
            let whole = !value.contains([' ', '/', ':']) || value.ends_with('=');
            (clearly && whole && found.quoted).then_some(2)
        }
    }
}

fn password(value: &str, quoted: bool, random: bool) -> Option<u8> {
    let spaces = value.matches(' ').count();
    let least = if random { 5 } else { 6 };
    if value.len() < least || value.len() > 128 || spaces > 0 || !value.is_ascii() {
        return None;
    }
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    match (random, has_digit, quoted) {
        (true, _, true) => Some(3),
        (true, _, false) | (false, true, _) => Some(2),
        (false, false, true) => Some(1),
        (false, false, false) => None,
    }
}

/// Whether a value is written out, and not named, made or explained.
fn is_value(value: &str) -> bool {
    let starts = [
        "$", "%", "<", "{", "@", "#", "&", "http://", "https://", "/", "./", "../", "~", "file:",
        "data:", "!",
    ];
    let has = [
        "${", "#{", "{{", "%s", "%d", "%v", "$(", "->", "::", "://", "\\x", "\\u", "\\n", "BEGIN ",
        "+ ",
    ];
    !value.is_empty()
        && !starts.iter().any(|start| value.starts_with(start))
        && !has.iter().any(|part| value.contains(part))
        && !is_reference(value)
}

/// `settings.SECRET`, `process.env.TOKEN`, `self.token`, `a/b/c.txt`.
fn is_reference(value: &str) -> bool {
    let parts: Vec<&str> = value.split('.').collect();
    let is_name = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && !is_random(part)
    };
    parts.len() > 1 && parts.iter().all(is_name)
}

/// Whether a value is its name again: `password: "the_password"`.
fn is_like(name: &str, value: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let (name, value) = (plain(name), plain(value));
    value.is_empty()
        || name.contains(&value)
        || (name.len() > 5 && value.contains(&name) && value.len() < name.len() + 8)
}
