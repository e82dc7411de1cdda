//! Whole turns: a scripted model over real HTTP, real processes, real files,
//! the real gate, journal and boundary.
//!
//! The agent starts its own program anew, as the boundary's helper and to make
//! edits. Here that program is this one, so it has a `main` of its own, which
//! speaks as much of the usual test protocol as test runners need.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has to stop, and a harness prints"
)]

mod boundary;
mod commands;
mod edits;
mod scene;
mod turns;

use std::panic::catch_unwind;
use std::process::ExitCode;

/// A test and its name.
type Test = (&'static str, fn());

/// The tests of a module, by the names of their functions.
macro_rules! tests {
    ($($name:ident)*) => {
        pub const TESTS: &[crate::Test] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}
use tests;

fn main() -> ExitCode {
    dam_sandbox::take_over_if_helper();
    if std::env::args().nth(1).as_deref() == Some(dam_agent::APPLY_PATCH_WORD) {
        return dam_agent::apply_patch_main();
    }
    let tests = [turns::TESTS, commands::TESTS, edits::TESTS, boundary::TESTS].concat();
    let wish = Wish::read(std::env::args().skip(1));
    let chosen: Vec<Test> = tests
        .into_iter()
        .filter(|(name, _)| wish.wants(name))
        .collect();
    if wish.list {
        for (name, _) in chosen {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let failed = chosen.iter().filter(|test| !passes(test)).count();
    println!("test result: {} run, {failed} failed", chosen.len());
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn passes((name, test): &Test) -> bool {
    let passed = catch_unwind(test).is_ok();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}

/// What the test runner wants.
#[derive(Default)]
struct Wish {
    list: bool,
    ignored: bool,
    exact: bool,
    names: Vec<String>,
}

impl Wish {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let mut wish = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--list" => wish.list = true,
                "--ignored" => wish.ignored = true,
                "--exact" => wish.exact = true,
                // These have a value.
                "--format" | "--color" | "--test-threads" | "--skip" | "--logfile" => {
                    arguments.next();
                }
                other if other.starts_with('-') => {}
                name => wish.names.push(name.to_owned()),
            }
        }
        wish
    }

    fn wants(&self, name: &str) -> bool {
        let named = |wanted: &String| {
            if self.exact {
                name == wanted
            } else {
                name.contains(wanted)
            }
        };
        // No test is ignored.
        !self.ignored && (self.names.is_empty() || self.names.iter().any(named))
    }
}
