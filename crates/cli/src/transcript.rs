//! A session's events as a person reads them: everything on standard error
//! while it happens, and the final message alone on standard output.

use dam_agent::{AgentEvent, CommandExecution, Item, Refusal, Status, Todo, TokenUsage, What};
use dam_journal::clean_output;

use crate::error::CommandError;
use crate::output::{ERROR, FAINT, GOOD, Output, STRONG, WARNING};

/// How many lines of a command's output are shown.
const OUTPUT_LINES: usize = 12;

/// Follows a session.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The last message, not shown yet: the final one is data.
    message: Option<String>,
}

impl Transcript {
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
            output.note(&format!("{STRONG}$ {}{STRONG:#}", clean(&command.command)));
        }
    }

    fn changed(&mut self, item: &Item, output: &mut Output) {
        self.no_longer_last(output);
        match &item.what {
            What::AgentMessage { text } => self.message = Some(text.clone()),
            What::Reasoning { text } => faint(&clean(text), output),
            What::CommandExecution(command) => ended(command, output),
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

    fn no_longer_last(&mut self, output: &mut Output) {
        if let Some(message) = self.message.take() {
            output.note(&clean(&message));
        }
    }
}

fn ended(command: &CommandExecution, output: &mut Output) {
    if command.status == Status::InProgress {
        return;
    }
    show_tail(&command.aggregated_output, output);
    for refusal in &command.denials {
        refused(refusal, output);
    }
    match (command.status, &command.decision) {
        (Status::Declined, Some(decided)) => {
            let text = format!("{} ({})", decided.reason, decided.rule);
            output.labelled(ERROR, "refused", &clean(&text));
        }
        (Status::Declined, None) => output.labelled(ERROR, "refused", &clean(&command.command)),
        _ => match command.exit_code {
            Some(0) | None => {}
            Some(code) => faint(&format!("exit {code}"), output),
        },
    }
}

fn refused(refusal: &Refusal, output: &mut Output) {
    let Refusal {
        syscall,
        path,
        rule,
        reason,
    } = refusal;
    let text = format!("{syscall} {path}: {reason} ({rule})");
    output.labelled(ERROR, "refused", &clean(&text));
}

fn show_tail(text: &str, output: &mut Output) {
    let text = clean(text);
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
