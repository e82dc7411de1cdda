//! A session's events as a person reads them: everything on standard error
//! while it happens, and the final message alone on standard output.

use std::borrow::Cow;

use dam_agent::{AgentEvent, CommandExecution, Item, Refusal, Status, Todo, TokenUsage, What};
use dam_journal::clean_output;

use crate::error::CommandError;
use crate::output::{ERROR, FAINT, GOOD, Output, STRONG, WARNING};

/// How many lines of a command's output are shown.
const OUTPUT_LINES: usize = 12;
/// How many refusals of one command are shown.
const REFUSALS: usize = 8;

/// Follows a session.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The last message, not shown yet: the final one is data.
    message: Option<String>,
    /// What is shown shorter: long directories by short names.
    short: Vec<(String, String)>,
}

impl Transcript {
    /// A transcript in which each of these texts is shown as its short form.
    pub fn shortening(short: Vec<(String, String)>) -> Self {
        Self {
            message: None,
            short,
        }
    }

    fn clean(&self, text: &str) -> String {
        let mut text = clean(text);
        for (long, short) in &self.short {
            text = text.replace(long, short);
        }
        text
    }

    /// Shows an event.
    pub fn show(&mut self, event: &AgentEvent, output: &mut Output) {
        match event {
            AgentEvent::ThreadStarted { thread_id } => {
                faint(&format!("session {thread_id}"), output);
            }
            AgentEvent::ItemStarted { item } => self.started(item, output),
            AgentEvent::ItemUpdated { item } | AgentEvent::ItemCompleted { item } => {
                self.changed(item, output);
            }
            AgentEvent::Error { message } => output.labelled(WARNING, "warning", &clean(message)),
            AgentEvent::TurnCompleted { usage } => faint(&cost(*usage), output),
            // The first says nothing of interest, the second ends the command
            // with its error, and the third comes again as a whole.
            AgentEvent::TurnStarted {}
            | AgentEvent::TurnFailed { .. }
            | AgentEvent::Text { .. } => {}
        }
    }

    /// The turn is over: if it came to its end, what the model said last is
    /// the result.
    pub fn finish(self, completed: bool, output: &mut Output) -> Result<(), CommandError> {
        match self.message {
            Some(message) if completed => output.data(clean(&message).trim_end()),
            Some(message) => {
                output.note(&clean(&message));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn started(&mut self, item: &Item, output: &mut Output) {
        if let What::CommandExecution(command) = &item.what {
            self.no_longer_last(output);
            let script = self.clean(script(&command.command).as_ref());
            output.note(&format!("{STRONG}$ {script}{STRONG:#}"));
        }
    }

    fn changed(&mut self, item: &Item, output: &mut Output) {
        self.no_longer_last(output);
        match &item.what {
            What::AgentMessage { text } => self.message = Some(text.clone()),
            What::Reasoning { text } => faint(&clean(text), output),
            What::CommandExecution(command) => self.ended(command, output),
            What::FileChange { changes, status } => {
                let label = match status {
                    Status::Completed => "changed",
                    Status::InProgress => return,
                    Status::Failed => "not changed",
                    Status::Declined => "refused",
                };
                let style = if *status == Status::Completed {
                    GOOD
                } else {
                    ERROR
                };
                for change in changes {
                    let kind = format!("{:?}", change.kind).to_lowercase();
                    output.labelled(style, label, &clean(&format!("{kind} {}", change.path)));
                }
            }
            What::TodoList { items, explanation } => {
                plan(items, explanation.as_deref(), output);
            }
            What::Error { message } => output.labelled(WARNING, "warning", &clean(message)),
        }
    }

    fn ended(&self, command: &CommandExecution, output: &mut Output) {
        match (command.status, &command.decision) {
            (Status::InProgress, _) => {}
            // It was not begun, so that what was wanted is not shown yet. Its
            // output is what the model is told.
            (Status::Declined, decided) => {
                let script = self.clean(script(&command.command).as_ref());
                output.note(&format!("{STRONG}$ {script}{STRONG:#}"));
                if let Some(decided) = decided {
                    output.labelled(ERROR, "refused", &self.clean(&decided.rule));
                    faint(&self.clean(&format!("  {}", decided.reason)), output);
                }
            }
            _ => {
                show_tail(&self.clean(&command.aggregated_output), output);
                self.refused(&command.denials, output);
                if let Some(code) = command.exit_code.filter(|code| *code != 0) {
                    faint(&format!("exit {code}"), output);
                }
            }
        }
    }

    /// What the boundary refused, each once: programs try again.
    fn refused(&self, denials: &[Refusal], output: &mut Output) {
        let mut seen = Vec::new();
        for refusal in denials {
            let Refusal {
                syscall,
                path,
                rule,
                reason,
            } = refusal;
            if seen.contains(&(syscall, path)) {
                continue;
            }
            seen.push((syscall, path));
            if seen.len() > REFUSALS {
                continue;
            }
            let what = format!("{syscall} {path} ({rule})");
            output.labelled(ERROR, "refused", &self.clean(&what));
            // The path stands in the line above.
            let why = reason
                .strip_prefix(&format!("{path} is "))
                .unwrap_or(reason);
            faint(&self.clean(&format!("  {why}")), output);
        }
        if seen.len() > REFUSALS {
            faint(&format!("  and {} more", seen.len() - REFUSALS), output);
        }
    }

    fn no_longer_last(&mut self, output: &mut Output) {
        if let Some(message) = self.message.take() {
            output.note(&clean(&message));
        }
    }
}

/// The script itself, where a shell is given one: the shell is always there.
fn script(command: &str) -> Cow<'_, str> {
    let quoted = command
        .split_once(" -c '")
        .filter(|(shell, _)| shell.ends_with("sh") && !shell.contains(' '))
        .and_then(|(_, rest)| rest.strip_suffix('\''));
    match quoted {
        Some(script) => script.replace(r"'\''", "'").into(),
        None => command.into(),
    }
}

fn show_tail(text: &str, output: &mut Output) {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let hidden = lines.len().saturating_sub(OUTPUT_LINES);
    if hidden > 0 {
        faint(&format!("  … {hidden} lines"), output);
    }
    for line in &lines[hidden..] {
        faint(&format!("  {line}"), output);
    }
}

fn plan(items: &[Todo], explanation: Option<&str>, output: &mut Output) {
    output.note(&format!("{STRONG}plan{STRONG:#}"));
    if let Some(explanation) = explanation {
        faint(&format!("  {}", clean(explanation)), output);
    }
    for item in items {
        let mark = if item.completed { "x" } else { " " };
        output.note(&format!("  [{mark}] {}", clean(&item.text)));
    }
}

fn cost(usage: TokenUsage) -> String {
    let TokenUsage {
        input_tokens,
        cached_input_tokens,
        output_tokens,
    } = usage;
    format!("tokens: {input_tokens} in ({cached_input_tokens} cached), {output_tokens} out")
}

fn faint(text: &str, output: &mut Output) {
    for line in text.lines() {
        output.note(&format!("{FAINT}{line}{FAINT:#}"));
    }
}

/// Whatever a model or a command wrote is hostile to a terminal.
fn clean(text: &str) -> String {
    clean_output(text)
}
