//! What a front hears of a session, in the event names of `codex exec --json`.
//!
//! This is a wire format: its names and fields are those that users' scripts
//! know. Fields of our own are added, never renamed: `decision` and `denials`
//! of a command.

use serde::Serialize;

/// Something that happened in a session.
///
/// Serialises to one object of `codex exec --json`, with one exception:
/// [`AgentEvent::Text`] has no counterpart there, see [`AgentEvent::to_json`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum AgentEvent {
    /// A session begins. The first event.
    #[serde(rename = "thread.started")]
    ThreadStarted {
        /// The session's identifier.
        thread_id: String,
    },
    /// A turn begins: a prompt was taken.
    #[serde(rename = "turn.started")]
    TurnStarted {},
    /// Something that takes a while begins.
    #[serde(rename = "item.started")]
    ItemStarted {
        /// As it is now.
        item: Item,
    },
    /// It has changed.
    #[serde(rename = "item.updated")]
    ItemUpdated {
        /// As it is now.
        item: Item,
    },
    /// It has ended, or happened at once.
    #[serde(rename = "item.completed")]
    ItemCompleted {
        /// As it is in the end.
        item: Item,
    },
    /// The turn is over, the model has said its last.
    #[serde(rename = "turn.completed")]
    TurnCompleted {
        /// What it cost.
        usage: TokenUsage,
    },
    /// The turn is over without an end.
    #[serde(rename = "turn.failed")]
    TurnFailed {
        /// Why.
        error: Failure,
    },
    /// Something went wrong, which may be mended yet (a lost connection).
    #[serde(rename = "error")]
    Error {
        /// What.
        message: String,
    },
    /// Complete lines of a message that is still being written. The whole
    /// message follows as an item.
    #[serde(rename = "item.text")]
    Text {
        /// The lines.
        text: String,
    },
}

/// A thing in a turn: said, done or refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Names it within the session.
    pub id: String,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum What {
    /// The model has said something.
    AgentMessage {
        /// What.
        text: String,
    },
    /// A summary of the model's reasoning.
    Reasoning {
        /// The summary.
        text: String,
    },
    /// A command.
    CommandExecution(CommandExecution),
    /// An edit.
    FileChange {
        /// The files.
        changes: Vec<FileUpdate>,
        /// How it stands.
        status: Status,
    },
    /// The model's plan.
    TodoList {
        /// Its steps.
        items: Vec<Todo>,
        /// Why it is new, if the model says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        explanation: Option<String>,
    },
    /// Something went wrong that does not end the turn.
    Error {
        /// What.
        message: String,
    },
}

/// A command, from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommandExecution {
    /// As it would be typed.
    pub command: String,
    /// What it wrote so far, cut in the middle if it is long.
    pub aggregated_output: String,
    /// Its exit code, if it has ended; 128 and the number for a signal.
    pub exit_code: Option<i32>,
    /// How it stands.
    pub status: Status,
    /// What was decided about it, and by which rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
    /// What the boundary refused it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<Refusal>,
}

/// How a command or an edit stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not ended yet.
    InProgress,
    /// Ended well.
    Completed,
    /// Ended badly.
    Failed,
    /// Not begun: it was refused.
    Declined,
}

/// A verdict, shortened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decided {
    /// Whether it went ahead.
    pub allowed: bool,
    /// `allow`, `ask` or `deny`.
    pub verdict: String,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// What holds it: `boxed` or `open`.
    pub containment: String,
}

/// Something that the boundary refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// The system call.
    pub syscall: String,
    /// The path or address.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// A file that an edit changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileUpdate {
    /// Where it is, seen from the working directory where it lies below it.
    pub path: String,
    /// What happened to it.
    pub kind: UpdateKind,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateKind {
    /// It is new.
    Add,
    /// It is gone.
    Delete,
    /// It has other contents.
    Update,
}

/// A step of the model's plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Todo {
    /// What is to be done.
    pub text: String,
    /// Whether it is.
    pub completed: bool,
}

/// What a turn cost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct TokenUsage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens read that the server had in its cache.
    pub cached_input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// Why a turn failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// In words for a person.
    pub message: String,
}

impl AgentEvent {
    /// The event as one line of `codex exec --json`, or none for an event that
    /// this format does not have.
    pub fn to_json(&self) -> Option<String> {
        match self {
            Self::Text { .. } => None,
            // A type of strings and numbers alone always serialises.
            other => serde_json::to_string(other).ok(),
        }
    }
}

