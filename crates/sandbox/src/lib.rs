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

mod broker;
mod ceiling;
mod error;
mod filter;
mod follow;
mod grant;
mod held_signals;
mod helper;
mod launch;
mod learn;
mod limits;
mod lock_down;
mod report;
mod running;
pub mod seatbelt;
mod sys;
pub mod transaction;
mod walls;

pub use error::SandboxError;
pub use follow::{Follower, Meanwhile};
pub use grant::{Asked, Asking, PATIENCE};
pub use held_signals::{HeldSignals, hold_signals};
pub use launch::{Launch, Stream, take_over_if_helper};
pub use learn::{Act, Change, Lesson, What};
pub use limits::{LimitHit, limits_held_by};
pub use lock_down::{Tier, landlock_version, tier};
pub use report::{Denial, Outcome, Stage, Status};
pub use running::{Killer, Running};
