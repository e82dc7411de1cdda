//! Finds and reads the layers of settings, and yields a posture.
//!
//! Strict: what is written takes effect or is refused. An unknown key, a value
//! of the wrong type, a file that cannot be read: each is an error that names
//! its place. This crate reads files; it never reads the environment, which
//! comes as [`Surroundings`].

mod error;
mod git;
mod keys;
mod layers;
mod load;
mod merge;
mod places;
mod source;

pub use error::ConfigError;
pub use load::{Options, Settings, load};
pub use merge::ProviderSettings;
pub use places::{Dirs, Project, Surroundings, dirs};
