//! Makes text safe to show: to a terminal, in a log, or to a model.
//!
//! Nothing is dropped: what would be invisible or would act on a terminal is
//! spelled out, since a reader who decides by this text must see all of it.
//! Not covered: letters of different scripts that look alike.

use std::fmt::Write as _;

/// The text with everything spelled out that cannot be seen or that acts:
///
/// - control characters but line feed and tab, as `<U+0007>`; the line end
///   CR LF becomes a line feed;
/// - characters that have no shape or change the direction of others, as
///   `<U+202E>`: zero-width ones, variation selectors, tags, fillers, spaces
///   other than U+0020 and U+3000, private ones;
/// - escape sequences, as `<ESC[31m>`, in the 7-bit and the 8-bit form. What
///   a string sequence (OSC, DCS and their kind) carries stays as text after
///   its start.
///
/// Cleaning a second time changes nothing.
pub fn clean(text: &str) -> String {
    // Most text is of this kind, and is passed over as a whole.
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
    {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\u{1b}' | '\u{9b}' => sequence(rest, &mut cleaned),
            '\r' if rest[1..].starts_with('\n') => 1,
            _ => 0,
        };
        rest = if taken > 0 {
            &rest[taken..]
        } else {
            character(c, &mut cleaned);
            &rest[c.len_utf8()..]
        };
    }
    cleaned
}

/// The output of a program, for a model or a log: as [`clean`], but sequences
/// that colour text, move the cursor or set a title are left out, as a
/// terminal would not show them either, and a lone carriage return is a line
/// end. Not for text that says what will be done: that is what [`clean`] is
/// for.
pub fn clean_output(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\u{1b}' | '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => silent(rest),
            '\r' => {
                plain.push('\n');
                1 + usize::from(rest[1..].starts_with('\n'))
            }
            _ => 0,
        };
        rest = if taken > 0 {
            &rest[taken..]
        } else {
            plain.push(c);
            &rest[c.len_utf8()..]
        };
    }
    clean(&plain)
}

/// Whether a character is shown as it is.
pub(crate) fn is_visible(c: char) -> bool {
    match c {
        '\n' | '\t' => true,
        _ => !c.is_control() && !is_invisible(c),
    }
}

fn character(c: char, cleaned: &mut String) {
    if is_visible(c) {
        cleaned.push(c);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(cleaned, "<U+{:04X}>", u32::from(c));
    }
}

/// Spells out the escape sequence that text begins with, and says how long it
/// is; 0 if it is none.
fn sequence(text: &str, cleaned: &mut String) -> usize {
    let (name, after) = match text.strip_prefix('\u{9b}') {
        Some(_) => ("CSI", csi_length(&text[2..]).map(|body| (2, body))),
        None => ("ESC", escape_length(&text[1..]).map(|body| (1, body))),
    };
    let Some((start, body)) = after else {
        return 0;
    };
    cleaned.push('<');
    cleaned.push_str(name);
    cleaned.push_str(&text[start..start + body]);
    cleaned.push('>');
    start + body
}

/// The length of what follows ESC in a sequence: its introducer and, unless it
/// introduces a string, everything up to its final character.
fn escape_length(after: &str) -> Option<usize> {
    match after.as_bytes().first()? {
        b'[' => csi_length(&after[1..]).map(|length| length + 1),
        // Intermediate characters, then a final one, as in `ESC ( B`.
        b' '..=b'/' => {
            let intermediates = count(after, |byte| matches!(byte, b' '..=b'/'));
            matches!(after.as_bytes().get(intermediates), Some(b'0'..=b'~'))
                .then_some(intermediates + 1)
        }
        b'0'..=b'~' => Some(1),
        _ => None,
    }
}

/// The length of what follows a control sequence's introducer.
fn csi_length(after: &str) -> Option<usize> {
    let parameters = count(after, |byte| matches!(byte, b'0'..=b'?'));
    let intermediates = count(&after[parameters..], |byte| matches!(byte, b' '..=b'/'));
    let length = parameters + intermediates;
    matches!(after.as_bytes().get(length), Some(b'@'..=b'~')).then_some(length + 1)
}

/// The length of the sequence that text begins with, if a terminal would show
/// nothing for it; 0 if not. A string that has no end in its line would hide
/// what follows, and is not left out.
fn silent(text: &str) -> usize {
    let mut characters = text.chars();
    let length = match (characters.next(), characters.next()) {
        (Some('\u{1b}'), Some('P' | 'X' | ']' | '^' | '_')) => string_length(&text[2..]),
        (Some('\u{1b}'), _) => escape_length(&text[1..]).map(|length| length - 1),
        (Some('\u{9b}'), _) => csi_length(&text[2..]),
        (Some(_), _) => string_length(&text[2..]),
        (None, _) => None,
    };
    // What is left of the introducer, in either form: two bytes.
    length.map_or(0, |length| length + 2)
}

/// The length of a string sequence's payload with its terminator.
fn string_length(payload: &str) -> Option<usize> {
    let end = payload.find(char::is_control)?;
    let rest = &payload[end..];
    ["\u{7}", "\u{9c}", "\u{1b}\\"]
        .iter()
        .find(|terminator| rest.starts_with(**terminator))
        .map(|terminator| end + terminator.len())
}

fn count(text: &str, is: fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is(*byte)).count()
}

