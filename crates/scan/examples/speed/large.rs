//! A repository of a million lines and 50,000 commits, the same each time.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Failed;

const FILES: u64 = 10_000;
const LINES: u64 = 100;
const COMMITS: u64 = 50_000;

/// Where it is, below a directory; it is made where it is not there yet.
pub fn repository(dir: &Path) -> Result<PathBuf, Failed> {
    let place = dir.join("large.git");
    if place.join("made").exists() {
        return Ok(place);
    }
    std::fs::create_dir_all(dir)?;
    let made = Command::new("git")
        .args(["init", "--quiet", "--bare", "--initial-branch=main"])
        .arg(&place)
        .status()?;
    if !made.success() {
        return Err("git makes no repository".into());
    }
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(&place)
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(stdin) = import.stdin.take() {
        let mut out = BufWriter::new(stdin);
        for commit in 0..COMMITS {
            write_commit(&mut out, commit)?;
        }
        out.flush()?;
    }
    if !import.wait()?.success() {
        return Err("git does not take the history".into());
    }
    std::fs::write(place.join("made"), "")?;
    Ok(place)
}

/// The first brings all files, each later one changes another of them.
fn write_commit(out: &mut impl std::io::Write, commit: u64) -> std::io::Result<()> {
    let time = 1_600_000_000 + commit * 600;
    let message = format!("Change {commit}");
    write!(
        out,
        "commit refs/heads/main\ncommitter A <a@example.invalid> {time} +0000\ndata {}\n{message}\n",
        message.len()
    )?;
    let changed = match commit {
        0 => 0..FILES,
        _ => (commit * 7919 % FILES)..(commit * 7919 % FILES + 1),
    };
    for file in changed {
        let text = text_of(file, commit);
        let (path, length) = (path_of(file), text.len());
        write!(out, "M 100644 inline {path}\ndata {length}\n{text}\n")?;
    }
    writeln!(out)
}

fn path_of(file: u64) -> String {
    let ending = ["py", "js", "md", "json"][usize::try_from(file % 4).unwrap_or_default()];
    format!("src/part{}/file{file}.{ending}", file % 97)
}

/// A hundred lines that look like code of that language, a few of which change.
fn text_of(file: u64, commit: u64) -> String {
    let mut text = String::new();
    if file % 4 == 3 {
        text.push_str("{\n");
    }
    for line in 0..LINES / 5 {
        let version = if line == commit % (LINES / 5) {
            commit
        } else {
            file
        };
        let _cannot_fail = match file % 4 {
            0 => write!(
                text,
                "def step_{line}(items, limit):\n    total = {version}\n    for item in items[:limit]:\n        total += item.value_{line}\n    return total\n"
            ),
            1 => write!(
                text,
                "export function step{line}(items, limit) {{\n  const base = {version};\n  return items.slice(0, limit)\n    .reduce((sum, item) => sum + item.value{line}, base);\n}}\n"
            ),
            2 => write!(
                text,
                "## Part {line}\n\nIt is done {version} times,\nthen it is done.\n\n"
            ),
            _ => write!(
                text,
                "  \"name{line}\": \"part {line}\",\n  \"count{line}\": {version},\n  \"done{line}\": false,\n  \"next{line}\": null,\n  \"size{line}\": {line},\n"
            ),
        };
    }
    if file % 4 == 3 {
        text.push_str("  \"end\": 0\n}\n");
    }
    text
}
