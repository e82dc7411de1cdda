//! Test support: a scripted model server, a hermetic environment that runs the
//! real binary, and a harness for tests that start themselves anew. Never
//! linked into the product.

pub mod environment;
pub mod harness;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod scripted_server;

pub use scripted_server::{Part, Received, ScriptedServer, Turn};
