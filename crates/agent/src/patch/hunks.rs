//! Finding where hunks belong in a text, and putting them there. Pure.
//!
//! A hunk is applied only where its place is beyond doubt: when the lines that
//! it names are found nowhere, or in more than one place, nothing changes.
//! Lines that stay keep the file's own bytes, and so do files that are not
//! UTF-8.

use std::fmt;

use super::{Hunk, Line};

/// Why a hunk has no place in a text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MatchError {
    /// A line after `@@` is not there.
    #[error("hunk {hunk}: the file has no such line{place}:\n{lines}")]
    NoContext {
        /// Which hunk, from 1.
        hunk: usize,
        /// Where it was looked for.
        place: Place,
        /// The line that is missing.
        lines: Shown,
    },
    /// The lines are not there.
    #[error("hunk {hunk}: the file has no such lines{place}:\n{lines}")]
    Missing {
        /// Which hunk, from 1.
        hunk: usize,
        /// Where they were looked for.
        place: Place,
        /// The lines that are missing.
        lines: Shown,
    },
    /// The lines are there more than once.
    #[error(
        "hunk {hunk}: these lines are found more than once, at lines {}; add lines around them, or \
         `@@` with a line above them:\n{lines}", list(.at)
    )]
    Ambiguous {
        /// Which hunk, from 1.
        hunk: usize,
        /// The lines of the file where they begin, from 1.
        at: Vec<usize>,
        /// The lines.
        lines: Shown,
    },
}

/// Where a hunk's lines were looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// From this line of the file on, counted from 1.
    After(usize),
    /// As above, but they are there before it: hunks must come in order.
    OutOfOrder(usize),
    /// At the end of the file only.
    AtEnd,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(0) => Ok(()),
            Self::After(line) => write!(f, " after line {line}"),
            Self::OutOfOrder(line) => write!(
                f,
                " after line {line}, where the hunk before ended; it has them above: hunks must \
                 come in the order of the file"
            ),
            Self::AtEnd => f.write_str(" at its end"),
        }
    }
}

/// Lines of a hunk, shortened for a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shown(Vec<String>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        let lines: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(&lines[..lines.len().min(SHOWN)].join("\n"))?;
        match lines.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n… {more} more"),
        }
    }
}

fn list(at: &[usize]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = at.iter().take(SHOWN).map(usize::to_string).collect();
    if at.len() > SHOWN {
        text.push("…".to_owned());
    }
    text.join(", ")
}

/// The text with every hunk applied, in order.
pub fn apply_hunks(old: &[u8], hunks: &[Hunk]) -> Result<Vec<u8>, MatchError> {
    let text = Text::new(old);
    let mut new = Output::new(text.end);
    let mut cursor = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        let at = find(&text, cursor, hunk, index + 1)?;
        new.extend(&text.lines[cursor..at]);
        cursor = at;
        for line in &hunk.lines {
            match line {
                Line::Keep(_) => {
                    new.extend(&text.lines[cursor..=cursor]);
                    cursor += 1;
                }
                Line::Remove(_) => cursor += 1,
                Line::Add(added) => new.add(added),
            }
        }
    }
    new.extend(&text.lines[cursor..]);
    Ok(new.bytes)
}

/// A file's contents by lines, each with its end.
struct Text<'a> {
    lines: Vec<&'a [u8]>,
    /// How its lines end: what added lines get.
    end: &'static [u8],
}

impl<'a> Text<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let windows = lines.iter().filter(|line| line.ends_with(b"\r\n")).count();
        let end: &[u8] = if windows * 2 > lines.len() {
            b"\r\n"
        } else {
            b"\n"
        };
        Self { lines, end }
    }

    fn line(&self, index: usize) -> &'a [u8] {
        let line = self.lines[index];
        line.strip_suffix(self.end)
            .or_else(|| line.strip_suffix(b"\n"))
            .unwrap_or(line)
    }

    /// Where `wanted` begins, from line `from` on, as exactly as possible.
    fn find(&self, from: usize, wanted: &[&str], at_end: bool) -> Vec<usize> {
        let exact = self.find_by(from, wanted, at_end, |a, b| a == b);
        if !exact.is_empty() {
            return exact;
        }
        self.find_by(from, wanted, at_end, |a, b| {
            a.trim_ascii_end() == b.trim_ascii_end()
        })
    }

    fn find_by(
        &self,
        from: usize,
        wanted: &[&str],
        at_end: bool,
        same: impl Fn(&[u8], &[u8]) -> bool,
    ) -> Vec<usize> {
        let Some(last) = self.lines.len().checked_sub(wanted.len()) else {
            return Vec::new();
        };
        let first = if at_end { from.max(last) } else { from };
        (first..=last)
            .filter(|start| {
                let mut lines = (*start..).zip(wanted);
                lines.all(|(index, wanted)| same(self.line(index), wanted.as_bytes()))
            })
            .collect()
    }

    /// Where the line `context` stands, from line `from` on; blanks around it
    /// do not count where it is not there exactly.
    fn find_context(&self, from: usize, context: &str) -> Vec<usize> {
        let exact = self.find(from, &[context], false);
        if !exact.is_empty() {
            return exact;
        }
        self.find_by(from, &[context], false, |a, b| {
            a.trim_ascii() == b.trim_ascii()
        })
    }
}

