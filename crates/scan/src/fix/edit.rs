//! Edits of a text by byte ranges: what is not named stays as it is.

use std::ops::Range;

/// One replacement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edit {
    /// Which bytes go. Empty where something is only put in.
    pub range: Range<usize>,
    /// What comes in their place.
    pub text: String,
}

impl Edit {
    /// Puts text in the place of these bytes.
    pub fn replace(range: Range<usize>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { range, text }
    }

    /// Puts text before a byte.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::replace(at..at, text)
    }
}

/// The text with all edits made. Nothing where they overlap, are out of order
/// or cut a character.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut made = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at || edit.range.end < edit.range.start {
            return None;
        }
        made.push_str(text.get(at..edit.range.start)?);
        made.push_str(&edit.text);
        at = edit.range.end;
    }
    made.push_str(text.get(at..)?);
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_or_cuts_a_character_is_not_made() {
        let text = "aöb";
        let made = apply(text, &[Edit::insert(0, "x"), Edit::replace(1..3, "o")]);
        assert_eq!(made.as_deref(), Some("xaob"));
        assert_eq!(apply(text, &[Edit::replace(0..2, "")]), None);
        assert_eq!(apply(text, &[Edit::replace(0..9, "")]), None);
        let overlapping = [Edit::replace(0..3, ""), Edit::insert(1, "x")];
        assert_eq!(apply(text, &overlapping), None);
    }
}
