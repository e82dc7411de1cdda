//! `[model_providers.<id>]`: how to reach models.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use dam_policy::{Layer, Sourced};

use crate::ConfigError;
use crate::error::Problem;
use crate::merged::{Leaf, Merged};
use crate::source::nearest;
use crate::value::Value;

/// The provider that is used when settings name none.
const DEFAULT: &str = "openai";
const TABLE: &str = "model_providers";

/// How to reach models, as settings describe it.
#[derive(Clone, Eq, PartialEq)]
pub struct ProviderSettings {
    /// The identifier in the settings.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Everything before `/responses`.
    pub base_url: String,
    /// The variable that holds the key.
    pub env_key: Option<String>,
    /// More headers of every request.
    pub http_headers: BTreeMap<String, String>,
    /// More headers, whose values are in these variables.
    pub env_http_headers: BTreeMap<String, String>,
    /// More query parameters.
    pub query_params: BTreeMap<String, String>,
    /// How patient to be, where it is not the client's default.
    pub patience: Patience,
}

/// How patient to be with a provider.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Patience {
    /// How often a request is repeated that was not accepted.
    pub request_max_retries: Option<u32>,
    /// How often a stream is taken up again that broke off.
    pub stream_max_retries: Option<u32>,
    /// How long a stream may be silent, in milliseconds.
    pub stream_idle_timeout_ms: Option<u64>,
}

impl Patience {
    /// How long a stream may be silent.
    pub fn stream_idle_timeout(self) -> Option<Duration> {
        self.stream_idle_timeout_ms.map(Duration::from_millis)
    }
}

impl fmt::Debug for ProviderSettings {
    /// Without the values of headers and parameters, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("id", &self.id)
            .field("base_url", &self.base_url)
            .field("env_key", &self.env_key)
            .field("http_headers", &self.http_headers.keys())
            .field("env_http_headers", &self.env_http_headers)
            .field("query_params", &self.query_params.keys())
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// The provider that is there without settings.
pub(crate) fn add_builtin(merged: &mut Merged) {
    let mut set = |name: &str, text: &str| {
        let value = Value::Text(text.to_owned());
        merged.set([TABLE, DEFAULT, name], value, Layer::Builtin);
    };
    set("name", "OpenAI");
    set("base_url", "https://api.openai.com/v1");
    set("env_key", "OPENAI_API_KEY");
    let chosen = Value::Text(DEFAULT.to_owned());
    merged.set(["model_provider"], chosen, Layer::Builtin);
}

/// The provider that settings choose. All of them are looked at, so that a
/// mistake in one shows before it is needed.
pub(crate) fn chosen(merged: &Merged) -> Result<Sourced<ProviderSettings>, ConfigError> {
    let ids = merged.names(&[TABLE]);
    let mut providers = BTreeMap::new();
    for id in &ids {
        providers.insert(*id, read(merged, id)?);
    }
    let Some(leaf) = merged.get(["model_provider"]) else {
        return read(merged, DEFAULT).map(Sourced::builtin);
    };
    let name = text(&leaf.value);
    match providers.remove(name.as_str()) {
        Some(provider) => Ok(Sourced::new(provider, leaf.spot.origin.clone())),
        None => Err(leaf
            .spot
            .wrong(Problem::new(format!("there is no [{TABLE}.{name}]")).hint(
                match nearest(&name, ids) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add [{TABLE}.{name}] with a `base_url`, or use `{DEFAULT}`"),
                },
            ))),
    }
}

/// The variables that hold secrets of any provider.
pub(crate) fn secret_variables(merged: &Merged) -> Vec<String> {
    let is_secret = |rest: &[String]| match rest {
        [_, key] => key == "env_key",
        [_, table, _] => table == "env_http_headers",
        _ => false,
    };
    let mut names: Vec<String> = merged
        .below(&[TABLE])
        .filter(|(rest, _)| is_secret(rest))
        .map(|(_, leaf)| text(&leaf.value))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn read(merged: &Merged, id: &str) -> Result<ProviderSettings, ConfigError> {
    let mut provider = ProviderSettings {
        id: id.to_owned(),
        name: id.to_owned(),
        base_url: String::new(),
        env_key: None,
        http_headers: BTreeMap::new(),
        env_http_headers: BTreeMap::new(),
        query_params: BTreeMap::new(),
        patience: Patience::default(),
    };
    for (rest, leaf) in merged.below(&[TABLE, id]) {
        take(&mut provider, rest, &leaf.value);
    }
    if provider.base_url.is_empty() {
        let path = [TABLE, id];
        let anywhere = merged.below(&path).next();
        let problem = Problem::new(format!("[{TABLE}.{id}] has no `base_url`"));
        return Err(match anywhere {
            Some((_, leaf)) => leaf.spot.wrong(problem),
            None => ConfigError::Flags(problem.text),
        });
    }
    match conflict(merged, &provider) {
        Some((leaf, text)) => Err(leaf.spot.wrong(text)),
        None => Ok(provider),
    }
}

fn take(provider: &mut ProviderSettings, rest: &[String], value: &Value) {
    let names: Vec<&str> = rest.iter().map(String::as_str).collect();
    let retries = || u32::try_from(number(value)).ok();
    match names.as_slice() {
        ["name"] => provider.name = text(value),
        ["base_url"] => provider.base_url = text(value),
        ["env_key"] => provider.env_key = Some(text(value)),
        ["request_max_retries"] => provider.patience.request_max_retries = retries(),
        ["stream_max_retries"] => provider.patience.stream_max_retries = retries(),
        ["stream_idle_timeout_ms"] => {
            provider.patience.stream_idle_timeout_ms = Some(number(value));
        }
        [table, name] => {
            let table = match *table {
                "http_headers" => &mut provider.http_headers,
                "env_http_headers" => &mut provider.env_http_headers,
                _ => &mut provider.query_params,
            };
            table.insert((*name).to_owned(), text(value));
        }
        // `wire_api`, of which there is only one.
        _ => {}
    }
}

/// A header that two settings set: only one could take effect.
fn conflict<'a>(merged: &'a Merged, provider: &ProviderSettings) -> Option<(&'a Leaf, String)> {
    let mut seen: Vec<(String, &str)> = Vec::new();
    if let Some(variable) = &provider.env_key {
        seen.push(("authorization".to_owned(), variable));
    }
    let tables = [
        ("http_headers", &provider.http_headers),
        ("env_http_headers", &provider.env_http_headers),
    ];
    for (table, headers) in tables {
        for name in headers.keys() {
            let plain = name.to_ascii_lowercase();
            if let Some((_, other)) = seen.iter().find(|(header, _)| *header == plain) {
                let leaf = merged.get([TABLE, &provider.id, table, name])?;
                let by = if plain == "authorization" && provider.env_key.as_deref() == Some(*other)
                {
                    format!("the key in `{other}` (`env_key`)")
                } else {
                    format!("`{other}`")
                };
                return Some((leaf, format!("the header `{name}` is also set by {by}")));
            }
            seen.push((plain, table));
        }
    }
    None
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

const fn number(value: &Value) -> u64 {
    match value {
        Value::Number(number) => *number,
        _ => 0,
    }
}
