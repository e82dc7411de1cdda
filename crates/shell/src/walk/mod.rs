//! From the tree of a script to the simple commands that it would run, in the
//! surroundings in which they run.

mod builtin;
mod command;
mod compound;
mod files;
mod function;
mod value;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::analysis::{Analysis, Input, Simple, Word, Wrapper};
use crate::class::downloads;
use crate::env::Env;
use crate::syntax::{
    self, After, Command, DEEPEST, Dialect, FUEL, Item, Kind, Parsed, Part, RawWord, Script,
};
use crate::unwrap::Launch;

use command::Tape;
use files::Files;
use function::{Called, Defined};

/// More commands are not listed.
const MOST_COMMANDS: usize = 2000;

/// More words in all are not kept.
const MOST_WORDS: usize = 50_000;

/// More text in all is not put together.
const MOST_TEXT: usize = 8 * 1024 * 1024;

/// More commands are not walked through: loops and calls repeat them.
const MOST_STEPS: usize = 20_000;

/// Collects what runs.
pub(crate) struct Walker {
    analysis: Analysis,
    words: usize,
    /// How much text has been put together and listed, in bytes.
    pub(crate) text: usize,
    depth: usize,
    fuel: Cell<usize>,
    steps: usize,
    /// Whether some text looks like an index that runs a command.
    holds_code: bool,
    /// What the shell knows here.
    pub(crate) env: Env,
    /// The choices made for the command at hand.
    tape: Option<Tape>,
    /// Whether commands are walked through once more: each is listed once.
    repeats: usize,
    /// What is known where a loop or function is left early.
    escapes: Vec<Env>,
    /// Variables that end with the functions around this place.
    locals: Vec<Vec<(String, Option<crate::env::Variable>)>>,
    defined: Vec<Defined>,
    calls: Vec<Called>,
    files: Files,
}

/// Where a command stands.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) dialect: Dialect,
    pub(crate) input: Input,
    /// The wrappers that start it, the outermost first.
    pub(crate) through: Vec<Arc<Wrapper>>,
    /// The function whose body it stands in.
    pub(crate) function: Option<Rc<str>>,
    /// Whether something else runs at the same time: another stage of a pipe,
    /// or what follows a `&`.
    pub(crate) beside: bool,
    /// Whether the variables of a shell reach what it starts.
    pub(crate) hands_on: bool,
}

/// How a command ends, as far as that is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Done {
    /// What it prints.
    pub(crate) printed: Option<String>,
    /// Whether it succeeds.
    pub(crate) succeeds: Option<bool>,
}

impl Done {
    /// It prints nothing and succeeds.
    pub(crate) fn quietly() -> Self {
        Self {
            printed: Some(String::new()),
            succeeds: Some(true),
        }
    }

    /// It prints nothing; how it ends is not known.
    pub(crate) fn silent() -> Self {
        Self {
            printed: Some(String::new()),
            succeeds: None,
        }
    }

    fn or(self, other: &Self) -> Self {
        Self {
            printed: self
                .printed
                .filter(|text| other.printed.as_ref() == Some(text)),
            succeeds: self.succeeds.filter(|ok| other.succeeds == Some(*ok)),
        }
    }
}

impl Surroundings {
    pub(crate) fn outermost() -> Self {
        Self {
            dialect: Dialect::Bash,
            input: Input::Inherited,
            through: Vec::new(),
            function: None,
            beside: false,
            hands_on: true,
        }
    }
}

impl Walker {
    pub(crate) fn new() -> Self {
        Self {
            analysis: Analysis::default(),
            words: 0,
            text: 0,
            depth: 0,
            fuel: Cell::new(FUEL),
            steps: 0,
            holds_code: false,
            env: Env::outermost(),
            tape: None,
            repeats: 0,
            escapes: Vec::new(),
            locals: Vec::new(),
            defined: Vec::new(),
            calls: Vec::new(),
            files: Files::default(),
        }
    }

