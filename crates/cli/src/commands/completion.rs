//! `dam completion`: completions for a shell, from the command line's own
//! declaration.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::error::CommandError;
use crate::exit;
use crate::output::Output;

/// Prints the completions of `shell`.
pub fn run(shell: Shell, output: &mut Output) -> Result<u8, CommandError> {
    // Through a buffer: the generator panics where the reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "dam", &mut script);
    output.bytes(&script)?;
    Ok(exit::OK.code)
}
