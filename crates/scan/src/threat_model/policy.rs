//! What `SECURITY.md` files say of the code beside and below them: in scope,
//! out of scope, for tests only, no vulnerability. A repository's own text is
//! a hint for what is looked at first, and is held against what was seen. It
//! hides nothing.

use crate::{Finding, Revision};

/// What it is called, in any case of letters.
const NAME: &str = "SECURITY.md";
/// Directories of which the one above is meant.
const KEPT_IN: &[&str] = &[".github", ".gitlab", "docs"];
/// The most statements that are kept.
const MOST: usize = 500;

/// What is said of code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stance {
    /// It counts.
    InScope,
    /// It does not.
    OutOfScope,
    /// It never runs where it matters.
    TestOnly,
    /// It is meant to be so.
    Accepted,
}

impl Stance {
    /// What is said, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InScope => "it is in scope",
            Self::OutOfScope => "it is out of scope",
            Self::TestOnly => "it is for tests only",
            Self::Accepted => "it is no vulnerability",
        }
    }
}

/// One line of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// The file that says it.
    pub path: String,
    /// Its line, from 1.
    pub line: u32,
    /// What is said.
    pub stance: Stance,
    /// The directory that it is about, empty for all.
    directory: String,
    /// The line in lower case: weaknesses are named in it.
    text: String,
    /// Files and directories that it names, from the root.
    paths: Vec<String>,
    /// Whether it speaks of all that is in its directory.
    is_whole: bool,
}

/// All policies of a repository.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    statements: Vec<Statement>,
}

impl Policies {
    /// Those of a revision.
    pub fn of_revision(revision: &Revision) -> Self {
        let mut statements = Vec::new();
        for entry in &revision.entries {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            if name.eq_ignore_ascii_case(NAME)
                && let Some(text) = revision.text_of(&entry.path)
            {
                statements.extend(read(&entry.path, &text));
            }
            if statements.len() >= MOST {
                break;
            }
        }
        statements.truncate(MOST);
        Self { statements }
    }

    /// What is said of a finding: by the nearest file, and in it the last line.
    pub fn of(&self, finding: &Finding) -> Option<&Statement> {
        let about = self.statements.iter().filter(|each| each.is_about(finding));
        about.max_by_key(|each| (each.directory.len(), each.line))
    }
}

impl Statement {
    fn is_about(&self, finding: &Finding) -> bool {
        if !is_below(&finding.path, &self.directory) {
            return false;
        }
        if !self.paths.is_empty() {
            return self.paths.iter().any(|path| is_below(&finding.path, path));
        }
        self.is_whole || names(&self.text, &finding.rule)
    }
}

/// Whether a line names a weakness.
fn names(text: &str, rule: &str) -> bool {
    let other = match rule {
        "xss" => "cross-site scripting",
        "ssrf" => "server-side request forgery",
        "code-injection" => "code execution",
        "path-traversal" => "directory traversal",
        _ => rule,
    };
    let words = |name: &str| {
        let name = name.replace('-', " ");
        let parts = format!(" {} ", text.replace(|c: char| !c.is_alphanumeric(), " "));
        parts.contains(&format!(" {name} "))
    };
    words(rule) || words(other)
}

fn is_below(path: &str, directory: &str) -> bool {
    directory.is_empty()
        || path
            .strip_prefix(directory)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The statements of one file.
fn read(path: &str, text: &str) -> Vec<Statement> {
    let directory = directory_of(path);
    let mut of_section = None;
    let mut statements = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let lower = line.trim().to_lowercase();
        let own = stance(&lower);
        if line.starts_with('#') {
            of_section = own;
            continue;
        }
        let is_item = lower.starts_with(['-', '*', '+', '|']);
        let Some(stance) = own.or(of_section.filter(|_| is_item)) else {
            continue;
        };
        statements.push(Statement {
            path: path.to_owned(),
            line: number,
            stance,
            directory: directory.to_owned(),
            is_whole: !directory.is_empty() && speaks_of_all(&lower),
            paths: paths(line, directory),
            text: lower,
        });
        if statements.len() >= MOST {
            break;
        }
    }
    statements
}

fn directory_of(path: &str) -> &str {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let (above, last) = directory.rsplit_once('/').unwrap_or(("", directory));
    if KEPT_IN.contains(&last) {
        above
    } else {
        directory
    }
}

