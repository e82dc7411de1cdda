//! Checks of the repository that no compiler makes, `cargo xtask tidy`, and
//! pages that a program writes, `cargo xtask readme`.

mod readme;
mod tidy;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["tidy"] => report(&tidy::run()),
        ["readme"] => written(readme::run(None)),
        ["readme", program] => written(readme::run(Some(program))),
        _ => {
            complain("error: the tasks are: `tidy`, `readme [PROGRAM]`");
            ExitCode::from(2)
        }
    }
}

fn written(outcome: Result<String, readme::CannotWrite>) -> ExitCode {
    match outcome {
        Ok(done) => {
            complain(&done);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn report(outcome: &Result<tidy::Report, tidy::CannotLook>) -> ExitCode {
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            complain(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    for finding in &report.findings {
        complain(&finding.to_string());
    }
    complain(&report.summary());
    if report.passes() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Everything that a check says goes to standard error; where that is closed,
/// the exit code still tells.
fn complain(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{text}");
}
