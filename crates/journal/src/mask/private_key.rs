//! Blocks of private keys in PEM and its kind.

use super::{Found, Kind, run};

/// The block that text begins with: from its first line to its last, or to
/// the last line that can be part of a key. Line ends may be written as `\n`,
/// and may be spaces where a block was put on one line.
pub(super) fn block(text: &str) -> Option<Found> {
    let label = text.strip_prefix("-----BEGIN ")?;
    let label = &label[..label.find("-----")?];
    let is_label = label
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    if !is_label || !label.contains("PRIVATE KEY") {
        return None;
    }
    let start = "-----BEGIN ".len() + label.len() + "-----".len();
    Some(Found {
        before: 0,
        secret: start + body(&text[start..], &format!("-----END {label}-----")),
        kind: Kind::PrivateKey,
    })
}

/// The length of a block's body with its end. Anything that is no part of a
/// key ends it: a mask must not hide what follows.
fn body(text: &str, end: &str) -> usize {
    let mut length = 0;
    loop {
        let next = length + gap(&text[length..]);
        let rest = &text[next..];
        if rest.starts_with(end) {
            return next + end.len();
        }
        let part = headers(rest).max(run(rest, is_base64));
        let last = next + part;
        let ends = text[last + gap(&text[last..])..].starts_with(end);
        if part == 0 || (part < 16 && !ends) {
            return length;
        }
        length = last;
    }
}

/// Line ends, in any of their forms.
fn gap(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        if rest.starts_with("\\n") || rest.starts_with("\\r") {
            length += 2;
        } else if rest.starts_with([' ', '\t', '\r', '\n']) {
            length += 1;
        } else {
            return length;
        }
    }
}

/// The headers that old blocks have.
fn headers(text: &str) -> usize {
    let names = ["Proc-Type: ", "DEK-Info: ", "Version: ", "Comment: "];
    match names.iter().find(|name| text.starts_with(**name)) {
        Some(name) => {
            name.len()
                + run(&text[name.len()..], |byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b',' | b'.')
                })
        }
        None => 0,
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
