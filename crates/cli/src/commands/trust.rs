//! `dam trust`: shows what in a project becomes settings, rules, programs or
//! instructions, and trusts it as it is now; takes trust back; tells it.

use std::collections::BTreeMap;
use std::io::{BufRead, stdin};
use std::path::{Path, PathBuf};

use dam_config::trust::{Content, Difference, Record, Trust, scan};
use dam_config::{Options, Settings};
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};
use serde::Serialize;

use dam_journal::Event;

use super::difference::lines;
use crate::arguments::{TrustOf, TrustTask, TrustWords};
use crate::boxed;
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{FAINT, Output, STRONG, WARNING};
use crate::settings;
use crate::variables::Variables;

/// Does what the command line says.
pub fn run(
    words: &TrustWords,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    match &words.task {
        Some(TrustTask::Status { json, of }) => status(*json, &load(of, variables)?, output),
        None if words.revoke => revoke(&load(&words.of, variables)?, output),
        None => trust(words.yes, &load(&words.of, variables)?, output),
    }
}

fn load(of: &TrustOf, variables: &Variables) -> Result<Settings, CommandError> {
    let here = std::env::current_dir()
        .map_err(|error| CommandError::user(format!("the current directory is gone: {error}")))?;
    let options = Options {
        cd: of
            .cd
            .as_ref()
            .map_or_else(|| here.clone(), |dir| here.join(dir)),
        ..Options::default()
    };
    settings::load(&options, variables, settings::is_interactive())
}

fn root(settings: &Settings) -> &Path {
    settings.project.top(&settings.cwd)
}

/// Shows what there is to be trusted, and asks.
fn trust(yes: bool, settings: &Settings, output: &mut Output) -> Result<u8, CommandError> {
    let root = root(settings);
    if settings.project.trust == Trust::Refused {
        let text = format!("your settings say `untrusted` of {}", root.display());
        return Err(CommandError::new(Kind::Denied, text)
            .hint("take its `trust_level` out of config.toml first"));
    }
    let record = Record::read(&settings.dirs, root)?.filter(|record| !record.revoked);
    let content = scan(root, &settings.dirs)?;
    let differences = differences(record.as_ref(), root, &content);
    let name = clean(&root.display().to_string());
    if differences.is_empty() && record.is_some() {
        output.data(&format!("{name} is what was trusted, nothing has changed"))?;
        return Ok(exit::OK.code);
    }
    let since = record.as_ref().map_or_else(
        || "was never trusted; what it has:".to_owned(),
        |record| format!("was trusted on {}; since then:", date(record)),
    );
    output.data(&format!("{STRONG}{name}{STRONG:#} {since}"))?;
    if differences.is_empty() {
        output.data("  no settings, rules or instructions")?;
    }
    for difference in &differences {
        show(difference, output)?;
    }
    confirm(yes, output)?;
    keep(root, settings, record, content)?;
    output.note(&format!("{name} is trusted as it is now"));
    Ok(exit::OK.code)
}

/// The settings of a session that begins. Where the project holds something
/// else than what was trusted, and somebody is there, they are shown what has
/// changed and asked; with a yes it is trusted as it is now, and counts.
pub fn settings_after_asking(
    options: &Options,
    variables: &Variables,
    interactive: bool,
    output: &mut Output,
) -> Result<Settings, CommandError> {
    let settings = settings::load(options, variables, interactive)?;
    let Trust::Changed(_) = &settings.project.trust else {
        return Ok(settings);
    };
    if !settings::is_interactive() || !is_forgotten() {
        return Ok(settings);
    }
    let root = root(&settings);
    let Some(record) = Record::read(&settings.dirs, root)? else {
        return Ok(settings);
    };
    let content = scan(root, &settings.dirs)?;
    let name = clean(&root.display().to_string());
    output.aside(|output| {
        let day = date(&record);
        output.data(&format!(
            "{STRONG}{name}{STRONG:#} was trusted on {day}; since then:"
        ))?;
        let differences = record.differences(&content);
        let mut shown = differences.iter();
        shown.try_for_each(|difference| show(difference, output))
    })?;
    output.note("\nTrust it as it is now? [y] yes, [N] go on without what it says:");
    if !says_yes() {
        return Ok(settings);
    }
    keep(root, &settings, Some(record), content)?;
    settings::load(options, variables, interactive)
}

/// Whether what was typed before the question was there is no answer to it: a
/// terminal that cannot forget it, or that is not ours to read, is not asked.
fn is_forgotten() -> bool {
    let stdin = stdin();
    let is_ours = tcgetpgrp(&stdin).is_ok_and(|group| group == rustix::process::getpgrp());
    is_ours && tcflush(&stdin, QueueSelector::IFlush).is_ok()
}

/// Trusts what was shown, not what is there by now.
fn keep(
    root: &Path,
    settings: &Settings,
    before: Option<Record>,
    content: Content,
) -> Result<(), CommandError> {
    let now = Record::new(root, content);
    let digest = now.digest.clone();
    record_change(root, settings, "trusted", before, Some(digest))?;
    Ok(now.write(&settings.dirs)?)
}

fn differences(record: Option<&Record>, root: &Path, content: &Content) -> Vec<Difference> {
    match record {
        Some(record) => record.differences(content),
        None => Record::new(root, Content::default()).differences(content),
    }
}

fn show(difference: &Difference, output: &mut Output) -> Result<(), CommandError> {
    let path = clean(&difference.path).replace('\n', "<U+000A>");
    let kind = difference.kind.word();
    output.data(&format!("{STRONG}{kind:<8}{STRONG:#} {path}"))?;
    if difference.before.is_none() && difference.after.is_none() {
        return output.data(&format!(
            "  {FAINT}(too long to show, or not text){FAINT:#}"
        ));
    }
    let before = difference.before.as_deref().unwrap_or_default();
    let after = difference.after.as_deref().unwrap_or_default();
    lines(before, after, harmless, output)
}

