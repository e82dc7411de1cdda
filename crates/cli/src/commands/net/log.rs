//! `dam net log`: what of a session's journal is about the network.

use std::collections::BTreeMap;

use clap::Args;
use dam_journal::{Entry, Event};
use serde_json::{Value, json};

use crate::commands::log::find;
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output};
use crate::settings;
use crate::variables::Variables;

/// `dam net log`.
#[derive(Args, Debug)]
pub struct Log {
    /// The session; without it, the latest one
    #[arg(value_name = "SESSION", default_value = "latest")]
    pub session: String,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Lists decisions with their ends.
pub fn run(log: &Log, variables: &Variables, output: &mut Output) -> Result<u8, CommandError> {
    let dir = settings::dirs(variables)?.journal;
    let session = find(&dir, &log.session)?;
    let entries = dam_journal::read(&dir, &session)?;
    let ends: BTreeMap<u64, &Event> = entries.iter().filter_map(end).collect();
    let mut shown = 0;
    for entry in &entries {
        let Some(line) = row(entry, &ends) else {
            continue;
        };
        shown += 1;
        if log.json {
            output.data(&line.json.to_string())?;
        } else {
            output.data(&dam_journal::clean(&line.text))?;
            if let Some(more) = line.more {
                output.data(&format!("{FAINT}{}{FAINT:#}", dam_journal::clean(&more)))?;
            }
        }
    }
    if shown == 0 && !log.json {
        output.note(&format!("nothing of {session} was about the network"));
    }
    Ok(exit::OK.code)
}

struct Row {
    text: String,
    more: Option<String>,
    json: Value,
}

fn end(entry: &Entry) -> Option<(u64, &Event)> {
    match &entry.event {
        Event::NetworkFinished { id, .. } => Some((*id, &entry.event)),
        _ => None,
    }
}

fn row(entry: &Entry, ends: &BTreeMap<u64, &Event>) -> Option<Row> {
    let time = entry.time.strftime("%H:%M:%S%.3f");
    let value = || serde_json::to_value(&entry.event).unwrap_or_default();
    match &entry.event {
        Event::NetworkDecision {
            id,
            host,
            port,
            protocol,
            method,
            path,
            allowed,
            new_host,
            process,
            verdict,
            ..
        } => {
            let word = if *allowed { "allowed" } else { "refused" };
            let mark = if *new_host { " (new here)" } else { "" };
            let part = |part: &Option<String>| {
                let part = part.as_ref();
                part.map_or_else(String::new, |part| format!(" {part}"))
            };
            let request = part(method) + &part(path);
            let end = id.and_then(|id| ends.get(&id));
            let numbers = end.map_or_else(String::new, |end| numbers(end));
            let reason = verdict["reason"].as_str().unwrap_or_default();
            let by = process
                .as_ref()
                .map_or_else(String::new, |by| format!(" by `{by}`"));
            let mut json = value();
            if let Some(end) = end {
                json["end"] = serde_json::to_value(end).unwrap_or_default();
            }
            json["time"] = json!(entry.time.to_string());
            Some(Row {
                text: format!("{time}  {word}: {protocol} {host}:{port}{request}{mark}{numbers}"),
                more: Some(format!("              {reason}{by}")),
                json,
            })
        }
        Event::SecretUsed { name, what, host } => {
            let at = host
                .as_ref()
                .map_or_else(String::new, |host| format!(" at {host}"));
            Some(Row {
                text: format!("{time}  secret {name}: {what}{at}"),
                more: None,
                json: value(),
            })
        }
        _ => None,
    }
}

fn numbers(end: &Event) -> String {
    match end {
        Event::NetworkFinished {
            bytes_out,
            bytes_in,
            duration_ms,
            error,
            ..
        } => {
            let error = error
                .as_ref()
                .map_or_else(String::new, |error| format!(", {error}"));
            format!(": {bytes_out} bytes out, {bytes_in} in, {duration_ms} ms{error}")
        }
        _ => String::new(),
    }
}
