//! Recordings of a model: written from a live session, replayed without one.
//!
//! The format is described for its users in `docs/recording.md`; the types of
//! the file live in `format`, apart from the types that the rest of the crate
//! uses.

mod expectation;
mod format;
mod recorded;
mod recorder;
mod variables;

use std::collections::BTreeMap;

pub use recorded::Recorded;
pub use recorder::Recorder;

/// Names and values that a recording's `{{name}}` stand for. A name consists of
/// small letters, digits and `_`; a value is not empty and has no quotation
/// mark, backslash or control character, so that it fits inside JSON.
pub type Variables = BTreeMap<String, String>;
