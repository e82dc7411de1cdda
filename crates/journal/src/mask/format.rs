//! Secrets that are known by their format.

use super::{Found, Kind, run};

/// A family of tokens: how they begin, and what follows.
struct Format {
    prefix: &'static str,
    kind: Kind,
    class: fn(u8) -> bool,
    /// How long the rest is at least.
    least: usize,
    /// How long it is at most; a longer run is something else.
    most: usize,
}

const ANY: usize = usize::MAX;

const FORMATS: &[Format] = &[
    exact("AKIA", Kind::AwsKey, is_upper, 16),
    exact("ASIA", Kind::AwsKey, is_upper, 16),
    exact("ABIA", Kind::AwsKey, is_upper, 16),
    exact("ACCA", Kind::AwsKey, is_upper, 16),
    from("ghp_", Kind::GithubToken, is_word, 20),
    from("gho_", Kind::GithubToken, is_word, 20),
    from("ghu_", Kind::GithubToken, is_word, 20),
    from("ghs_", Kind::GithubToken, is_word, 20),
    from("ghr_", Kind::GithubToken, is_word, 20),
    from("github_pat_", Kind::GithubToken, is_word, 20),
    from("glpat-", Kind::GitlabToken, is_dotted, 16),
    from("gldt-", Kind::GitlabToken, is_dotted, 16),
    from("glrt-", Kind::GitlabToken, is_dotted, 16),
    from("glptt-", Kind::GitlabToken, is_dotted, 16),
    from("glcbt-", Kind::GitlabToken, is_dotted, 16),
    from("glsoat-", Kind::GitlabToken, is_dotted, 16),
    from("glft-", Kind::GitlabToken, is_dotted, 16),
    from("glimt-", Kind::GitlabToken, is_dotted, 16),
    from("glagent-", Kind::GitlabToken, is_dotted, 16),
    from("gloas-", Kind::GitlabToken, is_dotted, 16),
    from("xoxa-", Kind::SlackToken, is_dotted, 10),
    from("xoxb-", Kind::SlackToken, is_dotted, 10),
    from("xoxc-", Kind::SlackToken, is_dotted, 10),
    from("xoxd-", Kind::SlackToken, is_dotted, 10),
    from("xoxe-", Kind::SlackToken, is_dotted, 10),
    from("xoxe.", Kind::SlackToken, is_dotted, 10),
    from("xoxo-", Kind::SlackToken, is_dotted, 10),
    from("xoxp-", Kind::SlackToken, is_dotted, 10),
    from("xoxr-", Kind::SlackToken, is_dotted, 10),
    from("xoxs-", Kind::SlackToken, is_dotted, 10),
    from("xapp-", Kind::SlackToken, is_dotted, 10),
    from("hooks.slack.com/services/", Kind::SlackToken, is_path, 20),
    from("sk_live_", Kind::ApiKey, is_word, 16),
    from("rk_live_", Kind::ApiKey, is_word, 16),
    from("AIza", Kind::GoogleKey, is_dashed, 35),
    from("ya29.", Kind::GoogleKey, is_dashed, 20),
    from("GOCSPX-", Kind::GoogleKey, is_dashed, 20),
    from("npm_", Kind::NpmToken, is_word, 30),
    from("pypi-", Kind::PypiToken, is_dashed, 32),
    from("hf_", Kind::Token, is_word, 30),
    from("dop_v1_", Kind::Token, is_word, 32),
    from("dckr_pat_", Kind::Token, is_dashed, 20),
    from("hvs.", Kind::Token, is_dashed, 24),
    from("hvb.", Kind::Token, is_dashed, 100),
    from("sk_test_", Kind::ApiKey, is_word, 16),
    from("rk_test_", Kind::ApiKey, is_word, 16),
    from("whsec_", Kind::ApiKey, is_word, 32),
    from("SG.", Kind::ApiKey, is_dotted, 60),
    exact("xkeysib-", Kind::ApiKey, is_dashed, 81),
    exact("shpat_", Kind::Token, is_hex, 32),
    exact("shpca_", Kind::Token, is_hex, 32),
    exact("shppa_", Kind::Token, is_hex, 32),
    exact("shpss_", Kind::Token, is_hex, 32),
    from("sq0atp-", Kind::Token, is_dashed, 22),
    from("sq0csp-", Kind::Token, is_dashed, 22),
    exact("PMAK-", Kind::ApiKey, is_dashed, 59),
    exact("NRAK-", Kind::ApiKey, is_upper, 27),
    from("glsa_", Kind::Token, is_word, 40),
    from("glc_", Kind::Token, is_base64, 32),
    from("lin_api_", Kind::ApiKey, is_word, 40),
    from("sntrys_", Kind::Token, is_base64, 60),
    from("sntryu_", Kind::Token, is_hex, 64),
    from("dp.pt.", Kind::Token, is_word, 40),
    from("figd_", Kind::Token, is_dashed, 40),
    from("sbp_", Kind::Token, is_hex, 40),
    from("pul-", Kind::Token, is_hex, 40),
    exact("rubygems_", Kind::Token, is_hex, 48),
    exact("dapi", Kind::Token, is_hex, 32),
    from("tskey-", Kind::Token, is_dashed, 30),
    from("nfp_", Kind::Token, is_word, 36),
    from("ATATT3", Kind::Token, is_token68, 180),
    from("ops_eyJ", Kind::Token, is_base64, 250),
    exact("AGE-SECRET-KEY-1", Kind::PrivateKey, is_upper, 58),
    exact("SU", Kind::PrivateKey, is_base32, 56),
    exact("SA", Kind::PrivateKey, is_base32, 56),
    exact("SO", Kind::PrivateKey, is_base32, 56),
];

