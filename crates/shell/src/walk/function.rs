//! Functions: what runs when they are called, and those that nothing calls.

use std::rc::Rc;

use crate::analysis::{Simple, Word};
use crate::env::{Body, Env};
use crate::syntax::Command;

use super::{Done, Surroundings, Walker};

/// A function that calls itself with other words is followed this often.
const DEEPEST_CALLS: usize = 4;

/// A function that was defined.
pub(super) struct Defined {
    name: Rc<str>,
    body: Rc<Command>,
    around: Surroundings,
    called: bool,
}

/// A call that is being walked through.
pub(super) struct Called {
    body: Body,
    env: Env,
}

impl Walker {
    pub(super) fn define(&mut self, name: &str, body: &Rc<Command>, around: &Surroundings) -> Done {
        self.emit(Simple {
            through: around.through.clone(),
            ..Simple::of(vec![
                Word::Known("function".to_owned()),
                Word::Known(name.to_owned()),
            ])
        });
        self.env.define(name, Rc::clone(body));
        if !self
            .defined
            .iter()
            .any(|known| Rc::ptr_eq(&known.body, body))
        {
            self.defined.push(Defined {
                name: Rc::from(name),
                body: Rc::clone(body),
                around: around.clone(),
                called: false,
            });
        }
        Done::quietly()
    }

    /// Calls a function with these words.
    pub(crate) fn call(
        &mut self,
        name: &str,
        bodies: &[Body],
        words: Option<&[Word]>,
        around: &Surroundings,
    ) -> Done {
        let before = self.env.clone();
        let mut all: Option<(Done, Env)> = None;
        for body in bodies {
            self.env = before.clone();
            let done = self.call_one(name, body, words, around);
            let env = std::mem::take(&mut self.env);
            all = Some(match all {
                None => (done, env),
                Some((other, known)) => (other.or(&done), known.or(&env)),
            });
        }
        let (done, env) = all.unwrap_or_default();
        self.env = env;
        done
    }

    fn call_one(
        &mut self,
        name: &str,
        body: &Body,
        words: Option<&[Word]>,
        around: &Surroundings,
    ) -> Done {
        for known in &mut self.defined {
            known.called |= Rc::ptr_eq(&known.body, &body.0);
        }
        let outer = std::mem::replace(&mut self.env.words, words.map(Rc::from));
        let same: Vec<&Called> = self
            .calls
            .iter()
            .filter(|call| call.body == *body)
            .collect();
        if same.iter().any(|call| call.env == self.env) {
            self.env.words = outer;
            return Done::default();
        }
        if same.len() >= DEEPEST_CALLS {
            self.opaque(format!("`{name}` calls itself deeper than is followed"));
            self.env.forget();
            return Done::default();
        }
        self.calls.push(Called {
            body: body.clone(),
            env: self.env.clone(),
        });
        let escapes = self.escapes.len();
        let inside = Surroundings {
            function: Some(Rc::from(name)),
            beside: false,
            ..around.clone()
        };
        self.locals.push(Vec::new());
        self.repeats += 1;
        let mut done = self.deeper(|walker| walker.command(&body.0, &inside));
        self.repeats -= 1;
        if self.escapes.len() > escapes {
            done = Done::default();
            self.join_escapes(escapes);
        }
        for (name, variable) in self.locals.pop().unwrap_or_default().into_iter().rev() {
            self.env.restore(&name, variable);
        }
        self.calls.pop();
        self.env.words = outer;
        done
    }

    /// What functions would run that nothing calls.
    pub(super) fn uncalled(&mut self) {
        let mut at = 0;
        while at < self.defined.len() {
            let known = &self.defined[at];
            at += 1;
            if known.called {
                continue;
            }
            let around = Surroundings {
                function: Some(Rc::clone(&known.name)),
                beside: false,
                ..known.around.clone()
            };
            let body = Rc::clone(&known.body);
            self.env = self.env.anew();
            self.deeper(|walker| walker.command(&body, &around));
        }
    }
}
