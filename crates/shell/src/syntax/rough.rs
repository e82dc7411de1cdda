//! A rough reading of text that the grammar gave up on: the words between
//! anything that might separate commands. What it yields may not be what
//! runs; it serves to notice danger in a script that is opaque anyway.

/// More is not looked at.
const MOST: usize = 200;

/// The words of everything that looks like a command.
pub(crate) fn rough(text: &str) -> Vec<Vec<String>> {
    text.split([';', '&', '|', '\n', '(', ')', '`', '{', '}'])
        .map(|chunk| {
            chunk
                .split_whitespace()
                .map(|word| word.replace(['\'', '"', '\\'], ""))
                .filter(|word| !KEYWORDS.contains(&word.as_str()))
                .collect::<Vec<_>>()
        })
        .filter(|words| !words.is_empty())
        .take(MOST)
        .collect()
}

const KEYWORDS: &[&str] = &[
    "", "!", "do", "then", "else", "if", "while", "until", "time",
];
