//! Known vulnerabilities of what is locked, from a directory of advisories in
//! OSV's form that the user gives. Nothing is asked of anybody. What cannot be
//! told is in the coverage: no directory, an old one, one that has nothing on
//! a system of packages.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Known, System, cvss, version};
use crate::checks::catalogue::finding;
use crate::{Confidence, Finding, Gap, GapKind, Joined, Settings, Severity};

/// Advisories older than this, in days, say nothing of what is known today.
const OLDEST: i64 = 30;

/// The most files of advisories, and the largest, that are read.
const MOST: usize = 500_000;
const LARGEST: u64 = 4 << 20;

#[derive(Debug, Deserialize)]
struct Advisory {
    id: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    modified: String,
    withdrawn: Option<String>,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    severity: Vec<Score>,
    #[serde(default)]
    database_specific: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Affected {
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Range {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    events: Vec<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Score {
    #[serde(default)]
    score: String,
}

/// A version of a package that is taken, and where that is written.
struct Taken<'a> {
    system: System,
    name: String,
    shown: &'a str,
    version: &'a str,
    path: &'a str,
    line: u32,
}

pub(super) fn known(known: &Known, settings: &Settings, joined: &mut Joined) {
    let taken = taken(known);
    if taken.is_empty() {
        return;
    }
    let mut gap = |why: String| joined.gaps.push(Gap::of_all(GapKind::NotChecked, why));
    let Some(directory) = &settings.advisories else {
        return gap(format!(
            "known vulnerabilities of {} packages are not checked: no advisories were given (--advisories DIR)",
            taken.len()
        ));
    };
    let read = match read(directory, &taken) {
        Ok(read) => read,
        Err(why) => return gap(format!("known vulnerabilities are not checked: {why}")),
    };
    if let Some(age) = age(&read.newest, &settings.today).filter(|age| *age > OLDEST) {
        gap(format!(
            "the advisories are {age} days old (the newest is of {}): what became known since is not checked",
            &read.newest[..10.min(read.newest.len())]
        ));
    }
    for system in [System::Python, System::Npm, System::Cargo] {
        let count = taken.iter().filter(|each| each.system == system).count();
        if count > 0 && !read.systems.contains(system.ecosystem()) {
            gap(format!(
                "{count} packages of {} are not checked: the advisories have nothing on them",
                system.ecosystem()
            ));
        }
    }
    if read.unreadable > 0 {
        gap(format!(
            "{} files of advisories could not be read",
            read.unreadable
        ));
    }
    joined.findings.extend(read.findings);
}

fn taken(known: &Known) -> Vec<Taken<'_>> {
    let mut all = Vec::new();
    for system in [System::Python, System::Npm, System::Cargo] {
        let locked = known
            .locked(system)
            .map(|(file, locked)| (file, &locked.name, locked.version.as_str(), locked.line));
        // Exact wishes are as good as a lock.
        let pinned = known.declared(system).filter_map(|(file, declared)| {
            let exact = declared
                .wanted
                .strip_prefix("===")
                .or_else(|| declared.wanted.strip_prefix("=="))
                .filter(|_| system == System::Python)?;
            (!exact.contains([',', '*'])).then_some((
                file,
                &declared.name,
                exact.trim(),
                declared.line,
            ))
        });
        for (file, name, version, line) in locked.chain(pinned) {
            if !version.is_empty() {
                all.push(Taken {
                    system,
                    name: system.plain(name),
                    shown: name,
                    version,
                    path: &file.path,
                    line,
                });
            }
        }
    }
    all
}

/// What was found in the advisories.
#[derive(Default)]
struct Read {
    findings: Vec<Finding>,
    systems: BTreeSet<String>,
    newest: String,
    unreadable: usize,
}

fn read(directory: &Path, taken: &[Taken<'_>]) -> Result<Read, String> {
    let mut by_name: BTreeMap<(&str, &str), Vec<&Taken<'_>>> = BTreeMap::new();
    for each in taken {
        by_name
            .entry((each.system.ecosystem(), &each.name))
            .or_default()
            .push(each);
    }
    let mut read = Read::default();
    let files = files(directory)?;
    let mut any = false;
    for path in files {
        let text = match std::fs::metadata(&path) {
            Ok(about) if about.len() <= LARGEST => std::fs::read_to_string(&path).ok(),
            _ => None,
        };
        let Some(advisory) = text.and_then(|text| serde_json::from_str::<Advisory>(&text).ok())
        else {
            read.unreadable += 1;
            continue;
        };
        any = true;
        if advisory.modified > read.newest {
            read.newest.clone_from(&advisory.modified);
        }
        judge(&advisory, &by_name, &mut read);
    }
    if any {
        Ok(read)
    } else {
        Err(format!(
            "{} has no advisories in OSV's form",
            directory.display()
        ))
    }
}

/// The files of a directory, in order, without following links.
fn files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        let entries = std::fs::read_dir(&next)
            .map_err(|error| format!("{} cannot be read: {error}", next.display()))?;
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file()
                && entry
                    .path()
                    .extension()
                    .is_some_and(|ending| ending == "json")
            {
                files.push(entry.path());
            }
            if files.len() > MOST || open.len() > MOST {
                return Err(format!(
                    "{} has more than {MOST} files",
                    directory.display()
                ));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn judge(advisory: &Advisory, by_name: &BTreeMap<(&str, &str), Vec<&Taken<'_>>>, read: &mut Read) {
    for affected in &advisory.affected {
        let Some(package) = &affected.package else {
            continue;
        };
        let system = [System::Python, System::Npm, System::Cargo]
            .into_iter()
            .find(|system| system.ecosystem() == package.ecosystem);
        let Some(system) = system else {
            continue;
        };
        read.systems.insert(package.ecosystem.clone());
        if advisory.withdrawn.is_some() {
            continue;
        }
        let name = system.plain(&package.name);
        for taken in by_name
            .get(&(system.ecosystem(), name.as_str()))
            .into_iter()
            .flatten()
        {
            if is_affected(affected, taken.version) {
                read.findings.push(found(advisory, affected, taken));
            }
        }
    }
}

fn is_affected(affected: &Affected, taken: &str) -> bool {
    let listed = affected
        .versions
        .iter()
        .any(|each| version::compare(each, taken) == Some(Ordering::Equal));
    listed
        || affected
            .ranges
            .iter()
            .any(|range| range.kind != "GIT" && is_within(range, taken))
}

fn is_within(range: &Range, taken: &str) -> bool {
    let at_least =
        |bound: &str| bound == "0" || version::compare(taken, bound).is_some_and(Ordering::is_ge);
    let mut within = false;
    for event in &range.events {
        if let Some(from) = event.get("introduced") {
            within |= at_least(from);
        }
        if event.get("fixed").is_some_and(|fixed| at_least(fixed)) {
            within = false;
        }
        if event
            .get("last_affected")
            .is_some_and(|last| version::compare(taken, last).is_none_or(Ordering::is_gt))
        {
            within = false;
        }
    }
    within
}

fn found(advisory: &Advisory, affected: &Affected, taken: &Taken<'_>) -> Finding {
    let score = advisory
        .severity
        .iter()
        .filter_map(|score| cvss::score(&score.score))
        .fold(None, |best: Option<f64>, score| {
            Some(best.map_or(score, |best| best.max(score)))
        });
    let severity = severity(score, &advisory.database_specific);
    let events = affected
        .ranges
        .iter()
        .filter(|range| range.kind != "GIT")
        .flat_map(|range| &range.events);
    let fixed: Vec<&str> = events
        .filter_map(|event| event.get("fixed"))
        .map(String::as_str)
        .filter(|fixed| version::compare(taken.version, fixed) == Some(Ordering::Less))
        .collect();
    let names: Vec<&str> = std::iter::once(&advisory.id)
        .chain(&advisory.aliases)
        .map(String::as_str)
        .collect();
    let score = score.map_or("its score is not known".to_owned(), |score| {
        format!("CVSS {score:.1}")
    });
    let summary: String = dam_journal::clean(&advisory.summary)
        .chars()
        .take(200)
        .collect();
    let message = format!(
        "`{}` {} has {} ({score}): {summary}",
        taken.shown,
        taken.version,
        names.join(", ")
    );
    let safer = match fixed.first() {
        Some(fixed) => format!("Take {fixed} or later."),
        None => "No version without it is known: do without the package, or without what is affected of it.".to_owned(),
    };
    Finding {
        severity: severity.unwrap_or(Severity::Medium),
        confidence: if severity.is_some() {
            Confidence::A
        } else {
            Confidence::B
        },
        safer,
        symbol: Some(format!("{} {}", taken.shown, advisory.id)),
        ..finding("known-vulnerability", taken.path, taken.line, message)
    }
}

fn severity(score: Option<f64>, specific: &serde_json::Value) -> Option<Severity> {
    if let Some(score) = score {
        return Some(match score {
            score if score >= 9.0 => Severity::Critical,
            score if score >= 7.0 => Severity::High,
            score if score >= 4.0 => Severity::Medium,
            _ => Severity::Low,
        });
    }
    Some(
        match specific
            .get("severity")?
            .as_str()?
            .to_ascii_uppercase()
            .as_str()
        {
            "CRITICAL" => Severity::Critical,
            "HIGH" => Severity::High,
            "MODERATE" | "MEDIUM" => Severity::Medium,
            "LOW" => Severity::Low,
            _ => return None,
        },
    )
}

/// How many days before today something was.
fn age(then: &str, today: &str) -> Option<i64> {
    Some(day(today)? - day(then)?)
}

/// The number of a day, from `2026-11-21…`.
fn day(date: &str) -> Option<i64> {
    let mut parts = date.get(..10)?.split('-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    // Years that begin in March, so that the day of a leap year is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    Some(365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day)
}
