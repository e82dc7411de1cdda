//! Session identifiers: sortable by time, and safe as a file's name.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::JournalError;

/// Names one session, such as `20261121-070416-1f3a9c`: the second it started
/// in UTC, and six random hexadecimal digits.
///
/// Identifiers sort by time to the second; [`crate::list`] sorts those of one
/// second by their first entries.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionId(String);

/// Text that is no session identifier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a session identifier; one looks like `20261121-070416-1f3a9c`")]
pub struct BadSessionId(pub String);

impl SessionId {
    /// A new identifier, from the clock and the kernel's random numbers.
    pub fn generate() -> Result<Self, JournalError> {
        let mut random = [0; 3];
        fill(&mut random).map_err(JournalError::Random)?;
        let second = Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let [a, b, c] = random;
        Ok(Self(format!("{second}-{a:02x}{b:02x}{c:02x}")))
    }

    /// The name of the record of what was removed, which is kept as a session's
    /// journal is. No session can have it.
    pub fn ledger() -> Self {
        Self("19700101-000000-000000".to_owned())
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Fills with bytes that nobody can guess.
#[cfg(target_os = "linux")]
pub fn fill(random: &mut [u8]) -> std::io::Result<()> {
    // So few bytes are never given in part.
    rustix::rand::getrandom(random, rustix::rand::GetRandomFlags::empty())?;
    Ok(())
}

/// Fills with bytes that nobody can guess.
#[cfg(not(target_os = "linux"))]
pub fn fill(random: &mut [u8]) -> std::io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(random)
}

impl FromStr for SessionId {
    type Err = BadSessionId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_session_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadSessionId(shortened(text)))
        }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Only digits, two dashes and six lower-case hexadecimal digits get through,
/// so that an identifier can never be a path.
fn is_session_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 22
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 15 => *byte == b'-',
            16.. => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            _ => byte.is_ascii_digit(),
        })
        && is_time(&text[..15])
}

fn is_time(text: &str) -> bool {
    jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", text)
        // A leap second would be read as the second before it.
        .is_ok_and(|time| time.strftime("%Y%m%d-%H%M%S").to_string() == text)
}

/// The text as it may be shown in a message.
fn shortened(text: &str) -> String {
    let cleaned = crate::clean(text);
    match cleaned.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ones_parse_and_differ() {
        let first = SessionId::generate().unwrap();
        let second = SessionId::generate().unwrap();
        assert_ne!(first, second);
        assert_eq!(first.as_str().parse::<SessionId>().unwrap(), first);
    }

    #[test]
    fn nothing_but_an_identifier_parses() {
        for text in [
            "",
            "20261121-070416-1f3a9",
            "20261121-070416-1f3a9c0",
            "20261121-070416-1F3A9C",
            "20261321-070416-1f3a9c",
            "20260230-070416-1f3a9c",
            "20261121-250416-1f3a9c",
            "20261121-070460-1f3a9c",
            "20261121_070416-1f3a9c",
            "../../../../../etc/pass",
            "20261121-070416-1f3a/c",
            "20261121-070416-1f3a9c\n",
            "20261121-070416-1f3a9\0",
            "2026112１-070416-1f3a9",
            "+0261121-070416-1f3a9c",
        ] {
            assert!(text.parse::<SessionId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_message_shows_no_raw_control_characters() {
        let error = "\u{1b}[2J\u{202e}".parse::<SessionId>().unwrap_err();
        assert_eq!(error.0, "<ESC[2J><U+202E>");
    }
}
