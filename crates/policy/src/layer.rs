//! Where a value comes from: layers, and values that remember theirs.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One source of settings. The order is the order of precedence: a later
/// layer overrides an earlier one. Requirements stand outside it, because no
/// layer can weaken them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Built into the program.
    Builtin,
    /// `/etc/cofferdam/config.toml`.
    System,
    /// What an administrator's tooling put beside the system file.
    Managed,
    /// The user's own `config.toml`.
    User,
    /// A named profile chosen with `--profile`.
    Profile,
    /// `.cofferdam/config.toml` of a trusted project.
    Project,
    /// `-c key=value`.
    CommandLine,
    /// A flag of its own, such as `--sandbox`.
    Flag,
    /// What an administrator fixed: no layer to be overridden, but where a
    /// value came from that no layer set.
    Requirements,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Builtin => "built-in default",
            Self::System => "system configuration",
            Self::Managed => "managed configuration",
            Self::User => "user configuration",
            Self::Profile => "named profile",
            Self::Project => "project configuration",
            Self::CommandLine => "command line (-c)",
            Self::Flag => "command-line flag",
            Self::Requirements => "requirements",
        })
    }
}

/// The exact place a value was set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Origin {
    /// The layer.
    pub layer: Layer,
    /// The file, where the layer is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The line in that file, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl Origin {
    /// The origin of everything that nobody set.
    pub const BUILTIN: Self = Self {
        layer: Layer::Builtin,
        file: None,
        line: None,
    };

    /// Whether it is one of the files that an administrator writes.
    pub const fn is_administrators(&self) -> bool {
        matches!(self.layer, Layer::System | Layer::Managed)
    }

    /// An origin in a layer that is not a file.
    pub const fn of(layer: Layer) -> Self {
        Self {
            layer,
            file: None,
            line: None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}:{line}", file.display()),
            (Some(file), None) => write!(f, "{}", file.display()),
            (None, _) => self.layer.fmt(f),
        }
    }
}

/// A value together with where it was set.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
}

impl<T: Default> Default for Sourced<T> {
    fn default() -> Self {
        Self::builtin(T::default())
    }
}

impl<T> Sourced<T> {
    /// A value with its origin.
    pub const fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A value that nobody set.
    pub const fn builtin(value: T) -> Self {
        Self {
            value,
            origin: Origin::BUILTIN,
        }
    }

    /// The law of merging for single values: the later layer wins, and between
    /// equals the one read last.
    #[must_use]
    pub fn or_stronger(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.origin.layer >= self.origin.layer => other,
            _ => self,
        }
    }
}
