//! Looks at an index and at the steps of a rebase before git on the host sees
//! them.
//!
//! Git trusts its index: `git checkout -- .` writes every file that it lists,
//! wherever that is, so that an entry called `.git/hooks/pre-commit` plants a
//! hook. And of the steps of a rebase, `exec` runs a command.

use crate::names::is_same;

/// Why a file of git's cannot be let through.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadGitFile {
    /// It is not what it should be, or in a form that is not known here.
    #[error("it is no index that can be looked into: {0}")]
    Form(&'static str),
    /// An entry would be written where git must not write.
    #[error("its entry `{0}` would be written outside of the working tree or below `.git`")]
    Entry(String),
    /// A step that would run something, or is not known.
    #[error("git would run its step `{0}`, or does not know it")]
    Step(String),
}

/// Whether every entry of an index lies in the working tree. `hash` is the
/// length of the repository's object names, in bytes: 20 or 32.
pub fn check_git_index(bytes: &[u8], hash: usize) -> Result<(), BadGitFile> {
    let (header, _) = bytes.split_at_checked(12).ok_or(SHORT)?;
    let version = number(&header[4..8]);
    if !header.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return Err(BadGitFile::Form("its version is not known"));
    }
    let end = bytes.len().checked_sub(hash).ok_or(SHORT)?;
    let mut reader = Reader {
        bytes: &bytes[..end],
        at: 12,
        is_compressed: version == 4,
        hash,
        name: Vec::new(),
    };
    // Where each entry starts, and whether it stands for itself.
    let mut starts = Vec::new();
    for _ in 0..number(&header[8..12]) {
        let at = reader.at;
        let is_alone = reader.entry()?;
        starts.push((at, is_alone));
        check_name(&reader.name)?;
    }
    let at = reader.at;
    check_extensions(&bytes[..end], at, &starts, end.saturating_sub(12 + hash))
}

/// Whether no step of a rebase runs anything.
pub fn check_git_steps(bytes: &[u8]) -> Result<(), BadGitFile> {
    const KNOWN: &[&str] = &[
        "b",
        "break",
        "d",
        "drop",
        "e",
        "edit",
        "f",
        "fixup",
        "l",
        "label",
        "m",
        "merge",
        "noop",
        "p",
        "pick",
        "r",
        "reset",
        "revert",
        "reword",
        "s",
        "squash",
        "t",
        "u",
        "update-ref",
    ];
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        let end = line.iter().position(u8::is_ascii_whitespace);
        let word = &line[..end.unwrap_or(line.len())];
        let is_known = KNOWN.iter().any(|known| known.as_bytes() == word);
        if !line.is_empty() && !line.starts_with(b"#") && !is_known || line.contains(&0) {
            return Err(BadGitFile::Step(shown(line)));
        }
    }
    Ok(())
}

const SHORT: BadGitFile = BadGitFile::Form("it ends too early");

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    is_compressed: bool,
    hash: usize,
    name: Vec<u8>,
}

