//! Scans of real directories.

mod authorization;
mod tree;
