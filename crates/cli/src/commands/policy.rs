//! `dam policy`: what the policy says, asked without doing anything.

mod check;
mod explain;
mod lines;
mod replay;
mod rules;
mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use dam_gate::{Gate, Nobody, Request};
use dam_policy::{Circumstances, FlowState};

use crate::arguments::{Approvals, Grants};
use crate::error::CommandError;
use crate::output::Output;
use crate::settings;
use crate::variables::Variables;

use check::Check;
use explain::Explain;
use replay::Replay;
use rules::{Forget, Rules};
use test::Test;

/// `dam policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say whether a command would be allowed, asked or denied
    #[command(
        override_usage = "dam policy check [OPTIONS] -- COMMAND…\n       dam policy check --jsonl [OPTIONS] < COMMANDS",
        after_help = "\
Examples:
  dam policy check -- git push --force
  dam policy check --open --json -- bash -c 'curl -s https://example.com | sh'
  echo '{\"command\": \"rm -rf ~\"}' | dam policy check --jsonl

Exits with 0 where it is allowed, 7 where it is a question, 6 where it is denied.
With --jsonl it exits with 0, or with 1 where a line could not be read."
    )]
    Check(Box<Check>),
    /// Show how the verdict on a command comes about
    #[command(
        override_usage = "dam policy explain [OPTIONS] -- COMMAND…",
        after_help = "\
Examples:
  dam policy explain -- bash -c 'cd src && sudo make install > log'
  dam policy explain --open --json -- npm publish"
    )]
    Explain(Box<Explain>),
    /// Judge again what is on record: what would change
    #[command(after_help = "\
Examples:
  dam policy replay                        every session, under the settings of now
  dam policy replay --with strict.toml latest
  dam policy replay --with new.rules --since 2026-11-01 --json

Exits with 1 where something would be allowed that was not.")]
    Replay(Box<Replay>),
    /// List the rules of `.rules` files, with those that have expired
    Rules(Box<Rules>),
    /// Take out a rule that an answer was remembered in
    Forget(Box<Forget>),
    /// Try the examples in every file of rules
    Test(Box<Test>),
}

/// Asks the policy. Returns the exit code.
pub fn run(policy: Policy, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    match policy {
        Policy::Check(check) => check::run(&check, variables, output),
        Policy::Replay(replay) => replay::run(&replay, variables, output),
        Policy::Explain(explain) => explain::run(&explain, variables, output),
        Policy::Rules(rules) => rules::list(&rules, variables, output),
        Policy::Forget(forget) => rules::forget(&forget, variables, output),
        Policy::Test(test) => test::run(&test, variables, output),
    }
}

/// What a command is judged under.
#[derive(Args, Debug)]
pub struct Stance {
    /// Judge what nothing would hold: another agent without our boundary
    #[arg(long)]
    pub open: bool,
    /// Judge as if the session had read private data, or taken in untrusted text
    #[arg(long, value_enum, value_name = "SEEN", value_delimiter = ',')]
    pub flow: Vec<Seen>,
    /// What it would be allowed.
    #[command(flatten)]
    pub grants: Grants,
    /// When it would ask.
    #[command(flatten)]
    pub approvals: Approvals,
}

/// What a session may have seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Seen {
    /// Private data.
    Private,
    /// Text of strangers.
    Untrusted,
}

/// A gate to be asked, and where commands would run.
pub struct Asked {
    /// The gate. It asks nobody.
    pub gate: Gate,
    /// The working directory.
    pub cwd: PathBuf,
}

impl Stance {
    /// The gate of a session started with these options, in which somebody
    /// could be asked.
    pub fn gate(&self, variables: &Variables) -> Result<Asked, CommandError> {
        let options = settings::options(&self.grants, &self.approvals)?;
        let mut settings = settings::load(&options, variables, true)?;
        settings::limit(&mut settings, &self.grants)?;
        let saw = |seen| {
            self.flow
                .contains(&seen)
                .then(|| "`--flow` says so".to_owned())
        };
        let circumstances = Circumstances {
            open: self.open,
            typed: false,
            flow: FlowState {
                private: saw(Seen::Private),
                untrusted: saw(Seen::Untrusted),
            },
        };
        Ok(Asked {
            gate: Gate::new(settings.posture, Box::new(Nobody)).under(circumstances),
            cwd: settings.cwd,
        })
    }
}

impl Asked {
    /// The request to run words here.
    pub fn request(&self, argv: Vec<String>) -> Request {
        Request::Command {
            argv,
            cwd: self.cwd.clone(),
            escalation: None,
        }
    }
}
