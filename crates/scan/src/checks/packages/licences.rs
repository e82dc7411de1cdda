//! Licences: of the project, and of what it takes along.

use super::{Known, System};
use crate::checks::catalogue::finding;
use crate::checks::{Found, file_name};
use crate::{Joined, SourceFile};

/// Licences by words that only they have, the more exact first.
const TEXTS: &[(&str, &str)] = &[
    ("gnu affero general public license", "AGPL"),
    ("gnu lesser general public license", "LGPL"),
    ("gnu general public license", "GPL"),
    ("server side public license", "SSPL"),
    ("business source license", "BUSL"),
    ("elastic license", "Elastic"),
    ("mozilla public license", "MPL"),
    ("apache license", "Apache"),
    ("permission is hereby granted, free of charge", "MIT"),
    ("redistribution and use in source and binary forms", "BSD"),
    ("permission to use, copy, modify, and/or distribute", "ISC"),
    ("this is free and unencumbered software", "Unlicense"),
];

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    let name = file_name(file.path).to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    if file.path.contains('/')
        || !matches!(
            stem,
            "license" | "licence" | "copying" | "license-mit" | "license-apache"
        )
    {
        return;
    }
    let words = file
        .text
        .to_ascii_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let known = TEXTS
        .iter()
        .find(|(text, _)| words.contains(text))
        .map_or("another", |(_, name)| name);
    found.facts.licence = Some(known.to_owned());
}

/// Licences that ask for something of whoever distributes, or offers, the
/// whole.
fn asks(licence: &str) -> bool {
    let upper = licence.to_ascii_uppercase();
    let choice = upper.contains(" OR ")
        && ["MIT", "APACHE", "BSD", "ISC"]
            .iter()
            .any(|name| upper.contains(name));
    !choice
        && [
            "GPL",
            "SSPL",
            "BUSL",
            "UNLICENSED",
            "COMMONS-CLAUSE",
            "CC-BY-NC",
            "SEE LICENSE",
        ]
        .iter()
        .any(|name| upper.contains(name))
}

pub(super) fn changes(known: &Known, before: Option<&Known>, joined: &mut Joined) {
    let Some(before) = before else {
        return;
    };
    for (path, licence) in &known.licences {
        let old = before
            .licences
            .iter()
            .find(|(other, _)| other == path)
            .map(|(_, licence)| licence);
        if let Some(old) = old.filter(|old| *old != licence) {
            joined.findings.push(finding(
                "licence-changed",
                path,
                1,
                format!("The project's licence was {old} and is {licence}."),
            ));
        }
    }
    for file in &known.files {
        let old = before.files.iter().find(|other| other.path == file.path);
        let (now, then) = (
            file.packages.licence.as_deref(),
            old.and_then(|old| old.packages.licence.as_deref()),
        );
        if let (Some(now), Some(then)) = (now, then)
            && now != then
        {
            joined.findings.push(finding(
                "licence-changed",
                &file.path,
                0,
                format!("The package's licence was {then} and is {now}."),
            ));
        }
    }
    dependencies(known, before, joined);
}

fn dependencies(known: &Known, before: &Known, joined: &mut Joined) {
    for system in [System::Python, System::Npm, System::Cargo] {
        for (file, locked) in known.locked(system) {
            let Some(licence) = locked.licence.as_deref().filter(|licence| asks(licence)) else {
                continue;
            };
            let was = before
                .locked(system)
                .any(|(_, old)| old.name == locked.name && old.licence == locked.licence);
            if !was {
                joined.findings.push(finding(
                    "dependency-licence",
                    &file.path,
                    locked.line,
                    format!(
                        "`{}` is new here, and its licence is {licence}.",
                        locked.name
                    ),
                ));
            }
        }
    }
}