/// Cleaned, and without secrets: what is shown may end up in a log.
fn harmless(line: &str) -> String {
    dam_journal::mask(&clean(line))
}

fn confirm(yes: bool, output: &mut Output) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    if !settings::is_interactive() {
        let text = "nobody is there to say whether to trust it";
        return Err(CommandError::new(Kind::ApprovalNeeded, text)
            .hint("look at what is shown, and then say `dam trust --yes`"));
    }
    output.flush()?;
    output.note("\nTrust it as it is now? [y] yes, [N] no:");
    if says_yes() {
        Ok(())
    } else {
        Err(CommandError::new(
            Kind::Denied,
            "it is not trusted: you did not say yes",
        ))
    }
}

/// Whether the line that is typed now is a clear yes.
fn says_yes() -> bool {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    let is_yes = matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    read.is_ok() && is_yes
}

fn revoke(settings: &Settings, output: &mut Output) -> Result<u8, CommandError> {
    let root = root(settings);
    let record = Record::read(&settings.dirs, root)?.filter(|record| !record.revoked);
    record_change(root, settings, "revoked", record, None)?;
    Record::revoked(root).write(&settings.dirs)?;
    let name = clean(&root.display().to_string());
    output.note(&format!("{name} is not trusted any more"));
    Ok(exit::OK.code)
}

fn record_change(
    root: &Path,
    settings: &Settings,
    what: &str,
    before: Option<Record>,
    after: Option<String>,
) -> Result<(), CommandError> {
    let change = Event::TrustChanged {
        project: root.display().to_string(),
        what: what.to_owned(),
        before: before.map(|record| record.digest),
        after,
    };
    boxed::record_change("trust", settings, change)
}

/// What `dam trust status --json` prints.
#[derive(Debug, Serialize)]
struct Status<'a> {
    root: &'a Path,
    trusted: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    files: BTreeMap<&'a str, &'a str>,
    differences: Vec<Differs<'a>>,
    settings: &'a [PathBuf],
}

#[derive(Debug, Serialize)]
struct Differs<'a> {
    path: &'a str,
    kind: &'static str,
}

fn status(json: bool, settings: &Settings, output: &mut Output) -> Result<u8, CommandError> {
    let root = root(settings);
    let record = Record::read(&settings.dirs, root)?;
    let differences = match &record {
        Some(record) if !record.revoked => scan(root, &settings.dirs)
            .map_or_else(|_| Vec::new(), |found| record.differences(&found)),
        _ => Vec::new(),
    };
    let trust = &settings.project.trust;
    if json {
        output.json(&wire(settings, record.as_ref(), &differences))?;
        return Ok(exit::OK.code);
    }
    let name = clean(&root.display().to_string());
    let word = if trust.counts() {
        "trusted"
    } else {
        "not trusted"
    };
    output.data(&format!(
        "{STRONG}{name}{STRONG:#}: {word}, {}",
        sentence(trust)
    ))?;
    if let Some(record) = record.filter(|record| !record.revoked) {
        output.data(&format!("  since    {}", date(&record)))?;
        output.data(&format!("  digest   {}", record.digest))?;
        output.data(&format!("  files    {}", record.files.len()))?;
    }
    for difference in &differences {
        let path = clean(&difference.path).replace('\n', "<U+000A>");
        output.data(&format!("  {:<8} {path}", difference.kind.word()))?;
    }
    if let Trust::Unclear(why) = trust {
        output.labelled(WARNING, "note", &clean(why));
    }
    Ok(exit::OK.code)
}

fn wire<'a>(
    settings: &'a Settings,
    record: Option<&'a Record>,
    differences: &'a [Difference],
) -> Status<'a> {
    let trust = &settings.project.trust;
    let files = record.into_iter().flat_map(|record| &record.files);
    let differs = differences.iter().map(|difference| Differs {
        path: &difference.path,
        kind: difference.kind.word(),
    });
    Status {
        root: root(settings),
        trusted: trust.counts(),
        state: state(trust),
        why: match trust {
            Trust::Unclear(why) => Some(why),
            _ => None,
        },
        date: record.map(date),
        digest: record.map(|record| record.digest.as_str()),
        files: files
            .map(|(path, covered)| (path.as_str(), covered.sha256.as_str()))
            .collect(),
        differences: differs.collect(),
        settings: &settings.files,
    }
}

/// The word for it.
pub const fn state(trust: &Trust) -> &'static str {
    match trust {
        Trust::Unknown => "unknown",
        Trust::Refused => "refused",
        Trust::Revoked => "revoked",
        Trust::FirstSight(_) => "first-sight",
        Trust::Same => "same",
        Trust::Changed(_) => "changed",
        Trust::Unclear(_) => "unclear",
    }
}

const fn sentence(trust: &Trust) -> &'static str {
    match trust {
        Trust::Unknown => "nobody has said anything of it",
        Trust::Refused => "your settings say so",
        Trust::Revoked => "trust was taken back",
        Trust::FirstSight(_) => "by your settings; the next session pins it at what it holds",
        Trust::Same => "it holds what was trusted",
        Trust::Changed(_) => "it holds something else than what was trusted",
        Trust::Unclear(_) => "it holds what no digest can cover",
    }
}

/// To the second.
fn date(record: &Record) -> String {
    let date = record.date.to_string();
    let whole = date.split('.').next().unwrap_or_default();
    format!("{}Z", whole.trim_end_matches('Z'))
}

fn clean(text: &str) -> String {
    dam_journal::clean(text)
}
