//! `[mcp_servers]`: which servers may be started, by name and by what they are.

use std::collections::BTreeMap;

use serde::Serialize;

/// The servers that may be started, by their names in the settings.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Servers(pub BTreeMap<String, Identity>);

/// What a server must be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// ServerStart by this command, with any arguments.
    Command(String),
    /// ServerStart by this program, with exactly these arguments.
    Invocation {
        /// The program.
        executable: String,
        /// Its arguments, in order.
        args: Vec<Argument>,
    },
    /// Reached at this address.
    Url(Argument),
}

/// What one argument or address must be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "match", content = "value", rename_all = "lowercase")]
pub enum Argument {
    /// Exactly this.
    Exact(String),
    /// Something that begins like this.
    Prefix(String),
}

/// A server that is to be started.
#[derive(Clone, Copy, Debug)]
pub enum ServerStart<'a> {
    /// By a command.
    Command {
        /// The program.
        executable: &'a str,
        /// Its arguments.
        args: &'a [String],
    },
    /// At an address.
    Url(&'a str),
}

impl Servers {
    /// Whether this server may be started.
    pub fn allow(&self, name: &str, started: &ServerStart<'_>) -> bool {
        match (self.0.get(name), started) {
            (Some(Identity::Command(command)), ServerStart::Command { executable, .. }) => {
                command == executable
            }
            (
                Some(Identity::Invocation { executable, args }),
                ServerStart::Command {
                    executable: program,
                    args: given,
                },
            ) => {
                executable == program
                    && args.len() == given.len()
                    && args.iter().zip(*given).all(|(arg, given)| arg.is(given))
            }
            (Some(Identity::Url(url)), ServerStart::Url(address)) => url.is(address),
            _ => false,
        }
    }
}

impl Argument {
    fn is(&self, given: &str) -> bool {
        match self {
            Self::Exact(text) => given == text,
            Self::Prefix(text) => given.starts_with(text.as_str()),
        }
    }
}
