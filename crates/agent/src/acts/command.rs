//! Commands: judged, started, waited for, and kept as a session where they
//! take longer than the model wants to wait.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_gate::Request;
use dam_policy::{Containment, Escalation};
use tokio::time::Instant;

use crate::error::{AgentError, Stop};
use crate::events::{CommandExecution, Decided, Item, Status, What};
use crate::front::{Front, shown};
use crate::patch;
use crate::process::{Input, Waited};
use crate::session::Session;
use crate::tools::{ExecCommand, SandboxPermissions, Shell, WriteStdin};

use super::launch::{End, Order, Started};
use super::report::{self, Report};
use super::{decided, refused};

/// How much output the model gets where it does not say.
const TOKENS: usize = 10_000;

/// How much it gets at most.
const MOST_TOKENS: usize = 50_000;

/// How many commands may run at the same time.
const MOST_OPEN: usize = 16;

/// How long each kind of call waits: where it does not say, and at most.
const EXEC: (u64, u64) = (10_000, 120_000);
const SHELL: (u64, u64) = (120_000, 3_600_000);
const POLL: (u64, u64) = (5_000, 300_000);

/// A command that was started.
pub(crate) struct Opened {
    started: Started,
    /// Its item in the events.
    item: String,
    /// As it would be typed.
    command: String,
    cwd: PathBuf,
    decided: Decided,
    containment: Containment,
    /// What the model calls it, once it does.
    number: Option<u32>,
    /// How many refusals the model was told of.
    told: usize,
}

/// A command that the model wants.
struct Wanted {
    argv: Vec<String>,
    cwd: PathBuf,
    escalation: Option<Escalation>,
    input: Input,
}

/// What happens when the model's patience or the user's ends.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// Time is up: it becomes a session. The user stops: it is killed.
    Keep,
    /// Both: it goes on as the session it is.
    Leave,
    /// Both: it is killed.
    Kill,
}

impl Session {
    /// Runs a script in a shell.
    pub(super) async fn exec_command(
        &mut self,
        call: ExecCommand,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let cwd = match self.directory(call.workdir.as_deref()) {
            Ok(cwd) => cwd,
            Err(problem) => return Ok(problem),
        };
        if let Some(embedded) = patch::embedded(&call.cmd) {
            return self.apply_embedded(&embedded, &cwd, front).await;
        }
        let Some(shell) = shell_path(call.shell.as_deref()) else {
            return Ok("Error: there is no such shell here; `sh` always is".to_owned());
        };
        let wanted = Wanted {
            argv: vec![shell, "-c".to_owned(), call.cmd],
            cwd,
            escalation: escalation(call.sandbox_permissions, call.justification),
            input: if call.tty {
                Input::Open
            } else {
                Input::Nothing
            },
        };
        let patience = patience(call.yield_time_ms, EXEC);
        let tokens = tokens(call.max_output_tokens);
        self.run(wanted, patience, tokens, Then::Keep, front).await
    }

    /// Runs words, as older models ask for it: to the end.
    pub(super) async fn shell(
        &mut self,
        call: Shell,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let cwd = match self.directory(call.workdir.as_deref()) {
            Ok(cwd) => cwd,
            Err(problem) => return Ok(problem),
        };
        if let Some(embedded) = patch::embedded_in(&call.command) {
            return self.apply_embedded(&embedded, &cwd, front).await;
        }
        let permissions = if call.with_escalated_permissions {
            SandboxPermissions::RequireEscalated
        } else {
            call.sandbox_permissions
        };
        let wanted = Wanted {
            argv: call.command,
            cwd,
            escalation: escalation(permissions, call.justification),
            input: Input::Nothing,
        };
        let patience = patience(call.timeout_ms, SHELL);
        let tokens = tokens(call.max_output_tokens);
        self.run(wanted, patience, tokens, Then::Kill, front).await
    }

    async fn run(
        &mut self,
        wanted: Wanted,
        patience: Duration,
        tokens: usize,
        then: Then,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        if wanted.argv.iter().any(|word| word.contains('\0')) {
            return Ok("Error: a command cannot hold a NUL character".to_owned());
        }
        if self.open.len() >= MOST_OPEN {
            return Ok(format!(
                "Error: {MOST_OPEN} commands are still running; end one with `write_stdin` and \
                 Ctrl-C (U+0003) first"
            ));
        }
        match self.begin(wanted, front).await? {
            Ok(opened) => self.attend(opened, patience, tokens, then, front).await,
            Err(problem) => Ok(problem),
        }
    }

