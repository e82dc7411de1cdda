//! What a watched process says of its call: paths, addresses, itself.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use crate::sys::{self, Notification};

const LONGEST_PATH: usize = 4096;
const PAGE: u64 = 4096;
/// How much of a command line is worth telling.
const LONGEST_COMMAND_LINE: usize = 200;

/// A call of a process that is watched.
pub(super) struct Watched<'a> {
    pub call: &'a Notification,
}

/// Whether a link at a path's end is followed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Last {
    Follow,
    Keep,
}

impl<'a> Watched<'a> {
    pub(super) const fn new(call: &'a Notification) -> Self {
        Self { call }
    }

    /// An argument as a flag word: the low 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the kernel reads no more of it"
    )]
    pub(super) const fn word(&self, index: usize) -> u32 {
        self.call.args[index] as u32
    }

    /// Where a path argument leads, from a directory argument: absolute, and
    /// without links but at its end if that is kept.
    pub(super) fn path(&self, directory: u32, path: usize, last: Last) -> Option<PathBuf> {
        let text = self.text(path)?;
        if text.is_empty() {
            return self.descriptor(directory);
        }
        let text = PathBuf::from(OsString::from_vec(text));
        let text = match text.strip_prefix("/proc/self") {
            Ok(rest) => self.process().join(rest),
            Err(_) => text,
        };
        let path = if text.is_absolute() {
            text
        } else {
            self.directory(directory)?.join(text)
        };
        settled(&path, last)
    }

    /// What an open file of the process is called.
    pub(super) fn descriptor(&self, fd: u32) -> Option<PathBuf> {
        let path = self.process().join("fd").join(fd.to_string());
        path.read_link().ok().filter(|path| path.is_absolute())
    }

    /// The bytes that an argument points at, as many as there are.
    pub(super) fn bytes(&self, index: usize, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = sys::read_memory(self.call.tid, self.call.args[index], &mut bytes).ok()?;
        bytes.truncate(read);
        Some(bytes)
    }

    /// The command line, shortened and on one line.
    pub(super) fn command_line(&self) -> String {
        let raw = std::fs::read(self.process().join("cmdline")).unwrap_or_default();
        let words = raw.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
        words.join(" ").chars().take(LONGEST_COMMAND_LINE).collect()
    }

    fn process(&self) -> PathBuf {
        Path::new("/proc").join(self.call.tid.to_string())
    }

    fn directory(&self, fd: u32) -> Option<PathBuf> {
        if fd == libc::AT_FDCWD.cast_unsigned() {
            return self.process().join("cwd").read_link().ok();
        }
        self.descriptor(fd)
    }

    fn text(&self, index: usize) -> Option<Vec<u8>> {
        let mut address = self.call.args[index];
        let mut text = Vec::new();
        while text.len() < LONGEST_PATH {
            // Never across a page that may not be mapped.
            let here = usize::try_from(PAGE - address % PAGE).ok()?;
            let mut buffer = vec![0; here.min(LONGEST_PATH - text.len())];
            let read = sys::read_memory(self.call.tid, address, &mut buffer).ok()?;
            if let Some(end) = buffer[..read].iter().position(|byte| *byte == 0) {
                text.extend_from_slice(&buffer[..end]);
                return Some(text);
            }
            if read == 0 {
                return None;
            }
            text.extend_from_slice(&buffer[..read]);
            address = address.checked_add(read as u64)?;
        }
        None
    }
}

/// A path without links. None where its directory does not exist: the call
/// will fail, whoever makes it.
fn settled(path: &Path, last: Last) -> Option<PathBuf> {
    if last == Last::Follow
        && let Ok(found) = path.canonicalize()
    {
        return Some(found);
    }
    let mut parts = path.components();
    match parts.next_back()? {
        Component::Normal(leaf) => Some(parts.as_path().canonicalize().ok()?.join(leaf)),
        _ => path.canonicalize().ok(),
    }
}
