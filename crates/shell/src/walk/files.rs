//! Files that a script writes, and then runs: what was put into them is read
//! as if it stood there.
//!
//! Everything that was ever written to a file counts, whichever of it is there
//! when it is run: that lists more than runs, and never less. A file whose
//! text is not known is opaque as soon as a shell runs it.

use std::rc::Rc;

use crate::analysis::{Input, RedirectKind, Simple, Word};
use crate::print;
use crate::syntax::Dialect;
use crate::unwrap::{Launch, is_shell};

use super::{Surroundings, Walker};

/// More is not remembered of what is written: it is not known then.
const MOST: usize = 64;

/// More texts of one file are not told apart.
const MOST_OF_ONE: usize = 8;

/// A longer text is not read.
const LONGEST: usize = 64 * 1024;

/// What was written to files so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    written: Vec<Written>,
    /// Those that are being read.
    running: Vec<String>,
}

#[derive(Clone, Debug)]
struct Written {
    /// The file, by its name as far as that is known.
    name: String,
    /// What was put there, if that is known.
    text: Option<Rc<str>>,
}

impl Files {
    fn add(&mut self, name: &str, text: Option<Rc<str>>) {
        let known = self.of(name);
        let fits = self.written.len() < MOST && known.len() < MOST_OF_ONE;
        let text = text.filter(|text| fits && text.len() <= LONGEST);
        if !known.contains(&text) {
            self.written.push(Written {
                name: name.to_owned(),
                text,
            });
        }
    }

    fn of(&self, name: &str) -> Vec<Option<Rc<str>>> {
        let texts = self.written.iter().filter(|one| one.name == name);
        texts.map(|one| one.text.clone()).collect()
    }
}

impl Walker {
    /// Remembers what a command puts into files.
    pub(super) fn writes(&mut self, simple: &Simple) {
        let directory = simple.directory.as_deref();
        let name = simple.name().unwrap_or_default();
        if matches!(name, "cp" | "mv" | "ln" | "install") {
            let mut operands = operands(simple);
            if let (Some(from), Some(to)) = (operands.next(), operands.last()) {
                for text in self.files.of(&named(from, directory)) {
                    self.files.add(&named(to, directory), text);
                }
            }
        }
        let redirected = simple.redirects.iter().filter(|redirect| {
            redirect.kind == RedirectKind::Write && matches!(redirect.descriptor, None | Some(1))
        });
        let mut targets: Vec<&Word> = redirected.map(|redirect| &redirect.target).collect();
        if name == "tee" {
            targets.extend(operands(simple));
        }
        if targets.is_empty() {
            return;
        }
        let text: Option<Rc<str>> = put_out(simple, name).map(Into::into);
        for target in targets {
            let name = named(target, directory);
            // It may be put behind what is there.
            for before in self.files.of(&name).into_iter().flatten() {
                if let Some(more) = &text {
                    self.files
                        .add(&name, Some(format!("{before}{more}").into()));
                }
            }
            self.files.add(&name, text.clone());
        }
    }

    /// Reads what was put into a file for a shell of its own that runs it.
    pub(crate) fn run_written(&mut self, file: &Word, dialect: Dialect, around: &Surroundings) {
        let texts = self.written_to(file);
        let depth = self.files.running.len();
        self.files.running.push(self.file_name(file));
        for text in texts {
            if is_for_a_shell(&text) {
                let inside = Surroundings {
                    dialect: dialect_of(&text, dialect),
                    function: None,
                    input: Input::Inherited,
                    ..around.clone()
                };
                self.source_apart(&text, None, &Launch::default(), &inside);
            }
        }
        self.files.running.truncate(depth);
    }

    /// Reads what was put into a file, for the shell at hand.
    pub(crate) fn source_written(&mut self, file: &str, texts: &[Rc<str>], around: &Surroundings) {
        let depth = self.files.running.len();
        self.files.running.push(file.to_owned());
        for text in texts {
            self.source(text, around);
        }
        self.files.running.truncate(depth);
        if !texts.is_empty() {
            self.env.forget();
        }
    }

    pub(crate) fn file_name(&self, file: &Word) -> String {
        named(file, self.env.directory.as_deref())
    }

    /// Everything that was put into a file.
    pub(crate) fn written_to(&mut self, file: &Word) -> Vec<Rc<str>> {
        let name = self.file_name(file);
        let texts = self.files.of(&name);
        if !texts.is_empty() && self.files.running.contains(&name) {
            // It is being read: nothing more would be found.
            self.opaque("it runs a file that runs itself");
            return Vec::new();
        }
        if texts.iter().any(Option::is_none) {
            self.opaque("it runs a file that it writes, and what it writes is not known");
        }
        texts.into_iter().flatten().collect()
    }
}

/// The text that goes into the files of a command.
fn put_out(simple: &Simple, name: &str) -> Option<String> {
    let mut alone = simple.clone();
    let moves = |kind| matches!(kind, RedirectKind::Write | RedirectKind::Duplicate);
    alone.redirects.retain(|redirect| !moves(redirect.kind));
    if name == "tee" {
        return match &simple.input {
            Input::Text(text) => Some(text.clone()),
            _ => None,
        };
    }
    print::printed(&alone, Dialect::Bash)
}

fn operands(simple: &Simple) -> impl Iterator<Item = &Word> {
    let words = simple.arguments().iter();
    words.filter(|word| word.known().is_none_or(|text| !text.starts_with('-')))
}

/// A file by its name from where the script began; one whose name is not known
/// by how it is written.
fn named(file: &Word, directory: Option<&str>) -> String {
    let written = file.known().unwrap_or_else(|| file.written());
    let whole = match directory {
        _ if written.starts_with(['/', '~', '$']) => written.to_owned(),
        Some("") => written.to_owned(),
        Some(directory) => format!("{directory}/{written}"),
        None => format!("?/{written}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if whole.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// The program that the first line names.
fn interpreter(text: &str) -> Option<&str> {
    let line = text.lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace().map(crate::analysis::base_name);
    words.find(|word| *word != "env" && !word.starts_with('-'))
}

fn is_for_a_shell(text: &str) -> bool {
    interpreter(text).is_none_or(is_shell)
}

fn dialect_of(text: &str, otherwise: Dialect) -> Dialect {
    match interpreter(text) {
        Some("bash") => Dialect::Bash,
        Some("zsh") => Dialect::Zsh,
        _ => otherwise,
    }
}
