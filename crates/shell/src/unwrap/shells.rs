//! Shells and builtins that read a script from their arguments or their
//! input.

use crate::analysis::{Input, Simple, Spread, Word};
use crate::env::Value;
use crate::syntax::{Dialect, rough};
use crate::walk::{Done, Surroundings, Walker};

use super::options::Options;
use super::table::SHELL;
use super::{Launch, Place};

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
    pub(super) fn shell(&mut self, launch: Launch, name: &str, around: &Surroundings) -> Done {
        let Some(dialect) = dialect(name) else {
            return Done::default();
        };
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
            function: None,
            ..around.inside(name, &launch)
        };
        let script = launch.words.get(options.rest).cloned();
        let rest = |from: usize| {
            let words = launch.words.get(from..).unwrap_or_default();
            let exact = words.iter().all(|word| word.spread() == Spread::One);
            exact.then(|| words.to_vec())
        };
        if options.has("c") {
            for word in launch.words.iter().skip(options.rest + 1) {
                self.note(word);
            }
            let Some(script) = script else {
                self.list(launch, around);
                return Done::default();
            };
            if let Word::Known(text) = script {
                self.list_own(&launch, around);
                let zero = launch.words.get(options.rest + 1).cloned();
                let outer = std::mem::replace(&mut self.env.zero, zero);
                let done = self.source_apart(&text, rest(options.rest + 2), &launch, &inside);
                self.env.zero = outer;
                return launch.kept(done);
            }
            self.opaque(format!("`{name} -c` is given a script that is not known"));
            self.list(launch, around);
            if let Word::Unknown {
                bare: Some(text), ..
            } = &script
            {
                self.source_apart(text, None, &Launch::default(), &inside);
            }
            self.rough(script.written(), &inside);
            return Done::default();
        }
        let simple = Simple {
            input: around.input.clone(),
            ..Simple::of(launch.words.clone())
        };
        let (text, file) = if reads_program_from_input(&simple) {
            self.brought_in(name, around)
        } else {
            match script {
                Some(Word::Unknown {
                    holds: Some(text), ..
                }) => (Some(text), None),
                Some(word) if word.known().is_none_or(is_descriptor) => {
                    self.opaque(format!("`{name}` runs a file that is not known"));
                    (None, Some(word))
                }
                file => (None, file),
            }
        };
        self.env.read = None;
        if let Some(text) = text {
            let inside = Surroundings {
                input: Input::Inherited,
                ..inside
            };
            self.list_own(&launch, around);
            let words = if options.has("s") {
                options.rest
            } else {
                options.rest + 1
            };
            let done = self.source_apart(&text, rest(words), &launch, &inside);
            return launch.kept(done);
        }
        self.list(launch, around);
        if let Some(file) = file {
            self.run_written(&file, dialect, &inside);
        }
        Done::default()
    }

    /// The script that comes in, if it is known, or the file that it comes from.
    fn brought_in(&mut self, name: &str, around: &Surroundings) -> (Option<String>, Option<Word>) {
        match &around.input {
            Input::Text(text) if self.env.read == Some(0) => (Some(text.clone()), None),
            Input::Text(_) | Input::Pipe { .. } => {
                self.opaque(format!("`{name}` runs what a pipe brings"));
                (None, None)
            }
            Input::File(word) => {
                if word.known().is_none() {
                    self.opaque(format!("`{name}` runs a file that is not known"));
                }
                (None, Some(word.clone()))
            }
            Input::Inherited => (None, None),
        }
    }

    /// Text that is a script, but not known in full.
    pub(super) fn rough(&mut self, text: &str, around: &Surroundings) {
        for words in rough(text) {
            let words = words.into_iter().map(Word::Known).collect();
            self.launch(Launch::of(words), around);
        }
    }

    pub(super) fn eval(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let inside = around.inside("eval", &launch);
        let start = if launch.text(1) == Some("--") { 2 } else { 1 };
        let words = launch.words.get(start..).unwrap_or_default();
        let known: Option<Vec<&str>> = words.iter().map(Word::known).collect();
        if let Some(words) = known {
            self.list_own(&launch, around);
            let done = self.with_own(&launch, |walker| walker.source(&words.join(" "), &inside));
            return launch.kept(done);
        }
        self.opaque("`eval` is given words that are not known");
        let bare: Option<Vec<&str>> = words
            .iter()
            .map(|word| match word {
                Word::Known(text) => Some(text.as_str()),
                Word::Unknown { bare, .. } => bare.as_deref(),
            })
            .collect();
        let written: Vec<&str> = words.iter().map(Word::written).collect();
        let written = written.join(" ");
        if let Some(words) = bare {
            self.source_apart(&words.join(" "), None, &Launch::default(), &inside);
        }
        self.list(launch, around);
        self.rough(&written, &inside);
        self.env.forget();
        Done::default()
    }

    /// What `act` does while the variables of a command are set.
    fn with_own(&mut self, launch: &Launch, act: impl FnOnce(&mut Self) -> Done) -> Done {
        let mut saved = Vec::new();
        for given in &launch.assignments {
            saved.push((given.name.clone(), self.env.variable(&given.name)));
            self.env.set(&given.name, Value::of(given.value.clone()));
        }
        let done = act(self);
        for (name, variable) in saved.into_iter().rev() {
            self.env.restore(&name, variable);
        }
        done
    }

    /// `source`, where what it reads is known.
    pub(super) fn dot(&mut self, launch: &Launch, name: &str, around: &Surroundings) -> Done {
        let holds = match launch.words.get(1) {
            Some(Word::Unknown {
                holds: Some(text), ..
            }) => Some(text.clone()),
            Some(Word::Known(path)) if is_input(path) && self.env.read == Some(0) => {
                match &around.input {
                    Input::Text(text) => Some(text.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        let inside = around.inside(name, launch);
        let Some(text) = holds.filter(|_| launch.place != Place::Program) else {
            let file = launch.words.get(1);
            let texts = file.map_or_else(Vec::new, |file| self.written_to(file));
            let file = file.map_or_else(String::new, |file| self.file_name(file));
            let done = self.plain(launch, name, around);
            self.source_written(&file, &texts, &inside);
            return done;
        };
        self.list_own(launch, around);
        let outer = self.env.words.clone();
        if launch.words.len() > 2 {
            self.env.words = launch.words.get(2..).map(Into::into);
        }
        let done = self.with_own(launch, |walker| walker.source(&text, &inside));
        self.env.words = outer;
        launch.kept(done)
    }

    pub(super) fn trap(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let start = if launch.text(1) == Some("--") { 2 } else { 1 };
        match launch.words.get(start) {
            Some(Word::Known(text)) if !text.is_empty() && !text.starts_with('-') => {
                if !text.chars().all(|c| c.is_ascii_digit()) {
                    let inside = around.inside("trap", &launch);
                    self.trapped(&text.clone(), &inside);
                }
            }
            Some(Word::Unknown { .. }) => self.opaque("`trap` is given words that are not known"),
            Some(Word::Known(_)) | None => {}
        }
        self.list(launch, around);
        Done::silent()
    }

    /// A script that runs at any time from here on.
    fn trapped(&mut self, text: &str, around: &Surroundings) {
        let before = self.env.clone();
        self.source(text, around);
        // Later the variables may hold anything that the script sets.
        self.env = before.anew();
        self.source(text, around);
        let after = std::mem::replace(&mut self.env, before);
        self.env.let_run_wild(&after);
    }

    pub(super) fn alias(&mut self, launch: Launch, around: &Surroundings) -> Done {
        for word in launch.words.iter().skip(1) {
            let prefix = word.prefix();
            if word.known().is_none() || prefix.contains('=') {
                self.opaque("an alias may stand for anything");
            }
            if let Some((_, value)) = word.known().and_then(|text| text.split_once('=')) {
                let inside = around.inside("alias", &launch);
                self.source_apart(value, None, &Launch::default(), &inside);
            }
        }
        self.list(launch, around);
        Done::silent()
    }
}

fn is_descriptor(path: &str) -> bool {
    path.starts_with("/dev/fd/") || path.starts_with("/proc/")
}
