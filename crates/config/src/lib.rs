//! Finds and reads the layers of settings, and yields a posture.
//!
//! Strict: what is written takes effect or is refused. An unknown key, a value
//! of the wrong type, a file that cannot be read: each is an error that names
//! its place. This crate reads files; it never reads the environment, which
//! comes as [`Surroundings`].
//!
//! The way of a setting: `schema` declares the key, `walk` finds it in a
//! text, `value` reads what it holds, `merged` keeps the strongest layer's,
//! `settings` and `grants` make a posture of it.

mod approval;
mod environment;
mod error;
mod explain;
mod file;
mod filesystem;
mod git;
mod grants;
pub mod import;
mod layers;
mod merged;
mod network;
mod overrides;
mod permissions;
mod places;
mod posture;
mod project;
mod provider;
mod record;
mod requirements;
mod reviewer;
pub mod rules;
mod scan;
mod schema;
mod secrets;
mod settings;
mod source;
mod telemetry;
pub mod trust;
mod value;
mod walk;

pub use error::ConfigError;
pub use explain::{Explanation, Said};
pub use git::{Repository, repository_around};
pub use places::{Dirs, Surroundings, dirs};
pub use project::Project;
pub use provider::{Patience, ProviderSettings};
pub use record::Record;
pub use requirements::{
    FILE as REQUIREMENTS_FILE, Required, entries as requirement_entries,
    parse as parse_requirements, required, signature,
};
pub use scan::{ModelPrice, ScanSettings};
pub use secrets::{SecretSettings, SecretSource};
pub use settings::{Options, Settings, load};
pub use telemetry::{ExportProtocol, ExporterSettings, TelemetrySettings};
