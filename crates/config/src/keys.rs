//! The keys of `config.toml`, each declared once: from a table to what one
//! layer says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dam_policy::{
    ApprovalPolicy, EnvironmentPolicy, Granular, Inherit, Layer, SandboxMode, Sourced,
};
use toml::Spanned;
use toml::de::DeTable;

use crate::error::{ConfigError, Problem};
use crate::merge::ProviderSettings;
use crate::source::{Source, Value, nearest, unknown_key};

type Result<T> = std::result::Result<T, ConfigError>;

/// What one layer says of the settings a profile can change, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub sandbox_mode: Option<Sourced<SandboxMode>>,
    pub approval_policy: Option<Sourced<ApprovalPolicy>>,
    pub model: Option<Sourced<String>>,
    pub model_provider: Option<Sourced<String>>,
    pub workspace: WorkspaceWishes,
    pub environment: Option<Sourced<EnvironmentPolicy>>,
}

/// `[sandbox_workspace_write]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkspaceWishes {
    pub writable_roots: Option<Sourced<Vec<PathBuf>>>,
    pub exclude_tmpdir_env_var: Option<Sourced<bool>>,
    pub exclude_slash_tmp: Option<Sourced<bool>>,
}

/// Everything that one layer says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layered {
    pub wishes: Wishes,
    pub profile: Option<Sourced<String>>,
    pub profiles: BTreeMap<String, Wishes>,
    pub providers: BTreeMap<String, Sourced<ProviderSettings>>,
    /// Trusted (true) or untrusted (false), by path.
    pub projects: BTreeMap<PathBuf, Sourced<bool>>,
}

const WISHES: &[&str] = &[
    "sandbox_mode",
    "approval_policy",
    "model",
    "model_provider",
    "sandbox_workspace_write",
    "shell_environment_policy",
];
const TOP: &[&str] = &[
    "sandbox_mode",
    "approval_policy",
    "model",
    "model_provider",
    "sandbox_workspace_write",
    "shell_environment_policy",
    "profile",
    "profiles",
    "model_providers",
    "projects",
];
const WORKSPACE: &[&str] = &[
    "writable_roots",
    "network_access",
    "exclude_tmpdir_env_var",
    "exclude_slash_tmp",
];
const ENVIRONMENT: &[&str] = &[
    "inherit",
    "ignore_default_excludes",
    "exclude",
    "include_only",
    "set",
];
const PROVIDER: &[&str] = &[
    "name",
    "base_url",
    "env_key",
    "wire_api",
    "http_headers",
    "env_http_headers",
    "query_params",
    "request_max_retries",
    "stream_max_retries",
    "stream_idle_timeout_ms",
];
const GRANULAR: &[&str] = &[
    "sandbox_approval",
    "rules",
    "mcp_elicitations",
    "request_permissions",
    "skill_approval",
];
/// What a project's own file may not set: it could redirect the session, or
/// weaken what the user chose.
const NOT_FOR_PROJECTS: &[&str] = &[
    "model_provider",
    "model_providers",
    "projects",
    "profile",
    "profiles",
    "shell_environment_policy",
];

/// Reads one text.
pub(crate) fn read(source: &Source, home: Option<&std::path::Path>) -> Result<Layered> {
    let table = source.table()?;
    let mut layered = Layered::default();
    for (name, value) in table.get_ref() {
        let key: &str = name.get_ref();
        if source.layer == Layer::Project && NOT_FOR_PROJECTS.contains(&key) {
            let text = format!("a project may not set `{key}`");
            let hint = "set it in your own config.toml";
            return Err(source.wrong(name.span(), Problem::new(text).hint(hint)));
        }
        let value = Value {
            source,
            inner: value,
            key,
        };
        match key {
            "profile" => layered.profile = Some(value.string()?),
            "profiles" => layered.profiles = profiles(value, home)?,
            "model_providers" => layered.providers = providers(value)?,
            "projects" => layered.projects = projects(value)?,
            _ if take_wish(&mut layered.wishes, value, home)? => {}
            _ => return Err(unknown_key(source, name, "", TOP)),
        }
    }
    Ok(layered)
}

