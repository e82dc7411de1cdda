//! The turn loop, the tools and the sessions of our own agent.

pub mod patch;

pub use patch::{APPLY_PATCH_WORD, apply_patch_main};
