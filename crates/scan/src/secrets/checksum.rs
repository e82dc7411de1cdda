//! What a token's own structure says: checksums of GitHub's and npm's tokens,
//! the header of a web token.

use super::places::decoded;
use super::words::{is_placeholder, is_random};

/// How sure it is that a token of a known format is one: 4 where a checksum
/// proves it, 1 where it should and does not; nothing where it is none.
pub(super) fn strength(token: &str, kind: &str) -> Option<u8> {
    if is_sample(token) {
        return None;
    }
    match kind {
        "github-token" | "npm-token" => Some(match has_checksum(token) {
            Some(true) => 4,
            Some(false) => 2,
            None => 3,
        }),
        "jwt" => web_token(token),
        _ => Some(3),
    }
}

/// Samples of documents: `AKIAIOSFODNN7EXAMPLE`, `ghp_xxxxxxxx`.
fn is_sample(token: &str) -> bool {
    let rest = token
        .split_once(['_', '-', '.'])
        .map_or(token, |(_, rest)| rest);
    is_placeholder(token)
        || (rest.len() >= 6 && is_placeholder(rest))
        || (rest.len() >= 16 && !is_random(rest))
}

/// Whether the last six characters are the CRC-32 of those before, in base 62.
/// Nothing where the token is of a form that has none.
fn has_checksum(token: &str) -> Option<bool> {
    let (_, rest) = token.split_once('_')?;
    if rest.len() != 36 || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let (random, sum) = rest.split_at(30);
    Some(base62(crc32(random.as_bytes())) == sum)
}

/// CRC-32 as in Ethernet and zip files.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

/// Six digits: `0-9`, `A-Z`, `a-z`.
fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// A web token has a header that is an object with its algorithm or type, and
/// is signed with more than nothing.
fn web_token(token: &str) -> Option<u8> {
    let mut parts = token.split('.');
    let header = decoded(parts.next()?)?;
    let payload = parts.next()?;
    let signature = parts.next()?;
    let is_header = header.starts_with('{')
        && ["\"alg\"", "\"typ\"", "\"enc\""]
            .iter()
            .any(|name| header.contains(name));
    let has_five = token.split('.').count() == 5;
    let claims = decoded(payload).is_some_and(|text| text.starts_with('{'));
    (is_header && !has_five && claims && signature.len() >= 20).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::{base62, crc32, has_checksum, strength};

    fn with_sum(random: &str) -> String {
        format!("ghp_{random}{}", base62(crc32(random.as_bytes())))
    }

    #[test]
    fn a_checksum_proves_a_token() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let token = with_sum("q7Rz0LkV3nXy8WbT5uHc2MdG9sJa4E");
        assert_eq!(has_checksum(&token), Some(true));
        assert_eq!(strength(&token, "github-token"), Some(4));
        let other = token.replace("q7R", "q8R");
        assert_eq!(strength(&other, "github-token"), Some(2));
    }

    #[test]
    fn samples_are_no_tokens() {
        assert_eq!(strength("AKIAIOSFODNN7EXAMPLE", "aws-key"), None);
        assert_eq!(
            strength("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "github-token"),
            None
        );
        assert_eq!(strength("eyJhbGciOiJub25lIn0.e30.", "jwt"), None);
    }
}