    /// Has a command judged and starts it. The inner error is for the model.
    async fn begin(
        &mut self,
        wanted: Wanted,
        front: &mut Front<'_>,
    ) -> Result<Result<Opened, String>, Stop> {
        let command = shown(&typed(&wanted.argv));
        let settled = self
            .settle(Request::Command {
                argv: wanted.argv.clone(),
                cwd: wanted.cwd.clone(),
                escalation: wanted.escalation,
            })
            .await?;
        let mut execution = CommandExecution {
            command: command.clone(),
            aggregated_output: String::new(),
            exit_code: None,
            status: Status::InProgress,
            decision: Some(decided(&settled)),
            denials: Vec::new(),
        };
        if !settled.allowed {
            let text = refused(&settled);
            execution.status = Status::Declined;
            execution.aggregated_output.clone_from(&text);
            let item = self.item(What::CommandExecution(execution));
            front.completed(item);
            return Ok(Err(text));
        }
        let item = self.item(What::CommandExecution(execution.clone()));
        let id = item.id.clone();
        front.started(item);
        let order = Order {
            argv: wanted.argv,
            cwd: wanted.cwd.clone(),
            env: self.env.clone(),
            containment: settled.containment,
            input: wanted.input,
            asks: true,
        };
        match self.launch(order).await? {
            Ok(started) => Ok(Ok(Opened {
                started,
                item: id,
                command,
                cwd: wanted.cwd,
                decided: decided(&settled),
                containment: settled.containment,
                number: None,
                told: 0,
            })),
            Err(problem) => {
                execution.status = Status::Failed;
                execution.aggregated_output.clone_from(&problem);
                let what = What::CommandExecution(execution);
                front.completed(Item { id, what });
                Ok(Err(format!("Not started: {problem}")))
            }
        }
    }

    /// Writes to a command that runs, or looks at it.
    pub(super) async fn write_stdin(
        &mut self,
        call: WriteStdin,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let number = call.session_id;
        let Some(mut opened) = self.open.remove(&number) else {
            return Ok(format!("Error: no command runs as session {number}"));
        };
        let patience = patience(call.yield_time_ms, POLL);
        match &*call.chars {
            "" => {}
            "\u{3}" => opened.kill(),
            "\u{4}" => opened.started.process.close_input(),
            chars => {
                if let Err(problem) = self.type_into(&opened, chars, patience).await? {
                    self.open.insert(number, opened);
                    return Ok(problem);
                }
            }
        }
        let tokens = tokens(call.max_output_tokens);
        self.attend(opened, patience, tokens, Then::Leave, front)
            .await
    }

