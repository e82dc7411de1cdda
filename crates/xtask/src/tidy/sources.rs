//! What every committed file must look like: it says what it is for, it is
//! not too long, and it names no place on anybody's machine.

use std::ffi::OsStr;
use std::path::Path;

use super::Finding;

/// A file this long deserves a thought, and this long must be divided.
const LONG: usize = 600;
const TOO_LONG: usize = 900;

/// Home directories of nobody, for examples and tests.
const FICTITIOUS: &[&str] = &["a", "alice", "b", "bob", "dev", "me", "u", "user", "you"];

/// What every machine may have in the superuser's home.
const EVERYWHERE: &[&str] = &[".ssh"];

/// A committed text file.
pub struct File {
    /// Its path below the repository's root.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// Everything that is wrong with one file.
pub fn check(file: &File) -> Vec<Finding> {
    let mut findings = machine_paths(file);
    if Path::new(&file.name).extension() == Some(OsStr::new("rs")) {
        findings.extend(purpose(file));
        findings.extend(length(file));
    }
    findings
}

fn purpose(file: &File) -> Option<Finding> {
    let first = file.text.lines().next().unwrap_or_default();
    let stated = first
        .strip_prefix("//!")
        .is_some_and(|purpose| !purpose.trim().is_empty());
    (!stated && !first.starts_with("#!")).then(|| {
        Finding::error(
            &file.name,
            "its first line must say what it is for (`//! …`)",
        )
    })
}

fn length(file: &File) -> Option<Finding> {
    match file.text.lines().count() {
        lines if lines > TOO_LONG => Some(Finding::error(
            &file.name,
            format!("has {lines} lines, more than {TOO_LONG}: divide it"),
        )),
        lines if lines > LONG => Some(Finding::warning(
            &file.name,
            format!("has {lines} lines; past {TOO_LONG} it must be divided"),
        )),
        _ => None,
    }
}

fn machine_paths(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        if let Some(path) = machine_path(line) {
            findings.push(Finding::error(
                format!("{}:{}", file.name, number + 1),
                format!("names a place on one machine: `{path}`"),
            ));
        }
    }
    findings
}

/// The first path on a line that exists on one machine only. The patterns are
/// put together here so that this file does not name them.
fn machine_path(line: &str) -> Option<String> {
    let machines = [concat!("/", "root", "/"), concat!("/", "work", "/")];
    for start in machines {
        for (at, _) in line.match_indices(start) {
            let inside_a_path = line[..at].ends_with(|before: char| {
                before.is_alphanumeric() || matches!(before, '.' | '-' | '_' | '~' | '}' | '*')
            });
            let name = component(&line[at + start.len()..]);
            if !inside_a_path && !name.is_empty() && !EVERYWHERE.contains(&name) {
                return Some(format!("{start}{name}"));
            }
        }
    }
    let homes = concat!("/", "home", "/");
    line.match_indices(homes)
        .map(|(at, _)| component(&line[at + homes.len()..]))
        .find(|name| !name.is_empty() && !FICTITIOUS.contains(name))
        .map(|name| format!("{homes}{name}"))
}

/// The path component that a text starts with.
fn component(text: &str) -> &str {
    let end = text
        .find(|each: char| !each.is_alphanumeric() && !matches!(each, '.' | '-' | '_'))
        .unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(name: &str, text: &str) -> Vec<String> {
        let file = File {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_source_file_says_what_it_is_for() {
        assert_eq!(messages("a.rs", "//! The gate.\nfn f() {}\n").len(), 0);
        assert_eq!(
            messages("a.rs", "use std::fs;\n"),
            ["error: a.rs: its first line must say what it is for (`//! …`)"]
        );
        assert_eq!(messages("a.rs", "//!\n//! Late.\n").len(), 1);
        assert_eq!(messages("a.rs", "").len(), 1);
        assert_eq!(messages("notes.md", "no rule for these\n").len(), 0);
    }

    #[test]
    fn long_files_are_noticed_and_longer_ones_fail() {
        let of_length = |lines: usize| format!("//! Long.\n{}", "//\n".repeat(lines - 1));
        assert_eq!(messages("a.rs", &of_length(600)).len(), 0);
        assert!(messages("a.rs", &of_length(601))[0].starts_with("warning: "));
        assert!(messages("a.rs", &of_length(901))[0].starts_with("error: "));
    }

    #[test]
    fn places_on_one_machine_fail() {
        for (start, name) in [("root", ".cargo"), ("work", "main"), ("home", "carol")] {
            let text = format!("see\n`/{start}/{name}/x`\n");
            assert_eq!(
                messages("notes.md", &text),
                [format!(
                    "error: notes.md:2: names a place on one machine: `/{start}/{name}`"
                )]
            );
        }
        for fine in [
            "/home/alice/.ssh",
            "/root/.ssh",
            "tests/work/x",
            "~/work/x",
            "/root",
            "/work",
        ] {
            assert_eq!(messages("notes.md", fine).len(), 0, "{fine}");
        }
    }
}
