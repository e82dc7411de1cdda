//! Properties: what a boundary gives beyond what every tier of it gives, and
//! what a profile can therefore ask for by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that a profile may need and a weaker tier of the boundary lacks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Processes outside cannot be seen.
    HiddenProcesses,
    /// The names in credential stores cannot be listed.
    StoreNames,
    /// Terminals and shared memory (`/dev/shm`) of its own.
    OwnDevices,
    /// A loopback interface of its own, so that a program can talk to itself
    /// by internet addresses.
    OwnLoopback,
    /// System V and POSIX interprocess communication of its own.
    OwnIpc,
    /// A `/tmp` of its own, where the profile says so.
    OwnTmp,
    /// A credential store that appears while a command runs is unreadable,
    /// too.
    LateStores,
    /// A second ring under the mounts, should one of them be wrong.
    Ceiling,
}

impl Property {
    /// Every property.
    pub const ALL: &[Self] = &[
        Self::HiddenProcesses,
        Self::StoreNames,
        Self::OwnDevices,
        Self::OwnLoopback,
        Self::OwnIpc,
        Self::OwnTmp,
        Self::LateStores,
        Self::Ceiling,
    ];

    /// Its name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HiddenProcesses => "hidden-processes",
            Self::StoreNames => "store-names",
            Self::OwnDevices => "own-devices",
            Self::OwnLoopback => "own-loopback",
            Self::OwnIpc => "own-ipc",
            Self::OwnTmp => "own-tmp",
            Self::LateStores => "late-stores",
            Self::Ceiling => "ceiling",
        }
    }

    /// What it means that it is missing, in one phrase.
    pub const fn without(self) -> &'static str {
        match self {
            Self::HiddenProcesses => "processes outside can be seen, but not touched",
            Self::StoreNames => {
                "the names of files in credential stores can be listed, but not read"
            }
            Self::OwnDevices => "no shared memory and no new terminals",
            Self::OwnLoopback => "no internet sockets at all, not even to itself",
            Self::OwnIpc => "no System V or POSIX interprocess communication",
            Self::OwnTmp => "`/tmp` is the host's",
            Self::LateStores => "a credential store that appears later can be read",
            Self::Ceiling => "no second ring, should a mount be wrong",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
