//! Names that come from strangers: of files, of the branch, and messages of
//! commits.

use super::catalogue::finding;
use super::unicode::first_hidden;
use crate::{Finding, Joined, Project, Severity};

/// The setting that holds messages of commits, each ended by a zero.
const MESSAGES: &str = "commit-messages";

pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    let is_new = |path: &&String| project.base.is_none_or(|base| !base.has(path));
    for path in project.paths.iter().filter(is_new) {
        if let Some((why, severity)) = bad_path(path) {
            let message = format!("The name `{}` {why}.", path.escape_debug());
            joined.findings.push(Finding {
                severity,
                ..finding("hostile-file-name", path, 0, message)
            });
        }
    }
    if let Some((branch, why)) = project
        .settings
        .branch
        .as_deref()
        .and_then(|branch| Some((branch, bad_branch(branch)?)))
    {
        let message = format!("The branch `{}` {why}.", branch.escape_debug());
        joined
            .findings
            .push(finding("hostile-branch-name", "", 0, message));
    }
    let messages = project
        .settings
        .of_detectors
        .get(MESSAGES)
        .map(String::as_str)
        .unwrap_or_default();
    for message in messages.split('\0').filter(|message| !message.is_empty()) {
        if let Some(why) = bad_message(message) {
            let head: String = message.chars().take(60).collect();
            let text = format!("The message `{}` {why}.", head.escape_debug());
            joined
                .findings
                .push(finding("hostile-commit-message", "", 0, text));
        }
    }
}

/// Names that Windows takes for devices.
const DEVICES: &[&str] = &[
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "lpt1", "lpt2", "lpt3",
];

fn bad_path(path: &str) -> Option<(String, Severity)> {
    if let Some((c, _, _)) = first_hidden(path, false) {
        return Some((
            format!("has U+{:04X} in it, which nobody sees", u32::from(c)),
            Severity::High,
        ));
    }
    if path.chars().any(char::is_control) {
        return Some(("has a control character in it".to_owned(), Severity::High));
    }
    for part in path.split('/') {
        let lower = part.to_ascii_lowercase();
        let stem = lower.split('.').next().unwrap_or_default();
        if part.starts_with('-') {
            return Some((
                "is taken for an option by programs".to_owned(),
                Severity::High,
            ));
        }
        if part.contains("$(") || part.contains(['`', ';', '|', '&', '<', '>', '\\', '"']) {
            let runs = part.contains("$(") || part.contains(['`', ';']);
            let severity = if runs { Severity::High } else { Severity::Low };
            return Some((
                "is a command where a script does not put it into quotes".to_owned(),
                severity,
            ));
        }
        if matches!(
            lower.as_str(),
            "git~1" | ".git." | ".git " | ".git::$index_allocation"
        ) || (lower == ".git" && part != ".git")
        {
            return Some((
                "is `.git` on file systems that do not tell the two apart".to_owned(),
                Severity::High,
            ));
        }
        if DEVICES.contains(&stem) || part.ends_with(['.', ' ']) {
            return Some(("cannot be a file on Windows".to_owned(), Severity::Low));
        }
    }
    None
}

fn bad_branch(branch: &str) -> Option<&'static str> {
    let is_digest = branch.len() == 40 && branch.bytes().all(|byte| byte.is_ascii_hexdigit());
    if branch.starts_with('-') {
        Some("is taken for an option by programs")
    } else if first_hidden(branch, false).is_some() || branch.chars().any(char::is_control) {
        Some("has characters that nobody sees")
    } else if branch.contains([
        '$', '`', ';', '|', '&', '<', '>', '"', '\'', '(', ')', '{', '}', '!',
    ]) {
        Some("is a command where a script does not put it into quotes")
    } else if branch.starts_with("refs/")
        || branch.contains("@{")
        || branch.contains("..")
        || branch == "HEAD"
        || is_digest
    {
        Some("is another revision to git")
    } else {
        None
    }
}

fn bad_message(message: &str) -> Option<&'static str> {
    let lower = message.to_ascii_lowercase();
    if message
        .lines()
        .any(|line| first_hidden(line, false).is_some())
    {
        Some("has characters that nobody sees")
    } else if message.lines().any(|line| {
        line.trim_start().starts_with("::")
            && [
                "::set-env",
                "::add-path",
                "::set-output",
                "::stop-commands",
                "::add-mask",
            ]
            .iter()
            .any(|command| line.contains(command))
    }) {
        Some("has a command for CI in it")
    } else if ["[skip ci]", "[ci skip]", "[no ci]", "skip-checks: true"]
        .iter()
        .any(|mark| lower.contains(mark))
    {
        Some("keeps CI from looking at the change")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{bad_branch, bad_message, bad_path};

    #[test]
    fn hostile_names_are_told_from_odd_ones() {
        for path in [
            "-rf",
            "a/$(id).txt",
            "a\u{202e}txt.exe",
            "x\n.py",
            ".GIT/config",
            "a;b",
            "git~1/config",
        ] {
            assert!(bad_path(path).is_some(), "{path:?}");
        }
        for path in [
            "src/[id]/page.tsx",
            "a (copy).txt",
            "@types/x.d.ts",
            "über/größe.md",
            "a+b,c=d.py",
            "[...slug].ts",
            ".github/x",
            "日本語.md",
        ] {
            assert!(bad_path(path).is_none(), "{path:?}");
        }
        for branch in ["--upload-pack=x", "a$(curl x)", "refs/heads/x", "a`id`"] {
            assert!(bad_branch(branch).is_some(), "{branch}");
        }
        assert!(bad_branch("feature/a-b_c.1").is_none());
        assert!(bad_message("Fix\n\n::set-env name=X::y").is_some());
        assert!(bad_message("Use std::env in tests").is_none());
    }
}
