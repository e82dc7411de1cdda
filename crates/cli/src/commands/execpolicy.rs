//! `dam execpolicy check`: what files of rules say of a command, in the form
//! that Codex prints, by our own reading of the command.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use dam_config::rules::{Day, RuleBook, read_file};
use dam_gate::Request;
use dam_policy::{Action, RuleDecision, RuleHit, Started, Token};
use serde::Serialize;

use crate::arguments::Words;
use crate::boxed;
use crate::error::CommandError;
use crate::exit;
use crate::output::Output;
use crate::variables::{HOME, Variables};

/// `dam execpolicy`.
#[derive(Debug, Subcommand)]
pub enum ExecPolicy {
    /// Say which rules match a command, as JSON
    #[command(
        override_usage = "dam execpolicy check --rules FILE [OPTIONS] -- COMMAND…",
        after_help = "\
Examples:
  dam execpolicy check --rules my.rules --pretty -- git push origin main

No `decision` means that the rules leave it to the policy."
    )]
    Check(Box<Check>),
}

/// `dam execpolicy check`.
#[derive(Args, Debug)]
pub struct Check {
    /// A file of rules
    #[arg(short, long, value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub rules: Vec<PathBuf>,
    /// Print JSON on several lines
    #[arg(long)]
    pub pretty: bool,
    /// Always so: a path counts as its name where `host_executable` lists it
    #[arg(long)]
    pub resolve_host_executables: bool,
    /// What would run.
    #[command(flatten)]
    pub command: Words,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    matched_rules: Vec<Matched>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<RuleDecision>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Matched {
    prefix_rule_match: Match,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    matched_prefix: Vec<String>,
    decision: RuleDecision,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_program: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    /// A word is unknown, and may be what the rule names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    possible: bool,
}

/// Says what the rules say.
pub fn run(
    execpolicy: &ExecPolicy,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let ExecPolicy::Check(check) = execpolicy;
    if check.command.words.is_empty() {
        return Err(boxed::no_command("execpolicy check"));
    }
    let here = std::env::current_dir()
        .map_err(|error| CommandError::user(format!("the current directory is gone: {error}")))?;
    let mut book = RuleBook::default();
    for file in &check.rules {
        book.files.push(read_file(&here.join(file), Day::today())?);
    }
    let rules = book.rules();
    let request = Request::Command {
        argv: boxed::text(&check.command.words),
        cwd: here,
        escalation: None,
    };
    let Action::Command { facts, .. } = request.action(variables.directory(HOME).as_deref()) else {
        return Ok(exit::FAILED.code);
    };
    let judged = rules.judge(&facts, |_| true);
    let checked = Checked {
        decision: judged.decision,
        matched_rules: judged
            .hits
            .iter()
            .map(|hit| matched(hit, &facts.starts))
            .collect(),
    };
    if check.pretty {
        output.json(&checked)?;
    } else {
        let line = serde_json::to_string(&checked)
            .map_err(|error| CommandError::user(error.to_string()))?;
        output.data(&line)?;
    }
    Ok(exit::OK.code)
}

fn matched(hit: &RuleHit<'_>, starts: &[Started]) -> Matched {
    let words = starts.get(hit.start).map_or(&[][..], |start| &start.words);
    // Of an unknown word, what the rule has in its place; of a listed path,
    // the name that it counts as.
    let shown = |(at, pattern): (usize, &Vec<String>)| match words.get(at) {
        Some(Token::Known(word)) if at == 0 && hit.resolved.is_some() => {
            word.rsplit('/').next().unwrap_or_default().to_owned()
        }
        Some(Token::Known(word)) if hit.certain || at == 0 => word.clone(),
        _ => pattern.join("|"),
    };
    Matched {
        prefix_rule_match: Match {
            matched_prefix: hit.rule.pattern.iter().enumerate().map(shown).collect(),
            decision: hit.rule.decision,
            resolved_program: hit.resolved.map(str::to_owned),
            justification: hit.rule.justification.clone(),
            possible: !hit.certain,
        },
    }
}
