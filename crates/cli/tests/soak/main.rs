//! Starting often leaves nothing: hundreds of boxes one after the other and
//! many at once, and boxes whose parts are killed at any moment.
//!
//! How often is settable, for a long run by hand:
//!
//! ```sh
//! SOAK_STARTS=10000 SOAK_KILLS=1000 cargo nextest run -p cofferdam --test soak --no-capture
//! ```
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    reason = "these are tests, which may stop at any surprise and say what they saw"
)]

mod census;
mod kills;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use dam_testkit::environment::Environment;

use crate::census::Census;

const DAM: &str = env!("CARGO_BIN_EXE_dam");
/// Users that nobody else is, so that what they leave behind is ours.
const STARTER: u32 = 20_077;
const KILLER: u32 = 20_078;

/// What is started, in turn, and how it ends: by itself, by a signal, with
/// children that stay, with nothing to execute.
const COMMANDS: &[(&[&str], i32)] = &[
    (&["true"], 0),
    (&["sh", "-c", "exit 3"], 3),
    (&["sh", "-c", "sleep 1000 & setsid sleep 1000 & exit 0"], 0),
    (&["sh", "-c", "kill -KILL $$"], 137),
    (
        &[
            "sh",
            "-c",
            "trap '' TERM HUP INT; sleep 1000 & echo x >/dev/shm/x; echo x >f; mktemp >/dev/null",
        ],
        0,
    ),
    (&["/nothing/at/all"], 127),
];

#[test]
fn many_starts_leave_nothing() {
    let environment = place(STARTER);
    let starts = number("SOAK_STARTS", 300);
    let census = || Census::take(&environment, STARTER, true);
    start(&environment, 0);
    let before = census();
    for turn in 0..starts / 2 {
        start(&environment, turn);
    }
    let next = AtomicUsize::new(starts / 2);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= starts {
                        return;
                    }
                    start(&environment, turn);
                }
            });
        }
    });
    before.assert_same(&census);
    println!("{starts} starts left nothing");
}

fn start(environment: &Environment, turn: usize) {
    let (words, code) = COMMANDS[turn % COMMANDS.len()];
    let status = boxed(environment, words)
        .status()
        .expect("a started program");
    assert_eq!(status.code(), Some(code), "{words:?}");
}

/// A place whose temporary directory is its own, for a user of its own.
fn place(user: u32) -> Environment {
    let mut environment = Environment::as_user(DAM, user).unwrap_or_else(|| Environment::new(DAM));
    let temporary = environment.work().join("tmp");
    environment.create_dirs(&temporary);
    environment.set("TMPDIR", temporary);
    environment
}

fn boxed(environment: &Environment, words: &[&str]) -> Command {
    let words = ["sandbox", "-s", "workspace-write", "--"]
        .iter()
        .chain(words);
    let mut command = environment.dam(words).into_command();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A number that a person may set for a long run.
#[expect(clippy::disallowed_methods, reason = "for tests only")]
fn number(name: &str, otherwise: usize) -> usize {
    let set = std::env::var(name).ok();
    set.map_or(otherwise, |text| text.parse().expect("a number"))
}
