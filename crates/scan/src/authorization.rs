//! Routes without the guard that their siblings have, and objects that are
//! fetched for anybody who names them.
//!
//! What a project's guard is, the project itself says: what stands in front of
//! most handlers. So there is no list of guards that are right, only words by
//! which one is recognised, and functions that turn people away.

use std::collections::{BTreeMap, BTreeSet};

use crate::routes::{self, FileRoutes, Handler, Route};
use crate::threat_model::{self, Model};
use crate::{
    Confidence, Detector, Facts, Finding, Joined, Language, Project, Severity, SourceFile, Step,
};

/// How many siblings must have a guard before one without is worth a word.
const FEWEST: usize = 3;

/// Compares the routes of a project with each other.
#[derive(Debug)]
pub struct Authorization;

impl Detector for Authorization {
    fn name(&self) -> &'static str {
        "authorization"
    }

    fn version(&self) -> u32 {
        1
    }

    fn wants(&self, path: &str, language: Language) -> bool {
        path == threat_model::PLACE || crate::taint::reads(language)
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        if file.path == threat_model::PLACE {
            return Facts::default().with(&Model::read(file.text).for_everybody());
        }
        match routes::of_file(file) {
            Some(found) if found != FileRoutes::default() => Facts::default().with(&found),
            _ => Facts::default(),
        }
    }

    fn join(&self, project: &Project<'_>) -> Joined {
        let mut table = Table::of(project);
        // Where a change is looked at, it does not excuse itself.
        let public = for_everybody(project.base.unwrap_or(project));
        table
            .entries
            .retain(|entry| !public.contains(&entry.route.title()));
        let mut findings = Vec::new();
        for entry in &table.entries {
            findings.extend(table.missing_guard(entry));
            findings.extend(table.object_of_anybody(entry));
        }
        Joined {
            findings,
            gaps: Vec::new(),
        }
    }
}

/// Routes that the threat model says are for everybody.
fn for_everybody(project: &Project<'_>) -> Vec<String> {
    let model = project
        .files
        .iter()
        .find(|file| file.path == threat_model::PLACE);
    model.and_then(|file| file.facts.data()).unwrap_or_default()
}

/// A route, its file and what stands in front of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file that registers it.
    pub path: String,
    /// Where the handler is: its file and line.
    pub at: (String, u32),
    /// The route.
    pub route: Route,
    /// Guards by which somebody is asked who they are.
    pub guards: BTreeSet<String>,
}

impl Entry {
    /// Whether the handler itself asks who calls, or turns somebody away.
    pub fn asks_itself(&self) -> bool {
        self.route.handler.sees_subject || self.route.handler.rejects
    }
}

/// All routes of a project.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// By file and line.
    pub entries: Vec<Entry>,
}

impl Table {
    /// Of all files but tests.
    pub fn of(project: &Project<'_>) -> Self {
        let files: Vec<(&str, FileRoutes)> = project
            .files
            .iter()
            .filter(|file| !file.is_test)
            .filter_map(|file| Some((file.path, file.facts.data::<FileRoutes>()?)))
            .collect();
        Self::of_routes(files.iter().map(|(path, found)| (*path, found)))
    }

