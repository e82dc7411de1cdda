//! Proofs, in the real boundary with real interpreters and frameworks. The
//! boundary starts its program anew as its helper; here that is this one, so it
//! has a `main` of its own.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends where its scene breaks, and says what it skips"
)]

mod alone;
mod hostile;
mod node;
mod python;
mod scene;

use std::process::ExitCode;

use dam_testkit::tests;

fn main() -> ExitCode {
    dam_sandbox::take_over_if_helper();
    dam_testkit::harness::run(&[python::TESTS, node::TESTS, alone::TESTS, hostile::TESTS])
}
