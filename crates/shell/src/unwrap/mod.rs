//! Wrappers: programs and builtins whose arguments are another command, or a
//! script. Each is taken off, until what remains is what really runs.

mod git;
mod hooks;
mod options;
mod remote;
mod shells;
mod spread;
mod starters;
mod table;

use std::sync::Arc;

use crate::analysis::{
    Assignment, Input, Redirect, RedirectKind, Simple, Spread, Word, Wrapper, base_name,
};
use crate::env::{Body, Value};
use crate::print;
use crate::syntax::Dialect;
use crate::walk::{Done, Surroundings, Walker};

use options::Options;
pub(crate) use shells::{gives_code, is_interpreter, is_shell, reads_program_from_input};
use table::{Spec, is_carrier, spec};

/// A command that is about to be started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    pub(crate) words: Vec<Word>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) place: Place,
}

/// Who starts a command.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Place {
    /// The shell itself: it may be a function or a builtin.
    Shell,
    /// `command` or `builtin`: it may be a builtin.
    Builtin,
    /// Another program.
    #[default]
    Program,
}

impl Launch {
    pub(crate) fn of(words: Vec<Word>) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }

    /// The same with the words from `start` on.
    fn from(&self, start: usize) -> Self {
        Self {
            words: self.words.get(start..).unwrap_or_default().to_vec(),
            ..self.clone()
        }
    }

    /// What is known of how it ends, past its own redirections.
    fn kept(&self, done: Done) -> Done {
        let prints_here = self.redirects.is_empty();
        Done {
            printed: done.printed.filter(|_| prints_here),
            ..done
        }
    }

    /// A word that names a program and is known.
    fn text(&self, index: usize) -> Option<&str> {
        self.words.get(index).and_then(Word::known)
    }
}

impl Surroundings {
    /// These, inside of a wrapper.
    fn inside(&self, name: &str, launch: &Launch) -> Self {
        let mut inside = self.clone();
        inside.through.push(Arc::new(Wrapper {
            name: name.to_owned(),
            words: launch.words.clone(),
        }));
        inside
    }
}

/// Where the system keeps its programs. A program of a known name from
/// anywhere else is any program.
const SYSTEM_DIRS: &[&str] = &["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/"];

/// Whether a program is the one that its name says.
pub(crate) fn is_of_system(program: &str) -> bool {
    let name = base_name(program);
    let dir = &program[..program.len() - name.len()];
    dir.is_empty() || SYSTEM_DIRS.contains(&dir)
}

impl Walker {
    /// Lists what a command really runs.
    pub(crate) fn launch(&mut self, launch: Launch, around: &Surroundings) -> Done {
        if !self.step() {
            return Done::default();
        }
        self.deeper(|walker| walker.unwrap(launch, around))
    }

    /// A command whose program is not known: what it may be is looked at.
    fn launch_unknown(&mut self, launch: &Launch, around: &Surroundings) -> Done {
        self.list(launch.clone(), around);
        let Some(Word::Unknown {
            spread,
            bare,
            pattern,
            ..
        }) = launch.words.first()
        else {
            return Done::default();
        };
        let mut names: Vec<String> = bare
            .iter()
            .filter(|text| !text.is_empty())
            .cloned()
            .collect();
        if let Some(pattern) = pattern {
            names.extend(table::matching(pattern));
        }
        for name in names {
            let mut likely = launch.clone();
            likely.words[0] = Word::Known(name);
            self.launch(likely, around);
        }
        if *spread != Spread::One && launch.words.len() > 1 {
            self.launch(launch.from(1), around);
        }
        self.env.forget();
        Done::default()
    }

    fn unwrap(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let Some(first) = launch.words.first() else {
            if !launch.assignments.is_empty() || !launch.redirects.is_empty() {
                self.list(launch, around);
            }
            return Done::silent();
        };
        let Some(program) = first.known() else {
            return self.launch_unknown(&launch, around);
        };
        if launch.place == Place::Shell {
            let bodies = self.env.bodies(program);
            if !bodies.is_empty() {
                return self.function(&launch, &bodies, around);
            }
        }
        let name = base_name(program).to_owned();
        if !is_of_system(program) {
            self.list(launch.clone(), around);
            let inside = around.inside(program, &launch);
            self.run_written(first, Dialect::Posix, &inside);
        }
        if let Some(spec) = spec(&name) {
            self.peel(&launch, &name, spec, around)
        } else if is_shell(&name) {
            self.shell(launch, &name, around)
        } else if is_carrier(&name, launch.text(1)) {
            self.carrier(&launch, &name, around)
        } else {
            match name.as_str() {
                "source" | "." => self.dot(&launch, &name, around),
                "eval" => self.eval(launch, around),
                "trap" => self.trap(launch, around),
                "alias" => self.alias(launch, around),
                "find" | "gfind" => self.find(launch, around),
                "fd" | "fdfind" => self.fd(launch, around),
                "git" => self.git(launch, around),
                "watch" => self.watch(launch, around),
                "busybox" | "toybox"
                    if launch.words.len() > 1
                        && launch.text(1).is_none_or(|word| !word.starts_with('-')) =>
                {
                    self.launch(launch.from(1), &around.inside(&name, &launch))
                }
                _ => self.start(&launch, &name, around),
            }
        }
    }