    pub(crate) fn finish(mut self) -> Analysis {
        self.uncalled();
        if self.holds_code && self.analysis.commands.iter().any(evaluates) {
            self.opaque("an index may run what stands in it");
        }
        self.analysis
    }

    /// Looks at the text around what is not known of a word. What is known in
    /// full is looked at where it is listed.
    fn note_unknown(&mut self, words: &[Word], raw: &RawWord) {
        let indexes = |part: &Part| matches!(part, Part::Text { text, .. } if text.contains('['));
        self.holds_code |= words.iter().any(|word| word.known().is_none())
            && raw.parts.iter().any(Part::holds_code)
            && raw.parts.iter().any(indexes);
    }

    /// Looks at the text of a word that is no script. `a[$(x)]` is harmless as text, until some
    /// arithmetic or some builtin reads it again.
    pub(crate) fn note(&mut self, word: &Word) {
        self.holds_code |= word
            .known()
            .is_some_and(|text| text.contains('[') && (text.contains("$(") || text.contains('`')));
    }

    /// Something cannot be known. The first reason is kept.
    pub(crate) fn opaque(&mut self, reason: impl Into<String>) {
        self.analysis.opaque.get_or_insert(reason.into());
    }

    /// Whether the commands since `start` include one that downloads.
    fn downloads_since(&self, start: usize) -> bool {
        self.analysis.commands[start..].iter().any(downloads)
    }

    /// Lists a command.
    pub(crate) fn emit(&mut self, simple: Simple) {
        if self.repeats > 0 && self.analysis.commands.contains(&simple) {
            return;
        }
        self.words += simple.argv.len() + simple.assignments.len() + simple.redirects.len() + 1;
        if let Input::Text(text) = &simple.input {
            self.text += text.len();
        }
        if self.analysis.commands.len() >= MOST_COMMANDS
            || self.words > MOST_WORDS
            || self.text > MOST_TEXT
        {
            self.opaque("it runs more commands than are listed");
            self.steps = MOST_STEPS;
            return;
        }
        for word in &simple.argv {
            self.note(word);
        }
        for assignment in &simple.assignments {
            self.note(&assignment.value);
        }
        self.writes(&simple);
        self.analysis.commands.push(simple);
    }

    /// One level deeper, for as long as `act` acts.
    pub(crate) fn deeper(&mut self, act: impl FnOnce(&mut Self) -> Done) -> Done {
        if self.depth >= DEEPEST {
            self.opaque("it is nested too deep to be read");
            return Done::default();
        }
        self.depth += 1;
        let done = act(self);
        self.depth -= 1;
        done
    }

    /// Reads a script for the shell at hand and lists what it runs.
    pub(crate) fn source(&mut self, text: &str, around: &Surroundings) -> Done {
        self.deeper(|walker| {
            let Parsed { script, gave_up } =
                syntax::parse(text, around.dialect, walker.depth, &walker.fuel);
            let done = walker.script(&script, around);
            let Some((why, rest)) = gave_up else {
                return done;
            };
            walker.opaque(why.to_string());
            for words in syntax::rough(&rest) {
                let words = words.into_iter().map(Word::Known).collect();
                walker.launch(Launch::of(words), around);
            }
            walker.env.forget();
            Done::default()
        })
    }

    /// Reads a script for a shell of its own, with these words.
    pub(crate) fn source_apart(
        &mut self,
        text: &str,
        words: Option<Vec<Word>>,
        launch: &Launch,
        around: &Surroundings,
    ) -> Done {
        let child = self.env.child(words, around.hands_on);
        let outer = std::mem::replace(&mut self.env, child);
        for given in &launch.assignments {
            self.env
                .set(&given.name, crate::env::Value::of(given.value.clone()));
            self.env.export(&given.name);
        }
        let done = self.source(text, around);
        self.env = outer;
        done
    }

    /// What `act` does in a shell of its own: what it sets is gone after it.
    fn apart(&mut self, act: impl FnOnce(&mut Self) -> Done) -> Done {
        let before = self.env.clone();
        let done = act(self);
        self.env = before;
        done
    }

