//! The engine: goes through the functions of a program with what is known of
//! every value, and notes where data of strangers does harm.
//!
//! It is an abstract interpreter. `interp` holds what it has and bounds what
//! it does; `exec`, `eval` and `call` go through statements, expressions and
//! calls; `fold`, `text`, `containers` and `objects` know constants, text,
//! lists, dictionaries and instances; `guard` reads checks; `route` knows what
//! frameworks call; `sink` and `pattern` find what is dangerous; `report` says
//! so. `types` is for languages that declare them; `jdk`, `jdk_objects` and
//! `jdk_pattern` know Java's own classes.

#![allow(
    clippy::unused_self,
    reason = "the interpreter's steps are its methods, whether or not one needs its state"
)]

mod call;
mod containers;
mod eval;
mod exec;
mod fold;
mod guard;
mod interp;
mod javascript;
mod jdk;
mod jdk_objects;
mod jdk_pattern;
mod objects;
mod pattern;
mod program;
mod prototype;
mod regex;
mod regex_text;
mod report;
mod route;
pub(super) mod script;
mod sink;
mod state;
mod text;
mod types;
mod value;

use serde::{Deserialize, Serialize};

use crate::Finding;

pub use interp::Tier;
pub(super) use program::is_script;
pub use program::{Program, Unit};

/// What was found in one module.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Outcome {
    /// What is dangerous, in any module that its functions lead to.
    pub findings: Vec<Finding>,
    /// Functions that were too much to go through in full: line and name.
    pub capped: Vec<(u32, String)>,
}

/// Goes through one module of a program.
pub fn analyse(program: &Program, module: usize) -> Outcome {
    let mut interp = interp::Interp::new(program, module);
    interp.run();
    Outcome {
        findings: interp.findings(),
        capped: interp.capped.into_iter().collect(),
    }
}
