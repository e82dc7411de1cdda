//! Whole turns: a scripted model over real HTTP, real processes, real files,
//! the real gate, journal and boundary.
//!
//! The agent starts its own program anew, as the boundary's helper and to make
//! edits. Here that program is this one, so it has a `main` of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod boundary;
mod commands;
mod edits;
mod review;
mod scene;
mod turns;

use std::process::ExitCode;

use dam_testkit::tests;

fn main() -> ExitCode {
    dam_sandbox::take_over_if_helper();
    if std::env::args().nth(1).as_deref() == Some(dam_agent::APPLY_PATCH_WORD) {
        return dam_agent::apply_patch_main();
    }
    dam_testkit::harness::run(&[
        turns::TESTS,
        commands::TESTS,
        edits::TESTS,
        boundary::TESTS,
        review::TESTS,
    ])
}
