//! Questions, and who answers them.

use std::fmt;
use std::path::Path;

use dam_policy::{Access, Action, Containment, Escalation, Network, Posture, Verdict};

use crate::show;

/// How many further reasons are shown.
const MOST_REASONS: usize = 3;
/// How many writable directories are shown.
const MOST_ROOTS: usize = 4;

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
    /// What else makes it a question, each as a phrase.
    pub also: Vec<String>,
    /// What it could touch, as a phrase.
    pub touches: String,
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
    /// Yes, and from now on in this project: a rule was written, as it says.
    Project(String),
    /// No, with the reviewer's words, which may be empty. It counts until the
    /// session ends.
    Declined(String),
    /// The automatic reviewer's yes, this time, with its reason.
    Approved(String),
    /// The automatic reviewer's no, with its reason.
    Rejected(String),
    /// There is nobody to ask: a no.
    NobodyToAsk,
}

impl Answer {
    /// Whether it is a yes.
    pub const fn is_yes(&self) -> bool {
        matches!(
            self,
            Self::Once | Self::Session | Self::Project(_) | Self::Approved(_)
        )
    }

    /// Whether the same question is answered by it again. A yes for one time
    /// is none for the next, that nobody answered is no answer, and what is
    /// reviewed is reviewed with what the user has said by then.
    pub const fn lasts(&self) -> bool {
        matches!(self, Self::Session | Self::Project(_) | Self::Declined(_))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once => f.write_str("once"),
            Self::Session => f.write_str("session"),
            Self::Declined(words) if words.is_empty() => f.write_str("declined"),
            Self::Declined(words) => write!(f, "declined: {}", show::short(words, 200)),
            Self::Project(rule) => write!(f, "project: {}", show::short(rule, 300)),
            Self::Approved(words) => write!(f, "approved by review: {}", show::short(words, 200)),
            Self::Rejected(words) => write!(f, "rejected by review: {}", show::short(words, 200)),
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
        if !self.touches.is_empty() {
            write!(f, "\n  can touch {}", show::short(&self.touches, 300))?;
        }
        write!(
            f,
            "\n  asked because {} ({})",
            show::short(&self.verdict.reason, 300),
            show::one_line(self.verdict.rule.as_str())
        )?;
        for reason in self.also.iter().take(MOST_REASONS) {
            write!(f, "\n    and because {}", show::short(reason, 300))?;
        }
        Ok(())
    }
}

/// What an action could touch, of what a person would want to know: a phrase,
/// empty where the action itself says it.
pub(crate) fn touches(posture: &Posture, action: &Action, containment: Containment) -> String {
    if !matches!(action, Action::Command { .. }) {
        return String::new();
    }
    if containment == Containment::Open {
        return "everything that you can: nothing holds it".to_owned();
    }
    let profile = &posture.profile.value;
    let mut roots: Vec<&Path> = profile.files.paths(Access::Write).collect();
    roots.sort_unstable();
    let writes = match roots.as_slice() {
        [] => "nothing to write".to_owned(),
        roots => {
            let shown = roots.iter().take(MOST_ROOTS);
            let shown: Vec<String> = shown.map(|root| root.display().to_string()).collect();
            let more = match roots.len().saturating_sub(MOST_ROOTS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("what is in {}{more}", shown.join(", "))
        }
    };
    let network = match &profile.network {
        Network::Proxy(_) => "the network as its rules allow",
        Network::None => "no network",
        Network::Host => "the network",
    };
    format!("{writes}; {network}")
}

/// What an action would do, in a few words that are safe for a terminal.
pub fn described(action: &Action, verdict: &Verdict) -> String {
    what(action, verdict)
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
        Action::Reach {
            host,
            port,
            protocol,
            method,
            path,
            ..
        } => {
            let request = match (method, path) {
                (Some(method), path) => {
                    let path = path.as_deref().unwrap_or_default();
                    format!("{} {} at ", show::short(method, 40), show::short(path, 200))
                }
                (None, _) => String::new(),
            };
            let by = protocol.map_or_else(String::new, |by| format!(" by {by}"));
            format!("reach {request}{}:{port}{by}", show::short(host, 260))
        }
        Action::UseTool { server, tool } => format!(
            "call the tool {} of {}",
            show::short(tool, 100),
            show::short(server, 100)
        ),
        Action::ExtendPermissions { what } => {
            format!("be granted for the session: {}", show::short(what, 300))
        }
        Action::RunSkill { skill } => format!("run the skill {}", show::short(skill, 100)),
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
