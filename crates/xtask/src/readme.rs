//! `cargo xtask readme`: puts what `dam demo` really prints into `README.md`,
//! so that the page never shows what the program does not say.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

const BEGIN: &str = "<!-- demo:begin -->";
const END: &str = "<!-- demo:end -->";

/// What stands for every session's identifier.
const SESSION: &str = "20261121-070416-1f3a9c";

/// Why the page was not written.
#[derive(Debug, thiserror::Error)]
pub enum CannotWrite {
    /// Cargo does not answer.
    #[error("cannot read the workspace: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    /// The demonstration cannot be run.
    #[error("cannot run `{program} demo`: {cause}; build it first: `cargo build --release`")]
    Start {
        /// Which program was tried.
        program: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// It ran and failed.
    #[error("the demonstration failed ({0}), so the page stays as it is:\n{1}")]
    Failed(std::process::ExitStatus, String),
    /// The page cannot be read or written.
    #[error("cannot use {path}: {cause}")]
    Page {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// The page has no place for the output.
    #[error("README.md needs one `{BEGIN}` and after it one `{END}`")]
    NoPlace,
}

/// Runs the demonstration of `program`, or of the release build, and puts its
/// output into the page. Returns what was done, in one line.
pub fn run(program: Option<&str>) -> Result<String, CannotWrite> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let target = metadata.target_directory.as_std_path();
    let program = program.map_or_else(|| target.join("release/dam").into(), OsString::from);
    let output = demonstrate(&program, &target.join("readme-demo"))?;
    let path = metadata.workspace_root.as_std_path().join("README.md");
    let unusable = |cause| CannotWrite::Page {
        path: path.clone(),
        cause,
    };
    let page = std::fs::read_to_string(&path).map_err(unusable)?;
    let fresh = insert(&page, &comparable(&output)).ok_or(CannotWrite::NoPlace)?;
    if fresh == page {
        return Ok("README.md already shows this output".to_owned());
    }
    std::fs::write(&path, fresh).map_err(unusable)?;
    Ok("README.md shows the new output".to_owned())
}

/// What the demonstration prints, both streams as they come. Its journal goes
/// to a directory of its own.
fn demonstrate(program: &OsString, home: &Path) -> Result<String, CannotWrite> {
    let failed = |cause| CannotWrite::Start {
        program: program.display().to_string(),
        cause,
    };
    let (mut reader, writer) = std::io::pipe().map_err(failed)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "a development tool that runs the product, not the product"
    )]
    let mut command = std::process::Command::new(program);
    command
        .arg("demo")
        .env("NO_COLOR", "1")
        .env("COFFERDAM_HOME", home)
        .stdin(std::process::Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer);
    let mut child = command.spawn().map_err(failed)?;
    // Ours of the pipe's ends, without which reading would never end.
    drop(command);
    let mut output = String::new();
    reader.read_to_string(&mut output).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    if status.success() {
        Ok(output)
    } else {
        Err(CannotWrite::Failed(status, output))
    }
}

/// The output without what differs from run to run: the session's identifier,
/// the number in the directory's name, and blanks at the ends of lines.
fn comparable(output: &str) -> String {
    output
        .trim_end()
        .lines()
        .map(|line| without_number(&without_session(line)).trim_end().to_owned() + "\n")
        .collect()
}

fn without_session(line: &str) -> String {
    let looks_like_one = |word: &str| {
        word.len() == SESSION.len()
            && word
                .bytes()
                .zip(SESSION.bytes())
                .all(|(is, like)| match like {
                    b'-' => is == b'-',
                    _ => is.is_ascii_hexdigit(),
                })
    };
    line.split(' ')
        .map(|word| if looks_like_one(word) { SESSION } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

fn without_number(line: &str) -> String {
    const NAME: &str = "cofferdam-demo-";
    let Some((before, after)) = line.split_once(NAME) else {
        return line.to_owned();
    };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{NAME}1{rest}")
}

/// The page with this output between the marks; `None` without them.
fn insert(page: &str, output: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n```text\n{output}```\n{END}{after}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_runs_is_made_the_same() {
        let output = "a\n/var/tmp/cofferdam-demo-10380/wordcount\n  \nsession 20261122-235959-e0a91e\n  dam log show 20261122-235959-e0a91e\nnot-a-session\n\n";
        assert_eq!(
            comparable(output),
            "a\n/var/tmp/cofferdam-demo-1/wordcount\n\nsession 20261121-070416-1f3a9c\n  dam log show 20261121-070416-1f3a9c\nnot-a-session\n"
        );
    }

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = "one\n<!-- demo:begin -->\nold\n<!-- demo:end -->\ntwo\n";
        let fresh = "one\n<!-- demo:begin -->\n```text\nnew\n```\n<!-- demo:end -->\ntwo\n";
        assert_eq!(insert(page, "new\n").as_deref(), Some(fresh));
        assert_eq!(insert(fresh, "new\n").as_deref(), Some(fresh));
        assert_eq!(insert("no marks", "new\n"), None);
        assert_eq!(
            insert("<!-- demo:end --><!-- demo:begin -->", "new\n"),
            None
        );
    }
}
