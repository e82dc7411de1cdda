//! `/etc/cofferdam/requirements.toml`: what an administrator fixed, read as
//! strictly as it is meant. A file that cannot be relied on stops the start;
//! it is never passed over.

mod apply;
mod homes;
mod owner;
mod parts;
mod sensitivity;
mod show;
pub mod signature;
mod table;

use std::path::{Path, PathBuf};

use dam_policy::{Floor, Layer, NetworkFloor, Requirements, is_like};

use crate::ConfigError;
use crate::error::Problem;
use crate::places::Surroundings;
use crate::source::Source;
use crate::value::Written;
use table::{Table, list};

pub(crate) use apply::{choose_default, class, instead, own_profiles};
pub(crate) use homes::Homes;
pub(crate) use sensitivity::read as read_sensitivity;
pub use show::entries;
pub(crate) use show::sensitivity_entries;
pub use signature::Signed;

type Result<T> = std::result::Result<T, ConfigError>;

/// The file's name below the administrator's directory.
pub const FILE: &str = "requirements.toml";

/// What an administrator fixed, and where it stands.
#[derive(Clone, Debug, Default)]
pub struct Required {
    /// What is required.
    pub requirements: Requirements,
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// Who signed it, where a key is pinned.
    pub signed: Option<Signed>,
}

/// Reads the requirements of this machine. `state` is where the newest serial
/// number is remembered that this user has seen.
pub fn required(surroundings: &Surroundings, state: &Path) -> Result<Required> {
    let path = surroundings.system_dir.join(FILE);
    let keys = signature::pinned(surroundings)?;
    let Some(text) = owner::read(&path, surroundings)? else {
        return if keys.is_empty() {
            Ok(Required::default())
        } else {
            Err(signature::missing(&path, surroundings))
        };
    };
    let signed = signature::checked(&path, &text, &keys, state)?;
    let source = Source {
        layer: Layer::Requirements,
        file: Some(path.clone()),
        text,
    };
    Ok(Required {
        requirements: read(&source, surroundings)?,
        file: Some(path),
        signed,
    })
}

/// Reads a text as if it were this machine's requirements, for looking at one
/// before it is put in place.
pub fn parse(path: &Path, text: &str, surroundings: &Surroundings) -> Result<Requirements> {
    let source = Source {
        layer: Layer::Requirements,
        file: Some(path.to_owned()),
        text: text.to_owned(),
    };
    read(&source, surroundings)
}

/// The keys of the top level.
const TOP: &[&str] = &[
    parts::FLOOR[0],
    parts::FLOOR[1],
    parts::FLOOR[2],
    parts::FLOOR[3],
    "allowed_permission_profiles",
    "default_permissions",
    "permissions",
    "rules",
    "experimental_network",
    "mcp_servers",
    "features",
    "remote_sandbox_config",
    "allow_managed_hooks_only",
    "guardian_policy_config",
    "enforce_residency",
    "sensitivity",
];

fn read(source: &Source, surroundings: &Surroundings) -> Result<Requirements> {
    let document = source.table()?;
    let table = Table::top(source, document.get_ref(), TOP)?;
    let homes = Homes::of(surroundings)?;
    let deny_read = table.read("permissions", |written| permissions(written, &homes))?;
    let network = table.read("experimental_network", parts::network)?;
    let mut floor = Floor {
        deny_read: deny_read.unwrap_or_default(),
        network: network.unwrap_or_default(),
        ..parts::floor(table)?
    };
    let host = surroundings.host.as_str();
    let here = table.read("remote_sandbox_config", |written| on_host(written, host))?;
    if let Some(modes) = here.flatten() {
        floor.sandbox_modes = modes.sandbox_modes;
    }
    let profiles = table.read("allowed_permission_profiles", parts::profiles)?;
    let default_permissions = table.read("default_permissions", |written| {
        let name = parts::text(written)?;
        match &profiles {
            Some(allowed) if !allowed.value.contains(&name.value) => {
                let text = format!(
                    "`{}` is not one of `allowed_permission_profiles`",
                    name.value
                );
                Err(written.wrong(Problem::new(text).hint("allow it, or name one that is allowed")))
            }
            _ => Ok(name),
        }
    })?;
    Ok(Requirements {
        floor,
        profiles,
        default_permissions,
        rules: table.read("rules", parts::rules)?.unwrap_or_default(),
        mcp_servers: table.read("mcp_servers", parts::servers)?,
        features: table.read("features", parts::features)?.unwrap_or_default(),
        managed_hooks_only: table.read("allow_managed_hooks_only", parts::switch)?,
        reviewer_policy: table.read("guardian_policy_config", parts::text)?,
        residency: table.read("enforce_residency", parts::text)?,
        sensitivity: table.read("sensitivity", |written| {
            read_sensitivity(written, &homes, true)
        })?,
    })
}

/// `[permissions.filesystem] deny_read`.
fn permissions(written: Written<'_>, homes: &Homes) -> Result<Vec<dam_policy::DenyRead>> {
    let profiles = Table::any(written)?.each(|name, written| {
        if name == "filesystem" {
            return Ok(());
        }
        let problem = Problem::new(format!("`{}` is no requirement", written.key));
        let hint = "describe the profile in config.toml beside this file, and allow it in `allowed_permission_profiles`";
        Err(written.wrong(problem.hint(hint)))
    });
    profiles?;
    let table = Table::of(written, &["filesystem"])?;
    let denied = table.read("filesystem", |written| {
        Table::of(written, &["deny_read"])?
            .read("deny_read", |written| parts::deny_read(written, homes))
    })?;
    Ok(denied.flatten().unwrap_or_default())
}

/// The first entry of `[[remote_sandbox_config]]` that this host matches.
fn on_host(written: Written<'_>, host: &str) -> Result<Option<Floor>> {
    let mut found = None;
    for entry in list(written, "a list of tables")? {
        let table = Table::of(entry, &["hostname_patterns", "allowed_sandbox_modes"])?;
        let patterns = table.read("hostname_patterns", parts::texts)?;
        let patterns = patterns.ok_or_else(|| table.lacks("hostname_patterns", entry))?;
        let modes = table.read("allowed_sandbox_modes", parts::sandbox_modes)?;
        let modes = modes.ok_or_else(|| table.lacks("allowed_sandbox_modes", entry))?;
        let is_here = patterns.iter().any(|pattern| is_like(pattern, host));
        if is_here && found.is_none() {
            found = Some(Floor {
                sandbox_modes: Some(modes),
                network: NetworkFloor::default(),
                ..Floor::default()
            });
        }
    }
    Ok(found)
}
