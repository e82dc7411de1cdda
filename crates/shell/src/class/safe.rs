//! Commands that are known to read only. What is not listed is not safe, and
//! an option that is not listed is not either where options can do harm.

use crate::analysis::{Simple, Spread, Word};
use crate::unwrap::is_of_system;

use super::{before_dashes, git, operands};

/// Programs and builtins that read only, whatever their arguments.
const WHATEVER: &[&str] = &[
    ":",
    "basename",
    "b2sum",
    "cat",
    "cd",
    "cksum",
    "cmp",
    "comm",
    "cut",
    "df",
    "dirname",
    "du",
    "echo",
    "egrep",
    "expand",
    "expr",
    "false",
    "fgrep",
    "fmt",
    "fold",
    "grep",
    "groups",
    "head",
    "hexdump",
    "id",
    "jq",
    "join",
    "ls",
    "md5sum",
    "nl",
    "nproc",
    "numfmt",
    "od",
    "paste",
    "popd",
    "ps",
    "pushd",
    "pwd",
    "readlink",
    "realpath",
    "rev",
    "seq",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "sleep",
    "stat",
    "strings",
    "sum",
    "tac",
    "tail",
    "tr",
    "true",
    "tty",
    "type",
    "uname",
    "unexpand",
    "wc",
    "whereis",
    "which",
    "whoami",
];

/// Wrappers that change nothing about what they start.
pub(super) fn is_wrapper(name: &str) -> bool {
    matches!(
        name,
        "builtin"
            | "busybox"
            | "command"
            | "env"
            | "exec"
            | "ionice"
            | "nice"
            | "stdbuf"
            | "timeout"
            | "time"
            | "xargs"
            | "eval"
            | "setsid"
            | "bash"
            | "sh"
            | "dash"
            | "ash"
            | "zsh"
            | "ksh"
    )
}

/// What keeps a command with a program from being known as safe.
pub(super) fn unsafe_part(simple: &Simple) -> Option<String> {
    let program = simple.program().unwrap_or_default();
    let Some(name) = simple.name().filter(|_| is_of_system(program)) else {
        return Some(format!("it runs `{}`", simple.argv[0]));
    };
    let words = simple.arguments();
    let bad = match name {
        _ if WHATEVER.contains(&name) => None,
        "git" => git::unsafe_part(words),
        "rg" | "ripgrep" => search(words),
        "find" => find(words),
        "sed" => sed(words),
        "sort" => sort(words),
        "uniq" => uniq(words),
        "base64" | "base32" => base64(words),
        "tree" => tree(words),
        "diff" => diff(words),
        "file" => file(words),
        "date" => date(words),
        "hostname" | "arch" | "users" | "who" | "uptime" | "env" | "printenv" | "history" => {
            words.first()
        }
        "printf" => printf(words),
        "exit" | "return" | "break" | "continue" | "shift" => {
            words.iter().find(|word| word.known().is_none())
        }
        "test" | "[" => condition(words),
        "[[" => double_brackets(words),
        "((" => return Some("it computes with values that are not known".to_owned()),
        "function" => {
            let defined = words.first().map(ToString::to_string);
            return Some(format!("it defines `{}`", defined.unwrap_or_default()));
        }
        "command" => asks(words),
        _ => return Some(format!("it runs `{name}`")),
    };
    bad.map(|word| format!("`{name}` with `{word}`"))
}

/// The first word that may be an option and is not fine.
fn not_fine(words: &[Word], fine: impl Fn(&str) -> bool) -> Option<&Word> {
    before_dashes(words).iter().find(|word| match word.known() {
        Some(text) => text.starts_with('-') && text != "-" && !fine(text),
        None => word.may_be_option(),
    })
}

/// Whether an option, perhaps shortened, is the long option `name`.
fn shortens(text: &str, name: &str) -> bool {
    let option = text.split('=').next().unwrap_or_default();
    option.len() > 2 && name.starts_with(option)
}

/// rg: all but what starts other programs.
fn search(words: &[Word]) -> Option<&Word> {
    not_fine(words, |text| {
        if text.starts_with("--") {
            return !["--pre", "--pre-glob", "--hostname-bin", "--search-zip"]
                .iter()
                .any(|bad| shortens(text, bad));
        }
        !text.contains('z')
    })
}

/// find: all but what acts on what it finds.
fn find(words: &[Word]) -> Option<&Word> {
    const ACTS: &[&str] = &[
        "-delete", "-exec", "-execdir", "-fls", "-fprint", "-fprint0", "-fprintf", "-ok", "-okdir",
    ];
    words.iter().find(|word| match word.known() {
        Some(text) => ACTS.contains(&text),
        None => word.may_be_option(),
    })
}

/// sed: `-n` and one command that prints lines, then files.
fn sed(words: &[Word]) -> Option<&Word> {
    let prints = |text: &str| {
        text.strip_suffix('p').is_some_and(|lines| {
            let is_line = |line: &str| {
                line == "$" || !line.is_empty() && line.chars().all(|c| c.is_ascii_digit())
            };
            lines.split(',').count() <= 2 && lines.split(',').all(is_line)
        })
    };
    match words {
        [first, script, files @ ..]
            if matches!(first.known(), Some("-n" | "--quiet" | "--silent"))
                && script.known().is_some_and(prints) =>
        {
            files.iter().find(|word| word.may_be_option())
        }
        _ => words.first(),
    }
}

