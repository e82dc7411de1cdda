//! The language of rules: Starlark, as much of it as lists of rules need.
//!
//! Expressions, assignments, `if`, `for`, `def` and comprehensions; no `load`,
//! no `lambda`, no `while`. What it knows means what it means in Starlark, and
//! what it does not know is an error. Every run is bounded in steps, size and
//! depth. It is a reader of its own because the whole language would cost each
//! start of `dam` more than everything else about rules.

mod functions;
mod methods;
mod names;
mod operations;
mod run;
mod syntax;
mod token;
mod tree;
mod value;

use std::ops::Range;

use crate::error::Problem;
use crate::source::nearest;

pub(crate) use run::run;
pub(crate) use value::{Heap, Value};

/// What is wrong, and where in the text.
#[derive(Debug)]
pub(crate) struct Fault {
    pub at: Range<usize>,
    pub problem: Problem,
}

/// A call of one of the host's functions.
#[derive(Debug)]
pub(crate) struct Call {
    pub name: &'static str,
    pub positional: Vec<Value>,
    pub named: Vec<(String, Value)>,
    pub at: Range<usize>,
}

/// What the language is used in.
pub(crate) trait Host {
    /// The names of its functions.
    fn names(&self) -> &'static [&'static str];

    /// Does one of them.
    fn call(&mut self, heap: &Heap, call: &Call) -> Result<(), Fault>;
}

impl Fault {
    pub(crate) fn new(at: Range<usize>, text: String) -> Self {
        Self {
            at,
            problem: Problem::new(text),
        }
    }

    /// A name that means nothing, with the nearest that does.
    pub(crate) fn unknown(
        at: Range<usize>,
        name: &str,
        known: impl Iterator<Item = &'static str>,
    ) -> Self {
        let problem = Problem::new(format!("`{name}` means nothing here"));
        let problem = match nearest(name, known) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        };
        Self { at, problem }
    }
}
