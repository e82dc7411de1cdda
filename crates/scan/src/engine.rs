//! Has every detector look at every file, in parallel, and joins what they
//! found out.

mod look;
pub mod parallel;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::authorization::Table;
use crate::cache::Cache;
use crate::detector::{Detector, FactsOf, Project, Settings};
use crate::ignore::Inline;
use crate::judge::ModelPart;
use crate::owners::{self, Owners};
use crate::source::{Entry, Revision, directory};
use crate::threat_model::Policies;
use crate::{Coverage, Finding, Gap, SourceError};
use look::Looked;
use parallel::in_parallel;

/// What looks at files.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    /// Which detectors look.
    pub detectors: &'a [Box<dyn Detector>],
    /// What the user wants of them.
    pub settings: &'a Settings,
    /// What is known from before, if that is wanted.
    pub cache: Option<&'a Cache>,
}

/// What a scan gave.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// What is dangerous, by path and line.
    pub findings: Vec<Finding>,
    /// What was dangerous in what it was compared with.
    pub before: Vec<Finding>,
    /// What was looked at, and what was not.
    pub coverage: Coverage,
    /// What can be reached, and what stands in front of it.
    pub routes: Table,
    /// Who answers for which file.
    pub owners: Owners,
    /// What policies say of code: as it was before a change, where one is
    /// looked at.
    pub policies: Policies,
    /// What a model was asked, where one was.
    pub model: Option<ModelPart>,
    /// Ignores in comments, by path.
    pub(crate) comments: BTreeMap<String, Vec<Inline>>,
    /// Those that were there before.
    pub(crate) comments_before: BTreeMap<String, Vec<Inline>>,
}

/// Scans all files below a directory, without git and without a cache.
pub fn scan_tree(
    root: &Path,
    detectors: &[Box<dyn Detector>],
    settings: &Settings,
) -> Result<Scan, SourceError> {
    let engine = Engine {
        detectors,
        settings,
        cache: None,
    };
    Ok(engine.scan(&directory(root, None)?, None))
}

/// Scans files that are in memory.
pub fn scan_files(files: Vec<Entry>, detectors: &[Box<dyn Detector>], settings: &Settings) -> Scan {
    let engine = Engine {
        detectors,
        settings,
        cache: None,
    };
    let revision = Revision {
        entries: files,
        ..Revision::default()
    };
    engine.scan(&revision.ordered(), None)
}

/// All files of one revision, looked at.
#[derive(Debug, Default)]
struct View {
    paths: Vec<String>,
    files: Vec<Arc<Looked>>,
    gaps: Vec<Gap>,
}

/// What all detectors made of a view.
#[derive(Debug, Default)]
struct Answer {
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
}

