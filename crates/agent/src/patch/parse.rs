//! Reading a patch. Every error names the line, so that a model can mend it.

use super::{Change, Hunk, Line, Patch};

/// Why a text is no patch.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// The first line is another.
    #[error("line {line}: a patch begins with `*** Begin Patch`, not {found}")]
    NoBegin {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: Found,
    },
    /// The last line is missing.
    #[error("line {line}: the patch ends without `*** End Patch`")]
    NoEnd {
        /// The line after the last, from 1.
        line: usize,
    },
    /// There is nothing between the first line and the last.
    #[error("line {line}: the patch changes nothing")]
    Empty {
        /// The line, from 1.
        line: usize,
    },
    /// Something follows the last line.
    #[error("line {line}: {found} follows `*** End Patch`")]
    Trailing {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: Found,
    },
    /// A line that begins no change.
    #[error(
        "line {line}: expected `*** Add File: `, `*** Delete File: `, `*** Update File: ` or \
         `*** End Patch`, found {found}"
    )]
    NoHeader {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: Found,
    },
    /// A header without a path, or with one that no file can have.
    #[error("line {line}: {problem}")]
    Path {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A line of a new file without its plus sign.
    #[error("line {line}: every line of a new file begins with `+`, not {found}")]
    NotAdded {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: Found,
    },
    /// A line of a hunk without its sign.
    #[error("line {line}: a line of a hunk begins with ` `, `-` or `+`, not {found}")]
    NoSign {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: Found,
    },
    /// A hunk without lines, or an update without hunks.
    #[error("line {line}: {what} says nothing to change")]
    NothingToDo {
        /// The line, from 1.
        line: usize,
        /// The hunk or the update.
        what: &'static str,
    },
}

/// A line that was found, shortened for a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found(String);

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 60;
        let mut shown: String = self.0.chars().take(SHOWN).collect();
        if shown.len() < self.0.len() {
            shown.push('…');
        }
        write!(f, "`{shown}`")
    }
}

/// Reads a patch. Blank lines around it are let go.
pub fn parse(text: &str) -> Result<Patch, ParseError> {
    let mut lines = Lines::new(text);
    match lines.next() {
        Some(line) if line.trim() == BEGIN => {}
        Some(line) => {
            return Err(ParseError::NoBegin {
                line: lines.number(),
                found: found(line),
            });
        }
        None => {
            return Err(ParseError::NoBegin {
                line: 1,
                found: found(""),
            });
        }
    }
    let mut changes = Vec::new();
    while let Some(change) = change(&mut lines)? {
        changes.push(change);
    }
    if changes.is_empty() {
        return Err(ParseError::Empty {
            line: lines.number(),
        });
    }
    match lines.next() {
        Some(line) => Err(ParseError::Trailing {
            line: lines.number(),
            found: found(line),
        }),
        None => Ok(Patch { changes }),
    }
}

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File:";
const DELETE: &str = "*** Delete File:";
const UPDATE: &str = "*** Update File:";
const MOVE: &str = "*** Move to:";
const END_OF_FILE: &str = "*** End of File";

/// The lines of a patch with one line of foresight.
struct Lines<'a> {
    rest: std::iter::Peekable<std::str::Lines<'a>>,
    /// How many were taken.
    taken: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let start = text.trim_start();
        let skipped = text[..text.len() - start.len()].matches('\n').count();
        Self {
            rest: start.trim_end().lines().peekable(),
            taken: skipped,
        }
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.rest.next()?;
        self.taken += 1;
        Some(line)
    }

    fn peek(&mut self) -> Option<&'a str> {
        self.rest.peek().copied()
    }

    /// The number of the line taken last, from 1.
    const fn number(&self) -> usize {
        self.taken
    }
}

fn found(line: &str) -> Found {
    Found(line.to_owned())
}

/// The next change, or none at the patch's last line.
fn change(lines: &mut Lines<'_>) -> Result<Option<Change>, ParseError> {
    let header = loop {
        match lines.next() {
            // Between changes a blank line can mean nothing.
            Some(line) if line.trim().is_empty() => {}
            Some(line) => break line.trim(),
            None => {
                return Err(ParseError::NoEnd {
                    line: lines.number() + 1,
                });
            }
        }
    };
    if header == END {
        return Ok(None);
    }
    let number = lines.number();
    if let Some(path) = header.strip_prefix(ADD) {
        let path = self::path(path, number)?;
        return Ok(Some(Change::Add {
            path,
            lines: added(lines)?,
        }));
    }
    if let Some(path) = header.strip_prefix(DELETE) {
        let path = self::path(path, number)?;
        return Ok(Some(Change::Delete { path }));
    }
    if let Some(path) = header.strip_prefix(UPDATE) {
        return update(self::path(path, number)?, lines).map(Some);
    }
    Err(ParseError::NoHeader {
        line: number,
        found: found(header),
    })
}

