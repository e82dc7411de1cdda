//! Deleting: judged by what is deleted. What any build makes anew, temporary
//! files, and what is named below the workspace, is everyday work; what is
//! broad, outside or not known is not.

use crate::analysis::{Simple, Spread, Word};
use crate::class::paths::{self, Place};
use crate::class::{before_dashes, operands};

use super::found::{Danger, Found};
use super::{Around, has};

const PREVIEW: &str = "list it first (`find … -print`), then delete by name";

/// Whether it is started for each of some unknown files.
pub(super) fn is_for_each(simple: &Simple) -> bool {
    simple.through.iter().any(|wrapper| {
        matches!(
            wrapper.name.as_str(),
            "find" | "gfind" | "fd" | "fdfind" | "xargs" | "gxargs" | "parallel"
        )
    })
}

pub(super) fn rm(name: &str, simple: &Simple, around: Around) -> Option<Found> {
    let words = simple.arguments();
    let deletes = |what: String| Some(Found::new(Danger::Deletes, what));
    if has(words, &["--no-preserve-root"]) {
        return deletes("`rm --no-preserve-root` deletes everything".to_owned());
    }
    if is_for_each(simple) {
        let narrow = finders(around).all(|found| is_narrow(found.arguments()))
            && finders(around).next().is_some();
        return (!narrow).then(|| {
            Found::new(Danger::Deletes, format!("`{name}` on whatever is found")).safer(PREVIEW)
        });
    }
    let force = has(words, &["-f", "--force"]);
    let unknown_options = before_dashes(words)
        .iter()
        .any(|word| word.known().is_none() && word.may_be_option());
    let recursive = has(words, &["-r", "-R", "--recursive"])
        || matches!(name, "rimraf" | "trash" | "del-cli")
        || force && unknown_options;
    let place = Place::of(simple, around.analysis, around.directory);
    let temporary = |word: &Word| is_made_temporary(word, around);
    operands(words)
        .find(|word| !temporary(word) && is_grave(word, recursive, &place))
        .and_then(|word| {
            let options = match (recursive, force) {
                (true, true) => " -rf",
                (true, false) => " -r",
                (false, _) => "",
            };
            let options = if name.ends_with("rm") { options } else { "" };
            deletes(format!("`{name}{options}` deletes `{word}`"))
        })
}

/// Whether deleting what a word names goes beyond everyday work.
fn is_grave(word: &Word, recursive: bool, place: &Place) -> bool {
    if paths::is_broad_pattern(word) {
        // Everything in a directory that is made anew is made anew, too.
        let dir = word.written().rsplit_once('/').map(|(dir, _)| dir);
        return !dir.is_some_and(|dir| place.makes_anew(dir));
    }
    let written = word.written().trim_matches('"');
    if written.starts_with("${TMPDIR:-/tmp}/") && !written[1..].contains(['$', '`']) {
        return written.contains("..");
    }
    let settled = ["$PWD/", "${PWD}/", "$(pwd)/"]
        .iter()
        .find_map(|here| written.strip_prefix(here))
        .filter(|rest| !rest.contains(['$', '`', '*', '"', '?', '[']));
    let Some(path) = word.known().or(settled) else {
        return recursive && !is_plain_pattern(word, place) || written_is_broad(word);
    };
    if place.is_temporary(path) || place.makes_anew(path) {
        return false;
    }
    match place.below(path) {
        Some(inside) => paths::is_git_internal(&inside) || recursive && is_whole_source(&inside),
        None => recursive || paths::is_broad(word) || place.is_known(),
    }
}

/// A pattern below the directory that takes in some names, not all.
fn is_plain_pattern(word: &Word, place: &Place) -> bool {
    let Word::Unknown {
        written,
        spread: Spread::Pattern,
        ..
    } = word
    else {
        return false;
    };
    if written.contains(['$', '`']) {
        return false;
    }
    let last = written.rsplit('/').next().unwrap_or_default();
    let literal = last
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '_')
        .count();
    let stays = place.below(written).is_some() || place.is_temporary(written);
    stays && literal >= 3 || place.makes_anew(written)
}

/// A pattern or value that reaches what is broad, such as `/*` or `~/*`.
fn written_is_broad(word: &Word) -> bool {
    let written = word.written().trim_matches('"');
    (written.starts_with('/') || written.starts_with('~'))
        && paths::is_broad(word)
        && !written.starts_with("/tmp/")
}

