//! Commits, newest first, each with the files that it brings.

use std::io::Write;

use dam_sandbox::Stream;

use super::git::{is_id, lossy, records};
use super::{Git, SourceError};

/// A commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Commit {
    /// What git calls it.
    pub id: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// A file that a commit brings or changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// What git calls its content.
    pub blob: String,
}

impl Git {
    /// The commits that lead to one, newest first; with `since`, those after a
    /// time in seconds since 1970.
    pub fn commits(&self, from: &str, since: Option<i64>) -> Result<Vec<Commit>, SourceError> {
        let since = since.map(|time| format!("--since={time}"));
        let mut words = vec!["rev-list", "--timestamp", "--date-order"];
        words.extend(since.as_deref());
        words.push(from);
        let answer = self.ask(&words)?;
        String::from_utf8_lossy(&answer)
            .lines()
            .map(|line| {
                let (time, id) = line.split_once(' ')?;
                let time = time.parse().ok()?;
                is_id(id).then(|| Commit {
                    id: id.to_owned(),
                    time,
                })
            })
            .map(|commit| commit.ok_or(SourceError::Nonsense("a list of commits")))
            .collect()
    }

    /// What each of these commits brings, in their order; to be asked of some
    /// hundred at a time.
    pub fn changes(&self, commits: &[Commit]) -> Result<Vec<(String, Vec<Change>)>, SourceError> {
        let words = [
            "diff-tree",
            "--stdin",
            "--root",
            "-r",
            "-z",
            "-m",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            "--no-ext-diff",
            "--no-textconv",
            "--always",
        ];
        let mut running = self.start(&words, self.common_dir(), Stream::Pipe)?;
        let ids: Vec<&str> = commits.iter().map(|commit| commit.id.as_str()).collect();
        let list = ids.join(
            "
",
        ) + "
";
        let stdin = running.stdin.take();
        // Git may answer before it has read everything.
        let writer = std::thread::spawn(move || {
            stdin.map_or(Ok(()), |mut stdin| stdin.write_all(list.as_bytes()))
        });
        let answer = super::git::answer_of(running, &words);
        let _broken_pipe_is_told_by_the_answer = writer.join();
        parsed(&answer?)
    }
}

/// `COMMIT NUL (:MODE MODE ID ID STATUS NUL PATH NUL)*`, again and again. A
/// merge comes once for each of its parents.
fn parsed(answer: &[u8]) -> Result<Vec<(String, Vec<Change>)>, SourceError> {
    let mut commits: Vec<(String, Vec<Change>)> = Vec::new();
    let mut records = records(answer);
    while let Some(record) = records.next() {
        // A commit's name ends in a line feed where nothing was printed before.
        let text = String::from_utf8_lossy(record.trim_ascii()).into_owned();
        let Some(about) = text.strip_prefix(':') else {
            if !is_id(&text) {
                return Err(SourceError::Nonsense("a commit's name"));
            }
            if commits.last().is_none_or(|(last, _)| *last != text) {
                commits.push((text, Vec::new()));
            }
            continue;
        };
        let path = records
            .next()
            .ok_or(SourceError::Nonsense("a change without a path"))?;
        let words: Vec<&str> = about.split(' ').collect();
        let [_, mode, _, id, status] = words[..] else {
            return Err(SourceError::Nonsense("a change's record"));
        };
        // What is deleted, a link or a submodule brings nothing to read.
        if status == "D" || mode == "120000" || mode == "160000" {
            continue;
        }
        let (_, changes) = commits
            .last_mut()
            .ok_or(SourceError::Nonsense("a change of nothing"))?;
        changes.push(Change {
            path: lossy(path),
            blob: id.to_owned(),
        });
    }
    Ok(commits)
}