    /// What is typed into a command may be a command: it is judged as one,
    /// with nothing to hold it where nothing holds what it is typed into.
    async fn type_into(
        &mut self,
        opened: &Opened,
        chars: &str,
        patience: Duration,
    ) -> Result<Result<(), String>, Stop> {
        let Some(input) = opened.started.process.input() else {
            return Ok(Err(
                "Error: its input is closed; to write to a command, start it with \
                           `tty` set to true"
                    .to_owned(),
            ));
        };
        let outside =
            opened.containment == Containment::Open && self.posture.profile.value.confined;
        let settled = self
            .settle(Request::Command {
                argv: vec!["sh".to_owned(), "-c".to_owned(), chars.to_owned()],
                cwd: opened.cwd.clone(),
                escalation: outside.then(|| Escalation {
                    justification: format!("typed into `{}`", opened.command),
                }),
            })
            .await?;
        if !settled.allowed {
            return Ok(Err(refused(&settled)));
        }
        let text = chars.to_owned();
        let writing = tokio::task::spawn_blocking(move || {
            std::io::Write::write_all(&mut &*input, text.as_bytes())
        });
        Ok(match tokio::time::timeout(patience, writing).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(format!("Error: it does not take input: {error}")),
            Ok(Err(_)) => return Err(AgentError::Broken("writing to a command").into()),
            Err(_) => {
                Err("Error: it does not read its input; part of it may be written".to_owned())
            }
        })
    }

    /// Waits for a command as long as the model wants, and tells it how the
    /// command stands.
    async fn attend(
        &mut self,
        mut opened: Opened,
        patience: Duration,
        tokens: usize,
        then: Then,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let cancel = self.cancel.clone();
        let deadline = Instant::now() + patience;
        let waited = self.watch(&mut opened.started, deadline, &cancel).await?;
        match (waited, then) {
            (Waited::Ended, _) => self.end(opened, tokens, "", front),
            (Waited::Running | Waited::Denied, Then::Keep | Then::Leave) => {
                Ok(self.keep(opened, tokens, front))
            }
            (Waited::Running | Waited::Denied, Then::Kill) => {
                self.kill(&mut opened.started).await?;
                self.end(opened, tokens, "killed because its time was up: ", front)
            }
            (Waited::Cancelled, Then::Leave) => {
                self.keep(opened, tokens, front);
                Err(Stop::Interrupted)
            }
            (Waited::Cancelled, Then::Keep | Then::Kill) => {
                self.kill(&mut opened.started).await?;
                self.end(opened, tokens, "", front)?;
                Err(Stop::Interrupted)
            }
        }
    }

    /// Keeps a command that runs on, and tells how it stands.
    fn keep(&mut self, mut opened: Opened, tokens: usize, front: &mut Front<'_>) -> String {
        let number = match opened.number {
            Some(number) => number,
            None => self.number(),
        };
        opened.number = Some(number);
        front.updated(opened.item(Status::InProgress, None));
        let text = opened.report(&format!("still running as session {number}"), tokens, 0);
        self.open.insert(number, opened);
        text
    }

    /// Records the end of a command, and tells it.
    fn end(
        &mut self,
        mut opened: Opened,
        tokens: usize,
        why: &str,
        front: &mut Front<'_>,
    ) -> Result<String, Stop> {
        let End {
            code,
            said,
            unreported,
        } = self.conclude(&opened.started)?;
        let status = if code == Some(0) {
            Status::Completed
        } else {
            Status::Failed
        };
        front.completed(opened.item(status, code));
        Ok(opened.report(&format!("{why}{said}"), tokens, unreported))
    }

    /// Waits for the end of a command that was killed when the session ends.
    pub(crate) async fn put_down(&mut self, mut opened: Opened) -> Result<(), AgentError> {
        let done = match self.kill(&mut opened.started).await {
            Ok(()) => self.conclude(&opened.started).map(drop),
            Err(stop) => Err(stop),
        };
        match done {
            Err(Stop::Agent(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Opened {
    pub(crate) fn kill(&self) {
        self.started.process.kill();
    }

    /// The command as an item, now.
    fn item(&self, status: Status, exit_code: Option<i32>) -> Item {
        Item {
            id: self.item.clone(),
            what: What::CommandExecution(CommandExecution {
                command: self.command.clone(),
                aggregated_output: self.started.process.all_output().0,
                exit_code,
                status,
                decision: Some(self.decided.clone()),
                denials: self.started.denials.iter().map(report::event).collect(),
            }),
        }
    }

    /// What is new, for the model.
    fn report(&mut self, state: &str, tokens: usize, unreported: u64) -> String {
        let new = &self.started.denials[self.told..];
        let text = Report {
            state,
            wall: self.started.process.started.elapsed(),
            output: &self.started.process.take_output().text(),
            tokens,
            denials: new,
            unreported,
        }
        .text();
        self.told = self.started.denials.len();
        text
    }
}

fn escalation(wanted: SandboxPermissions, justification: Option<String>) -> Option<Escalation> {
    (wanted == SandboxPermissions::RequireEscalated).then(|| Escalation {
        justification: justification.unwrap_or_else(|| "no reason was given".to_owned()),
    })
}

fn tokens(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(TOKENS).min(MOST_TOKENS)
}

fn patience(wanted: Option<u64>, (usual, most): (u64, u64)) -> Duration {
    Duration::from_millis(wanted.unwrap_or(usual).min(most))
}

/// Where a shell is: the one that is named, or the best there is. Only known
/// shells in the system's own directories: a path from the model is not run.
pub(crate) fn shell_path(named: Option<&str>) -> Option<String> {
    const KNOWN: [&str; 5] = ["bash", "sh", "dash", "zsh", "ksh"];
    const PLACES: [&str; 3] = ["/bin", "/usr/bin", "/usr/local/bin"];
    let wanted = match named {
        Some(named) => vec![named.rsplit('/').next()?],
        None => vec!["bash", "sh"],
    };
    wanted
        .into_iter()
        .filter(|name| KNOWN.contains(name))
        .flat_map(|name| PLACES.map(|place| format!("{place}/{name}")))
        .find(|path| Path::new(path).is_file())
}

/// Words as they would be typed.
fn typed(argv: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    let word = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_as_they_would_be_typed() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            typed(&words(&["ls", "-l", "a b", "", "it's"])),
            r"ls -l 'a b' '' 'it'\''s'"
        );
    }

    #[test]
    fn only_known_shells_are_run() {
        assert!(shell_path(None).is_some());
        assert_eq!(shell_path(Some("/tmp/evil/sh")), shell_path(Some("sh")));
        assert_eq!(shell_path(Some("/tmp/evil")), None);
        assert_eq!(shell_path(Some("env")), None);
        assert_eq!(shell_path(Some("")), None);
    }
}
