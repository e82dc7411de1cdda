//! Tells words from random characters, and placeholders from secrets.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Words that stand where a secret will be, or in tests and documents for one.
/// In small letters.
const PLACEHOLDERS: &str = "\
    a abc abcd abcde abcdef access account admin aes agent alice an and another any anything
    api app application are argument array as asdf at auth authentication authorization aws
    azure b bad bar base basic baz be bearer been blank bob body bogus bool boolean bot by
    byte bytes c can cannot cbc cert certificate change changed changeit changeme char
    client code config confirm confirmation consumer contrasena cookie correct credential
    credentials current custom d data database db default deleted demo des dev dict
    different dir directory disabled doe does dsa dummy e ecdsa ed eggs email empty enabled
    encrypted enter env environment err error eve example examples exist exists expire
    expired expires f fake false field file filename first fixme float foo foobar for form
    format from gcm generated get github go goes good google great guest ham has hash have
    header hello here hex hidden hmac host http hunter id identifier if ignored in incorrect
    input insert int integer invalid ipsum is it jane john jwt kennwort key keys last length
    list local localhost login long lorem mail mallory many map masked master match matches
    max md me mfa min mismatch missing mobile mock model motdepasse must my mypassword
    mysecret mytoken n name needs new nil no nonce none noop nope not nothing null number
    oauth object of off old on one optional or oracle original other otp our p pair param
    parameter params pass passcode passphrase passwd password passwort path pem personal
    phone pin placeholder plain please postgres private prod production prompt provider
    public put pw pwd query quux qux qwerty random read real redacted redis refresh remote
    removed replace required reset root rsa s salt same sample second secret secrets secure
    security senha server service session set sha shared short should sign signature signing
    simple site slack some someone somesecretkey something spam string strong stub super
    swordfish system t temp template test testac tested tester testing testkey testpass
    testtoken testuser text that the third this three to todo token tokens too totp true two
    type u undefined unknown unset unused update updated url use used user username users v
    valid value values var variable verifier verify very w wachtwoord was weak web whatever
    wibble will with without word wrong www x xxx y yes you your yours z";

fn placeholders() -> &'static HashSet<&'static str> {
    static WORDS: OnceLock<HashSet<&str>> = OnceLock::new();
    WORDS.get_or_init(|| PLACEHOLDERS.split_ascii_whitespace().collect())
}

/// For each letter, the letters that often follow it in English and in names
/// of programs: bit 0 is `a`. Counted over this project's own pages.
const FOLLOWS: [u32; 26] = [
    0x13e_bd6f, 0x016_4915, 0x01e_cd9d, 0x016_493b, 0x1ef_b97d, 0x01e_4939, 0x016_6991, 0x01a_4111,
    0x2ae_f87f, 0x000_0000, 0x004_0110, 0x11c_4919, 0x014_d113, 0x03c_ed7d, 0x0fe_fd6f, 0x01e_c911,
    0x010_0000, 0x13e_fd5d, 0x15c_cdd5, 0x15e_d9bd, 0x00e_b91f, 0x000_0111, 0x002_6191, 0x008_8011,
    0x004_8000, 0x000_0010,
];

/// Whether a value only stands for a secret: made of such words alone, a run,
/// one character again and again.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if is_run(lower.as_bytes()) || lower.contains("example") || lower.contains("xxxx") {
        return true;
    }
    let without = lower.replace("...", "").replace("***", "");
    if without.len() != lower.len() {
        return true;
    }
    let mut any = false;
    for word in words(value) {
        any = true;
        if !is_known(&word) {
            return false;
        }
    }
    // Digits beside such words do not make a secret: `test123`.
    any || lower.bytes().all(|byte| !byte.is_ascii_alphanumeric()) || is_short_number(&lower)
}

