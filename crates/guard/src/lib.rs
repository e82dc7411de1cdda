//! Other vendors' agents: what their hooks are given is read, judged by the
//! same gate as everything else, and answered in their words.
//!
//! Nothing of ours holds such an agent, so that it is judged *open*. Whatever
//! cannot be read, judged or written down is a no: the vendors take most
//! failures of a hook for a yes.

mod agent;
mod answer;
mod call;
mod judge;
mod memory;
mod tools;

pub use agent::{Agent, UnknownAgent};
pub use answer::answer;
pub use call::{BadCall, Call, Event};
pub use judge::{Judged, LeftToAgent, judge};
pub use memory::{Memory, MemoryError, Remembered};
