//! `[otel]`: whether anything of the record leaves the machine, and where to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{ConfigError, Problem};
use crate::merged::Merged;
use crate::places::below_home;
use crate::source::nearest;
use crate::value::{Value, Written, is_variable, quoted};

const TABLE: &str = "otel";
const HTTP: &str = "otlp-http";
const GRPC: &str = "otlp-grpc";
const NONE: &str = "none";
/// What names of events and metrics start with where settings say nothing.
const PREFIX: &str = "cofferdam.";
/// What Codex calls the environment where settings say nothing.
const ENVIRONMENT: &str = "dev";

/// What is sent of a session, and where to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TelemetrySettings {
    /// The name of the environment, such as `dev`.
    pub environment: String,
    /// What names of events and metrics start with.
    pub event_prefix: String,
    /// Where events go, as logs.
    pub logs: Option<ExporterSettings>,
    /// Where spans go.
    pub traces: Option<ExporterSettings>,
    /// Where metrics go.
    pub metrics: Option<ExporterSettings>,
    /// Whether prompts are sent.
    pub log_user_prompt: bool,
    /// Whether arguments, paths, hosts, reasons and messages are sent.
    pub log_content: bool,
}

/// Where one kind of telemetry goes.
#[derive(Clone, Eq, PartialEq)]
pub struct ExporterSettings {
    /// How it is sent.
    pub protocol: ExportProtocol,
    /// The address.
    pub endpoint: String,
    /// More headers of every request. `${NAME}` stands for a variable.
    pub headers: BTreeMap<String, String>,
    /// A file with the authorities that the collector's certificate is checked
    /// against, instead of the system's.
    pub ca_certificate: Option<PathBuf>,
    /// A file with the certificate to show to the collector.
    pub client_certificate: Option<PathBuf>,
    /// The file with that certificate's key.
    pub client_private_key: Option<PathBuf>,
}

/// How telemetry is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportProtocol {
    /// Protocol buffers over HTTP.
    HttpBinary,
    /// JSON over HTTP.
    HttpJson,
    /// gRPC.
    Grpc,
}

impl fmt::Debug for ExporterSettings {
    /// Without the values of headers, which are keys more often than not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterSettings")
            .field("protocol", &self.protocol)
            .field("endpoint", &self.endpoint)
            .field("headers", &self.headers.keys())
            .finish_non_exhaustive()
    }
}

impl ExporterSettings {
    /// The variables that headers name.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.headers.values().flat_map(|value| variables_in(value))
    }
}

/// As TOML would have it, the values of headers hidden.
pub(crate) fn shown(f: &mut fmt::Formatter<'_>, value: Option<&ExporterSettings>) -> fmt::Result {
    let Some(exporter) = value else {
        return write!(f, "\"{NONE}\"");
    };
    let (name, protocol) = match exporter.protocol {
        ExportProtocol::HttpBinary => (HTTP, ", protocol = \"binary\""),
        ExportProtocol::HttpJson => (HTTP, ", protocol = \"json\""),
        ExportProtocol::Grpc => (GRPC, ""),
    };
    let endpoint = quoted(&exporter.endpoint);
    write!(f, "{{ {name} = {{ endpoint = {endpoint}{protocol}")?;
    if !exporter.headers.is_empty() {
        let names = exporter.headers.keys();
        let hidden: Vec<_> = names
            .map(|name| format!("{} = \"[hidden]\"", quoted(name)))
            .collect();
        write!(f, ", headers = {{ {} }}", hidden.join(", "))?;
    }
    let files: Vec<_> = TLS
        .into_iter()
        .zip([
            &exporter.ca_certificate,
            &exporter.client_certificate,
            &exporter.client_private_key,
        ])
        .filter_map(|(name, file)| {
            let file = file.as_ref()?;
            Some(format!("{name} = {}", quoted(&file.to_string_lossy())))
        })
        .collect();
    if !files.is_empty() {
        write!(f, ", tls = {{ {} }}", files.join(", "))?;
    }
    f.write_str(" } }")
}

