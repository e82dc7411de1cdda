//! `dam policy check`: the verdict on a command that nobody runs.

use clap::Args;
use dam_policy::{Containment, Decision, Derivation, Source};
use serde::Serialize;

use crate::arguments::Words;
use crate::boxed;
use crate::error::CommandError;
use crate::exit::{self, Exit};
use crate::output::{HINT, Output};
use crate::variables::Variables;

use super::{Stance, lines};

/// `dam policy check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Read {"command": …} from each line of standard input, and answer each
    /// with one object a line; a text is a script, a list is words
    #[arg(long, conflicts_with_all = ["json", "words"])]
    pub jsonl: bool,
    /// What it is judged under.
    #[command(flatten)]
    pub stance: Stance,
    /// What would run.
    #[command(flatten)]
    pub command: Words,
}

/// A verdict as it is printed.
#[derive(Debug, Serialize)]
pub struct Checked {
    verdict: Decision,
    reasons: Vec<String>,
    rule: String,
    origin: String,
    source: Source,
    containment: Containment,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Checked {
    /// Everything that made the verdict what it is, the first reason first.
    pub fn new(derived: Derivation) -> Self {
        let Derivation { met, verdict } = derived;
        let mut reasons = vec![dam_journal::clean(&verdict.reason)];
        for other in met {
            let reason = dam_journal::clean(&other.reason);
            if other.decision == verdict.decision && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Self {
            verdict: verdict.decision,
            reasons,
            rule: dam_journal::clean(verdict.rule.as_str()),
            origin: dam_journal::clean(&verdict.origin.to_string()),
            source: verdict.source,
            containment: verdict.containment,
            hint: verdict.hint.as_deref().map(dam_journal::clean),
        }
    }
}

/// Says what the policy says of the command.
pub fn run(check: &Check, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let words = &check.command.words;
    if words.is_empty() && !check.jsonl {
        return Err(boxed::no_command("policy check"));
    }
    let asked = check.stance.gate(variables)?;
    if check.jsonl {
        return lines::answer(&asked, std::io::stdin().lock(), output);
    }
    let request = asked.request(boxed::text(words));
    let checked = Checked::new(asked.gate.explain(&request));
    if check.json {
        output.json(&checked)?;
    } else {
        tell(&checked, output)?;
    }
    Ok(code(checked.verdict).code)
}

/// The exit code that says it.
const fn code(decision: Decision) -> Exit {
    match decision {
        Decision::Allow => exit::OK,
        Decision::Ask => exit::APPROVAL,
        Decision::Deny => exit::DENIED,
    }
}

fn tell(checked: &Checked, output: &mut Output) -> Result<(), CommandError> {
    output.data(&format!(
        "{}: {}",
        checked.verdict,
        checked.reasons.join("; ")
    ))?;
    output.data(&format!("  rule {} ({})", checked.rule, checked.origin))?;
    if let Some(hint) = &checked.hint {
        output.labelled(HINT, "hint", hint);
    }
    Ok(())
}
