//! Makes text that a server sent safe to put into a one-line error message.
//!
//! The journal has a fuller cleaner for what models and people read; this crate
//! stands on the same floor and may not use it. Error messages need less: one
//! line, a bounded length, nothing that moves a cursor or hides.

/// Longest text taken over from a server, in characters.
const LONGEST: usize = 600;

/// `text` as one line of at most 600 characters: white space is folded into
/// single spaces, control and invisible characters are shown as `<U+001B>`.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        word.chars().for_each(|c| push_visible(&mut line, c));
    }
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

fn push_visible(line: &mut String, c: char) {
    if c.is_control() || is_invisible(c) {
        line.extend(["<U+", &format!("{:04X}", u32::from(c)), ">"]);
    } else {
        line.push(c);
    }
}

/// Characters that take no room or change the direction of what follows.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_white_space_and_shows_what_hides() {
        assert_eq!(
            one_line(" no\r\n such\tmodel \u{1b}[2J\u{202e}x\u{e0041} "),
            "no such model <U+001B>[2J<U+202E>x<U+E0041>"
        );
    }

    #[test]
    fn is_bounded() {
        assert_eq!(one_line(&"ä".repeat(5000)).chars().count(), LONGEST + 1);
    }
}