const TLS: [&str; 3] = ["ca-certificate", "client-certificate", "client-private-key"];

/// What settings say together; none if nothing is sent.
pub(crate) fn chosen(merged: &Merged) -> Option<TelemetrySettings> {
    let exporter = |name| match merged.get([TABLE, name]).map(|leaf| &leaf.value) {
        Some(Value::Exporter(exporter)) => exporter.as_deref().cloned(),
        _ => None,
    };
    let text = |name, default: &str| match merged.get([TABLE, name]).map(|leaf| &leaf.value) {
        Some(Value::Text(text)) => text.clone(),
        _ => default.to_owned(),
    };
    let switch = |name| {
        let leaf = merged.get([TABLE, name]);
        matches!(leaf.map(|leaf| &leaf.value), Some(Value::Switch(true)))
    };
    let settings = TelemetrySettings {
        environment: text("environment", ENVIRONMENT),
        event_prefix: text("event_prefix", PREFIX),
        logs: exporter("exporter"),
        traces: exporter("trace_exporter"),
        metrics: exporter("metrics_exporter"),
        log_user_prompt: switch("log_user_prompt"),
        log_content: switch("log_content"),
    };
    let any = [&settings.logs, &settings.traces, &settings.metrics];
    any.iter().any(|one| one.is_some()).then_some(settings)
}

/// The variables that hold keys of a collector: commands are not given them.
pub(crate) fn secret_variables(merged: &Merged) -> Vec<String> {
    let table = [TABLE];
    let exporters = merged
        .below(&table)
        .filter_map(|(_, leaf)| match &leaf.value {
            Value::Exporter(exporter) => exporter.as_deref(),
            _ => None,
        });
    exporters
        .flat_map(|exporter| exporter.variables().map(str::to_owned))
        .collect()
}

/// The names in `${NAME}`.
fn variables_in(value: &str) -> impl Iterator<Item = &str> {
    let after = value.split("${").skip(1);
    after.filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// Reads `"none"`, or a table with one exporter.
pub(crate) fn read(written: Written<'_>) -> Result<Option<ExporterSettings>, ConfigError> {
    let one_of = format!("\"{NONE}\", or a table with `{HTTP}` or `{GRPC}`");
    let table = match written.inner.get_ref() {
        DeValue::String(text) if text == NONE => return Ok(None),
        DeValue::Table(table) => table,
        _ => return Err(written.expected(&one_of)),
    };
    let mut entries = table.iter();
    let (Some((name, inner)), None) = (entries.next(), entries.next()) else {
        let text = format!("`{}` must have one of `{HTTP}` and `{GRPC}`", written.key);
        return Err(written.wrong(text));
    };
    let is_http = match name.get_ref().as_ref() {
        HTTP => true,
        GRPC => false,
        other => {
            let text = format!("`{other}` is no exporter; `{}` is {one_of}", written.key);
            return Err(written.wrong(text));
        }
    };
    let key = format!("{}.{}", written.key, name.get_ref());
    exporter(
        Written {
            inner,
            key: &key,
            ..written
        },
        is_http,
    )
    .map(Some)
}

fn exporter(written: Written<'_>, is_http: bool) -> Result<ExporterSettings, ConfigError> {
    let keys: &[&str] = if is_http {
        &["endpoint", "protocol", "headers", "tls"]
    } else {
        &["endpoint", "headers", "tls"]
    };
    let mut exporter = ExporterSettings {
        protocol: if is_http {
            ExportProtocol::HttpBinary
        } else {
            ExportProtocol::Grpc
        },
        endpoint: String::new(),
        headers: BTreeMap::new(),
        ca_certificate: None,
        client_certificate: None,
        client_private_key: None,
    };
    for (name, inner) in known(written, keys)? {
        let key = format!("{}.{name}", written.key);
        let inner = Written {
            inner,
            key: &key,
            ..written
        };
        match name {
            "endpoint" => exporter.endpoint = endpoint(inner)?,
            "protocol" => exporter.protocol = inner.one_of(PROTOCOLS)?,
            "headers" => exporter.headers = headers(inner)?,
            _ => tls(inner, &mut exporter)?,
        }
    }
    if exporter.endpoint.is_empty() {
        return Err(written.wrong(format!("`{}` has no `endpoint`", written.key)));
    }
    if exporter.client_certificate.is_some() != exporter.client_private_key.is_some() {
        let text = "`client-certificate` and `client-private-key` only make sense together";
        return Err(written.wrong(text));
    }
    let has_tls = exporter.ca_certificate.is_some() || exporter.client_certificate.is_some();
    if has_tls && !exporter.endpoint.starts_with("https://") {
        let text = format!("`{}` has `tls`, and an endpoint without it", written.key);
        return Err(written.wrong(Problem::new(text).hint("begin the endpoint with https://")));
    }
    Ok(exporter)
}

const PROTOCOLS: &[(&str, ExportProtocol)] = &[
    ("binary", ExportProtocol::HttpBinary),
    ("json", ExportProtocol::HttpJson),
];

fn endpoint(written: Written<'_>) -> Result<String, ConfigError> {
    let url = written.filled()?;
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') || url.contains(char::is_whitespace) {
        let text = format!(
            "`{}` must be an address such as https://host:4318",
            written.key
        );
        return Err(written.wrong(text));
    }
    if host.contains('@') {
        let text = format!("`{}` contains credentials", written.key);
        return Err(written.wrong(Problem::new(text).hint("put them into `headers`")));
    }
    Ok(url.to_owned())
}

