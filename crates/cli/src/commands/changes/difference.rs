//! What changes inside of a file, line by line.

use dam_sandbox::transaction::{Change, ChangeKind, Entry, Transaction};
use similar::{Algorithm, TextDiff};

use crate::error::CommandError;
use crate::output::Output;

/// Longer files are not compared line by line.
const MOST_BYTES: u64 = 1024 * 1024;
/// How long comparing one file may take before the answer gets coarse.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Prints it below the change's own line.
pub(super) fn print(
    transaction: &Transaction,
    change: &Change,
    output: &mut Output,
) -> Result<(), CommandError> {
    let holds_the_same = matches!(change.kind, ChangeKind::Renamed | ChangeKind::Linked);
    if change.entry != Entry::File || holds_the_same {
        return Ok(());
    }
    let (before, after) = transaction.contents(change, MOST_BYTES);
    let too_long = |size: Option<u64>| size.is_some_and(|size| size > MOST_BYTES);
    if too_long(change.size.0) || too_long(change.size.1) {
        return output.data("  (too long to compare)");
    }
    let before = String::from_utf8(before.unwrap_or_default());
    let after = String::from_utf8(after.unwrap_or_default());
    let (Ok(before), Ok(after)) = (before, after) else {
        return output.data("  (not text)");
    };
    if before.contains('\0') || after.contains('\0') {
        return output.data("  (not text)");
    }
    let difference = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .diff_lines(&before, &after);
    for hunk in difference.unified_diff().iter_hunks() {
        for line in hunk.to_string().lines() {
            output.data(&format!("  {}", dam_journal::clean(line)))?;
        }
    }
    Ok(())
}
