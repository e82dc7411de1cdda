//! The catalogue of attempts, by what they go for.
//!
//! The identifiers follow one scheme: a letter for the group and a number
//! that never changes its meaning.

pub mod credentials;
pub mod environment;
pub mod files;
pub mod git;
pub mod kernel;
pub mod links;
pub mod names;
pub mod namespaces;
pub mod network;
pub mod processes;
pub mod sockets;
pub mod variants;

use crate::attempt::Attempt;

/// Every attempt there is, by group.
pub fn groups() -> Vec<(&'static str, Vec<Attempt>)> {
    vec![
        ("credentials", credentials::rows()),
        ("environment", environment::rows()),
        ("files", files::rows()),
        ("git", git::rows()),
        ("kernel", kernel::rows()),
        ("links", links::rows()),
        ("names", names::rows()),
        ("namespaces", namespaces::rows()),
        ("network", network::rows()),
        ("processes", processes::rows()),
        ("sockets", sockets::rows()),
        ("variants", variants::rows()),
    ]
}
