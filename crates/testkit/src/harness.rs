//! A `main` for test programs that start themselves anew: as the boundary's
//! helper, for one. It speaks as much of the usual test protocol as test
//! runners need.
#![expect(clippy::print_stdout, reason = "a harness prints")]

use std::panic::catch_unwind;
use std::process::ExitCode;

/// A test and its name.
pub type Test = (&'static str, fn());

/// The tests of a module, by the names of their functions, as `TESTS`.
#[macro_export]
macro_rules! tests {
    ($($name:ident)*) => {
        pub const TESTS: &[$crate::harness::Test] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}

/// Runs what the test runner's words in the arguments ask for.
pub fn run(modules: &[&[Test]]) -> ExitCode {
    let wish = Wish::read(std::env::args().skip(1));
    let tests = modules.iter().copied().flatten();
    let chosen: Vec<&Test> = tests.filter(|(name, _)| wish.wants(name)).collect();
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
