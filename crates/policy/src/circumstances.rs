//! Circumstances: what an action is judged under, beside the posture.

use serde::{Deserialize, Serialize};

use crate::FlowState;

/// What an action is judged under, beside the posture. The default is the
/// usual: the boundary will hold it, and the session has seen nothing.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Circumstances {
    /// That no boundary will hold it, whatever the profile says: it is another
    /// program that acts, and this is only asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// That a person typed it. They may try what the boundary says of what it
    /// names; leaving is not theirs to ask for in this way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub typed: bool,
    /// What the session has read and taken in.
    #[serde(default, skip_serializing_if = "FlowState::is_clean")]
    pub flow: FlowState,
}

impl Circumstances {
    /// Where the boundary of the profile will hold the action.
    pub const BOXED: Self = Self {
        open: false,
        typed: false,
        flow: FlowState::CLEAN,
    };

    /// Where nothing will.
    pub const OPEN: Self = Self {
        open: true,
        typed: false,
        flow: FlowState::CLEAN,
    };

    /// Where a person typed the command, and the boundary will hold it.
    pub const TYPED: Self = Self {
        open: false,
        typed: true,
        flow: FlowState::CLEAN,
    };
}
