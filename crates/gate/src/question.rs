//! Questions, and who answers them.

use std::fmt;

use dam_policy::{Action, Containment, Escalation, Verdict};

use crate::show;

/// Who answers a question.
pub trait Reviewer: Send {
    /// Answers. Whatever is not [`Answer::Once`] or [`Answer::Session`] is a
    /// no.
    fn review(&mut self, question: &Question) -> Answer;
}

/// Something that policy leaves to a reviewer.
///
/// Shown in a few lines: what exactly would happen, why it is asked, and what
/// whoever wants it says. All of it is made safe for a terminal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// What would be done.
    pub action: Action,
    /// Why it is a question.
    pub verdict: Verdict,
    /// Who waits for the answer, where a command is running already.
    pub asker: Option<Asker>,
}

/// A process of a running command that tries something and waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asker {
    /// Its command line, as it says itself.
    pub process: String,
    /// Its number on the host.
    pub pid: i32,
    /// Whether it could also read the file that it wants to write.
    pub reads: bool,
}

/// What a reviewer answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Yes, this time.
    Once,
    /// Yes, and again whenever it is exactly this, until the session ends.
    Session,
    /// No, with the reviewer's words, which may be empty.
    Declined(String),
    /// There is nobody to ask: a no.
    NobodyToAsk,
}

impl Answer {
    /// Whether it is a yes.
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Once | Self::Session)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once => f.write_str("once"),
            Self::Session => f.write_str("session"),
            Self::Declined(words) if words.is_empty() => f.write_str("declined"),
            Self::Declined(words) => write!(f, "declined: {}", show::short(words, 200)),
            Self::NobodyToAsk => f.write_str("nobody to ask"),
        }
    }
}

/// The reviewer of a session that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Reviewer for Nobody {
    fn review(&mut self, _question: &Question) -> Answer {
        Answer::NobodyToAsk
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", capitalised(&what(&self.action, &self.verdict)))?;
        if let Action::Command {
            cwd, escalation, ..
        } = &self.action
        {
            write!(f, "\n  in {}", show::short(&cwd.to_string_lossy(), 200))?;
            if let Some(Escalation { justification }) = escalation {
                write!(f, "\n  it says: {}", show::short(justification, 200))?;
            }
        }
        if let Some(asker) = &self.asker {
            let process = show::short(&asker.process, 200);
            write!(f, "\n  tried by {process} (process {})", asker.pid)?;
            if asker.reads {
                write!(f, ", which could read it, too")?;
            }
        }
        write!(
            f,
            "\n  asked because {} ({})",
            show::short(&self.verdict.reason, 300),
            show::one_line(self.verdict.rule.as_str())
        )
    }
}

/// What would be done, as an infinitive.
pub(crate) fn what(action: &Action, verdict: &Verdict) -> String {
    match action {
        Action::Command { argv, .. } => {
            let place = match verdict.containment {
                Containment::Boxed => "run",
                Containment::Open => "run with no boundary",
            };
            format!("{place}: {}", show::command(argv))
        }
        Action::ReadFile { path } => format!("read {}", show::short(&path.to_string_lossy(), 300)),
        Action::WriteFile { path } => {
            format!("write {}", show::short(&path.to_string_lossy(), 300))
        }
        Action::Reach { host, port } => format!("reach {}:{port}", show::short(host, 260)),
        Action::UseTool { server, tool } => format!(
            "call the tool {} of {}",
            show::short(tool, 100),
            show::short(server, 100)
        ),
        Action::SearchWeb { query } => format!("search the web for {}", show::short(query, 300)),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}
