//! git: which of its commands discard, delete or rewrite.

use crate::analysis::Word;
use crate::class::git::split;
use crate::class::operands;

use super::found::{Danger, Found};
use super::{is_option, text_of};

const STASH: &str = "keep the changes first: `git stash -u`";
const LEASE: &str = "push to a branch of its own, or add a commit that reverts";
const BACKUP: &str = "keep a branch on it first: `git branch backup`";

/// One row: the subcommand, its first words, options of which one must be
/// there, options that make it harmless, and what it is.
#[derive(Clone, Copy)]
struct Row {
    subcommand: &'static str,
    words: &'static [&'static str],
    options: &'static [&'static str],
    unless: &'static [&'static str],
    danger: Danger,
    what: &'static str,
    safer: &'static str,
}

const fn row(
    subcommand: &'static str,
    options: &'static [&'static str],
    danger: Danger,
    what: &'static str,
    safer: &'static str,
) -> Row {
    Row {
        subcommand,
        words: &[],
        options,
        unless: &[],
        danger,
        what,
        safer,
    }
}

const fn with(row: Row, words: &'static [&'static str]) -> Row {
    Row { words, ..row }
}

const fn unless(row: Row, unless: &'static [&'static str]) -> Row {
    Row { unless, ..row }
}

const ROWS: &[Row] = &[
    row(
        "reset",
        &["--hard", "--merge", "--keep"],
        Danger::Overwrites,
        "discards changes",
        STASH,
    ),
    unless(
        row(
            "clean",
            &["-f", "--force", "-x", "-X", "-d"],
            Danger::Deletes,
            "deletes untracked files",
            "list them first: `git clean -n`",
        ),
        &["-n", "--dry-run"],
    ),
    unless(
        row(
            "push",
            &[
                "-f",
                "-d",
                "--force",
                "--force-with-lease",
                "--force-if-includes",
                "--mirror",
                "--delete",
                "--prune",
            ],
            Danger::RewritesHistory,
            "overwrites what others have",
            LEASE,
        ),
        &["-n", "--dry-run"],
    ),
    row(
        "checkout",
        &["-f", "--force"],
        Danger::Overwrites,
        "discards changes",
        STASH,
    ),
    row(
        "switch",
        &["-f", "--force", "--discard-changes"],
        Danger::Overwrites,
        "discards changes",
        STASH,
    ),
    row(
        "checkout-index",
        &["-f", "--force"],
        Danger::Overwrites,
        "discards changes",
        STASH,
    ),
    row(
        "read-tree",
        &["--reset", "-u"],
        Danger::Overwrites,
        "discards changes",
        STASH,
    ),
    row(
        "branch",
        &["-D"],
        Danger::RewritesHistory,
        "deletes a branch that may not be merged",
        "delete it with `-d`, which refuses what is not merged",
    ),
    row(
        "tag",
        &["-d", "--delete"],
        Danger::RewritesHistory,
        "deletes a tag",
        "",
    ),
    with(
        row(
            "stash",
            &[],
            Danger::Overwrites,
            "deletes a stash",
            "apply it instead: `git stash apply`",
        ),
        &["drop", "clear"],
    ),
    with(
        row(
            "reflog",
            &[],
            Danger::RewritesHistory,
            "deletes history",
            BACKUP,
        ),
        &["expire", "delete"],
    ),
    row(
        "gc",
        &["--prune"],
        Danger::RewritesHistory,
        "deletes history",
        "`git gc` without `--prune`",
    ),
    row(
        "prune",
        &[],
        Danger::RewritesHistory,
        "deletes history",
        BACKUP,
    ),
    row(
        "filter-branch",
        &[],
        Danger::RewritesHistory,
        "rewrites history",
        BACKUP,
    ),
    row(
        "filter-repo",
        &[],
        Danger::RewritesHistory,
        "rewrites history",
        BACKUP,
    ),
    row(
        "replace",
        &[],
        Danger::RewritesHistory,
        "rewrites history",
        BACKUP,
    ),
    row(
        "update-ref",
        &[],
        Danger::RewritesHistory,
        "moves or deletes a reference",
        BACKUP,
    ),
    with(
        row(
            "worktree",
            &["-f", "--force"],
            Danger::Deletes,
            "deletes a worktree",
            "leave out `--force`",
        ),
        &["remove"],
    ),
    with(
        row(
            "submodule",
            &["-f", "--force"],
            Danger::Deletes,
            "deletes a submodule's files",
            "leave out `--force`",
        ),
        &["deinit"],
    ),
    with(
        row("lfs", &[], Danger::Deletes, "deletes stored files", ""),
        &["prune"],
    ),
    with(
        row(
            "remote",
            &[],
            Danger::RewritesHistory,
            "forgets a remote and its branches",
            "",
        ),
        &["remove", "rm"],
    ),
    with(
        row("svn", &[], Danger::Publishes, "publishes", ""),
        &["dcommit"],
    ),
    row(
        "send-email",
        &[],
        Danger::SendsOut,
        "sends patches out",
        "`git format-patch`",
    ),
];

