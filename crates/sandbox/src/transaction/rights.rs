//! The right to read and change one's own files whatever their mode: a command
//! may have left directories behind that not even their owner can enter.

use std::sync::Once;

use crate::helper::Identity;
use crate::sys::{self, SingleThread};

/// Enters a user namespace in which nobody but this user exists; there, modes
/// do not bind it, and nothing else is gained. Root needs no such thing; where
/// it cannot be had, the modes bind as usual.
pub(super) fn over_own_files() {
    static ONCE: Once = Once::new();
    if !rustix::process::geteuid().is_root() {
        ONCE.call_once(enter);
    }
}

fn enter() {
    let identity = Identity::own();
    let Some(proof) = SingleThread::verify() else {
        return;
    };
    if sys::unshare_user(&proof).is_ok() {
        // Without its name in the namespace, the process still owns its files.
        let _ = identity.keep();
    }
}
