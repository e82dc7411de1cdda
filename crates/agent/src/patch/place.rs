//! Which file a path in a patch stands for.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Why a path stands for no file.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It has no last component, such as `/` or `..`.
    #[error("`{0}` does not name a file")]
    NoName(String),
    /// It goes up from a directory that does not exist.
    #[error("`{0}` leads through a directory that does not exist")]
    Upwards(String),
    /// It cannot be looked up.
    #[error("`{path}` cannot be looked up: {error}")]
    Lookup {
        /// The path as written.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// It leads to a path that is no text, so that it cannot be judged.
    #[error("`{0}` leads to a path that is not UTF-8")]
    NotText(String),
    /// It is not absolute where it must be.
    #[error("`{0}` is not an absolute path without `.` and `..`")]
    NotExact(String),
}

/// The file behind `path`, seen from `cwd`: absolute, without links, also
/// where the last component is a link to a file.
pub fn resolve(cwd: &Path, path: &str) -> Result<PathBuf, PlaceError> {
    match cwd.join(path).canonicalize() {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => resolve_entry(cwd, path),
        Err(error) => Err(lookup(path, error)),
    }
}

/// The directory entry that `path` names, seen from `cwd`: absolute, without
/// links but for the last component. It need not exist, nor need the
/// directories above it.
pub fn resolve_entry(cwd: &Path, path: &str) -> Result<PathBuf, PlaceError> {
    let whole = cwd.join(path);
    let Some(name) = whole.file_name() else {
        return Err(PlaceError::NoName(path.to_owned()));
    };
    let mut missing = vec![name.to_owned()];
    let mut above = whole.parent().unwrap_or(Path::new("/"));
    let mut found = loop {
        match above.canonicalize() {
            Ok(found) => break found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(lookup(path, error)),
        }
        // A dangling link is an entry that exists and leads nowhere.
        match (above.file_name(), above.parent()) {
            (Some(name), Some(parent)) if above.symlink_metadata().is_err() => {
                missing.push(name.to_owned());
                above = parent;
            }
            _ => return Err(PlaceError::Upwards(path.to_owned())),
        }
    };
    found.extend(missing.iter().rev());
    Ok(found)
}

/// `path` itself, if there is nothing in it to resolve.
pub(super) fn exact(path: &str) -> Result<PathBuf, PlaceError> {
    let whole = Path::new(path);
    let plain = whole
        .components()
        .all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if whole.is_absolute() && plain && whole.file_name().is_some() {
        Ok(whole.to_owned())
    } else {
        Err(PlaceError::NotExact(path.to_owned()))
    }
}

fn lookup(path: &str, error: io::Error) -> PlaceError {
    PlaceError::Lookup {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_on_the_way_and_at_the_end_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir(dir.join("real")).unwrap();
        fs::write(dir.join("real/file"), "").unwrap();
        symlink("real", dir.join("link")).unwrap();
        symlink("real/file", dir.join("leaf")).unwrap();
        assert_eq!(resolve(&dir, "link/file").unwrap(), dir.join("real/file"));
        assert_eq!(resolve(&dir, "leaf").unwrap(), dir.join("real/file"));
        assert_eq!(resolve_entry(&dir, "leaf").unwrap(), dir.join("leaf"));
        assert_eq!(
            resolve(&dir, "link/new/deep").unwrap(),
            dir.join("real/new/deep")
        );
    }

    #[test]
    fn a_path_that_cannot_be_known_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        symlink("nowhere", dir.path().join("dangling")).unwrap();
        for path in ["missing/../../etc/passwd", "dangling/file", "..", "/"] {
            assert!(resolve_entry(dir.path(), path).is_err(), "{path}");
        }
    }

    #[test]
    fn only_plain_absolute_paths_are_exact() {
        assert!(exact("/a/b").is_ok());
        for path in ["a", "./a", "/a/../b", "/", ""] {
            assert!(exact(path).is_err(), "{path}");
        }
    }
}
