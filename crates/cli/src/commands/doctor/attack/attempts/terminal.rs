//! Somebody else's terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use rustix::termios::{LocalModes, OptionalActions, Winsize};

use super::{Attempt, Taken, attempt, done};
use crate::commands::doctor::attack::attacker::Target;

pub const ATTEMPTS: &[Attempt] = &[
    attempt("show", "write on somebody's terminal", |t| {
        done(terminal(t)?.write_all(b"attacked\n"))
    }),
    attempt("listen-in", "read what somebody types", |t| {
        let mut text = vec![0; 256];
        let length = terminal(t)?.read(&mut text)?;
        text.truncate(length);
        Ok(Taken::Text(text))
    }),
    attempt("blind", "change a terminal's settings", |t| {
        let terminal = terminal(t)?;
        let mut settings = rustix::termios::tcgetattr(&terminal)?;
        settings.local_modes ^= LocalModes::ECHO;
        let when = OptionalActions::Now;
        done(rustix::termios::tcsetattr(&terminal, when, &settings))
    }),
    attempt("resize", "change a terminal's size", |t| {
        let size = Winsize {
            ws_row: 7,
            ws_col: 7,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        done(rustix::termios::tcsetwinsize(terminal(t)?, size))
    }),
];

fn terminal(t: &Target) -> io::Result<File> {
    let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
    File::options()
        .read(true)
        .write(true)
        .custom_flags(flags.bits().cast_signed())
        .open(t.fact("terminal")?)
}
