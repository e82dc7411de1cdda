//! What differs between two texts, line by line.

use similar::{Algorithm, TextDiff};

use crate::error::CommandError;
use crate::output::Output;

/// How long comparing may take before the answer gets coarse.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Prints the lines that differ, with those around them, each made harmless.
pub fn lines(
    before: &str,
    after: &str,
    harmless: fn(&str) -> String,
    output: &mut Output,
) -> Result<(), CommandError> {
    let difference = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .diff_lines(before, after);
    for hunk in difference.unified_diff().iter_hunks() {
        for line in hunk.to_string().lines() {
            output.data(&format!("  {}", harmless(line)))?;
        }
    }
    Ok(())
}
