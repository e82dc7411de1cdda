//! From the tree of a script to the simple commands that it would run, in the
//! surroundings in which they run.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::analysis::{Analysis, Assignment, Input, Redirect, RedirectKind, Simple, Word, Wrapper};
use crate::class::downloads;
use crate::expand;
use crate::syntax::{
    self, Command, DEEPEST, Dialect, FUEL, Inner, Item, Kind, Parsed, Part, RawRedirect, RawWord,
    Script,
};
use crate::unwrap::Launch;

/// More commands are not listed.
const MOST_COMMANDS: usize = 2000;

/// More words in all are not kept.
const MOST_WORDS: usize = 50_000;

/// Collects what runs.
pub(crate) struct Walker {
    analysis: Analysis,
    words: usize,
    depth: usize,
    fuel: Cell<usize>,
    /// Whether some text looks like an index that runs a command.
    holds_code: bool,
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
    /// The directory, as [`Simple::directory`] has it.
    pub(crate) directory: Option<String>,
}

impl Surroundings {
    pub(crate) fn outermost() -> Self {
        Self {
            dialect: Dialect::Bash,
            input: Input::Inherited,
            through: Vec::new(),
            function: None,
            beside: false,
            directory: Some(String::new()),
        }
    }
}

impl Walker {
    pub(crate) fn new() -> Self {
        Self {
            analysis: Analysis::default(),
            words: 0,
            depth: 0,
            fuel: Cell::new(FUEL),
            holds_code: false,
        }
    }

    pub(crate) fn finish(mut self) -> Analysis {
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
        self.words += simple.argv.len() + simple.assignments.len() + simple.redirects.len() + 1;
        if self.analysis.commands.len() >= MOST_COMMANDS || self.words > MOST_WORDS {
            self.opaque("it runs more commands than are listed");
            return;
        }
        for word in &simple.argv {
            self.note(word);
        }
        for assignment in &simple.assignments {
            self.note(&assignment.value);
        }
        self.analysis.commands.push(simple);
    }

    /// One level deeper, for as long as `act` acts.
    pub(crate) fn deeper(&mut self, act: impl FnOnce(&mut Self)) {
        if self.depth >= DEEPEST {
            self.opaque("it is nested too deep to be read");
            return;
        }
        self.depth += 1;
        act(self);
        self.depth -= 1;
    }

    /// Reads a script and lists what it runs.
    pub(crate) fn source(&mut self, text: &str, around: &Surroundings) {
        self.deeper(|walker| {
            let Parsed { script, gave_up } =
                syntax::parse(text, around.dialect, walker.depth, &walker.fuel);
            walker.script(&script, around);
            if let Some((why, rest)) = gave_up {
                walker.opaque(why.to_string());
                for words in syntax::rough(&rest) {
                    let words = words.into_iter().map(Word::Known).collect();
                    walker.launch(Launch::of(words), around);
                }
            }
        });
    }

    fn script(&mut self, script: &Script, around: &Surroundings) {
        self.deeper(|walker| {
            for item in &script.items {
                walker.item(item, around);
            }
        });
    }

    fn item(&mut self, item: &Item, around: &Surroundings) {
        let start = self.analysis.commands.len();
        let beside = around.beside || item.background || item.stages.len() > 1;
        let mut printed = None;
        for (index, stage) in item.stages.iter().enumerate() {
            let input = match (index, printed.take()) {
                (0, _) => around.input.clone(),
                (1, Some(text)) => Input::Text(text),
                _ => Input::Pipe {
                    downloaded: self.downloads_since(start)
                        || around.input == (Input::Pipe { downloaded: true }),
                },
            };
            let around = Surroundings {
                input,
                beside,
                ..around.clone()
            };
            let first = self.analysis.commands.len();
            self.command(stage, &around);
            if let ([only], Kind::Simple { .. }) = (&self.analysis.commands[first..], &stage.kind) {
                printed = prints(only).filter(|_| only.through == around.through);
            }
        }
    }

    fn command(&mut self, command: &Command, around: &Surroundings) {
        match &command.kind {
            Kind::Simple { assignments, words } => {
                let assignments = assignments
                    .iter()
                    .map(|assignment| Assignment {
                        name: assignment.name.clone(),
                        value: self.single(&assignment.value, around),
                    })
                    .collect();
                let words = words
                    .iter()
                    .flat_map(|word| self.fields(word, around))
                    .collect();
                let (redirects, input) = self.redirects(command, around);
                let launch = Launch {
                    words,
                    assignments,
                    redirects,
                };
                self.launch(
                    launch,
                    &Surroundings {
                        input,
                        ..around.clone()
                    },
                );
            }
            Kind::Compound {
                binds,
                words,
                bodies,
            } => {
                let mut own = Simple {
                    assignments: binds.iter().map(|name| assigned(name)).collect(),
                    through: around.through.clone(),
                    ..Simple::default()
                };
                for word in words
                    .iter()
                    .flat_map(|word| self.fields(word, around))
                    .collect::<Vec<_>>()
                {
                    self.note(&word);
                }
                let (redirects, input) = self.redirects(command, around);
                own.redirects = redirects;
                if !own.assignments.is_empty() || !own.redirects.is_empty() {
                    self.emit(own);
                }
                let around = Surroundings {
                    input,
                    ..around.clone()
                };
                for body in bodies {
                    self.script(body, &around);
                }
            }
            Kind::Test(words) => {
                let mut argv = vec![Word::Known("[[".to_owned())];
                argv.extend(words.iter().map(|word| self.single(word, around)));
                let (redirects, input) = self.redirects(command, around);
                self.emit(Simple {
                    redirects,
                    input,
                    through: around.through.clone(),
                    ..Simple::of(argv)
                });
            }
            Kind::Function { name, body } => {
                self.emit(Simple {
                    through: around.through.clone(),
                    ..Simple::of(vec![
                        Word::Known("function".to_owned()),
                        Word::Known(name.clone()),
                    ])
                });
                let around = Surroundings {
                    function: Some(name.as_str().into()),
                    beside: false,
                    ..around.clone()
                };
                self.deeper(|walker| walker.command(body, &around));
            }
        }
    }

