//! `dam net allow`: an answer about a host that is given beforehand.

use clap::{Args, ValueEnum};
use dam_config::rules::{Answer, Day, Remember, RememberHost, Scope, remember_host};
use dam_journal::Event;
use dam_policy::{Host, HostPattern, RuleDecision};
use serde_json::Value;

use crate::arguments::{Approvals, Grants};
use crate::boxed;
use crate::commands::log::find;
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::network::answers;
use crate::output::Output;
use crate::settings;
use crate::variables::Variables;

/// `dam net allow`.
#[derive(Args, Debug)]
pub struct Allow {
    /// The host, at port 443 unless it names one
    #[arg(value_name = "HOST[:PORT]")]
    pub host: String,
    /// For how long
    #[arg(long = "for", value_enum, value_name = "SCOPE")]
    pub scope: For,
    /// The last day on which it counts, for a project; 30 days without it
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub until: Option<Day>,
    /// The session, for a session
    #[arg(long, value_name = "SESSION", default_value = "latest")]
    pub session: String,
    /// What the session is.
    #[command(flatten)]
    pub grants: Grants,
}

/// For how long an answer counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum For {
    /// Until the session ends
    Session,
    /// In this project, until a day
    Project,
}

fn day(text: &str) -> Result<Day, String> {
    text.parse()
        .map_err(|()| "write a day as `2027-01-31`".to_owned())
}

/// Writes the answer down.
pub fn run(allow: &Allow, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let wrong = |why: &dyn std::fmt::Display| CommandError::user(why.to_string());
    let pattern: HostPattern = allow.host.parse().map_err(|error| wrong(&error))?;
    let host = pattern.host().ok_or_else(|| {
        wrong(&"name one host").hint("patterns belong to `domains` of a profile in config.toml")
    })?;
    let port = pattern.port().unwrap_or(443);
    if host.is_local() {
        let hint = format!("say `\"{host}:{port}\" = \"allow\"` in `domains` of the profile");
        return Err(wrong(&format!("{host} is local, which no answer allows")).hint(hint));
    }
    match allow.scope {
        For::Session => for_session(allow, (host, port), variables, output),
        For::Project => for_project(allow, (host, port), variables, output),
    }
}

fn for_session(
    allow: &Allow,
    (host, port): (&Host, u16),
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    if allow.until.is_some() {
        return Err(CommandError::user(
            "a session has no last day: leave out `--until`",
        ));
    }
    let dirs = settings::dirs(variables)?;
    let session = find(&dirs.journal, &allow.session)?;
    answers::add(&dirs.state, &session, host, port).map_err(|error| {
        CommandError::new(
            Kind::Failed,
            format!("the answer cannot be written: {error}"),
        )
    })?;
    output.data(&format!("{host}:{port} is allowed until {session} ends"))?;
    Ok(exit::OK.code)
}

fn for_project(
    allow: &Allow,
    (host, port): (&Host, u16),
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&allow.grants, &Approvals::default())?;
    let settings = settings::load(&options, variables, settings::is_interactive())?;
    let change = Event::ConfigurationChanged {
        what: "rule_added".to_owned(),
        file: None,
        before: Value::Null,
        after: format!("network_rule({host}, port {port})").into(),
        posture: Value::Null,
    };
    boxed::record_change("net", &settings, change)?;
    let root = settings.project.root.clone();
    let kept = remember_host(&RememberHost {
        host,
        port,
        answer: Remember {
            prefix: &[],
            decision: RuleDecision::Allow,
            scope: Scope::Project,
            lasts: allow.until.map_or(Answer::Usual, Answer::Until),
            question: "allowed beforehand",
            by: "`dam net allow`",
            today: Day::today(),
            config: &settings.dirs.config,
            project: &root.unwrap_or_else(|| settings.cwd.clone()),
        },
    });
    let kept = kept.map_err(|error| CommandError::new(Kind::Failed, error.to_string()))?;
    output.data(&format!("{} in {}", kept.rule.trim(), kept.file.display()))?;
    Ok(exit::OK.code)
}
