//! Remembers answers as rules that a person can read, and forgets them.
//!
//! What is remembered for a project lies under the user's settings, not in the
//! project: what is there, strangers may have written.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_policy::{Host, RuleDecision};
use sha2::{Digest, Sha256};

use super::book::{ListedRule, RuleBook, RuleKind};
use super::day::Day;
use super::too_broad::too_broad;
use crate::ConfigError;
use crate::source::visible;

/// How long an answer is remembered, in days, unless somebody says otherwise.
const USUAL: u16 = 30;

/// The name of the file that answers are written to, where it has no other.
const FILE: &str = "remembered.rules";

/// For whom an answer is remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// For one project, under the user's settings.
    Project,
    /// For every project of the user.
    User,
    /// In the project's own files, for everybody who trusts them.
    Repository,
}

/// How long an answer is remembered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Answer {
    /// For thirty days.
    #[default]
    Usual,
    /// Up to a day, that one included.
    Until(Day),
    /// Until somebody takes it out.
    ForEver,
}

/// An answer to be remembered.
#[derive(Clone, Debug)]
pub struct Remember<'a> {
    /// The words that a command must start with.
    pub prefix: &'a [String],
    /// What was answered.
    pub decision: RuleDecision,
    /// For whom.
    pub scope: Scope,
    /// How long.
    pub lasts: Answer,
    /// What was asked, in one sentence.
    pub question: &'a str,
    /// Who answered.
    pub by: &'a str,
    /// When.
    pub today: Day,
    /// Where the user's `config.toml` is.
    pub config: &'a Path,
    /// The root of the project.
    pub project: &'a Path,
}

/// What was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remembered {
    /// The file.
    pub file: PathBuf,
    /// The rule as it stands there.
    pub rule: String,
    /// The last day on which it counts.
    pub expires: Option<String>,
}

/// Why an answer is not remembered, or not forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unremembered {
    /// It would allow too much.
    #[error("`{prefix}` is not remembered: {why}")]
    TooBroad {
        /// The words.
        prefix: String,
        /// Why.
        why: String,
    },
    /// Leaving the boundary is never remembered for so long, or for so many.
    #[error("leaving the boundary is remembered for one project and until a day only")]
    Leaves,
    /// The file cannot be written.
    #[error("cannot write {path}: {error}")]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is there and wrong.
    #[error(transparent)]
    Wrong(#[from] ConfigError),
    /// No rule is called so.
    #[error("there is no rule {0}; `dam policy rules` lists them")]
    NoRule(String),
    /// The rule was not written by `dam`.
    #[error("rule {id} was written by a person; take it out at {place}")]
    NotOurs {
        /// The rule.
        id: String,
        /// `file:line`.
        place: String,
    },
}

/// The file for what is remembered of a project, under the user's settings.
pub(super) fn file_of(config: &Path, project: &Path) -> PathBuf {
    let name = project.file_name().map(|name| name.to_string_lossy());
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name
        .unwrap_or_default()
        .chars()
        .take(40)
        .map(plain)
        .collect();
    let digest = Sha256::digest(project.as_os_str().as_encoded_bytes());
    let mut file = format!("{name}-");
    for byte in &digest[..8] {
        let _ = write!(file, "{byte:02x}");
    }
    config.join("rules/projects").join(file + ".rules")
}

/// An answer about a host to be remembered.
#[derive(Clone, Debug)]
pub struct RememberHost<'a> {
    /// Which one.
    pub host: &'a Host,
    /// At which port.
    pub port: u16,
    /// What was answered, and everything else that an answer has; it has no
    /// words.
    pub answer: Remember<'a>,
}

