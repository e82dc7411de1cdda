//! `dam net check`: the verdict on a request that nobody makes.

use clap::Args;
use dam_gate::{Gate, Nobody, Request};
use dam_policy::{Decision, Host, HostPattern, Protocol, Verdict};

use crate::arguments::{Approvals, Grants};
use crate::error::CommandError;
use crate::exit;
use crate::output::{HINT, Output, STRONG};
use crate::settings;
use crate::variables::Variables;

/// `dam net check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The address: a URL, or a host and its port, such as example.com:8443
    #[arg(value_name = "URL")]
    pub url: String,
    /// The method of the request
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    pub method: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
}

/// Asks the evaluator, as the way out does.
pub fn run(check: &Check, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let options = settings::options(&check.grants, &check.approvals)?;
    let settings = settings::load(&options, variables, settings::is_interactive())?;
    let wanted = Wanted::parse(&check.url)?;
    let gate = Gate::new(settings.posture, Box::new(Nobody));
    let verdict = gate.judge(&Request::Reach {
        host: wanted.host.to_string(),
        port: wanted.port,
        protocol: wanted.protocol,
        method: Some(check.method.clone()),
        path: Some(wanted.path),
        opaque: false,
    });
    show(&verdict, check.json, output)?;
    Ok(match verdict.decision {
        Decision::Allow => exit::OK.code,
        Decision::Ask => exit::APPROVAL.code,
        Decision::Deny => exit::DENIED.code,
    })
}

/// What an address on the command line means.
struct Wanted {
    host: Host,
    port: u16,
    protocol: Option<Protocol>,
    path: String,
}

impl Wanted {
    fn parse(url: &str) -> Result<Self, CommandError> {
        let wrong = |why: &dyn std::fmt::Display| CommandError::user(why.to_string());
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, url),
        };
        let (protocol, usual) = match scheme {
            None | Some("https" | "wss") => (Some(Protocol::Https), 443),
            Some("http" | "ws") => (Some(Protocol::Http), 80),
            Some(other) => {
                return Err(wrong(&format!("`{other}` is not `http` or `https`")));
            }
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let pattern: HostPattern = host.parse().map_err(|error| wrong(&error))?;
        let named = pattern.host();
        let named = named.ok_or_else(|| wrong(&"name one host: a pattern cannot be reached"))?;
        Ok(Self {
            host: named.clone(),
            port: pattern.port().unwrap_or(usual),
            protocol: scheme.map_or(protocol.filter(|_| pattern.port().is_none()), |_| protocol),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        })
    }
}

fn show(verdict: &Verdict, json: bool, output: &mut Output) -> Result<(), CommandError> {
    if json {
        return output.json(verdict);
    }
    let word = match verdict.decision {
        Decision::Allow => "allowed",
        Decision::Ask => "a question",
        Decision::Deny => "refused",
    };
    let text = format!("{} ({}, {})", verdict.reason, verdict.rule, verdict.origin);
    output.data(&format!(
        "{STRONG}{word}{STRONG:#}: {}",
        dam_journal::clean(&text)
    ))?;
    if let Some(hint) = &verdict.hint {
        output.labelled(HINT, "hint", hint);
    }
    Ok(())
}
