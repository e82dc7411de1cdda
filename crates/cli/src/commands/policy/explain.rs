//! `dam policy explain`: how a verdict comes about. What was read in the
//! command, everything that had something to say of it, and what it came to.

use std::fmt::Write;

use clap::Args;
use dam_policy::{
    Action, Circumstances, CommandFacts, Containment, Derivation, Started, Token, Verdict,
};
use serde::Serialize;

use crate::arguments::Words;
use crate::boxed;
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG};
use crate::variables::Variables;

use super::Stance;

/// `dam policy explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it is judged under.
    #[command(flatten)]
    pub stance: Stance,
    /// What would run.
    #[command(flatten)]
    pub command: Words,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    action: &'a Action,
    circumstances: &'a Circumstances,
    met: &'a [Verdict],
    verdict: &'a Verdict,
}

/// Shows how the verdict on the command comes about.
pub fn run(
    explain: &Explain,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    if explain.command.words.is_empty() {
        return Err(boxed::no_command("policy explain"));
    }
    let asked = explain.stance.gate(variables)?;
    let request = asked.request(boxed::text(&explain.command.words));
    let action = asked.gate.action(&request);
    let derived = asked.gate.explain(&request);
    if explain.json {
        output.json(&Explained {
            action: &action,
            circumstances: asked.gate.circumstances(),
            met: &derived.met,
            verdict: &derived.verdict,
        })?;
        return Ok(exit::OK.code);
    }
    let profile = &asked.gate.posture().profile.value.name;
    let place = match derived.verdict.containment {
        Containment::Boxed => format!("held by the boundary of `{profile}`"),
        Containment::Open => "held by nothing".to_owned(),
    };
    output.data(&format!("in {}, {place}", asked.cwd.display()))?;
    if let Action::Command { facts, .. } = &action {
        read(facts, output)?;
    }
    met(&derived, output)
}

/// What was read in the command.
fn read(facts: &CommandFacts, output: &mut Output) -> Result<(), CommandError> {
    output.data(&format!("{STRONG}what it is{STRONG:#}"))?;
    for start in &facts.starts {
        let class = word(&start.class);
        output.data(&format!(
            "  starts {}  {FAINT}{class}{FAINT:#}",
            words(start)
        ))?;
    }
    for (verb, paths) in [("names", &facts.paths), ("writes", &facts.writes)] {
        for path in paths {
            let path = dam_journal::clean(&path.display().to_string());
            output.data(&format!("  {verb} {path}"))?;
        }
    }
    for outward in facts.outward() {
        let host = outward
            .host
            .as_deref()
            .unwrap_or("a host that is not named");
        let host = dam_journal::clean(host);
        output.data(&format!("  reaches out with {}: {host}", outward.program))?;
    }
    let because = dam_journal::clean(&facts.because);
    output.data(&format!("  together {}: {because}", word(&facts.class)))?;
    if facts.opaque {
        output.data("  a part of it cannot be known before it runs")?;
    }
    Ok(())
}

/// Everything that had something to say, and what it came to.
fn met(derived: &Derivation, output: &mut Output) -> Result<u8, CommandError> {
    output.data(&format!(
        "{STRONG}what was met{STRONG:#}; the strictest counts"
    ))?;
    for verdict in &derived.met {
        output.data(&format!("  {}", line(verdict)))?;
    }
    let verdict = &derived.verdict;
    output.data(&format!(
        "{STRONG}{}{STRONG:#} by {}: {}",
        verdict.decision,
        verdict.source,
        dam_journal::clean(&verdict.reason)
    ))?;
    if let Some(hint) = &verdict.hint {
        output.data(&format!(
            "  to have it otherwise: {}",
            dam_journal::clean(hint)
        ))?;
    }
    Ok(exit::OK.code)
}

fn line(verdict: &Verdict) -> String {
    let clean = dam_journal::clean;
    format!(
        "{:<5} {}  {FAINT}{} ({}){FAINT:#}",
        verdict.decision.to_string(),
        clean(&verdict.reason),
        clean(verdict.rule.as_str()),
        clean(&verdict.origin.to_string())
    )
}

/// The words, with `…` for what is not known.
fn words(start: &Started) -> String {
    let mut shown = String::new();
    for token in &start.words {
        // Writing to a string cannot fail.
        let _infallible = match token {
            Token::Known(text) if text.is_empty() || text.contains(char::is_whitespace) => {
                write!(shown, "'{text}' ")
            }
            Token::Known(text) => write!(shown, "{text} "),
            Token::Unknown { prefix, many: true } => write!(shown, "{prefix}…… "),
            Token::Unknown { prefix, .. } => write!(shown, "{prefix}… "),
        };
    }
    dam_journal::clean(shown.trim_end())
}

/// A class as it is written down.
fn word(class: &impl Serialize) -> String {
    match serde_json::to_value(class) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