/// sort: all but what writes or starts programs.
fn sort(words: &[Word]) -> Option<&Word> {
    not_fine(words, |text| {
        if text.starts_with("--") {
            return !["--output", "--compress-program", "--temporary-directory"]
                .iter()
                .any(|bad| shortens(text, bad));
        }
        !text.contains(['o', 'T'])
    })
}

/// uniq: its second operand is written.
fn uniq(words: &[Word]) -> Option<&Word> {
    if let Some(word) = not_fine(words, |_| true) {
        return Some(word);
    }
    let mut takes_value = false;
    let mut found = 0;
    for word in words {
        let text = word.known().unwrap_or_default();
        if std::mem::take(&mut takes_value) {
            continue;
        }
        takes_value = matches!(
            text,
            "-f" | "-s" | "-w" | "--skip-fields" | "--skip-chars" | "--check-chars"
        );
        let is_option = text.starts_with('-') && text != "-" || text.starts_with('+');
        found += usize::from(!is_option) + usize::from(word.spread() != Spread::One);
        if found > 1 || text == "--" {
            return Some(word);
        }
    }
    None
}

/// base64 of some systems has an output file.
fn base64(words: &[Word]) -> Option<&Word> {
    not_fine(words, |text| {
        matches!(
            text,
            "-d" | "-D" | "-i" | "-w" | "-w0" | "--decode" | "--ignore-garbage"
        ) || text.starts_with("--wrap")
    })
}

fn tree(words: &[Word]) -> Option<&Word> {
    not_fine(words, |text| {
        if text.starts_with("--") {
            return !shortens(text, "--output");
        }
        // -R writes files where it is given with -H.
        !text.contains(['o', 'R'])
    })
}

fn diff(words: &[Word]) -> Option<&Word> {
    not_fine(words, |text| {
        if text.starts_with("--") {
            return !shortens(text, "--paginate");
        }
        !text.contains('l')
    })
}

fn file(words: &[Word]) -> Option<&Word> {
    not_fine(words, |text| {
        matches!(
            text,
            "-b" | "-i"
                | "-L"
                | "-h"
                | "-bi"
                | "-bL"
                | "--brief"
                | "--mime"
                | "--mime-type"
                | "--mime-encoding"
                | "--dereference"
                | "--no-dereference"
        )
    })
}

/// date, without anything that could set it.
fn date(words: &[Word]) -> Option<&Word> {
    words.iter().find(|word| {
        let text = word.prefix();
        let fine = text.starts_with('+') && word.spread() == Spread::One
            || word.known().is_some_and(|text| {
                matches!(text, "-u" | "--utc" | "-R" | "--rfc-email" | "-I")
                    || text.starts_with("-I")
            });
        !fine
    })
}

/// printf, where it only prints text: some shells compute what a number is
/// printed from.
fn printf(words: &[Word]) -> Option<&Word> {
    let (format, rest) = words.split_first()?;
    let only_text = format.known().is_some_and(|text| {
        !text.contains('%') || {
            let mut after = text.replace("%%", "");
            for kind in ["%s", "%b", "%q", "%c"] {
                after = after.replace(kind, "");
            }
            !after.contains('%')
        }
    });
    if format.may_be_option() {
        return Some(format);
    }
    rest.iter()
        .find(|word| !only_text && word.known().is_none())
}

/// `test` and `[`. `-v` may run what the index of an array holds, and so may
/// comparing numbers in some shells.
fn condition(words: &[Word]) -> Option<&Word> {
    let words = match words.split_last() {
        Some((last, rest)) if last.known() == Some("]") => rest,
        _ => words,
    };
    let words = match words.split_first() {
        Some((first, rest)) if first.known() == Some("!") => rest,
        _ => words,
    };
    let operator = match words {
        [operator, _] => operator
            .known()
            .filter(|text| text.len() == 2 && text.starts_with('-')),
        [_, operator, _] => operator.known().filter(|text| is_text_operator(text)),
        _ => None,
    };
    let evaluates = words.iter().find(|word| {
        word.known()
            .is_some_and(|text| matches!(text, "-v" | "-R") || is_number_operator(text))
    });
    let unsure = words.iter().find(|word| match word.known() {
        Some(_) => false,
        None => word.spread() != Spread::One || operator.is_none(),
    });
    evaluates.or(unsure)
}

fn is_text_operator(text: &str) -> bool {
    matches!(text, "=" | "==" | "!=" | "-nt" | "-ot" | "-ef")
}

fn is_number_operator(text: &str) -> bool {
    matches!(text, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge")
}

/// `[[`, without arithmetic: that runs what an index holds.
fn double_brackets(words: &[Word]) -> Option<&Word> {
    words.iter().find(|word| {
        word.known()
            .is_some_and(|text| matches!(text, "-v" | "-R") || is_number_operator(text))
    })
}

/// `command -v`: it only says what would be run.
fn asks(words: &[Word]) -> Option<&Word> {
    match words.first().and_then(Word::known) {
        Some("-v" | "-V") => None,
        _ => operands(words).next(),
    }
}
