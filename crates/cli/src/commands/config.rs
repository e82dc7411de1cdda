//! `dam config show`: the settings in effect, and where each was set;
//! `dam config explain`: what each layer says of one of them.

pub mod host;
pub mod import;

use std::collections::BTreeMap;
use std::path::PathBuf;

use dam_config::Settings;
use dam_policy::{Class, Layer, Posture};
use serde::Serialize;

use crate::arguments::{ConfigExplain, ConfigShow};
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    settings: BTreeMap<&'a str, Value<'a>>,
    files: &'a [PathBuf],
    journal: &'a PathBuf,
    trusted: bool,
    posture: Posture,
    /// Where requirements stand.
    requirements: Option<&'a PathBuf>,
    /// What class the repository is, and why.
    class: Option<&'a Class>,
    notices: &'a [String],
}

#[derive(Debug, Serialize)]
struct Value<'a> {
    value: &'a str,
    origin: String,
}

/// Shows the settings that a session started with these options would have.
pub fn show(
    show: &ConfigShow,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&show.grants, &show.approvals)?;
    let mut settings = settings::load(&options, variables, settings::is_interactive())?;
    settings::limit(&mut settings, &show.grants)?;
    if show.json {
        output.json(&shown(&settings))?;
        return Ok(exit::OK.code);
    }
    for (key, value, origin) in settings.entries() {
        let origin = if show.origin {
            format!("  {FAINT}# {}{FAINT:#}", clean(&origin.to_string()))
        } else {
            String::new()
        };
        let (key, value) = (clean(key), clean(value));
        output.data(&format!("{STRONG}{key}{STRONG:#} = {value}{origin}"))?;
    }
    if let Some(Class { name, why, origin }) = &settings.posture.held.class {
        let text = clean(&format!("this repository is {name}: {why} ({origin})"));
        output.data(&format!("{FAINT}# {text}{FAINT:#}"))?;
    }
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    Ok(exit::OK.code)
}

/// What `--json` prints of a key.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    key: &'a str,
    doc: &'a str,
    setters: &'a str,
    said: Vec<Said<'a>>,
}

/// What one layer says.
#[derive(Debug, Serialize)]
struct Said<'a> {
    key: &'a str,
    value: &'a str,
    layer: Layer,
    origin: String,
    counts: bool,
    why: &'a str,
}

/// Explains one setting.
pub fn explain(
    explain: &ConfigExplain,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&explain.grants, &explain.approvals)?;
    let settings = settings::load(&options, variables, settings::is_interactive())?;
    let found = settings.explain(&explain.key)?;
    let said = found.said.iter().map(|said| Said {
        key: &said.key,
        value: &said.value,
        layer: said.origin.layer,
        origin: said.origin.to_string(),
        counts: said.counts,
        why: &said.why,
    });
    let explained = Explained {
        key: &found.key,
        doc: found.doc,
        setters: found.setters,
        said: said.collect(),
    };
    if explain.json {
        output.json(&explained)?;
        return Ok(exit::OK.code);
    }
    output.data(&format!(
        "{STRONG}{}{STRONG:#}: {}",
        clean(explained.key),
        explained.doc
    ))?;
    output.data(&format!("set by: {}", explained.setters))?;
    if explained.said.is_empty() {
        output.data("no layer sets it")?;
    }
    for said in &explained.said {
        output.data(&line(said))?;
    }
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    Ok(exit::OK.code)
}

/// What counts is marked; what does not says why.
fn line(said: &Said<'_>) -> String {
    let text = clean(&format!("{} = {}", said.key, said.value));
    let origin = clean(&said.origin);
    let why = clean(said.why);
    if said.counts {
        format!("* {STRONG}{text}{STRONG:#}  {FAINT}# {origin}: {why}{FAINT:#}")
    } else {
        format!("  {text}  {FAINT}# {origin}: {why}{FAINT:#}")
    }
}

fn clean(text: &str) -> String {
    dam_journal::clean(text)
}

fn shown(settings: &Settings) -> Shown<'_> {
    Shown {
        settings: settings
            .entries()
            .iter()
            .map(|(key, value, origin)| {
                (
                    key.as_str(),
                    Value {
                        value,
                        origin: origin.to_string(),
                    },
                )
            })
            .collect(),
        files: &settings.files,
        journal: &settings.dirs.journal,
        trusted: settings.project.trusted,
        posture: settings.posture.without_values(),
        requirements: settings.required.file.as_ref(),
        class: settings.posture.held.class.as_ref(),
        notices: &settings.notices,
    }
}