fn stance(line: &str) -> Option<Stance> {
    let has = |words: &[&str]| words.iter().any(|each| line.contains(each));
    if has(&["out of scope", "out-of-scope", "not in scope"]) {
        Some(Stance::OutOfScope)
    } else if has(&[
        "test only",
        "tests only",
        "only for test",
        "for testing only",
        "not for production",
    ]) {
        Some(Stance::TestOnly)
    } else if has(&[
        "not a vulnerabilit",
        "not vulnerabilit",
        "no vulnerabilit",
        "not considered a vulnerabilit",
        "accepted risk",
        "by design",
    ]) {
        Some(Stance::Accepted)
    } else if has(&["in scope", "in-scope"]) {
        Some(Stance::InScope)
    } else {
        None
    }
}

fn speaks_of_all(line: &str) -> bool {
    [
        "this directory",
        "this folder",
        "this package",
        "this module",
        "everything here",
        "code here",
        "below here",
    ]
    .iter()
    .any(|words| line.contains(words))
}

/// The files and directories between backticks that are written as such.
fn paths(line: &str, directory: &str) -> Vec<String> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| word.contains('/') && !word.contains("..") && !word.contains("://"))
        .map(|word| {
            let word = word.trim_start_matches("./");
            let word = word.trim_end_matches(['*', '/']);
            match (word.strip_prefix('/'), directory) {
                (Some(rooted), _) => rooted.to_owned(),
                (None, "") => word.to_owned(),
                (None, directory) => format!("{directory}/{word}"),
            }
        })
        .filter(|path| !path.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;

    fn policies(files: &[(&str, &str)]) -> Policies {
        let entries = files
            .iter()
            .map(|(path, text)| Entry::of_bytes(*path, *text));
        let revision = Revision {
            entries: entries.collect(),
            ..Revision::default()
        };
        Policies::of_revision(&revision.ordered())
    }

    fn said(policies: &Policies, path: &str, rule: &'static str) -> Option<(Stance, u32)> {
        let finding = Finding {
            path: path.to_owned(),
            rule: rule.into(),
            ..Finding::default()
        };
        policies.of(&finding).map(|each| (each.stance, each.line))
    }

    #[test]
    fn what_is_said_is_about_what_it_names() {
        let root = "# Security\n\n## Out of scope\n\n- `examples/` and `/tools/*`\n- Cross-site scripting\n\
                    - Reports without a proof\n\n## In scope\n\n- SQL injection anywhere\n";
        let all = policies(&[(".github/SECURITY.md", root)]);
        assert_eq!(
            said(&all, "examples/a.py", "sql-injection"),
            Some((Stance::InScope, 11))
        );
        assert_eq!(
            said(&all, "examples/a.py", "ssrf"),
            Some((Stance::OutOfScope, 5))
        );
        assert_eq!(
            said(&all, "tools/a.py", "ssrf"),
            Some((Stance::OutOfScope, 5))
        );
        assert_eq!(said(&all, "examples2/a.py", "ssrf"), None);
        assert_eq!(said(&all, "src/a.py", "xss"), Some((Stance::OutOfScope, 6)));
        assert_eq!(said(&all, "src/a.py", "ssrf"), None);
    }

    #[test]
    fn the_nearest_file_counts_and_only_for_what_is_below_it() {
        let all = policies(&[
            (
                "SECURITY.md",
                "SQL injection is out of scope.\nThis directory is not in scope.\n",
            ),
            (
                "lib/fake/security.md",
                "This directory is for testing only.\n",
            ),
            ("lib/pay/SECURITY.md", "Everything here is in scope.\n"),
        ]);
        assert_eq!(
            said(&all, "lib/pay/a.py", "sql-injection"),
            Some((Stance::InScope, 1))
        );
        assert_eq!(
            said(&all, "lib/fake/a.py", "ssrf"),
            Some((Stance::TestOnly, 1))
        );
        assert_eq!(
            said(&all, "lib/a.py", "sql-injection"),
            Some((Stance::OutOfScope, 1))
        );
        // A file at the root does not speak of everything.
        assert_eq!(said(&all, "lib/a.py", "ssrf"), None);
    }
}
