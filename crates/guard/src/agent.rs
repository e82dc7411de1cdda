//! The agents whose hooks are answered, and how they differ.

use std::fmt;
use std::str::FromStr;

/// Another vendor's agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Agent {
    /// Claude Code.
    ClaudeCode,
    /// Codex CLI.
    Codex,
}

/// A name of none of them.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is none of `claude-code` and `codex`")]
pub struct UnknownAgent(String);

impl Agent {
    /// Every one, by its name.
    pub const ALL: [Self; 2] = [Self::ClaudeCode, Self::Codex];

    /// Its name on the command line and on record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
        }
    }

    /// Whether it asks its user when a hook says so. Codex takes that for a
    /// failed hook, and goes ahead.
    pub const fn can_ask(self) -> bool {
        matches!(self, Self::ClaudeCode)
    }
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Agent {
    type Err = UnknownAgent;

    fn from_str(name: &str) -> Result<Self, UnknownAgent> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|agent| agent.name() == name);
        found.ok_or_else(|| UnknownAgent(name.to_owned()))
    }
}
