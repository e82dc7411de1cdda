//! Signals held back while a program has something to tidy up.

use crate::error::{SandboxError, system};
use crate::sys::{self, Signals};

/// What ends a program that does nothing about it.
const ENDING: &[i32] = &[libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// Signals that would have ended this program; let through again when dropped.
#[derive(Debug)]
pub struct HeldSignals(Signals);

/// Holds back, for this thread and those that it starts, what would end this
/// program. Commands that are started meanwhile get their signals as ever.
pub fn hold_signals() -> Result<HeldSignals, SandboxError> {
    let signals = sys::block_signals(ENDING).map_err(system("taking over signals"))?;
    Ok(HeldSignals(signals))
}

impl HeldSignals {
    /// Whether one has arrived since this was last asked.
    pub fn arrived(&self) -> bool {
        self.0.next().is_some()
    }
}
