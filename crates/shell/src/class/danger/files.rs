//! Commands that delete, overwrite or open up files.

use crate::analysis::{Analysis, Simple, Word};
use crate::class::{before_dashes, operands, paths};

use super::has;

/// Whether it is started for each of some unknown files.
pub(super) fn is_for_each(simple: &Simple) -> bool {
    simple.through.iter().any(|wrapper| {
        matches!(
            wrapper.name.as_str(),
            "find" | "fd" | "xargs" | "gxargs" | "parallel"
        )
    })
}

pub(super) fn rm(simple: &Simple, analysis: &Analysis) -> Option<String> {
    let words = simple.arguments();
    if has(words, &["--no-preserve-root"]) {
        return Some("`rm --no-preserve-root` deletes everything".to_owned());
    }
    if is_for_each(simple) {
        return Some("`rm` on whatever is found".to_owned());
    }
    let recursive = has(words, &["-r", "-R", "--recursive"]);
    let force = has(words, &["-f", "--force"]);
    let unknown_options = before_dashes(words)
        .iter()
        .any(|word| word.known().is_none() && word.may_be_option());
    let operands: Vec<&Word> = operands(words).collect();
    if operands.is_empty() {
        return None;
    }
    if let Some(word) = operands.iter().find(|word| paths::is_broad_pattern(word)) {
        return Some(format!("`rm` deletes `{word}`"));
    }
    let deep = recursive || force && unknown_options;
    if !deep {
        return operands
            .iter()
            .find(|word| word.known().is_some() && paths::is_broad(word))
            .map(|word| format!("`rm` deletes `{word}`"));
    }
    let moved = leaves_directory(analysis);
    let harmless = |word: &Word| {
        if force {
            paths::is_made_anew(word) && !moved
        } else {
            !paths::is_broad(word) && (!moved || word.prefix().starts_with('/'))
        }
    };
    operands
        .iter()
        .find(|word| !harmless(word))
        .map(|word| format!("`rm {}` deletes `{word}`", if force { "-rf" } else { "-r" }))
}

/// Whether something goes to a directory that is not below the first one:
/// then a relative path may be anywhere.
fn leaves_directory(analysis: &Analysis) -> bool {
    analysis.commands.iter().any(|simple| {
        matches!(simple.name(), Some("cd" | "pushd" | "popd" | "chdir"))
            && !simple
                .arguments()
                .last()
                .and_then(Word::known)
                .is_some_and(paths::is_plain_relative)
    })
}

pub(super) fn dd(words: &[Word]) -> Option<String> {
    words
        .iter()
        .find(|word| match word.known() {
            Some(text) => text
                .strip_prefix("of=")
                .is_some_and(|file| !paths::is_sink(file)),
            None => word.prefix().is_empty() || word.prefix().starts_with("of="),
        })
        .map(|word| format!("`dd` overwrites `{word}`"))
}

pub(super) fn chmod(words: &[Word]) -> Option<String> {
    let mut operands = operands(words);
    let mode = operands.next()?;
    let text = mode.known().unwrap_or_default();
    let recursive = has(words, &["-R", "--recursive"]);
    let numeric = text.chars().all(|c| c.is_ascii_digit());
    let to_all = if numeric {
        matches!(text.chars().last(), Some('2' | '3' | '6' | '7'))
    } else {
        text.split(',').any(|part| {
            let who = part.split(['+', '=', '-']).next().unwrap_or_default();
            part.contains(['+', '=']) && part.contains('w') && (who.contains(['o', 'a']))
        })
    };
    let setuid = if numeric {
        text.len() == 4 && matches!(text.chars().next(), Some('2'..='7'))
    } else {
        text.contains(['+', '=']) && text.contains('s')
    };
    let broad = operands.find(|word| paths::is_broad(word));
    if setuid {
        return Some(format!("`chmod {mode}` lets a program act as another user"));
    }
    if recursive && to_all {
        return Some(format!("`chmod -R {mode}` lets everybody write"));
    }
    let word = broad?;
    let known_place = word.known().is_some_and(|path| path.starts_with('/'));
    (recursive || to_all && known_place).then(|| format!("`chmod` on the broad path `{word}`"))
}

pub(super) fn truncate(words: &[Word]) -> Option<String> {
    let empties = words
        .iter()
        .any(|word| matches!(word.known(), Some("0" | "-s0" | "--size=0")));
    let files: Vec<&Word> = operands(words)
        .filter(|word| word.known() != Some("0"))
        .collect();
    let many = files.len() > 1
        || files
            .iter()
            .any(|word| word.known().is_none() || paths::is_broad(word));
    (empties && many).then(|| "`truncate` empties more than one file".to_owned())
}
