//! Telemetry of a session, where settings ask for it: from the settings to the
//! exporter, and what a person is told of it.
//!
//! Where they do not, nothing is made and no thread is started.

use std::path::PathBuf;
use std::time::Duration;

use dam_config::{ExportProtocol, ExporterSettings, Settings, TelemetrySettings};
use dam_journal::SessionId;
use dam_journal::otel::{Consent, Exporter, Live, Protocol, Report, Telemetry};

use crate::error::{CommandError, Kind};
use crate::output::{Output, WARNING};
use crate::variables::Variables;

/// How long the end of a session waits for a collector at most.
const FLUSH: Duration = Duration::from_secs(2);

/// What tells a collector of a session.
pub struct Telling {
    setup: Option<Setup>,
    live: Option<Live>,
    /// Why nothing is told although somebody wants it.
    silent: Option<&'static str>,
}

const NOT_KEPT: &str =
    "nothing is sent of a session that is not kept (`history.persistence = \"none\"`)";

struct Setup {
    telemetry: Telemetry,
    journal: PathBuf,
    spool: PathBuf,
}

impl Telling {
    /// By the settings. An error means that a header names a variable that is
    /// not set.
    pub fn new(settings: &Settings, variables: &Variables) -> Result<Self, CommandError> {
        // It is made from the journal.
        let kept = settings.record.kept;
        let setup = match &settings.telemetry {
            None => None,
            Some(_) if !kept => None,
            Some(wish) => Some(Setup {
                telemetry: telemetry(wish, variables)?,
                journal: settings.dirs.journal.clone(),
                spool: spool(settings),
            }),
        };
        let silent = settings.telemetry.as_ref().filter(|_| !kept);
        Ok(Self {
            setup,
            live: None,
            silent: silent.map(|_| NOT_KEPT),
        })
    }

    /// Starts telling, once. A thread is started: where the boundary is to be
    /// put up by a process with one thread, that must be done.
    pub fn begin(&mut self, session: &SessionId) {
        if let Some(Setup {
            telemetry,
            journal,
            spool,
        }) = self.setup.take()
        {
            // Without a thread nothing is told, and the journal has it all.
            self.live = Live::start(telemetry, journal, spool, session.clone()).ok();
        }
    }

    /// Tells the rest. The session's last entry must have been written.
    pub fn finish(&mut self, output: &mut Output) {
        if let Some(text) = self.silent.take() {
            output.labelled(WARNING, "telemetry", text);
        }
        let Some(live) = self.live.take() else {
            return;
        };
        if let Some(text) = sentence(&live.finish(FLUSH)) {
            output.labelled(WARNING, "telemetry", &text);
        }
    }
}

/// What was not delivered, for a person.
fn sentence(report: &Report) -> Option<String> {
    let problem = report.problem.as_deref().unwrap_or("it was interrupted");
    if !report.whole {
        return Some(format!(
            "not delivered: {problem}; `dam log export --pending` sends it later, as does the next session"
        ));
    }
    match report.rejected {
        0 => report.problem.clone(),
        1 => Some(format!("1 record was dropped: {problem}")),
        many => Some(format!("{many} records were dropped: {problem}")),
    }
}

/// Where it is kept what was delivered.
pub fn spool(settings: &Settings) -> PathBuf {
    settings.dirs.state.join("telemetry")
}

/// From the settings to the exporter: what they keep in environment variables
/// is looked up here.
pub fn telemetry(
    wish: &TelemetrySettings,
    variables: &Variables,
) -> Result<Telemetry, CommandError> {
    let exporter = |wish: &Option<ExporterSettings>| {
        let made = wish.as_ref().map(|wish| exporter(wish, variables));
        made.transpose()
    };
    Ok(Telemetry {
        environment: wish.environment.clone(),
        event_prefix: wish.event_prefix.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        logs: exporter(&wish.logs)?,
        traces: exporter(&wish.traces)?,
        metrics: exporter(&wish.metrics)?,
        consent: Consent {
            prompts: wish.log_user_prompt,
            content: wish.log_content,
        },
    })
}

fn exporter(wish: &ExporterSettings, variables: &Variables) -> Result<Exporter, CommandError> {
    let mut headers = Vec::new();
    for (name, value) in &wish.headers {
        headers.push((name.clone(), filled(value, wish, variables)?));
    }
    let certificate = wish.client_certificate.clone();
    Ok(Exporter {
        protocol: match wish.protocol {
            ExportProtocol::HttpBinary => Protocol::HttpBinary,
            ExportProtocol::HttpJson => Protocol::HttpJson,
            ExportProtocol::Grpc => Protocol::Grpc,
        },
        endpoint: wish.endpoint.clone(),
        headers,
        ca_certificate: wish.ca_certificate.clone(),
        client_certificate: certificate.zip(wish.client_private_key.clone()),
    })
}

/// A header's value, with what its variables hold.
fn filled(
    value: &str,
    wish: &ExporterSettings,
    variables: &Variables,
) -> Result<String, CommandError> {
    let mut filled = value.to_owned();
    for name in wish.variables() {
        let place = format!("${{{name}}}");
        if !value.contains(&place) {
            continue;
        }
        let found = variables.named(name).ok_or_else(|| {
            let text = format!(
                "a header in [otel] needs the environment variable `{name}`, which is not set"
            );
            CommandError::new(Kind::Config, text).hint(format!("export `{name}`"))
        })?;
        filled = filled.replace(&place, found);
    }
    Ok(filled)
}
