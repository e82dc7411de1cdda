//! git, where its arguments make it run something else.

use crate::analysis::{Spread, Word};
use crate::walk::{Done, Surroundings, Walker};

use super::Launch;

/// Settings that `-c` may change without anything else being run.
const HARMLESS_KEYS: &[&str] = &[
    "advice.",
    "color.",
    "column.",
    "commit.gpgsign",
    "core.abbrev",
    "core.autocrlf",
    "core.eol",
    "core.quotepath",
    "diff.algorithm",
    "diff.context",
    "init.defaultbranch",
    "log.",
    "merge.ff",
    "pull.rebase",
    "push.default",
    "tag.gpgsign",
    "user.email",
    "user.name",
];

/// Options whose value git runs, or that change its settings.
const RUNNING: &[&str] = &[
    "--upload-pack",
    "--receive-pack",
    "--extcmd",
    "--exec-path",
    "--config-env",
];

/// Git takes the start of a long option for the option.
const SHORTEST: usize = "--ext".len();

impl Walker {
    pub(super) fn git(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let words = &launch.words;
        let inside = around.inside("git", &launch);
        let subcommand = self.git_globals(words, &inside);
        for word in words {
            if runs_its_value(word.prefix()) || word.prefix().starts_with("ext::") {
                self.opaque(format!("`git` with `{word}` runs something else"));
            }
        }
        let text = |index: usize| words.get(index).and_then(Word::known);
        if let Some(at) = subcommand {
            match (text(at), text(at + 1)) {
                (None, _) if at < words.len() => {
                    self.opaque("`git` is given words that are not known");
                }
                (Some("bisect"), Some("run")) => {
                    self.launch(Launch::of(words[at + 2..].to_vec()), &inside);
                }
                (Some("submodule"), Some("foreach")) => self.git_foreach(&words[at + 2..], &inside),
                (Some("rebase"), _) => self.git_rebase(&words[at + 1..], &inside),
                (
                    Some(name @ ("filter-branch" | "for-each-repo" | "difftool" | "mergetool")),
                    _,
                ) => {
                    self.opaque(format!("`git {name}` runs something else"));
                }
                (Some("archive" | "ls-remote" | "fetch-pack" | "send-pack"), _)
                    if words.iter().any(|word| word.prefix().starts_with("--exec")) =>
                {
                    self.opaque("`git … --exec` runs something else");
                }
                (Some("clone"), _)
                    if words[at..]
                        .iter()
                        .any(|word| word.prefix().starts_with("-u")) =>
                {
                    self.opaque("`git clone -u` runs something else");
                }
                (Some("grep"), _) if words[at..].iter().any(opens_pager) => {
                    self.opaque("`git grep -O` runs something else");
                }
                _ => {}
            }
        }
        self.list(launch, around);
        Done::default()
    }

    /// Reads the options before the subcommand, and yields its index.
    fn git_globals(&mut self, words: &[Word], inside: &Surroundings) -> Option<usize> {
        let mut at = 1;
        while let Some(word) = words.get(at) {
            let Some(text) = word.known() else {
                self.opaque("`git` is given words that are not known");
                return None;
            };
            match text {
                "-c" => {
                    let setting = words.get(at + 1).map(Word::prefix).unwrap_or_default();
                    let value = words.get(at + 1).and_then(Word::known);
                    match value.and_then(program_of) {
                        Some(script) => {
                            let script = script.to_owned();
                            self.source_apart(&script, None, &Launch::default(), inside);
                        }
                        None if is_harmless(setting) => {}
                        None => self.opaque("`git -c` changes a setting that may run anything"),
                    }
                    at += 2;
                }
                "-C" | "--git-dir" | "--work-tree" | "--namespace" | "--config-env" => {
                    if words
                        .get(at + 1)
                        .is_some_and(|value| value.spread() != Spread::One)
                    {
                        self.opaque("`git` is given words that are not known");
                    }
                    at += 2;
                }
                _ if text.starts_with('-') => at += 1,
                _ => return Some(at),
            }
        }
        None
    }

    /// `git submodule foreach` gives its words to a shell.
    fn git_foreach(&mut self, words: &[Word], inside: &Surroundings) {
        let words: Vec<&Word> = words
            .iter()
            .skip_while(|word| {
                matches!(word.known(), Some("-q" | "--quiet" | "--recursive" | "--"))
            })
            .collect();
        let words: Vec<Word> = words.into_iter().cloned().collect();
        self.joined(&words, "git submodule foreach", inside);
    }

    /// `git rebase --exec` gives its value to a shell.
    fn git_rebase(&mut self, words: &[Word], inside: &Surroundings) {
        for (index, word) in words.iter().enumerate() {
            let text = word.prefix();
            let script = if matches!(text, "-x" | "--exec") {
                words.get(index + 1).cloned()
            } else if text.starts_with("--exec=")
                || (text.starts_with("-x") && word.known().is_some())
            {
                let start = if text.starts_with("-x") {
                    2
                } else {
                    "--exec=".len()
                };
                word.known()
                    .map(|text| Word::Known(text[start..].to_owned()))
            } else {
                continue;
            };
            match script.as_ref().and_then(Word::known) {
                Some(script) => {
                    self.source_apart(script, Some(Vec::new()), &Launch::default(), inside);
                }
                None => self.opaque("`git rebase --exec` is given words that are not known"),
            }
        }
    }
}

fn runs_its_value(text: &str) -> bool {
    let option = text.split('=').next().unwrap_or_default();
    option != "--exec"
        && option.len() >= SHORTEST
        && RUNNING.iter().any(|running| running.starts_with(option))
}

/// The command that a setting of `-c` makes git give to a shell.
fn program_of(setting: &str) -> Option<&str> {
    let (key, value) = setting.split_once('=')?;
    let key = key.to_ascii_lowercase();
    let alias = key.starts_with("alias.");
    let runs = matches!(
        key.as_str(),
        "core.pager"
            | "core.editor"
            | "core.sshcommand"
            | "core.askpass"
            | "sequence.editor"
            | "diff.external"
            | "core.fsmonitor"
            | "gpg.program"
    ) || key.starts_with("pager.");
    match value.strip_prefix('!') {
        Some(script) if alias || key.starts_with("credential.") => Some(script),
        _ => Some(value).filter(|_| runs),
    }
}

fn is_harmless(setting: &str) -> bool {
    let key = setting
        .split('=')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    HARMLESS_KEYS
        .iter()
        .any(|harmless| key == *harmless || (harmless.ends_with('.') && key.starts_with(harmless)))
}

fn opens_pager(word: &Word) -> bool {
    let text = word.prefix();
    text.starts_with("-O") || text.starts_with("--open")
}
