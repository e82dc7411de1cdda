//! Secrets: files that hold them, in any spelling, and programs and variables
//! that show them.

mod files;
mod variables;

use crate::analysis::{Analysis, RedirectKind, Simple, Word};
use crate::class::operands;

use super::found::{Danger, Found};

use files::is_secret;
pub(in crate::class) use files::is_secret_path;
pub(in crate::class) use files::is_store;
use variables::is_secret_name;

/// Programs that do not show what is in the files that they are given.
const NO_READERS: &[&str] = &[
    "[",
    "[[",
    "test",
    "ls",
    "stat",
    "touch",
    "mkdir",
    "chmod",
    "chown",
    "echo",
    "printf",
    "cd",
    "pushd",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "file",
    "du",
    "rm",
    "rmdir",
    "unlink",
    "ssh",
    "ssh-add",
    "ssh-keygen",
    "ssh-keyscan",
    "export",
    "alias",
    "git",
    "type",
    "which",
    "tree",
    "mktemp",
    "function",
    "local",
    "declare",
    "set",
    "docker",
    "podman",
    "umask",
    "exa",
    "eza",
    "true",
    "false",
    ":",
    "cargo",
    "npm",
    "gh",
    "kubectl",
];

/// Programs that show what is in a file, or take it elsewhere.
const READERS: &[&str] = &[
    "cat", "tac", "nl", "head", "tail", "less", "more", "most", "bat", "batcat", "view", "vi",
    "vim", "nano", "emacs", "grep", "egrep", "fgrep", "rg", "ag", "ack", "sed", "awk", "gawk",
    "cut", "sort", "uniq", "strings", "xxd", "od", "hexdump", "base64", "base32", "jq", "yq",
    "tar", "zip", "7z", "gzip", "cp", "mv", "scp", "rsync", "curl", "wget", "nc", "ncat", "dd",
    "diff", "paste", "rev", "tr", "tee", "column", "pr", "fold", "fmt", "gpg", "ln", "xargs",
];

/// Why a command reads a secret, if it does.
pub(super) fn danger(simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let name = simple.name().unwrap_or_default();
    by_file(name, simple, analysis)
        .or_else(|| variables::shown(name, simple))
        .or_else(|| variables::whole_environment(name, simple, analysis))
}

fn by_file(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let reads = |word: &Word| {
        let what = if name.is_empty() { "it" } else { name };
        Found::new(
            Danger::ReadsSecret,
            format!("`{what}` reads the secret in `{word}`"),
        )
    };
    let redirected = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.kind == RedirectKind::Read)
        .map(|redirect| &redirect.target)
        .find(|word| is_secret(word, true));
    if let Some(word) = redirected {
        return Some(reads(word));
    }
    if name.is_empty() {
        return None;
    }
    if matches!(name, "find" | "gfind" | "fd" | "fdfind") {
        return finds_and_reads(simple, analysis).map(reads);
    }
    if matches!(name, "docker" | "podman" | "nerdctl") {
        return mounted(simple).map(reads);
    }
    let compares = |word: &Word| matches!(word.known(), Some("--no-index" | "hash-object"));
    if name == "git" && simple.arguments().iter().any(compares) {
        let mut words = simple.arguments().iter();
        return words.find(|word| is_secret(word, true)).map(reads);
    }
    if NO_READERS.contains(&name) {
        return None;
    }
    if searches_for_secrets(name, simple) {
        let why = format!("`{name}` searches everything for secrets");
        return Some(Found::new(Danger::ReadsSecret, why));
    }
    let reader = READERS.contains(&name);
    read_words(name, simple)
        .into_iter()
        .find(|word| is_secret(&placed(word, simple), reader))
        .map(reads)
}

/// A word as a path from where the script starts, if the command is elsewhere.
fn placed(word: &Word, simple: &Simple) -> Word {
    let written = word.written();
    let inside = match simple.directory.as_deref() {
        None | Some("" | ".") => None,
        Some(dir) => (!written.starts_with(['/', '~', '$', '-', '"'])).then_some(dir),
    };
    match inside {
        Some(dir) => Word::Known(format!("{dir}/{written}")),
        None => word.clone(),
    }
}