impl Engine<'_> {
    /// Looks at a revision, and at what it is compared with. A file that is in
    /// both is looked at once.
    pub fn scan(&self, revision: &Revision, base: Option<&Revision>) -> Scan {
        let view = self.view(revision, &BTreeMap::new());
        let old = base.map(|base| {
            let known = known(revision, &view);
            self.view(base, &known)
        });
        let mut answer = self.join(&view, old.as_ref());
        let excused = old.as_ref().map(comments_of);
        let before = old.map_or_else(Vec::new, |old| self.join(&old, None).findings);
        let mut coverage = self.coverage(&view);
        coverage.gaps.append(&mut answer.gaps);
        coverage.gaps.sort();
        coverage.gaps.dedup();
        Scan {
            findings: answer.findings,
            before,
            coverage,
            routes: self.routes(&view),
            owners: owners_of(revision),
            policies: Policies::of_revision(base.unwrap_or(revision)),
            model: None,
            comments: comments_of(&view),
            comments_before: excused.unwrap_or_default(),
        }
    }

    /// The routes, where a detector reads them.
    fn routes(&self, view: &View) -> Table {
        let mut names = self.detectors.iter().map(|each| each.name());
        let Some(index) = names.position(|name| name == crate::Authorization.name()) else {
            return Table::default();
        };
        Table::of(&Project {
            files: &facts_of(view, index),
            paths: &view.paths,
            base: None,
            settings: self.settings,
            cache: self.cache,
        })
    }

    /// Looks at single files that need not be of one revision: what can be said
    /// of each alone, and what could not be looked at. In their order.
    pub fn look_at_alone(&self, entries: &[Entry]) -> Vec<(Vec<Finding>, Vec<Gap>)> {
        in_parallel(
            entries.len(),
            &|index| match self.look_at(&entries[index]) {
                Ok(looked) => {
                    let facts = looked.facts.into_iter().flatten();
                    (
                        facts.flat_map(|facts| facts.findings).collect(),
                        looked.gaps,
                    )
                }
                Err(gap) => (Vec::new(), vec![gap]),
            },
        )
    }

    fn view(&self, revision: &Revision, known: &BTreeMap<(&str, &str), Arc<Looked>>) -> View {
        let entries = &revision.entries;
        let looked = in_parallel(entries.len(), &|index| {
            let entry = &entries[index];
            let before = entry
                .blob()
                .and_then(|blob| known.get(&(entry.path.as_str(), blob)));
            match before {
                Some(looked) => Ok(Arc::clone(looked)),
                None => self.look_at(entry).map(Arc::new),
            }
        });
        let mut view = View {
            paths: entries.iter().map(|entry| entry.path.clone()).collect(),
            gaps: revision.gaps.clone(),
            files: Vec::with_capacity(looked.len()),
        };
        for each in looked {
            match each {
                Ok(file) => view.files.push(file),
                Err(gap) => view.gaps.push(gap),
            }
        }
        view
    }

    fn join(&self, view: &View, base: Option<&View>) -> Answer {
        let mut answer = Answer::default();
        for (index, detector) in self.detectors.iter().enumerate() {
            let facts = facts_of(view, index);
            let old_facts = base.map(|base| facts_of(base, index)).unwrap_or_default();
            let old = base.map(|base| Project {
                files: &old_facts,
                paths: &base.paths,
                base: None,
                settings: self.settings,
                cache: self.cache,
            });
            let joined = detector.join(&Project {
                files: &facts,
                paths: &view.paths,
                base: old.as_ref(),
                settings: self.settings,
                cache: self.cache,
            });
            let by = |gap: Gap| Gap {
                detector: Some(detector.name().to_owned()),
                ..gap
            };
            for file in &facts {
                answer.findings.extend(file.facts.findings.iter().cloned());
                answer.gaps.extend(file.facts.gaps.iter().cloned().map(by));
            }
            answer
                .findings
                .extend(joined.findings.into_iter().map(Finding::shown));
            answer.gaps.extend(joined.gaps.into_iter().map(by));
        }
        answer
            .findings
            .sort_by(|one, other| one.order().cmp(&other.order()));
        answer.findings.dedup();
        answer
    }

    fn coverage(&self, view: &View) -> Coverage {
        let mut coverage = Coverage {
            gaps: view.gaps.clone(),
            detectors: self
                .detectors
                .iter()
                .map(|each| (each.name().to_owned(), each.version()))
                .collect(),
            ..Coverage::default()
        };
        for file in &view.files {
            *coverage.files.entry(file.language).or_default() += 1;
            coverage.bytes += file.size;
            coverage.gaps.extend(file.gaps.iter().cloned());
        }
        coverage
    }
}

/// What of a revision git knows by name, looked at.
fn known<'a>(revision: &'a Revision, view: &View) -> BTreeMap<(&'a str, &'a str), Arc<Looked>> {
    let files: BTreeMap<&str, &Arc<Looked>> = view
        .files
        .iter()
        .map(|file| (file.path.as_str(), file))
        .collect();
    let entries = revision.entries.iter();
    entries
        .filter_map(|entry| {
            let path = entry.path.as_str();
            Some(((path, entry.blob()?), Arc::clone(files.get(path)?)))
        })
        .collect()
}

fn comments_of(view: &View) -> BTreeMap<String, Vec<Inline>> {
    let files = view.files.iter().filter(|file| !file.comments.is_empty());
    files
        .map(|file| (file.path.clone(), file.comments.clone()))
        .collect()
}

fn facts_of(view: &View, detector: usize) -> Vec<FactsOf<'_>> {
    let mut facts = Vec::new();
    for file in &view.files {
        if let Some(Some(found)) = file.facts.get(detector) {
            facts.push(FactsOf {
                path: &file.path,
                language: file.language,
                is_test: file.is_test,
                facts: found,
            });
        }
    }
    facts
}

fn owners_of(revision: &Revision) -> Owners {
    let text = owners::PLACES
        .iter()
        .find_map(|place| revision.text_of(place));
    text.map_or_else(Owners::default, |text| Owners::read(&text))
}
