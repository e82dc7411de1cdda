//! Downloads: what brings text from elsewhere, and what runs it.

use crate::analysis::{Analysis, Input, RedirectKind, Simple, Word, base_name};
use crate::class::{operands, paths};
use crate::unwrap::{is_interpreter, is_shell, reads_program_from_input};

/// Whether a command brings text from elsewhere.
pub(crate) fn downloads(simple: &Simple) -> bool {
    let fetches = matches!(
        simple.name(),
        Some(
            "curl"
                | "wget"
                | "wget2"
                | "aria2c"
                | "axel"
                | "fetch"
                | "http"
                | "https"
                | "xh"
                | "lynx"
                | "links"
                | "w3m"
                | "ftp"
                | "tftp"
                | "nc"
                | "ncat"
                | "netcat"
                | "socat"
                | "telnet"
                | "GET"
                | "lwp-request"
                | "lwp-download"
                | "scp"
                | "sftp"
                | "dig"
                | "nslookup"
        )
    );
    fetches
        || simple
            .redirects
            .iter()
            .any(|redirect| is_connection(&redirect.target))
}

pub(super) fn is_connection(word: &Word) -> bool {
    ["/dev/tcp/", "/dev/udp/"]
        .iter()
        .any(|dir| word.prefix().starts_with(dir))
}

/// A download into a place where it does harm.
pub(super) fn does_harm(simple: &Simple) -> Option<String> {
    let name = simple.name()?;
    download_targets(simple).into_iter().find_map(|target| {
        let what = paths::harm_in_writing(&Word::Known(target.to_owned()))?;
        Some(format!("`{name}` to `{target}` {what}"))
    })
}

/// A shell or interpreter that is given a download.
pub(super) fn runs(simple: &Simple) -> Option<String> {
    let name = simple.name()?;
    let runs = is_shell(name) || is_interpreter(name);
    let given = matches!(simple.input, Input::Pipe { downloaded: true })
        || matches!(&simple.input, Input::File(file) if file.is_downloaded());
    let by_input = given && reads_program_from_input(simple);
    let by_word = (runs || matches!(name, "eval" | "source" | "."))
        && simple.arguments().iter().any(Word::is_downloaded);
    (by_input || by_word).then(|| format!("`{name}` runs a download"))
}

/// What only several commands together make dangerous: a download that is
/// written to a file and then run.
pub(in crate::class) fn together(analysis: &Analysis) -> Option<String> {
    let mut files: Vec<&str> = Vec::new();
    for simple in &analysis.commands {
        let program = simple.program().unwrap_or_default();
        let run = std::iter::once(program).chain(script_operand(simple));
        for path in run {
            if files.iter().any(|file| same_file(file, path)) {
                return Some(format!("`{}` is downloaded and run", base_name(path)));
            }
        }
        if downloads(simple) {
            files.extend(download_targets(simple));
        }
    }
    None
}

fn script_operand(simple: &Simple) -> Option<&str> {
    let name = simple.name()?;
    let runs = is_shell(name) || is_interpreter(name) || matches!(name, "source" | ".");
    operands(simple.arguments())
        .next()
        .filter(|_| runs)
        .and_then(Word::known)
}

fn same_file(one: &str, other: &str) -> bool {
    let plain = |path: &str| path.trim_start_matches("./").to_owned();
    !one.is_empty() && plain(one) == plain(other)
}

fn download_targets(simple: &Simple) -> Vec<&str> {
    let words = simple.arguments();
    let mut targets: Vec<&str> = simple
        .redirects
        .iter()
        .filter(|redirect| redirect.kind == RedirectKind::Write)
        .filter_map(|redirect| redirect.target.known())
        .collect();
    let given = |options: &[&str]| {
        words.iter().position(|word| {
            word.known().is_some_and(|text| {
                options.contains(&text)
                    || (text.starts_with('-')
                        && !text.starts_with("--")
                        && text.ends_with(['o', 'O'])
                        && options.contains(&"-o"))
            })
        })
    };
    let named = given(&["-o", "-O", "--output", "--output-document"]);
    targets.extend(named.and_then(|at| words.get(at + 1)).and_then(Word::known));
    // Without a name the file is called like the last part of the address.
    targets.extend(
        words
            .iter()
            .filter_map(Word::known)
            .filter(|text| text.contains("://"))
            .map(base_name),
    );
    targets.retain(|target| !paths::is_sink(target));
    targets
}