/// Writes an answer about a host down as a rule.
pub fn remember_host(about: &RememberHost<'_>) -> Result<Remembered, Unremembered> {
    let expires = last_day(&about.answer);
    let host = match about.host {
        Host::Name(name) => name.clone(),
        Host::Address(address) => address.to_string(),
    };
    let mut rule = format!(
        "network_rule(host = {}, decision = \"{}\", port = {}",
        quoted(&host),
        about.answer.decision,
        about.port
    );
    if let Some(day) = &expires {
        let _ = write!(rule, ", expires = \"{day}\"");
    }
    rule.push_str(")\n");
    add(&about.answer, rule, expires)
}

/// Writes an answer down as a rule.
pub fn remember(answer: &Remember<'_>) -> Result<Remembered, Unremembered> {
    let expires = check(answer)?;
    let rule = rule(answer, expires.as_deref());
    add(answer, rule, expires)
}

fn add(
    answer: &Remember<'_>,
    rule: String,
    expires: Option<String>,
) -> Result<Remembered, Unremembered> {
    let file = match answer.scope {
        Scope::Project => file_of(answer.config, answer.project),
        Scope::User => answer.config.join("rules").join(FILE),
        Scope::Repository => answer.project.join(".cofferdam/rules").join(FILE),
    };
    let mut held = open(&file)?;
    let wrong = |error| Unremembered::Unwritable {
        path: file.clone(),
        error,
    };
    let mut before = String::new();
    held.read_to_string(&mut before).map_err(wrong)?;
    // One that cannot be read would be lost in a file that is not read.
    super::read_text(&file, &before, answer.today)?;
    let text = format!("{}{}{rule}", header(answer, &before), comment(answer));
    super::read_text(&file, &text, answer.today)?;
    if !before.contains(&rule) {
        held.write_all(text.as_bytes()).map_err(wrong)?;
        held.sync_all().map_err(wrong)?;
    }
    Ok(Remembered {
        file,
        rule,
        expires,
    })
}

/// Takes a remembered rule out of its file.
pub fn forget(book: &RuleBook, id: &str, config: &Path) -> Result<ListedRule, Unremembered> {
    let found = book.listed().find(|listed| listed.id() == id);
    let listed = found.ok_or_else(|| Unremembered::NoRule(id.to_owned()))?;
    let origin = listed.kind.origin();
    let not_ours = || Unremembered::NotOurs {
        id: id.to_owned(),
        place: origin.to_string(),
    };
    let file = origin.file.as_deref().filter(|file| is_ours(file, config));
    let file = file.ok_or_else(not_ours)?;
    let wrong = |error| Unremembered::Unwritable {
        path: file.to_owned(),
        error,
    };
    let mut held = open(file)?;
    let mut text = String::new();
    held.read_to_string(&mut text).map_err(wrong)?;
    let first = origin.line.and_then(|line| usize::try_from(line).ok());
    let after = first
        .and_then(|first| without(&text, first, listed))
        .ok_or_else(not_ours)?;
    let next = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut fresh = options
        .custom_flags(not_following())
        .open(&next)
        .map_err(wrong)?;
    fresh.write_all(after.as_bytes()).map_err(wrong)?;
    fresh.sync_all().map_err(wrong)?;
    std::fs::rename(&next, file).map_err(wrong)?;
    Ok(listed.clone())
}

/// Whether the answer may be remembered, and the last day on which it counts.
fn check(answer: &Remember<'_>) -> Result<Option<String>, Unremembered> {
    let leaves = answer.decision == RuleDecision::Unsandboxed;
    if leaves && (answer.lasts == Answer::ForEver || answer.scope != Scope::Project) {
        return Err(Unremembered::Leaves);
    }
    if answer.decision <= RuleDecision::Allow
        && let Some(why) = too_broad(answer.prefix, leaves)
    {
        let prefix = visible(&answer.prefix.join(" "));
        return Err(Unremembered::TooBroad { prefix, why });
    }
    Ok(last_day(answer))
}

fn last_day(answer: &Remember<'_>) -> Option<String> {
    match answer.lasts {
        Answer::Usual => Some(answer.today.later(USUAL).to_string()),
        Answer::Until(day) => Some(day.to_string()),
        Answer::ForEver => None,
    }
}

