//! Commands that other programs start: in the value of an option, in a
//! setting, in a variable, or in the rest of their words.

mod handed;
mod recipes;
mod settings;

use crate::analysis::{Input, Simple, Word, base_name};
use crate::unwrap::{is_interpreter, is_shell};

use super::found::{Danger, Found};
use super::{Around, programs};

pub(super) use recipes::recipe;

/// Programs that start what stands in their words: a whole command in one
/// word, or one that begins at some word.
const RUNNERS: &[&str] = &[
    "adb",
    "ansible",
    "asdf",
    "aws-vault",
    "bsdtar",
    "bun",
    "bundle",
    "bunx",
    "bwrap",
    "cargo",
    "chokidar",
    "composer",
    "concurrently",
    "conda",
    "cross-env",
    "dbus-launch",
    "direnv",
    "docker",
    "docker-compose",
    "doppler",
    "dotenv",
    "dotenvx",
    "emacs",
    "entr",
    "ex",
    "expect",
    "fakeroot",
    "firejail",
    "flatpak",
    "flock",
    "foreman",
    "gdb",
    "hatch",
    "heroku",
    "hyperfine",
    "just",
    "kubectl",
    "lerna",
    "lldb",
    "ltrace",
    "lxc",
    "make",
    "gmake",
    "man",
    "micromamba",
    "mise",
    "mosh",
    "nerdctl",
    "nix",
    "nix-shell",
    "nodemon",
    "nodenv",
    "npm",
    "npx",
    "nx",
    "nvim",
    "parallel",
    "pdm",
    "perf",
    "pipenv",
    "pipx",
    "pixi",
    "pnpm",
    "podman",
    "poetry",
    "proxychains",
    "proxychains4",
    "pyenv",
    "rbenv",
    "rsync",
    "rye",
    "scp",
    "screen",
    "script",
    "sftp",
    "ssh",
    "sshpass",
    "start-stop-daemon",
    "strace",
    "systemd-run",
    "tar",
    "gtar",
    "tmux",
    "torsocks",
    "tox",
    "trickle",
    "unbuffer",
    "uv",
    "uvx",
    "vagrant",
    "valgrind",
    "vi",
    "view",
    "vim",
    "watch",
    "watchexec",
    "xvfb-run",
    "yarn",
    "zip",
    "xargs",
];

/// Variables whose value is a command that some program runs.
const VARIABLES: &[&str] = &[
    "BROWSER",
    "EDITOR",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "LESSCLOSE",
    "LESSOPEN",
    "MANPAGER",
    "PAGER",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS4",
    "RUSTC_WRAPPER",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "SYSTEMD_PAGER",
    "VISUAL",
];

/// What a command starts besides itself that is dangerous.
pub(super) fn danger(simple: &Simple, around: Around) -> Option<Found> {
    variables(simple, around)
        .or_else(|| indexes(simple, around))
        .or_else(|| aliases(simple, around))
        .or_else(|| held_texts(simple, around))
        .or_else(|| {
            let name = simple.name()?;
            match name {
                "git" => settings::git(simple, around),
                "sed" | "gsed" => settings::sed(simple, around),
                "make" | "gmake" => recipes::recipes(simple, around),
                _ => None,
            }
            .or_else(|| {
                RUNNERS
                    .contains(&name)
                    .then(|| words(name, simple, around))
                    .flatten()
            })
        })
        .or_else(|| escapes(simple, around))
        .or_else(|| handed::handed_over(simple, around))
}

fn script(text: &str, around: Around) -> Option<Found> {
    around.inside(&["bash", "-c", text].map(str::to_owned))
}

fn started_by(what: &str, mut found: Found) -> Found {
    found.because = format!("{what} starts something: {}", found.because);
    found
}

fn variables(simple: &Simple, around: Around) -> Option<Found> {
    let exported = simple
        .arguments()
        .iter()
        .filter(|_| matches!(simple.name(), Some("export" | "env" | "declare")))
        .filter_map(|word| word.written().split_once('='));
    let set = simple
        .assignments
        .iter()
        .map(|set| (set.name.as_str(), set.value.written()));
    set.chain(exported)
        .filter(|(name, _)| VARIABLES.contains(name))
        .find_map(|(name, value)| Some(started_by(&format!("`{name}`"), script(value, around)?)))
}

/// `a[$(…)]`: some builtins run what stands in an index.
fn indexes(simple: &Simple, around: Around) -> Option<Found> {
    let texts = simple
        .argv
        .iter()
        .map(Word::written)
        .filter(|text| text.contains("[$(") || text.contains("[`"));
    let evaluates = matches!(
        simple.name(),
        Some(
            "[[" | "["
                | "test"
                | "(("
                | "let"
                | "printf"
                | "read"
                | "declare"
                | "unset"
                | "local"
                | "export"
                | "typeset"
        )
    );
    texts.filter(|_| evaluates).find_map(|text| {
        let inner = match text.split_once("[$(") {
            Some((_, rest)) => rest.rsplit_once(')').map_or(rest, |(inner, _)| inner),
            None => text.split('`').nth(1).unwrap_or_default(),
        };
        Some(started_by("an index", script(inner, around)?))
    })
}

