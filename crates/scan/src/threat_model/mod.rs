//! The threat model of a repository: what can be reached, what stands in
//! front of it, what is behind it. Drafted from the code, kept by people.

mod document;
mod policy;
mod surface;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::authorization::Table;
use crate::routes::FileRoutes;
use crate::{Detector, Facts, FactsOf, Joined, Language, Project, SourceFile};

pub use document::{Drift, Model};
pub use policy::{Policies, Stance, Statement};
pub use surface::{Surface, of_file};

/// Where a repository keeps it.
pub const PLACE: &str = ".cofferdam/threat-model.md";

/// What a repository's code says of its surface.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Survey {
    /// Its routes: what can be reached, and what stands in front of it.
    pub entry_points: Vec<EntryPoint>,
    /// Guards, and how many routes are behind each.
    pub guards: BTreeMap<String, usize>,
    /// What keeps data: a library, and where it is used.
    pub stores: BTreeMap<String, BTreeSet<String>>,
    /// What could do harm if it were misled: an act, and where.
    pub acts: BTreeMap<String, BTreeSet<String>>,
    /// Hosts that the code names, and where.
    pub hosts: BTreeMap<String, BTreeSet<String>>,
    /// Secrets by the variables that hold them, and where they are read.
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    /// Files that say what machines build and deploy.
    pub pipelines: BTreeSet<String>,
}

/// One route, for people.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EntryPoint {
    /// `POST /orders`.
    pub route: String,
    /// The file of its handler.
    pub path: String,
    /// Its handler.
    pub handler: String,
    /// What stands in front of it.
    pub guards: BTreeSet<String>,
    /// Whether the handler itself asks who calls.
    pub asks_itself: bool,
}

/// What one file adds to a survey.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
struct Part {
    routes: FileRoutes,
    surface: Surface,
}

/// Looks at every file and keeps what it saw: it finds nothing dangerous.
#[derive(Debug, Default)]
pub struct Surveyor {
    survey: Mutex<Survey>,
}

impl Surveyor {
    /// What was seen in the last scan.
    pub fn survey(&self) -> Survey {
        self.survey
            .lock()
            .map(|survey| survey.clone())
            .unwrap_or_default()
    }
}

impl Detector for std::sync::Arc<Surveyor> {
    fn name(&self) -> &'static str {
        "survey"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, path: &str, language: Language) -> bool {
        surface::is_pipeline(path) || crate::taint::reads(language)
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        let part = Part {
            routes: crate::routes::of_file(file).unwrap_or_default(),
            surface: of_file(file),
        };
        if part == Part::default() {
            return Facts::default();
        }
        Facts::default().with(&part)
    }

    fn join(&self, project: &Project<'_>) -> Joined {
        let found = survey(project.files);
        // Nobody panics while holding the lock.
        if let Ok(mut survey) = self.survey.lock() {
            *survey = found;
        }
        Joined::default()
    }
}

fn survey(files: &[FactsOf<'_>]) -> Survey {
    let parts: Vec<(&str, Part)> = files
        .iter()
        .filter(|file| !file.is_test)
        .filter_map(|file| Some((file.path, file.facts.data::<Part>()?)))
        .collect();
    let mut survey = Survey::default();
    let routes = parts.iter().map(|(path, part)| (*path, &part.routes));
    for entry in Table::of_routes(routes).entries {
        for guard in &entry.guards {
            *survey.guards.entry(guard.clone()).or_default() += 1;
        }
        survey.entry_points.push(EntryPoint {
            route: entry.route.title(),
            path: entry.at.0.clone(),
            handler: entry.route.handler.name.clone(),
            asks_itself: entry.asks_itself(),
            guards: entry.guards,
        });
    }
    survey.entry_points.sort();
    survey.entry_points.dedup();
    for (path, part) in parts {
        let into = |map: &mut BTreeMap<String, BTreeSet<String>>, names: &[String]| {
            for name in names {
                map.entry(name.clone()).or_default().insert(path.to_owned());
            }
        };
        into(&mut survey.stores, &part.surface.stores);
        into(&mut survey.acts, &part.surface.acts);
        into(&mut survey.hosts, &part.surface.hosts);
        into(&mut survey.secrets, &part.surface.secrets);
        if part.surface.is_pipeline {
            survey.pipelines.insert(path.to_owned());
        }
    }
    survey
}
