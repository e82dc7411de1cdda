//! The patch language that models write edits in: its words, its printed form.
//!
//! Reading it is `parse`, finding a hunk's place in a text is `hunks`, files
//! are `plan` and `commit`, the program that does it inside the boundary is
//! `program`, and patches hidden in shell scripts are `heredoc`.

mod commit;
mod heredoc;
mod hunks;
mod parse;
mod place;
mod plan;
mod program;
#[cfg(test)]
mod tests;

use std::fmt;

pub use commit::{CommitError, commit};
pub(crate) use heredoc::embedded_in;
pub use heredoc::{Embedded, embedded};
pub use hunks::{MatchError, apply_hunks};
pub use parse::{ParseError, parse};
pub use place::{PlaceError, resolve, resolve_entry};
pub use plan::{Following, Plan, PlanError, Planned, plan};
pub(crate) use program::EXACT;
pub use program::{APPLY_PATCH_WORD, apply_patch_main};

/// Changes to files, in order. A later change sees what an earlier one did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Patch {
    /// The changes; at least one.
    pub changes: Vec<Change>,
}

/// A change to one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Create a file.
    Add {
        /// Where, as written.
        path: String,
        /// Its lines, without their ends.
        lines: Vec<String>,
    },
    /// Remove a file.
    Delete {
        /// Which, as written.
        path: String,
    },
    /// Change a file, move it, or both.
    Update {
        /// Which, as written.
        path: String,
        /// Where it goes.
        move_to: Option<String>,
        /// What changes in it, in the order of the file.
        hunks: Vec<Hunk>,
    },
}

/// One place in a file that changes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hunk {
    /// Lines to find first, one after the other (`@@ class`, `@@ method`).
    pub contexts: Vec<String>,
    /// What is kept, removed and added.
    pub lines: Vec<Line>,
    /// Whether the last line is also the file's last.
    pub at_end: bool,
}

/// One line of a hunk, without its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Line {
    /// It is there and stays.
    Keep(String),
    /// It is there and goes.
    Remove(String),
    /// It comes.
    Add(String),
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It is new.
    Added,
    /// It has other contents.
    Modified,
    /// It is gone.
    Deleted,
}

impl Kind {
    /// The letter that the program prints.
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Deleted => 'D',
        }
    }

    /// The kind that has this letter.
    pub fn of_letter(letter: &str) -> Option<Self> {
        [Self::Added, Self::Modified, Self::Deleted]
            .into_iter()
            .find(|kind| letter.chars().eq([kind.letter()]))
    }
}

impl Patch {
    /// The same patch with every path replaced. The function is told whether
    /// the path names the directory entry itself (a file to delete or to
    /// create) or the file behind it.
    pub fn try_map_paths<E>(
        &self,
        mut new: impl FnMut(&str, Names) -> Result<String, E>,
    ) -> Result<Self, E> {
        let changes = self
            .changes
            .iter()
            .map(|change| {
                Ok(match change {
                    Change::Add { path, lines } => Change::Add {
                        path: new(path, Names::Entry)?,
                        lines: lines.clone(),
                    },
                    Change::Delete { path } => Change::Delete {
                        path: new(path, Names::Entry)?,
                    },
                    Change::Update {
                        path,
                        move_to,
                        hunks,
                    } => Change::Update {
                        path: new(path, update_names(move_to.as_ref()))?,
                        move_to: match move_to {
                            Some(to) => Some(new(to, Names::Entry)?),
                            None => None,
                        },
                        hunks: hunks.clone(),
                    },
                })
            })
            .collect::<Result<_, E>>()?;
        Ok(Self { changes })
    }
}

/// What a path in a patch stands for where the last component is a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Names {
    /// The directory entry, link or not.
    Entry,
    /// The file that the link leads to.
    File,
}

/// A moved file loses its old entry, so the entry is what is named.
pub(crate) const fn update_names(move_to: Option<&String>) -> Names {
    if move_to.is_some() {
        Names::Entry
    } else {
        Names::File
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "*** Begin Patch")?;
        for change in &self.changes {
            write!(f, "{change}")?;
        }
        writeln!(f, "*** End Patch")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { path, lines } => {
                writeln!(f, "*** Add File: {path}")?;
                lines.iter().try_for_each(|line| writeln!(f, "+{line}"))
            }
            Self::Delete { path } => writeln!(f, "*** Delete File: {path}"),
            Self::Update {
                path,
                move_to,
                hunks,
            } => {
                writeln!(f, "*** Update File: {path}")?;
                if let Some(to) = move_to {
                    writeln!(f, "*** Move to: {to}")?;
                }
                hunks.iter().try_for_each(|hunk| write!(f, "{hunk}"))
            }
        }
    }
}

impl fmt::Display for Hunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.contexts.is_empty() {
            writeln!(f, "@@")?;
        }
        for context in &self.contexts {
            writeln!(f, "@@ {context}")?;
        }
        for line in &self.lines {
            match line {
                Line::Keep(text) => writeln!(f, " {text}")?,
                Line::Remove(text) => writeln!(f, "-{text}")?,
                Line::Add(text) => writeln!(f, "+{text}")?,
            }
        }
        if self.at_end {
            writeln!(f, "*** End of File")?;
        }
        Ok(())
    }
}