    pub(crate) fn script(&mut self, script: &Script, around: &Surroundings) -> Done {
        self.deeper(|walker| {
            let mut all = Done::quietly();
            for item in &script.items {
                walker.follow(item, around, &mut all);
            }
            all
        })
    }

    /// One more pipeline of a list, after what `all` says of those before.
    fn follow(&mut self, item: &Item, around: &Surroundings, all: &mut Done) {
        let runs = match item.after {
            After::Always => Some(true),
            After::Success => all.succeeds,
            After::Failure => all.succeeds.map(|ok| !ok),
        };
        // Cheap: what is known is shared until it changes.
        let before = self.env.clone();
        let mut done = self.item(item, around);
        if item.negated {
            done.succeeds = done.succeeds.map(|ok| !ok);
        }
        if item.background {
            self.env = before;
            done.printed = done.printed.filter(String::is_empty);
            done.succeeds = Some(true);
        } else if runs == Some(false) {
            self.env = before;
            return;
        } else if runs.is_none() {
            let after = std::mem::take(&mut self.env);
            self.env = after.or(&before);
            done.printed = done.printed.filter(String::is_empty);
            done.succeeds = None;
        }
        all.succeeds = done.succeeds;
        all.printed = match (all.printed.take(), done.printed) {
            (Some(before), Some(more)) => Some(before + &more),
            _ => None,
        };
    }

    fn item(&mut self, item: &Item, around: &Surroundings) -> Done {
        if let [only] = item.stages.as_slice() {
            if !item.background {
                return self.command(only, around);
            }
            let around = Surroundings {
                beside: true,
                ..around.clone()
            };
            return self.command(only, &around);
        }
        let start = self.analysis.commands.len();
        let mut done = Done::default();
        for (index, stage) in item.stages.iter().enumerate() {
            let input = match (index, done.printed.take()) {
                (0, _) => around.input.clone(),
                (_, Some(text)) => Input::Text(text),
                _ => Input::Pipe {
                    downloaded: self.downloads_since(start)
                        || around.input == (Input::Pipe { downloaded: true }),
                },
            };
            let around = Surroundings {
                input,
                beside: true,
                ..around.clone()
            };
            let before = self.env.clone();
            if index > 0 {
                self.env.read = Some(0);
            }
            done = self.command(stage, &around);
            // Some shells run the last stage themselves.
            let last = index + 1 == item.stages.len();
            self.env = if last && around.dialect != Dialect::Bash {
                std::mem::take(&mut self.env).or(&before)
            } else {
                before
            };
        }
        done
    }

    /// Pays for a command. False when that is too much.
    pub(crate) fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            self.opaque("it runs more than is followed");
        }
        self.steps <= MOST_STEPS
    }

    fn command(&mut self, command: &Command, around: &Surroundings) -> Done {
        if !self.step() {
            return Done::default();
        }
        match &command.kind {
            Kind::Simple { assignments, words } => {
                self.simple(assignments, words, &command.redirects, around)
            }
            Kind::Test(words) => self.test(words, &command.redirects, around),
            Kind::Function { name, body } => self.define(name, body, around),
            _ => self.compound(command, around),
        }
    }
}

/// Whether a command reads text as an expression or a variable's name, with
/// an index.
fn evaluates(simple: &Simple) -> bool {
    // In zsh too many builtins do.
    if simple.through.iter().any(|wrapper| wrapper.name == "zsh") {
        return true;
    }
    matches!(
        simple.name(),
        Some(
            "((" | "[["
                | "["
                | "test"
                | "let"
                | "unset"
                | "printf"
                | "read"
                | "declare"
                | "typeset"
                | "local"
                | "export"
                | "readonly"
                | "mapfile"
                | "readarray"
                | "getopts"
                | "wait"
                | "exit"
                | "return"
                | "shift"
                | "break"
                | "continue"
                | "float"
                | "integer"
        )
    )
}
