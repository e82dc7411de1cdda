//! Commands that hold other commands: which of them run, and what is known
//! after them.

use crate::analysis::{Assignment, Input, Simple, Spread, Word};
use crate::env::{Env, Value};
use crate::syntax::{Command, Kind, Part, RawWord, Script};

use super::{Done, Surroundings, Walker};

/// A loop over more words is walked through once, with the words unknown.
const MOST_ROUNDS: usize = 16;

impl Walker {
    pub(super) fn compound(&mut self, command: &Command, around: &Surroundings) -> Done {
        let mut own = Simple {
            through: around.through.clone(),
            ..Simple::default()
        };
        let mut listed = None;
        match &command.kind {
            Kind::For { name, words, .. } => {
                own.assignments = vec![Assignment {
                    name: name.clone(),
                    value: Word::anything("…"),
                }];
                listed = words.as_ref().map(|words| self.words(words, around));
            }
            Kind::Case { word, clauses } => {
                let patterns = clauses.iter().flat_map(|(patterns, _)| patterns);
                for word in std::iter::once(word).chain(patterns) {
                    let words = self.words(std::slice::from_ref(word), around);
                    for word in &words {
                        self.note(word);
                    }
                }
            }
            Kind::Arithmetic { inner, .. } => {
                self.words(std::slice::from_ref(inner), around);
            }
            _ => {}
        }
        for word in listed.iter().flatten() {
            self.note(word);
        }
        let (redirects, input) = self.redirects(&command.redirects, around);
        let prints_here = redirects.is_empty();
        own.redirects = redirects;
        own.directory = self.env.directory.as_deref().map(ToOwned::to_owned);
        if !own.assignments.is_empty() || !own.redirects.is_empty() {
            self.emit(own);
        }
        let read = self.env.read;
        let fresh = input != around.input;
        if fresh {
            self.env.read = Some(0);
        }
        let inside = Surroundings {
            input,
            ..around.clone()
        };
        let mut done = self.body(&command.kind, listed, &inside);
        if fresh {
            self.env.read = read;
        }
        if !prints_here {
            done.printed = None;
        }
        done
    }

    fn words(&mut self, words: &[RawWord], around: &Surroundings) -> Vec<Word> {
        words
            .iter()
            .flat_map(|word| match word.parts.as_slice() {
                // Arithmetic stands for itself: it has no words.
                [Part::Expansion { .. }] if word.written.is_empty() => {
                    self.single(word, around);
                    Vec::new()
                }
                _ => self.fields(word, around),
            })
            .collect()
    }

    fn body(&mut self, kind: &Kind, listed: Option<Vec<Word>>, around: &Surroundings) -> Done {
        match kind {
            Kind::Group { body, apart: true } => self.apart(|walker| walker.script(body, around)),
            Kind::Group { body, apart: false } => self.script(body, around),
            Kind::If { arms, otherwise } => self.conditional(arms, otherwise.as_ref(), around),
            Kind::While { condition, body } => self.repetition(condition, body, around),
            Kind::For {
                name, body, select, ..
            } => {
                let words = match (select, listed) {
                    (true, _) => None,
                    (false, Some(words)) => Some(words),
                    (false, None) => self.env.words.as_ref().map(|words| words.to_vec()),
                };
                self.loop_over(name, words, body, around)
            }
            Kind::Case { clauses, .. } => self.case(clauses, around),
            Kind::Arithmetic { body, .. } => {
                if let Some(body) = body {
                    self.until_stable(&mut |walker| {
                        walker.script(body, around);
                    });
                }
                Done::silent()
            }
            Kind::Coprocess { name, body } => {
                let inside = Surroundings {
                    input: Input::Pipe { downloaded: false },
                    beside: true,
                    ..around.clone()
                };
                self.apart(|walker| walker.deeper(|walker| walker.command(body, &inside)));
                self.emit_assigned(name, around);
                Done::default()
            }
            Kind::Simple { .. } | Kind::Test(_) | Kind::Function { .. } => Done::default(),
        }
    }

    fn conditional(
        &mut self,
        arms: &[(Script, Script)],
        otherwise: Option<&Script>,
        around: &Surroundings,
    ) -> Done {
        let mut ends: Vec<Env> = Vec::new();
        let mut done: Option<Done> = None;
        let mut reached = true;
        let mut quiet = true;
        for (condition, then) in arms {
            let met = self.script(condition, around);
            quiet &= met.printed.as_deref() == Some("");
            let before = self.env.clone();
            let then = self.script(then, around);
            let after = std::mem::replace(&mut self.env, before);
            if reached && met.succeeds != Some(false) {
                ends.push(after);
                done = Some(match done {
                    None => then,
                    Some(other) => other.or(&then),
                });
            }
            reached &= met.succeeds != Some(true);
        }
        let before = self.env.clone();
        let rest = match otherwise {
            Some(script) => self.script(script, around),
            None => Done::quietly(),
        };
        if reached {
            done = Some(match done {
                None => rest,
                Some(other) => other.or(&rest),
            });
        } else {
            self.env = before;
            if let Some(first) = ends.pop() {
                self.env = first;
            }
        }
        for end in ends {
            let this = std::mem::take(&mut self.env);
            self.env = this.or(&end);
        }
        let mut done = done.unwrap_or_default();
        if !quiet {
            done.printed = None;
        }
        done
    }

