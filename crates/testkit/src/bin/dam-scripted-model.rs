//! The scripted model server as a program, to stand next to an agent inside
//! the boundary.
//!
//! `dam-scripted-model --script FILE.json [--port N] [--log FILE]` prints its
//! address (`http://127.0.0.1:PORT`) and serves until it is stopped. The script
//! is a JSON array of turns; see `Turn`. With `--log` every request is appended
//! to a file as one JSON line, once a fifth of a second at the latest.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for tests talks to its caller"
)]

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use dam_testkit::{Received, ScriptedServer, Turn};
use serde_json::{Value, json};

const USAGE: &str = "usage: dam-scripted-model --script FILE.json [--port N] [--log FILE]";

#[derive(Default)]
struct Options {
    port: u16,
    script: PathBuf,
    log: Option<PathBuf>,
}

fn main() -> ExitCode {
    match options().and_then(|options| serve(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("dam-scripted-model: {message}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("`{word}` needs a value\n{USAGE}"))?;
        match word.as_str() {
            "--port" => {
                options.port = value
                    .parse()
                    .map_err(|_| format!("`{value}` is no port\n{USAGE}"))?;
            }
            "--script" => options.script = value.into(),
            "--log" => options.log = Some(value.into()),
            _ => return Err(format!("`{word}` is not an option\n{USAGE}")),
        }
    }
    if options.script.as_os_str().is_empty() {
        Err(USAGE.to_owned())
    } else {
        Ok(options)
    }
}

fn serve(options: &Options) -> Result<(), String> {
    let name = options.script.display();
    let text = std::fs::read_to_string(&options.script)
        .map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let turns: Vec<Turn> =
        serde_json::from_str(&text).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let server = ScriptedServer::listen(options.port, turns)
        .map_err(|error| format!("cannot listen: {error}"))?;
    println!("{}", server.origin());
    std::io::stdout()
        .flush()
        .map_err(|error| error.to_string())?;
    let mut logged = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        if let Some(log) = &options.log {
            let received = server.received();
            append(log, &received[logged..])
                .map_err(|error| format!("cannot write `{}`: {error}", log.display()))?;
            logged = received.len();
        }
    }
}

fn append(log: &PathBuf, received: &[Received]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)?;
    for request in received {
        // At once, so that a reader sees whole lines.
        file.write_all(format!("{}\n", line(request)).as_bytes())?;
    }
    Ok(())
}

fn line(request: &Received) -> Value {
    json!({"method": request.method, "path": request.path, "query": request.query, "body": request.json()})
}
