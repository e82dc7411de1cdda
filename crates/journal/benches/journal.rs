//! What the journal costs: an entry, a posture, verifying a million entries.
//!
//! `cargo bench -p dam-journal --bench journal [-- ENTRIES]`. In memory where
//! that is possible: waiting for the disk is the disk's figure.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints figures and stops where it cannot measure"
)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use dam_journal::{Event, Journal, Options, SessionId, mask, verify};
use serde_json::{Value, json};

fn main() {
    let asked = std::env::args().find_map(|word| word.parse::<u64>().ok());
    let entries = asked.unwrap_or(1_000_000);
    let mut place = tempfile::Builder::new();
    let place = place.permissions(Permissions::from_mode(0o700));
    let place = place.tempdir_in("/dev/shm").or_else(|_| place.tempdir());
    let place = place.expect("a directory");
    let options = Options {
        keys: Some(place.path().join("keys")),
        ..Options::default()
    };
    let session = SessionId::generate().expect("a session");
    let mut journal = Journal::create_with(place.path(), &session, &options).expect("a journal");

    let posture = posture();
    let text = posture.to_string();
    let masked = time(20, || mask(&text).len());
    println!(
        "masking a posture of {} bytes as one text: {masked:?}",
        text.len()
    );
    let under = time(20, || {
        let digest = journal.decide_under(&posture);
        digest.expect("a digest").len()
    });
    println!("keeping it again, cleaned and masked: {under:?}");

    let one = decision();
    let each = time(2000, || journal.append(&one).expect("an entry").line.len());
    println!("an entry, signed and in memory: {each:?}");

    let three = [decision(), decision(), decision()];
    let begun = Instant::now();
    while journal.append_together(&three).expect("entries")[2].seq < entries {}
    println!(
        "{entries} entries written, three together, after {:?}",
        begun.elapsed()
    );
    drop(journal);
    let begun = Instant::now();
    let verified = verify(place.path(), &session).expect("it verifies");
    println!(
        "{} entries, {} MiB, verified after {:?}",
        verified.entries,
        verified.bytes >> 20,
        begun.elapsed()
    );
}

/// How long it takes, on average.
fn time(times: u32, mut work: impl FnMut() -> usize) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        std::hint::black_box(work());
    }
    begun.elapsed() / times
}

fn decision() -> Event {
    serde_json::from_value(json!({
        "kind": "decision",
        "action": {
            "kind": "command", "argv": ["/bin/bash", "-c", "cargo test"], "cwd": "/src/shop",
            "facts": {"class": "ordinary", "because": "`cargo` is neither known to be safe nor known to be dangerous", "programs": ["cargo"]},
        },
        "verdict": {
            "decision": "allow", "containment": "boxed", "reason": "the boundary holds it",
            "rule": "command.boxed", "origin": {"layer": "builtin"},
        },
        "allowed": true,
    }))
    .expect("an event")
}

/// As large as those of sessions are.
fn posture() -> Value {
    let rule = |number: u32| {
        json!({
            "path": format!("/srv/users/someone/.config/application-{number}/Credentials"),
            "access": "deny",
            "rule": "files.credentials",
            "origin": {"layer": "builtin"},
            "because": "keys and tokens",
        })
    };
    json!({"rules": (0..169).map(rule).collect::<Vec<_>>()})
}
