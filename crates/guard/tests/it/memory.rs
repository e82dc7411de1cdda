//! What is remembered from one hook to the next.

use std::os::unix::fs::PermissionsExt;

use dam_guard::{Agent, Memory, Remembered};
use dam_journal::SessionId;

fn remembered() -> Remembered {
    Remembered::new(&SessionId::generate().expect("an identity"))
}

#[test]
fn a_session_is_known_again_and_no_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = |agent, name| Memory::open(dir.path(), agent, name).expect("a memory");
    let (one, two) = (remembered(), remembered());
    assert_eq!(open(Agent::Codex, "a").read().expect("none"), None);
    open(Agent::Codex, "a").write(&one).expect("it is written");
    open(Agent::ClaudeCode, "a")
        .write(&two)
        .expect("it is written");
    assert_eq!(open(Agent::Codex, "a").read().expect("one"), Some(one));
    assert_eq!(open(Agent::ClaudeCode, "a").read().expect("one"), Some(two));
    assert_eq!(open(Agent::Codex, "../a").read().expect("none"), None);
    open(Agent::Codex, "a").forget().expect("it is forgotten");
    assert_eq!(open(Agent::Codex, "a").read().expect("none"), None);
}

#[test]
fn nobody_else_can_read_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let memory = Memory::open(dir.path(), Agent::Codex, "a").expect("a memory");
    memory.write(&remembered()).expect("it is written");
    let mode = |path: &std::path::Path| {
        let meta = path.metadata().expect("it is there");
        meta.permissions().mode() & 0o777
    };
    let below = dir.path().join("guard");
    assert_eq!(mode(&below), 0o700);
    for entry in below.read_dir().expect("a directory") {
        assert_eq!(mode(&entry.expect("an entry").path()), 0o600);
    }
}

#[test]
fn what_cannot_be_read_is_not_forgotten() {
    let dir = tempfile::tempdir().expect("a directory");
    let memory = Memory::open(dir.path(), Agent::Codex, "a").expect("a memory");
    memory.write(&remembered()).expect("it is written");
    let below = dir.path().join("guard");
    for entry in below.read_dir().expect("a directory") {
        std::fs::write(entry.expect("an entry").path(), "{").expect("it is broken");
    }
    assert!(memory.read().is_err());
}

#[test]
fn hooks_of_one_session_wait_for_each_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let memory = Memory::open(dir.path(), Agent::Codex, "a").expect("a memory");
    let state = dir.path().to_owned();
    let (told, heard) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        let other = Memory::open(&state, Agent::Codex, "a").expect("a memory");
        told.send(other.read().expect("it is read")).expect("heard");
    });
    let written = remembered();
    memory.write(&written).expect("it is written");
    drop(memory);
    assert_eq!(heard.recv().expect("told"), Some(written));
    other.join().expect("it ends");
}
