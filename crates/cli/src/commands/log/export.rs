//! `dam log export`: the record for other programs, or for a collector.

use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use dam_config::{Options, Settings, TelemetrySettings};
use dam_journal::export::cef;
use dam_journal::otel::{self, Consent, Delivered, ExportError, Exporter, Protocol, Telemetry};
use dam_journal::{Entry, State};

use super::since::Since;
use super::{find, sessions_since};
use crate::arguments::{Approvals, Grants};
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{Output, WARNING};
use crate::settings;
use crate::telemetry;
use crate::variables::Variables;

/// How long it is tried to send one session.
const PATIENCE: Duration = Duration::from_secs(30);
const STDOUT: &str = "-";

/// `dam log export`.
#[derive(Args, Debug)]
pub struct Export {
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub format: Format,
    /// Only what was written since then: a time, a date, or an age such as `2h` or `7d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Where to: `-` is standard output, anything else the address of a collector (only `otlp`); without it, `otlp` goes where `[otel]` says
    #[arg(long, value_name = "ENDPOINT|-", value_hint = ValueHint::Url)]
    pub to: Option<String>,
    /// How a collector given by `--to` is spoken to
    #[arg(long, value_enum, default_value_t = Speech::Binary, requires = "to")]
    pub protocol: Speech,
    /// Write arguments, paths, hosts, reasons and messages, too, with secrets masked; `jsonl` always has them
    #[arg(long)]
    pub content: bool,
    /// Send what sessions could not deliver to the collector in `[otel]`
    #[arg(long, conflicts_with_all = ["sessions", "since", "to", "content"])]
    pub pending: bool,
    /// The sessions, or `latest`; without them, all
    #[arg(value_name = "SESSION")]
    pub sessions: Vec<String>,
}

/// How the record is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// OpenTelemetry: logs, spans and metrics
    Otlp,
    /// The journal's own lines, with everything in them
    Jsonl,
    /// Common Event Format, one line for each entry
    Cef,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Speech {
    /// Protocol buffers over HTTP
    Binary,
    /// JSON over HTTP
    Json,
    /// gRPC
    Grpc,
}

/// Writes or sends the record.
pub fn run(
    export: &Export,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    if export.pending {
        return pending(variables, output);
    }
    let is_stdout = export.to.as_deref().is_none_or(|to| to == STDOUT);
    match export.format {
        Format::Otlp => otlp(export, variables, output),
        Format::Jsonl | Format::Cef if !is_stdout => Err(CommandError::user(
            "only `--format otlp` can be sent to an address",
        )
        .hint("leave out `--to`, and let another program take the lines from standard output")),
        Format::Jsonl => each(export, variables, |entries| {
            for entry in entries {
                output.data(&entry.line)?;
            }
            Ok(())
        }),
        Format::Cef => each(export, variables, |entries| {
            for entry in entries {
                output.data(&cef(entry, env!("CARGO_PKG_VERSION"), consent(export)))?;
            }
            Ok(())
        }),
    }
}

/// Each session that is meant, with the entries that are.
fn each(
    export: &Export,
    variables: &Variables,
    mut take: impl FnMut(&[Entry]) -> Result<(), CommandError>,
) -> Result<u8, CommandError> {
    let dir = settings::dirs(variables)?.journal;
    for (session, _) in chosen(export, variables)? {
        let mut entries = dam_journal::read(&dir, &session)?;
        if let Some(since) = &export.since {
            entries.retain(|entry| entry.time >= since.time());
        }
        take(&entries)?;
    }
    Ok(exit::OK.code)
}

fn chosen(
    export: &Export,
    variables: &Variables,
) -> Result<Vec<(dam_journal::SessionId, State)>, CommandError> {
    let dir = settings::dirs(variables)?.journal;
    let all = sessions_since(&dir, export.since.as_ref())?;
    if export.sessions.is_empty() {
        return Ok(all);
    }
    let words = export.sessions.iter();
    let named: Result<Vec<_>, _> = words.map(|word| find(&dir, word)).collect();
    let named = named?;
    Ok(all
        .into_iter()
        .filter(|(session, _)| named.contains(session))
        .collect())
}

