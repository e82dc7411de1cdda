//! Secrets in text: known by their format, by where they stand, or by the name
//! they are given and how random they are. Never shown: a finding has a few
//! characters, the length and a salted hash.
//!
//! One pass over a text finds the places worth a look; what is there is read
//! by hand-written readers within bounds. The formats are those that the
//! journal masks by.

mod assignment;
mod checksum;
mod context;
mod gitleaks;
mod masked;
mod names;
mod places;
mod words;

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use crate::{Confidence, Detector, Facts, Finding, Gap, GapKind, Language, Severity, SourceFile};
use context::{Context, is_documented};
pub use gitleaks::{BadGitleaks, Gitleaks, GitleaksIgnore};

/// The most secrets that are reported of one file.
const MOST: usize = 200;

/// Finds secrets.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// What goes into every hash, so that hashes of two users differ.
    salt: String,
    /// Rules of the user's own, in gitleaks' form.
    rules: Option<Gitleaks>,
    /// What the user has looked at and does not want to see again.
    ignored: GitleaksIgnore,
    /// Tells these rules and this list from others.
    digest: u32,
}

impl Secrets {
    /// With a salt of the user's own for the hashes in findings.
    pub fn salted(salt: impl Into<String>) -> Self {
        let salt = salt.into();
        Self {
            salt,
            ..Self::default()
        }
    }

    /// With rules in gitleaks' form besides, from the text of their file.
    pub fn with_rules(self, text: &str) -> Result<Self, BadGitleaks> {
        let rules = Some(Gitleaks::read(text)?);
        let digest = self.digest ^ digest(text);
        Ok(Self {
            rules,
            digest,
            ..self
        })
    }

    /// Without what a `.gitleaksignore` lists, from its text.
    #[must_use]
    pub fn without(self, text: &str) -> Self {
        let ignored = GitleaksIgnore::read(text);
        let digest = self.digest ^ digest(text).rotate_left(7);
        Self {
            ignored,
            digest,
            ..self
        }
    }
}

fn digest(text: &str) -> u32 {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(4)
        .fold(0, |all: u32, byte| all << 8 | u32::from(*byte))
}

impl Detector for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn version(&self) -> u32 {
        4 ^ self.digest
    }

    fn wants(&self, _path: &str, _language: Language) -> bool {
        true
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        let found = find(file);
        let ruled = self.ruled(file, &found);
        let gaps = (found.len() > MOST).then(|| {
            let why = format!(
                "{} secrets were found; the first {MOST} are reported",
                found.len()
            );
            Gap::in_file(file.path, GapKind::Cap, why)
        });
        let mut lines = Lines::of(file.text);
        let findings = found
            .iter()
            .take(MOST)
            .map(|candidate| self.finding(file, candidate, &mut lines))
            .chain(ruled)
            .filter(|each| !self.ignored.has(None, &each.path, &each.rule, each.line))
            .collect();
        Facts {
            findings,
            gaps: gaps.into_iter().collect(),
            ..Facts::default()
        }
    }
}

