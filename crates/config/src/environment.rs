//! `[shell_environment_policy]`, and what a profile says in its place.

use std::collections::BTreeMap;

use dam_policy::{EnvironmentPolicy, Inherit, is_never_inherited};

use crate::error::Problem;
use crate::merged::{Leaf, Merged};
use crate::value::Value;
use crate::{ConfigError, provider, telemetry};

const TABLE: &str = "shell_environment_policy";

/// What commands are given, by these tables of a profile's, the strongest
/// first, and by the one at the top level. What holds the providers' secrets
/// is left out besides, unless the user wants secrets handed on.
pub(crate) fn read(
    merged: &Merged,
    tables: &[Vec<String>],
) -> Result<EnvironmentPolicy, ConfigError> {
    let tables = Tables::new(merged, tables);
    let policy = EnvironmentPolicy {
        inherit: match tables.get("inherit") {
            Some(Value::Inherit(inherit)) => *inherit,
            _ => Inherit::All,
        },
        ignore_default_excludes: tables.get("ignore_default_excludes")
            == Some(&Value::Switch(true)),
        pass: tables.texts("pass"),
        exclude: tables.texts("exclude"),
        include_only: tables.texts("include_only"),
        set: tables.set(),
    };
    check_set(&tables, &policy)?;
    check_passed(&tables, &policy)?;
    Ok(without_providers(merged, policy))
}

fn without_providers(merged: &Merged, mut policy: EnvironmentPolicy) -> EnvironmentPolicy {
    if !policy.ignore_default_excludes {
        let mut secret = provider::secret_variables(merged);
        secret.extend(telemetry::secret_variables(merged));
        secret.retain(|name| !policy.pass.contains(name));
        policy.exclude.extend(secret);
    }
    policy
}

/// Tables with the same keys, the strongest first.
struct Tables<'a> {
    merged: &'a Merged,
    tables: Vec<Vec<&'a str>>,
}

impl<'a> Tables<'a> {
    fn new(merged: &'a Merged, tables: &'a [Vec<String>]) -> Self {
        let tables = tables.iter();
        let tables = tables.map(|table| table.iter().map(String::as_str).collect());
        Self {
            merged,
            tables: tables.chain([vec![TABLE]]).collect(),
        }
    }

    fn leaf(&self, rest: &[&str]) -> Option<&'a Leaf> {
        let mut found = self.tables.iter().map(|table| {
            let path: Vec<&str> = table.iter().chain(rest).copied().collect();
            self.merged.at(&path)
        });
        found.find_map(|leaf| leaf)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.leaf(&[name]).map(|leaf| &leaf.value)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::Texts(texts)) => texts.clone(),
            _ => Vec::new(),
        }
    }

    /// Variable by variable, the weakest first.
    fn set(&self) -> BTreeMap<String, String> {
        let mut set = BTreeMap::new();
        for table in self.tables.iter().rev() {
            let path: Vec<&str> = table.iter().copied().chain(["set"]).collect();
            for (rest, leaf) in self.merged.below(&path) {
                if let (Some(name), Value::Text(text)) = (rest.first(), &leaf.value) {
                    set.insert(name.clone(), text.clone());
                }
            }
        }
        set
    }
}

/// What is set must arrive.
fn check_set(tables: &Tables<'_>, policy: &EnvironmentPolicy) -> Result<(), ConfigError> {
    let kept = policy.apply(std::iter::empty());
    let Some(lost) = policy.set.keys().find(|name| !kept.contains_key(*name)) else {
        return Ok(());
    };
    let text = format!("`{lost}` is set, and `include_only` would leave it out again");
    let hint = format!("add `{lost}` to `include_only`");
    let problem = Problem::new(text).hint(hint);
    Err(match tables.leaf(&["set", lost]) {
        Some(leaf) => leaf.spot.wrong(problem),
        None => ConfigError::Flags(problem.text),
    })
}

/// What is passed must arrive.
fn check_passed(tables: &Tables<'_>, policy: &EnvironmentPolicy) -> Result<(), ConfigError> {
    let Some(leaf) = tables.leaf(&["pass"]) else {
        return Ok(());
    };
    let variables = policy.pass.iter().map(|name| (name.clone(), String::new()));
    let kept = policy.apply(variables);
    let Some(lost) = policy.pass.iter().find(|name| !kept.contains_key(*name)) else {
        return Ok(());
    };
    let text = if is_never_inherited(lost) {
        format!("`{lost}` is never handed on: it makes programs load something, or leads outside")
    } else {
        format!("`{lost}` is passed, and `exclude` or `include_only` would leave it out again")
    };
    Err(leaf.spot.wrong(text))
}
