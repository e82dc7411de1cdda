//! The way out with real sockets: boxes that ask, hosts that answer, on
//! loopback.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test ends where its scene breaks, and is a box: it dials and runs clients"
)]

mod dns;
mod hosts;
mod limits;
mod proxy;
mod secrets;
mod tls;
mod transparent;
mod web;
mod world;
