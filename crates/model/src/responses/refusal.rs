//! An answer that is not an event stream: what the server said, and what the
//! user can do about it.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use tokio::time::timeout;

use super::retry::{Cause, Fault};
use crate::clean::one_line;
use crate::{ModelError, Provider};

/// Most bytes of an error's body that are read.
const LARGEST_BODY: usize = 64 * 1024;
/// Longest time an error's body is waited for.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether `response` is what was asked for. Servers that do not name a type
/// are taken at their status; a page or a document is certainly no stream.
pub(super) fn is_event_stream(response: &Response) -> bool {
    let kind = content_type(response.headers());
    response.status().is_success()
        && !kind.starts_with("text/html")
        && !kind.starts_with("application/json")
}

/// What a refusal means.
pub(super) async fn fault(provider: &Provider, model: &str, response: Response) -> Fault {
    let status = response.status().as_u16();
    let wait = retry_after(response.headers());
    let kind = content_type(response.headers());
    let body = body(response).await;
    let (code, said) = said(&body);
    let message = if status < 300 {
        format!("`{kind}` instead of an event stream: {said}")
    } else {
        said
    };
    let hint = hint(provider, model, status, code.as_deref());
    let passing = matches!(status, 408 | 429 | 500..) && !is_lasting(code.as_deref());
    let provider_id = provider.id.clone();
    let message = one_line(&provider.without_secrets(&message));
    if passing {
        Cause::Status {
            provider: provider_id,
            status,
            message,
            hint,
            wait,
        }
        .into()
    } else {
        ModelError::Status {
            provider: provider_id,
            status,
            message,
            hint,
        }
        .into()
    }
}

/// Codes that waiting does not change although their status suggests so.
fn is_lasting(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "insufficient_quota"
                | "billing_hard_limit_reached"
                | "usage_not_included"
                | "usage_limit_reached"
        )
    )
}

fn hint(provider: &Provider, model: &str, status: u16, code: Option<&str>) -> Option<String> {
    let base_url = &provider.base_url;
    Some(match (status, &provider.api_key, &provider.env_key) {
        (401 | 403, Some(_), Some(name)) => format!("check the API key in `{name}`"),
        (401 | 403, Some(_), None) => "check the API key".to_owned(),
        (401 | 403, None, Some(name)) => format!("no API key was sent: set `{name}`"),
        (401 | 403, None, None) => format!(
            "no API key was sent: name the variable that holds it in `model_providers.{}.env_key`",
            provider.id
        ),
        (404, ..) => format!(
            "check `base_url` (`{base_url}`) and the model's name (`{}`)",
            one_line(model)
        ),
        (200..=399, ..) => format!(
            "check `base_url` (`{base_url}`): it must be the part before `/responses`, and redirects are not followed"
        ),
        (429, ..) if is_lasting(code) => {
            "the account's limit is reached; waiting does not help".to_owned()
        }
        _ => return None,
    })
}

/// The server's word for the kind of error, and its message.
fn said(body: &[u8]) -> (Option<String>, String) {
    let text = String::from_utf8_lossy(body);
    let Ok(json) = serde_json::from_str::<Value>(&text) else {
        let text = if text.trim().is_empty() {
            "(no message)".into()
        } else {
            text
        };
        return (None, text.into_owned());
    };
    let error = json
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(&json);
    let string = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
    let message = string("message")
        .or_else(|| string("error"))
        .or_else(|| string("detail"));
    (
        string("code").or_else(|| string("type")),
        message.unwrap_or_else(|| text.into_owned()),
    )
}

async fn body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = LARGEST_BODY - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == LARGEST_BODY {
                break;
            }
        }
    };
    // What arrived in time is enough for a message.
    let _ = timeout(BODY_TIMEOUT, read).await;
    body
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// How long the server wants to be left alone: `retry-after-ms`, or
/// `retry-after` in seconds. The form with a date is not used by model servers
/// and counts as absent.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}
