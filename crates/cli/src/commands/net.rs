//! `dam net`: what may be reached, what was, and answers given beforehand.

mod allow;
mod check;
mod log;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;
use crate::variables::Variables;

pub use allow::Allow;
pub use check::Check;
pub use log::Log;

/// `dam net`.
#[derive(Debug, Subcommand)]
pub enum Net {
    /// Say whether a request would be allowed, asked about or refused
    #[command(after_help = "\
Examples:
  dam net check https://example.com/
  dam net check api.example.com:8443 --method POST

Exits with 0 where it is allowed, 7 where it is a question, 6 where it is refused.")]
    Check(Box<Check>),
    /// List what was reached over the network, and what was refused
    Log(Log),
    /// Answer the question about a host beforehand
    ///
    /// For a project it is a rule, as an answer at the terminal would be; what
    /// a rule or an administrator denies stays denied.
    #[command(after_help = "\
Examples:
  dam net allow example.com --for project
  dam net allow example.com:8443 --for project --until 2027-01-31
  dam net allow example.com --for session --session latest")]
    Allow(Box<Allow>),
}

/// Does what `dam net …` says. Returns the exit code.
pub fn run(net: Net, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    match net {
        Net::Check(check) => check::run(&check, variables, output),
        Net::Log(log) => log::run(&log, variables, output),
        Net::Allow(allow) => allow::run(&allow, variables, output),
    }
}
