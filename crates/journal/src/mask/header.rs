//! `Authorization` headers, and their credentials without the header.

use super::assignment::{is_quoting, name_length, separator};
use super::{Found, Kind, is_secret, run};

/// Whether a header or field holds credentials.
pub(super) fn is_authorization(name: &str) -> bool {
    ["authorization", "proxy-authorization"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header))
}

/// `Authorization: Bearer …`, in any of the forms that a field is written in.
pub(super) fn authorization(text: &str) -> Option<Found> {
    let name = name_length(text);
    if !is_authorization(&text[..name]) {
        return None;
    }
    let value = name + separator(&text[name..])?.length;
    let quotes = run(&text[value..], is_quoting);
    let start = value + quotes;
    Some(credentials(&text[start..])?.shifted(start))
}

/// What an `Authorization` header holds: the scheme stays, or stands alone if
/// there are no credentials after it.
pub(super) fn credentials(value: &str) -> Option<Found> {
    let first = run(value, is_credential);
    let spaces = run(&value[first..], |byte| byte == b' ');
    let second = run(&value[first + spaces..], is_credential);
    let is_scheme = first > 0
        && value[..first]
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (before, secret) = if is_scheme && spaces > 0 && second > 0 {
        (first + spaces, second)
    } else {
        (0, first)
    };
    let credentials = &value[before..before + secret];
    // `Authorization: required` is no credential.
    let is_word = before == 0 && secret < 16 && !credentials.contains(|c: char| c.is_ascii_digit());
    let hidden = !is_word && is_secret(credentials, Kind::Authorization);
    hidden.then_some(Found {
        before,
        secret,
        kind: Kind::Authorization,
    })
}

/// `Bearer …` and `Basic …` by themselves, where what follows is no word.
pub(super) fn scheme(text: &str) -> Option<Found> {
    let schemes = ["bearer ", "basic "];
    let scheme = schemes.iter().find(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })?;
    let before = scheme.len();
    let secret = run(&text[before..], |byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')
    });
    looks_random(&text[before..before + secret]).then_some(Found {
        before,
        secret,
        kind: Kind::Authorization,
    })
}

/// Long, and with digits or capitals in places where no word has them.
fn looks_random(text: &str) -> bool {
    text.len() >= 12
        && text
            .bytes()
            .skip(1)
            .any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase() || byte == b'=')
        && text
            .bytes()
            .any(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_credential(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
        && !matches!(
            byte,
            b'"' | b'\'' | b'\\' | b',' | b';' | b'|' | b'&' | b'<' | b'>' | b'(' | b')' | b'`'
        )
}
