//! The crate as its users meet it: real files in real directories, and the
//! settings or the error that come of them.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod arbitrary;
mod boundaries;
mod files;
mod git;
mod layers;
mod network;
mod permissions;
mod pinned;
mod profiles_refused;
mod refusals;
mod requirements;
mod requirements_refused;
mod rules;
mod rules_read;
mod secrets;
mod sensitivity;
mod signatures;
mod telemetry;
mod trust;
mod world;
