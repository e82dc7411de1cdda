//! Programs that run a command that one of their options names: `tar`,
//! `rsync`, editors, `awk`, `sed`, `gdb`.

use crate::analysis::Word;
use crate::walk::{Surroundings, Walker};

use super::Launch;

/// Options whose value is given to a shell, by program.
const SCRIPTS: &[(&[&str], &[&str])] = &[
    (
        &["tar", "gtar", "bsdtar"],
        &[
            "--to-command",
            "--use-compress-program",
            "-I",
            "--rsh-command",
            "--info-script",
            "--new-volume-script",
            "-F",
        ],
    ),
    (&["rsync"], &["-e", "--rsh", "--rsync-path"]),
    (&["nix-shell"], &["--run", "--command"]),
    (&["npm", "npx"], &["-c", "--call"]),
    (&["scp", "sftp"], &["-S"]),
    (&["sort"], &["--compress-program"]),
    (&["nodemon", "watchexec"], &["-x", "--exec"]),
    (&["cargo-watch"], &["-s", "--shell"]),
    (&["man"], &["-P", "--pager"]),
    (&["split"], &["--filter"]),
];

impl Walker {
    /// Lists what the options of a program make it run.
    pub(super) fn hooks(&mut self, launch: &Launch, name: &str, around: &Surroundings) {
        let mut scripts = Vec::new();
        for (programs, options) in SCRIPTS {
            if programs.contains(&name) {
                scripts.extend(values(&launch.words, options));
            }
        }
        let words = launch.words.iter().skip(1).filter_map(Word::known);
        match name {
            "tar" | "gtar" | "bsdtar" => {
                let actions = values(&launch.words, &["--checkpoint-action"]);
                let run = actions.iter().filter_map(|text| text.strip_prefix("exec="));
                scripts.extend(run.map(ToOwned::to_owned));
            }
            "vi" | "vim" | "nvim" | "ex" | "view" | "gvim" | "rvim" => {
                let commands = values(&launch.words, &["-c", "--cmd", "-S"]);
                let plus = words.filter_map(|text| text.strip_prefix('+'));
                let all = commands.iter().map(String::as_str).chain(plus);
                scripts.extend(all.filter_map(after_bang));
            }
            "gdb" => {
                let commands = values(&launch.words, &["-ex", "-iex", "--eval-command", "--ex"]);
                let shells = commands.iter().filter_map(|text| {
                    let text = text.trim_start();
                    text.strip_prefix("shell ")
                        .or_else(|| text.strip_prefix('!'))
                });
                scripts.extend(shells.map(ToOwned::to_owned));
            }
            "awk" | "gawk" | "mawk" | "nawk" | "original-awk" => {
                for text in words {
                    scripts.extend(in_awk(text));
                }
            }
            "sed" | "gsed" => {
                for text in words {
                    scripts.extend(in_sed(text));
                }
            }
            _ => {}
        }
        if scripts.is_empty() {
            return;
        }
        let inside = around.inside(name, launch);
        for script in scripts {
            self.source_apart(&script, None, &Launch::default(), &inside);
        }
    }
}

/// The known values of some options: attached, after `=`, or the next word.
fn values(words: &[Word], options: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate().skip(1) {
        let Some(text) = word.known() else { continue };
        for option in options {
            let value = if text == *option {
                words.get(at + 1).and_then(Word::known)
            } else if option.starts_with("--") {
                text.strip_prefix(option)
                    .and_then(|rest| rest.strip_prefix('='))
            } else {
                text.strip_prefix(option)
                    .filter(|_| !text.starts_with("--"))
            };
            found.extend(value.map(ToOwned::to_owned));
        }
    }
    found
}

/// The shell command of `:!rm` and `:%!sort`.
fn after_bang(command: &str) -> Option<String> {
    command.split_once('!').map(|(_, rest)| rest.to_owned())
}

/// The commands that an `awk` program gives to a shell as constants.
fn in_awk(program: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = program;
    while let Some(at) = rest.find('"') {
        let before = rest[..at].trim_end();
        let Some((text, length)) = literal(&rest[at + 1..]) else {
            break;
        };
        let after = rest[at + 1 + length..].trim_start();
        let runs = before.ends_with("system(")
            || before.ends_with('|')
            || before.ends_with("|&")
            || after.starts_with("| getline")
            || after.starts_with("|getline")
            || before.trim_end_matches(' ').ends_with("system");
        if runs {
            found.push(text);
        }
        rest = &rest[at + 1 + length..];
    }
    found
}

/// The text of a literal after its opening quote, and its length with the
/// closing one.
fn literal(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, at + 1)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
    None
}

/// The commands that a `sed` script gives to a shell: `1e ls`.
fn in_sed(script: &str) -> Vec<String> {
    script
        .split(['\n', ';', '{', '}'])
        .filter_map(|command| {
            let command = command.trim_start().trim_start_matches(|c: char| {
                c.is_ascii_digit() || matches!(c, ',' | '$' | '!' | ' ')
            });
            command.strip_prefix("e ").map(ToOwned::to_owned)
        })
        .collect()
}
