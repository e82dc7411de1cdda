//! Simple commands: their words, assignments and redirections, for every
//! choice that their values leave.

use crate::analysis::{Assignment, Input, Redirect, RedirectKind, Simple, Spread, Word};
use crate::env::{Env, Value, Variable};
use crate::syntax::{self, RawRedirect, RawWord};
use crate::unwrap::{Launch, Place};

use super::{Done, Surroundings, Walker};

/// More variants of one command are not listed.
const MOST_VARIANTS: usize = 16;

/// The choices made where a value may be one of several.
#[derive(Debug, Default)]
pub(super) struct Tape {
    /// What was chosen, of how many.
    made: Vec<(usize, usize)>,
    at: usize,
}

impl Tape {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.made.len() {
            self.made.push((0, of));
        }
        let chosen = self.made[self.at].0;
        self.at += 1;
        chosen
    }

    /// Goes on to the next choices. False after the last.
    fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, of)) = self.made.pop() {
            if chosen + 1 < of {
                self.made.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

impl Walker {
    /// One of `of` choices, where the command at hand is listed for each.
    pub(super) fn choose(&mut self, of: usize) -> Option<usize> {
        self.tape.as_mut().map(|tape| tape.choose(of))
    }

    /// What `act` does, once for every choice that it meets.
    fn for_every_choice(&mut self, act: &mut dyn FnMut(&mut Self) -> Done) -> Done {
        let outer = self.tape.take();
        let before = self.env.clone();
        let mut tape = Tape::default();
        let mut all: Option<(Done, Env)> = None;
        for variant in 0.. {
            self.tape = Some(tape);
            let done = act(self);
            tape = self.tape.take().unwrap_or_default();
            all = Some(match all {
                None => (done, self.env.clone()),
                Some((other, env)) => {
                    let this = std::mem::take(&mut self.env);
                    (other.or(&done), env.or(&this))
                }
            });
            if !tape.advance() {
                break;
            }
            if variant + 1 >= MOST_VARIANTS {
                self.opaque("a command has more variants than are listed");
                break;
            }
            self.env = before.clone();
            if variant == 0 {
                self.repeats += 1;
            }
        }
        self.tape = outer;
        let Some((done, env)) = all else {
            return Done::default();
        };
        if env != self.env || self.repeats > 0 {
            self.env = env;
        }
        done
    }

    pub(super) fn simple(
        &mut self,
        assignments: &[syntax::Assignment],
        words: &[RawWord],
        redirects: &[syntax::Redirect],
        around: &Surroundings,
    ) -> Done {
        let repeats = self.repeats;
        let done = self.for_every_choice(&mut |walker| {
            walker.simple_once(assignments, words, redirects, around)
        });
        self.repeats = repeats;
        done
    }

    fn simple_once(
        &mut self,
        assignments: &[syntax::Assignment],
        words: &[RawWord],
        raw_redirects: &[syntax::Redirect],
        around: &Surroundings,
    ) -> Done {
        let mut given: Vec<(Assignment, Option<Variable>, Value)> = Vec::new();
        for assignment in assignments {
            let old = self.env.variable(&assignment.name);
            let (shown, value) = self.assign(assignment, around);
            given.push((shown, old, value));
        }
        if !words.is_empty() {
            for (shown, old, _) in given.iter().rev() {
                self.env.restore(&shown.name, old.clone());
            }
        }
        let argv: Vec<Word> = words
            .iter()
            .flat_map(|word| self.fields(word, around))
            .collect();
        let (redirects, input) = self.redirects(raw_redirects, around);
        // Without a program they stay, also where there may be none.
        let stays = argv.is_empty();
        if argv.iter().all(|word| word.spread() != Spread::One) && !words.is_empty() {
            for (shown, _, value) in &given {
                let before = self.env.clone();
                self.env.set(&shown.name, value.clone());
                if !stays {
                    self.env = std::mem::take(&mut self.env).or(&before);
                }
            }
        }
        let reads = redirects.iter().any(|one| one.kind == RedirectKind::Read);
        let launch = Launch {
            words: argv,
            assignments: given.into_iter().map(|(shown, ..)| shown).collect(),
            redirects,
            place: Place::Shell,
        };
        if launch.words.is_empty() {
            let ran = words.iter().flat_map(|word| &word.parts).any(|_| true);
            self.launch(launch, around);
            let done = Done {
                succeeds: (!ran && raw_redirects.is_empty()).then_some(true),
                ..Done::silent()
            };
            return if reads { Done::default() } else { done };
        }
        let read = self.env.read;
        let own_input = input != around.input;
        if own_input {
            self.env.read = Some(0);
        }
        let done = self.launch(
            launch,
            &Surroundings {
                input,
                ..around.clone()
            },
        );
        if own_input {
            self.env.read = read;
        }
        done
    }

    /// Sets a variable. Yields the assignment to show, and the value.
    fn assign(&mut self, raw: &syntax::Assignment, around: &Surroundings) -> (Assignment, Value) {
        let mut elements = raw.elements.as_ref().map(|elements| {
            elements
                .iter()
                .flat_map(|word| self.fields(word, around))
                .collect::<Vec<_>>()
        });
        for word in elements.iter().flatten() {
            self.note(word);
        }
        let shown = self.single(&raw.value, around);
        let indexed = |word: &&RawWord| {
            matches!(word.parts.first(), Some(syntax::Part::Text { text, quoted: false })
                if text.starts_with('['))
        };
        if raw.elements.iter().flatten().any(|word| indexed(&word)) {
            elements = None;
        }
        let value = match elements {
            _ if raw.index => Value::Unknown,
            Some(words) if words.iter().all(|word| word.spread() == Spread::One) && !raw.append => {
                Value::Array(words.into())
            }
            _ if raw.elements.is_some() => Value::Unknown,
            _ if raw.append => self.appended(&raw.name, &shown),
            _ => Value::of(shown.clone()),
        };
        self.env.set(&raw.name, value.clone());
        let name = raw.name.clone();
        (Assignment { name, value: shown }, value)
    }

    fn appended(&self, name: &str, more: &Word) -> Value {
        match (self.env.value(name), more) {
            (Value::Scalar(words), Word::Known(more)) => Value::Scalar(
                words
                    .into_iter()
                    .map(|word| match word {
                        Word::Known(text) => Word::Known(text + more),
                        word @ Word::Unknown { .. } => word,
                    })
                    .collect(),
            ),
            (Value::Unset, Word::Known(more)) => Value::text(more),
            (Value::Open, more) => Value::Either(vec![more.clone()]),
            _ => Value::Unknown,
        }
    }

    pub(super) fn test(
        &mut self,
        words: &[RawWord],
        redirects: &[syntax::Redirect],
        around: &Surroundings,
    ) -> Done {
        let mut argv = vec![Word::Known("[[".to_owned())];
        argv.extend(words.iter().map(|word| self.single(word, around)));
        let (redirects, input) = self.redirects(redirects, around);
        self.emit(Simple {
            redirects,
            input,
            through: around.through.clone(),
            directory: self.env.directory.as_deref().map(ToOwned::to_owned),
            ..Simple::of(argv)
        });
        Done::silent()
    }

    /// The redirections of a command, and where its input comes from then.
    pub(super) fn redirects(
        &mut self,
        raw: &[syntax::Redirect],
        around: &Surroundings,
    ) -> (Vec<Redirect>, Input) {
        let mut input = around.input.clone();
        let mut redirects = Vec::new();
        for redirect in raw {
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
                (RedirectKind::Read | RedirectKind::Text, _) if redirect.descriptor != Some(0) => {}
                (
                    RedirectKind::Read,
                    Word::Unknown {
                        holds: Some(text), ..
                    },
                ) => {
                    input = Input::Text(text.clone());
                }
                (RedirectKind::Read, _) => input = Input::File(target.clone()),
                (RedirectKind::Text, Word::Known(text)) => {
                    let end = match redirect.kind {
                        RawRedirect::HereString => "\n",
                        _ => "",
                    };
                    input = Input::Text(format!("{text}{end}"));
                }
                (RedirectKind::Text, word) => {
                    input = Input::Pipe {
                        downloaded: word.is_downloaded(),
                    };
                }
                (RedirectKind::Duplicate, _) if redirect.descriptor == Some(0) => {
                    input = Input::Pipe { downloaded: false };
                }
                (RedirectKind::Write | RedirectKind::Duplicate, _) => {}
            }
            if let Some(name) = &redirect.binds {
                self.emit_assigned(name, around);
            }
            redirects.push(Redirect {
                kind,
                target,
                descriptor: redirect.descriptor,
            });
        }
        (redirects, input)
    }

    /// Lists that a variable is set to something unknown.
    pub(super) fn emit_assigned(&mut self, name: &str, around: &Surroundings) {
        self.env.set(name, Value::Unknown);
        self.emit(Simple {
            assignments: vec![Assignment {
                name: name.to_owned(),
                value: Word::anything("…"),
            }],
            through: around.through.clone(),
            directory: self.env.directory.as_deref().map(ToOwned::to_owned),
            ..Simple::default()
        });
    }
}
