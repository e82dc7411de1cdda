//! The boundary around real processes, as a program that uses this crate sees
//! it. It starts itself anew as the boundary's helper, so it has a `main` of
//! its own.
#![expect(clippy::expect_used, reason = "a test ends where its scene breaks")]

mod asking;
mod dialler;
mod ground;
mod handed_in;
mod model;
mod own;
mod road;
mod scene;
mod told;
mod ways_out;

use std::process::ExitCode;

use dam_testkit::tests;

fn main() -> ExitCode {
    dam_sandbox::take_over_if_helper();
    if std::env::args().nth(1).as_deref() == Some(model::PROBE_WORD) {
        model::probe_main();
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some(dialler::DIALLER) {
        dialler::dialler_main();
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some(ways_out::TRIER) {
        ways_out::trier_main();
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some(told::COMPARER) {
        told::comparer_main();
        return ExitCode::SUCCESS;
    }
    dam_testkit::harness::run(&[
        asking::TESTS,
        model::TESTS,
        own::TESTS,
        handed_in::TESTS,
        road::TESTS,
        told::TESTS,
        ways_out::TESTS,
    ])
}
