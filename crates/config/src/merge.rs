//! The law of merging: for each setting, the strongest layer that says
//! something counts.

use std::collections::BTreeMap;
use std::time::Duration;

use dam_policy::Sourced;
use serde::Serialize;

use crate::keys::{Layered, Wishes};

/// How to reach models, as settings describe it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
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
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
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

impl ProviderSettings {
    pub(crate) fn new(id: &str, base_url: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            base_url: base_url.to_owned(),
            env_key: None,
            http_headers: BTreeMap::new(),
            env_http_headers: BTreeMap::new(),
            query_params: BTreeMap::new(),
            patience: Patience::default(),
        }
    }

    /// The provider that is there without settings.
    pub(crate) fn openai() -> Self {
        Self {
            name: "OpenAI".to_owned(),
            env_key: Some("OPENAI_API_KEY".to_owned()),
            ..Self::new("openai", "https://api.openai.com/v1")
        }
    }
}

/// The stronger of two, where either may be missing.
fn stronger<T>(a: Option<Sourced<T>>, b: Option<Sourced<T>>) -> Option<Sourced<T>> {
    match a {
        Some(a) => Some(a.or_stronger(b)),
        None => b,
    }
}

impl Wishes {
    /// Both, the stronger layer's where they differ. Lists and tables are
    /// replaced as a whole: a mixture of two people's lists is nobody's wish.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            sandbox_mode: stronger(self.sandbox_mode, other.sandbox_mode),
            approval_policy: stronger(self.approval_policy, other.approval_policy),
            model: stronger(self.model, other.model),
            model_provider: stronger(self.model_provider, other.model_provider),
            workspace: crate::keys::WorkspaceWishes {
                writable_roots: stronger(
                    self.workspace.writable_roots,
                    other.workspace.writable_roots,
                ),
                exclude_tmpdir_env_var: stronger(
                    self.workspace.exclude_tmpdir_env_var,
                    other.workspace.exclude_tmpdir_env_var,
                ),
                exclude_slash_tmp: stronger(
                    self.workspace.exclude_slash_tmp,
                    other.workspace.exclude_slash_tmp,
                ),
            },
            environment: stronger(self.environment, other.environment),
        }
    }
}

impl Layered {
    /// Both layers. Named tables are merged by name, the stronger layer's
    /// entry counting as a whole.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        for (name, wishes) in other.profiles {
            let merged = match self.profiles.remove(&name) {
                Some(present) => present.merge(wishes),
                None => wishes,
            };
            self.profiles.insert(name, merged);
        }
        for (name, provider) in other.providers {
            let merged = stronger(self.providers.remove(&name), Some(provider.clone()));
            self.providers.insert(name, merged.unwrap_or(provider));
        }
        for (path, trusted) in other.projects {
            let merged = stronger(self.projects.remove(&path), Some(trusted.clone()));
            self.projects.insert(path, merged.unwrap_or(trusted));
        }
        Self {
            wishes: self.wishes.merge(other.wishes),
            profile: stronger(self.profile, other.profile),
            ..self
        }
    }
}
