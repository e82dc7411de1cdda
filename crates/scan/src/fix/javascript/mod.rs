//! Right forms in JavaScript and TypeScript.

use super::{NoFix, Proposal, Surroundings, no_fix};
use crate::{Finding, SourceFile};

/// What could be written instead.
pub(super) fn propose(
    finding: &Finding,
    _file: &SourceFile<'_>,
    _around: &Surroundings,
) -> Result<Vec<Proposal>, NoFix> {
    Err(no_fix(format!(
        "there is no one right form for `{}` in JavaScript",
        finding.rule
    )))
}