impl Secrets {
    /// What the user's rules find, and ours have not.
    fn ruled(&self, file: &SourceFile<'_>, found: &[Candidate]) -> Vec<Finding> {
        let hits = self
            .rules
            .iter()
            .flat_map(|rules| rules.hits(file.path, file.text));
        let is_new = |hit: &gitleaks::Hit<'_>| {
            !found
                .iter()
                .any(|each| each.start < hit.end && hit.start < each.end)
        };
        let mut lines = Lines::of(file.text);
        hits.filter(is_new)
            .take(MOST)
            .map(|hit| {
                let candidate = Candidate {
                    start: hit.start,
                    end: hit.end,
                    kind: Kind::Value,
                    strength: 3,
                };
                let finding = self.finding(file, &candidate, &mut lines);
                let title = if hit.description.is_empty() {
                    hit.id
                } else {
                    hit.description
                };
                Finding {
                    rule: hit.id.to_owned().into(),
                    title: dam_journal::clean(title),
                    ..finding
                }
            })
            .collect()
    }

    fn finding(&self, file: &SourceFile<'_>, found: &Candidate, lines: &mut Lines<'_>) -> Finding {
        let value = &file.text[found.start..found.end];
        let (line, column) = lines.place(found.start);
        let below = value.trim_end_matches('\n').matches('\n').count();
        let end_line = line + u32::try_from(below).unwrap_or(0);
        let shown = masked::masked(value, &self.salt);
        let what = found.kind.text();
        // In a document most are samples. What a service gave out is not.
        let is_sample = found.strength < 4
            && (!matches!(found.kind, Kind::Token(_)) || value.starts_with("eyJ"))
            && is_documented(file, found.start);
        let found = &Candidate {
            strength: found.strength.min(if is_sample { 2 } else { 4 }),
            ..*found
        };
        Finding {
            rule: what.rule.into(),
            cwe: vec![798, 312],
            title: what.title.to_owned(),
            message: format!(
                "{} ({shown}) is written into the file. Whoever can read the repository, now or later, has it.",
                what.title
            ),
            mark: shown.clone(),
            path: file.path.to_owned(),
            line,
            column,
            end_line,
            snippet: masked::line(file.text, found.start, found.end, &shown),
            severity: found.severity(),
            confidence: found.confidence(),
            safer: what.safer.to_owned(),
            ..Finding::default()
        }
    }
}

/// A secret, found: where it is in the text, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Candidate {
    start: usize,
    end: usize,
    kind: Kind,
    /// 4 proven by a checksum, 3 sure, 2 likely, 1 perhaps.
    strength: u8,
}

impl Candidate {
    const fn confidence(&self) -> Confidence {
        match self.strength {
            0..=1 => Confidence::C,
            2 => Confidence::B,
            _ => Confidence::A,
        }
    }

    const fn severity(&self) -> Severity {
        match (self.kind, self.strength) {
            (_, 0..=1) => Severity::Low,
            (_, 2) => Severity::Medium,
            (Kind::PrivateKey | Kind::Token(_), _) => Severity::Critical,
            _ => Severity::High,
        }
    }
}

/// How a secret is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// By its format; with the format's name.
    Token(&'static str),
    PrivateKey,
    WebKey,
    Url,
    Header,
    Password,
    Value,
}

/// What is said of a kind.
struct Text {
    rule: &'static str,
    title: &'static str,
    safer: &'static str,
}

const REVOKE: &str = "Revoke it where it was issued: what was committed is known. Then read it from the environment or a store of secrets.";

impl Kind {
    const fn text(self) -> Text {
        let (rule, title) = match self {
            Self::Token(_) => ("secret-token", "A token of a known format"),
            Self::PrivateKey => ("secret-private-key", "A private key"),
            Self::WebKey => ("secret-web-key", "The private part of a JSON Web Key"),
            Self::Url => ("secret-in-url", "A password in a URL"),
            Self::Header => ("secret-in-header", "Credentials of a header"),
            Self::Password => ("secret-password", "A password"),
            Self::Value => ("secret-value", "A secret that its name tells"),
        };
        Text {
            rule,
            title,
            safer: REVOKE,
        }
    }
}

/// What a place in a text is worth a look for.
#[derive(Clone, Copy, Debug)]
enum Sign {
    Name,
    Url,
    Header,
    WebKey,
    PrivateKey,
    Words(&'static str),
}

/// The signs in small letters, and what they are signs of.
const SIGNS: &[(&str, Sign)] = &[
    ("://", Sign::Url),
    ("bearer ", Sign::Header),
    ("basic ", Sign::Header),
    ("kty", Sign::WebKey),
    ("-----begin ", Sign::PrivateKey),
    ("identified by ", Sign::Words("identified by ")),
    ("with password ", Sign::Words("with password ")),
];

/// Both searches over a text. Formats are exact, names are not.
struct Searches {
    formats: Option<AhoCorasick>,
    signs: Option<AhoCorasick>,
}

fn searches() -> &'static Searches {
    static SEARCHES: OnceLock<Searches> = OnceLock::new();
    SEARCHES.get_or_init(|| {
        let signs = names::SIGNS
            .iter()
            .copied()
            .chain(SIGNS.iter().map(|(sign, _)| *sign));
        Searches {
            formats: AhoCorasick::new(dam_journal::known_prefixes()).ok(),
            signs: AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::LeftmostLongest)
                .build(signs)
                .ok(),
        }
    })
}

