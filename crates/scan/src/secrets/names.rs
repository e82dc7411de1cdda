//! What a name says of its value: `db_password`, `API_KEY`, `x-auth-token`.

/// What a name promises.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Promise {
    /// A password: short, and of any form.
    Password,
    /// A secret, a token, a key of an interface: long and random.
    Secret,
    /// A key, a salt, a nonce, something of authentication: often no secret,
    /// so only what is clearly random counts.
    Weak,
}

/// Parts of words that make a name worth a look, for the search over a text.
/// In small letters.
pub(super) const SIGNS: &[&str] = &[
    "pass",
    "pwd",
    "_pw",
    "secret",
    "token",
    "key",
    "auth",
    "credential",
    "salt",
    "nonce",
    "signature",
    "session",
    "cookie",
    "sid",
];

/// Words that a name ends with, and what they promise. The first that fits
/// counts; names are compared without signs between their words.
const ENDINGS: &[(&str, Promise)] = &[
    ("password", Promise::Password),
    ("passwd", Promise::Password),
    ("passphrase", Promise::Password),
    ("passcode", Promise::Password),
    ("passwort", Promise::Password),
    ("pwd", Promise::Password),
    ("secretkey", Promise::Secret),
    ("secret", Promise::Secret),
    ("token", Promise::Secret),
    ("tokens", Promise::Secret),
    ("apikey", Promise::Secret),
    ("accesskey", Promise::Secret),
    ("accesskeyid", Promise::Secret),
    ("accountkey", Promise::Secret),
    ("authkey", Promise::Secret),
    ("consumerkey", Promise::Secret),
    ("applicationkey", Promise::Secret),
    ("encryptionkey", Promise::Secret),
    ("masterkey", Promise::Secret),
    ("privatekey", Promise::Secret),
    ("sharedkey", Promise::Secret),
    ("signingkey", Promise::Secret),
    ("credential", Promise::Secret),
    ("credentials", Promise::Secret),
    ("sessionid", Promise::Secret),
    ("oauthverifier", Promise::Secret),
    ("authcode", Promise::Secret),
    ("secretbase", Promise::Secret),
    ("key", Promise::Weak),
    ("salt", Promise::Weak),
    ("nonce", Promise::Weak),
    ("auth", Promise::Weak),
    ("signature", Promise::Weak),
    ("authorization", Promise::Weak),
    ("sid", Promise::Weak),
    ("cookie", Promise::Weak),
];

/// Words in a name that say that its value is no secret: what is public, what
/// is derived, what only speaks of the secret.
const HARMLESS: &[&str] = &[
    "public",
    "pubkey",
    "hash",
    "digest",
    "checksum",
    "fingerprint",
    "thumbprint",
    "placeholder",
    "label",
    "length",
    "size",
    "type",
    "field",
    "column",
    "header",
    "path",
    "file",
    "dir",
    "url",
    "uri",
    "endpoint",
    "prefix",
    "suffix",
    "pattern",
    "regex",
    "format",
    "hint",
    "error",
    "message",
    "help",
    "title",
    "description",
    "expires",
    "expiry",
    "ttl",
    "primarykey",
    "foreignkey",
    "keyboard",
    "partition",
    "sort",
    "cachekey",
    "sshkeys",
    "hotkey",
    "keycode",
    "author",
    "keyid",
    "keyname",
    "kid",
];

/// What a name promises, if anything.
pub(super) fn promise_of(name: &str) -> Option<Promise> {
    let plain: String = name
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    // `password2`, `token_1`, `Password:confirm`.
    let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = stem
        .strip_suffix("confirmation")
        .or_else(|| stem.strip_suffix("confirm"))
        .unwrap_or(stem);
    if matches!(name, "PWD" | "OLDPWD") {
        return None;
    }
    let promise = by_last_word(name).or_else(|| {
        ENDINGS
            .iter()
            .find(|(ending, _)| stem.ends_with(ending))
            .map(|(_, promise)| *promise)
    })?;
    let is_harmless = HARMLESS.iter().any(|word| plain.contains(word));
    // `public_token` is public, `file_password` is a password.
    let strong = promise == Promise::Password;
    (!is_harmless || (strong && !plain.ends_with("hash"))).then_some(promise)
}

/// `db_pass`, `MYSQL_PW`: too short to count within other words.
fn by_last_word(name: &str) -> Option<Promise> {
    let last = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let last = last.rsplit(['_', '-', '.', '$']).next().unwrap_or(last);
    let camel = name.ends_with("Pass") || name.ends_with("Pwd");
    (camel
        || ["pass", "pw"]
            .iter()
            .any(|word| last.eq_ignore_ascii_case(word)))
    .then_some(Promise::Password)
}

#[cfg(test)]
mod tests {
    use super::{Promise, promise_of};

    #[test]
    fn names_promise_by_their_last_word() {
        for (name, promise) in [
            ("db_password", Some(Promise::Password)),
            ("password2", Some(Promise::Password)),
            ("DB_PASS", Some(Promise::Password)),
            ("API-KEY", Some(Promise::Secret)),
            ("clientSecret", Some(Promise::Secret)),
            ("salt", Some(Promise::Weak)),
            ("PWD", None),
            ("compass", None),
            ("public_key", None),
            ("token_url", None),
            ("password_hash", None),
            ("keyboard", None),
        ] {
            assert_eq!(promise_of(name), promise, "{name}");
        }
    }
}
