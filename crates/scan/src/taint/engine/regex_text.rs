//! What a text can still do after it was compared with a regular expression,
//! read from the expression's own text.

use crate::taint::kind::Kinds;

use super::guard::rejected;

/// Whether a method of this name compares a text with an expression.
pub(super) fn is_test(name: &str) -> bool {
    matches!(name, "match" | "fullmatch" | "search" | "test" | "matches")
}

/// What a text is safe for where the comparison was successful, or was not.
pub(super) fn allows(method: &str, pattern: &str, holds: bool) -> Kinds {
    if holds {
        let anchored = match method {
            "fullmatch" | "matches" => true,
            "match" => ends(pattern),
            _ => pattern.starts_with('^') && ends(pattern),
        };
        if anchored && is_strict(pattern) {
            Kinds::ALL
        } else {
            Kinds::NONE
        }
    } else {
        // Nothing else than these characters was found in it.
        let inner = pattern
            .strip_prefix("[^")
            .and_then(|rest| rest.strip_suffix(']').or_else(|| rest.strip_suffix("]+")));
        if inner.is_some() {
            return Kinds::ALL;
        }
        let alternatives = pattern.trim_start_matches('[').trim_end_matches(']');
        let by_char = alternatives.chars().fold(Kinds::NONE, |all, c| {
            all.or(rejected(c.encode_utf8(&mut [0; 4])))
        });
        if pattern.starts_with('[') {
            by_char
        } else {
            rejected(&pattern.replace('\\', ""))
        }
    }
}

fn ends(pattern: &str) -> bool {
    pattern.ends_with('$') || pattern.ends_with("\\Z") || pattern.ends_with("\\z")
}

/// Whether only harmless characters fit: no dot, no negated class, nothing
/// that starts a tag, a quote or a way up.
fn is_strict(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if let Some('S' | 'W' | 'D') = chars.next() {
                    return false;
                }
            }
            '[' if !in_class => {
                in_class = true;
                if chars.peek() == Some(&'^') {
                    return false;
                }
            }
            ']' => in_class = false,
            '.' if !in_class => return false,
            '\'' | '"' | '<' | '/' if in_class => return false,
            _ => {}
        }
    }
    true
}

/// Whether a group that repeats has in it what repeats, or alternatives that
/// begin alike: the time such a comparison takes can double with each
/// character.
pub(super) fn repeats_repeats(pattern: &str) -> bool {
    let mut groups: Vec<bool> = Vec::new();
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    // Whether the group that has just ended had a repeat in it.
    let mut ended = None;
    while let Some(c) = chars.next() {
        let before = ended.take();
        match c {
            '\\' => {
                chars.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            _ if in_class => {}
            '(' => groups.push(false),
            ')' => {
                let inner = groups.pop().unwrap_or(false);
                if let (Some(outer), true) = (groups.last_mut(), inner) {
                    *outer = true;
                }
                ended = Some(inner);
            }
            '*' | '+' => {
                if before == Some(true) {
                    return true;
                }
                if let Some(group) = groups.last_mut() {
                    *group = true;
                }
            }
            '{' => {
                let bounds: String = chars.by_ref().take_while(|c| *c != '}').collect();
                if bounds.ends_with(',') {
                    if before == Some(true) {
                        return true;
                    }
                    if let Some(group) = groups.last_mut() {
                        *group = true;
                    }
                }
            }
            '|' => {
                if let Some(group) = groups.last_mut() {
                    *group = true;
                }
            }
            _ => {}
        }
    }
    false
}
