//! What changes inside of a file, line by line.

use crate::commands::difference::lines;
use crate::error::CommandError;
use crate::output::Output;
use dam_sandbox::transaction::{Change, ChangeKind, Entry, Transaction};

/// Longer files are not compared line by line.
const MOST_BYTES: u64 = 1024 * 1024;

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
    lines(&before, &after, dam_journal::clean, output)
}
