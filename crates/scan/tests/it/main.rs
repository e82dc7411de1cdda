//! Scans of real directories.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where its scene breaks"
)]

mod authorization;
mod fix;
mod forms;
mod policy;
mod taint;
mod tree;