fn path(text: &str, line: usize) -> Result<String, ParseError> {
    let path = text.trim();
    let problem = if path.is_empty() {
        "the path is missing"
    } else if path.contains('\0') {
        "a path cannot hold a NUL character"
    } else if matches!(path.rsplit('/').next(), Some("" | "." | "..")) {
        "the path names a directory"
    } else {
        return Ok(path.to_owned());
    };
    Err(ParseError::Path { line, problem })
}

fn added(lines: &mut Lines<'_>) -> Result<Vec<String>, ParseError> {
    let mut text = Vec::new();
    while let Some(line) = lines.peek() {
        if let Some(line) = line.strip_prefix('+') {
            text.push(line.to_owned());
        } else if is_marker(line) || line.trim().is_empty() {
            break;
        } else {
            return Err(ParseError::NotAdded {
                line: lines.number() + 1,
                found: found(line),
            });
        }
        lines.next();
    }
    Ok(text)
}

/// A line that belongs to the patch, not to a file. Inside a hunk every line
/// of the file has a sign before it, so three asterisks in front are ours.
fn is_marker(line: &str) -> bool {
    line.starts_with("*** ")
}

fn update(path: String, lines: &mut Lines<'_>) -> Result<Change, ParseError> {
    let number = lines.number();
    let mut move_to = None;
    if let Some(to) = lines.peek().and_then(|line| line.strip_prefix(MOVE)) {
        lines.next();
        move_to = Some(self::path(to, lines.number())?);
    }
    let mut hunks = Vec::new();
    while lines.peek().is_some_and(|line| !is_marker(line)) {
        hunks.extend(hunk(lines)?);
    }
    if hunks.is_empty() && move_to.is_none() {
        return Err(ParseError::NothingToDo {
            line: number,
            what: "the update",
        });
    }
    Ok(Change::Update {
        path,
        move_to,
        hunks,
    })
}

/// The next hunk, or none where only blank lines are left of the update.
fn hunk(lines: &mut Lines<'_>) -> Result<Option<Hunk>, ParseError> {
    let mut hunk = Hunk::default();
    let number = lines.number() + 1;
    while let Some(context) = lines.peek().and_then(|line| line.strip_prefix("@@")) {
        lines.next();
        if !context.trim().is_empty() {
            let context = context.strip_prefix(' ').unwrap_or(context);
            hunk.contexts.push(context.trim_end().to_owned());
        }
    }
    // Lines that are wholly empty, which may be lines of the file whose sign
    // was forgotten or only space between hunks: what follows decides.
    let mut blank = 0;
    while let Some(line) = lines.peek() {
        if line.trim_end() == END_OF_FILE {
            lines.next();
            hunk.at_end = true;
            keep_blank(&mut hunk, &mut blank);
            break;
        }
        if line.starts_with("@@") || is_marker(line) {
            break;
        }
        if line.is_empty() {
            blank += 1;
        } else {
            keep_blank(&mut hunk, &mut blank);
            hunk.lines.push(signed(line, lines.number() + 1)?);
        }
        lines.next();
    }
    if hunk == Hunk::default() {
        return Ok(None);
    }
    if hunk.lines.is_empty() {
        return Err(ParseError::NothingToDo {
            line: number,
            what: "the hunk",
        });
    }
    Ok(Some(hunk))
}

fn keep_blank(hunk: &mut Hunk, blank: &mut usize) {
    let lines = std::iter::repeat_n(Line::Keep(String::new()), *blank);
    hunk.lines.extend(lines);
    *blank = 0;
}

fn signed(line: &str, number: usize) -> Result<Line, ParseError> {
    let mut rest = line.chars();
    let sign = rest.next();
    let text = rest.as_str().to_owned();
    match sign {
        Some(' ') => Ok(Line::Keep(text)),
        Some('-') => Ok(Line::Remove(text)),
        Some('+') => Ok(Line::Add(text)),
        _ => Err(ParseError::NoSign {
            line: number,
            found: found(line),
        }),
    }
}
