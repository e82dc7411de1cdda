//! What was answered in this session, so that nobody is asked twice.

use std::path::{Path, PathBuf};

use dam_policy::{Action, Containment};

use crate::{Answer, Question};

/// The answers of one session. In memory only: none outlives the session that
/// it was given in.
#[derive(Default)]
pub(crate) struct Answers(Vec<(Asked, Answer)>);

/// What was asked: exactly this action, held the same way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Asked {
    what: What,
    containment: Containment,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum What {
    /// The words and the directory, from which all else follows. The stated
    /// reason is worded anew each time and is no part of what was allowed;
    /// that it leaves the boundary is in the containment.
    Command(Vec<String>, PathBuf),
    Other(Action),
}

impl Answers {
    /// The first answer that still counts. A yes for one time does not, and
    /// that nobody answered is no answer.
    pub(crate) fn to(&self, asked: &Asked) -> Option<Answer> {
        let mut answers = self.0.iter();
        let found = answers.find(|(before, _)| before == asked);
        found.map(|(_, answer)| answer.clone())
    }

    pub(crate) fn keep(&mut self, asked: Asked, answer: &Answer) {
        if answer.lasts() {
            self.0.push((asked, answer.clone()));
        }
    }

    /// A path that was allowed as a part of something else.
    pub(crate) fn grant_write(&mut self, path: &Path) {
        let asked = Asked {
            what: What::Other(Action::WriteFile {
                path: path.to_owned(),
            }),
            containment: Containment::Open,
        };
        self.keep(asked, &Answer::Session);
    }
}

impl Asked {
    pub(crate) fn of(question: &Question) -> Self {
        Self {
            what: What::of(&question.action),
            containment: question.verdict.containment,
        }
    }
}

impl What {
    fn of(action: &Action) -> Self {
        match action {
            Action::Command { argv, cwd, .. } => Self::Command(normal(argv), cwd.clone()),
            // What is allowed is the host, whatever is asked of it.
            Action::Reach { host, port, .. } => Self::Other(Action::reach(host, *port)),
            other => Self::Other(other.clone()),
        }
    }
}

/// A command as it is compared: without the shell that carries a single
/// plain command, and with one shell's name for the same script. Whatever could
/// make a difference to what runs is left as it is.
fn normal(argv: &[String]) -> Vec<String> {
    let Some((shell, script)) = carried(argv) else {
        return argv.to_vec();
    };
    let script = script.trim_matches(|c| c == ' ' || c == '\n');
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_./:,@%+=".contains(c);
    if !script.chars().all(plain) {
        return vec![shell.to_owned(), "-c".to_owned(), script.to_owned()];
    }
    let words: Vec<String> = script
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    match words.first() {
        // An assignment, which is no program.
        Some(first) if !first.contains('=') => words,
        _ => vec![shell.to_owned(), "-c".to_owned(), script.to_owned()],
    }
}

/// The shell and the script of `bash -c SCRIPT`.
fn carried(argv: &[String]) -> Option<(&str, &str)> {
    let [shell, flag, script] = argv else {
        return None;
    };
    let name = match shell.rsplit_once('/') {
        None => shell,
        Some(("/bin" | "/usr/bin", name)) => name,
        Some(_) => return None,
    };
    let is_shell = ["bash", "sh", "dash", "zsh", "ksh"].contains(&name);
    let is_script = ["-c", "-lc", "-cl"].contains(&flag.as_str());
    (is_shell && is_script).then_some((name, script))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &[&str], other: &[&str]) -> bool {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        normal(&words(one)) == normal(&words(other))
    }

    #[test]
    fn spellings_of_one_command_are_one() {
        assert!(same(
            &["bash", "-lc", "git  push -f "],
            &["git", "push", "-f"]
        ));
        assert!(same(&["/bin/sh", "-c", "make"], &["bash", "-c", "make"]));
        assert!(same(
            &["/bin/bash", "-c", "a | b\n"],
            &["bash", "-lc", "a | b"]
        ));
    }

    #[test]
    fn what_may_differ_is_not_one() {
        for (one, other) in [
            (
                &["bash", "-c", "echo 'a  b'"][..],
                &["bash", "-c", "echo 'a b'"][..],
            ),
            (&["bash", "-c", "a; b"], &["bash", "-c", "a | b"]),
            (&["bash", "-c", "A=1 b"], &["A=1", "b"]),
            (&["/tmp/bash", "-c", "make"], &["make"]),
            (&["zsh", "-c", "a *"], &["bash", "-c", "a *"]),
            (&["git", "push"], &["git", "push", "-f"]),
            (&["bash", "-c", "git push", "x"], &["git", "push"]),
        ] {
            assert!(!same(one, other), "{one:?} {other:?}");
        }
    }
}
