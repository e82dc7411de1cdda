//! Rules and ignore files of gitleaks, read as data.
//!
//! Its patterns are Go's; what Rust's engine reads differently is escaped. A
//! rule that cannot be used is said, never left out silently.

mod ignored;
mod pattern;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::bytes::Regex;
use serde::Deserialize;
use thiserror::Error;

use super::words::entropy;
pub use ignored::GitleaksIgnore;

/// The most rules and the longest pattern that are read.
const MOST: usize = 5_000;

/// Why a file of rules is not used.
#[derive(Debug, Error)]
pub enum BadGitleaks {
    /// It is no TOML, or not of the form.
    #[error("the file of rules does not parse: {0}")]
    Form(String),
    /// A pattern is none.
    #[error("rule `{rule}`: the pattern {pattern:?} cannot be used: {why}")]
    Pattern {
        /// The rule.
        rule: String,
        /// The pattern, as it is written.
        pattern: String,
        /// Why not.
        why: String,
    },
    /// It builds on another file, which is not read.
    #[error("the file extends {0}, which is not read: give one file with all rules")]
    Extends(String),
    /// There are more rules than are read.
    #[error("the file has more than {MOST} rules")]
    TooMany,
}

/// Rules of gitleaks.
#[derive(Clone, Debug)]
pub struct Gitleaks {
    rules: Vec<Rule>,
    /// Keywords of rules, and which rule each is of.
    keywords: AhoCorasick,
    of: Vec<usize>,
    allowed: Vec<Allowed>,
}

#[derive(Clone, Debug)]
struct Rule {
    id: String,
    description: String,
    pattern: Option<Regex>,
    path: Option<Regex>,
    group: usize,
    entropy: f64,
    has_keywords: bool,
    allowed: Vec<Allowed>,
}

