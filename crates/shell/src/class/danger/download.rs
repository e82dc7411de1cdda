//! Downloads: what brings text from elsewhere, and what runs it.

use crate::analysis::{Input, RedirectKind, Simple, Word, base_name};
use crate::class::paths;
use crate::unwrap::{is_interpreter, is_shell, reads_program_from_input};

use super::found::{Danger, Found};

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
pub(super) fn does_harm(simple: &Simple) -> Option<Found> {
    let name = simple.name().filter(|_| downloads(simple))?;
    download_targets(simple).into_iter().find_map(|target| {
        let harm = paths::harm_in_writing(&Word::Known(target.to_owned()))?;
        Some(Found::new(
            harm.danger,
            format!("`{name}` to `{target}` {}", harm.what),
        ))
    })
}

/// A shell or interpreter that is given a download.
pub(super) fn runs(simple: &Simple) -> Option<Found> {
    let name = simple.name()?;
    let runs = is_shell(name) || is_interpreter(name);
    let given = matches!(simple.input, Input::Pipe { downloaded: true })
        || matches!(&simple.input, Input::File(file) if file.is_downloaded());
    let by_input = given && reads_program_from_input(simple);
    let by_word = (runs || matches!(name, "eval" | "source" | "."))
        && simple.arguments().iter().any(Word::is_downloaded);
    (by_input || by_word)
        .then(|| Found::new(Danger::RunsDownload, format!("`{name}` runs a download")))
}

/// The files that a download is written to.
pub(super) fn download_targets(simple: &Simple) -> Vec<&str> {
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