    /// The redirections of a command, and where its input comes from then.
    fn redirects(&mut self, command: &Command, around: &Surroundings) -> (Vec<Redirect>, Input) {
        let mut input = around.input.clone();
        let mut redirects = Vec::new();
        for redirect in &command.redirects {
            let (kind, target) = match &redirect.kind {
                RawRedirect::Read => (RedirectKind::Read, &redirect.target),
                RawRedirect::Write => (RedirectKind::Write, &redirect.target),
                RawRedirect::Duplicate => (RedirectKind::Duplicate, &redirect.target),
                RawRedirect::HereString => (RedirectKind::Text, &redirect.target),
                RawRedirect::HereDocument(text) => {
                    (RedirectKind::Text, text.get().unwrap_or(&redirect.target))
                }
            };
            let target = self.single(target, around);
            match (kind, &target) {
                (RedirectKind::Read, _) => input = Input::File(target.clone()),
                (RedirectKind::Text, Word::Known(text)) => input = Input::Text(text.clone()),
                (RedirectKind::Text, Word::Unknown { downloaded, .. }) => {
                    input = Input::Pipe {
                        downloaded: *downloaded,
                    };
                }
                (RedirectKind::Write | RedirectKind::Duplicate, _) => {}
            }
            if let Some(name) = &redirect.binds {
                self.emit(Simple {
                    assignments: vec![assigned(name)],
                    through: around.through.clone(),
                    ..Simple::default()
                });
            }
            redirects.push(Redirect { kind, target });
        }
        (redirects, input)
    }

    fn fields(&mut self, word: &RawWord, around: &Surroundings) -> Vec<Word> {
        let downloaded = self.substitutions(word, around);
        let words = expand::fields(word, around.dialect, &downloaded);
        self.note_unknown(&words, word);
        words
    }

    fn single(&mut self, word: &RawWord, around: &Surroundings) -> Word {
        let downloaded = self.substitutions(word, around);
        let words = [expand::single(word, &downloaded)];
        self.note_unknown(&words, word);
        let [word] = words;
        word
    }

    /// Lists what happens to expand a word. Says of each of its expansions
    /// whether its value is a download.
    fn substitutions(&mut self, word: &RawWord, around: &Surroundings) -> Vec<bool> {
        let mut downloaded = Vec::new();
        for part in &word.parts {
            let start = self.analysis.commands.len();
            match part {
                Part::Text { .. } => continue,
                Part::Expansion { inner, .. } => {
                    for inner in inner {
                        self.inner(inner, around);
                    }
                }
                Part::Process(script) => self.script(script, around),
            }
            downloaded.push(self.downloads_since(start));
        }
        downloaded
    }

    fn inner(&mut self, inner: &Inner, around: &Surroundings) {
        let own = |argv, assignments| Simple {
            assignments,
            through: around.through.clone(),
            ..Simple::of(argv)
        };
        match inner {
            Inner::Script(script) => self.script(script, around),
            Inner::Assigns(name) => self.emit(own(Vec::new(), vec![assigned(name)])),
            Inner::Computes => {
                let words = vec![Word::Known("((".to_owned()), Word::anything("…")];
                self.emit(own(words, Vec::new()));
            }
        }
    }

    /// Whether a program called `name` here is the function around it, beside
    /// something else.
    pub(crate) fn calls_itself(name: &str, around: &Surroundings) -> bool {
        around.beside && around.function.as_deref() == Some(name)
    }
}

/// A variable that is set to something unknown.
fn assigned(name: &str) -> Assignment {
    Assignment {
        name: name.to_owned(),
        value: Word::anything("…"),
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

/// What a command prints, where that is plain to see.
fn prints(simple: &Simple) -> Option<String> {
    if !simple.redirects.is_empty() {
        return None;
    }
    let words: Option<Vec<&str>> = simple.arguments().iter().map(Word::known).collect();
    let mut words = words?;
    match simple.program()? {
        "echo" => {
            if words.first().is_some_and(|first| *first == "-n") {
                words.remove(0);
            }
            let text = words.join(" ");
            let plain = !text.contains('\\') && !text.starts_with('-');
            plain.then_some(text)
        }
        "printf" => {
            let (format, values) = words.split_first()?;
            match (*format, values) {
                (format, []) if !format.contains('%') && !format.starts_with('-') => {
                    let text = format.replace("\\n", "\n");
                    (!text.contains('\\')).then_some(text)
                }
                ("%s" | "%s\\n", [text]) => Some((*text).to_owned()),
                _ => None,
            }
        }
        _ => None,
    }
}
