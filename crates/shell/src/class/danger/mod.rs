//! Commands that are known to destroy, to weaken protection or to reach far.
//!
//! Each file has one kind of danger: tables of programs and options with a
//! reason and a safer way, and what a table cannot say as a function.

mod acts;
mod carried;
mod clouds;
mod databases;
mod disguise;
pub(super) mod download;
mod files;
mod found;
mod git;
mod inline;
mod machine;
mod production;
mod programs;
mod publishing;
mod remove;
mod secrets;
mod sends;
mod shells;
mod together;

use crate::analysis::{Analysis, Redirect, RedirectKind, Simple, Word};

use super::{before_dashes, operands, paths};

pub use found::Danger;
pub(crate) use found::Found;
pub(super) use together::together;

/// What is known around a command.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// Everything that runs with it.
    pub(super) analysis: &'a Analysis,
    /// The directory that it starts in, where that is known.
    pub(super) directory: Option<&'a str>,
    /// How deep it stands in texts that are scripts of their own.
    pub(super) depth: usize,
}

impl Around<'_> {
    /// Texts within texts are read this deep.
    const DEEPEST: usize = 3;

    /// What is dangerous in a script that stands in a text here.
    fn inside(self, argv: &[String]) -> Option<Found> {
        if self.depth >= Self::DEEPEST {
            return None;
        }
        let analysis = crate::analyse(argv);
        let around = Around {
            analysis: &analysis,
            directory: self.directory,
            depth: self.depth + 1,
        };
        let found = analysis
            .commands
            .iter()
            .find_map(|simple| danger(simple, around));
        found.or_else(|| together(around))
    }
}

/// Whether a program destroys or weakens, whatever its arguments or with the
/// wrong ones: worth looking for behind a wrapper.
pub(crate) fn is_destructive(name: &str) -> bool {
    programs::is_listed(name)
        || matches!(
            name,
            "rm" | "dd" | "chmod" | "chown" | "truncate" | "git" | "find" | "kill" | "crontab"
        )
}

/// Why a command is dangerous, if it is. What nothing holds comes first.
pub(super) fn danger(simple: &Simple, around: Around) -> Option<Found> {
    let by_wrapper = simple
        .through
        .iter()
        .find(|wrapper| programs::changes_user(&wrapper.name));
    if let Some(wrapper) = by_wrapper {
        let why = format!("`{}` acts as another user", wrapper.name);
        return Some(Found::new(Danger::OtherUser, why));
    }
    let mut held = None;
    for found in findings(simple, around) {
        if found.danger.is_own() {
            held.get_or_insert(found);
        } else {
            return Some(found);
        }
    }
    held
}

fn findings(simple: &Simple, around: Around) -> impl Iterator<Item = Found> {
    let redirects = simple.redirects.iter().find_map(harmful_redirect);
    let download = download::runs(simple).or_else(|| download::does_harm(simple));
    let endless = simple
        .calls_itself
        .then(|| Found::new(Danger::Exhausts, "a function starts itself without end"));
    redirects
        .into_iter()
        .chain(download)
        .chain(endless)
        .chain(machine::unsets_history(simple))
        .chain(disguise::danger(simple, around))
        .chain(secrets::danger(simple, around.analysis))
        .chain(sends::danger(simple))
        .chain(program(simple, around))
        .chain(carried::danger(simple, around))
}

fn harmful_redirect(redirect: &Redirect) -> Option<Found> {
    let target = &redirect.target;
    match redirect.kind {
        RedirectKind::Write => paths::harm_in_writing(target)
            .map(|harm| Found::new(harm.danger, format!("`> {target}` {}", harm.what))),
        RedirectKind::Read if download::is_connection(target) => Some(Found::new(
            Danger::OpensShell,
            format!("`< {target}` opens a connection"),
        )),
        RedirectKind::Read | RedirectKind::Duplicate | RedirectKind::Text => None,
    }
}

/// What a program does by what it is and by its words.
fn program(simple: &Simple, around: Around) -> Option<Found> {
    let name = simple.name()?.to_ascii_lowercase();
    of_name(&name, simple, around)
}

/// What a command does if its program is called `name`.
fn of_name(name: &str, simple: &Simple, around: Around) -> Option<Found> {
    let words = simple.arguments();
    if let Some(found) = programs::danger(name, words) {
        return Some(found);
    }
    let special = match name {
        "rm" | "grm" | "unlink" | "trash" | "rimraf" | "del-cli" => {
            remove::rm(name, simple, around)
        }
        "find" | "gfind" | "fd" | "fdfind" => remove::find(name, simple, around),
        "git" => git::danger(words),
        "mv" | "cp" | "install" | "ln" | "tee" | "rsync" | "sponge" => {
            files::places(name, simple, around)
        }
        "dd" => files::dd(words),
        "sed" | "gsed" | "perl" | "ed" | "ex" => files::edits(name, words),
        "chmod" => files::chmod(simple),
        "chown" | "chgrp" | "chattr" | "setfacl" => files::owner(name, words),
        "truncate" => files::truncate(words),
        "nc" | "ncat" | "netcat" | "socat" => shells::to_network(name, simple),
        "docker" | "podman" | "nerdctl" => shells::container(name, words),
        "nsenter" | "chroot" => shells::leaves(name, words),
        _ => None,
    };
    special
        .or_else(|| machine::danger(name, words))
        .or_else(|| inline::danger(name, simple, around))
        .or_else(|| databases::danger(name, simple, around.analysis))
        .or_else(|| production::danger(name, simple, around.analysis))
        .or_else(|| acts::find(machine::ACTS, name, words))
        .or_else(|| acts::find(publishing::ACTS, name, words))
        .or_else(|| {
            (!production::is_visibly_local(words))
                .then(|| acts::find(clouds::ACTS, name, words))
                .flatten()
        })
}

/// Whether one of these options is given: alone, in a cluster of short ones,
/// shortened, or with a value. An option of one dash and several letters is
/// not looked for in clusters.
fn has(words: &[Word], options: &[&str]) -> bool {
    before_dashes(words)
        .iter()
        .filter_map(text_of)
        .any(|text| options.iter().any(|option| is_option(text, option)))
}

/// The text of a word, where it is known but for variables that the script
/// leaves open.
fn text_of(word: &Word) -> Option<&str> {
    match word {
        Word::Known(text) => Some(text),
        Word::Unknown { bare, .. } => bare.as_deref(),
    }
}

fn is_option(text: &str, option: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    if option.starts_with("--") {
        return text.len() > 3 && name.starts_with("--") && option.starts_with(name);
    }
    if option.chars().count() > 2 {
        return name == option || name.strip_prefix('-') == Some(option);
    }
    text.starts_with('-') && !text.starts_with("--") && name[1..].contains(&option[1..])
}
