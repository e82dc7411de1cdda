//! What comes of a command: how far it got, how it ended, and what it was
//! refused on the way.

use std::fmt;
use std::path::PathBuf;

use dam_policy::Limit;
use serde::{Deserialize, Serialize};

/// A step of putting up the boundary, for messages.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading what to run.
    Order,
    /// New namespaces.
    Namespaces,
    /// The road: routes and sockets of the way to the network.
    Network,
    /// The mount tree.
    Walls,
    /// Landlock.
    Ceiling,
    /// System-call filters and the broker.
    Filter,
    /// Giving up privileges.
    Privileges,
    /// Finding the sandbox of macOS.
    Seatbelt,
    /// Entering the working directory.
    Directory,
    /// Starting the command itself.
    Exec,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Order => "reading the order",
            Self::Namespaces => "making namespaces",
            Self::Network => "laying the way to the network",
            Self::Walls => "building the mount tree",
            Self::Ceiling => "restricting with Landlock",
            Self::Filter => "installing system-call filters",
            Self::Privileges => "giving up privileges",
            Self::Seatbelt => "finding /usr/bin/sandbox-exec",
            Self::Directory => "entering the working directory",
            Self::Exec => "starting the command",
        })
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
}

impl Status {
    /// The exit code as a shell gives it: 128 and the number for a signal.
    pub const fn code(self) -> i32 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => 128 + signal,
        }
    }

    /// Whether it exited with 0.
    pub const fn success(self) -> bool {
        matches!(self, Self::Exited(0))
    }
}

/// Something that the boundary refused, in the moment it was tried.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Denial {
    /// The system call: `openat`, `connect`, …
    pub syscall: String,
    /// The path, or the address, or what else was asked for.
    pub path: PathBuf,
    /// The rule that refused it.
    pub rule: String,
    /// Why, in one phrase.
    pub reason: String,
    /// What would allow it, where something ordinary would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The thread that tried, in the pid namespace of the host.
    pub pid: i32,
    /// Its command line, shortened.
    pub process: String,
    /// Whether it was only to be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads: bool,
}

impl Denial {
    /// The rule of what no system call does inside, whatever is granted.
    pub const SYSTEM_CALL: &str = "syscalls.refused";

    /// What was refused, why, and what would allow it. Not cleaned: path and
    /// reason come from inside.
    pub fn sentence(&self) -> String {
        if self.rule == Self::SYSTEM_CALL {
            return self.call_sentence();
        }
        let path = self.path.display();
        let act = match &*self.syscall {
            _ if self.reads => "reading",
            "open" | "openat" | "creat" | "truncate" => "writing",
            "mkdir" | "mkdirat" | "mknod" | "mknodat" | "bind" => "making",
            "unlink" | "unlinkat" | "rmdir" => "removing",
            "rename" | "renameat" | "renameat2" => "renaming",
            "link" | "linkat" | "symlink" | "symlinkat" => "linking",
            "connect" => "connecting to",
            _ => "changing the attributes of",
        };
        let mut sentence = format!("{act} {path} was refused because {}", self.reason);
        if let Some(hint) = &self.hint {
            sentence.push_str("; this would allow it: ");
            sentence.push_str(hint);
        }
        sentence
    }

    fn call_sentence(&self) -> String {
        let Self { syscall, path, .. } = self;
        let what = if path.as_os_str().is_empty() {
            String::new()
        } else {
            format!(" ({})", path.display())
        };
        format!(
            "calling {syscall}{what} was refused because {}",
            self.reason
        )
    }
}

/// How a command ended, and what was refused on the way.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// What was refused, in order.
    pub denials: Vec<Denial>,
    /// How many more were refused than could be reported.
    pub unreported: u64,
    /// The limit that it was ended for, if it was.
    pub limit: Option<LimitHit>,
}

/// A limit that a box has reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LimitHit {
    /// Which.
    pub limit: Limit,
    /// What was granted: bytes, seconds or a number.
    pub value: u64,
    /// Whether it was ended because a process hides what it uses, so that the
    /// limit could no longer be held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl LimitHit {
    /// What happened, in a sentence that names where the limit was set.
    pub fn sentence(&self, set_by: &str) -> String {
        let value = self.limit.show(self.value);
        if self.hidden {
            let name = self.limit.name();
            return format!(
                "a process hid what it uses, so that the limit `{name}` of {value} that {set_by} \
                 sets could not be held"
            );
        }
        match self.limit {
            Limit::Memory => {
                format!("it used more than the {value} of memory that {set_by} grants")
            }
            Limit::Processes => {
                format!("it ran more than the {value} processes and threads that {set_by} grants")
            }
            Limit::CpuTime => {
                format!("it used more than the {value} of processor time that {set_by} grants")
            }
            Limit::WallTime => format!("it ran for longer than the {value} that {set_by} grants"),
            Limit::OpenFiles => {
                format!("it opened more than the {value} files that {set_by} grants")
            }
            Limit::FileSize => {
                format!("it wrote more to a file than the {value} that {set_by} grants")
            }
            Limit::Written => {
                format!("it wrote more to disks than the {value} that {set_by} grants")
            }
        }
    }
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence("its profile"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_was_reached_is_told_with_its_value_and_place() {
        let hit = LimitHit {
            limit: Limit::Memory,
            value: 512 << 20,
            hidden: false,
        };
        assert_eq!(
            hit.sentence("[limits]"),
            "it used more than the 512 MiB of memory that [limits] grants"
        );
        let hit = LimitHit {
            hidden: true,
            ..hit
        };
        assert!(hit.to_string().contains("`memory` of 512 MiB"), "{hit}");
    }
}
