//! The `dam` command: arguments in, output and exit code out. It decides
//! nothing and makes no system call of its own; it hands the environment down
//! and turns what comes back into text.

mod adviser;
mod arguments;
mod boxed;
mod commands;
mod error;
mod exit;
mod held;
mod network;
mod output;
mod provider;
mod reviewer;
mod settings;
mod telemetry;
mod transcript;
mod variables;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use error::{CommandError, Kind};
use output::{Color, Output};
use variables::Variables;

fn main() -> ExitCode {
    // First of all: this process may be the boundary's own helper.
    dam_sandbox::take_over_if_helper();
    match std::env::args_os().nth(1) {
        Some(word) if word == dam_agent::APPLY_PATCH_WORD => return dam_agent::apply_patch_main(),
        Some(word) if word == commands::ATTACK_WORD => return commands::attack_main(),
        _ => {}
    }
    let variables = Variables::read();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return unparsed(&error, &variables),
    };
    let mut output = Output::new(arguments.color, &variables);
    let result = commands::run(arguments.task, &variables, &mut output)
        .and_then(|code| output.flush().map(|()| code));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => failed(&error, &mut output),
    }
}

fn failed(error: &CommandError, output: &mut Output) -> ExitCode {
    if error.kind() != Kind::BrokenPipe {
        output.error(error);
    }
    ExitCode::from(error.kind().exit().code)
}

/// Help, the version, or an error of the command line.
fn unparsed(error: &clap::Error, variables: &Variables) -> ExitCode {
    let mut output = Output::new(Color::of_words(std::env::args()), variables);
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        output.note(text.trim_end());
        return ExitCode::from(exit::USAGE.code);
    }
    match output.data(text.trim_end()) {
        Ok(()) => ExitCode::from(exit::OK.code),
        Err(error) => failed(&error, &mut output),
    }
}
