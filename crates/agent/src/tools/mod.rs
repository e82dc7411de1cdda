//! What a model may ask for: the tools as they are offered, and its calls as
//! they are understood.

mod calls;
mod specs;

pub(crate) use calls::{
    Call, CallError, ExecCommand, SandboxPermissions, Shell, StepStatus, UpdatePlan, WriteStdin,
    read, read_custom,
};
pub(crate) use specs::specs;
