//! Test support: a scripted model server, and a hermetic environment that runs
//! the real binary. Never linked into the product.

pub mod environment;
pub mod scripted_server;

pub use scripted_server::{Part, Received, ScriptedServer, Turn};
