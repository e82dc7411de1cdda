//! What a boxed process gives up before its program starts.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};
use rustix::thread::CapabilitySet;

use crate::sys;

/// No new privileges for this process or any it starts, no core dumps, and no
/// capabilities but `keep`.
pub(crate) fn give_up_privileges(keep: CapabilitySet) -> Result<(), Errno> {
    rustix::thread::set_no_new_privs(true)?;
    let held = rustix::thread::capabilities(None)?;
    // Whoever may not seal them has next to none, and with no new privileges
    // nothing that is executed gains any.
    if held.effective.contains(CapabilitySet::SETPCAP) {
        sys::seal_capabilities()?;
    }
    give_up_what_is_held(keep)
}

/// The same for a process that executes nothing: what it could gain by that
/// need not be sealed.
pub(crate) fn give_up_for_good() -> Result<(), Errno> {
    rustix::thread::set_no_new_privs(true)?;
    give_up_what_is_held(CapabilitySet::empty())
}

fn give_up_what_is_held(keep: CapabilitySet) -> Result<(), Errno> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none)?;
    sys::drop_capabilities(keep)
}
