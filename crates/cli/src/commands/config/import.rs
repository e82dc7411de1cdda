//! `dam config import`: writes our settings from those of another program.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_config::import::{Imported, claude, codex};
use dam_config::{Options, Settings};
use dam_journal::Event;
use serde_json::{Value, json};

use crate::arguments::{ConfigImport, ImportFrom};
use crate::boxed;
use crate::error::CommandError;
use crate::exit;
use crate::output::{HINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::{HOME, Variables};

/// Reads the user's files of the other program, and writes ours.
pub fn run(
    import: &ConfigImport,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    let home = variables
        .directory(HOME)
        .ok_or_else(|| CommandError::user("HOME names no directory"))?;
    let (name, imported) = match import.from {
        ImportFrom::Codex => ("codex", from_codex(&home)?),
        ImportFrom::Claude => ("claude", from_claude(&home)?),
    };
    let config = settings::dirs(variables)?.config;
    let files = [
        (config.join("config.toml"), &imported.config),
        (config.join(format!("rules/{name}.rules")), &imported.rules),
    ];
    if !import.dry_run {
        for (path, _) in files.iter().filter(|(_, text)| !text.is_empty()) {
            check(path, import.force)?;
        }
    }
    let settings = (!import.dry_run).then(|| load(variables)).transpose()?;
    for (path, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
        let shown = dam_journal::clean(&path.display().to_string());
        let Some(settings) = &settings else {
            output.data(&format!("{STRONG}# {shown}{STRONG:#}"))?;
            output.data(&dam_journal::clean(text.trim_end()))?;
            continue;
        };
        record(name, path, text, settings)?;
        write(path, text)
            .map_err(|error| CommandError::user(format!("cannot write {shown}: {error}")))?;
        output.data(&format!("written: {shown}"))?;
    }
    tell(&imported, output);
    Ok(exit::OK.code)
}

fn load(variables: &Variables) -> Result<Settings, CommandError> {
    let cd = std::env::current_dir()
        .map_err(|error| CommandError::user(format!("the current directory is gone: {error}")))?;
    let options = Options {
        cd,
        ..Options::default()
    };
    settings::load(&options, variables, settings::is_interactive())
}

/// Writes down what will stand in a file, before it does.
fn record(from: &str, path: &Path, text: &str, settings: &Settings) -> Result<(), CommandError> {
    let change = Event::ConfigurationChanged {
        what: "imported".to_owned(),
        file: Some(path.display().to_string()),
        before: read(path)?.map_or(Value::Null, Value::String),
        after: json!({ "from": from, "text": text }),
        posture: Value::Null,
    };
    boxed::record_change("config", settings, change)
}

fn from_codex(home: &Path) -> Result<Imported, CommandError> {
    let base = home.join(".codex");
    let config = read(&base.join("config.toml"))?.unwrap_or_default();
    let mut rules = Vec::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(base.join("rules"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "rules"))
        .collect();
    paths.sort();
    for path in paths {
        if let Some(text) = read(&path)? {
            rules.push((path.display().to_string(), text));
        }
    }
    if config.is_empty() && rules.is_empty() {
        return Err(nothing(&base));
    }
    Ok(codex(&config, &rules, Some(home)))
}

fn from_claude(home: &Path) -> Result<Imported, CommandError> {
    let path = home.join(".claude/settings.json");
    let text = read(&path)?.ok_or_else(|| nothing(&path))?;
    Ok(claude(&text, Some(home))?)
}

fn nothing(path: &Path) -> CommandError {
    CommandError::user(format!("there are no settings in {}", path.display()))
}

/// The text of a file; none, if there is no file.
fn read(path: &Path) -> Result<Option<String>, CommandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let text = format!("cannot read {}: {error}", path.display());
            Err(CommandError::user(text))
        }
    }
}

fn check(path: &Path, force: bool) -> Result<(), CommandError> {
    if force || path.symlink_metadata().is_err() {
        return Ok(());
    }
    let text = format!("{} is there already", path.display());
    Err(CommandError::user(text)
        .hint("look at `--dry-run` first; `--force` puts the new one in its place, and keeps the old one as `.before`"))
}

/// In one step, for its owner alone. What was there is kept beside it.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        let mut directories = fs::DirBuilder::new();
        directories.recursive(true).mode(0o700).create(parent)?;
    }
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let new = beside(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(&new)?.write_all(text.as_bytes())?;
    if path.symlink_metadata().is_ok() {
        fs::rename(path, beside(".before"))?;
    }
    fs::rename(&new, path)
}

fn tell(imported: &Imported, output: &mut Output) {
    for text in &imported.differs {
        output.labelled(HINT, "means something else here", &dam_journal::clean(text));
    }
    for (what, why) in &imported.left_out {
        let text = dam_journal::clean(&format!("{what}: {why}")).replace('\n', "<U+000A>");
        output.labelled(WARNING, "left out", &text);
    }
}
