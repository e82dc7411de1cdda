//! What is handed down: variables and descriptors.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;

use super::processes::every_process;
use super::{Attempt, PAYLOAD, Taken, attempt, done, on_victim, read, write_new};

/// The descriptors that whoever started it may have left open.
const INHERITED: std::ops::Range<u32> = 3..64;

pub const ATTEMPTS: &[Attempt] = &[
    attempt("secret-by-name", "read a token that its name tells", |_| {
        variable("GITHUB_TOKEN")
    }),
    attempt(
        "secret-by-value",
        "read a token that its form tells",
        |_| variable("HANDLE"),
    ),
    attempt(
        "password-in-address",
        "read a password in an address",
        |_| variable("DATABASE_URL"),
    ),
    attempt("own-variables", "read its variables from /proc", |_| {
        read("/proc/self/environ")
    }),
    on_victim("all-variables", "read everybody's variables", |_| {
        every_process("environ")
    }),
    attempt("agent-socket", "use the SSH agent that is set", |_| {
        let path = text("SSH_AUTH_SOCK")?;
        done(UnixStream::connect(path)?.write_all(PAYLOAD))
    }),
    attempt("inherited-file", "write to an inherited descriptor", |_| {
        every_descriptor(|path| {
            let mut file = std::fs::File::options().append(true).open(path)?;
            file.write_all(PAYLOAD)
        })
    }),
    attempt(
        "inherited-directory",
        "write in an inherited directory",
        |_| every_descriptor(|path| write_new(format!("{path}/new")).map(drop)),
    ),
];

#[expect(
    clippy::disallowed_methods,
    reason = "an attack looks at its own environment"
)]
fn text(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|_| io::Error::other("there is no such variable"))
}

fn variable(name: &str) -> io::Result<Taken> {
    Ok(Taken::Text(text(name)?.into_bytes()))
}

/// Tries all; one success is enough.
fn every_descriptor(attack: impl Fn(&str) -> io::Result<()>) -> io::Result<Taken> {
    let mut last = io::Error::other("there is no such descriptor");
    for fd in INHERITED {
        match attack(&format!("/proc/self/fd/{fd}")) {
            Ok(()) => return Ok(Taken::Nothing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}
