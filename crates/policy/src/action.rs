//! Actions: what somebody wants done.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{DangerKind, Protocol};

/// What somebody wants done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Run a command.
    Command {
        /// The words, the program first.
        argv: Vec<String>,
        /// The directory to run it in.
        cwd: PathBuf,
        /// What can be known of it before it runs.
        facts: CommandFacts,
        /// A wish to run it outside the boundary.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        escalation: Option<Escalation>,
    },
    /// Read a file.
    ReadFile {
        /// Its absolute path.
        path: PathBuf,
    },
    /// Create, change or remove a file.
    WriteFile {
        /// Its absolute path.
        path: PathBuf,
    },
    /// Reach a host.
    Reach {
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
        /// How, as far as that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<Protocol>,
        /// The method of a request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// The path of a request, with its query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Whether no request on it can ever be seen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opaque: bool,
    },
    /// Call a tool of an MCP server.
    UseTool {
        /// The server's name in the settings.
        server: String,
        /// The tool's name.
        tool: String,
    },
    /// Search the web.
    SearchWeb {
        /// What is searched for.
        query: String,
    },
    /// Be granted more for the rest of the session.
    ExtendPermissions {
        /// What, as a phrase.
        what: String,
    },
    /// Run a skill, which brings scripts of its own.
    RunSkill {
        /// Its name.
        skill: String,
    },
}

impl Action {
    /// The wish to reach a host, whatever is asked of it.
    pub fn reach(host: impl Into<String>, port: u16) -> Self {
        Self::Reach {
            host: host.into(),
            port,
            protocol: None,
            method: None,
            path: None,
            opaque: false,
        }
    }
}

/// Why a command should run outside the boundary, in the words of whoever
/// wants it: text to show, never evidence.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Escalation {
    /// The stated reason.
    pub justification: String,
}

/// What the analysis of a command found. Made by `dam-gate` from `dam-shell`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandFacts {
    /// The strictest class among everything that the command runs.
    pub class: CommandClass,
    /// One phrase that says why it is in that class.
    pub because: String,
    /// What a dangerous command would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<DangerKind>,
    /// The programs that it runs, as far as they are known, in order.
    pub programs: Vec<String>,
    /// The paths that its words name, absolute: what it may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathBuf>,
    /// The paths that it writes for certain, absolute: what a redirection
    /// creates or truncates, what a known program is told to write or remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<PathBuf>,
    /// Every program that it starts, in order: what rules are matched with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Started>,
    /// Whether something cannot be known: what it starts, or where it writes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opaque: bool,
    /// A way to get the same with less danger, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safer: Option<String>,
}

/// A program that a command starts, with its words. A wrapper such as `sudo`
/// is one of its own, and what it starts is another.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Started {
    /// The words, the program first.
    pub words: Vec<Token>,
    /// The class of this program by itself.
    pub class: CommandClass,
    /// How many of the words, from the first, put it into that class.
    pub decided_by: usize,
    /// Whether it does nothing but start what comes after it, as a shell does
    /// with a script that has been read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carries: bool,
}

/// A word of a command, as far as it can be known before the command runs.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Token {
    /// Exactly this.
    Known(String),
    /// It may be anything that its fields leave open.
    Unknown {
        /// What it starts with for certain.
        prefix: String,
        /// Whether it may be no word or several.
        many: bool,
    },
}

/// Classes of commands. The order is strictness: a script has the strictest
/// class of its parts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandClass {
    /// Known to read only, whatever its arguments point at.
    KnownSafe,
    /// Neither known to be safe nor known to be dangerous.
    Ordinary,
    /// Cannot be known before it runs: it may be anything.
    Opaque,
    /// Known to destroy, to weaken protection or to reach far.
    Dangerous,
}