/// The one line where the hunk begins.
fn find(text: &Text<'_>, cursor: usize, hunk: &Hunk, number: usize) -> Result<usize, MatchError> {
    let wanted: Vec<&str> = hunk
        .lines
        .iter()
        .filter_map(|line| match line {
            Line::Keep(text) | Line::Remove(text) => Some(text.as_str()),
            Line::Add(_) => None,
        })
        .collect();
    let mut places = match starts(text, cursor, hunk, number)? {
        // Lines to add and no place named: the end of the file.
        None if wanted.is_empty() => return Ok(text.lines.len()),
        None => text.find(cursor, &wanted, hunk.at_end),
        Some(starts) if wanted.is_empty() => starts.iter().map(|start| start + 1).collect(),
        Some(starts) => starts
            .iter()
            .filter_map(|start| text.find(*start, &wanted, hunk.at_end).first().copied())
            .collect(),
    };
    places.dedup();
    match places[..] {
        [place] => Ok(place),
        [] => Err(MatchError::Missing {
            hunk: number,
            place: looked(text, cursor, &wanted, hunk.at_end),
            lines: shown(&wanted),
        }),
        _ => Err(MatchError::Ambiguous {
            hunk: number,
            at: places.iter().map(|place| place + 1).collect(),
            lines: if wanted.is_empty() {
                shown(&hunk.contexts)
            } else {
                shown(&wanted)
            },
        }),
    }
}

/// The lines that the hunk's contexts lead to, or none if it has no contexts.
fn starts(
    text: &Text<'_>,
    cursor: usize,
    hunk: &Hunk,
    number: usize,
) -> Result<Option<Vec<usize>>, MatchError> {
    let missing = |context: &String| MatchError::NoContext {
        hunk: number,
        place: Place::After(cursor),
        lines: shown(&[context]),
    };
    let Some((first, deeper)) = hunk.contexts.split_first() else {
        return Ok(None);
    };
    let mut starts = text.find_context(cursor, first);
    if starts.is_empty() {
        return Err(missing(first));
    }
    for context in deeper {
        starts = starts
            .iter()
            .filter_map(|start| text.find_context(start + 1, context).first().copied())
            .collect();
        starts.dedup();
        if starts.is_empty() {
            return Err(missing(context));
        }
    }
    Ok(Some(starts))
}

fn looked(text: &Text<'_>, cursor: usize, wanted: &[&str], at_end: bool) -> Place {
    if at_end {
        Place::AtEnd
    } else if cursor > 0 && !text.find(0, wanted, false).is_empty() {
        Place::OutOfOrder(cursor)
    } else {
        Place::After(cursor)
    }
}

fn shown(lines: &[impl AsRef<str>]) -> Shown {
    Shown(lines.iter().map(|line| line.as_ref().to_owned()).collect())
}

/// The new contents as they grow.
struct Output {
    bytes: Vec<u8>,
    end: &'static [u8],
}

impl Output {
    const fn new(end: &'static [u8]) -> Self {
        Self {
            bytes: Vec::new(),
            end,
        }
    }

    fn extend(&mut self, lines: &[&[u8]]) {
        for line in lines {
            self.finish_line();
            self.bytes.extend_from_slice(line);
        }
    }

    fn add(&mut self, line: &str) {
        self.finish_line();
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.extend_from_slice(self.end);
    }

