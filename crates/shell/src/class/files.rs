//! Programs that start others through an option of theirs.

use crate::analysis::{Simple, Word};

/// What else a program starts that is not read, if its words say so.
pub(super) fn starts_another(name: &str, simple: &Simple) -> Option<String> {
    let words = simple.arguments();
    let bad = match name {
        "tar" | "bsdtar" | "gtar" => words.iter().find(|word| {
            starts_with_any(
                word,
                &[
                    "--to-command",
                    "--checkpoint-action",
                    "--use-compress-program",
                    "--rsh-command",
                    "--info-script",
                    "--new-volume-script",
                    "-I",
                ],
            )
        }),
        "awk" | "gawk" | "mawk" | "nawk" => words.iter().find(|word| {
            // A pipe or a call is hard to tell from text that looks like it.
            let text = word.written().replace("||", "");
            ["system", "|", "getline", "@"]
                .iter()
                .any(|sign| text.contains(sign))
        }),
        "sed" | "gsed" => words.iter().find(|word| sed_executes(word)),
        "rg" => words
            .iter()
            .find(|word| starts_with_any(word, &["--pre", "--hostname-bin"])),
        "rsync" => words
            .iter()
            .find(|word| starts_with_any(word, &["-e", "--rsh", "--rsync-path"])),
        "scp" | "sftp" => words
            .iter()
            .find(|word| starts_with_any(word, &["-S", "-oProxyCommand"])),
        "sort" => words
            .iter()
            .find(|word| starts_with_any(word, &["--compress-prog"])),
        "vim" | "vi" | "nvim" | "ex" | "view" | "emacs" | "less" | "more" | "man" => {
            words.iter().find(|word| {
                word.prefix().contains('!')
                    || starts_with_any(word, &["-c", "--cmd", "--eval", "-P"])
            })
        }
        "zip" => words
            .iter()
            .find(|word| starts_with_any(word, &["-TT", "--unzip-command"])),
        "mapfile" | "readarray" => words.iter().find(|word| starts_with_any(word, &["-C"])),
        "bind" | "complete" | "compgen" | "enable" | "hash" => words
            .iter()
            .find(|word| starts_with_any(word, &["-x", "-C", "-F", "-f", "-p", "-W"])),
        _ => None,
    };
    bad.map(|word| format!("`{name}` with `{word}` may run something else"))
}

fn starts_with_any(word: &Word, options: &[&str]) -> bool {
    options
        .iter()
        .any(|option| word.prefix().starts_with(option))
}

/// `e` as a command or a flag of sed runs a program. Told roughly: what could
/// be one counts.
fn sed_executes(word: &Word) -> bool {
    let text = word.written();
    if text.starts_with('-') {
        return false;
    }
    text.split(['\n', ';', '{', '}']).any(|command| {
        let command = command.trim().trim_end_matches(['\'', '"']);
        let bare = command.trim_start_matches(|c: char| c.is_ascii_digit() || "$,! ".contains(c));
        bare == "e" || bare.starts_with("e ") || substitutes_and_runs(bare)
    })
}

/// `s/…/…/e`, with any separator.
fn substitutes_and_runs(command: &str) -> bool {
    let mut chars = command.chars();
    if chars.next() != Some('s') {
        return false;
    }
    let Some(separator) = chars.next().filter(|c| !c.is_alphanumeric()) else {
        return false;
    };
    command.rsplit(separator).next().is_some_and(|flags| {
        flags.contains('e') && flags.chars().all(|c| "egpiImM0123456789".contains(c))
    })
}