/// A text of a file, the file's own or one of the same length, without the
/// secrets of the file. Lines stay lines.
pub(crate) fn without(file: &SourceFile<'_>, text: &str) -> String {
    let mut out = text.to_owned();
    for found in find(file).iter().rev() {
        let Some(secret) = out.get(found.start..found.end) else {
            // It is another text: what of it is secret is not known.
            return String::new();
        };
        let lines = "\n".repeat(secret.matches('\n').count());
        out.replace_range(found.start..found.end, &format!("[secret]{lines}"));
    }
    out
}

/// Every secret of a file, in order, none within another.
fn find(file: &SourceFile<'_>) -> Vec<Candidate> {
    let context = Context::of(file);
    let mut found = Vec::new();
    by_format(file.text, &mut found);
    by_sign(file.text, context, &mut found);
    found.sort_by_key(|each| (each.start, std::cmp::Reverse(each.end)));
    let mut kept: Vec<Candidate> = Vec::new();
    for each in found {
        match kept.last_mut() {
            Some(last) if each.start < last.end => {
                // A format says more than a name.
                if matches!(each.kind, Kind::Token(_)) && !matches!(last.kind, Kind::PrivateKey) {
                    *last = each;
                }
            }
            _ => kept.push(each),
        }
    }
    kept
}

fn by_format(text: &str, found: &mut Vec<Candidate>) {
    let Some(search) = &searches().formats else {
        return;
    };
    let mut done = 0;
    for place in search.find_iter(text) {
        let at = place.start();
        if at < done || !begins_word(text, at) {
            continue;
        }
        let Some(token) = dam_journal::known_token(&text[at..]) else {
            continue;
        };
        done = at + token.length;
        if let Some(strength) = checksum::strength(&text[at..done], token.kind) {
            found.push(Candidate {
                start: at,
                end: done,
                kind: Kind::Token(token.kind),
                strength,
            });
        }
    }
}

/// Whether a word begins here. What follows an escape is no rest of a word.
fn begins_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    match before {
        [.., b'\\', b'n' | b'r' | b't'] | [] => true,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., last] => !last.is_ascii_alphanumeric() && *last != b'_' && *last < 0x80,
    }
}

fn by_sign(text: &str, context: Context, found: &mut Vec<Candidate>) {
    let Some(search) = &searches().signs else {
        return;
    };
    let mut done = 0;
    for place in search.find_iter(text) {
        let at = place.start();
        let sign = place.pattern().as_usize();
        let sign = sign
            .checked_sub(names::SIGNS.len())
            .map_or(Sign::Name, |index| SIGNS[index].1);
        if context.only_formats && !matches!(sign, Sign::PrivateKey | Sign::Url) {
            continue;
        }
        match sign {
            Sign::Name => {
                if at >= done {
                    done = assignment::name_end(text.as_bytes(), at);
                    found.extend(assignment::assigned(text, at, context));
                }
            }
            Sign::Url => found.extend(places::url_password(text, at)),
            Sign::Header if begins_word(text, at) => found.extend(places::header(text, at)),
            Sign::Header => {}
            Sign::WebKey => found.extend(places::web_key(text, at)),
            Sign::PrivateKey => found.extend(places::private_key(text, at)),
            Sign::Words(words) => found.extend(places::after_words(text, at, words)),
        }
    }
}

/// Lines and columns of places that are asked for in order.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    start: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            start: 0,
        }
    }

    /// The line from 1, and the column from 1 in characters.
    fn place(&mut self, at: usize) -> (u32, u32) {
        if at < self.at {
            *self = Self::of(self.text);
        }
        for (index, _) in self.text[self.at..at].match_indices('\n') {
            self.line += 1;
            self.start = self.at + index + 1;
        }
        self.at = at;
        let column = self.text[self.start..at].chars().take(100_000).count();
        (self.line, u32::try_from(column).unwrap_or(u32::MAX - 1) + 1)
    }
}

#[cfg(test)]
mod tests;