/// What is no secret although a rule matches.
#[derive(Clone, Debug)]
struct Allowed {
    patterns: Vec<Regex>,
    paths: Vec<Regex>,
    words: Vec<String>,
    target: Target,
    all: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Target {
    Secret,
    Match,
    Line,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenFile {
    extend: Option<WrittenExtend>,
    #[serde(default)]
    rules: Vec<WrittenRule>,
    allowlist: Option<WrittenAllowed>,
    #[serde(default)]
    allowlists: Vec<WrittenAllowed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenExtend {
    path: Option<String>,
    use_default: Option<bool>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRule {
    id: String,
    #[serde(default)]
    description: String,
    regex: Option<String>,
    path: Option<String>,
    secret_group: Option<usize>,
    entropy: Option<f64>,
    #[serde(default)]
    keywords: Vec<String>,
    allowlist: Option<WrittenAllowed>,
    #[serde(default)]
    allowlists: Vec<WrittenAllowed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenAllowed {
    regexes: Vec<String>,
    paths: Vec<String>,
    stopwords: Vec<String>,
    regex_target: Option<String>,
    condition: Option<String>,
    target_rules: Vec<String>,
}

/// A match of a rule: which, and where its secret is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Hit<'a> {
    pub(super) id: &'a str,
    pub(super) description: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Gitleaks {
    /// Reads a file of rules in gitleaks' form.
    pub fn read(text: &str) -> Result<Self, BadGitleaks> {
        let file: WrittenFile =
            toml::from_str(text).map_err(|error| BadGitleaks::Form(error.to_string()))?;
        if let Some(extend) = &file.extend {
            let default = extend
                .use_default
                .filter(|used| *used)
                .map(|_| "the default rules".to_owned());
            if let Some(other) = extend
                .path
                .clone()
                .or_else(|| extend.url.clone())
                .or(default)
            {
                return Err(BadGitleaks::Extends(other));
            }
        }
        if file.rules.len() > MOST {
            return Err(BadGitleaks::TooMany);
        }
        let shared: Vec<&WrittenAllowed> = file.allowlist.iter().chain(&file.allowlists).collect();
        let mut rules = Vec::new();
        for written in &file.rules {
            let mut rule = rule(written)?;
            for allowed in shared
                .iter()
                .filter(|allowed| allowed.target_rules.contains(&written.id))
            {
                rule.allowed.push(self::allowed(&written.id, allowed)?);
            }
            rules.push(rule);
        }
        let everywhere = shared
            .iter()
            .filter(|allowed| allowed.target_rules.is_empty());
        let allowed = everywhere
            .map(|allowed| self::allowed("allowlist", allowed))
            .collect::<Result<_, _>>()?;
        let words = file
            .rules
            .iter()
            .enumerate()
            .flat_map(|(index, rule)| rule.keywords.iter().map(move |word| (index, word)));
        let (of, words): (Vec<usize>, Vec<&String>) = words.unzip();
        let keywords = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .build(words)
            .map_err(|error| BadGitleaks::Form(error.to_string()))?;
        Ok(Self {
            rules,
            keywords,
            of,
            allowed,
        })
    }

    /// Every match in a file, in order of its rules.
    pub(super) fn hits<'a>(&'a self, path: &str, text: &str) -> Vec<Hit<'a>> {
        if self
            .allowed
            .iter()
            .any(|allowed| allowed.has_path(path) && (!allowed.all || allowed.is_path_only()))
        {
            return Vec::new();
        }
        let mut worth: Vec<bool> = self.rules.iter().map(|rule| !rule.has_keywords).collect();
        for found in self.keywords.find_overlapping_iter(text) {
            worth[self.of[found.pattern().as_usize()]] = true;
        }
        let rules = self.rules.iter().zip(worth).filter(|(_, worth)| *worth);
        rules
            .flat_map(|(rule, _)| self.of_rule(rule, path, text))
            .collect()
    }

    fn of_rule<'a>(&self, rule: &'a Rule, path: &str, text: &str) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        let Some(pattern) = rule.pattern.as_ref().filter(|_| {
            rule.path
                .as_ref()
                .is_none_or(|wanted| wanted.is_match(path.as_bytes()))
        }) else {
            return hits;
        };
        for groups in pattern.captures_iter(text.as_bytes()) {
            let Some(whole) = groups.get(0) else {
                continue;
            };
            // The first group that took part, unless the rule names one.
            let first = (1..groups.len())
                .find_map(|index| groups.get(index).filter(|group| !group.is_empty()));
            let secret = if rule.group > 0 {
                groups.get(rule.group)
            } else {
                first
            }
            .unwrap_or(whole);
            let on_boundaries =
                text.is_char_boundary(secret.start()) && text.is_char_boundary(secret.end());
            if !on_boundaries
                || secret.is_empty()
                || entropy(secret.as_bytes()) <= rule.entropy && rule.entropy > 0.0
            {
                continue;
            }
            let line = line_around(text, whole.start(), whole.end());
            let is_allowed =
                |allowed: &Allowed| allowed.allows(path, secret.as_bytes(), whole.as_bytes(), line);
            if line.contains("gitleaks:allow")
                || rule.allowed.iter().any(is_allowed)
                || self.allowed.iter().any(is_allowed)
            {
                continue;
            }
            hits.push(Hit {
                id: &rule.id,
                description: &rule.description,
                start: secret.start(),
                end: secret.end(),
            });
        }
        hits
    }
}

/// The lines that a match is on.
fn line_around(text: &str, start: usize, end: usize) -> &str {
    let from = text.as_bytes()[..start]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let to = text.as_bytes()[end..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(text.len(), |at| end + at);
    text.get(from..to).unwrap_or_default()
}

fn rule(written: &WrittenRule) -> Result<Rule, BadGitleaks> {
    let compile = |pattern: &Option<String>| {
        pattern
            .as_deref()
            .map(|pattern| pattern::compile(&written.id, pattern))
            .transpose()
    };
    let allowed = written
        .allowlist
        .iter()
        .chain(&written.allowlists)
        .map(|allowed| self::allowed(&written.id, allowed))
        .collect::<Result<_, _>>()?;
    Ok(Rule {
        id: written.id.clone(),
        description: written.description.clone(),
        pattern: compile(&written.regex)?,
        path: compile(&written.path)?,
        group: written.secret_group.unwrap_or(0),
        entropy: written.entropy.unwrap_or(0.0),
        has_keywords: !written.keywords.is_empty(),
        allowed,
    })
}

fn allowed(rule: &str, written: &WrittenAllowed) -> Result<Allowed, BadGitleaks> {
    let compile = |patterns: &[String]| {
        patterns
            .iter()
            .map(|each| pattern::compile(rule, each))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(Allowed {
        patterns: compile(&written.regexes)?,
        paths: compile(&written.paths)?,
        words: written
            .stopwords
            .iter()
            .map(|word| word.to_ascii_lowercase())
            .collect(),
        target: match written.regex_target.as_deref() {
            Some("match") => Target::Match,
            Some("line") => Target::Line,
            _ => Target::Secret,
        },
        all: written
            .condition
            .as_deref()
            .is_some_and(|condition| condition.eq_ignore_ascii_case("and")),
    })
}

impl Allowed {
    fn has_path(&self, path: &str) -> bool {
        self.paths
            .iter()
            .any(|pattern| pattern.is_match(path.as_bytes()))
    }

    fn is_path_only(&self) -> bool {
        self.patterns.is_empty() && self.words.is_empty()
    }

    fn allows(&self, path: &str, secret: &[u8], whole: &[u8], line: &str) -> bool {
        let target = match self.target {
            Target::Secret => secret,
            Target::Match => whole,
            Target::Line => line.as_bytes(),
        };
        let lower = String::from_utf8_lossy(secret).to_ascii_lowercase();
        let conditions = [
            (!self.paths.is_empty(), self.has_path(path)),
            (
                !self.patterns.is_empty(),
                self.patterns.iter().any(|pattern| pattern.is_match(target)),
            ),
            (
                !self.words.is_empty(),
                self.words.iter().any(|word| lower.contains(word.as_str())),
            ),
        ];
        let mut asked = conditions
            .iter()
            .filter(|(asked, _)| *asked)
            .map(|(_, met)| *met)
            .peekable();
        asked.peek().is_some()
            && if self.all {
                asked.all(|met| met)
            } else {
                asked.any(|met| met)
            }
    }
}

#[cfg(test)]
mod tests;