    /// Of what each file says.
    pub fn of_routes<'a>(files: impl Iterator<Item = (&'a str, &'a FileRoutes)>) -> Self {
        let files: Vec<(&str, &FileRoutes)> = files.collect();
        let mut handlers: BTreeMap<&str, Vec<(&str, &Handler)>> = BTreeMap::new();
        let mut rejecting: BTreeSet<&str> = BTreeSet::new();
        let mut everywhere: BTreeSet<String> = BTreeSet::new();
        for (path, found) in &files {
            for handler in &found.handlers {
                handlers
                    .entry(&handler.name)
                    .or_default()
                    .push((path, handler));
            }
            rejecting.extend(found.rejecting.iter().map(String::as_str));
            everywhere.extend(found.everywhere.iter().cloned());
        }
        let is_guard = |name: &str| rejecting.contains(name) || routes::is_auth_word(name);
        everywhere.retain(|name| is_guard(name));
        let mut entries = Vec::new();
        for (path, found) in &files {
            for route in &found.routes {
                let mut route = route.clone();
                let mut at = ((*path).to_owned(), route.handler.line);
                // A name that is there twice says nothing.
                if !route.is_here
                    && let Some([(file, handler)]) =
                        handlers.get(route.handler.name.as_str()).map(Vec::as_slice)
                {
                    let mut guards = std::mem::take(&mut route.handler.guards);
                    guards.extend(handler.guards.iter().cloned());
                    at = ((*file).to_owned(), handler.line);
                    route.handler = Handler {
                        guards,
                        ..(*handler).clone()
                    };
                }
                let named = route.handler.guards.iter().chain(&route.handler.calls);
                let mut guards: BTreeSet<String> =
                    named.filter(|name| is_guard(name)).cloned().collect();
                guards.extend(everywhere.iter().cloned());
                entries.push(Entry {
                    path: (*path).to_owned(),
                    at,
                    route,
                    guards,
                });
            }
        }
        Self { entries }
    }

    /// The other routes that are registered at the same place.
    fn siblings<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |other| {
            other.path == entry.path
                && (other.at != entry.at || other.route.path != entry.route.path)
                && !is_public(other)
        })
    }

    fn missing_guard(&self, entry: &Entry) -> Option<Finding> {
        if !entry.guards.is_empty() || entry.asks_itself() || is_public(entry) {
            return None;
        }
        let siblings: Vec<&Entry> = self.siblings(entry).collect();
        let guarded = siblings.iter().filter(|other| is_guarded(other)).count();
        if guarded < FEWEST || guarded * 10 < siblings.len() * 7 {
            return None;
        }
        let guard = most_common(&siblings)?;
        let writes = entry.route.writes();
        let sure = guarded >= 5 && guarded * 10 >= siblings.len() * 9;
        let (file, line) = entry.at.clone();
        Some(Finding {
            rule: "missing-authorization".into(),
            cwe: vec![862, 306],
            title: "A route without the guard of its siblings".to_owned(),
            message: format!(
                "{} is answered without asking who calls. {guarded} of {} other routes in `{}` \
                 are behind a guard, most of them behind `{guard}`.",
                entry.route.title(),
                siblings.len(),
                entry.path,
            ),
            path: file,
            line,
            end_line: line,
            symbol: symbol(entry),
            steps: siblings
                .iter()
                .filter(|other| other.guards.contains(&guard))
                .take(3)
                .map(|other| Step {
                    path: other.at.0.clone(),
                    line: other.at.1,
                    what: format!("{} is behind `{guard}`", other.route.title()),
                })
                .collect(),
            severity: if writes {
                Severity::High
            } else {
                Severity::Medium
            },
            confidence: if sure { Confidence::A } else { Confidence::B },
            safer: format!(
                "Put `{guard}` in front of it, or say in the threat model that it is for everybody."
            ),
            ..Finding::default()
        })
    }

    fn object_of_anybody(&self, entry: &Entry) -> Option<Finding> {
        let handler = &entry.route.handler;
        let fetch = handler.fetch.as_ref()?;
        let by_role = entry.guards.iter().any(|guard| routes::is_role_word(guard));
        if handler.sees_subject || by_role || is_public(entry) {
            return None;
        }
        // Where nobody is asked who they are, objects belong to nobody.
        let guarded = self.entries.iter().filter(|each| is_guarded(each)).count();
        if guarded < FEWEST || entry.guards.is_empty() {
            return None;
        }
        Some(Finding {
            rule: "object-not-owned".into(),
            cwe: vec![639, 284],
            title: "An object is fetched for whoever names it".to_owned(),
            message: format!(
                "{} fetches an object with `{}` by `{}` out of the request, and nowhere compares \
                 it with who asks: whoever is logged in gets, or changes, everybody's.",
                entry.route.title(),
                fetch.call,
                fetch.by,
            ),
            path: entry.at.0.clone(),
            line: fetch.line,
            end_line: fetch.line,
            symbol: symbol(entry),
            severity: if entry.route.writes() {
                Severity::High
            } else {
                Severity::Medium
            },
            confidence: Confidence::B,
            safer: "Fetch it by the identifier and its owner together, with the owner taken from \
                    the session."
                .to_owned(),
            ..Finding::default()
        })
    }
}

fn symbol(entry: &Entry) -> Option<String> {
    let name = &entry.route.handler.name;
    (!name.is_empty()).then(|| name.clone())
}

fn is_public(entry: &Entry) -> bool {
    routes::is_public(&entry.route.path, &entry.route.handler.name)
}

fn is_guarded(entry: &Entry) -> bool {
    !entry.guards.is_empty() || entry.asks_itself()
}

/// The guard that most of them have; of equals the first by name.
fn most_common(entries: &[&Entry]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for guard in entries.iter().flat_map(|entry| &entry.guards) {
        *counts.entry(guard).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    let (name, _) = counts.into_iter().find(|(_, count)| *count == most)?;
    Some(name.to_owned())
}