impl Reader<'_> {
    /// Reads one entry's name; whether nothing of it comes from the one before.
    fn entry(&mut self) -> Result<bool, BadGitFile> {
        let start = self.at;
        let fixed = self.take(40 + self.hash + 2)?;
        let flags = usize::from(fixed[fixed.len() - 2]) << 8 | usize::from(fixed[fixed.len() - 1]);
        if flags & 0x4000 != 0 {
            self.take(2)?;
        }
        let mut kept = 0;
        if self.is_compressed {
            let stripped = self.varint()?;
            kept = self.name.len().checked_sub(stripped).ok_or(SHORT)?;
        }
        let rest = self.bytes.get(self.at..).ok_or(SHORT)?;
        let length = rest.iter().position(|byte| *byte == 0).ok_or(SHORT)?;
        self.name.truncate(kept);
        self.name.extend_from_slice(&rest[..length]);
        let said = flags & 0xfff;
        // Git takes the length from here, and what follows with it.
        if said != self.name.len().min(0xfff) {
            return Err(BadGitFile::Form("the length of a name is wrong"));
        }
        if self.is_compressed {
            self.take(length + 1)?;
        } else {
            let length = self.at + length - start;
            self.at = start;
            self.take((length + 8) / 8 * 8)?;
        }
        Ok(kept == 0)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], BadGitFile> {
        let end = self.at.checked_add(length).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<usize, BadGitFile> {
        let mut value = 0_usize;
        for index in 0..5 {
            let byte = self.take(1)?[0];
            value = (value << 7) + usize::from(byte & 0x7f) + usize::from(index > 0) * 0x80;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(BadGitFile::Form("a length is too large"))
    }
}

/// What follows the entries. Two extensions tell where the entries are, for
/// readers that do not go through all; they must tell the same. Another says
/// that there are more in a second file.
///
/// Git looks for the first of these at `last`, wherever extensions begin.
fn check_extensions(
    bytes: &[u8],
    end: usize,
    starts: &[(usize, bool)],
    last: usize,
) -> Result<(), BadGitFile> {
    const WRONG: BadGitFile = BadGitFile::Form("its end is elsewhere");
    let mut at = end;
    let mut is_hidden = bytes.get(last..last + 4) == Some(b"EOIE");
    while at < bytes.len() {
        let (head, after) = bytes[at..].split_at_checked(8).ok_or(SHORT)?;
        let length = number(&head[4..8]) as usize;
        let body = after.get(..length).ok_or(SHORT)?;
        match &head[..4] {
            b"link" => return Err(BadGitFile::Form("it is split in two")),
            b"EOIE" if body.len() < 4 || number(&body[..4]) as usize != end => return Err(WRONG),
            b"IEOT" => check_blocks(body, starts)?,
            _ => {}
        }
        is_hidden &= at != last;
        at += 8 + length;
    }
    if is_hidden { Err(WRONG) } else { Ok(()) }
}

/// The blocks of entries that several readers take at once.
fn check_blocks(body: &[u8], starts: &[(usize, bool)]) -> Result<(), BadGitFile> {
    const WRONG: BadGitFile = BadGitFile::Form("its blocks are elsewhere");
    let (_version, blocks) = body.split_at_checked(4).ok_or(SHORT)?;
    let mut first = 0_usize;
    for block in blocks.chunks(8) {
        let (offset, count) = block.split_at_checked(4).ok_or(SHORT)?;
        let is_right = |(at, is_alone): &(usize, bool)| {
            *at == number(offset) as usize && (first == 0 || *is_alone)
        };
        if !starts.get(first).is_some_and(is_right) {
            return Err(WRONG);
        }
        first = first.checked_add(number(count) as usize).ok_or(SHORT)?;
    }
    if first == starts.len() {
        Ok(())
    } else {
        Err(WRONG)
    }
}

/// As git itself checks the names that it takes up.
fn check_name(name: &[u8]) -> Result<(), BadGitFile> {
    // A directory as a whole, in an index that does not list all.
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let is_bad = |part: &[u8]| {
        matches!(part, b"" | b"." | b"..")
            || part.eq_ignore_ascii_case(b"git~1")
            || (part.starts_with(b".") || !part.is_ascii()) && is_same(part, ".git")
            || part.to_ascii_lowercase().starts_with(b".git") && is_same(trimmed(part), ".git")
    };
    if name.split(|byte| *byte == b'/').any(is_bad) {
        return Err(BadGitFile::Entry(shown(name)));
    }
    Ok(())
}

/// Without what some file systems drop at the end of a name.
fn trimmed(part: &[u8]) -> &[u8] {
    let end = part.iter().position(|byte| *byte == b':');
    let part = &part[..end.unwrap_or(part.len())];
    let solid = part.iter().rposition(|byte| !b". ".contains(byte));
    &part[..solid.map_or(0, |at| at + 1)]
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(80).collect()
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