fn headers(written: Written<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut headers = BTreeMap::new();
    for (name, inner) in table(written)? {
        let name = name.get_ref().to_string();
        let key = format!("{}.{name}", written.key);
        let inner = Written {
            inner,
            key: &key,
            may_be_secret: true,
            ..written
        };
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(inner.wrong(format!("`{name}` is not the name of a header")));
        }
        let value = inner.filled()?;
        if let Some(variable) = variables_in(value).find(|name| !is_variable(name)) {
            return Err(inner.wrong(format!("`${{{variable}}}` names no environment variable")));
        }
        headers.insert(name, value.to_owned());
    }
    Ok(headers)
}

fn tls(written: Written<'_>, exporter: &mut ExporterSettings) -> Result<(), ConfigError> {
    for (name, inner) in known(written, &TLS)? {
        let key = format!("{}.{name}", written.key);
        let inner = Written {
            inner,
            key: &key,
            ..written
        };
        let text = inner.filled()?;
        let path = below_home(text, written.home).ok_or_else(|| {
            inner.wrong(
                Problem::new(format!("`{text}` is not an absolute path"))
                    .hint("begin it with `/`, or with `~/` for your home directory"),
            )
        })?;
        *match name {
            "ca-certificate" => &mut exporter.ca_certificate,
            "client-certificate" => &mut exporter.client_certificate,
            _ => &mut exporter.client_private_key,
        } = Some(path);
    }
    Ok(())
}

/// The entries of a table that may have only these.
fn known<'a>(
    written: Written<'a>,
    keys: &'static [&'static str],
) -> Result<Vec<(&'static str, &'a Spanned<DeValue<'a>>)>, ConfigError> {
    let mut found = Vec::new();
    for (name, inner) in table(written)? {
        let name = name.get_ref().as_ref();
        let Some(key) = keys.iter().find(|key| **key == name) else {
            let problem = Problem::new(format!("`{name}` is not a key of [{}]", written.key));
            return Err(written.wrong(match nearest(name, keys.iter().copied()) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint(format!("keys here: {}", keys.join(", "))),
            }));
        };
        found.push((*key, inner));
    }
    Ok(found)
}

fn table(written: Written<'_>) -> Result<&DeTable<'_>, ConfigError> {
    let table = written.inner.get_ref().as_table();
    table.ok_or_else(|| written.expected("a table"))
}
