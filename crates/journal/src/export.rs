//! The record for other programs: Common Event Format, and what stands out.

mod cef;
mod triage;

pub use cef::cef;
pub use triage::{Evidence, Finding, Sign, Triage};
