//! Shells and builtins that read a script from their arguments or their
//! input.

use crate::analysis::{Input, Simple, Word};
use crate::syntax::{Dialect, rough};
use crate::walk::{Surroundings, Walker};

use super::Launch;
use super::options::Options;
use super::table::SHELL;

/// Whether a program is a shell whose scripts are read.
pub(crate) fn is_shell(name: &str) -> bool {
    dialect(name).is_some()
}

fn dialect(name: &str) -> Option<Dialect> {
    match name {
        "bash" | "rbash" => Some(Dialect::Bash),
        "zsh" => Some(Dialect::Zsh),
        "sh" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "oksh" | "yash" | "posh" => {
            Some(Dialect::Posix)
        }
        _ => None,
    }
}

/// Interpreters that run what comes in on their standard input.
const INTERPRETERS: &[&str] = &[
    "bun",
    "deno",
    "fish",
    "guile",
    "julia",
    "lua",
    "node",
    "nodejs",
    "osascript",
    "perl",
    "php",
    "psql",
    "pwsh",
    "Rscript",
    "ruby",
    "scala",
    "tclsh",
    "csh",
    "tcsh",
];

/// Whether a program is an interpreter of a language other than a shell's.
pub(crate) fn is_interpreter(name: &str) -> bool {
    let versionless = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&name)
        || INTERPRETERS.contains(&versionless)
        || matches!(versionless, "python" | "pypy")
}

/// Whether what a command runs is what comes in on its standard input.
pub(crate) fn reads_program_from_input(simple: &Simple) -> bool {
    let Some(name) = simple.name() else {
        return false;
    };
    if is_shell(name) {
        let options = Options::read(&simple.argv, &SHELL);
        let operand = simple.argv.get(options.rest).and_then(Word::known);
        return !options.has("c")
            && (options.has("s")
                || simple.argv.len() == options.rest
                || operand.is_some_and(is_input));
    }
    if matches!(name, "source" | ".") {
        return simple
            .arguments()
            .first()
            .and_then(Word::known)
            .is_some_and(is_input);
    }
    let mut operands = simple.arguments().iter().filter(|word| {
        word.known()
            .is_none_or(|text| text == "-" || !text.starts_with('-'))
    });
    is_interpreter(name)
        && operands
            .next()
            .is_none_or(|word| word.known().is_some_and(is_input))
        && !simple.arguments().iter().any(|word| gives_code(name, word))
}

/// Whether a word announces code in the arguments of an interpreter.
pub(crate) fn gives_code(name: &str, word: &Word) -> bool {
    let Some(text) = word.known() else {
        return false;
    };
    let Some(cluster) = text.strip_prefix('-') else {
        return false;
    };
    if let Some(long) = cluster.strip_prefix('-') {
        let long = long.split('=').next().unwrap_or_default();
        return matches!(long, "eval" | "print" | "run" | "code");
    }
    let letters: &[char] = match name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "python" | "pypy" | "psql" | "pwsh" | "fish" | "csh" | "tcsh" => &['c'],
        "perl" => &['e', 'E'],
        "node" | "nodejs" | "bun" => &['e', 'p'],
        "php" => &['r', 'B', 'E', 'R'],
        _ => &['e'],
    };
    cluster.contains(letters)
}

fn is_input(text: &str) -> bool {
    matches!(text, "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")
}

impl Walker {
    /// A shell: its script is read, wherever it comes from.
    pub(super) fn shell(&mut self, launch: Launch, name: &str, around: &Surroundings) {
        let Some(dialect) = dialect(name) else { return };
        let options = Options::read(&launch.words, &SHELL);
        if options.unclear {
            self.opaque(format!("`{name}` has options that are not read"));
        }
        if options.has("i") {
            self.opaque(format!(
                "`{name} -i` reads settings that may change what words mean"
            ));
        }
        let inside = Surroundings {
            dialect,
            ..around.inside(name, &launch)
        };
        let script = launch.words.get(options.rest).cloned();
        if options.has("c") {
            for word in launch.words.iter().skip(options.rest + 1) {
                self.note(word);
            }
            match script {
                Some(Word::Known(text)) => {
                    self.list_own(&launch, around);
                    self.source(&text, &inside);
                }
                Some(script) => {
                    self.opaque(format!("`{name} -c` is given a script that is not known"));
                    self.list(launch, around);
                    self.rough(script.written(), &inside);
                }
                None => self.list(launch, around),
            }
            return;
        }
        let simple = Simple {
            input: around.input.clone(),
            ..Simple::of(launch.words.clone())
        };
        if reads_program_from_input(&simple) {
            match &around.input {
                Input::Text(text) => {
                    let inside = Surroundings {
                        input: Input::Inherited,
                        ..inside
                    };
                    self.list_own(&launch, around);
                    return self.source(&text.clone(), &inside);
                }
                Input::Pipe { .. } => self.opaque(format!("`{name}` runs what a pipe brings")),
                Input::File(Word::Unknown { .. }) => {
                    self.opaque(format!("`{name}` runs a file that is not known"));
                }
                Input::Inherited | Input::File(Word::Known(_)) => {}
            }
        } else if script.is_some_and(|script| script.known().is_none()) {
            self.opaque(format!("`{name}` runs a file that is not known"));
        }
        self.list(launch, around);
    }

    /// Text that is a script, but not known in full.
    fn rough(&mut self, text: &str, around: &Surroundings) {
        for words in rough(text) {
            let words = words.into_iter().map(Word::Known).collect();
            self.launch(Launch::of(words), around);
        }
    }

    pub(super) fn eval(&mut self, launch: Launch, around: &Surroundings) {
        let inside = around.inside("eval", &launch);
        let start = if launch.text(1) == Some("--") { 2 } else { 1 };
        let words = launch.words.get(start..).unwrap_or_default();
        let known: Option<Vec<&str>> = words.iter().map(Word::known).collect();
        if let Some(words) = known {
            self.list_own(&launch, around);
            self.source(&words.join(" "), &inside);
            return;
        }
        self.opaque("`eval` is given words that are not known");
        let written: Vec<&str> = words.iter().map(Word::written).collect();
        let written = written.join(" ");
        self.list(launch, around);
        self.rough(&written, &inside);
    }

    pub(super) fn trap(&mut self, launch: Launch, around: &Surroundings) {
        let start = if launch.text(1) == Some("--") { 2 } else { 1 };
        match launch.words.get(start) {
            Some(Word::Known(text)) if !text.is_empty() && !text.starts_with('-') => {
                if !text.chars().all(|c| c.is_ascii_digit()) {
                    self.source(&text.clone(), &around.inside("trap", &launch));
                }
            }
            Some(Word::Unknown { .. }) => self.opaque("`trap` is given words that are not known"),
            Some(Word::Known(_)) | None => {}
        }
        self.list(launch, around);
    }

    pub(super) fn alias(&mut self, launch: Launch, around: &Surroundings) {
        for word in launch.words.iter().skip(1) {
            let prefix = word.prefix();
            if word.known().is_none() || prefix.contains('=') {
                self.opaque("an alias may stand for anything");
            }
            if let Some((_, value)) = word.known().and_then(|text| text.split_once('=')) {
                self.rough(value, &around.inside("alias", &launch));
            }
        }
        self.list(launch, around);
    }
}
