//! `dam threat-model`: drafted from the code, kept by people.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueHint};
use dam_scan::threat_model::{Drift, Model, PLACE, Surveyor};
use dam_scan::{Detector, Engine};
use serde::Serialize;

use super::options::What;
use super::place::Place;
use crate::arguments::{Approvals, Grants};
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output, STRONG};
use crate::settings;
use crate::variables::Variables;

/// `dam threat-model`.
#[derive(Args, Debug)]
pub struct ThreatModel {
    /// The repository; without it, the current directory
    #[arg(value_hint = ValueHint::DirPath)]
    path: Option<PathBuf>,
    /// Change nothing; say where the file is not what the code is
    #[arg(long)]
    check: bool,
    /// Print the model instead of writing it
    #[arg(long, conflicts_with = "check")]
    print: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "print")]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    path: &'a Path,
    written: bool,
    drift: Vec<Moved>,
}

#[derive(Serialize)]
struct Moved {
    section: String,
    missing: Vec<String>,
    gone: Vec<String>,
}

/// Drafts the model, renews it, or says where it drifted: then the exit code is
/// that of a failure.
pub fn run(
    words: &ThreatModel,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let options = settings::options(&Grants::default(), &Approvals::default())?;
    let configuration = settings::load(&options, variables, true)?;
    let place = Place::find(words.path.as_deref(), &configuration, variables, output)?;
    let (revision, _) = place.revisions(&What::default())?;
    let surveyor = Arc::new(Surveyor::default());
    let detectors: Vec<Box<dyn Detector>> = vec![Box::new(Arc::clone(&surveyor))];
    let told = dam_scan::Settings::default();
    let engine = Engine {
        detectors: &detectors,
        settings: &told,
        cache: None,
    };
    engine.scan(&revision, None);
    let survey = surveyor.survey();
    let file = place.root().join(PLACE);
    let old = read(&file)?;
    let drift = match &old {
        Some(model) => model.drift(&survey),
        None => Model::default().drift(&survey),
    };
    let new = match &old {
        Some(model) => model.renewed(&survey),
        None => Model::draft(&survey),
    };
    if words.print {
        output.bytes(new.text().as_bytes())?;
        return Ok(exit::OK.code);
    }
    let written = !words.check && old.as_ref() != Some(&new);
    if written {
        write(place.root(), new.text())?;
    }
    tell(words, &file, written, drift, output)
}

fn tell(
    words: &ThreatModel,
    file: &Path,
    written: bool,
    drift: Vec<Drift>,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let drifted = !drift.is_empty();
    if words.json {
        let drift = drift.into_iter().map(|each| Moved {
            section: each.section,
            missing: each.missing,
            gone: each.gone,
        });
        output.json(&Told {
            path: file,
            written,
            drift: drift.collect(),
        })?;
    } else {
        for each in &drift {
            output.data(&format!("{STRONG}{}{STRONG:#}", each.section))?;
            for line in &each.missing {
                output.data(&format!("  + {}", dam_journal::clean(line)))?;
            }
            for line in &each.gone {
                output.data(&format!("  {FAINT}- {}{FAINT:#}", dam_journal::clean(line)))?;
            }
        }
        let said = match (written, drifted) {
            (true, _) => format!("written: {}", file.display()),
            (false, false) => format!("{} is what the code is", file.display()),
            (false, true) => format!(
                "{} is not what the code is: `dam threat-model` writes it anew, and keeps what \
                 people wrote",
                file.display()
            ),
        };
        output.note(&said);
    }
    Ok(if words.check && drifted {
        exit::FAILED.code
    } else {
        exit::OK.code
    })
}

fn read(file: &Path) -> Result<Option<Model>, CommandError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(Model::read(&text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", file, &error)),
    }
}

/// Writes it beside and puts it in its place. A repository may be hostile: a
/// link in the place of the directory would lead out of it, and one in the
/// place of the file is replaced.
fn write(root: &Path, text: &str) -> Result<(), CommandError> {
    let file = root.join(PLACE);
    let directory = file.parent().unwrap_or(root);
    match fs::symlink_metadata(directory) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            return Err(CommandError::user(format!(
                "`{}` is not a directory: remove it, or use --print",
                directory.display()
            )));
        }
        Err(_) => fs::create_dir(directory).map_err(|error| failed("make", directory, &error))?,
    }
    let beside = directory.join(format!(".threat-model.{}", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut new| new.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, &file));
    written.map_err(|error| {
        // What is left of a failed attempt is of no use.
        let _ = fs::remove_file(&beside);
        failed("write", &file, &error)
    })
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::user(format!("cannot {what} `{}`: {error}", path.display()))
}
