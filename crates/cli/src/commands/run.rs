//! `dam run`: any program inside the boundary.

use super::trust::settings_after_asking;
use crate::arguments::Run;
use crate::boxed::{self, Typed};
use crate::error::CommandError;
use crate::output::{Output, WARNING};
use crate::settings;
use crate::variables::Variables;

/// Runs the command; its exit code is ours.
pub fn run(run: Run, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let options = settings::options(&run.grants, &run.approvals)?;
    let mut settings = settings_after_asking(&options, variables, true, output)?;
    settings::limit(&mut settings, &run.grants)?;
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    let typed = Typed {
        front: "run",
        words: run.command.words,
        grants: run.grants,
        transaction: run.hold_back.transaction,
    };
    let outcome = boxed::run(&typed, &settings, variables, output)?;
    let refused = outcome.denials.len() as u64 + outcome.unreported;
    if refused > 0 {
        let count = boxed::count_refused(refused);
        output.note(&format!("{count}; `dam log show latest` lists them"));
    }
    Ok(boxed::exit_code(outcome.status))
}
