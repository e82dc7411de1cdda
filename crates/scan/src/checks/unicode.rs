//! Characters that nobody sees, that change the direction of text, or that
//! look like others.

use std::collections::HashSet;

use super::Found;
use crate::{Confidence, Language, Severity, SourceFile};

/// What is wrong with a character in its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hidden {
    /// It changes the direction of text.
    Direction,
    /// It carries data that nobody sees.
    Data,
    /// It has no width, within or beside a word.
    Invisible,
    /// It talks to a terminal.
    Control,
}

impl Hidden {
    const fn text(self) -> &'static str {
        match self {
            Self::Direction => "changes the direction of text: what is shown is not what is read",
            Self::Data => {
                "is not shown and can carry text that only a program reads, such as an agent"
            }
            Self::Invisible => "has no width: two names that look the same are not",
            Self::Control => "talks to the terminal that shows it",
        }
    }
}

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    if file.text.is_ascii() && !file.text.contains(['\u{1b}', '\u{8}']) {
        return;
    }
    hidden_in(file, found);
    if file.is_minified() {
        // Nobody reads it, and so it deceives nobody.
        let of_it = found.findings.iter_mut();
        for finding in of_it.filter(|each| each.rule == "invisible-unicode") {
            finding.severity = Severity::Low;
            finding.confidence = Confidence::C;
        }
    } else if is_code(file.language) {
        confusable(file, found);
    }
}

fn hidden_in(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let is_prose = matches!(
        file.language,
        Language::Markdown
            | Language::Text
            | Language::Html
            | Language::Xml
            | Language::Json
            | Language::Yaml
    );
    for (index, line) in file.text.lines().enumerate() {
        let Some((c, why, column)) = first_hidden(line, index == 0) else {
            continue;
        };
        let number = u32::try_from(index).unwrap_or(0) + 1;
        let message = format!("U+{:04X} {}.", u32::from(c), why.text());
        let finding = found.add("invisible-unicode", number, message);
        finding.column = column;
        // Text in scripts from right to left has such signs for good reasons.
        let right_to_left = line
            .chars()
            .any(|c| matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc));
        match why {
            Hidden::Direction if is_prose && right_to_left => {
                finding.severity = Severity::Low;
                finding.confidence = Confidence::C;
            }
            Hidden::Invisible | Hidden::Control => {
                finding.severity = if is_prose {
                    Severity::Low
                } else {
                    Severity::Medium
                };
                finding.confidence = if is_prose {
                    Confidence::C
                } else {
                    Confidence::B
                };
            }
            _ => {}
        }
    }
}

/// The worst hidden character of a text, with its column from 1.
pub(super) fn first_hidden(text: &str, is_start: bool) -> Option<(char, Hidden, u32)> {
    if text.is_ascii() && !text.contains(['\u{1b}', '\u{8}']) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied();
    let mut best: Option<(char, Hidden, u32)> = None;
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(at);
        let Some(why) = hidden(*c, before, at(index + 1), is_start && index == 0) else {
            continue;
        };
        let is_worse = best.is_none_or(|(_, known, _)| rank(why) < rank(known));
        if is_worse {
            best = Some((*c, why, u32::try_from(index).unwrap_or(0) + 1));
        }
    }
    best
}

const fn rank(why: Hidden) -> u8 {
    match why {
        Hidden::Data => 0,
        Hidden::Direction => 1,
        Hidden::Control => 2,
        Hidden::Invisible => 3,
    }
}

fn hidden(c: char, before: Option<char>, after: Option<char>, is_first: bool) -> Option<Hidden> {
    match u32::from(c) {
        0x202a..=0x202e | 0x2066..=0x2069 => Some(Hidden::Direction),
        // Flags of regions are spelled with tags behind a black flag.
        0xe0000..=0xe007f => {
            let in_flag = before.is_some_and(|before| {
                before == '\u{1f3f4}' || ('\u{e0020}'..='\u{e007f}').contains(&before)
            });
            (!in_flag).then_some(Hidden::Data)
        }
        // Variants of ideographs have a selector each.
        0xe0100..=0xe01ef => {
            let ideograph = before.is_some_and(|before| matches!(u32::from(before), 0x3400..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x323af));
            (!ideograph).then_some(Hidden::Data)
        }
        // One selector chooses how a sign is shown, two carry data.
        0xfe00..=0xfe0f => {
            let again = before.is_some_and(|before| ('\u{fe00}'..='\u{fe0f}').contains(&before));
            (again || before.is_none_or(|before| before.is_ascii_alphabetic()))
                .then_some(Hidden::Data)
        }
        0x115f | 0x1160 | 0x3164 | 0xffa0 | 0x2800 => Some(Hidden::Invisible),
        0x200b | 0x2060..=0x2064 | 0x180e | 0x00ad => beside_word(before, after),
        0xfeff => (!is_first).then_some(Hidden::Invisible),
        // Joiners belong into many scripts and into emoji, not between ASCII.
        0x200c | 0x200d => {
            let plain = |c: Option<char>| c.is_some_and(|c| c.is_ascii());
            (plain(before) && plain(after)).then_some(Hidden::Invisible)
        }
        0x1b | 0x08 => Some(Hidden::Control),
        _ => None,
    }
}

fn beside_word(before: Option<char>, after: Option<char>) -> Option<Hidden> {
    let plain = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain(before) || plain(after)).then_some(Hidden::Invisible)
}

const fn is_code(language: Language) -> bool {
    !matches!(
        language,
        Language::Markdown
            | Language::Text
            | Language::Html
            | Language::Xml
            | Language::Json
            | Language::Yaml
            | Language::Css
    )
}

/// Letters of Cyrillic, Greek and full width that look like ASCII.
const LOOKALIKES: &[(char, char)] = &[
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ѕ', 's'),
    ('ј', 'j'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('ɡ', 'g'),
    ('ɑ', 'a'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('І', 'I'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('ι', 'i'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('ı', 'i'),
    ('ℓ', 'l'),
];

fn twin(c: char) -> Option<char> {
    match u32::from(c) {
        wide @ (0xff21..=0xff3a | 0xff41..=0xff5a) => char::from_u32(wide - 0xfee0),
        _ => LOOKALIKES
            .iter()
            .find(|(other, _)| *other == c)
            .map(|(_, plain)| *plain),
    }
}

/// A name in ASCII that looks the same, if there is one.
pub(super) fn plain_twin(word: &str) -> Option<String> {
    let plain: Option<String> = word
        .chars()
        .map(|c| if c.is_ascii() { Some(c) } else { twin(c) })
        .collect();
    plain.filter(|plain| plain != word)
}

fn confusable(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let plain: HashSet<&str> = file
        .text
        .split(|c| !is_word(c))
        .filter(|word| word.is_ascii() && word.len() > 1)
        .collect();
    for (index, line) in file
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_ascii())
    {
        for word in line.split(|c| !is_word(c)).filter(|word| !word.is_ascii()) {
            let Some(twin) = plain_twin(word) else {
                continue;
            };
            let mixed = word.chars().any(|c| c.is_ascii_alphabetic());
            if twin.len() > 1 && (mixed || plain.contains(twin.as_str())) {
                let number = u32::try_from(index).unwrap_or(0) + 1;
                let message = format!(
                    "`{}` looks like `{twin}` and is another name.",
                    word.escape_unicode()
                );
                found.add("confusable-identifier", number, message);
                break;
            }
        }
    }
}