    /// Ends the line that was the file's last and lacked its end.
    fn finish_line(&mut self) {
        if !self.bytes.is_empty() && !self.bytes.ends_with(b"\n") {
            self.bytes.extend_from_slice(self.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Change, parse};
    use super::*;

    fn hunks(text: &str) -> Vec<Hunk> {
        let patch = parse(&format!(
            "*** Begin Patch\n*** Update File: f\n{text}*** End Patch"
        ));
        match patch.unwrap().changes.remove(0) {
            Change::Update { hunks, .. } => hunks,
            other => panic!("{other:?}"),
        }
    }

    fn applied(old: &str, patch: &str) -> Result<String, String> {
        apply_hunks(old.as_bytes(), &hunks(patch))
            .map(|new| String::from_utf8(new).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_hunk_changes_the_lines_that_it_names() {
        let new = applied("a\nb\nc\n", "@@\n a\n-b\n+B\n+BB\n c\n");
        assert_eq!(new.unwrap(), "a\nB\nBB\nc\n");
    }

    #[test]
    fn hunks_apply_in_order_and_the_first_needs_no_header() {
        let new = applied("a\nb\nc\nd\n", "-a\n+A\n@@\n-d\n");
        assert_eq!(new.unwrap(), "A\nb\nc\n");
    }

    #[test]
    fn trailing_blanks_do_not_count_and_the_files_own_stay() {
        let new = applied("a  \nb\t\nc\n", "@@\n a\n-b\n+B\n");
        assert_eq!(new.unwrap(), "a  \nB\nc\n");
    }

    #[test]
    fn an_exact_place_is_preferred_to_a_loose_one() {
        let new = applied("x \nx\n", "@@\n-x\n+y\n");
        assert_eq!(new.unwrap(), "x \ny\n");
    }

    #[test]
    fn a_context_line_says_which_of_several_places() {
        let old = "def a():\n    pass\ndef b():\n    pass\n";
        let new = applied(old, "@@ def b():\n-    pass\n+    return\n");
        assert_eq!(new.unwrap(), "def a():\n    pass\ndef b():\n    return\n");
    }

    #[test]
    fn contexts_lead_one_into_the_other() {
        let old = "class A:\n  def f():\n    x\nclass B:\n  def f():\n    x\n";
        let new = applied(old, "@@ class B:\n@@ def f():\n-    x\n+    y\n");
        assert_eq!(
            new.unwrap(),
            "class A:\n  def f():\n    x\nclass B:\n  def f():\n    y\n"
        );
    }

    #[test]
    fn the_end_of_the_file_says_which_of_several_places() {
        let new = applied("x\ny\nx\n", "@@\n-x\n+z\n*** End of File\n");
        assert_eq!(new.unwrap(), "x\ny\nz\n");
    }

    #[test]
    fn lines_to_add_alone_go_after_their_context_or_to_the_end() {
        assert_eq!(applied("a\nb\n", "@@ a\n+x\n").unwrap(), "a\nx\nb\n");
        assert_eq!(applied("a\nb", "@@\n+x\n").unwrap(), "a\nb\nx\n");
        assert_eq!(applied("", "@@\n+x\n").unwrap(), "x\n");
    }

    #[test]
    fn windows_line_ends_stay() {
        let new = applied("a\r\nb\r\nc\r\n", "@@\n a\n-b\n+B\n");
        assert_eq!(new.unwrap(), "a\r\nB\r\nc\r\n");
    }

    #[test]
    fn bytes_that_are_not_utf8_stay() {
        let new = apply_hunks(b"\xff\xfe\nb\n", &hunks("@@\n-b\n+c\n"));
        assert_eq!(new.unwrap(), b"\xff\xfe\nc\n");
    }

    #[test]
    fn missing_lines_are_shown() {
        let messages = [
            ("a\nb\n", "@@\n a\n-c\n"),
            ("a\nb\n", "@@ fn f\n-a\n"),
            ("a\nb\n", "@@\n-b\n@@\n-a\n"),
            ("a\nb\n", "@@\n-a\n*** End of File\n"),
        ]
        .map(|(old, patch)| applied(old, patch).unwrap_err());
        insta::assert_snapshot!(messages.join("\n"), @r"
        hunk 1: the file has no such lines:
        a
        c
        hunk 1: the file has no such line:
        fn f
        hunk 2: the file has no such lines after line 2, where the hunk before ended; it has them above: hunks must come in the order of the file:
        a
        hunk 1: the file has no such lines at its end:
        a
        ");
    }

    #[test]
    fn doubtful_lines_are_shown_with_their_places() {
        let messages = [
            ("a\nb\na\n", "@@\n-a\n+c\n"),
            ("a\nb\na\nb\n", "@@ a\n+c\n"),
        ]
        .map(|(old, patch)| applied(old, patch).unwrap_err());
        insta::assert_snapshot!(messages.join("\n"), @r"
        hunk 1: these lines are found more than once, at lines 1, 3; add lines around them, or `@@` with a line above them:
        a
        hunk 1: these lines are found more than once, at lines 2, 4; add lines around them, or `@@` with a line above them:
        a
        ");
    }
}