/// `grep -r password /` and its kind.
fn searches_for_secrets(name: &str, simple: &Simple) -> bool {
    let words = simple.arguments();
    let recursive = matches!(name, "rg" | "ag" | "ack")
        || name.ends_with("grep") && super::has(words, &["-r", "-R", "--recursive"]);
    let mut operands = operands(words);
    let pattern = operands.next().map(|word| word.prefix().to_owned());
    let broad = ["/", "~", "~/", "/home", "/root", "/etc", "/var"];
    recursive
        && pattern.is_some_and(|text| {
            is_secret_name(&text.replace([' ', '-'], "_")) || text.contains("BEGIN")
        })
        && operands.any(|word| broad.contains(&word.written().trim_matches('"')))
}

/// A directory of secrets that a container is given.
fn mounted(simple: &Simple) -> Option<&Word> {
    simple.arguments().iter().find(|word| {
        let text = word.written().trim_matches('"');
        let text = text.strip_prefix("--volume=").unwrap_or(text);
        text.split_once(':')
            .is_some_and(|(path, _)| is_secret(&Word::Known(path.to_owned()), false))
    })
}

/// The words of a command that may be files that it reads.
fn read_words<'a>(name: &str, simple: &'a Simple) -> Vec<&'a Word> {
    let words = simple.arguments();
    let mut found: Vec<&Word> = words.iter().collect();
    let takes_pattern = matches!(
        name,
        "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "ag"
            | "ack"
            | "sed"
            | "awk"
            | "gawk"
            | "jq"
            | "yq"
            | "perl"
    );
    let given = words
        .iter()
        .any(|word| matches!(word.known(), Some("-e" | "-f" | "--regexp" | "--file")));
    if takes_pattern
        && !given
        && let Some(pattern) = operands(words).next()
    {
        found.retain(|word| !std::ptr::eq(*word, pattern));
    }
    let writes_last = matches!(name, "cp" | "mv" | "install" | "ln" | "tee");
    if writes_last && found.len() > 1 || name == "tee" {
        found.pop();
    }
    // The key that a program uses itself is no reading.
    let keys: Vec<usize> = words
        .iter()
        .enumerate()
        .filter(|(_, word)| matches!(name, "scp" | "sftp" | "rsync") && word.known() == Some("-i"))
        .map(|(index, _)| index + 1)
        .collect();
    for key in keys {
        if let Some(key) = words.get(key) {
            found.retain(|word| !std::ptr::eq(*word, key));
        }
    }
    found
}

/// A search for secrets whose findings are given to a program.
fn finds_and_reads<'a>(simple: &'a Simple, analysis: &Analysis) -> Option<&'a Word> {
    let reads_something = analysis.commands.iter().any(|other| {
        other.name().is_some_and(|name| READERS.contains(&name))
            && other.arguments().iter().any(|word| word.known().is_none())
    });
    let acts = |word: &Word| {
        matches!(
            word.known(),
            Some("-exec" | "-execdir" | "-ok" | "-x" | "-X" | "--exec" | "--exec-batch")
        )
    };
    let handed = analysis
        .commands
        .iter()
        .filter(|other| super::remove::is_for_each(other));
    let is_shown = |other: &Simple| {
        other.name().is_some_and(|name| {
            NO_READERS.contains(&name) || matches!(name, "find" | "sha256sum" | "wc")
        })
    };
    let hands_on = simple.arguments().iter().any(acts) || handed.clone().next().is_some();
    let only_shows = handed.clone().all(is_shown);
    let looks = reads_something || starts_broad(simple) || hands_on && !only_shows;
    simple
        .arguments()
        .iter()
        .filter(|_| looks)
        .find(|word| is_secret(word, true))
}

/// Whether a search goes through a whole home directory or machine.
fn starts_broad(simple: &Simple) -> bool {
    let places = ["/", "~", "~/", "$HOME", "/home", "/root", "/Users", "/etc"];
    simple
        .arguments()
        .iter()
        .take_while(|word| !word.prefix().starts_with('-'))
        .any(|word| places.contains(&word.written().trim_matches('"')))
}
