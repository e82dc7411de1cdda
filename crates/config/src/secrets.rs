//! `[secrets.<name>]`: what is put into requests at the edge. Read, and not
//! looked up: that is for whoever lays the road.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dam_policy::{HostPattern, Origin};

use crate::ConfigError;
use crate::error::Problem;
use crate::merged::{Leaf, Merged};
use crate::value::Value;

const TABLE: &str = "secrets";

/// A secret as settings describe it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretSettings {
    /// Its name in the settings.
    pub name: String,
    /// Where its value is.
    pub source: SecretSource,
    /// The header that it belongs into.
    pub header: String,
    /// The hosts that get it.
    pub hosts: Vec<HostPattern>,
    /// The variable that carries the placeholder.
    pub env: String,
    /// What the variable holds, with `{}` for the placeholder.
    pub format: String,
    /// Where it was set.
    pub origin: Origin,
}

/// Where the value of a secret is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretSource {
    /// The first line of a file.
    File(PathBuf),
    /// What a command prints: the program first, by its absolute path.
    Command(Vec<String>),
    /// What the desktop's keyring holds under these attributes.
    Keyring(BTreeMap<String, String>),
}

/// Every secret. All of them are looked at, so that a mistake in one shows
/// before it is needed.
pub(crate) fn read(merged: &Merged) -> Result<Vec<SecretSettings>, ConfigError> {
    let names = merged.names(&[TABLE]);
    names.into_iter().map(|name| one(merged, name)).collect()
}

/// The files that hold secrets, which no command may read.
pub(crate) fn files(secrets: &[SecretSettings]) -> impl Iterator<Item = &Path> {
    secrets.iter().filter_map(|secret| match &secret.source {
        SecretSource::File(path) => Some(path.as_path()),
        SecretSource::Command(_) | SecretSource::Keyring(_) => None,
    })
}

fn one(merged: &Merged, name: &str) -> Result<SecretSettings, ConfigError> {
    let leaf = |key: &str| merged.get([TABLE, name, key]);
    let text = |key: &str, usual: &str| match leaf(key).map(|leaf| &leaf.value) {
        Some(Value::Text(text)) => text.clone(),
        _ => usual.to_owned(),
    };
    let place = [TABLE, name];
    let Some((_, first)) = merged.below(&place).next() else {
        return Err(ConfigError::Flags(format!("[{TABLE}.{name}] is empty")));
    };
    let missing = |what: &str, hint: &str| {
        let problem = Problem::new(format!("[{TABLE}.{name}] has no {what}"));
        first.spot.wrong(problem.hint(hint.to_owned()))
    };
    let hosts = match leaf("hosts").map(|leaf| &leaf.value) {
        Some(Value::Texts(texts)) if !texts.is_empty() => texts,
        _ => return Err(missing("`hosts`", "name the hosts that get it")),
    };
    let hosts = hosts.iter().filter_map(|text| text.parse().ok()).collect();
    let Some(Value::Text(env)) = leaf("env").map(|leaf| &leaf.value) else {
        let hint = "name the variable that carries the placeholder, as in `env = \"API_TOKEN\"`";
        return Err(missing("`env`", hint));
    };
    Ok(SecretSettings {
        name: name.to_owned(),
        source: source(merged, name, first, &missing)?,
        header: text("header", "Authorization"),
        hosts,
        env: env.clone(),
        format: text("format", "{}"),
        origin: first.spot.origin.clone(),
    })
}

fn source(
    merged: &Merged,
    name: &str,
    first: &Leaf,
    missing: &impl Fn(&str, &str) -> ConfigError,
) -> Result<SecretSource, ConfigError> {
    let leaf = |key: &str| merged.get([TABLE, name, key]).map(|leaf| &leaf.value);
    let mut sources = Vec::new();
    if let Some(Value::Text(path)) = leaf("file") {
        sources.push(SecretSource::File(PathBuf::from(path)));
    }
    if let Some(Value::Texts(words)) = leaf("command") {
        sources.push(SecretSource::Command(words.clone()));
    }
    let attributes: BTreeMap<String, String> = merged
        .below(&[TABLE, name, "keyring"])
        .filter_map(|(rest, leaf)| match (rest, &leaf.value) {
            ([attribute], Value::Text(value)) => Some((attribute.clone(), value.clone())),
            _ => None,
        })
        .collect();
    if !attributes.is_empty() {
        sources.push(SecretSource::Keyring(attributes));
    }
    match (sources.pop(), sources.is_empty()) {
        (Some(source), true) => Ok(source),
        (None, _) => Err(missing(
            "value",
            "say where it is: `file`, `command` or `keyring`",
        )),
        (Some(_), false) => {
            let problem = Problem::new(format!("[{TABLE}.{name}] has its value at two places"));
            let hint = "keep one of `file`, `command` and `keyring`";
            Err(first.spot.wrong(problem.hint(hint)))
        }
    }
}
