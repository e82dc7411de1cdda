//! What the policy crate promises, from outside.

mod environment;
mod evaluate;
mod files;
mod layers;
mod protected;
