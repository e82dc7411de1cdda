//! Calls that wait for ever, that do not verify the other side, that tell the
//! client too much, and switches for debugging; and the hosts that are named.

mod line;
mod script;

use std::collections::BTreeSet;

use super::catalogue::finding;
use super::{FileFacts, Found};
use crate::{Joined, Language, Project, SourceFile};

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    line::look(file, found);
    match file.language {
        Language::Python | Language::JavaScript | Language::TypeScript | Language::Tsx => {
            script::look(file, found);
        }
        _ => {}
    }
    if is_code(file.language) && !file.is_test {
        found.facts.hosts = hosts(file.text);
    }
}

const fn is_code(language: Language) -> bool {
    matches!(
        language,
        Language::Go
            | Language::Java
            | Language::JavaScript
            | Language::Kotlin
            | Language::Php
            | Language::Python
            | Language::Ruby
            | Language::Rust
            | Language::Shell
            | Language::Tsx
            | Language::TypeScript
    )
}

/// Hosts that stand in documents and names of formats, not in calls.
const NO_HOSTS: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "www.w3.org",
    "schemas.xmlsoap.org",
    "json-schema.org",
    "schema.org",
    "www.apache.org",
    "github.com",
    "example.com",
    "example.org",
    "example.net",
    "xmlns.com",
    "purl.org",
    "opensource.org",
    "developer.mozilla.org",
    "stackoverflow.com",
    "docs.python.org",
    "en.wikipedia.org",
    "tools.ietf.org",
    "datatracker.ietf.org",
];

/// The most hosts that are kept of a file.
const MOST: usize = 200;

/// Hosts of addresses in strings, with the lines where they first are.
fn hosts(text: &str) -> Vec<(String, u32)> {
    let mut all: Vec<(String, u32)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.starts_with(['#', '*']) || trimmed.starts_with("//") || trimmed.starts_with("/*")
        {
            continue;
        }
        for (at, _) in line.match_indices("://") {
            let in_string = line[..at].contains(['"', '\'', '`']) || trimmed.starts_with("curl");
            let scheme = line[..at].ends_with("http")
                || line[..at].ends_with("https")
                || line[..at].ends_with("wss");
            let host: String = line[at + 3..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
                .collect();
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let listed = NO_HOSTS
                .iter()
                .any(|known| host == *known || host.ends_with(&format!(".{known}")));
            if scheme
                && in_string
                && host.contains('.')
                && !listed
                && all.len() < MOST
                && !all.iter().any(|(known, _)| *known == host)
            {
                all.push((host, u32::try_from(index).unwrap_or(0) + 1));
            }
        }
    }
    all
}

/// Hosts that no file named before.
pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    let Some(base) = project.base else {
        return;
    };
    let facts = |files: &[crate::FactsOf<'_>]| -> Vec<(String, Vec<(String, u32)>)> {
        files
            .iter()
            .map(|file| {
                (
                    file.path.to_owned(),
                    file.facts.data::<FileFacts>().unwrap_or_default().hosts,
                )
            })
            .collect()
    };
    let known: BTreeSet<String> = facts(base.files)
        .into_iter()
        .flat_map(|(_, hosts)| hosts)
        .map(|(host, _)| host)
        .collect();
    let mut said = BTreeSet::new();
    for (path, hosts) in facts(project.files) {
        for (host, line) in hosts {
            if !known.contains(&host) && said.insert(host.clone()) {
                joined.findings.push(finding(
                    "outbound-new-host",
                    &path,
                    line,
                    format!("`{host}` is not named anywhere in the revision before."),
                ));
            }
        }
    }
}