fn is_short_number(lower: &str) -> bool {
    lower.len() < 8 && lower.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word is on the list, or is two or three of the list joined.
fn is_known(word: &str) -> bool {
    splits(word, 3)
}

fn splits(word: &str, parts: usize) -> bool {
    if placeholders().contains(word) {
        return true;
    }
    parts > 1
        && word.is_ascii()
        && (2..word.len().saturating_sub(1))
            .any(|at| placeholders().contains(&word[..at]) && splits(&word[at..], parts - 1))
}

/// `aaaa`, `12345678`, `abcdefgh`, `0000-0000`.
fn is_run(lower: &[u8]) -> bool {
    let letters: Vec<u8> = lower
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    if letters.len() < 3 {
        return true;
    }
    let steps = letters.windows(2);
    let total = letters.len() - 1;
    let even = steps
        .filter(|pair| {
            pair[0] == pair[1]
                || pair[1].wrapping_sub(pair[0]) == 1
                || (pair[0] == b'9' && pair[1] == b'0')
        })
        .count();
    even * 10 >= total * 8
}

/// The words of a value, in small letters: runs of letters, split where a
/// capital follows a small letter.
pub(super) fn words(value: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    let mut last_small = false;
    for c in value.chars() {
        if c.is_ascii_uppercase() && last_small && !word.is_empty() {
            all.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        } else if !word.is_empty() {
            all.push(std::mem::take(&mut word));
        }
        last_small = c.is_lowercase();
    }
    if !word.is_empty() {
        all.push(word);
    }
    all
}

/// How many pairs of letters of the value's words are rare, of how many.
fn rare_pairs(value: &str) -> (usize, usize) {
    let (mut rare, mut all) = (0, 0);
    for pair in value.as_bytes().windows(2) {
        if let [Some(one), Some(other)] = [pair[0], pair[1]].map(letter) {
            all += 1;
            rare += usize::from(FOLLOWS[one] >> other & 1 == 0);
        }
    }
    (rare, all)
}

fn letter(byte: u8) -> Option<usize> {
    byte.is_ascii_alphabetic()
        .then(|| usize::from(byte.to_ascii_lowercase() - b'a'))
}

/// Whether a value looks like what a generator of secrets makes, and not like
/// words, a name or a number.
pub(super) fn is_random(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.len() < 6 || bytes.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let (rare, pairs) = rare_pairs(value);
    let changes = bytes
        .windows(2)
        .filter(|pair| is_change(pair[0], pair[1]))
        .count();
    let mixed = changes * 5 >= bytes.len();
    let unlike_words = pairs >= 4 && rare * 4 >= pairs;
    (mixed && entropy(bytes) > 2.2) || (unlike_words && entropy(bytes) > 2.0)
}

/// Whether two neighbours are of different classes, in a way that words are
/// not: a capital before a small letter begins a word.
fn is_change(one: u8, other: u8) -> bool {
    let class = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let (one, other) = (class(one), class(other));
    one != other && one != 3 && other != 3 && !(one == 1 && other == 2)
}

/// Shannon's entropy in bits for each byte.
#[expect(clippy::cast_precision_loss, reason = "values are short")]
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    let share = |count: &&usize| **count > 0;
    counts
        .iter()
        .filter(share)
        .map(|count| {
            let share = *count as f64 / total;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{is_placeholder, is_random};

    #[test]
    fn placeholders_are_told_from_secrets() {
        for value in [
            "password",
            "changeme",
            "test123",
            "your-api-key-here",
            "my_token",
            "xxxxxxxx",
            "********",
            "12345678",
            "abcdefgh",
            "YOUR_SECRET",
            "testPassword1",
            "somesecretkey",
            "login_and_password_removed",
            "AKIAIOSFODNN7EXAMPLE",
            "...",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in [
            "karhaqnoqe",
            "Zkn6fT@pnz8ei",
            "dragon77",
            "b99sj6p86cvy",
            "tr0ub4dor",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn random_values_are_told_from_words_and_numbers() {
        for value in [
            "b99sj6p86cvy",
            "srivytovazlbvsvintvyzstlgfuytz",
            "067628831f0eb5dc",
            "HAF0CLxZzmCCuIwplgk0HYlvXUxx75",
            "pycxlko1",
        ] {
            assert!(is_random(value), "{value}");
        }
        for value in [
            "application/json",
            "different-token",
            "getUserName",
            "1540000000000",
            "content-type-options",
            "HipchatAgent",
        ] {
            assert!(!is_random(value), "{value}");
        }
    }
}
