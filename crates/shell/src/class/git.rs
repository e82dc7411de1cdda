//! git: which of its commands only read.

use crate::analysis::{Spread, Word};

use super::before_dashes;

/// The words from the subcommand on, and what stands before it.
pub(super) fn split(words: &[Word]) -> Option<(&[Word], &[Word])> {
    let mut at = 0;
    while let Some(text) = words.get(at)?.known() {
        match text {
            "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace" => at += 2,
            _ if text.starts_with('-') => at += 1,
            _ => return Some(words.split_at(at)),
        }
    }
    None
}

/// Options before the subcommand that change nothing about it.
const FINE_GLOBALS: &[&str] = &[
    "-C",
    "-P",
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
];

/// What keeps a git command from being known as safe.
pub(super) fn unsafe_part(words: &[Word]) -> Option<&Word> {
    let Some((globals, rest)) = split(words) else {
        let only_version = matches!(words, [one] if one.known() == Some("--version"));
        return words.first().filter(|_| !only_version);
    };
    let mut takes_value = false;
    let global = globals.iter().find(|word| {
        if std::mem::take(&mut takes_value) {
            return word.spread() != Spread::One;
        }
        takes_value = word.known() == Some("-C");
        !word
            .known()
            .is_some_and(|text| FINE_GLOBALS.contains(&text))
    });
    if global.is_some() {
        return global;
    }
    let (subcommand, arguments) = rest.split_first()?;
    match subcommand.known().unwrap_or_default() {
        "status" | "log" | "diff" | "show" | "rev-parse" | "rev-list" | "ls-files" | "ls-tree"
        | "describe" | "merge-base" | "shortlog" | "blame" | "name-rev" | "show-ref"
        | "for-each-ref" | "count-objects" | "diff-tree" | "diff-index" => options(arguments),
        "branch" => branch(arguments),
        "remote" => only(arguments, &["-v", "--verbose"]),
        "tag" => list_only(arguments),
        "stash" | "worktree" => {
            let lists = matches!(arguments, [one] if one.known() == Some("list"));
            (!lists).then_some(subcommand)
        }
        "cat-file" => only_these_options(arguments, &["-p", "-t", "-s", "-e"]),
        "config" => config(arguments),
        "reflog" if arguments.is_empty() => None,
        "version" => arguments.first(),
        _ => Some(subcommand),
    }
}

/// Options that only shape what is shown, by their start.
const SHOWING: &[&str] = &[
    "--abbrev",
    "--after",
    "--ahead-behind",
    "--all",
    "--ancestry-path",
    "--author",
    "--before",
    "--boundary",
    "--branch",
    "--branches",
    "--cached",
    "--cc",
    "--check",
    "--cherry",
    "--children",
    "--color",
    "--column",
    "--committer",
    "--compact-summary",
    "--contains",
    "--count",
    "--date",
    "--decorate",
    "--deleted",
    "--diff-algorithm",
    "--diff-filter",
    "--dirstat",
    "--exact-match",
    "--exclude",
    "--exclude-standard",
    "--find-copies",
    "--find-renames",
    "--first-parent",
    "--follow",
    "--format",
    "--full-diff",
    "--full-history",
    "--function-context",
    "--git-dir",
    "--glob",
    "--graph",
    "--grep",
    "--heads",
    "--histogram",
    "--hash",
    "--head",
    "--ignore-all-space",
    "--ignore-blank-lines",
    "--ignore-case",
    "--ignore-space-change",
    "--ignore-submodules",
    "--ignored",
    "--indent-heuristic",
    "--inter-hunk-context",
    "--is-inside-work-tree",
    "--left-right",
    "--line-porcelain",
    "--long",
    "--max-count",
    "--max-parents",
    "--merge",
    "--merges",
    "--merge-base",
    "--merged",
    "--min-parents",
    "--minimal",
    "--modified",
    "--name-only",
    "--name-status",
    "--no-abbrev",
    "--no-color",
    "--no-decorate",
    "--no-ext-diff",
    "--no-index",
    "--no-merges",
    "--no-patch",
    "--no-prefix",
    "--no-renames",
    "--no-textconv",
    "--not",
    "--numbered",
    "--numstat",
    "--oneline",
    "--others",
    "--parents",
    "--patch",
    "--patch-with-stat",
    "--patience",
    "--pickaxe",
    "--points-at",
    "--porcelain",
    "--pretty",
    "--raw",
    "--reflog",
    "--relative",
    "--remotes",
    "--renames",
    "--reverse",
    "--short",
    "--shortstat",
    "--show-current",
    "--show-prefix",
    "--show-stash",
    "--show-toplevel",
    "--simplify",
    "--since",
    "--skip",
    "--sort",
    "--source",
    "--stage",
    "--staged",
    "--stat",
    "--submodule",
    "--summary",
    "--symbolic-full-name",
    "--symbolic",
    "--tags",
    "--text",
    "--topo-order",
    "--unified",
    "--unmerged",
    "--until",
    "--untracked-files",
    "--verbose",
    "--verify",
    "--word-diff",
    "--abbrev-ref",
    "--always",
    "--dirty",
    "--tags",
    "--email",
    "--show-cdup",
    "--absolute-git-dir",
    "--git-common-dir",
    "--is-bare-repository",
    "--error-unmatch",
    "--full-name",
    "--quiet",
    "--null",
];