    /// What starts others in ways of its own, and what starts nothing.
    fn start(&mut self, launch: &Launch, name: &str, around: &Surroundings) -> Done {
        let found = match name {
            "ssh" | "autossh" | "mosh" => return self.ssh(launch, name, around),
            "su" | "runuser" => return self.su(launch, name, around),
            "sg" => return self.sg(launch, around),
            "script" => return self.script_command(launch, around),
            "parallel" => return self.parallel(launch, around),
            "flock" => return self.flock(launch, around),
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
                self.container(launch, name, around)
            }
            "kubectl" | "oc" => self.kubectl(launch, name, around),
            "gdb" => self.gdb(launch, around),
            _ => None,
        };
        if let Some(done) = found {
            return done;
        }
        self.hooks(launch, name, around);
        if let Some(at) = starters::runner(name, &launch.words) {
            let inner = launch.from(at).by_program();
            self.launch(inner, &around.inside(name, launch));
        }
        self.plain(launch, name, around)
    }

    /// `gdb --args`.
    fn gdb(&mut self, launch: &Launch, around: &Surroundings) -> Option<Done> {
        let marks = |word: &Word| word.known() == Some("--args");
        let at = launch.words.iter().position(marks)?;
        self.hooks(launch, "gdb", around);
        self.list(launch.clone(), around);
        let inside = around.inside("gdb", launch);
        self.launch(launch.from(at + 1).by_program(), &inside);
        Some(Done::default())
    }

    /// `flock`: a file, then a command or `-c` and a script.
    fn flock(&mut self, launch: &Launch, around: &Surroundings) -> Done {
        const FLOCK: Spec = Spec {
            flags: "sexnuoFvh",
            valued: "wE",
            long: &[
                "shared",
                "exclusive",
                "nonblock",
                "nb",
                "unlock",
                "close",
                "no-fork",
                "verbose",
            ],
            long_valued: &["timeout", "wait", "conflict-exit-code"],
            operands: 1,
            ..table::NONE
        };
        self.list(launch.clone(), around);
        let inside = around.inside("flock", launch);
        let options = Options::read(&launch.words, &FLOCK);
        if options.unclear {
            return self.unread(launch, "flock", &inside);
        }
        let rest = launch.words.get(options.rest..).unwrap_or_default();
        match rest {
            [] => Done::default(),
            [flag, script @ ..] if matches!(flag.known(), Some("-c" | "--command")) => {
                self.joined(script, "flock", &inside);
                Done::default()
            }
            words => self.launch(Launch::of(words.to_vec()), &inside),
        }
    }

    /// A function: it is listed, and what it runs.
    fn function(&mut self, launch: &Launch, bodies: &[Body], around: &Surroundings) -> Done {
        let words = launch.words.get(1..).unwrap_or_default();
        let exact = words.iter().all(|word| word.spread() == Spread::One);
        self.list(launch.clone(), around);
        let name = launch.text(0).unwrap_or_default();
        let mut saved = Vec::new();
        for given in &launch.assignments {
            saved.push((given.name.clone(), self.env.variable(&given.name)));
            self.env.set(&given.name, Value::of(given.value.clone()));
        }
        let done = self.call(name, bodies, exact.then_some(words), around);
        for (name, variable) in saved.into_iter().rev() {
            self.env.restore(&name, variable);
        }
        launch.kept(done)
    }

    /// A program or builtin that starts nothing else.
    fn plain(&mut self, launch: &Launch, name: &str, around: &Surroundings) -> Done {
        let at_start = self.env.read == Some(0);
        let simple = self.list(launch.clone(), around);
        let mut done = None;
        if launch.place != Place::Program {
            done = self.builtin(name, launch, around);
        }
        if done.is_none() && !matches!(name, "echo" | "printf" | "[" | "test") {
            self.env.read = None;
        }
        let fits = at_start
            || !matches!(simple.input, Input::Text(_))
            || matches!(name, "echo" | "printf");
        match done {
            Some(done) if done.printed.is_some() => done,
            _ => Done {
                printed: if fits {
                    print::printed(&simple, around.dialect)
                } else {
                    None
                },
                succeeds: matches!(name, "echo" | "printf").then_some(true),
            },
        }
    }

    /// Lists a command as it is.
    fn list(&mut self, launch: Launch, around: &Surroundings) -> Simple {
        let mut simple = Simple {
            argv: launch.words,
            assignments: launch.assignments,
            redirects: launch.redirects,
            through: around.through.clone(),
            input: around.input.clone(),
            directory: self.env.directory.as_deref().map(ToOwned::to_owned),
            calls_itself: false,
        };
        simple.calls_itself = simple
            .program()
            .is_some_and(|program| around.beside && around.function.as_deref() == Some(program));
        self.emit(simple.clone());
        simple
    }

    /// Lists what a wrapper does besides starting another command.
    fn list_own(&mut self, launch: &Launch, around: &Surroundings) {
        if !launch.assignments.is_empty() || !launch.redirects.is_empty() {
            self.list(
                Launch {
                    words: Vec::new(),
                    ..launch.clone()
                },
                around,
            );
        }
    }

    /// A wrapper with options of its own, then the command.
    fn peel(&mut self, launch: &Launch, name: &str, spec: &Spec, around: &Surroundings) -> Done {
        let options = Options::read(&launch.words, spec);
        if spec.only_asks(&options) {
            self.list(launch.clone(), around);
            return Done::default();
        }
        if options.unclear {
            self.opaque(format!("`{name}` has options that are not read"));
            self.look_for_programs(launch, &around.inside(name, launch));
        }
        if options.unclear || spec.acts {
            self.list(launch.clone(), around);
        }
        if let Some(text) = options.value("split-string").or(options.value("S"))
            && name == "env"
        {
            let text = text.clone();
            return self.split_string(&text, launch, options.rest, around);
        }
        let mut inner = launch.from(options.rest);
        if spec.assigns {
            let given = options::assignments(&mut inner.words);
            inner.assignments.extend(given);
        }
        if name == "xargs" || name == "gxargs" {
            return self.xargs(launch, &options, around);
        }
        if name == "setarch" && inner.text(0).is_some_and(is_architecture) {
            let more = Options::read(&inner.words, spec);
            inner = inner.from(more.rest);
        }
        if inner.words.is_empty() {
            if !options.unclear && !spec.acts {
                self.list(launch.clone(), around);
            }
            if matches!(name, "sudo" | "doas" | "unshare" | "nsenter" | "chroot") {
                self.script_from_input(name, &around.inside(name, launch));
            }
            return Done::default();
        }
        inner.place = match (name, launch.place) {
            (
                "command" | "builtin" | "noglob" | "nocorrect" | "-",
                Place::Shell | Place::Builtin,
            ) => Place::Builtin,
            _ => Place::Program,
        };
        if name == "time"
            && let Some(file) = options.value("o").or(options.value("output"))
        {
            inner.redirects.push(Redirect {
                kind: RedirectKind::Write,
                target: file.clone(),
                descriptor: None,
            });
        }
        let mut around = around.inside(name, launch);
        around.hands_on &= !matches!(name, "sudo" | "doas" | "pkexec") && !options.has("i");
        let (read, directory) = (self.env.read, self.env.directory.clone());
        let moved = match name {
            "env" => options.value("C").or(options.value("chdir")),
            "sudo" => options.value("D").or(options.value("chdir")),
            _ => None,
        };
        if let Some(word) = moved {
            self.change_directory(std::slice::from_ref(word));
        }
        if spec.moves {
            self.env.directory = None;
        }
        let done = self.launch(inner, &around);
        if moved.is_some() || spec.moves {
            self.env.directory = directory;
        }
        if self.env.read != read {
            self.env.read = None;
        }
        done
    }

    /// `env -S`: its text is split as `env` does it, where that is plain.
    fn split_string(
        &mut self,
        text: &Word,
        launch: &Launch,
        rest: usize,
        around: &Surroundings,
    ) -> Done {
        let plain = text
            .known()
            .filter(|text| !text.contains(['\'', '"', '\\', '$', '#']));
        let Some(text) = plain else {
            self.opaque("`env -S` is given a text that is not read");
            self.list(launch.clone(), around);
            return Done::default();
        };
        let mut inner = launch.from(rest);
        let split = text
            .split_whitespace()
            .map(|word| Word::Known(word.to_owned()));
        inner.words.splice(0..0, split);
        inner.words.insert(0, Word::Known("env".to_owned()));
        inner.place = Place::Program;
        self.launch(inner, around)
    }

    /// A wrapper whose options are not read in depth: what it starts is not
    /// known, though danger in it is looked for.
    fn carrier(&mut self, launch: &Launch, name: &str, around: &Surroundings) -> Done {
        self.list(launch.clone(), around);
        let only_options = launch.words[1..]
            .iter()
            .all(|word| word.known().is_some_and(|text| text.starts_with('-')));
        if only_options {
            return Done::default();
        }
        self.opaque(format!("`{name}` starts something that is not read"));
        let inside = around.inside(name, launch);
        let gives_script = |word: &Word| {
            word.known().is_some_and(|text| {
                text == "--command" || (text.starts_with('-') && text.ends_with('c'))
            })
        };
        if let Some(at) = launch.words.iter().position(gives_script)
            && let Some(script) = launch.text(at + 1)
        {
            self.source_apart(script, None, launch, &inside);
        }
        let scripts = launch.words.iter().skip(1).filter_map(Word::known);
        for text in scripts.filter(|text| text.contains(char::is_whitespace)) {
            self.source_apart(text, None, &Launch::default(), &inside);
        }
        self.look_for_programs(launch, &inside);
        Done::default()
    }

    /// Looks at the words of a wrapper from each that names a program on.
    fn look_for_programs(&mut self, launch: &Launch, inside: &Surroundings) {
        const MOST: usize = 6;
        let notable = |index: &usize| launch.text(*index).is_some_and(table::is_notable);
        for start in (1..launch.words.len()).filter(notable).take(MOST) {
            self.launch(Launch::of(launch.words[start..].to_vec()), inside);
        }
    }

    fn find(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let inside = around.inside("find", &launch);
        let mut starts = Vec::new();
        for (index, word) in launch.words.iter().enumerate() {
            if matches!(word.known(), Some("-exec" | "-execdir" | "-ok" | "-okdir")) {
                starts.push(index + 1);
            } else if word.known().is_none() && word.written().contains("-exec") {
                self.opaque("`find` is given words that are not known");
                starts.push(index + 1);
            }
        }
        let directory = self.env.directory.clone();
        for start in &starts {
            if matches!(launch.text(start - 1), Some("-execdir" | "-okdir")) {
                self.env.directory = None;
            }
            let words = launch.words[*start..]
                .iter()
                .take_while(|word| !matches!(word.known(), Some(";" | "+")))
                .map(|word| filled_in(word, "{}", false));
            self.launch(Launch::of(words.collect()), &inside);
            self.env.directory.clone_from(&directory);
        }
        self.list(launch, around);
        Done::default()
    }

    fn fd(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let starts =
            |word: &Word| matches!(word.known(), Some("-x" | "--exec" | "-X" | "--exec-batch"));
        if let Some(at) = launch.words.iter().position(starts) {
            let mut words: Vec<Word> = launch.words[at + 1..]
                .iter()
                .map(|word| filled_in(word, "{", false))
                .collect();
            words.push(Word::anything("{}"));
            self.launch(Launch::of(words), &around.inside("fd", &launch));
        }
        self.list(launch, around);
        Done::default()
    }

    /// `watch` gives its words to a shell.
    fn watch(&mut self, launch: Launch, around: &Surroundings) -> Done {
        let options = Options::read(&launch.words, &table::WATCH);
        let inside = around.inside("watch", &launch);
        let words = launch.words.get(options.rest..).unwrap_or_default();
        if options.unclear {
            self.unread(&launch, "watch", &inside);
        } else if !words.is_empty() {
            self.joined(words, "watch", &inside);
        }
        self.list(launch, around);
        Done::default()
    }
}

fn is_architecture(text: &str) -> bool {
    [
        "i386", "i486", "i586", "i686", "x86_64", "linux32", "linux64", "arm", "aarch64",
    ]
    .contains(&text)
}

/// A word in which a wrapper replaces `mark` by something unknown.
fn filled_in(word: &Word, mark: &str, is_downloaded: bool) -> Word {
    match word {
        Word::Known(text) => match text.find(mark) {
            Some(at) => Word::Unknown {
                written: text.clone(),
                prefix: text[..at].to_owned(),
                spread: Spread::One,
                downloaded: is_downloaded,
                bare: None,
                pattern: None,
                holds: None,
            },
            None => word.clone(),
        },
        Word::Unknown { .. } => word.clone(),
    }
}
