//! What a boxed process gives up before its program starts, and which tier of
//! the boundary this kernel can give.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};
use rustix::thread::CapabilitySet;

use crate::error::SandboxError;
use crate::{ceiling, sys};

/// What this kernel can enforce.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tier {
    /// Ceiling, walls and doorman.
    Full,
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("full")
    }
}

/// The tier that this kernel gives, found out by doing it: a boundary is put up
/// around a program that ends at once.
pub fn tier() -> Result<Tier, SandboxError> {
    crate::launch::try_out().map(|()| Tier::Full)
}

/// The version of Landlock that is made use of here: the newest that both the
/// kernel and this program know.
pub fn landlock_version() -> Option<u32> {
    ceiling::version().map(|abi| abi as u32)
}

/// No new privileges for this process or any it starts, no core dumps, and no
/// capabilities but `keep`.
pub(crate) fn give_up_privileges(keep: CapabilitySet) -> Result<(), Errno> {
    rustix::thread::set_no_new_privs(true)?;
    sys::seal_capabilities()?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none)?;
    sys::drop_capabilities(keep)
}

/// The version of Landlock in use, or why there is none.
pub(crate) fn landlock() -> Result<landlock::ABI, Errno> {
    ceiling::version().ok_or(Errno::OPNOTSUPP)
}
