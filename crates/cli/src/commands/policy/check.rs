//! `dam policy check`: the verdict on a command that nobody runs.

use clap::Args;
use dam_gate::{Gate, Nobody, Request};
use dam_policy::{Decision, Verdict};
use serde::Serialize;

use crate::arguments::{Approvals, Grants, Words};
use crate::boxed;
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::output::{HINT, Output};
use crate::settings;
use crate::variables::Variables;

/// `dam policy check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
    /// What would run.
    #[command(flatten)]
    pub command: Words,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Checked<'a> {
    verdict: Decision,
    reasons: Vec<&'a str>,
    details: &'a Verdict,
}

/// Says what the policy says of the command.
pub fn run(check: &Check, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    if check.command.words.is_empty() {
        return Err(boxed::no_command("policy check"));
    }
    let options = settings::options(&check.grants, &check.approvals)?;
    let mut settings = settings::load(&options, variables, true)?;
    settings::limit(&mut settings, &check.grants)?;
    let gate = Gate::new(settings.posture.clone(), Box::new(Nobody));
    let verdict = gate.judge(&Request::Command {
        argv: boxed::text(&check.command.words),
        cwd: settings.cwd.clone(),
        escalation: None,
    });
    if check.json {
        output.json(&Checked {
            verdict: verdict.decision,
            reasons: vec![&verdict.reason],
            details: &verdict,
        })?;
    } else {
        tell(&verdict, output)?;
    }
    Ok(code(verdict.decision).code)
}

/// The exit code that says it.
const fn code(decision: Decision) -> Exit {
    match decision {
        Decision::Allow => exit::OK,
        Decision::Ask => exit::APPROVAL,
        Decision::Deny => exit::DENIED,
    }
}

fn tell(verdict: &Verdict, output: &mut Output) -> Result<(), CommandError> {
    let clean = dam_journal::clean;
    output.data(&format!("{}: {}", verdict.decision, clean(&verdict.reason)))?;
    let origin = clean(&verdict.origin.to_string());
    output.data(&format!(
        "  rule {} ({origin})",
        clean(verdict.rule.as_str())
    ))?;
    if let Some(hint) = &verdict.hint {
        output.labelled(HINT, "hint", &clean(hint));
    }
    Ok(())
}
