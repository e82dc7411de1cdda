//! What `${x%…}`, `${x:…}`, `${x/…}` and `${x^}` make of a value. Nothing
//! where that would be too much work.

use crate::pattern::{self, Glob};
use crate::syntax::Which;

/// `text` without what a pattern takes at its front or its end.
pub(crate) fn trimmed(text: &str, globs: &[Glob], front: bool, longest: bool) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > 1024 {
        return None;
    }
    let matches = |length: &usize| {
        let part = if front {
            &chars[..*length]
        } else {
            &chars[chars.len() - length..]
        };
        pattern::matches(globs, part)
    };
    let length = if longest {
        (0..=chars.len()).rev().find(matches)
    } else {
        (0..=chars.len()).find(matches)
    };
    let length = length.unwrap_or(0);
    let kept = if front {
        &chars[length..]
    } else {
        &chars[..chars.len() - length]
    };
    Some(kept.iter().collect())
}

/// The characters from `offset` on.
pub(crate) fn sliced(text: &str, offset: i64, length: Option<i64>) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let size = i64::try_from(chars.len()).ok()?;
    let from = if offset < 0 { size + offset } else { offset };
    let to = match length {
        None => size,
        Some(length) if length < 0 => size + length,
        Some(length) => from.saturating_add(length).min(size),
    };
    if from < 0 || from > size {
        return Some(String::new());
    }
    let range = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
    chars.get(range).map(|chars| chars.iter().collect())
}

/// `text` with what a pattern takes replaced.
pub(crate) fn replaced(text: &str, globs: &[Glob], with: &str, which: Which) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > 512 {
        return None;
    }
    let size = chars.len();
    let longest = |from: usize| {
        (from..=size)
            .rev()
            .find(|to| pattern::matches(globs, &chars[from..*to]))
    };
    let piece = |range: &[char]| range.iter().collect::<String>();
    match which {
        Which::Front => Some(match longest(0) {
            Some(to) => format!("{with}{}", piece(&chars[to..])),
            None => text.to_owned(),
        }),
        Which::Back => {
            let from = (0..=size).find(|from| pattern::matches(globs, &chars[*from..]));
            Some(match from {
                Some(from) => format!("{}{with}", piece(&chars[..from])),
                None => text.to_owned(),
            })
        }
        Which::First | Which::All => {
            let mut out = String::new();
            let mut at = 0;
            while at < size {
                if let Some(to) = longest(at).filter(|to| *to > at) {
                    out.push_str(with);
                    at = to;
                    if which == Which::First {
                        break;
                    }
                } else {
                    out.push(chars[at]);
                    at += 1;
                }
            }
            out.push_str(&piece(&chars[at..]));
            Some(out)
        }
    }
}

/// `text` in upper or lower case, all of it or its first character.
pub(crate) fn cased(text: &str, upper: bool, all: bool) -> String {
    let change = |c: char| {
        if upper {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    let count = if all { usize::MAX } else { 1 };
    text.chars()
        .enumerate()
        .map(|(index, c)| if index < count { change(c) } else { c })
        .collect()
}
