//! What the policy crate promises, from outside.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod command_rules;
mod environment;
mod evaluate;
mod files;
mod git_index;
mod globs;
mod layers;
mod network;
mod network_floor;
mod profiles;
mod protected;
mod repository;
mod requirements;
mod sensitivity;
