//! `dam policy rules` lists the rules of `.rules` files; `dam policy forget`
//! takes a remembered one out.

use clap::Args;
use dam_config::rules::{self, ListedRule, RuleKind};
use dam_journal::Event;
use dam_journal::clean;
use dam_policy::{Layer, RuleDecision};
use serde::Serialize;

use crate::arguments::{Approvals, Grants};
use crate::boxed;
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

/// `dam policy rules`.
#[derive(Args, Debug)]
pub struct Rules {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Where it would be followed.
    #[command(flatten)]
    pub grants: Grants,
}

/// `dam policy forget`.
#[derive(Args, Debug)]
pub struct Forget {
    /// The rule, as `dam policy rules` names it
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where it is followed.
    #[command(flatten)]
    pub grants: Grants,
}

/// What `--json` prints of a rule.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: String,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'a [Vec<String>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<RuleDecision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<&'a str>,
    expired: bool,
    layer: Layer,
    origin: String,
}

/// Lists every rule that was read.
pub fn list(rules: &Rules, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let options = settings::options(&rules.grants, &Approvals::default())?;
    let settings = settings::load(&options, variables, settings::is_interactive())?;
    if rules.json {
        let rows: Vec<Row<'_>> = settings.rules.listed().map(row).collect();
        output.json(&rows)?;
        return Ok(exit::OK.code);
    }
    for listed in settings.rules.listed() {
        output.data(&line(listed))?;
    }
    for notice in &settings.rules.notices {
        output.labelled(WARNING, "note", notice);
    }
    Ok(exit::OK.code)
}

/// Takes a remembered rule out.
pub fn forget(
    forget: &Forget,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&forget.grants, &Approvals::default())?;
    let settings = settings::load(&options, variables, settings::is_interactive())?;
    let change = Event::ConfigurationChanged {
        what: "rule_forgotten".to_owned(),
        file: None,
        before: forget.id.clone().into(),
        after: serde_json::Value::Null,
        posture: serde_json::Value::Null,
    };
    boxed::record_change("policy", &settings, change)?;
    let gone = rules::forget(&settings.rules, &forget.id, &settings.dirs.config)
        .map_err(|error| CommandError::user(error.to_string()))?;
    output.data(&format!("forgotten: {}", clean(&gone.kind.summary())))?;
    Ok(exit::OK.code)
}

fn row(listed: &ListedRule) -> Row<'_> {
    let origin = listed.kind.origin();
    Row {
        id: listed.id(),
        rule: clean(&listed.kind.summary()),
        pattern: match &listed.kind {
            RuleKind::Prefix(rule) => Some(&rule.pattern),
            RuleKind::Host(_) | RuleKind::Executable(_) => None,
        },
        decision: listed.decision(),
        justification: listed.justification(),
        expires: listed.expires(),
        expired: listed.expired,
        layer: origin.layer,
        origin: clean(&origin.to_string()),
    }
}

/// One rule on one line: its name here, what it says, until when, and where.
fn line(listed: &ListedRule) -> String {
    let decision = listed.decision().map_or("", RuleDecision::name);
    let until = match (listed.expires(), listed.expired) {
        (Some(day), true) => format!("  expired {day}"),
        (Some(day), false) => format!("  until {day}"),
        (None, _) => String::new(),
    };
    let origin = clean(&listed.kind.origin().to_string());
    let why = listed.justification().map(clean);
    let why = why.map_or_else(String::new, |why| format!(" {why}"));
    format!(
        "{}  {STRONG}{decision:<11}{STRONG:#}  {}{until}  {FAINT}# {origin}{why}{FAINT:#}",
        listed.id(),
        clean(&listed.kind.summary())
    )
}
