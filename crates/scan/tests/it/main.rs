//! Scans of real directories.

mod tree;