/// Letters of short options that only shape what is shown. `-O` reads an
/// order, `-o` is left out: some subcommands write there.
const SHOWING_SHORT: &str = "abcdegiklmnpqrstuvwzBCDEFGLMNPRSUWX0123456789";

fn shows(text: &str) -> bool {
    // A format with the signature starts the program that checks it.
    if text.contains("%G") {
        return false;
    }
    if let Some(long) = text.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or_default();
        return SHOWING.iter().any(|option| option[2..] == *name);
    }
    // What follows the first letter may be its value.
    text.chars()
        .nth(1)
        .is_some_and(|c| SHOWING_SHORT.contains(c))
}

/// The first word that may be an option which does more than show.
fn options(words: &[Word]) -> Option<&Word> {
    before_dashes(words).iter().find(|word| match word.known() {
        Some(text) => text.len() > 1 && text.starts_with('-') && !shows(text),
        None => word.may_be_option(),
    })
}

/// `git branch`, where it lists.
fn branch(words: &[Word]) -> Option<&Word> {
    const FINE: &[&str] = &[
        "-a",
        "-r",
        "-v",
        "-vv",
        "-l",
        "--all",
        "--remotes",
        "--verbose",
        "--list",
        "--show-current",
        "--no-color",
        "--color",
        "--column",
        "--no-column",
        "--ignore-case",
        "-i",
    ];
    const VALUED: &[&str] = &[
        "--contains",
        "--no-contains",
        "--merged",
        "--no-merged",
        "--points-at",
        "--sort",
        "--format",
    ];
    let lists = words
        .iter()
        .any(|word| matches!(word.known(), Some("-l" | "--list")));
    let mut takes_value = false;
    words.iter().find(|word| {
        let Some(text) = word.known() else {
            return word.may_be_option() || !lists;
        };
        let value = std::mem::take(&mut takes_value);
        takes_value = VALUED.contains(&text);
        let name = text.split('=').next().unwrap_or_default();
        let fine = FINE.contains(&text)
            || VALUED.contains(&name)
            || (value || lists) && !text.starts_with('-');
        !fine
    })
}

fn only<'a>(words: &'a [Word], fine: &[&str]) -> Option<&'a Word> {
    words
        .iter()
        .find(|word| word.known().is_none_or(|text| !fine.contains(&text)))
}

fn only_these_options<'a>(words: &'a [Word], fine: &[&str]) -> Option<&'a Word> {
    words.iter().find(|word| match word.known() {
        Some(text) => text.starts_with('-') && !fine.contains(&text),
        None => word.may_be_option(),
    })
}

/// `git tag`, where it lists.
fn list_only(words: &[Word]) -> Option<&Word> {
    let lists = words
        .iter()
        .any(|word| matches!(word.known(), Some("-l" | "--list")));
    words.iter().find(|word| {
        let Some(text) = word.known() else {
            return word.may_be_option() || !lists;
        };
        let fine = matches!(text, "-l" | "--list" | "-n")
            || text.starts_with("--sort=")
            || lists && !text.starts_with('-');
        !fine
    })
}

/// `git config`, where it reads.
fn config(words: &[Word]) -> Option<&Word> {
    const READS: &[&str] = &[
        "--get",
        "--get-all",
        "--get-regexp",
        "--list",
        "-l",
        "get",
        "list",
    ];
    match words.split_first() {
        Some((first, rest)) if first.known().is_some_and(|text| READS.contains(&text)) => {
            rest.iter().find(|word| word.may_be_option())
        }
        _ => words.first(),
    }
}
