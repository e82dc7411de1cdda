//! What a profile, or the older keys in its place, say of the network.

use std::path::{Path, PathBuf};

use dam_policy::{
    DomainRule, HostPattern, HostPreset, Layer, Network, NetworkRules, Permission, SocketRule,
};

use crate::ConfigError;
use crate::error::Problem;
use crate::merged::{Leaf, Merged};
use crate::places::below_home;
use crate::source::Spot;
use crate::value::Value;

const SWITCH: [&str; 2] = ["sandbox_workspace_write", "network_access"];

/// The older table of rules for hosts.
pub(crate) const OLDER: [&str; 2] = ["features", "network_proxy"];

/// What these tables of a profile say, the strongest first. Rules for hosts of
/// all of them count, and a denial wins; of every other key the strongest.
pub(crate) fn read(
    merged: &Merged,
    names: &[&str],
    home: Option<&Path>,
) -> Result<Network, ConfigError> {
    let tables: Vec<Vec<&str>> = names
        .iter()
        .map(|name| vec!["permissions", name, "network"])
        .collect();
    let tables = Tables { merged, tables };
    match tables.leaf("enabled") {
        Some(leaf) if leaf.value == Value::Switch(true) => {
            tables.rules(leaf.spot.clone(), home).map(proxied)
        }
        Some(_) => {
            // What is switched off is still looked at.
            tables.rules(Spot::of(Layer::Builtin), home)?;
            Ok(Network::None)
        }
        None => match tables.any() {
            Some(leaf) => Err(undecided(leaf)),
            None => Ok(Network::None),
        },
    }
}

/// What the older keys say: `network_access` switches on, and
/// `[features.network_proxy]` says what can be reached then; without it, all.
pub(crate) fn older(
    merged: &Merged,
    home: Option<&Path>,
    notices: &mut Vec<String>,
) -> Result<Network, ConfigError> {
    let tables = Tables {
        merged,
        tables: vec![OLDER.to_vec()],
    };
    let rules = |spot: Spot| tables.rules(spot, home);
    let switch = merged.get(SWITCH);
    let Some(switch) = switch.filter(|leaf| leaf.value == Value::Switch(true)) else {
        if let Some(leaf) = tables.any() {
            rules(leaf.spot.clone())?;
            notices.push(format!(
                "[features.network_proxy] ({}) has no effect: `{}` is not true, so that nothing can be reached",
                leaf.spot.origin,
                SWITCH.join(".")
            ));
        }
        return Ok(Network::None);
    };
    let off = tables.leaf("enabled");
    let off = off.filter(|leaf| leaf.value == Value::Switch(false));
    let has_rules = tables.leaves().any(|(name, _)| name != "enabled");
    match off {
        Some(leaf) if has_rules => {
            let text = "the rules of [features.network_proxy] would not hold while it is off";
            let hint = "leave `enabled` out: its rules always count here";
            Err(leaf.spot.wrong(Problem::new(text).hint(hint)))
        }
        _ => {
            let mut found = rules(switch.spot.clone())?;
            if !has_rules {
                found.preset = HostPreset::All;
            }
            Ok(proxied(found))
        }
    }
}

fn proxied(rules: NetworkRules) -> Network {
    Network::Proxy(Box::new(rules))
}

fn undecided(leaf: &Leaf) -> ConfigError {
    let text =
        "rules for the network without `enabled`, so that it is not clear whether they count";
    leaf.spot
        .wrong(Problem::new(text).hint("say `enabled = true`, or `enabled = false`, beside them"))
}

/// Tables with the same keys, the strongest first.
struct Tables<'a> {
    merged: &'a Merged,
    tables: Vec<Vec<&'a str>>,
}

impl<'a> Tables<'a> {
    fn leaf(&self, name: &str) -> Option<&'a Leaf> {
        self.tables.iter().find_map(|table| {
            let path: Vec<&str> = table.iter().copied().chain([name]).collect();
            self.merged.at(&path)
        })
    }

    /// Every value with the name of its key.
    fn leaves(&self) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        let tables = self.tables.iter();
        tables
            .flat_map(|table| below(self.merged, table))
            .map(|(rest, leaf)| {
                let name = rest.first().map_or("", String::as_str);
                (name, leaf)
            })
    }

    fn any(&self) -> Option<&'a Leaf> {
        self.leaves().next().map(|(_, leaf)| leaf)
    }

    fn rules(&self, switched: Spot, home: Option<&Path>) -> Result<NetworkRules, ConfigError> {
        let mut rules = NetworkRules::new(switched.origin);
        let value = |name| self.leaf(name).map(|leaf| &leaf.value);
        if let Some(Value::NetworkMode(mode)) = value("mode") {
            rules.mode = *mode;
        }
        if let Some(Value::Preset(preset)) = value("preset") {
            rules.preset = *preset;
        }
        if let Some(Value::Ports(ports)) = value("ports") {
            rules.ports.clone_from(ports);
        }
        if let Some(Value::Texts(methods)) = value("methods") {
            rules.methods = Some(methods.clone());
        }
        if let Some(Value::Switch(local)) = value("allow_local_binding") {
            rules.allow_local_binding = *local;
        }
        for table in &self.tables {
            self.add(&mut rules, table, home)?;
        }
        Ok(rules)
    }

    fn add(
        &self,
        rules: &mut NetworkRules,
        table: &[&str],
        home: Option<&Path>,
    ) -> Result<(), ConfigError> {
        for (rest, leaf) in below(self.merged, table) {
            let ([table, name], Value::Permission(permission)) = (rest, &leaf.value) else {
                continue;
            };
            let (permission, origin) = (*permission, leaf.spot.origin.clone());
            if table == "domains" {
                let pattern = pattern(name, permission, &leaf.spot)?;
                rules.domains.push(DomainRule {
                    pattern,
                    permission,
                    origin,
                });
            } else {
                let path = below_home(name, home).unwrap_or_else(|| PathBuf::from(name));
                rules.unix_sockets.push(SocketRule {
                    path,
                    permission,
                    origin,
                });
            }
        }
        Ok(())
    }
}

fn pattern(text: &str, permission: Permission, spot: &Spot) -> Result<HostPattern, ConfigError> {
    let pattern = text.parse::<HostPattern>();
    let pattern = pattern.map_err(|error| spot.wrong(error.to_string()))?;
    if pattern.is_any() && permission == Permission::Deny {
        let text = format!("`{text}` can only be allowed");
        let hint = "leave it out: what no key allows cannot be reached";
        return Err(spot.wrong(Problem::new(text).hint(hint)));
    }
    Ok(pattern)
}

fn below<'a>(
    merged: &'a Merged,
    table: &[&str],
) -> impl Iterator<Item = (&'a [String], &'a Leaf)> + use<'a> {
    let table: Vec<String> = table.iter().map(ToString::to_string).collect();
    merged.iter().filter_map(move |(path, leaf)| {
        let rest = path.parts().strip_prefix(table.as_slice())?;
        Some((rest, leaf)).filter(|(rest, _)| !rest.is_empty())
    })
}
