//! Bytes to text: UTF-8, UTF-16 with or without its mark, Latin-1.

use std::borrow::Cow;

/// How much of a file tells whether it is text.
const HEAD: usize = 8000;

/// The text that bytes are; none if they are no text.
///
/// What is not UTF-8 and has no zeros is taken for Latin-1: nothing is lost,
/// as every byte is a character in it, and code is ASCII in all its kin.
pub fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Some(String::from_utf8_lossy(rest));
    }
    if let Some(utf16) = utf16(bytes) {
        return Some(Cow::Owned(utf16));
    }
    if bytes.iter().take(HEAD).any(|byte| *byte == 0) {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) if looks_binary(bytes) => None,
        Err(_) => Some(Cow::Owned(
            bytes.iter().map(|byte| char::from(*byte)).collect(),
        )),
    }
}

/// UTF-16 by its mark, or by every second byte of its head being zero.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (rest, is_big) = match bytes {
        // UTF-32 begins alike; it is not read.
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, rest @ ..] => (rest, false),
        [0xfe, 0xff, rest @ ..] => (rest, true),
        _ => (bytes, unmarked(bytes)?),
    };
    let units = rest.chunks(2).map(|pair| match *pair {
        [high, low] if is_big => u16::from_be_bytes([high, low]),
        [low, high] => u16::from_le_bytes([low, high]),
        _ => 0xfffd,
    });
    Some(
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// Whether text without a mark is UTF-16, and if so whether the high byte
/// comes first.
fn unmarked(bytes: &[u8]) -> Option<bool> {
    let head = bytes.get(..bytes.len().min(HEAD) & !1)?;
    if head.len() < 4 {
        return None;
    }
    let printable = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let mostly = |zero: usize| {
        let fits = |pair: &&[u8]| pair[zero] == 0 && printable(pair[1 - zero]);
        head.chunks_exact(2).filter(fits).count() * 20 >= head.len() / 2 * 19
    };
    match (mostly(0), mostly(1)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Whether there are more control characters than any text has.
fn looks_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let odd = |byte: &&u8| matches!(**byte, 1..=8 | 11 | 14..=26 | 28..=31 | 127);
    head.iter().filter(odd).count() * 50 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "key = 'Grüße'\nx = 1\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", &little[..]].concat(),
            [b"\xfe\xff", &big[..]].concat(),
            latin,
        ] {
            assert_eq!(decode(&bytes).as_deref(), Some(text), "{bytes:?}");
        }
        let plain = "password = 'hunter2'\n";
        let unmarked: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&unmarked).as_deref(), Some(plain));
    }

    #[test]
    fn what_is_no_text_is_none() {
        assert_eq!(decode(b"\x7fELF\x02\x01\x01\0\0\0"), None);
        assert_eq!(
            decode(b"\x89PNG\r\n\x1a\n\x01\x02\x03\x04\x05\xff\xff"),
            None
        );
        assert_eq!(decode(b"").as_deref(), Some(""));
    }
}
