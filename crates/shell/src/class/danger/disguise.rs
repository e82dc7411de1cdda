//! Disguises: text that is decoded or put together and then run, and programs
//! or words that cannot be known with arguments that give them away.

use crate::analysis::{Analysis, Input, RedirectKind, Simple, Word};
use crate::class::paths::Place;
use crate::unwrap::{gives_code, is_interpreter, is_shell, reads_program_from_input};

use super::found::{Danger, Found};
use super::{Around, of_name, operands};

/// Why a command is a disguise of something dangerous, if it is.
pub(super) fn danger(simple: &Simple, around: Around) -> Option<Found> {
    runs_decoded(simple, around.analysis).or_else(|| unknown_program(simple, around))
}

/// A shell or interpreter that is given what a decoder puts out.
fn runs_decoded(simple: &Simple, analysis: &Analysis) -> Option<Found> {
    let name = simple.name()?;
    let by_input = matches!(simple.input, Input::Pipe { .. } | Input::File(_))
        && reads_program_from_input(simple);
    let by_word = (is_shell(name)
        || is_interpreter(name) && simple.arguments().iter().any(|word| gives_code(name, word))
        || matches!(name, "eval" | "source" | "." | "trap" | "xargs"))
        && simple.arguments().iter().any(|word| word.known().is_none());
    if !by_input && !by_word {
        return None;
    }
    if by_input
        && is_shell(name)
        && let Some(found) = piped(name, simple, analysis)
    {
        return Some(found);
    }
    let anything =
        |word: &Word| word.known().is_none() && matches!(word.written(), "{}" | "%" | "{1}");
    if is_shell(name) && simple.arguments().iter().any(anything) {
        return Some(Found::new(
            Danger::RunsHidden,
            format!("`{name}` runs whatever it is given"),
        ));
    }
    let decoder = analysis
        .commands
        .iter()
        .filter(|other| !std::ptr::eq(*other, simple))
        .find(|other| decodes(other));
    let written = simple.arguments().iter().any(|word| {
        let text = word.written();
        word.known().is_none()
            && [
                "base64 -d",
                "base64 --decode",
                "xxd -r",
                "| rev",
                "rev <",
                "@P",
                "\\x",
                "\\1",
                "tr ",
                "gunzip",
                "printf ",
            ]
            .iter()
            .any(|sign| text.contains(sign))
    });
    let what = match decoder {
        Some(decoder) => format!("what `{}` decodes", decoder.name().unwrap_or_default()),
        None if written => "text that is decoded".to_owned(),
        None => return None,
    };
    Some(Found::new(
        Danger::RunsHidden,
        format!("`{name}` runs {what}"),
    ))
}

/// A shell that runs what a pipe brings, unless that is a file as it is.
fn piped(name: &str, simple: &Simple, analysis: &Analysis) -> Option<Found> {
    if !matches!(simple.input, Input::Pipe { .. }) {
        return None;
    }
    let producer = analysis
        .commands
        .iter()
        .take_while(|other| !std::ptr::eq(*other, simple))
        .filter(|other| !other.argv.is_empty())
        .last()?;
    let plain = producer.name() == Some("cat") && matches!(producer.input, Input::Inherited);
    (!plain).then(|| {
        let producer = producer.name().unwrap_or("another program");
        Found::new(
            Danger::RunsHidden,
            format!("`{name}` runs what `{producer}` puts out"),
        )
        .safer("write it to a file, read that, then run it")
    })
}

