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
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none)?;
    sys::drop_capabilities(keep)
}