/// Directories that hold a project's own work.
fn is_whole_source(path: &str) -> bool {
    const WORK: &[&str] = &[
        "app",
        "apps",
        "api",
        "assets",
        "backend",
        "client",
        "cmd",
        "components",
        "config",
        "crates",
        "data",
        "db",
        "docs",
        "frontend",
        "include",
        "internal",
        "lib",
        "libs",
        "migrations",
        "modules",
        "packages",
        "pages",
        "pkg",
        "public",
        "resources",
        "scripts",
        "server",
        "services",
        "source",
        "sources",
        "spec",
        "specs",
        "src",
        "static",
        "test",
        "tests",
        "web",
        "www",
        ".github",
    ];
    WORK.contains(&path)
}

/// A variable that holds what `mktemp` made, everywhere it is set.
fn is_made_temporary(word: &Word, around: Around) -> bool {
    let written = word.written().trim_matches('"');
    let Some(rest) = written.strip_prefix('$') else {
        return false;
    };
    let rest = rest.trim_start_matches('{');
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let (name, tail) = rest.split_at(end);
    let tail = tail.trim_start_matches(['}', '"']);
    let stays = tail.is_empty() || tail.starts_with('/') && !tail.contains("..");
    let mut values = around
        .analysis
        .commands
        .iter()
        .flat_map(|simple| &simple.assignments)
        .filter(|assignment| assignment.name == name)
        .map(|assignment| {
            let value = assignment.value.written();
            let named = value
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='));
            named.unwrap_or(value).trim_start_matches('"')
        })
        .peekable();
    stays
        && values.peek().is_some()
        && values.all(|value| value.starts_with("$(mktemp") || value.starts_with("`mktemp"))
}

/// `find` and `fd` that delete, or that start something for what they find.
pub(super) fn find(name: &str, simple: &Simple, _: Around) -> Option<Found> {
    let words = simple.arguments();
    let deletes = words.iter().any(|word| word.known() == Some("-delete"));
    (deletes && !is_narrow(words)).then(|| {
        Found::new(
            Danger::Deletes,
            format!("`{name} -delete` deletes whatever it finds"),
        )
        .safer(PREVIEW)
    })
}

/// What finds files in the same script.
fn finders(around: Around<'_>) -> impl Iterator<Item = &Simple> {
    around.analysis.commands.iter().filter(|simple| {
        matches!(
            simple.name(),
            Some(
                "find"
                    | "gfind"
                    | "fd"
                    | "fdfind"
                    | "ls"
                    | "rg"
                    | "grep"
                    | "git"
                    | "cat"
                    | "locate"
            )
        )
    })
}

/// Whether a search finds only what is made anew: by where it starts, or by
/// the names that it looks for.
fn is_narrow(words: &[Word]) -> bool {
    let place = Place::nowhere();
    let starts: Vec<&Word> = words
        .iter()
        .take_while(|word| !word.prefix().starts_with(['-', '(', '!']))
        .collect();
    let made = |word: &&Word| {
        word.known()
            .is_some_and(|path| place.makes_anew(path) || place.is_temporary(path))
    };
    if !starts.is_empty() && starts.iter().all(made) {
        return true;
    }
    let stays = starts.iter().all(|word| {
        word.known()
            .is_some_and(|path| path == "." || place.below(path).is_some())
    });
    let mut names = words.windows(2).filter_map(|pair| {
        let option = pair[0].known()?;
        matches!(
            option,
            "-name" | "-iname" | "-path" | "-ipath" | "-wholename"
        )
        .then(|| pair[1].known().unwrap_or_default())
    });
    // `!` and `-not` turn a name into everything else.
    let turned = words
        .iter()
        .any(|word| matches!(word.known(), Some("!" | "-not" | "-o" | "-or")))
        && words
            .iter()
            .any(|word| matches!(word.known(), Some("!" | "-not")));
    let nothing_in = words.iter().any(|word| word.known() == Some("-empty"));
    if stays && nothing_in && !turned {
        return true;
    }
    let first = names.next();
    stays && !turned && first.is_some_and(is_generated) && names.all(is_generated)
}

/// Names that only tools make.
fn is_generated(pattern: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".bak",
        ".class",
        ".coverage",
        ".d.ts.map",
        ".egg-info",
        ".gcda",
        ".gcno",
        ".gcov",
        ".log",
        ".o",
        ".obj",
        ".orig",
        ".profraw",
        ".pyc",
        ".pyo",
        ".rej",
        ".snap.new",
        ".swo",
        ".swp",
        ".temp",
        ".test.db",
        ".tmp",
        ".tsbuildinfo",
        "~",
        ".DS_Store",
        "Thumbs.db",
        ".pending-snap",
    ];
    let last = pattern
        .trim_end_matches("/*")
        .rsplit('/')
        .next()
        .unwrap_or_default();
    ENDINGS
        .iter()
        .any(|ending| last.ends_with(ending) && last.len() > 1)
        || paths::is_made_anew_name(last)
        || last.starts_with("*.py[")
}
