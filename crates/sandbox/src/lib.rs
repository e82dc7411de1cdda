//! The boundary: what a profile grants, enforced by the kernel.
//!
//! Three rings hold a boxed process, each with one job:
//! - the **ceiling** (`ceiling`): Landlock, coarse;
//! - the **walls** (`walls`): namespaces and a mount tree made by file
//!   descriptors;
//! - the **doorman** (`broker`): a broker behind seccomp user notification
//!   that performs write-class calls itself, so that names hold at any depth
//!   before they exist.
//!
//! Under them lies a static system-call filter (`filter`). A small helper
//! process puts them up: a re-execution of the same program (see
//! [`take_over_if_helper`]), because almost nothing is safe between fork and
//! exec in a program with threads. If anything cannot be put up, nothing runs.
//!
//! What this crate does not do: decide what is granted (that is `dam-policy`),
//! ask anybody, or write the journal.

#[cfg(target_os = "linux")]
mod broker;
#[cfg(target_os = "linux")]
mod canary;
#[cfg(target_os = "linux")]
mod ceiling;
mod command;
mod error;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod follow;
#[cfg(target_os = "linux")]
mod grant;
mod held_signals;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
mod launch;
#[cfg(target_os = "linux")]
mod learn;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod lock_down;
mod outcome;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod report;
mod road;
#[cfg(target_os = "linux")]
mod running;
pub mod seatbelt;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "macos")]
#[path = "sys/darwin.rs"]
mod sys;
mod tier;
#[cfg(target_os = "linux")]
pub mod transaction;
#[cfg(target_os = "linux")]
mod walls;

pub use command::{Asking, Launch, PATIENCE, Stream};
pub use error::SandboxError;
pub use held_signals::{HeldSignals, hold_signals};
pub use outcome::{Denial, LimitHit, Outcome, Stage, Status};
pub use road::{Arrival, OWN_ADDRESS, PROXY_ADDRESS, RoadCaller};
pub use tier::Tier;

// What starts commands and follows them, by system. The rest of this crate,
// and everything above it, is the same.
#[cfg(target_os = "macos")]
pub use seatbelt::running::{
    Asked, Follower, Killer, Meanwhile, Paused, Road, Running, landlock_version, limits_held_by,
    take_over_if_helper,
};
#[cfg(target_os = "linux")]
pub use {
    ceiling::landlock_version,
    follow::{Follower, Meanwhile},
    grant::Asked,
    launch::take_over_if_helper,
    learn::{Act, Change, Lesson, What},
    limits::limits_held_by,
    road::Road,
    running::{Killer, Paused, Running},
};
