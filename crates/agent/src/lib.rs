//! The turn loop, the tools and the sessions of our own agent.
//!
//! A [`Session`] takes prompts and runs turns: it asks a model, does what the
//! model asks for, and tells it what came of it. It decides nothing itself:
//! every command and every edit is judged by `dam-gate`, recorded by
//! `dam-journal` before it happens and after, and held by `dam-sandbox`. Edits
//! are made by this program itself, started anew inside the boundary: a
//! program that uses this crate calls [`dam_sandbox::take_over_if_helper`]
//! first and [`apply_patch_main`] where its first argument is
//! [`APPLY_PATCH_WORD`].

mod acts;
mod cancel;
mod decision;
mod directory;
mod error;
mod events;
mod front;
mod instructions;
mod output;
pub mod patch;
mod process;
mod review;
mod session;
mod tools;
mod turn;
mod way;

pub use cancel::Cancel;
pub use decision::{decision, flow_marked};
pub use directory::DirectoryError;
pub use error::AgentError;
pub use events::{
    AgentEvent, CommandExecution, Decided, Failure, FileUpdate, Item, Refusal, Status, Todo,
    TokenUsage, UpdateKind, What,
};
pub use patch::{APPLY_PATCH_WORD, apply_patch_main};
pub use session::{Session, SessionOptions};
pub use turn::TurnOutcome;
pub use way::WayOut;
