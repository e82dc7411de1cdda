//! One long-lived `git cat-file` in a box that hands out what git keeps.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Mutex;

use dam_sandbox::Running;

use super::git::is_id;
use super::{SourceError, too_big};
use crate::file::LARGEST;
use crate::{Gap, GapKind};

/// What hands out blobs. Several threads may ask.
#[derive(Debug)]
pub struct Blobs(Mutex<Talk>);

#[derive(Debug)]
struct Talk {
    /// Both ends, unless the talk has broken off.
    pipes: Option<(File, BufReader<File>)>,
    running: Running,
}

/// What became of one question.
enum Answer {
    Bytes(Vec<u8>),
    Missing,
    TooBig(u64),
    NotABlob,
}

impl Blobs {
    pub(super) fn new(mut running: Running) -> Result<Self, SourceError> {
        let (Some(stdin), Some(stdout)) = (running.stdin.take(), running.stdout.take()) else {
            return Err(SourceError::Nonsense("there are no pipes"));
        };
        let pipes = Some((stdin, BufReader::with_capacity(1 << 16, stdout)));
        Ok(Self(Mutex::new(Talk { pipes, running })))
    }

    /// The bytes of a blob.
    pub(super) fn read(&self, path: &str, id: &str) -> Result<Vec<u8>, Gap> {
        let unreadable = |why: &str| Gap::in_file(path, GapKind::Unreadable, why);
        let Ok(mut talk) = self.0.lock() else {
            return Err(unreadable("git cannot be asked any more"));
        };
        match talk.ask(id) {
            Ok(Answer::Bytes(bytes)) => Ok(bytes),
            Ok(Answer::Missing) => Err(unreadable("git does not have its content here")),
            Ok(Answer::TooBig(size)) => Err(too_big(path, size)),
            Ok(Answer::NotABlob) => Err(unreadable("what git keeps there is no file")),
            Err(error) => {
                // Whatever comes now answers another question.
                talk.pipes = None;
                Err(unreadable(&format!("git cannot be talked to: {error}")))
            }
        }
    }
}

impl Talk {
    fn ask(&mut self, id: &str) -> std::io::Result<Answer> {
        let (stdin, stdout) = self
            .pipes
            .as_mut()
            .ok_or_else(|| std::io::Error::other("it has ended"))?;
        if !is_id(id) {
            return Ok(Answer::Missing);
        }
        stdin.write_all(format!("info {id}\n").as_bytes())?;
        let size = match about(stdout)? {
            About::Blob(size) if size > LARGEST => return Ok(Answer::TooBig(size)),
            About::Blob(size) => size,
            About::Missing => return Ok(Answer::Missing),
            About::Other => return Ok(Answer::NotABlob),
        };
        stdin.write_all(format!("contents {id}\n").as_bytes())?;
        match about(stdout)? {
            About::Blob(again) if again == size => {}
            About::Missing => return Ok(Answer::Missing),
            _ => return Err(std::io::Error::other("it answers something else")),
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        stdout.read_exact(&mut bytes)?;
        let mut end = [0];
        stdout.read_exact(&mut end)?;
        Ok(Answer::Bytes(bytes))
    }
}

enum About {
    Blob(u64),
    Other,
    Missing,
}

/// `ID blob SIZE`, or `ID missing`.
fn about(stdout: &mut BufReader<File>) -> std::io::Result<About> {
    let mut line = String::new();
    stdout.by_ref().take(1000).read_line(&mut line)?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    match words[..] {
        [_, "blob", size] => size
            .parse()
            .map(About::Blob)
            .map_err(|_| std::io::Error::other("a size that is none")),
        [_, "missing"] => Ok(About::Missing),
        [_, _, _] => Ok(About::Other),
        [] => Err(std::io::Error::other("it has ended")),
        _ => Err(std::io::Error::other("it answers something else")),
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // It ends when there is nothing more to read.
        self.pipes = None;
        let _ended = self.running.wait();
    }
}
