//! Answers that a person gives to a session from outside, beforehand: a file in
//! the state directory, which no command can read or write.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_journal::SessionId;
use dam_policy::Host;

/// Allows a host in a session.
pub fn add(state: &Path, session: &SessionId, host: &Host, port: u16) -> io::Result<()> {
    let file = file(state, session);
    let directory = file.parent().unwrap_or(state);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).mode(0o600).open(file)?;
    file.write_all(format!("{host}:{port}\n").as_bytes())
}

/// Whether a host was allowed in a session.
pub fn has(state: &Path, session: &SessionId, host: &str, port: u16) -> bool {
    let text = fs::read_to_string(file(state, session)).unwrap_or_default();
    let wanted = format!("{host}:{port}");
    text.lines().any(|line| line == wanted)
}

/// Forgets them: the session has ended.
pub fn forget(state: &Path, session: &SessionId) {
    let _ = fs::remove_file(file(state, session));
}

fn file(state: &Path, session: &SessionId) -> PathBuf {
    state.join("answers").join(session.as_str())
}
