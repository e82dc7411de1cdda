//! The paths that a command's words name: what it may be about to read.

use std::path::{Component, Path, PathBuf};

use dam_shell::{Analysis, RedirectKind, Word};

/// As many as anybody types; a longer list of words is a list of files found
/// by a program, which the boundary looks after.
const MOST: usize = 200;

/// Every word that is a path, absolute and without `.` and `..`, each once.
/// Without a home directory, words that begin with `~` name nothing.
pub(crate) fn named(analysis: &Analysis, cwd: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for command in &analysis.commands {
        let read = command
            .redirects
            .iter()
            .filter(|redirect| redirect.kind == RedirectKind::Read)
            .map(|redirect| &redirect.target);
        for word in command.argv.iter().skip(1).chain(read) {
            if let Some(path) = path_of(word, cwd, home)
                && !found.contains(&path)
                && found.len() < MOST
            {
                found.push(path);
            }
        }
    }
    found
}

fn path_of(word: &Word, cwd: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let below_home = |text: &str| {
        let rest = ["~/", "$HOME/", "${HOME}/"]
            .iter()
            .find_map(|home| text.strip_prefix(home))?;
        Some(home?.join(certain(rest)))
    };
    let path = match word {
        Word::Known(text) if text.chars().any(char::is_whitespace) => return None,
        Word::Known(text) if text.starts_with('~') => below_home(text)?,
        Word::Known(text) if text.contains('/') || text.starts_with('.') => cwd.join(text),
        Word::Known(_) => return None,
        // What a word begins with for certain is enough: whatever follows
        // `~/.ssh/` lies below it.
        Word::Unknown {
            written, prefix, ..
        } => match below_home(written) {
            Some(path) => path,
            None => cwd.join(prefix.rsplit_once('/')?.0),
        },
    };
    Some(plain(&path))
}

/// The part of a path as written that stands for itself.
fn certain(written: &str) -> &str {
    match written.find(|c: char| "*?[]{}$`'\"\\…".contains(c)) {
        Some(at) => written[..at].rsplit_once('/').map_or("", |(path, _)| path),
        None => written,
    }
}

/// Without `.` and `..`, as far as that can be told without looking.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str) -> Vec<String> {
        let argv = ["bash", "-c", script].map(str::to_owned);
        named(
            &dam_shell::analyse(&argv),
            Path::new("/w/repo"),
            Some(Path::new("/home/u")),
        )
        .iter()
        .map(|path| path.display().to_string())
        .collect()
    }

    #[test]
    fn words_that_are_paths_are_found_wherever_they_stand() {
        assert_eq!(of("cat ~/.ssh/id_ed25519"), ["/home/u/.ssh/id_ed25519"]);
        assert_eq!(of("ls && wc -l < ../secret"), ["/w/secret"]);
        assert_eq!(
            of("sudo tar czf x.tgz /home/u/.aws | cat"),
            ["/home/u/.aws"]
        );
        assert_eq!(of("cat ~/.ssh/id_*"), ["/home/u/.ssh"]);
        assert_eq!(of("cat ./a/../b ."), ["/w/repo/b", "/w/repo"]);
    }

    #[test]
    fn words_that_are_text_are_not() {
        assert!(of("git commit -m 'keep ~/.ssh out of it'").is_empty());
        assert!(of("echo hello world").is_empty());
    }
}