impl From<dam_model::Usage> for TokenUsage {
    fn from(usage: dam_model::Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            output_tokens: usage.output_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(what: What) -> Item {
        Item {
            id: "item_0".to_owned(),
            what,
        }
    }

    fn lines(events: &[AgentEvent]) -> String {
        let lines: Vec<String> = events.iter().filter_map(AgentEvent::to_json).collect();
        lines.join("\n")
    }

    fn command(exit_code: Option<i32>, status: Status) -> CommandExecution {
        CommandExecution {
            command: "bash -c ls".to_owned(),
            aggregated_output: String::new(),
            exit_code,
            status,
            decision: None,
            denials: Vec::new(),
        }
    }

    #[test]
    fn a_turn_has_the_known_names() {
        insta::assert_snapshot!(lines(&[
            AgentEvent::ThreadStarted { thread_id: "t".to_owned() },
            AgentEvent::TurnStarted {},
            AgentEvent::Text { text: "only ours".to_owned() },
            AgentEvent::Error { message: "lost".to_owned() },
            AgentEvent::TurnCompleted {
                usage: TokenUsage { input_tokens: 3, cached_input_tokens: 2, output_tokens: 1 },
            },
            AgentEvent::TurnFailed { error: Failure { message: "gone".to_owned() } },
        ]), @r#"
        {"type":"thread.started","thread_id":"t"}
        {"type":"turn.started"}
        {"type":"error","message":"lost"}
        {"type":"turn.completed","usage":{"input_tokens":3,"cached_input_tokens":2,"output_tokens":1}}
        {"type":"turn.failed","error":{"message":"gone"}}
        "#);
    }

    #[test]
    fn items_have_the_known_names() {
        let decided = Decided {
            allowed: true,
            verdict: "allow".to_owned(),
            rule: "command.boxed".to_owned(),
            reason: "the boundary holds it".to_owned(),
            containment: "boxed".to_owned(),
        };
        let refusal = Refusal {
            syscall: "openat".to_owned(),
            path: "/r/.git/hooks/x".to_owned(),
            rule: "files.protected-name".to_owned(),
            reason: "git runs it".to_owned(),
        };
        let failed = CommandExecution {
            decision: Some(decided),
            denials: vec![refusal],
            ..command(Some(1), Status::Failed)
        };
        let started = What::CommandExecution(command(None, Status::InProgress));
        insta::assert_snapshot!(lines(&[
            AgentEvent::ItemStarted { item: item(started) },
            AgentEvent::ItemCompleted { item: item(What::CommandExecution(failed)) },
        ]), @r#"
        {"type":"item.started","item":{"id":"item_0","type":"command_execution","command":"bash -c ls","aggregated_output":"","exit_code":null,"status":"in_progress"}}
        {"type":"item.completed","item":{"id":"item_0","type":"command_execution","command":"bash -c ls","aggregated_output":"","exit_code":1,"status":"failed","decision":{"allowed":true,"verdict":"allow","rule":"command.boxed","reason":"the boundary holds it","containment":"boxed"},"denials":[{"syscall":"openat","path":"/r/.git/hooks/x","rule":"files.protected-name","reason":"git runs it"}]}}
        "#);
        let plan = What::TodoList {
            items: vec![Todo {
                text: "x".to_owned(),
                completed: true,
            }],
            explanation: None,
        };
        let change = What::FileChange {
            changes: vec![FileUpdate {
                path: "a".to_owned(),
                kind: UpdateKind::Add,
            }],
            status: Status::Completed,
        };
        let text = || "hello".to_owned();
        insta::assert_snapshot!(lines(&[
            AgentEvent::ItemUpdated { item: item(plan) },
            AgentEvent::ItemCompleted { item: item(change) },
            AgentEvent::ItemCompleted { item: item(What::AgentMessage { text: text() }) },
            AgentEvent::ItemCompleted { item: item(What::Reasoning { text: text() }) },
            AgentEvent::ItemCompleted { item: item(What::Error { message: text() }) },
        ]), @r#"
        {"type":"item.updated","item":{"id":"item_0","type":"todo_list","items":[{"text":"x","completed":true}]}}
        {"type":"item.completed","item":{"id":"item_0","type":"file_change","changes":[{"path":"a","kind":"add"}],"status":"completed"}}
        {"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"hello"}}
        {"type":"item.completed","item":{"id":"item_0","type":"reasoning","text":"hello"}}
        {"type":"item.completed","item":{"id":"item_0","type":"error","message":"hello"}}
        "#);
    }
}
