//! How a secret is shown: enough to find it and to tell two apart, too little
//! to use it or to try guesses on.

use sha2::{Digest, Sha256};

/// `ghp_…[40 characters, 1f3a]`: its first characters, its length, and a few
/// digits of a salted hash. Of a short secret less is shown, and the hash of a
/// secret that could be guessed has so few digits that it proves no guess.
pub(super) fn masked(value: &str, salt: &str) -> String {
    let length = value.chars().count();
    let shown = (length / 5).min(4);
    let head: String = value.chars().take(shown).collect();
    let digits = if length < 20 { 3 } else { 8 };
    let hash = Sha256::new()
        .chain_update(b"cofferdam secret\0")
        .chain_update(salt)
        .chain_update(b"\0")
        .chain_update(value)
        .finalize();
    let number = hash
        .iter()
        .take(4)
        .fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    let hash = format!("{number:08x}");
    format!(
        "{}…[{length} characters, {}]",
        dam_journal::clean(&head),
        &hash[..digits]
    )
}

/// The line that a secret begins on, with the secret masked, and not more than
/// a terminal's width of it.
pub(super) fn line(text: &str, start: usize, end: usize, shown: &str) -> String {
    const AROUND: usize = 60;
    let before = text[..start].rsplit('\n').next().unwrap_or_default();
    let skipped = before.chars().count().saturating_sub(AROUND);
    let before: String = before.chars().skip(skipped).collect();
    let after: String = text[end..]
        .split('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .take(AROUND / 2)
        .collect();
    // Another secret on the same line is masked by its format or its name.
    let [before, after] = [before, after]
        .map(|part| dam_journal::mask(&dam_journal::clean(part.trim_end_matches('\r'))));
    format!("{}{shown}{after}", before.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{line, masked};

    #[test]
    fn a_short_secret_is_shown_less_of() {
        assert!(masked("abcd", "").starts_with("…[4 characters, "));
        assert!(masked("hunter2000", "").starts_with("hu…[10 characters, "));
        assert!(masked("ghp_0123456789012345678901234567890", "").starts_with("ghp_…[35 "));
        assert_ne!(masked("hunter2000", "a"), masked("hunter2000", "b"));
    }

    #[test]
    fn nothing_of_a_secret_is_left_in_its_line() {
        let text = "x = 1\n  token = 's3cr3tvalue' # why\n";
        let start = text.find("s3").expect("it");
        let shown = line(text, start, start + 11, "MASK");
        assert_eq!(shown, "token = 'MASK' # why");
    }
}
