//! Reads a journal's file line by line, in bounded memory.

use std::io::{self, BufRead, BufReader, Read as _};

use crate::journal::MOST_LINE_BYTES;

/// What stands between two line ends.
pub(crate) enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// The file's end without a line's end, or more than any line holds.
    Unended,
}

/// The lines of a file, from wherever it stands.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
}

impl<R: io::Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::new(reader),
        }
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let most = MOST_LINE_BYTES as u64 + 1;
        self.reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut bytes)?;
        Ok(match bytes.pop() {
            None => None,
            Some(b'\n') => Some(Line::Whole(bytes)),
            Some(_) => Some(Line::Unended),
        })
    }
}
