//! From the settings of a model provider to the client's: what settings keep
//! in environment variables is looked up here.

use dam_config::ProviderSettings;
use dam_model::{Provider, Secret};

use crate::error::{CommandError, Kind};
use crate::variables::Variables;

/// The provider that settings describe.
pub fn provider(
    settings: &ProviderSettings,
    variables: &Variables,
) -> Result<Provider, CommandError> {
    let mut provider = Provider::new(&settings.id, &settings.base_url);
    provider.name.clone_from(&settings.name);
    provider.env_key.clone_from(&settings.env_key);
    if let Some(name) = &settings.env_key {
        provider.api_key = Some(secret(name, settings, variables)?);
    }
    for (header, value) in &settings.http_headers {
        provider
            .http_headers
            .insert(header.clone(), Secret::new(value.clone()));
    }
    for (header, name) in &settings.env_http_headers {
        let value = secret(name, settings, variables)?;
        provider.http_headers.insert(header.clone(), value);
    }
    for (parameter, value) in &settings.query_params {
        provider
            .query_params
            .insert(parameter.clone(), Secret::new(value.clone()));
    }
    let patience = settings.patience;
    let set = |field: &mut u32, wish: Option<u32>| *field = wish.unwrap_or(*field);
    set(
        &mut provider.request_max_retries,
        patience.request_max_retries,
    );
    set(
        &mut provider.stream_max_retries,
        patience.stream_max_retries,
    );
    if let Some(timeout) = patience.stream_idle_timeout() {
        provider.stream_idle_timeout = timeout;
    }
    Ok(provider)
}

/// What a variable holds. One that settings name must be there: going on
/// without the key would only fail later, and less clearly.
fn secret(
    name: &str,
    settings: &ProviderSettings,
    variables: &Variables,
) -> Result<Secret, CommandError> {
    let value = variables.named(name).ok_or_else(|| {
        CommandError::new(
            Kind::Config,
            format!(
                "model provider `{}` needs the environment variable `{name}`, which is not set",
                settings.id
            ),
        )
        .hint(format!(
            "export `{name}`, or choose another provider with `model_provider`"
        ))
    })?;
    Ok(Secret::new(value.to_owned()))
}
