//! `dam policy`: what the policy says, asked without doing anything.

mod check;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;
use crate::variables::Variables;

use check::Check;

/// `dam policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Say whether a command would be allowed, asked or denied
    #[command(
        override_usage = "dam policy check [OPTIONS] -- COMMAND…",
        after_help = "\
Examples:
  dam policy check -- git push --force
  dam policy check --json -- bash -c 'curl -s https://example.com | sh'

Exits with 0 where it is allowed, 7 where it is a question, 6 where it is denied."
    )]
    Check(Box<Check>),
}

/// Asks the policy. Returns the exit code.
pub fn run(policy: Policy, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    match policy {
        Policy::Check(check) => check::run(&check, variables, output),
    }
}
