//! Many commands, one a line: each is answered before the next is read, and a
//! line that cannot be read is answered, too.

use std::io::BufRead;
use std::path::PathBuf;

use dam_gate::Request;
use serde::{Deserialize, Serialize};

use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::Output;

use super::Asked;
use super::check::Checked;

/// What a line holds. Other fields are let pass: whoever keeps a list of
/// commands keeps more than them.
#[derive(Debug, Deserialize)]
struct Line {
    command: Command,
    /// Where it would run, if not here.
    #[serde(default)]
    cwd: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Command {
    /// For a shell.
    Script(String),
    /// The words, the program first.
    Words(Vec<String>),
}

/// The answer to what is no command: a no.
#[derive(Debug, Serialize)]
struct Unread {
    verdict: dam_policy::Decision,
    reasons: [String; 1],
    error: String,
}

/// Answers every line, in order.
pub fn answer(
    asked: &Asked,
    mut input: impl BufRead,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let mut exit = exit::OK;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = input.read_until(b'\n', &mut line).map_err(|error| {
            CommandError::new(
                Kind::Internal,
                format!("cannot read standard input: {error}"),
            )
        })?;
        if read == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let answer = match serde_json::from_slice(text) {
            Ok(read) => serde_json::to_string(&judged(asked, read)),
            Err(error) => {
                exit = exit::FAILED;
                serde_json::to_string(&unread(number, &error))
            }
        };
        output.data(&answer.map_err(CommandError::internal)?)?;
    }
    Ok(exit.code)
}

fn judged(asked: &Asked, line: Line) -> Checked {
    let argv = match line.command {
        Command::Script(script) => vec!["bash".to_owned(), "-c".to_owned(), script],
        Command::Words(words) => words,
    };
    let request = match line.cwd {
        Some(cwd) => Request::Command {
            argv,
            cwd: asked.cwd.join(cwd),
            escalation: None,
        },
        None => asked.request(argv),
    };
    Checked::new(asked.gate.explain(&request))
}

fn unread(number: u64, error: &serde_json::Error) -> Unread {
    let error = dam_journal::clean(&format!("line {number} is no {{\"command\": …}}: {error}"));
    Unread {
        verdict: dam_policy::Decision::Deny,
        reasons: [error.clone()],
        error,
    }
}
