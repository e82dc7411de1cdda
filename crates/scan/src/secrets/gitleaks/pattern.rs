//! Patterns as Go writes them, for Rust's engine: both are regular, and differ
//! in what must be escaped.

use regex::bytes::{Regex, RegexBuilder};

use super::BadGitleaks;

/// The most memory that one compiled pattern may take, in bytes.
const LARGEST: usize = 16 << 20;

/// The pattern, compiled.
pub(super) fn compile(rule: &str, pattern: &str) -> Result<Regex, BadGitleaks> {
    RegexBuilder::new(&translated(pattern))
        .unicode(false)
        .size_limit(LARGEST)
        .nest_limit(200)
        .build()
        .map_err(|error| BadGitleaks::Pattern {
            rule: rule.to_owned(),
            pattern: pattern.chars().take(200).collect(),
            why: error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .to_owned(),
        })
}

/// Escapes braces that repeat nothing, and in classes what Rust takes for a
/// class within a class or for one less another.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '\\' => {
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                // A bracket that closes right away stands for itself.
                for first in ["^", "]"] {
                    if rest[length..].starts_with(first) {
                        out.push_str(if first == "]" { "\\]" } else { "^" });
                        length += 1;
                    }
                }
            }
            '[' if rest.starts_with("[:") && rest.contains(":]") => {
                length = rest.find(":]").map_or(length, |at| at + 2);
                out.push_str(&rest[..length]);
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '{' if !in_class && !repeats(rest) => out.push_str("\\{"),
            c => out.push(c),
        }
        rest = &rest[length..];
    }
    out
}

/// Whether a brace begins `{3}`, `{3,}` or `{3,5}`.
fn repeats(rest: &str) -> bool {
    let Some(body) = rest
        .get(1..)
        .and_then(|rest| rest.split_once('}'))
        .map(|(body, _)| body)
    else {
        return false;
    };
    let (least, most) = body.split_once(',').unwrap_or((body, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}
