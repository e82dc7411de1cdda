//! What only several commands together make dangerous: a file that is
//! downloaded or written, and then run.

use crate::analysis::{Input, RedirectKind, Simple, Word, base_name};
use crate::class::{operands, paths};
use crate::unwrap::{is_interpreter, is_shell};

use super::download::{download_targets, downloads};
use super::found::{Danger, Found};
use super::{Around, carried, inline};

/// The first file that is made to do harm and is run.
pub(in crate::class) fn together(around: Around) -> Option<Found> {
    let mut downloaded: Vec<&str> = Vec::new();
    let mut written: Vec<(&str, String)> = Vec::new();
    let mut decoded: Vec<&str> = Vec::new();
    for simple in &around.analysis.commands {
        for path in runs(simple) {
            if downloaded.iter().any(|file| same_file(file, path)) {
                let why = format!("`{}` is downloaded and run", base_name(path));
                return Some(Found::new(Danger::RunsDownload, why));
            }
            if decoded.iter().any(|file| same_file(file, path)) {
                let why = format!("`{}` is decoded and run", base_name(path));
                return Some(Found::new(Danger::RunsHidden, why));
            }
            let text = written.iter().find(|(file, _)| same_file(file, path));
            if let Some(found) = text.and_then(|(_, text)| inside(simple, path, text, around)) {
                return Some(found);
            }
        }
        if downloads(simple) {
            downloaded.extend(download_targets(simple));
        }
        let targets = targets(simple);
        if is_decoder(simple) {
            decoded.extend(&targets);
        }
        if let Some(text) = puts_out(simple) {
            written.extend(targets.iter().map(|target| (*target, text.clone())));
        }
        copied(simple, &mut downloaded, &mut written);
    }
    None
}

/// What a script that was written just now would do.
fn inside(simple: &Simple, path: &str, text: &str, around: Around) -> Option<Found> {
    let name = simple.name().unwrap_or_default();
    let interpreter = if is_interpreter(name) {
        name
    } else {
        interpreter_of(path, text)
    };
    let found = if matches!(name, "make" | "gmake") {
        carried::recipe(text, around)
    } else if interpreter.is_empty() {
        around.inside(&["bash", "-c", text].map(str::to_owned))
    } else {
        inline::of_code(interpreter, text, around)
    }?;
    Some(Found {
        because: format!(
            "`{}` is written and run: {}",
            base_name(path),
            found.because
        ),
        ..found
    })
}

/// The language of a file, by its first line or the end of its name; empty for
/// a shell's.
fn interpreter_of<'a>(path: &str, text: &'a str) -> &'a str {
    let first = text.lines().next().unwrap_or_default();
    if let Some(line) = first.strip_prefix("#!") {
        let program = line
            .split_whitespace()
            .find(|word| !word.ends_with("/env"))
            .unwrap_or_default();
        let name = base_name(program);
        return if is_interpreter(name) { name } else { "" };
    }
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("py") => "python",
        Some("js" | "mjs" | "cjs" | "ts") => "node",
        Some("pl") => "perl",
        Some("rb") => "ruby",
        Some("php") => "php",
        _ => "",
    }
}

/// Files that a command runs, as far as they are known.
fn runs(simple: &Simple) -> impl Iterator<Item = &str> {
    let program = simple.program().unwrap_or_default();
    let input = match &simple.input {
        Input::File(word) if is_shell(base_name(program)) || is_interpreter(base_name(program)) => {
            word.known()
        }
        _ => None,
    };
    std::iter::once(program)
        .chain(script_operand(simple))
        .chain(input)
}

fn script_operand(simple: &Simple) -> Option<&str> {
    let name = simple.name()?;
    let runs = is_shell(name)
        || is_interpreter(name)
        || matches!(
            name,
            "source"
                | "."
                | "make"
                | "gmake"
                | "ninja"
                | "just"
                | "crontab"
                | "at"
                | "psql"
                | "tsx"
                | "ts-node"
                | "deno"
                | "bun"
                | "chmod"
        );
    let words = simple.arguments();
    if matches!(name, "make" | "gmake" | "just" | "psql" | "at") {
        let at = words
            .iter()
            .position(|word| matches!(word.known(), Some("-f" | "--file")));
        let Some(at) = at else {
            return name.ends_with("make").then_some("Makefile");
        };
        return words.get(at + 1).and_then(Word::known);
    }
    if name == "chmod" {
        return None;
    }
    operands(words)
        .next()
        .filter(|_| runs)
        .and_then(Word::known)
}

fn same_file(one: &str, other: &str) -> bool {
    let plain = |path: &str| path.trim_start_matches("./").to_owned();
    !one.is_empty() && plain(one) == plain(other)
}

/// Files that a command writes, by redirection or as `tee`.
fn targets(simple: &Simple) -> Vec<&str> {
    let mut targets: Vec<&str> = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.kind == RedirectKind::Write)
        .filter_map(|redirect| redirect.target.known())
        .collect();
    if simple.name() == Some("tee") {
        targets.extend(operands(simple.arguments()).filter_map(Word::known));
    }
    targets.retain(|target| !paths::is_sink(target));
    targets
}

/// The text that a command puts out, where it stands in the script.
fn puts_out(simple: &Simple) -> Option<String> {
    match simple.name() {
        Some("cat" | "tee") => match &simple.input {
            Input::Text(text) => Some(text.clone()),
            _ => None,
        },
        Some("echo" | "printf") => {
            let words: Vec<&str> = simple
                .arguments()
                .iter()
                .map(Word::written)
                .filter(|text| !matches!(*text, "-e" | "-n" | "-en" | "-ne" | "%s" | "%s\\n"))
                .collect();
            Some(words.join(" ").replace("\\n", "\n").replace("\\t", "\t"))
        }
        _ => None,
    }
}

fn is_decoder(simple: &Simple) -> bool {
    let decodes = |options: &[&str]| {
        simple
            .arguments()
            .iter()
            .any(|word| word.known().is_some_and(|text| options.contains(&text)))
    };
    match simple.name().unwrap_or_default() {
        "base64" | "base32" => decodes(&["-d", "-D", "--decode", "-di"]),
        "xxd" => decodes(&["-r", "-rp"]) || decodes(&["-p"]) && decodes(&["-r"]),
        "uudecode" => true,
        "openssl" => decodes(&["-d"]),
        _ => false,
    }
}

/// A copy is as what it was copied from.
fn copied<'a>(
    simple: &'a Simple,
    downloaded: &mut Vec<&'a str>,
    written: &mut Vec<(&'a str, String)>,
) {
    if !matches!(simple.name(), Some("cp" | "mv" | "ln" | "install")) {
        return;
    }
    let mut operands = operands(simple.arguments()).filter_map(Word::known);
    let (Some(from), Some(to)) = (operands.next(), operands.last()) else {
        return;
    };
    if downloaded.iter().any(|file| same_file(file, from)) {
        downloaded.push(to);
    }
    if let Some(text) = written
        .iter()
        .find(|(file, _)| same_file(file, from))
        .map(|(_, text)| text.clone())
    {
        written.push((to, text));
    }
}
