//! The system-call layer: the only place in the project with `unsafe`.
//!
//! Each function wraps one kernel call that `rustix` does not offer safely, in
//! types that cannot be misused by safe code. No policy lives here.

mod notify;
mod process;
mod seccomp;
mod tree;

pub(crate) use notify::{Notification, Notifier};
pub(crate) use process::{
    Forked, Signals, SingleThread, adopt_orphans, begin_unblocked, bind_raw, block_signals,
    bring_up_loopback, close_from, connect_raw, drop_capabilities, end_domain, exec, fork,
    ignore_file_size_signal, network_of, read_memory, reap_as_they_end, reap_automatically,
    reset_signals, seal_capabilities, unshare_all, unshare_user, wait_for,
};
pub(crate) use seccomp::{Instruction, install_filter, install_listener};
pub(crate) use tree::{Attributes, set_attributes};
