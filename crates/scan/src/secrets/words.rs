//! Tells words from random characters, and placeholders from secrets.

/// Words that stand where a secret will be, or in tests and documents for one.
/// In small letters.
const PLACEHOLDERS: &[&str] = &[
    "a", "abc", "abcd", "abcde", "abcdef", "access", "account", "admin", "and", "another", "any", "api",
    "app", "application", "argument", "asdf", "auth", "authentication", "authorization", "aws",
    "azure", "b", "bad", "bar", "base", "basic", "baz", "bearer", "bob", "bot", "c", "change",
    "changed", "changeit", "changeme", "char", "client", "code", "config", "confirm",
    "confirmation", "consumer", "contrasena", "correct", "credential", "credentials", "current",
    "custom", "d", "data", "database", "db", "default", "demo", "dev", "different", "disabled",
    "doe", "dummy", "e", "email", "empty", "enabled", "enter", "env", "environment", "err",
    "error", "example", "examples", "expired", "f", "fake", "false", "field", "fixme", "foo",
    "foobar", "for", "form", "from", "generated", "get", "github", "go", "goes", "google", "guest",
    "hash", "hello", "here", "hex", "hidden", "host", "http", "id", "identifier", "if", "in",
    "input", "insert", "invalid", "is", "it", "jane", "john", "jwt", "kennwort", "key", "keys",
    "local", "localhost", "login", "long", "lorem", "ipsum", "many", "master", "me", "missing", "mock",
    "model", "motdepasse", "must", "my", "name", "needs", "new", "nil", "no", "none", "nonce",
    "not", "null", "oauth", "of", "off", "old", "on", "one", "or", "oracle", "original", "other", "our",
    "param", "parameter", "params", "pass", "passcode", "passphrase", "password", "passwd",
    "passwort", "pem", "personal", "placeholder", "plain", "please", "postgres", "private", "prod",
    "production", "provider", "public", "put", "pw", "pwd", "quux", "qux", "qwerty", "random",
    "read", "real", "redacted", "redis", "refresh", "remote", "removed", "replace", "required",
    "reset", "root", "rsa", "salt", "same", "sample", "secret", "secrets", "secure", "security",
    "senha", "server", "service", "session", "set", "short", "should", "shared", "sign", "signing", "signature", "site",
    "slack", "some", "someone", "something", "string", "strong", "stub", "super", "swordfish",
    "system", "temp", "template", "test", "tested", "tester", "testing", "text", "that", "the",
    "this", "to", "todo", "token", "tokens", "true", "type", "undefined", "unknown", "unset", "unused",
    "update", "updated", "url", "use", "used", "user", "username", "users", "valid", "value",
    "values", "var", "variable", "verify", "very", "wachtwoord", "web", "weak", "with", "without", "word", "wrong",
    "www", "xxx", "yes", "you", "your", "yours", "z", "x", "y", "n", "p", "s", "t", "u", "v", "w",
    "alice", "bob", "eve", "mallory", "simple", "verifier", "incorrect", "nope", "noop", "testac", "cert",
    "certificate", "encrypted", "deleted", "hunter", "masked", "mypassword", "mysecret", "mytoken", "testpass",
    "testuser", "testtoken", "testkey", "agent", "ignored", "bogus", "nothing", "anything", "whatever", "optional",
    "somesecretkey", "wibble", "spam", "eggs", "ham", "second", "first", "third", "two", "three", "last", "good", "great",
    "number", "int", "integer", "bool", "boolean", "float", "bytes", "byte", "object", "list", "array", "dict", "map",
    "ecdsa", "ed", "dsa", "hmac", "sha", "md", "aes", "des", "cbc", "gcm", "session", "cookie", "header", "body", "query",
    "path", "file", "filename", "dir", "directory", "key", "pair", "prompt", "too", "blank", "expire", "expires", "min", "max",
    "length", "format", "cannot", "be", "match", "matches", "mismatch", "does", "exist", "exists", "was", "has", "have", "been",
    "are", "an", "as", "at", "by", "can", "will", "mail", "mobile", "phone", "otp", "mfa", "totp", "pin",
];

/// For each letter, the letters that often follow it in English and in names
/// of programs: bit 0 is `a`. Counted over this project's own pages.
const FOLLOWS: [u32; 26] = [
    0x13e_bd6f, 0x016_4915, 0x01e_cd9d, 0x016_493b, 0x1ef_b97d, 0x01e_4939, 0x016_6991,
    0x01a_4111, 0x2ae_f87f, 0x000_0000, 0x004_0110, 0x11c_4919, 0x014_d113, 0x03c_ed7d,
    0x0fe_fd6f, 0x01e_c911, 0x010_0000, 0x13e_fd5d, 0x15c_cdd5, 0x15e_d9bd, 0x00e_b91f,
    0x000_0111, 0x002_6191, 0x008_8011, 0x004_8000, 0x000_0010,
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
    if PLACEHOLDERS.contains(&word) {
        return true;
    }
    parts > 1
        && word.is_ascii()
        && (2..word.len().saturating_sub(1))
            .any(|at| PLACEHOLDERS.contains(&&word[..at]) && splits(&word[at..], parts - 1))
}

/// `aaaa`, `12345678`, `abcdefgh`, `0000-0000`.
fn is_run(lower: &[u8]) -> bool {
    let letters: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    if letters.len() < 3 {
        return true;
    }
    let steps = letters.windows(2);
    let total = letters.len() - 1;
    let even = steps
        .filter(|pair| {
            pair[0] == pair[1] || pair[1].wrapping_sub(pair[0]) == 1 || (pair[0] == b'9' && pair[1] == b'0')
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
    let changes = bytes.windows(2).filter(|pair| is_change(pair[0], pair[1])).count();
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
            "password", "changeme", "test123", "your-api-key-here", "my_token", "xxxxxxxx",
            "********", "12345678", "abcdefgh", "YOUR_SECRET", "testPassword1", "somesecretkey",
            "login_and_password_removed", "AKIAIOSFODNN7EXAMPLE", "...",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["karhaqnoqe", "Zkn6fT@pnz8ei", "dragon77", "b99sj6p86cvy", "tr0ub4dor"] {
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
