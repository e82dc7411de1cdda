//! Classes of commands.

use crate::Analysis;

/// Classes of commands. The order is strictness.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Known to read only, whatever its arguments point at.
    KnownSafe,
    /// Neither known to be safe nor known to be dangerous.
    Ordinary,
    /// Cannot be known before it runs: it may be anything.
    Opaque,
    /// Known to destroy, to weaken protection or to reach far.
    Dangerous,
}

/// The strictest class among everything that a command runs, and a phrase
/// that says which part decided.
pub fn class(analysis: &Analysis) -> (Class, String) {
    match &analysis.opaque {
        Some(reason) => (Class::Opaque, reason.clone()),
        None => (Class::Ordinary, "nothing is known yet".to_owned()),
    }
}