    fn case(&mut self, clauses: &[(Vec<RawWord>, Script)], around: &Surroundings) -> Done {
        let before = self.env.clone();
        let mut all = before.clone();
        let mut last = before.clone();
        for (_, body) in clauses {
            // A clause may be run after the one before it.
            self.env = before.clone().or(&last);
            self.script(body, around);
            last = std::mem::take(&mut self.env);
            all = all.or(&last);
        }
        self.env = all;
        Done::default()
    }

    fn loop_over(
        &mut self,
        name: &str,
        words: Option<Vec<Word>>,
        body: &Script,
        around: &Surroundings,
    ) -> Done {
        let exact = words.as_ref().is_some_and(|words| {
            words.len() <= MOST_ROUNDS && words.iter().all(|word| word.spread() == Spread::One)
        });
        let escapes = self.escapes.len();
        match words {
            Some(words) if exact && !words.is_empty() => {
                let mut all = Done::quietly();
                let mut early = Vec::new();
                self.repeats += usize::from(words.len() > 1);
                for word in &words {
                    self.env.set(name, Value::of(word.clone()));
                    let done = self.script(body, around);
                    all.printed = match (all.printed.take(), done.printed) {
                        (Some(before), Some(more)) => Some(before + &more),
                        _ => None,
                    };
                    early.push(self.env.clone());
                }
                self.repeats -= usize::from(words.len() > 1);
                if self.escapes.len() > escapes {
                    all.printed = None;
                    for env in early {
                        let this = std::mem::take(&mut self.env);
                        self.env = this.or(&env);
                    }
                    self.join_escapes(escapes);
                }
                all.succeeds = None;
                all
            }
            words => {
                let values = words.map_or(Value::Unknown, |words| each(&words));
                self.until_stable(&mut |walker| {
                    walker.env.set(name, values.clone());
                    walker.script(body, around);
                });
                Done::default()
            }
        }
    }

    fn repetition(&mut self, condition: &Script, body: &Script, around: &Surroundings) -> Done {
        // `while read` over text that is known goes line by line.
        let escapes = self.escapes.len();
        let mut rounds = 0;
        let known = matches!(around.input, Input::Text(_));
        while known && rounds < MOST_ROUNDS {
            let read = self.env.read;
            let met = self.script(condition, around);
            if met.succeeds == Some(false) && self.env.read.is_some() {
                self.join_escapes(escapes);
                self.repeats -= usize::from(rounds > 0);
                return Done::default();
            }
            if met.succeeds.is_none() || self.env.read == read {
                break;
            }
            self.script(body, around);
            rounds += 1;
            self.repeats += usize::from(rounds == 1);
        }
        self.repeats -= usize::from(rounds > 0);
        self.until_stable(&mut |walker| {
            walker.script(condition, around);
            walker.script(body, around);
        });
        Done::default()
    }

    /// Walks through a body that runs any number of times, until nothing new
    /// is known after it.
    pub(super) fn until_stable(&mut self, body: &mut dyn FnMut(&mut Self)) {
        const ROUNDS: usize = 5;
        let escapes = self.escapes.len();
        self.repeats += 1;
        for round in 0..ROUNDS {
            let before = self.env.clone();
            body(self);
            self.join_escapes(escapes);
            let after = std::mem::take(&mut self.env).or(&before);
            self.env = after;
            if self.env == before {
                break;
            }
            if round >= 1 {
                self.env.widen(&before);
            }
            if round + 1 == ROUNDS {
                self.env.forget();
                body(self);
                self.env.forget();
            }
        }
        self.repeats -= 1;
    }

    /// Adds what is known where the body was left early.
    pub(super) fn join_escapes(&mut self, from: usize) {
        for env in self.escapes.split_off(from.min(self.escapes.len())) {
            let this = std::mem::take(&mut self.env);
            self.env = this.or(&env);
        }
    }
}

/// What the variable of a loop over these words may be.
fn each(words: &[Word]) -> Value {
    let one = |word: &Word| match word {
        Word::Unknown {
            spread: Spread::Any,
            ..
        } => Word::anything("…"),
        word => word.clone(),
    };
    if words.is_empty() || words.len() > MOST_ROUNDS / 2 {
        return Value::Unknown;
    }
    Value::Scalar(words.iter().map(one).collect())
}
