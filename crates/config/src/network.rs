//! What a profile, or the older keys in its place, say of the network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dam_policy::{
    DomainRule, HostPattern, HostPreset, Layer, Network, NetworkLimits, NetworkRules, Permission,
    RequestRule, SocketRule,
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
        for (name, place) in [
            ("allow_local_binding", &mut rules.allow_local_binding),
            ("enable_socks5", &mut rules.socks5),
            ("allow_upstream_proxy", &mut rules.upstream_proxy),
        ] {
            if let Some(Value::Switch(switch)) = value(name) {
                *place = *switch;
            }
        }
        rules.limits = self.limits();
        for table in &self.tables {
            self.add(&mut rules, table, home)?;
            self.add_requests(&mut rules, table)?;
        }
        Ok(rules)
    }

    /// Of each limit what the strongest table says.
    fn limits(&self) -> NetworkLimits {
        let number = |name: &str| {
            let leaves = self.tables.iter().find_map(|table| {
                let path: Vec<&str> = table.iter().copied().chain(["limits", name]).collect();
                self.merged.at(&path)
            });
            match leaves.map(|leaf| &leaf.value) {
                Some(Value::Number(number)) => Some(*number),
                _ => None,
            }
        };
        NetworkLimits {
            sent: number("sent"),
            sent_to_host: number("sent_to_host"),
            upload: number("upload"),
            requests_per_minute: number("requests_per_minute"),
            idle_time: number("idle_time"),
            total_time: number("total_time"),
        }
    }

    /// Each table of `requests` is a rule of its own.
    fn add_requests(&self, rules: &mut NetworkRules, table: &[&str]) -> Result<(), ConfigError> {
        let mut found: BTreeMap<String, RequestRule> = BTreeMap::new();
        for (rest, leaf) in below(self.merged, table) {
            let ([_, name, key], Value::Texts(texts)) = (rest, &leaf.value) else {
                continue;
            };
            let parsed = name.parse::<HostPattern>();
            let parsed = parsed.map_err(|error| leaf.spot.wrong(error.to_string()))?;
            let rule = found.entry(name.clone()).or_insert(RequestRule {
                pattern: parsed,
                methods: None,
                path_prefixes: None,
                origin: leaf.spot.origin.clone(),
            });
            match key.as_str() {
                "methods" => rule.methods = Some(texts.clone()),
                _ => rule.path_prefixes = Some(texts.clone()),
            }
        }
        rules.requests.extend(found.into_values());
        Ok(())
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
                if let Some(why) =
                    forbidden_socket(&path).filter(|_| permission == Permission::Allow)
                {
                    let problem = Problem::new(format!("`{name}` cannot be allowed: {why}"));
                    return Err(leaf.spot.wrong(problem.hint("leave it out")));
                }
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

/// Sockets behind which is all that the boundary keeps away, by their names.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "docker.sock",
        "whoever reaches it is root outside of the boundary",
    ),
    ("podman.sock", "it starts programs outside of the boundary"),
    (
        "containerd.sock",
        "whoever reaches it is root outside of the boundary",
    ),
    (
        "crio.sock",
        "whoever reaches it is root outside of the boundary",
    ),
    (
        "buildkitd.sock",
        "it starts programs outside of the boundary",
    ),
    ("libvirt-sock", "it starts machines outside of the boundary"),
    (
        "system_bus_socket",
        "it starts programs outside of the boundary",
    ),
    ("bus", "it starts programs outside of the boundary"),
    ("S.gpg-agent", "it signs and decrypts with your keys"),
    ("S.gpg-agent.extra", "it signs and decrypts with your keys"),
    ("S.gpg-agent.ssh", "it signs in with your keys"),
    ("agent.sock", "it signs in with your keys"),
    ("X0", "it reads the keyboard and the screen"),
    ("wayland-0", "it reads the clipboard"),
];

fn forbidden_socket(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    let whole = path.to_string_lossy();
    let is_agent =
        name.starts_with("agent.") || whole.contains("/ssh-") || whole.contains("/keyring/");
    let listed = FORBIDDEN.iter().find(|(known, _)| *known == name);
    match listed {
        Some((_, why)) => Some(why),
        None if path.is_dir() => Some("it is a directory; a socket is named by its own path"),
        None => is_agent.then_some("it signs in with your keys"),
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
