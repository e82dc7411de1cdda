//! Secrets that are known by where they stand: the password in a URL, the
//! credentials of a header, the private part of a web key, a private key.

use super::context::is_harmless;
use super::words::{is_placeholder, is_random};
use super::{Candidate, Kind};

/// `://user:password@host`. `at` is where `://` is.
pub(super) fn url_password(text: &str, at: usize) -> Option<Candidate> {
    let start = at + 3;
    let authority = text[start..].bytes().take(512).take_while(|byte| {
        !byte.is_ascii_whitespace()
            && !matches!(
                byte,
                b'/' | b'?' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b','
            )
    });
    let authority = text.get(start..start + authority.count())?;
    let host = authority.rfind('@')?;
    let user = &authority[..host];
    let colon = user.find(':')?;
    let password = &user[colon + 1..];
    let named = password.starts_with(['$', '{', '%', '[', '(', '*', '#'])
        || password.contains("${")
        || password.contains("{{");
    let known = is_placeholder(password)
        || password == &user[..colon]
        || authority[host..].contains("example.");
    (password.len() >= 4 && !named && !known).then_some(Candidate {
        start: start + colon + 1,
        end: start + host,
        kind: Kind::Url,
        strength: 3,
    })
}

/// `Bearer …`, `Basic …`, `token …` of a header. `at` is where the scheme is.
pub(super) fn header(text: &str, at: usize) -> Option<Candidate> {
    let rest = &text[at..];
    let scheme = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let basic = rest[..scheme].eq_ignore_ascii_case("basic");
    let start = at + scheme + 1;
    let length = text[start..]
        .bytes()
        .take(4096)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')
        })
        .count();
    let value = text[start..start + length].trim_end_matches(['.', '-', '/']);
    let likely = if basic {
        let pair = decoded(value)?;
        let (user, password) = pair.split_once(':')?;
        password.len() >= 3 && !(is_placeholder(password) || password == user)
    } else {
        value.len() >= 16 && is_random(value) && !is_placeholder(value)
    };
    likely.then_some(Candidate {
        start,
        end: start + value.len(),
        kind: Kind::Header,
        strength: 3,
    })
}

/// Text in Base64, if it is that and plain.
pub(super) fn decoded(value: &str) -> Option<String> {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for byte in value.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The private part of a JSON Web Key: `"kty": …` with `"d"` or `"k"` close
/// by. `at` is where `kty` is.
pub(super) fn web_key(text: &str, at: usize) -> Option<Candidate> {
    let (from, to) = braces(text, at)?;
    let body = &text[from..to];
    for name in ["d", "k"] {
        for (place, _) in body.match_indices(name) {
            let before = body[..place].bytes().next_back().unwrap_or(b'{');
            if before.is_ascii_alphanumeric() || before == b'_' {
                continue;
            }
            let after = body[place + name.len()..].trim_start_matches(['"', '\'', '\\']);
            let Some(after) = after.trim_start().strip_prefix(':') else {
                continue;
            };
            let value = after.trim_start().trim_start_matches('\\');
            let Some(inner) = value.strip_prefix(['"', '\'']) else {
                continue;
            };
            let length = inner
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                .count();
            if length >= 16 && is_random(&inner[..length]) {
                let start = text.len() - text[to..].len() - body.len() + (body.len() - inner.len());
                return Some(Candidate {
                    start,
                    end: start + length,
                    kind: Kind::WebKey,
                    strength: 3,
                });
            }
        }
    }
    None
}

/// The braces around a place, within a few thousand bytes.
fn braces(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let from = at
        - bytes[..at]
            .iter()
            .rev()
            .take(4096)
            .position(|byte| *byte == b'{')?;
    let to = at
        + bytes[at..]
            .iter()
            .take(4096)
            .position(|byte| *byte == b'}')?;
    (text.is_char_boundary(from) && text.is_char_boundary(to)).then_some((from, to))
}

/// A private key. `at` is where its first line begins. A key that is behind a
/// passphrase is one all the same; a line without a body is none.
pub(super) fn private_key(text: &str, at: usize) -> Option<Candidate> {
    let length = dam_journal::private_key(&text[at..])?;
    let block = &text[at..at + length];
    let body = block.bytes().filter(u8::is_ascii_alphanumeric).count();
    let encrypted = block.starts_with("-----BEGIN ENCRYPTED") || block.contains("ENCRYPTED\n");
    (body >= 120 && !is_cut(block)).then_some(Candidate {
        start: at,
        end: at + length,
        kind: Kind::PrivateKey,
        strength: if encrypted { 1 } else { 3 },
    })
}

/// `MIIE…` with dots where the key would go on.
fn is_cut(block: &str) -> bool {
    block.contains("...")
}

/// `IDENTIFIED BY '…'`, `PASSWORD '…'` in SQL, `-u user:password`, and
/// passwords in what a program is given. `at` is where the words are.
pub(super) fn after_words(text: &str, at: usize, words: &str) -> Option<Candidate> {
    let rest = text[at + words.len()..].trim_start_matches([' ', '\t', '=']);
    let start = text.len() - rest.len();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = &rest[1..];
    let length = inner
        .bytes()
        .take(128)
        .position(|byte| byte == quote as u8)?;
    let value = &inner[..length];
    let harmless = is_placeholder(value)
        || is_harmless(value)
        || value.contains([' ', '$', '{', '%', '<', '\n']);
    (length >= 5 && !harmless).then_some(Candidate {
        start: start + 1,
        end: start + 1 + length,
        kind: Kind::Password,
        strength: 2,
    })
}
