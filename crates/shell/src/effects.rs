//! What known programs are told to write: the words that are files or
//! directories which they create, change or remove.

use std::borrow::Cow;

use crate::analysis::{RedirectKind, Simple, Word};

/// The files and directories that a command is told to write, create, change
/// or remove, as far as it is a known program: its redirections, and its words.
/// A word may be unknown: then the place is.
pub fn written(simple: &Simple) -> Vec<Cow<'_, Word>> {
    let mut places: Vec<Cow<'_, Word>> = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.kind == RedirectKind::Write)
        .map(|redirect| Cow::Borrowed(&redirect.target))
        .collect();
    places.extend(by_words(simple));
    places
}

fn by_words(simple: &Simple) -> Vec<Cow<'_, Word>> {
    let words = simple.arguments();
    let all = |valued: &str, skip: usize| {
        let found = operands(words, valued);
        found.into_iter().skip(skip).map(Cow::Borrowed).collect()
    };
    match simple.name().unwrap_or_default() {
        "tee" | "rm" | "rmdir" | "unlink" | "shred" | "mkfifo" => all("", 0),
        "touch" => all("drt", 0),
        "mkdir" => all("m", 0),
        "truncate" => all("sr", 0),
        "chmod" | "chown" | "chgrp" => {
            let referred = words
                .iter()
                .any(|word| word.prefix().starts_with("--reference"));
            let mode_is_option = words.iter().filter_map(Word::known).any(is_mode_option);
            all("", usize::from(!referred && !mode_is_option))
        }
        "cp" | "mv" | "ln" | "install" => copied(simple),
        "dd" => given(words, &["of="]),
        "sed" | "gsed" => in_place(words),
        "curl" | "sort" => given(words, &["-o", "--output="]),
        "wget" => given(words, &["-O", "--output-document="]),
        _ => Vec::new(),
    }
}

/// `-w`, `-x` and their kind take permissions away, and look like options.
fn is_mode_option(text: &str) -> bool {
    text.strip_prefix('-')
        .is_some_and(|mode| !mode.is_empty() && mode.chars().all(|c| "rwxXst,=+-".contains(c)))
}

/// The words that are no options and no values of the short options `valued`.
fn operands<'a>(words: &'a [Word], valued: &str) -> Vec<&'a Word> {
    let mut found = Vec::new();
    let mut words = words.iter();
    let mut only = false;
    while let Some(word) = words.next() {
        let text = word.prefix();
        if only || !text.starts_with('-') || text == "-" {
            if text != "-" {
                found.push(word);
            }
        } else if text == "--" {
            only = true;
        } else if !text.starts_with("--") && text.ends_with(|c| valued.contains(c)) {
            words.next();
        }
    }
    found
}

/// Where files are copied, moved or linked to; what is moved is removed where
/// it was.
fn copied(simple: &Simple) -> Vec<Cow<'_, Word>> {
    let words = simple.arguments();
    let name = simple.name().unwrap_or_default();
    let into = given(words, &["-t", "--target-directory="]);
    let valued = if name == "install" { "tSgmo" } else { "tS" };
    let found = operands(words, valued);
    let flag = |flag: char| {
        words
            .iter()
            .filter_map(Word::known)
            .any(|text| text.starts_with('-') && !text.starts_with("--") && text.contains(flag))
    };
    let mut places: Vec<Cow<'_, Word>> = Vec::new();
    if name == "install" && flag('d') {
        places.extend(found.iter().map(|word| Cow::Borrowed(*word)));
        return places;
    }
    let (sources, target) = match (into.is_empty(), found.split_last()) {
        (true, Some((last, sources))) if !sources.is_empty() => (sources, Some(*last)),
        _ => (found.as_slice(), None),
    };
    if name == "mv" {
        places.extend(sources.iter().map(|word| Cow::Borrowed(*word)));
    }
    places.extend(target.map(Cow::Borrowed));
    places.extend(into);
    places
}

/// The values of options, attached or the next word.
fn given<'a>(words: &'a [Word], options: &[&str]) -> Vec<Cow<'a, Word>> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for option in options {
            let value = match word {
                Word::Known(text) if text == option => words.get(at + 1).map(Cow::Borrowed),
                Word::Known(text) if text.starts_with("--") || option.contains('=') => text
                    .strip_prefix(option)
                    .map(|value| Cow::Owned(Word::Known(value.to_owned()))),
                _ => None,
            };
            found.extend(value);
        }
    }
    found
}

/// The files that `sed -i` changes: those after its script.
fn in_place(words: &[Word]) -> Vec<Cow<'_, Word>> {
    let texts = || words.iter().filter_map(Word::known);
    let changes = texts().any(|text| {
        text.starts_with("--in-place")
            || text.starts_with('-')
                && !text.starts_with("--")
                && text[1..].contains('i')
                && !text.starts_with("-e")
                && !text.starts_with("-f")
    });
    if !changes {
        return Vec::new();
    }
    let has_script = texts().any(|text| {
        matches!(text, "-e" | "-f" | "--expression" | "--file")
            || text.starts_with("--expression=")
            || text.starts_with("--file=")
    });
    operands(words, "ef")
        .into_iter()
        .skip(usize::from(!has_script))
        .map(Cow::Borrowed)
        .collect()
}
