//! What the static part of the filter refuses, told: instead of the kernel the
//! broker answers, with the same error, and says which call it was.
//!
//! Nothing is allowed by that. A call that waits for the broker is not made,
//! and where there is no broker any more the kernel says that it does not exist.

use std::fmt::Write;

use super::bpf::{Action, Dispatch};
use super::lists::{self, Named};
use super::static_calls;
use crate::sys::Notification;
use crate::tier::Tier;

/// What the filter of a box refuses.
pub(crate) struct Refusals(Dispatch);

/// One refusal.
pub(crate) struct RefusedCall {
    pub errno: i32,
    pub name: String,
    pub reason: &'static str,
    /// The argument that is a path, if there is one.
    pub path: Option<usize>,
    /// What there is to say of the arguments otherwise.
    pub what: String,
}

/// The same filter, asking for the answer to what it refuses. Other interfaces
/// are killed as before.
pub(super) fn told(calls: &Dispatch) -> Dispatch {
    calls.with(|number, action| match action {
        Action::Errno(_) if !number.is_some_and(is_probed) => Action::Notify,
        same => same,
    })
}

fn is_probed(number: u32) -> bool {
    lists::PROBED.contains(&number.into())
}

impl Refusals {
    /// Of the filter that a command has in this tier.
    pub(crate) fn new(tier: Tier, road: bool) -> Self {
        Self(static_calls(tier, road))
    }

    /// The refusal, if the call is refused.
    pub(crate) fn of(&self, call: &Notification) -> Option<RefusedCall> {
        // What the kernel cannot have asked about does not exist.
        let number = u32::try_from(call.number).unwrap_or(u32::MAX);
        let errno = match self.0.answer(number, &call.args) {
            Action::Allow => return None,
            Action::Errno(errno) => errno,
            Action::Notify | Action::Kill => libc::ENOSYS,
        };
        let path = lists::PATHS.iter().find(|(of, _)| *of == call.number);
        Some(RefusedCall {
            errno,
            name: name(call.number),
            reason: reason(call.number),
            path: path.map(|(_, index)| *index),
            what: what(call),
        })
    }
}

fn named() -> impl Iterator<Item = &'static Named> {
    let refused = lists::REFUSED.iter().flat_map(|group| group.calls);
    let others = [lists::CONDITIONAL, lists::MESSAGES, lists::ABSENT];
    refused.chain(others.into_iter().flatten())
}

fn name(number: i64) -> String {
    match named().find(|(known, _)| *known == number) {
        Some((_, name)) => name.trim_start_matches("SYS_").to_owned(),
        None => format!("system call {number}"),
    }
}

fn reason(number: i64) -> &'static str {
    let is_in = |calls: &[Named]| calls.iter().any(|(known, _)| *known == number);
    if let Some(group) = lists::REFUSED.iter().find(|group| is_in(group.calls)) {
        return group.reason;
    }
    match number {
        libc::SYS_clone => "it makes namespaces",
        libc::SYS_ioctl => "there are no such controls of files, terminals and devices inside",
        libc::SYS_personality => "it takes protections from programs",
        libc::SYS_socket | libc::SYS_socketpair => "there are no such sockets inside",
        libc::SYS_setsockopt | libc::SYS_sendto | libc::SYS_sendmsg | libc::SYS_sendmmsg => {
            "it could lead a connection elsewhere"
        }
        _ if is_in(lists::CONDITIONAL) => "it could change a process outside",
        _ => "there is no such system call inside",
    }
}

/// The arguments that it was refused for, where no path says it.
fn what(call: &Notification) -> String {
    let names: &[(usize, &str)] = match call.number {
        libc::SYS_clone | libc::SYS_unshare => &[(0, "flags")],
        libc::SYS_setns => &[(1, "flags")],
        libc::SYS_ioctl => &[(1, "request")],
        libc::SYS_personality => &[(0, "personality")],
        libc::SYS_socket | libc::SYS_socketpair => &[(0, "family"), (1, "type"), (2, "protocol")],
        libc::SYS_setsockopt => &[(1, "level"), (2, "option")],
        libc::SYS_bpf | libc::SYS_keyctl => &[(0, "command")],
        libc::SYS_prlimit64 => &[(0, "process")],
        _ => &[],
    };
    let mut out = String::new();
    for (index, name) in names {
        let gap = if out.is_empty() { "" } else { ", " };
        let value = call.args[*index] & 0xffff_ffff;
        // Writing to a text cannot fail.
        let _ = if value > 0xffff {
            write!(out, "{gap}{name} {value:#x}")
        } else {
            write!(out, "{gap}{name} {value}")
        };
    }
    out
}
