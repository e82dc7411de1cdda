//! The command as its users meet it: the real binary, in a place of its own.
#![expect(clippy::expect_used, reason = "a test ends where its scene breaks")]

mod asking;
mod boundary;
mod demo;
mod doctor;
#[cfg(target_os = "linux")]
mod egress;
mod exec;
mod fix;
mod git;
mod guard;
mod help;
mod import;
mod journal;
mod learn;
mod limits;
mod output;
mod patterns;
mod policy;
mod refusals;
mod requirements;
mod scan;
mod settings;
mod status;
mod telemetry;
mod terminal;
#[cfg(target_os = "linux")]
mod tiers;
mod transaction;
mod trust;

use dam_testkit::environment::Environment;

/// A place to run the binary in.
fn environment() -> Environment {
    Environment::new(env!("CARGO_BIN_EXE_dam"))
}

/// Environments for everybody that these tests can be: root and an ordinary
/// user, or whoever runs them.
fn everybody() -> Vec<Environment> {
    let ordinary = Environment::as_ordinary_user(env!("CARGO_BIN_EXE_dam"));
    [environment()].into_iter().chain(ordinary).collect()
}
