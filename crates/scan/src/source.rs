//! Where files come from: a directory, and what git keeps.

mod walk;

use std::path::PathBuf;

pub use walk::walk;

/// What could not be read at all. Single files that cannot be read are gaps.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing to scan.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// What was to be scanned.
        path: PathBuf,
        /// Why it cannot be.
        source: std::io::Error,
    },
}
