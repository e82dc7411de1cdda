//! Explains a key: what it does, who may set it, what every layer says of it,
//! and which of them counts.

use std::collections::BTreeMap;

use dam_policy::Origin;

use crate::ConfigError;
use crate::error::Problem;
use crate::merged::{KeyPath, Leaf, Merged};
use crate::overrides::key_parts;
use crate::schema::{By, Key, Shape, TOP};
use crate::settings::shown;
use crate::source::{nearest, visible};

/// What is to be known of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// The key, as TOML has it.
    pub key: String,
    /// What it does.
    pub doc: &'static str,
    /// Who may set it.
    pub setters: &'static str,
    /// What layers say of it, the strongest first; of the keys below it, too,
    /// where it is a table.
    pub said: Vec<Said>,
}

/// What one layer says of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    /// The key, as TOML has it.
    pub key: String,
    /// The value, as TOML has it. Secrets are hidden.
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
    /// Whether it is in effect.
    pub counts: bool,
    /// Why, or why not.
    pub why: String,
}

/// What every layer says of every key.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(BTreeMap<KeyPath, Vec<Said>>);

impl History {
    pub(crate) fn of(merged: &Merged) -> Self {
        let keys = merged.keys();
        Self(keys.map(|key| (key.clone(), said(merged, key))).collect())
    }

    /// Explains a key, as it is written on a command line.
    pub(crate) fn explain(&self, key: &str) -> Result<Explanation, ConfigError> {
        let Some(parts) = key_parts(key.trim()) else {
            let text = format!("`{}` is not a key of settings", visible(key));
            return Err(ConfigError::Flags(text));
        };
        let found = look_up(&parts).map_err(|problem| {
            let hint = problem
                .hint
                .map_or_else(String::new, |hint| format!("; {hint}"));
            ConfigError::Flags(visible(&format!("{}{hint}", problem.text)))
        })?;
        let is_it_or_below = |path: &KeyPath| path.parts().starts_with(&parts);
        let said = self.0.iter().filter(|(path, _)| is_it_or_below(path));
        Ok(Explanation {
            key: KeyPath::from(parts.clone()).to_string(),
            doc: found.doc,
            setters: found.by.words(),
            said: said.flat_map(|(_, said)| said.clone()).collect(),
        })
    }
}

fn said(merged: &Merged, key: &KeyPath) -> Vec<Said> {
    let parts: Vec<&str> = key.parts().iter().map(String::as_str).collect();
    let counting = merged.at(&parts);
    let mut is_found = false;
    let mut all = Vec::new();
    for leaf in merged.said(key) {
        let counts = !is_found && counting == Some(leaf);
        is_found |= counts;
        all.push(row(key, leaf, counts, why(leaf, counts, counting)));
    }
    if let Some(counting) = counting.filter(|_| !is_found) {
        let why = "put in its place for this session, see the notices";
        all.insert(0, row(key, counting, true, why.to_owned()));
    }
    all
}

fn why(leaf: &Leaf, counts: bool, counting: Option<&Leaf>) -> String {
    let layer = leaf.spot.origin.layer;
    match counting {
        _ if counts && leaf.is_administrators_denial() => {
            "an administrator's denial, which no user's setting takes back".to_owned()
        }
        Some(counting) if counting.is_administrators_denial() && layer > counting.spot.origin.layer => {
            format!("{} denies it, and is an administrator's", counting.spot.origin)
        }
        _ if counts => "the strongest layer that sets it".to_owned(),
        Some(counting) if counting.spot.origin.layer > layer => {
            format!("the {} is stronger", counting.spot.origin.layer)
        }
        Some(counting) if counting.spot.origin.layer == layer => {
            "another of the same layer is read after it".to_owned()
        }
        Some(_) => "not in effect in this session, see the notices".to_owned(),
        None => "`default_permissions` and the older `sandbox_mode` do not go together, and the other one was chosen".to_owned(),
    }
}

fn row(key: &KeyPath, leaf: &Leaf, counts: bool, why: String) -> Said {
    Said {
        key: key.to_string(),
        value: shown(key, &leaf.value),
        origin: leaf.spot.origin.clone(),
        counts,
        why,
    }
}

/// What is to be known of a key.
#[derive(Debug)]
struct Known {
    doc: &'static str,
    /// Who may set it, by its own word and those of the tables around it.
    by: By,
}

/// Looks up a key by the names that lead to it. What is below a table under
/// names of the user's own is described by the table.
fn look_up(parts: &[String]) -> Result<Known, Problem> {
    let mut keys = TOP;
    let mut by = By::Anybody;
    let mut doc = "";
    let mut parts = parts.iter();
    while let Some(part) = parts.next() {
        let Some(key) = keys.iter().find(|key| key.name == part) else {
            let problem = Problem::new(format!("`{part}` is not a key of settings"));
            return Err(match nearest(part, keys.iter().map(|key| key.name)) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem,
            });
        };
        by = by.max(key.by);
        doc = key.doc;
        keys = match key.shape {
            Shape::Table(keys) | Shape::SwitchOrTable(keys) => keys,
            Shape::Tables(_, keys) => named(&mut parts, keys),
            Shape::Profiles => named(&mut parts, TOP),
            Shape::Values(..) | Shape::Filesystem => break,
            Shape::Leaf(_) => &[],
        };
    }
    Ok(Known { doc, by })
}

/// The keys below a name of the user's own.
fn named(parts: &mut std::slice::Iter<'_, String>, keys: &'static [Key]) -> &'static [Key] {
    parts.next();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_names() {
        let found = |key: &str| {
            let parts: Vec<String> = key.split('/').map(str::to_owned).collect();
            look_up(&parts).map(|known| known.by).ok()
        };
        for (key, by) in [
            ("model", Some(By::Anybody)),
            ("limits/memory", Some(By::Person)),
            (
                "permissions/x/limits/memory",
                Some(By::PersonOutsideProfiles),
            ),
            (
                "permissions/x/filesystem/~//y",
                Some(By::PersonOutsideProfiles),
            ),
            ("model_providers/x/http_headers/Y", Some(By::Person)),
            ("profiles/x/model", Some(By::PersonOutsideProfiles)),
            ("modle", None),
            ("model/x", None),
            ("limits/memroy", None),
        ] {
            assert_eq!(found(key), by, "{key}");
        }
    }
}