/// Programs that turn unreadable text into readable one.
fn decodes(simple: &Simple) -> bool {
    let words = simple.arguments();
    let has = |options: &[&str]| {
        words.iter().any(|word| {
            word.known().is_some_and(|text| {
                options.contains(&text)
                    || text.starts_with('-')
                        && !text.starts_with("--")
                        && options
                            .iter()
                            .any(|option| option.len() == 2 && text[1..].contains(&option[1..]))
            })
        })
    };
    match simple.name().unwrap_or_default() {
        "base64" | "base32" | "basenc" | "uudecode" | "base58" | "gbase64" => {
            has(&["-d", "-D", "--decode"]) || simple.name() == Some("uudecode")
        }
        "xxd" => has(&["-r"]),
        "openssl" => has(&["-d"]) || words.first().and_then(Word::known) == Some("base64"),
        "gpg" => has(&["-d", "--decrypt"]),
        "rev" | "tac" | "tr" | "unhex" | "iconv" | "rot13" | "caesar" | "gunzip" | "zcat"
        | "bunzip2" | "bzcat" | "unxz" | "xzcat" | "zstdcat" | "unzstd" | "lz4cat" | "gzip"
        | "xz" | "bzip2" | "zstd" => true,
        "printf" => words.iter().any(|word| {
            word.prefix().contains("\\x")
                || word.prefix().contains("\\0")
                || word.prefix().contains("\\1")
        }),
        "echo" => words.iter().any(|word| {
            word.prefix().contains("\\x")
                || word.prefix().contains("\\0")
                || word.prefix().contains("\\1")
        }),
        "perl" | "python" | "python3" | "ruby" | "php" | "node" => {
            simple
                .redirects
                .iter()
                .all(|redirect| redirect.kind != RedirectKind::Write)
                && words.iter().any(|word| {
                    let text = word.written();
                    [
                        "b64decode",
                        "decode",
                        "unpack",
                        "pack",
                        "fromhex",
                        "fromCharCode",
                        "chr(",
                        "reverse",
                        "[::-1]",
                        "y/",
                        "s/",
                    ]
                    .iter()
                    .any(|sign| text.contains(sign))
                })
        }
        _ => false,
    }
}

/// Programs whose arguments are telling enough to look for them behind a
/// program that is not known.
const CANDIDATES: &[&str] = &[
    "rm",
    "git",
    "dd",
    "chmod",
    "chown",
    "mkfs",
    "find",
    "terraform",
    "kubectl",
    "psql",
    "npm",
    "docker",
    "shred",
    "crontab",
];

/// A program that is not known, with arguments of a dangerous one.
fn unknown_program(simple: &Simple, around: Around) -> Option<Found> {
    let program = simple.argv.first()?;
    if program.known().is_some() || simple.arguments().is_empty() {
        return None;
    }
    // What is given to a test, a build or a runner in a variable is everyday.
    let prefix = program.prefix();
    let (first, rest) = simple.arguments().split_first()?;
    let telling = first.known().is_some();
    let candidates = CANDIDATES.iter().filter(|name| {
        name.starts_with(prefix)
            || prefix.ends_with('/')
            || prefix.starts_with('/')
                && super::super::super::analysis::base_name(prefix).is_empty()
    });
    let as_program = candidates.clone().filter(|_| telling).find_map(|name| {
        let argv = std::iter::once(Word::Known((*name).to_owned()))
            .chain(simple.arguments().iter().cloned())
            .collect();
        let guess = Simple {
            argv,
            ..simple.clone()
        };
        of_name(name, &guess, around).filter(|_| is_telling(name, &guess))
    });
    // A first word that is not known may also vanish, or be a wrapper.
    let as_next = (first.known().is_some_and(|name| CANDIDATES.contains(&name))
        && !rest.is_empty())
    .then(|| {
        let guess = Simple {
            argv: simple.arguments().to_vec(),
            ..simple.clone()
        };
        of_name(first.known().unwrap_or_default(), &guess, around)
    })
    .flatten();
    let inner = as_program.or(as_next)?;
    Some(Found {
        because: format!("`{program}` may be any program: {}", inner.because),
        ..inner
    })
}

/// Whether arguments fit a program and hardly any other.
fn is_telling(name: &str, simple: &Simple) -> bool {
    let words = simple.arguments();
    let first = words.first().and_then(Word::known).unwrap_or_default();
    match name {
        "rm" => {
            let place = Place::nowhere();
            let forced = first.starts_with('-')
                && !first.starts_with("--")
                && first.contains('r')
                && first.contains('f')
                && first.len() <= 4
                || first == "--recursive";
            let broad = operands(words).any(|word| {
                word.known()
                    .is_some_and(|path| path.starts_with(['/', '~']) && !place.is_temporary(path))
            });
            forced || first.starts_with("-r") && broad
        }
        "git" => !first.starts_with('-'),
        "dd" => words.iter().any(|word| word.prefix().starts_with("of=")),
        "chmod" => operands(words).nth(1).is_some(),
        "find" => words.iter().any(|word| word.known() == Some("-delete")),
        "chown" | "mkfs" | "shred" | "crontab" => false,
        _ => !first.starts_with('-') && !first.contains('/'),
    }
}
