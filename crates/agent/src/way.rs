//! The way out of the boxes of a session, as far as the agent knows of it: it
//! hands on what comes out of a box, and hears what came in.

use dam_policy::FlowState;
use dam_sandbox::Road;

/// Whoever serves the roads out of the boxes of a session.
pub trait WayOut: Send + Sync {
    /// Serves the road of a command, which has just been started. An error
    /// means that the command must not go on.
    fn serve(&self, command: &str, road: Road) -> Result<(), String>;

    /// What the session has seen, as far as the way does not know it.
    fn has_seen(&self, flow: &FlowState);

    /// The first host from which something was taken in that the session was
    /// not told of yet.
    fn taken_in(&self) -> Option<String>;

    /// Why nothing can be written down any more, if that is so.
    fn lost(&self) -> Option<String>;
}