fn otlp(export: &Export, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let telemetry = wanted(export, variables)?;
    let dir = settings::dirs(variables)?.journal;
    let mut total = Delivered::default();
    let chosen = chosen(export, variables)?;
    let count = chosen.len();
    for (session, state) in chosen {
        // Spans and sums need what was before: a session is told as a whole.
        let entries = otel::entries(&dir, &session)?;
        let over = state != State::Running;
        if export.to.as_deref() == Some(STDOUT) {
            for line in otel::to_json_lines(&telemetry, &entries, over) {
                output.data(&line)?;
            }
            continue;
        }
        let sent = otel::deliver_session(&telemetry, &entries, over, PATIENCE);
        let sent = sent.map_err(unusable)?;
        total.records += sent.records;
        total.rejected += sent.rejected;
        total.problem = sent.problem.or(total.problem);
        if !sent.whole {
            return Err(undelivered(&total));
        }
    }
    if export.to.as_deref() != Some(STDOUT) {
        tell(&total, &format!("{count} sessions"), output);
    }
    Ok(exit::OK.code)
}

fn pending(variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let settings = loaded(variables)?;
    let wish = settings.telemetry.as_ref().ok_or_else(nowhere)?;
    let telemetry = telemetry::telemetry(wish, variables)?;
    let spool = telemetry::spool(&settings);
    let sent = otel::deliver_pending(&telemetry, &settings.dirs.journal, &spool, PATIENCE);
    let sent = sent.map_err(unusable)?;
    if !sent.whole {
        return Err(undelivered(&sent));
    }
    tell(&sent, "what was left", output);
    Ok(exit::OK.code)
}

fn tell(sent: &Delivered, of: &str, output: &mut Output) {
    output.note(&format!("{} records of {of} were delivered", sent.records));
    if sent.rejected > 0 {
        let text = format!("{} records were dropped by the collector", sent.rejected);
        output.labelled(WARNING, "warning", &text);
    }
    if let Some(problem) = &sent.problem {
        output.labelled(WARNING, "warning", problem);
    }
}

/// What is told where: by the settings, or by the command line alone. Headers
/// of the settings go to the collector of the settings and to no other.
fn wanted(export: &Export, variables: &Variables) -> Result<Telemetry, CommandError> {
    let settings = match &export.to {
        Some(_) => loaded(variables).ok(),
        None => Some(loaded(variables)?),
    };
    let wish = settings.and_then(|settings| settings.telemetry);
    let Some(to) = &export.to else {
        let mut telemetry = telemetry::telemetry(&wish.ok_or_else(nowhere)?, variables)?;
        telemetry.consent.content |= export.content;
        return Ok(telemetry);
    };
    let exporter = Exporter {
        protocol: match export.protocol {
            Speech::Binary => Protocol::HttpBinary,
            Speech::Json => Protocol::HttpJson,
            Speech::Grpc => Protocol::Grpc,
        },
        endpoint: to.clone(),
        headers: Vec::new(),
        ca_certificate: None,
        client_certificate: None,
    };
    let text = |of: fn(&TelemetrySettings) -> &String, default: &str| {
        wish.as_ref()
            .map_or_else(|| default.to_owned(), |wish| of(wish).clone())
    };
    Ok(Telemetry {
        environment: text(|wish| &wish.environment, "dev"),
        event_prefix: text(|wish| &wish.event_prefix, "cofferdam."),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        logs: Some(exporter.clone()),
        traces: Some(exporter.clone()),
        metrics: Some(exporter),
        consent: consent(export),
    })
}

fn consent(export: &Export) -> Consent {
    Consent {
        prompts: export.content,
        content: export.content,
    }
}

fn loaded(variables: &Variables) -> Result<Settings, CommandError> {
    let options: Options = settings::options(&Grants::default(), &Approvals::default())?;
    settings::load(&options, variables, false)
}

fn nowhere() -> CommandError {
    CommandError::user("[otel] names no exporter")
        .hint("`--to http://localhost:4318` says where to")
        .hint("docs/telemetry.md says how one is set")
}

fn unusable(error: ExportError) -> CommandError {
    CommandError::new(Kind::Config, error)
}

fn undelivered(sent: &Delivered) -> CommandError {
    let problem = sent.problem.as_deref().unwrap_or("it took too long");
    CommandError::new(
        Kind::Failed,
        format!(
            "{} records were delivered, and then: {problem}",
            sent.records
        ),
    )
}
