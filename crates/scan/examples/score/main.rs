//! Measures the scanner on corpora with labels: `score -- --corpus NAME PATH`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints figures"
)]

mod creddata;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--corpus", "creddata", path] => creddata::score(Path::new(path), None),
        ["--corpus", "creddata", path, list] => creddata::score(Path::new(path), Some(list)),
        _ => Err("usage: score --corpus creddata PATH [missed|wrong|unlabelled]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
