//! Packages: what is imported, declared, locked, where it comes from, under
//! which licence, and what is known of it.

mod advisories;
mod cvss;
mod imports;
mod licences;
mod lists;
mod locks;
mod lookalike;
mod manifests;
mod phantom;
mod sources;
mod version;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{FileFacts, Found};
use crate::{Joined, Project, SourceFile};

/// A system of packages.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) enum System {
    Python,
    Npm,
    Cargo,
}

impl System {
    /// As advisories name it.
    const fn ecosystem(self) -> &'static str {
        match self {
            Self::Python => "PyPI",
            Self::Npm => "npm",
            Self::Cargo => "crates.io",
        }
    }

    /// A name as its registry compares it.
    fn plain(self, name: &str) -> String {
        match self {
            Self::Python => {
                let mut plain = String::new();
                for c in name.trim().chars() {
                    match c {
                        '-' | '_' | '.' if plain.ends_with('-') => {}
                        '-' | '_' | '.' => plain.push('-'),
                        c => plain.push(c.to_ascii_lowercase()),
                    }
                }
                plain
            }
            Self::Npm => name.trim().to_owned(),
            Self::Cargo => name.trim().replace('-', "_"),
        }
    }
}

/// What a manifest or a lock file says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Packages {
    pub(super) system: System,
    /// The package that the manifest is of.
    pub(super) own: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) declared: Vec<Declared>,
    pub(super) locked: Vec<Locked>,
    /// Whether it is a lock file.
    pub(super) is_lock: bool,
    /// Ways to name own modules: prefixes of `paths` in `tsconfig.json`.
    pub(super) aliases: Vec<String>,
}

impl Packages {
    fn new(system: System) -> Self {
        Self {
            system,
            own: None,
            licence: None,
            declared: Vec::new(),
            locked: Vec::new(),
            is_lock: false,
            aliases: Vec::new(),
        }
    }

    fn lock(system: System) -> Self {
        Self {
            is_lock: true,
            ..Self::new(system)
        }
    }
}

/// A package that a manifest asks for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Declared {
    pub(super) name: String,
    /// What is asked for, as it is written.
    pub(super) wanted: String,
    pub(super) line: u32,
    /// Part of the same repository.
    pub(super) is_local: bool,
}

/// A package that a lock file holds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) source: Option<String>,
    pub(super) has_digest: bool,
    pub(super) licence: Option<String>,
    pub(super) line: u32,
}

/// A module that code imports.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Import {
    pub(super) system: System,
    /// As it is written, up to the part that names the package.
    pub(super) name: String,
    pub(super) line: u32,
}

pub(super) fn look(file: &SourceFile<'_>, found: &mut Found<'_>) {
    manifests::look(file, found);
    locks::look(file, found);
    imports::look(file, found);
    licences::look(file, found);
}

/// A manifest or lock file with its place.
struct Placed {
    path: String,
    packages: Packages,
}

impl Placed {
    fn directory(&self) -> &str {
        self.path
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory)
    }
}

/// Everything about packages that a revision has.
struct Known {
    files: Vec<Placed>,
    imports: Vec<(String, Import)>,
    licences: Vec<(String, String)>,
    /// What tests and examples declare for themselves.
    beside: Vec<Packages>,
}

impl Known {
    fn of(project: &Project<'_>) -> Self {
        let mut known = Self {
            files: Vec::new(),
            imports: Vec::new(),
            licences: Vec::new(),
            beside: Vec::new(),
        };
        for file in project.files {
            let facts = file.facts.data::<FileFacts>().unwrap_or_default();
            let path = file.path.to_owned();
            known.imports.extend(
                facts
                    .imports
                    .into_iter()
                    .map(|import| (path.clone(), import)),
            );
            if let Some(licence) = facts.licence {
                known.licences.push((path.clone(), licence));
            }
            // What a test brings along is not what the project is built of.
            match facts.packages {
                Some(packages) if file.is_test => known.beside.push(packages),
                Some(packages) => known.files.push(Placed { path, packages }),
                None => {}
            }
        }
        known
    }

    fn declared(&self, system: System) -> impl Iterator<Item = (&Placed, &Declared)> {
        self.of_system(system)
            .flat_map(|file| file.packages.declared.iter().map(move |each| (file, each)))
    }

    fn locked(&self, system: System) -> impl Iterator<Item = (&Placed, &Locked)> {
        self.of_system(system)
            .flat_map(|file| file.packages.locked.iter().map(move |each| (file, each)))
    }

    fn of_system(&self, system: System) -> impl Iterator<Item = &Placed> {
        let files = self.files.iter();
        files.filter(move |file| file.packages.system == system)
    }

    /// Every name that is declared or locked.
    fn names(&self, system: System) -> BTreeSet<String> {
        let declared = self
            .declared(system)
            .map(|(_, each)| system.plain(&each.name));
        let locked = self
            .locked(system)
            .map(|(_, each)| system.plain(&each.name));
        declared.chain(locked).collect()
    }
}

pub(super) fn join(project: &Project<'_>, joined: &mut Joined) {
    let known = Known::of(project);
    let before = project.base.map(Known::of);
    phantom::imports(&known, project, joined);
    phantom::unlocked(&known, joined);
    lookalike::names(&known, before.as_ref(), joined);
    sources::sources(&known, joined);
    sources::digests(&known, joined);
    licences::changes(&known, before.as_ref(), joined);
    advisories::known(&known, project.settings, joined);
}

/// Words of a list.
fn words(list: &'static str) -> BTreeSet<&'static str> {
    list.split_ascii_whitespace().collect()
}
