//! Commands that overwrite or open up files.

use crate::analysis::{Simple, Word};
use crate::class::{operands, paths};

use super::found::{Danger, Found};
use super::{Around, has, secrets};

/// Programs that write to their last operand.
pub(super) fn places(name: &str, simple: &Simple, around: Around) -> Option<Found> {
    let words = simple.arguments();
    let operands: Vec<&Word> = operands(words).collect();
    let written: Vec<&Word> = match (name, target_directory(words)) {
        ("tee" | "sponge", _) => operands.clone(),
        (_, Some(target)) => vec![target],
        _ => operands
            .last()
            .copied()
            .filter(|_| operands.len() > 1)
            .into_iter()
            .collect(),
    };
    let harm = written
        .iter()
        .find_map(|word| paths::harm_in_writing(word).map(|harm| (word, harm)))
        .filter(|(word, _)| !is_own(word, around));
    if let Some((word, harm)) = harm {
        return Some(Found::new(
            harm.danger,
            format!("`{name}` to `{word}` {}", harm.what),
        ));
    }
    let setuid = name == "install"
        && words.windows(2).any(|pair| {
            pair[0].known() == Some("-m")
                && pair[1].known().is_some_and(|mode| {
                    mode.len() == 4 && !mode.starts_with(['0', '1']) || mode.contains('s')
                })
        });
    if setuid {
        return Some(Found::new(
            Danger::Permissions,
            "`install` lets a program act as another user",
        ));
    }
    if name == "rsync" {
        return mirrors(words, &operands);
    }
    if name != "mv" {
        return None;
    }
    let (last, sources) = operands.split_last()?;
    if last.known() == Some("/dev/null") {
        return Some(Found::new(
            Danger::Deletes,
            "`mv` to `/dev/null` destroys it",
        ));
    }
    let broad = |word: &&&Word| {
        word.known().is_some() && paths::is_broad(word)
            || paths::is_broad_pattern(word) && word.prefix().starts_with('/')
    };
    sources
        .iter()
        .find(broad)
        .map(|word| Found::new(Danger::Deletes, format!("`mv` moves `{word}` away")))
}

/// `-t DIR` of cp, mv, install and ln.
fn target_directory(words: &[Word]) -> Option<&Word> {
    let at = words
        .iter()
        .position(|word| matches!(word.known(), Some("-t" | "--target-directory")))?;
    words.get(at + 1)
}

/// Whether a path is below the directory that the command starts in.
pub(super) fn is_own(word: &Word, around: Around) -> bool {
    let place = paths::Place::at(around.directory);
    word.known()
        .is_some_and(|path| path.starts_with('/') && place.below(path).is_some())
}

/// `rsync --delete` to a broad place.
fn mirrors(words: &[Word], operands: &[&Word]) -> Option<Found> {
    let target = operands.last()?;
    let deletes = words
        .iter()
        .any(|word| word.prefix().starts_with("--del") || word.prefix() == "--remove-source-files");
    (deletes && paths::is_broad(target)).then(|| {
        Found::new(
            Danger::Deletes,
            format!("`rsync --delete` makes `{target}` equal to its source"),
        )
        .safer("try it with `--dry-run`")
    })
}

pub(super) fn dd(words: &[Word]) -> Option<Found> {
    words
        .iter()
        .find(|word| match word.known() {
            Some(text) => text
                .strip_prefix("of=")
                .is_some_and(|file| !paths::is_sink(file) && is_grave_output(file)),
            None => word.prefix().is_empty() || word.prefix().starts_with("of="),
        })
        .map(|word| Found::new(Danger::Disk, format!("`dd` overwrites `{word}`")))
}

/// Anything but a new file below the current or a temporary directory.
fn is_grave_output(file: &str) -> bool {
    let place = paths::Place::nowhere();
    place.below(file).is_none() && !place.is_temporary(file)
}

/// Programs that change files in place.
pub(super) fn edits(name: &str, words: &[Word]) -> Option<Found> {
    let in_place = match name {
        "ed" | "ex" => true,
        "perl" => words
            .iter()
            .any(|word| word.prefix().starts_with('-') && word.prefix().contains('i')),
        _ => has(words, &["-i", "--in-place"]),
    };
    if !in_place {
        return None;
    }
    operands(words).find_map(|word| {
        let harm = paths::harm_in_writing(word)?;
        Some(Found::new(
            harm.danger,
            format!("`{name}` on `{word}` {}", harm.what),
        ))
    })
}

pub(super) fn chmod(simple: &Simple) -> Option<Found> {
    let words = simple.arguments();
    let opens = |what: String| Some(Found::new(Danger::Permissions, what));
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
    if setuid {
        return opens(format!("`chmod {mode}` lets a program act as another user"));
    }
    if recursive && to_all {
        return opens(format!("`chmod -R {mode}` lets everybody write"));
    }
    if to_all && super::remove::is_for_each(simple) {
        return opens(format!("`chmod {mode}` on whatever is found"));
    }
    let rest: Vec<&Word> = operands.collect();
    let roots = ["/", "/bin", "/etc", "/home", "/root", "/usr"];
    let root = rest
        .iter()
        .find(|word| word.known().is_some_and(|path| roots.contains(&path)));
    if let Some(root) = root {
        return opens(format!("`chmod` on `{root}`"));
    }
    let word = rest
        .into_iter()
        .find(|word| paths::is_broad(word) || word.known().is_some_and(secrets::is_store))?;
    let known_place = word
        .known()
        .is_some_and(|path| path.starts_with(['/', '~']));
    (recursive || to_all && known_place).then(|| {
        Found::new(
            Danger::Permissions,
            format!("`chmod` on the broad path `{word}`"),
        )
    })
}

pub(super) fn owner(name: &str, words: &[Word]) -> Option<Found> {
    let immutable = name == "chattr"
        && words.iter().any(|word| {
            word.prefix().starts_with(['-', '+']) && word.prefix().contains(['i', 'a'])
        });
    if immutable {
        return Some(Found::new(
            Danger::Permissions,
            "`chattr` changes what may be changed",
        ));
    }
    let recursive = has(words, &["-R", "--recursive"]);
    let broad = operands(words).skip(1).find(|word| {
        paths::is_broad(word)
            && (recursive || word.known().is_some_and(|path| path.starts_with('/')))
    })?;
    Some(Found::new(
        Danger::Permissions,
        format!("`{name}` on the broad path `{broad}`"),
    ))
}

pub(super) fn truncate(words: &[Word]) -> Option<Found> {
    let empties = words
        .iter()
        .any(|word| matches!(word.known(), Some("0" | "-s0" | "--size=0")));
    let files: Vec<&Word> = operands(words)
        .filter(|word| word.known() != Some("0"))
        .collect();
    if let Some((word, harm)) = files
        .iter()
        .find_map(|word| paths::harm_in_writing(word).map(|harm| (word, harm)))
    {
        return Some(Found::new(
            harm.danger,
            format!("`truncate` on `{word}` {}", harm.what),
        ));
    }
    let many = files.len() > 1
        || files
            .iter()
            .any(|word| word.known().is_none() || paths::is_broad(word));
    (empties && many)
        .then(|| Found::new(Danger::Overwrites, "`truncate` empties more than one file"))
}
