//! What is fuzzed: one function for each reader of text from outside.
//!
//! A target panics where a law is broken; that it ends, and soon, is seen by
//! whoever runs it. Two do: `tests/it` with a few thousand inputs made from
//! [`Target::seeds`] on every test run, and libFuzzer, guided by coverage, by
//! hand: `libfuzzer/` has one program for each target, CONTRIBUTING.md says
//! how to run them.

mod agent;
mod egress;
mod gate;
mod journal;
mod scan;
mod settings;

/// One reader of text from outside.
#[derive(Debug)]
pub struct Target {
    /// Its name, which is also that of its program in `libfuzzer/`.
    pub name: &'static str,
    /// Gives it any bytes.
    pub run: fn(&[u8]),
    /// Inputs to begin with: whatever is accepted in full.
    pub seeds: &'static [&'static str],
}

/// Every target.
pub const TARGETS: &[Target] = &[
    gate::SHELL,
    gate::POLICY,
    agent::PATCH,
    settings::CONFIG,
    settings::RULES,
    settings::REQUIREMENTS,
    journal::TEXT,
    journal::RECORD,
    egress::DNS,
    egress::HELLO,
    egress::HTTP,
    egress::SOCKS,
    scan::GITLEAKS,
];

/// Gives a target its input, for the programs in `libfuzzer/`.
///
/// # Panics
///
/// Where no target has that name, and where a law of the target is broken.
#[expect(clippy::panic, reason = "a fuzzer finds out by a panic")]
pub fn run(name: &str, input: &[u8]) {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => (target.run)(input),
        None => panic!("there is no target `{name}`"),
    }
}
