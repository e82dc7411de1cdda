//! Masks secrets in text that is written down or shown.
//!
//! A secret is known by its format, by where it stands (a URL, a header, a key
//! block) or by the name it is given. A mask never hides what looks like a
//! command: the record is evidence, and `token="$(curl …)"` is an act, not a
//! secret. So a secret of no known format, without a telling name or with
//! shell syntax in it stays.

mod assignment;
mod format;
mod header;
mod private_key;
mod url;

use assignment::assignment;

/// The text with its secrets replaced by what they are, such as
/// `[masked:github-token]`. Masking a second time changes nothing.
pub fn mask(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut masked = pass(text);
    // Where nothing was found, nothing would be found again.
    if masked == text {
        return masked;
    }
    loop {
        // What follows a mask may show as a secret only now.
        let again = pass(&masked);
        // Ends, since every turn leaves less text outside of masks.
        if unmasked(&again) >= unmasked(&masked) {
            return masked;
        }
        masked = again;
    }
}

/// Whether a text cannot hold a secret, told without reading it word by word:
/// most strings of an event are short words. A place or a name needs one of
/// these signs, and no known format is shorter.
fn is_plain(text: &str) -> bool {
    text.len() < format::SHORTEST
        && !text
            .bytes()
            .any(|byte| matches!(byte, b':' | b'=' | b'>' | b'-'))
}

/// A secret known by its format, at the start of some text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownToken {
    /// Its length in bytes.
    pub length: usize,
    /// What it is: `github-token`.
    pub kind: &'static str,
}

/// The secret of a known format that text begins with. The list of formats is
/// the one that [`mask`] uses.
pub fn known_token(text: &str) -> Option<KnownToken> {
    let found = format::token(text)?;
    Some(KnownToken {
        length: found.secret,
        kind: found.kind.name(),
    })
}

/// How secrets of known formats begin.
pub fn known_prefixes() -> impl Iterator<Item = &'static str> {
    format::prefixes()
}

/// The private key, with its first and its last line, that text begins with:
/// its length in bytes.
pub fn private_key(text: &str) -> Option<usize> {
    private_key::block(text).map(|found| found.secret)
}

/// The value of something that has a name, masked as the name asks for.
pub(crate) fn mask_named(name: &str, value: &str) -> String {
    if header::is_authorization(name) {
        if let Some(found) = header::credentials(value) {
            return found.applied_to(value);
        }
    } else if let Some(kind) = assignment::kind_of_name(name)
        && is_secret(value, kind)
    {
        return kind.mask().to_owned();
    }
    mask(value)
}

/// Whether a word is an option whose value, a word of its own, is a secret.
pub(crate) fn is_secret_option(word: &str) -> bool {
    assignment::is_option(word) && assignment::kind_of_name(word).is_some()
}

/// What was masked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Authorization,
    AwsKey,
    ApiKey,
    GithubToken,
    GitlabToken,
    GoogleKey,
    Jwt,
    Key,
    NpmToken,
    Password,
    PrivateKey,
    PypiToken,
    Secret,
    SlackToken,
    Token,
}

impl Kind {
    const ALL: [Self; 15] = [
        Self::Authorization,
        Self::AwsKey,
        Self::ApiKey,
        Self::GithubToken,
        Self::GitlabToken,
        Self::GoogleKey,
        Self::Jwt,
        Self::Key,
        Self::NpmToken,
        Self::Password,
        Self::PrivateKey,
        Self::PypiToken,
        Self::Secret,
        Self::SlackToken,
        Self::Token,
    ];

    /// What it is called.
    fn name(self) -> &'static str {
        let mask = self.mask();
        mask.strip_prefix("[masked:")
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(mask)
    }

    const fn mask(self) -> &'static str {
        match self {
            Self::Authorization => "[masked:authorization]",
            Self::AwsKey => "[masked:aws-key]",
            Self::ApiKey => "[masked:api-key]",
            Self::GithubToken => "[masked:github-token]",
            Self::GitlabToken => "[masked:gitlab-token]",
            Self::GoogleKey => "[masked:google-key]",
            Self::Jwt => "[masked:jwt]",
            Self::Key => "[masked:key]",
            Self::NpmToken => "[masked:npm-token]",
            Self::Password => "[masked:password]",
            Self::PrivateKey => "[masked:private-key]",
            Self::PypiToken => "[masked:pypi-token]",
            Self::Secret => "[masked:secret]",
            Self::SlackToken => "[masked:slack-token]",
            Self::Token => "[masked:token]",
        }
    }
}

/// A secret at the start of some text: what comes before it, and how long it
/// is. Lengths are in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Found {
    before: usize,
    secret: usize,
    kind: Kind,
}

impl Found {
    fn after(self) -> usize {
        self.before + self.secret
    }

    /// A format says more of a secret than its name or its place.
    fn named_by_format(self, text: &str) -> Self {
        let secret = &text[self.before..self.after()];
        let format = format::token(secret).or_else(|| private_key::block(secret));
        let kind = format
            .filter(|format| format.secret == secret.len())
            .map_or(self.kind, |format| format.kind);
        Self { kind, ..self }
    }