/// A name that the script made an alias of something else.
fn aliases(simple: &Simple, around: Around) -> Option<Found> {
    let name = simple.program()?;
    let value = around
        .analysis
        .commands
        .iter()
        .filter(|other| other.name() == Some("alias"))
        .flat_map(Simple::arguments)
        .filter_map(|word| word.written().split_once('='))
        .find(|(alias, _)| *alias == name)
        .map(|(_, value)| value.trim_matches(['\'', '"']))?;
    let rest: Vec<&str> = simple.arguments().iter().map(Word::written).collect();
    let text = format!("{value} {}", rest.join(" "));
    Some(started_by(
        &format!("the alias `{name}`"),
        script(&text, around)?,
    ))
}

/// A pipe that holds a known text, given to what runs scripts.
fn held_texts(simple: &Simple, around: Around) -> Option<Found> {
    let name = simple.name()?;
    if !is_shell(name) && !is_interpreter(name) && !matches!(name, "source" | ".") {
        return None;
    }
    simple.arguments().iter().find_map(|word| match word {
        Word::Unknown {
            holds: Some(text), ..
        } => script(text, around),
        Word::Unknown { written, .. } => {
            let inner = written.strip_prefix("<(")?.strip_suffix(')')?;
            let found = script(&format!("({inner}) | sh"), around)?;
            // What a program says of itself, such as its completions, is no
            // disguise by itself.
            let is_plain = found.danger == Danger::RunsHidden && found.because.contains("puts out");
            (!is_plain).then_some(found)
        }
        Word::Known(_) => None,
    })
}

/// Commands of database clients that start a shell, and options of any program
/// that say what to run.
fn escapes(simple: &Simple, around: Around) -> Option<Found> {
    const OPTIONS: &[&str] = &[
        "--command",
        "--eval",
        "--exec",
        "--execute",
        "--hook",
        "--on-change",
        "--password-command",
        "--pipe",
        "--pre-hook",
        "--post-hook",
        "--rsh",
        "--rsh-command",
        "--run",
        "--shell",
        "--to-command",
        "--up",
        "-exec",
        "-e",
    ];
    let name = simple.name()?;
    if matches!(
        name,
        "grep"
            | "egrep"
            | "rg"
            | "sed"
            | "echo"
            | "printf"
            | "git"
            | "jq"
            | "bat"
            | "perl"
            | "ruby"
            | "node"
    ) {
        return None;
    }
    let words = simple.arguments();
    let found = words.iter().enumerate().find_map(|(at, word)| {
        let text = word.known()?;
        if let Some(command) = [r"\! ", ".shell ", ".system ", "!"]
            .iter()
            .find_map(|start| text.strip_prefix(start))
        {
            return script(command, around);
        }
        let value = match text.split_once('=') {
            Some((option, value)) if OPTIONS.contains(&option) => value,
            _ if OPTIONS.contains(&text) => words.get(at + 1)?.known()?,
            _ => return None,
        };
        script(value, around)
    })?;
    Some(started_by(&format!("`{name}`"), found))
}

/// Words that may begin a command, and words that may be one.
fn words(name: &str, simple: &Simple, around: Around) -> Option<Found> {
    const MOST: usize = 24;
    let words = simple.arguments();
    let texts = words.iter().map(Word::written).filter_map(|text| {
        let text = text
            .strip_prefix("--checkpoint-action=exec=")
            .unwrap_or(text);
        let value = match text.split_once('=') {
            Some((option, value)) if option.starts_with('-') || option == "SHELL" => value,
            _ => text,
        };
        let value = value
            .trim_start_matches(['+', ':', '-'])
            .trim_start_matches('!')
            .trim_start_matches("spawn ");
        value.contains(char::is_whitespace).then_some(value)
    });
    let by_text = texts.take(MOST).find_map(|text| {
        let text = text.trim_start_matches("(shell-command \"");
        script(text, around)
    });
    let starts = (0..words.len()).filter(|at| {
        words[*at].known().is_some_and(|text| {
            let name = base_name(text);
            is_worth_reading(name) && text == text.trim()
        })
    });
    let by_words = || {
        starts.take(MOST).find_map(|at| {
            let argv: Vec<String> = words[at..]
                .iter()
                .map(|word| word.written().to_owned())
                .collect();
            around.inside(&argv)
        })
    };
    let by_input = || match &simple.input {
        Input::Text(text)
            if matches!(
                name,
                "ssh" | "tmux" | "docker" | "podman" | "kubectl" | "vim" | "ex"
            ) =>
        {
            script(text, around)
        }
        _ => None,
    };
    let found = by_text.or_else(by_words).or_else(by_input)?;
    Some(started_by(&format!("`{name}`"), found))
}

/// Programs that are looked for among the words of others.
fn is_worth_reading(name: &str) -> bool {
    programs::is_listed(name)
        || is_shell(name)
        || is_interpreter(name)
        || matches!(
            name,
            "rm" | "rimraf"
                | "git"
                | "dd"
                | "find"
                | "chmod"
                | "chown"
                | "truncate"
                | "crontab"
                | "curl"
                | "wget"
                | "psql"
                | "mysql"
                | "redis-cli"
                | "mongosh"
                | "terraform"
                | "kubectl"
                | "nc"
                | "ncat"
                | "env"
                | "xargs"
                | "eval"
                | "cat"
                | "printenv"
                | "unlink"
                | "kill"
                | "pkill"
                | "npm"
                | "cargo"
                | "aws"
                | "gcloud"
                | "scp"
                | "rsync"
        )
}
