//! Which hosts a project has reached before: a list in the state directory,
//! one host a line. It only marks; nothing is decided by it.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How many hosts are remembered of one project.
const MOST: usize = 10_000;

/// The hosts of one project.
pub struct Hosts {
    file: PathBuf,
    known: BTreeSet<String>,
}

impl Hosts {
    /// Reads what is known. A list that cannot be read marks everything as new.
    pub fn read(state: &Path, project: &Path) -> Self {
        let file = state.join("hosts").join(name(project));
        let text = fs::read_to_string(&file).unwrap_or_default();
        let known = text.lines().map(str::to_owned).collect();
        Self { file, known }
    }

    /// Whether the project reaches this host for the first time. It is known
    /// from then on.
    pub fn is_new(&mut self, host: &str) -> bool {
        if self.known.len() >= MOST || !self.known.insert(host.to_owned()) {
            return false;
        }
        self.keep(host);
        true
    }

    /// What cannot be kept is marked as new once more.
    fn keep(&self, host: &str) {
        let directory = self.file.parent().unwrap_or(&self.file);
        let _ = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory);
        let mut options = OpenOptions::new();
        let file = options
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file);
        if let Ok(mut file) = file {
            let _ = file.write_all(format!("{host}\n").as_bytes());
        }
    }
}

/// The same for the same project: FNV, which is enough for a name.
fn name(project: &Path) -> String {
    let bytes = project.as_os_str().as_bytes();
    let digest = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
            (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{digest:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_new_once_for_each_project() {
        let state = tempfile::tempdir().unwrap();
        let here = || Hosts::read(state.path(), Path::new("/a"));
        assert!(here().is_new("example.com"));
        assert!(!here().is_new("example.com"));
        assert!(here().is_new("example.org"));
        assert!(Hosts::read(state.path(), Path::new("/b")).is_new("example.com"));
    }
}