/// Open for reading and appending, for nobody else at the same time, and
/// readable by its owner alone.
fn open(file: &Path) -> Result<File, Unremembered> {
    let wrong = |path: &Path, error| Unremembered::Unwritable {
        path: path.to_owned(),
        error,
    };
    if let Some(directory) = file.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(directory)
            .map_err(|error| wrong(directory, error))?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options.custom_flags(not_following());
    loop {
        let held = options.open(file).map_err(|error| wrong(file, error))?;
        held.lock().map_err(|error| wrong(file, error))?;
        // Whoever had it before may have put another file in its place.
        let ours = held.metadata().map_err(|error| wrong(file, error))?;
        let there = file.symlink_metadata();
        if there.is_ok_and(|there| there.ino() == ours.ino() && there.dev() == ours.dev()) {
            return Ok(held);
        }
    }
}

fn not_following() -> i32 {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    i32::try_from(flags.bits()).unwrap_or_default()
}

fn header(answer: &Remember<'_>, before: &str) -> String {
    if !before.is_empty() {
        let newline = if before.ends_with('\n') { "" } else { "\n" };
        return format!("{newline}\n");
    }
    let whose = match answer.scope {
        Scope::User => "every project".to_owned(),
        Scope::Project | Scope::Repository => {
            format!(
                "the project {}",
                one_line(&answer.project.to_string_lossy())
            )
        }
    };
    format!(
        "# Answers remembered for {whose}.\n# `dam policy rules` lists them, `dam policy forget` takes one out.\n\n"
    )
}

fn comment(answer: &Remember<'_>) -> String {
    format!(
        "# {}, by {}: {}\n",
        answer.today,
        one_line(answer.by),
        one_line(answer.question)
    )
}

fn rule(answer: &Remember<'_>, expires: Option<&str>) -> String {
    let words: Vec<String> = answer.prefix.iter().map(|word| quoted(word)).collect();
    let mut rule = format!(
        "prefix_rule(pattern = [{}], decision = \"{}\"",
        words.join(", "),
        answer.decision
    );
    if let Some(day) = expires {
        let _ = write!(rule, ", expires = \"{day}\"");
    }
    rule.push_str(")\n");
    rule
}

/// A string of the language; what cannot be seen is spelled out.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            ' '..='~' => text.push(c),
            c if c.is_alphanumeric() => text.push(c),
            c => {
                let _ = write!(text, "\\U{:08x}", u32::from(c));
            }
        }
    }
    text.push('"');
    text
}

/// For a comment: on one line, short, and nothing invisible.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    visible(line.trim())
}

/// Whether only `dam` writes to this file.
fn is_ours(file: &Path, config: &Path) -> bool {
    let rules = config.join("rules");
    file.parent() == Some(&rules.join("projects")) || *file == rules.join(FILE)
}

/// The text without the rule on a line, and the comment right above it; none,
/// if that line is not as `dam` wrote it.
fn without(text: &str, first: usize, listed: &ListedRule) -> Option<String> {
    let call = match &listed.kind {
        RuleKind::Prefix(_) => "prefix_rule(",
        RuleKind::Host(_) => "network_rule(",
        RuleKind::Executable(_) => return None,
    };
    let mut lines: Vec<&str> = text.lines().collect();
    let at = first.checked_sub(1)?;
    let line = lines.get(at)?;
    if !line.starts_with(call) || !line.ends_with(')') {
        return None;
    }
    lines.remove(at);
    if let Some(above) = at.checked_sub(1)
        && lines.get(above).is_some_and(|line| line.starts_with('#'))
    {
        lines.remove(above);
        if above > 0 && lines.get(above - 1).is_some_and(|line| line.is_empty()) {
            lines.remove(above - 1);
        }
    }
    Some(lines.join("\n") + "\n")
}
