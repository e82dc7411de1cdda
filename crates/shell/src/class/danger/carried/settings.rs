//! Commands that git and sed are told to run by a setting, an option or a
//! letter.

use crate::analysis::{Simple, Word};
use crate::class::danger::Around;
use crate::class::danger::found::{Danger, Found};

use super::{script, started_by};

/// Settings, options and subcommands of git that are commands.
pub(super) fn git(simple: &Simple, around: Around) -> Option<Found> {
    let words = simple.arguments();
    let known = |at: usize| words.get(at).and_then(Word::known);
    for at in 0..words.len() {
        let found = match known(at) {
            Some("-c" | "--config" | "--config-env") => known(at + 1)
                .and_then(|setting| setting.split_once('='))
                .and_then(|(key, value)| setting(key, value, around)),
            Some("config") => {
                let mut rest = words[at + 1..].iter().map(Word::written).filter(|text| {
                    !text.starts_with("--") && !matches!(*text, "set" | "add" | "-f")
                });
                match (rest.next(), rest.next()) {
                    (Some(key), Some(value)) => setting(key, value, around),
                    _ => None,
                }
            }
            Some(
                "-x" | "--extcmd" | "--exec" | "-O" | "--upload-pack" | "-u" | "--receive-pack",
            ) => known(at + 1).and_then(|text| script(text, around)),
            Some(text)
                if text.starts_with("-O")
                    || text.starts_with("--open-files-in-pager=")
                    || text.starts_with("--extcmd=") =>
            {
                let text = text
                    .split_once('=')
                    .map_or_else(|| &text[2..], |(_, value)| value);
                script(text, around)
            }
            _ => None,
        };
        if let Some(found) = found {
            return Some(started_by("`git`", found));
        }
    }
    None
}

/// A setting of git whose value is run.
fn setting(key: &str, value: &str, around: Around) -> Option<Found> {
    let key = key.to_ascii_lowercase();
    if key.starts_with("alias.") {
        let text = value
            .strip_prefix('!')
            .map_or_else(|| format!("git {value}"), ToOwned::to_owned);
        return script(&text, around);
    }
    let runs = matches!(
        key.as_str(),
        "core.pager"
            | "core.editor"
            | "core.sshcommand"
            | "core.fsmonitor"
            | "core.askpass"
            | "core.gitproxy"
            | "diff.external"
            | "sequence.editor"
            | "gpg.program"
            | "credential.helper"
            | "web.browser"
    ) || [
        "pager.",
        "filter.",
        "diff.",
        "merge.",
        "difftool.",
        "mergetool.",
        "uploadpack.",
    ]
    .iter()
    .any(|start| key.starts_with(start));
    if runs && let Some(found) = script(value.trim_start_matches('!'), around) {
        return Some(found);
    }
    let outside = value.starts_with(['/', '~', '$', '!']) || value.contains("..");
    let later = matches!(
        key.as_str(),
        "core.hookspath" | "init.templatedir" | "include.path" | "core.fsmonitor"
    ) || key.starts_with("includeif.");
    (later && outside && value != "/dev/null").then(|| {
        Found::new(
            Danger::StartsLater,
            format!("`{key}` sets what git runs later"),
        )
    })
}

/// `e` of sed runs what follows it.
pub(super) fn sed(simple: &Simple, around: Around) -> Option<Found> {
    simple.arguments().iter().find_map(|word| {
        let text = word.known()?;
        let command = text.trim_start_matches(|c: char| c.is_ascii_digit() || "$,! /".contains(c));
        let command = command.strip_prefix("e ")?;
        Some(started_by("`sed`", script(command, around)?))
    })
}
