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
pub mod processes;
pub mod sockets;
pub mod variants;

use crate::attempt::Attempt;

/// Every attempt there is.
pub fn all() -> Vec<Attempt> {
    let groups = [
        credentials::rows(),
        environment::rows(),
        files::rows(),
        git::rows(),
        kernel::rows(),
        links::rows(),
        names::rows(),
        namespaces::rows(),
        processes::rows(),
        sockets::rows(),
        variants::rows(),
    ];
    groups.into_iter().flatten().collect()
}
