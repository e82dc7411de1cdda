//! Finds secrets in what comes back, however it is cut, and covers them. What
//! is covered keeps its length, so that nothing around it must change.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::Value;

/// What stands in place of each byte.
const COVER: u8 = b'*';

/// The writings of secrets that are looked for.
pub struct Needles {
    all: Vec<Zeroizing<Vec<u8>>>,
    /// Whether one begins with a byte.
    begins: [bool; 256],
    longest: usize,
}

impl Needles {
    /// For these values: as they are, in base64 at any offset, as hexadecimal
    /// digits, percent-encoded, and as JSON has them.
    pub fn new<'a>(values: impl Iterator<Item = &'a Value>) -> Self {
        let mut all: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for value in values {
            for writing in writings(value.reveal()) {
                if !writing.is_empty() && !all.contains(&writing) {
                    all.push(writing);
                }
            }
        }
        // Of two that begin alike, the longer one is covered.
        all.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        let mut begins = [false; 256];
        for needle in &all {
            begins[usize::from(needle[0])] = true;
        }
        let longest = all.first().map_or(0, |needle| needle.len());
        Self {
            all,
            begins,
            longest,
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Covers what is whole in these bytes. Whether something was.
    pub fn cover(&self, bytes: &mut [u8]) -> bool {
        self.cover_until(bytes, true).1
    }

    /// Covers, and says from where on something may begin that is not whole.
    fn cover_until(&self, bytes: &mut [u8], is_end: bool) -> (usize, bool) {
        let mut at = 0;
        let mut found = false;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if !self.begins[usize::from(rest[0])] {
                at += 1;
                continue;
            }
            let is_part =
                |needle: &Zeroizing<Vec<u8>>| rest.len() < needle.len() && needle.starts_with(rest);
            let whole = self.all.iter().find(|needle| rest.starts_with(needle));
            if !is_end && self.all.iter().any(is_part) {
                return (at, found);
            }
            match whole {
                Some(needle) => {
                    let end = at + needle.len();
                    bytes[at..end].fill(COVER);
                    at = end;
                    found = true;
                }
                None => at += 1,
            }
        }
        (at, found)
    }
}

fn writings(value: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let bytes = value.as_bytes();
    let mut all = vec![Zeroizing::new(bytes.to_vec())];
    if bytes.len() < 4 {
        // Encoded, it would be found everywhere.
        return all;
    }
    for offset in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let padded = Zeroizing::new([&vec![0; offset][..], bytes].concat());
            let encoded = Zeroizing::new(engine.encode(&*padded));
            // Without the characters that depend on what is beside it.
            let front = [0, 2, 3][offset];
            let back = usize::from(!padded.len().is_multiple_of(3));
            let inner = encoded.as_bytes().get(front..encoded.len() - back);
            all.push(Zeroizing::new(inner.unwrap_or_default().to_vec()));
        }
    }
    let mut lower = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    let mut percent = Zeroizing::new(String::with_capacity(3 * bytes.len()));
    let mut json = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        let (high, low) = (digit(byte >> 4), digit(byte & 15));
        lower.extend([high, low]);
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            percent.push(char::from(*byte));
        } else {
            percent.extend(['%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
        }
        if b"\"\\".contains(byte) {
            json.push('\\');
        }
        json.push(char::from(*byte));
    }
    let upper = Zeroizing::new(lower.to_ascii_uppercase());
    for text in [&lower, &upper, &percent, &json] {
        all.push(Zeroizing::new(text.as_bytes().to_vec()));
    }
    all
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

/// Covers secrets in a stream.
pub struct Mask {
    needles: std::sync::Arc<Needles>,
    kept: Vec<u8>,
    found: bool,
}

impl Mask {
    pub const fn new(needles: std::sync::Arc<Needles>) -> Self {
        Self {
            needles,
            kept: Vec::new(),
            found: false,
        }
    }

    /// How many bytes are held back: what they are shows in those to come.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Whether something was covered.
    pub const fn found(&self) -> bool {
        self.found
    }

    /// What can be handed on with these bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.kept);
        all.extend_from_slice(bytes);
        let (until, found) = self.needles.cover_until(&mut all, false);
        debug_assert!(all.len() - until <= self.needles.longest);
        self.found |= found;
        self.kept = all.split_off(until);
        all
    }

    /// What was held back, at the end.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.kept);
        self.found |= self.needles.cover(&mut all);
        all
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        self.kept.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn needles(values: &[&str]) -> Arc<Needles> {
        let values: Vec<Value> = values.iter().map(|value| Value::new(*value)).collect();
        Arc::new(Needles::new(values.iter()))
    }

    #[test]
    fn every_writing_is_covered() {
        let value = "s3cr\"t/+value?";
        let needles = needles(&[value]);
        for offset in 0..4 {
            let padded = [&b"user:"[..offset], value.as_bytes(), b"!!"].concat();
            let mut text = base64::engine::general_purpose::STANDARD
                .encode(padded)
                .into_bytes();
            assert!(needles.cover(&mut text), "{offset}");
        }
        for text in [
            "a s3cr\"t/+value? b",
            "s3cr\\\"t/+value?",
            "s3cr%22t%2F%2Bvalue%3F",
            "73336372",
        ] {
            let mut bytes = text.as_bytes().to_vec();
            assert_eq!(needles.cover(&mut bytes), text.len() > 8, "{text}");
            assert_eq!(bytes.len(), text.len());
        }
    }

    #[test]
    fn of_two_that_begin_alike_the_longer_is_covered_whole() {
        let needles = needles(&["abcd", "abcdefgh"]);
        let mut mask = Mask::new(needles);
        let mut out = mask.push(b"xabcd");
        out.extend(mask.push(b"efgh abcd"));
        out.extend(mask.finish());
        assert_eq!(out, b"x******** ****");
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_covered(before in "[abc]{0,12}", after in "[abc]{0,12}", cuts in proptest::collection::vec(1usize..6, 40)) {
            let secret = "abcabcac";
            let text = format!("{before}{secret}{after}");
            let mut mask = Mask::new(needles(&[secret]));
            let (mut out, mut rest) = (Vec::new(), text.as_bytes());
            for cut in cuts {
                let (piece, tail) = rest.split_at(cut.min(rest.len()));
                out.extend(mask.push(piece));
                rest = tail;
            }
            out.extend(mask.push(rest));
            out.extend(mask.finish());
            prop_assert_eq!(out.len(), text.len());
            prop_assert!(!String::from_utf8(out).unwrap().contains(secret));
            prop_assert!(mask.found());
        }
    }
}
