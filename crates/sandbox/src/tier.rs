//! Tiers: what this kernel can enforce, found out by doing it.

use std::fmt;
use std::path::Path;

use dam_policy::{Limit, Network, Property, ResolvedProfile};
use serde::{Deserialize, Serialize};

use crate::error::SandboxError;

/// What of the boundary this kernel can enforce.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Ceiling, walls and doorman.
    Full,
    /// Ceiling and doorman: where no user namespace can be made, as in most
    /// containers.
    NoNamespaces,
    /// Walls and doorman: where the kernel has no Landlock.
    NoLandlock,
    /// All there is on macOS: a Seatbelt policy.
    Seatbelt,
}

impl Tier {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoNamespaces => "no namespaces",
            Self::NoLandlock => "no Landlock",
            Self::Seatbelt => "seatbelt",
        }
    }

    /// What it does not give.
    pub const fn lacks(self) -> &'static [Property] {
        match self {
            Self::Full => &[],
            Self::NoNamespaces => &[
                Property::HiddenProcesses,
                Property::StoreNames,
                Property::OwnDevices,
                Property::OwnLoopback,
                Property::OwnIpc,
                Property::OwnTmp,
            ],
            Self::NoLandlock => &[Property::LateStores, Property::Ceiling],
            Self::Seatbelt => &[
                Property::HiddenProcesses,
                Property::OwnDevices,
                Property::OwnLoopback,
                Property::OwnIpc,
                Property::OwnTmp,
            ],
        }
    }

    /// Whether a limit can be held in it. Without a pid namespace nobody knows
    /// which processes would have to be added up.
    pub const fn can_limit(self, limit: Limit) -> bool {
        let one_by_one = matches!(limit, Limit::WallTime | Limit::OpenFiles | Limit::FileSize);
        one_by_one || !matches!(self, Self::NoNamespaces)
    }

    /// An error if it lacks what a profile needs, by name.
    pub fn suffices(self, profile: &ResolvedProfile) -> Result<(), SandboxError> {
        if let (Self::Seatbelt, Network::Proxy(rules)) = (self, &profile.network) {
            return Err(SandboxError::NoProxy {
                profile: profile.name.clone(),
                origin: rules.origin.to_string(),
            });
        }
        let mut needs = profile.needs.clone();
        if profile.own_tmp {
            needs.push(Property::OwnTmp);
        }
        // Mounts only close what a rule names; what no rule grants is closed by
        // the ceiling.
        if !profile.files.may_read(Path::new("/")) {
            needs.push(Property::Ceiling);
        }
        needs.retain(|property| self.lacks().contains(property));
        needs.sort();
        needs.dedup();
        if needs.is_empty() {
            return Ok(());
        }
        Err(SandboxError::Lacks {
            tier: self,
            profile: profile.name.clone(),
            needs: needs
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Whether it has walls.
    #[cfg(target_os = "linux")]
    pub(crate) const fn has_walls(self) -> bool {
        matches!(self, Self::Full | Self::NoLandlock)
    }

    #[cfg(target_os = "linux")]
    pub(crate) const fn has_own_devices(self) -> bool {
        self.has_walls()
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