    fn shifted(self, by: usize) -> Self {
        let before = self.before + by;
        Self { before, ..self }
    }

    fn applied_to(self, text: &str) -> String {
        let masked = text[..self.before].to_owned() + self.kind.mask();
        mask(&(masked + &text[self.after()..]))
    }
}

/// Masks from the left to the right.
fn pass(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(mask) = mask_at(rest) {
            masked.push_str(mask);
            rest = &rest[mask.len()..];
        } else if let Some(found) = find(&masked, rest) {
            masked.push_str(&rest[..found.before]);
            masked.push_str(found.kind.mask());
            rest = &rest[found.after()..];
        } else {
            let plain = plain(&masked, rest).max(c.len_utf8());
            masked.push_str(&rest[..plain]);
            rest = &rest[plain..];
        }
    }
    masked
}

/// How much of the text cannot hold the start of a secret: the rest of a word.
fn plain(before: &str, text: &str) -> usize {
    // A word may start in the middle of what looks like one.
    let escaped = before
        .bytes()
        .rev()
        .take(2)
        .any(|byte| matches!(byte, b'\\' | b'%'));
    let class = if escaped {
        |_| false
    } else {
        |byte: u8| byte.is_ascii_alphanumeric()
    };
    run(text, class)
}

/// The secret that the text begins with, given what comes before it.
fn find(before: &str, text: &str) -> Option<Found> {
    let starts_name = !before.ends_with(assignment::is_name_character);
    let starts_word = !before.ends_with(char::is_alphanumeric) || ends_escaped(before);
    let found = match text.as_bytes().first()? {
        b':' => url::password(text),
        b'-' if text.starts_with("-----") => private_key::block(text),
        b'-' if starts_name => assignment(text),
        byte if byte.is_ascii_alphanumeric() && starts_word => format::token(text)
            .or_else(|| header::scheme(text))
            .or_else(|| header::authorization(text).filter(|_| starts_name))
            .or_else(|| assignment(text).filter(|_| starts_name)),
        b'_' if starts_name => assignment(text),
        _ => None,
    };
    found.map(|found| found.named_by_format(text))
}

/// Whether text ends with an escaped character, as in text within other text:
/// `\n`, `%3D`. What follows is not the rest of a word.
fn ends_escaped(text: &str) -> bool {
    let mut last = text.bytes().rev();
    match (last.next(), last.next(), last.next()) {
        (Some(b'n' | b'r' | b't'), Some(b'\\'), _) => true,
        (Some(low), Some(high), Some(b'%')) => low.is_ascii_hexdigit() && high.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The mask that text begins with, if it does.
fn mask_at(text: &str) -> Option<&'static str> {
    if !text.starts_with("[masked:") {
        return None;
    }
    let masks = Kind::ALL.map(Kind::mask);
    masks.into_iter().find(|mask| text.starts_with(mask))
}

/// Whether a value is a secret: neither masked already, nor a reference to
/// one, nor something that runs.
fn is_secret(value: &str, kind: Kind) -> bool {
    !is_masked(value)
        && !is_reference(value)
        && !runs_something(value)
        && !is_harmless(value)
        // Numbers are counts and places more often than tokens.
        && (kind == Kind::Password || !value.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_masked(value: &str) -> bool {
    unmasked(value) == 0
}

/// How many bytes are outside of masks.
fn unmasked(text: &str) -> usize {
    let masks = text
        .match_indices('[')
        .filter_map(|(at, _)| mask_at(&text[at..]));
    text.len() - masks.map(str::len).sum::<usize>()
}

/// `$NAME`, `${NAME}`, `{{ name }}`, `%NAME%`: names a secret, is none.
fn is_reference(value: &str) -> bool {
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let between = |start, end| {
        value
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
    };
    value.strip_prefix('$').is_some_and(is_name)
        || between("%", "%").is_some_and(is_name)
        || between("${", "}").is_some()
        || between("{{", "}}").is_some()
}

/// Whether text has the look of a command: hiding it would hide an act.
fn runs_something(value: &str) -> bool {
    value.contains("$(")
        || value.contains("<(")
        || value.contains('`')
        || value.contains('\n')
        || (value.contains(char::is_whitespace) && value.contains([';', '|', '&']))
}

/// Words that stand where a secret could, in settings and in code.
fn is_harmless(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "any",
        "bool",
        "bytes",
        "false",
        "int",
        "nil",
        "no",
        "none",
        "null",
        "number",
        "off",
        "on",
        "optional",
        "required",
        "str",
        "string",
        "true",
        "u16",
        "u32",
        "u64",
        "u8",
        "undefined",
        "yes",
    ];
    let letters = value.trim_matches(['?', ',', '.', ':']);
    !value.contains(char::is_alphanumeric)
        || WORDS.iter().any(|word| letters.eq_ignore_ascii_case(word))
}

/// How many bytes at the start are of a class.
fn run(text: &str, class: fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| class(*byte)).count()
}

#[cfg(test)]
mod tests;
