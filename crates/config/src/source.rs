//! A text that settings are read from, and places in it.

use std::ops::Range;
use std::path::PathBuf;

use dam_policy::{Layer, Origin, looks_secret};
use toml::Spanned;
use toml::de::DeTable;

use crate::error::{ConfigError, Problem};

/// How much of a long line is shown around the place in question.
const SHOWN: usize = 60;

/// A text that settings are read from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub layer: Layer,
    /// The file; none for the command line.
    pub file: Option<PathBuf>,
    pub text: String,
}

/// One place in a source, kept with what was read there, so that something
/// that turns out to be wrong later can still be shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spot {
    pub origin: Origin,
    at: String,
    excerpt: String,
}

/// As many tables or lists may be open at once.
const DEEPEST: usize = 64;

/// Where more tables or lists are open than the parser can follow without
/// running out of stack: it limits those that are closed, and not those that
/// never are. Brackets in text count, too; nobody writes so many.
fn too_deep(text: &str) -> Option<usize> {
    let (mut tables, mut lists) = (0_usize, 0_usize);
    text.bytes().position(|byte| {
        match byte {
            b'{' => tables += 1,
            b'}' => tables = tables.saturating_sub(1),
            b'[' => lists += 1,
            b']' => lists = lists.saturating_sub(1),
            _ => {}
        }
        tables > DEEPEST || lists > DEEPEST
    })
}

impl Source {
    /// The text as a table.
    pub(crate) fn table(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        if let Some(at) = too_deep(&self.text) {
            return Err(self.wrong(&(at..at + 1), "it is nested too deep"));
        }
        DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.wrong(&span, in_one_line(error.message()))
        })
    }

    /// An error at a place in the text.
    pub(crate) fn wrong(&self, span: &Range<usize>, problem: impl Into<Problem>) -> ConfigError {
        self.spot(span).wrong(problem)
    }

    /// A place in the text.
    pub(crate) fn spot(&self, span: &Range<usize>) -> Spot {
        let Some(file) = &self.file else {
            let text = self.text.trim();
            let key = text.split('=').next().unwrap_or_default().trim();
            let shown = if may_hold_secret(text) { key } else { text };
            return Spot {
                origin: Origin::of(self.layer),
                at: format!("-c {}", visible(shown)),
                excerpt: String::new(),
            };
        };
        let (line, line_start) = self.line(span.start);
        let whole = self.text[line_start..].lines().next().unwrap_or_default();
        let start = self.boundary(span.start).min(line_start + whole.len());
        let end = self
            .boundary(span.end)
            .clamp(start, line_start + whole.len());
        let column = self.text[line_start..start].chars().count() + 1;
        Spot {
            origin: Origin {
                layer: self.layer,
                file: Some(file.clone()),
                line: u32::try_from(line).ok(),
            },
            at: format!("{}:{line}:{column}", file.display()),
            excerpt: if may_hold_secret(whole) {
                String::new()
            } else {
                excerpt(
                    &self.text[line_start..start],
                    &self.text[start..end],
                    &self.text[end..line_start + whole.len()],
                )
            },
        }
    }

    /// The number of the line around an offset, and where it starts.
    fn line(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..self.boundary(at)];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, start)
    }

    /// The nearest offset at or before this one that is between characters.
    fn boundary(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }
}

impl Spot {
    /// The place of what is in no text: a default, or a flag of its own.
    pub(crate) fn of(layer: Layer) -> Self {
        Self {
            origin: Origin::of(layer),
            at: layer.to_string(),
            excerpt: String::new(),
        }
    }

    /// The same place, without what is written there.
    pub(crate) fn hidden(mut self, key: &str) -> Self {
        if self.origin.file.is_none() {
            self.at = format!("-c {}", visible(key));
        }
        self.excerpt.clear();
        self
    }

    /// An error at this place.
    pub(crate) fn wrong(&self, problem: impl Into<Problem>) -> ConfigError {
        let Problem { text, hint } = problem.into();
        ConfigError::Place {
            at: self.at.clone(),
            problem: visible(&text),
            excerpt: self.excerpt.clone(),
            hint: hint.as_deref().map(visible),
        }
    }
}

/// Whether a line is not to be shown: errors end up in the logs of others.
pub(crate) fn may_hold_secret(line: &str) -> bool {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    // These hold names of variables, not what is in them.
    let name = if name.trim().ends_with("env_key") {
        ""
    } else {
        name
    };
    let words = value.split(|c: char| c.is_whitespace() || "\"',{}[]=".contains(c));
    looks_secret(name, "")
        || words.into_iter().any(|word| looks_secret("", word))
        || value
            .split(['{', ','])
            .filter_map(|part| part.split_once('='))
            .any(|(name, _)| looks_secret(name, ""))
}

/// The line with a marker below the part in question, cut to what a terminal
/// shows.
fn excerpt(before: &str, part: &str, after: &str) -> String {
    let before = visible(before);
    let part = visible(part);
    let skipped = before.chars().count().saturating_sub(SHOWN);
    let before: String = if skipped == 0 {
        before
    } else {
        std::iter::once('…')
            .chain(before.chars().skip(skipped))
            .collect()
    };
    let part: String = part.chars().take(SHOWN).collect();
    let after: String = visible(after).chars().take(SHOWN).collect();
    let indent = " ".repeat(before.chars().count());
    let marker = "^".repeat(part.chars().count().max(1));
    format!(
        "\n  {}\n  {indent}{marker}",
        format!("{before}{part}{after}").trim_end()
    )
}

/// Text that can be shown: what cannot be seen or acts on a terminal is
/// spelled out, because a project's file is written by strangers.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push(' '),
            c if c.is_control() || is_invisible(c) => {
                shown.extend(format!("<U+{:04X}>", u32::from(c)).chars());
            }
            c => shown.push(c),
        }
    }
    shown
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn in_one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The most similar of several names, if one is similar enough to be meant.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let written = written.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| {
            let plain = name.to_lowercase().replace('-', "_");
            (strsim::jaro_winkler(&written, &plain), name)
        })
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