/// Why a git command destroys, if it does.
pub(super) fn danger(words: &[Word]) -> Option<Found> {
    let (_, rest) = split(words)?;
    let (subcommand, arguments) = rest.split_first()?;
    let Some(name) = subcommand.known() else {
        return of_unknown(subcommand, arguments);
    };
    by_row(name, arguments)
        .or_else(|| by_words(name, arguments))
        .or_else(|| handed_options(name, arguments))
}

fn by_row(name: &str, arguments: &[Word]) -> Option<Found> {
    let has = |options: &[&str]| {
        super::before_dashes(arguments)
            .iter()
            .filter_map(text_of)
            .any(|text| options.iter().any(|option| is_option(text, option)))
    };
    let fits = |row: &&Row| {
        row.subcommand == name
            && (row.words.is_empty()
                || row
                    .words
                    .contains(&first_known(arguments).unwrap_or_default()))
            && (row.options.is_empty() || has(row.options))
            && !has(row.unless)
    };
    let row = ROWS.iter().find(fits)?;
    let found = Found::new(row.danger, format!("`git {name}` {}", row.what));
    Some(if row.safer.is_empty() {
        found
    } else {
        found.safer(row.safer)
    })
}

/// What no option tells.
fn by_words(name: &str, arguments: &[Word]) -> Option<Found> {
    let refspec = |word: &Word| {
        // Before the colon of `:branch` stands nothing: that deletes it.
        word.prefix().starts_with(['+', ':'])
    };
    match name {
        "push" if operands(arguments).any(refspec) => Some(
            Found::new(
                Danger::RewritesHistory,
                "`git push` overwrites what others have",
            )
            .safer(LEASE),
        ),
        "push" if operands(arguments).next().is_some_and(is_address) => Some(Found::new(
            Danger::SendsOut,
            "`git push` to an address that is no remote of this repository",
        )),
        "checkout" | "restore" if discards(name, arguments) => Some(
            Found::new(Danger::Overwrites, format!("`git {name}` discards changes")).safer(STASH),
        ),
        "rm" => {
            let everything = operands(arguments).any(|word| {
                matches!(word.known(), Some("." | "./" | "*" | ":/")) || word.written() == "*"
            });
            let cached = arguments
                .iter()
                .any(|word| word.known() == Some("--cached"));
            (everything && !cached)
                .then(|| Found::new(Danger::Deletes, "`git rm` deletes everything"))
        }
        "branch" if has_force_move(arguments) => Some(
            Found::new(Danger::RewritesHistory, "`git branch -f` moves a branch").safer(BACKUP),
        ),
        _ => None,
    }
}

/// What `xargs` adds may be an option that destroys.
fn handed_options(name: &str, arguments: &[Word]) -> Option<Found> {
    let last = arguments.last()?;
    let handed = last.written() == "…" && last.may_be_option();
    (handed && matches!(name, "reset" | "push" | "clean")).then(|| {
        Found::new(
            Danger::Overwrites,
            format!("`git {name}` is given words that are not known"),
        )
    })
}

fn is_address(word: &Word) -> bool {
    let text = word.prefix();
    text.contains("://") || text.contains('@') && text.contains(':')
}

/// `branch -f NAME START`; `-d -f` deletes.
fn has_force_move(arguments: &[Word]) -> bool {
    arguments
        .iter()
        .filter_map(Word::known)
        .any(|text| is_option(text, "-f") || text == "--force")
}

/// A subcommand that is not known, with options that only dangerous ones have.
fn of_unknown(subcommand: &Word, arguments: &[Word]) -> Option<Found> {
    ROWS.iter()
        .filter(|row| !row.options.is_empty() && row.subcommand.starts_with(subcommand.prefix()))
        .find(|row| {
            arguments.iter().filter_map(Word::known).any(|text| {
                row.options
                    .iter()
                    .any(|option| option.len() > 2 && is_option(text, option))
            })
        })
        .map(|row| {
            Found::new(
                row.danger,
                format!(
                    "`git {subcommand}` may be `git {}`, which {}",
                    row.subcommand, row.what
                ),
            )
        })
}

/// `checkout` and `restore` that overwrite everything in the directory.
fn discards(name: &str, arguments: &[Word]) -> bool {
    let staged_only = arguments
        .iter()
        .any(|word| matches!(word.known(), Some("--staged" | "-S")))
        && !arguments
            .iter()
            .any(|word| matches!(word.known(), Some("--worktree" | "-W")));
    let paths = if name == "checkout" {
        // Before `--` stands what to check out.
        let dashes = arguments.iter().position(|word| word.known() == Some("--"));
        dashes.map_or(arguments, |at| &arguments[at + 1..])
    } else {
        arguments
    };
    !staged_only
        && paths.iter().any(|word| {
            matches!(word.known(), Some("." | "./" | ":/" | ":")) || word.written() == "*"
        })
}

fn first_known(words: &[Word]) -> Option<&str> {
    words.first().and_then(Word::known)
}
