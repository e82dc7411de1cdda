//! `dam config show`: the settings in effect, and where each was set.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dam_config::Settings;
use dam_policy::Posture;
use serde::Serialize;

use crate::arguments::ConfigShow;
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
            format!("  {FAINT}# {origin}{FAINT:#}")
        } else {
            String::new()
        };
        let value = dam_journal::clean(value);
        output.data(&format!("{STRONG}{key}{STRONG:#} = {value}{origin}"))?;
    }
    for notice in &settings.notices {
        output.labelled(WARNING, "note", notice);
    }
    Ok(exit::OK.code)
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
        notices: &settings.notices,
    }
}