/// Characters without a shape of their own, or that change how others are
/// shown. By their ranges in Unicode 17: format characters but those that
/// stand visibly before numbers, default ignorables, line and paragraph
/// separators, spaces, fillers, non-characters, private use.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x00A0                  // no-break space
        | 0x00AD                // soft hyphen
        | 0x034F                // combining grapheme joiner
        | 0x061C                // Arabic letter mark
        | 0x115F..=0x1160       // Hangul fillers
        | 0x1680                // Ogham space
        | 0x17B4..=0x17B5       // Khmer inherent vowels
        | 0x180B..=0x180F       // Mongolian selectors
        | 0x2000..=0x200F       // spaces, zero-width, direction marks
        | 0x2028..=0x202F       // separators, embeddings and overrides
        | 0x205F..=0x206F       // joiners, invisible operators, isolates
        | 0x2800                // blank Braille pattern
        | 0x3164                // Hangul filler
        | 0xE000..=0xF8FF       // private use
        | 0xFDD0..=0xFDEF       // non-characters
        | 0xFE00..=0xFE0F       // variation selectors
        | 0xFEFF                // byte order mark
        | 0xFFA0                // half-width Hangul filler
        | 0xFFF0..=0xFFFB       // unassigned, interlinear annotation
        | 0x13430..=0x1345F     // Egyptian format controls
        | 0x16FE4               // Khitan filler
        | 0x1BCA0..=0x1BCA3     // shorthand format controls
        | 0x1D159               // musical null notehead
        | 0x1D173..=0x1D17A     // musical format controls
        | 0xE0000..=0xE0FFF     // tags, variation selectors
        | 0xF0000..=0x0010_FFFF // private use
    ) || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text in which the interesting characters are frequent.
    fn hostile() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            any::<char>(),
            prop::sample::select(
                "\u{1b}\u{9b}\u{9d}\u{90}\u{9c}\u{7}\r\n\t[]P\\;?0m <>U+"
                    .chars()
                    .collect::<Vec<_>>()
            ),
            (0_u32..0x3000).prop_filter_map("no surrogates", char::from_u32),
            (0xE0000_u32..0xE0200).prop_filter_map("no surrogates", char::from_u32),
        ];
        prop::collection::vec(character, 0..60).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left(text in hostile()) {
            for cleaned in [clean(&text), clean_output(&text)] {
                prop_assert!(cleaned.chars().all(is_visible), "{cleaned:?}");
            }
        }

        #[test]
        fn a_second_time_changes_nothing(text in hostile()) {
            for once in [clean(&text), clean_output(&text)] {
                prop_assert_eq!(clean(&once), once.clone());
                prop_assert_eq!(clean_output(&once), once);
            }
        }

        #[test]
        fn everything_visible_is_kept(text in hostile()) {
            let cleaned = clean(&text);
            let mut rest = cleaned.chars();
            for c in text.chars().filter(|c| is_visible(*c)) {
                prop_assert!(rest.any(|kept| kept == c), "{c:?} is lost from {cleaned:?}");
            }
        }

        #[test]
        fn plain_text_stays_as_it_is(text in "[ -~\n\täöüß漢字かなабв🦀]{0,60}") {
            prop_assert_eq!(clean(&text), text.clone());
            prop_assert_eq!(clean_output(&text), text);
        }
    }

    #[test]
    fn what_acts_on_a_terminal_is_spelled_out() {
        for (text, cleaned) in [
            ("\u{1b}[31mred\u{1b}[0m", "<ESC[31m>red<ESC[0m>"),
            ("\u{9b}2J", "<CSI2J>"),
            ("\u{1b}[?25l", "<ESC[?25l>"),
            ("\u{1b}[1 q", "<ESC[1 q>"),
            ("\u{1b}c\u{1b}(B", "<ESCc><ESC(B>"),
            ("\u{1b}]0;title\u{7}!", "<ESC]>0;title<U+0007>!"),
            ("\u{1b}]52;c;cm0=\u{1b}\\!", "<ESC]>52;c;cm0=<ESC\\>!"),
            ("\u{9d}0;t\u{9c}", "<U+009D>0;t<U+009C>"),
            ("\u{1b}Pq#0\u{1b}\\", "<ESCP>q#0<ESC\\>"),
            ("a\rb\r\nc", "a<U+000D>b\nc"),
            ("\0\u{8}\u{7f}\u{85}", "<U+0000><U+0008><U+007F><U+0085>"),
            ("cut \u{1b}", "cut <U+001B>"),
            ("cut \u{1b}[31", "cut <U+001B>[31"),
            ("\u{1b}[3\u{202e}m", "<U+001B>[3<U+202E>m"),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        for c in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202a}',
            '\u{202e}',
            '\u{2028}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{2800}',
            '\u{3164}',
            '\u{a0}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{ffff}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{10fffd}',
        ] {
            let shown = format!("a<U+{:04X}>b", u32::from(c));
            assert_eq!(clean(&format!("a{c}b")), shown);
        }
    }

    #[test]
    fn output_loses_what_a_terminal_would_not_show() {
        for (text, cleaned) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{9b}31mred", "red"),
            (
                "\u{1b}]8;;https://a.example\u{1b}\\link\u{1b}]8;;\u{7}",
                "link",
            ),
            ("\u{9d}0;t\u{9c}a\u{90}q\u{9c}b", "ab"),
            ("10%\r20%\r\ndone", "10%\n20%\ndone"),
            ("\u{1b}(B\u{1b}Ma", "a"),
            ("a\u{8}b\u{202e}", "a<U+0008>b<U+202E>"),
        ] {
            assert_eq!(clean_output(text), cleaned, "{text:?}");
        }
    }

    #[test]
    fn output_cannot_hide_the_rest_behind_a_string_without_end() {
        assert_eq!(clean_output("\u{1b}]0;a\nb"), "<ESC]>0;a\nb");
        assert_eq!(clean_output("\u{9d}0;a"), "<U+009D>0;a");
        assert_eq!(clean_output("\u{1b}_a\u{1b}[0mb"), "<ESC_>ab");
    }
}
