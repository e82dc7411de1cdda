//! `dam config host`: what the network rules of a profile say of one host.

use dam_policy::{HostPattern, Network, NetworkVerdict, Reach, Rule, Seen};

use crate::arguments::ConfigHost;
use crate::error::CommandError;
use crate::exit;
use crate::output::{Output, STRONG};
use crate::settings;
use crate::variables::Variables;

/// Judges a host as the proxy would. The exit code tells the answer.
pub fn run(
    asked: &ConfigHost,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&asked.grants, &asked.approvals)?;
    let settings = settings::load(&options, variables, settings::is_interactive())?;
    let (host, port) = named(&asked.host)?;
    let profile = &settings.posture.profile;
    let without_rules = |reach, reason: &str| NetworkVerdict {
        reach,
        reason: reason.to_owned(),
        rule: Rule::builtin("network.none"),
        origin: profile.origin.clone(),
    };
    let verdict = match &profile.value.network {
        Network::None => without_rules(Reach::Denied, "the profile has no network"),
        Network::Host => without_rules(Reach::Allowed, "there is no boundary"),
        Network::Proxy(rules) => {
            let seen = asked
                .method
                .as_deref()
                .map_or(Seen::NotYet, |method| Seen::Request { method, path: "/" });
            rules.judge(&host, port, seen)
        }
    };
    show(&verdict, asked.json, output)?;
    Ok(match verdict.reach {
        Reach::Allowed => exit::OK.code,
        Reach::Unlisted => exit::APPROVAL.code,
        Reach::Denied => exit::DENIED.code,
    })
}

/// The host and the port of a wish, by the grammar of rules.
fn named(text: &str) -> Result<(String, u16), CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::user(error.to_string());
    let pattern: HostPattern = text.parse().map_err(|error| wrong(&error))?;
    match pattern.host() {
        Some(host) => Ok((host.to_string(), pattern.port().unwrap_or(443))),
        None => Err(wrong(&"name one host: a pattern cannot be reached")),
    }
}

fn show(verdict: &NetworkVerdict, json: bool, output: &mut Output) -> Result<(), CommandError> {
    if json {
        return output.json(verdict);
    }
    let word = match verdict.reach {
        Reach::Allowed => "allowed",
        Reach::Unlisted => "not listed",
        Reach::Denied => "denied",
    };
    let origin = &verdict.origin;
    let text = format!("{} ({}, {origin})", verdict.reason, verdict.rule);
    output.data(&format!(
        "{STRONG}{word}{STRONG:#}: {}",
        dam_journal::clean(&text)
    ))
}