/// No token is shorter: the shortest is three parts of a web token, of which
/// the last two may be empty.
pub(super) const SHORTEST: usize = 12;

/// The bytes that a token can begin with: most words begin with another.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    first[b's' as usize] = true;
    first[b'e' as usize] = true;
    let mut at = 0;
    while at < FORMATS.len() {
        first[FORMATS[at].prefix.as_bytes()[0] as usize] = true;
        at += 1;
    }
    first
};

/// How every format begins, for a search over much text. What begins so need
/// not be a token: [`token`] tells.
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    let listed = FORMATS.iter().map(|format| format.prefix);
    listed.chain(["sk-", "eyJ"])
}

/// The token that text begins with.
pub(super) fn token(text: &str) -> Option<Found> {
    let first = *text.as_bytes().first()?;
    if text.len() < SHORTEST || !FIRST[usize::from(first)] {
        return None;
    }
    FORMATS
        .iter()
        .filter(|format| format.prefix.as_bytes()[0] == first)
        .find_map(|format| format.length(text).map(|length| (format.kind, length)))
        .or_else(|| api_key(text).map(|length| (Kind::ApiKey, length)))
        .or_else(|| json_web_token(text).map(|length| (Kind::Jwt, length)))
        .map(|(kind, secret)| Found {
            before: 0,
            secret,
            kind,
        })
}

impl Format {
    fn length(&self, text: &str) -> Option<usize> {
        let rest = text.strip_prefix(self.prefix)?;
        let length = run(rest, self.class);
        (self.least..=self.most)
            .contains(&length)
            .then_some(self.prefix.len() + length)
    }
}

/// `sk-…`, as several providers of models use it. Words joined by dashes may
/// begin the same way; a key has digits in it.
fn api_key(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("sk-")?;
    let length = run(rest, is_dashed);
    let has_digit = rest[..length].contains(|c: char| c.is_ascii_digit());
    (length >= 16 && has_digit).then_some(3 + length)
}

/// `header.payload.signature`, or the five parts of an encrypted one.
fn json_web_token(text: &str) -> Option<usize> {
    let mut length = run(text, is_dashed);
    if !text.starts_with("eyJ") || length < 10 {
        return None;
    }
    let mut parts = 1;
    while parts < 5 && text[length..].starts_with('.') {
        length += 1 + run(&text[length + 1..], is_dashed);
        parts += 1;
    }
    (parts >= 3).then_some(length)
}

const fn from(prefix: &'static str, kind: Kind, class: fn(u8) -> bool, least: usize) -> Format {
    Format {
        prefix,
        kind,
        class,
        least,
        most: ANY,
    }
}

const fn exact(prefix: &'static str, kind: Kind, class: fn(u8) -> bool, length: usize) -> Format {
    Format {
        prefix,
        kind,
        class,
        least: length,
        most: length,
    }
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn is_base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn is_token68(byte: u8) -> bool {
    is_dashed(byte) || byte == b'='
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_dashed(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

fn is_dotted(byte: u8) -> bool {
    is_dashed(byte) || byte == b'.'
}

fn is_path(byte: u8) -> bool {
    is_word(byte) || byte == b'/'
}

/// Whether a name is more likely a token: long, with digits in it.
pub(super) fn looks_opaque(text: &str) -> bool {
    text.len() >= 20 && text.bytes().all(is_dashed) && text.contains(|c: char| c.is_ascii_digit())
}