/// Takes a key that both the top level and a profile have; false if it is
/// none of those.
fn take_wish(
    wishes: &mut Wishes,
    value: Value<'_>,
    home: Option<&std::path::Path>,
) -> Result<bool> {
    match value.key.rsplit('.').next().unwrap_or_default() {
        "sandbox_mode" => wishes.sandbox_mode = Some(value.parse()?),
        "approval_policy" => wishes.approval_policy = Some(approval_policy(value)?),
        "model" => wishes.model = Some(value.string()?),
        "model_provider" => wishes.model_provider = Some(value.string()?),
        "sandbox_workspace_write" => wishes.workspace = workspace(value, home)?,
        "shell_environment_policy" => wishes.environment = Some(environment(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Walks a table whose keys are all known, or says which is not.
fn each_key(
    value: Value<'_>,
    name: &str,
    known: &[&str],
    mut take: impl FnMut(&str, Value<'_>) -> Result<()>,
) -> Result<()> {
    for (key, inner) in value.table()? {
        if !known.contains(&key.get_ref().as_ref()) {
            return Err(unknown_key(value.source, key, name, known));
        }
        let whole = format!("{name}.{}", key.get_ref());
        take(
            key.get_ref(),
            Value {
                source: value.source,
                inner,
                key: &whole,
            },
        )?;
    }
    Ok(())
}

fn workspace(value: Value<'_>, home: Option<&std::path::Path>) -> Result<WorkspaceWishes> {
    let mut wishes = WorkspaceWishes::default();
    each_key(value, "sandbox_workspace_write", WORKSPACE, |key, value| {
        match key {
            "writable_roots" => {
                let roots = value
                    .strings()?
                    .iter()
                    .map(|root| absolute(value, root, home))
                    .collect::<Result<_>>()?;
                wishes.writable_roots = Some(value.source.sourced(roots, &value.inner.span()));
            }
            "exclude_tmpdir_env_var" => wishes.exclude_tmpdir_env_var = Some(value.boolean()?),
            "exclude_slash_tmp" => wishes.exclude_slash_tmp = Some(value.boolean()?),
            _ if value.boolean()?.value => {
                return Err(value.wrong(
                    Problem::new("network access goes through the egress proxy, which this version does not have yet")
                        .hint("leave it out: without it there is no network, and nothing is weakened"),
                ));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(wishes)
}

fn absolute(value: Value<'_>, path: &str, home: Option<&std::path::Path>) -> Result<PathBuf> {
    let below_home = path
        .strip_prefix("~/")
        .or_else(|| (path == "~").then_some(""));
    match (below_home, home) {
        (Some(below), Some(home)) => Ok(home.join(below)),
        _ if path.starts_with('/') => Ok(PathBuf::from(path)),
        _ => Err(value.wrong(Problem::new(format!("`{path}` is not an absolute path")))),
    }
}

fn environment(value: Value<'_>) -> Result<Sourced<EnvironmentPolicy>> {
    let mut policy = EnvironmentPolicy::default();
    each_key(
        value,
        "shell_environment_policy",
        ENVIRONMENT,
        |key, value| {
            match key {
                "inherit" => {
                    policy.inherit = match value.text()? {
                        "all" => Inherit::All,
                        "core" => Inherit::Core,
                        "none" => Inherit::None,
                        other => {
                            let text = format!("`{other}` is not one of `all`, `core`, `none`");
                            return Err(value.wrong(Problem::new(text)));
                        }
                    }
                }
                "ignore_default_excludes" => {
                    policy.ignore_default_excludes = value.boolean()?.value;
                }
                "exclude" => policy.exclude = value.strings()?,
                "include_only" => policy.include_only = value.strings()?,
                _ => policy.set = value.string_map()?,
            }
            Ok(())
        },
    )?;
    Ok(value.source.sourced(policy, &value.inner.span()))
}

fn approval_policy(value: Value<'_>) -> Result<Sourced<ApprovalPolicy>> {
    if value.inner.get_ref().is_str() {
        return value.parse();
    }
    let mut found = None;
    each_key(
        value,
        "approval_policy",
        &["granular", "reject"],
        |key, value| {
            // The former `reject` named what is refused; `granular` what is asked.
            found = Some(granular(value, key == "granular")?);
            Ok(())
        },
    )?;
    let granular = found.ok_or_else(|| {
        value.wrong(Problem::new(
            "`approval_policy` must be a name or { granular = { … } }",
        ))
    })?;
    Ok(value
        .source
        .sourced(ApprovalPolicy::Granular(granular), &value.inner.span()))
}

fn granular(value: Value<'_>, asks: bool) -> Result<Granular> {
    let mut granular = Granular {
        sandbox_approval: !asks,
        rules: !asks,
        mcp_elicitations: !asks,
        request_permissions: !asks,
        skill_approval: !asks,
    };
    each_key(value, value.key, GRANULAR, |key, value| {
        let wanted = value.boolean()?.value == asks;
        match key {
            "sandbox_approval" => granular.sandbox_approval = wanted,
            "rules" => granular.rules = wanted,
            "mcp_elicitations" => granular.mcp_elicitations = wanted,
            "request_permissions" => granular.request_permissions = wanted,
            _ => granular.skill_approval = wanted,
        }
        Ok(())
    })?;
    Ok(granular)
}

fn profiles(value: Value<'_>, home: Option<&std::path::Path>) -> Result<BTreeMap<String, Wishes>> {
    named_tables(value, "profiles", |name, value| {
        let mut wishes = Wishes::default();
        let table = format!("profiles.{name}");
        each_key(value, &table, WISHES, |_, value| {
            take_wish(&mut wishes, value, home).map(drop)
        })?;
        Ok(wishes)
    })
}

fn providers(value: Value<'_>) -> Result<BTreeMap<String, Sourced<ProviderSettings>>> {
    named_tables(value, "model_providers", |name, value| {
        let mut provider = ProviderSettings::new(name, "");
        let table = format!("model_providers.{name}");
        each_key(value, &table, PROVIDER, |key, value| {
            provider_key(&mut provider, key, value)
        })?;
        if provider.base_url.is_empty() {
            return Err(value.wrong(Problem::new(format!("[{table}] has no `base_url`"))));
        }
        Ok(value.source.sourced(provider, &value.inner.span()))
    })
}

fn provider_key(provider: &mut ProviderSettings, key: &str, value: Value<'_>) -> Result<()> {
    match key {
        "name" => provider.name = value.string()?.value,
        "base_url" => {
            let url = value.string()?.value;
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                return Err(value.wrong(Problem::new(
                    "`base_url` must begin with https:// or http://",
                )));
            }
            url.trim_end_matches('/').clone_into(&mut provider.base_url);
        }
        "env_key" => provider.env_key = Some(value.string()?.value),
        "wire_api" => {
            let api = value.text()?;
            if api != "responses" {
                let problem =
                    Problem::new(format!("`{api}` is not spoken here: only `responses` is"));
                return Err(value.wrong(problem.hint("leave `wire_api` out")));
            }
        }
        "http_headers" => provider.http_headers = value.string_map()?,
        "env_http_headers" => provider.env_http_headers = value.string_map()?,
        "query_params" => provider.query_params = value.string_map()?,
        "request_max_retries" => provider.patience.request_max_retries = Some(retries(value)?),
        "stream_max_retries" => provider.patience.stream_max_retries = Some(retries(value)?),
        _ => provider.patience.stream_idle_timeout_ms = Some(value.number()?),
    }
    Ok(())
}

fn retries(value: Value<'_>) -> Result<u32> {
    let number = value.number()?;
    u32::try_from(number)
        .ok()
        .filter(|number| *number <= 100)
        .ok_or_else(|| value.wrong(Problem::new("more than 100 retries are not possible")))
}

fn projects(value: Value<'_>) -> Result<BTreeMap<PathBuf, Sourced<bool>>> {
    let by_name = named_tables(value, "projects", |name, value| {
        let mut level = None;
        let table = format!("projects.\"{name}\"");
        each_key(value, &table, &["trust_level"], |_, value| {
            level = Some(match value.text()? {
                "trusted" => value.source.sourced(true, &value.inner.span()),
                "untrusted" => value.source.sourced(false, &value.inner.span()),
                other => {
                    let near = nearest(other, &["trusted", "untrusted"]).unwrap_or("trusted");
                    let problem =
                        Problem::new(format!("`{other}` is neither `trusted` nor `untrusted`"));
                    return Err(value.wrong(problem.hint(format!("did you mean `{near}`?"))));
                }
            });
            Ok(())
        })?;
        level.ok_or_else(|| value.wrong(Problem::new(format!("[{table}] has no `trust_level`"))))
    })?;
    Ok(by_name
        .into_iter()
        .map(|(path, level)| (PathBuf::from(path), level))
        .collect())
}

/// A table of tables by names of the user's own.
fn named_tables<T>(
    value: Value<'_>,
    name: &str,
    mut read: impl FnMut(&str, Value<'_>) -> Result<T>,
) -> Result<BTreeMap<String, T>> {
    let table: &DeTable<'_> = value.table()?;
    table
        .iter()
        .map(|(key, inner): (&Spanned<_>, _)| {
            let whole = format!("{name}.{}", key.get_ref());
            let inner = Value {
                source: value.source,
                inner,
                key: &whole,
            };
            Ok((key.get_ref().to_string(), read(key.get_ref(), inner)?))
        })
        .collect()
}
