//! Scans what a repository ever had: every commit, newest first, each distinct
//! content once.
//!
//! What is done is written down after every few hundred commits, so that a
//! scan that was interrupted goes on where it was, and one of a longer history
//! looks at the new commits only.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::identity::identities;
use crate::source::{Commit, Git, SourceError};
use crate::{Finding, Gap};

/// How many commits are done at a time.
const AT_A_TIME: usize = 200;

/// What was found in a history.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By name: the finding, and the newest commit that has it.
    pub findings: BTreeMap<String, (Finding, String)>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
    /// How many commits there are.
    pub commits: usize,
    /// How many were done before.
    pub known: usize,
}

/// How far a scan of history is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Commits that are done.
    pub done: usize,
    /// All commits.
    pub all: usize,
    /// Different contents that were looked at.
    pub files: usize,
}

/// What is written down of a few hundred commits.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Step {
    commits: Vec<String>,
    findings: Vec<(String, String, Finding)>,
    gaps: Vec<Gap>,
}

/// Scans commits, the newest first. `memory` is a file of its own for this
/// repository; `progress` is told how far it is.
pub fn scan(
    git: &Git,
    commits: &[Commit],
    engine: &Engine<'_>,
    memory: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Found, SourceError> {
    let mut memory = Memory::open(memory, engine);
    let mut found = Found {
        commits: commits.len(),
        ..Found::default()
    };
    let wanted: HashMap<&str, usize> = commits
        .iter()
        .enumerate()
        .map(|(place, commit)| (commit.id.as_str(), place))
        .collect();
    let mut done = HashSet::new();
    for step in memory.steps.drain(..) {
        done.extend(
            step.commits
                .iter()
                .filter(|id| wanted.contains_key(id.as_str()))
                .cloned(),
        );
        found.take(&step, &wanted);
    }
    found.known = done.len();
    let left: Vec<Commit> = commits
        .iter()
        .filter(|commit| !done.contains(&commit.id))
        .cloned()
        .collect();
    let mut seen = HashSet::new();
    for chunk in left.chunks(AT_A_TIME) {
        let step = one_step(git, chunk, engine, &mut seen)?;
        found.take(&step, &wanted);
        memory.add(&step)?;
        if let Some(cache) = engine.cache {
            // What cannot be kept is found out again.
            let _lost = cache.flush();
        }
        done.extend(step.commits);
        progress(Progress {
            done: done.len(),
            all: commits.len(),
            files: seen.len(),
        });
    }
    found.gaps.sort();
    found.gaps.dedup();
    Ok(found)
}

impl Found {
    /// Of several commits that have a finding, the newest counts. What belongs
    /// to commits that nobody asked for is left out.
    fn take(&mut self, step: &Step, wanted: &HashMap<&str, usize>) {
        for (id, commit, finding) in &step.findings {
            let Some(place) = wanted.get(commit.as_str()) else {
                continue;
            };
            let known = self
                .findings
                .get(id)
                .and_then(|(_, known)| wanted.get(known.as_str()));
            if known.is_none_or(|known| place < known) {
                self.findings
                    .insert(id.clone(), (finding.clone(), commit.clone()));
            }
        }
        self.gaps.extend(step.gaps.iter().cloned());
    }
}

fn one_step(
    git: &Git,
    commits: &[Commit],
    engine: &Engine<'_>,
    seen: &mut HashSet<u128>,
) -> Result<Step, SourceError> {
    let mut files = Vec::new();
    let mut from = Vec::new();
    for (commit, changes) in git.changes(commits)? {
        for change in changes {
            if seen.insert(short(&change.blob)) {
                files.push((change.path, change.blob));
                from.push(commit.clone());
            }
        }
    }
    let mut step = Step {
        commits: commits.iter().map(|commit| commit.id.clone()).collect(),
        ..Step::default()
    };
    let entries = git.entries(&files)?;
    for (commit, (findings, gaps)) in from.into_iter().zip(engine.look_at_alone(&entries)) {
        let ids = identities(&findings);
        let told = ids.into_iter().zip(findings);
        step.findings
            .extend(told.map(|(id, finding)| (id, commit.clone(), finding)));
        // Older versions that do not parse are told once, with their file.
        step.gaps
            .extend(gaps.into_iter().filter(|gap| gap.kind.counts()));
    }
    step.gaps.sort();
    step.gaps.dedup();
    Ok(step)
}

/// What tells a content from others, in less memory than git's name for it.
fn short(blob: &str) -> u128 {
    let head = blob.get(..32).unwrap_or_default();
    u128::from_str_radix(head, 16).unwrap_or_default()
}

/// The file that remembers what is done: one step a line.
struct Memory {
    path: PathBuf,
    steps: Vec<Step>,
    /// Its first line: which detectors it is of.
    head: String,
    /// How much of it is sound, in bytes.
    sound: u64,
}

impl Memory {
    fn open(path: &Path, engine: &Engine<'_>) -> Self {
        let detectors: Vec<String> = engine
            .detectors
            .iter()
            .map(|each| format!("{} {} {}", each.name(), each.version(), each.rules()))
            .collect();
        let build = &engine.settings.build;
        let head = format!("dam-scan-history 1 {build} {}\n", detectors.join(", "));
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut memory = Self {
            path: path.to_owned(),
            steps: Vec::new(),
            sound: 0,
            head,
        };
        let Some(lines) = text.strip_prefix(&memory.head) else {
            return memory;
        };
        memory.sound = memory.head.len() as u64;
        for line in lines
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let Ok(step) = serde_json::from_str(line) else {
                break;
            };
            memory.steps.push(step);
            memory.sound += line.len() as u64;
        }
        memory
    }

    fn add(&mut self, step: &Step) -> Result<(), SourceError> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&self.path)?;
        let mut text = String::new();
        if self.sound == 0 {
            text.push_str(&self.head);
        }
        text.push_str(&serde_json::to_string(step).map_err(std::io::Error::other)?);
        text.push('\n');
        // Half a line of an interrupted scan goes.
        file.set_len(self.sound)?;
        file.seek(SeekFrom::Start(self.sound))?;
        file.write_all(text.as_bytes())?;
        self.sound += text.len() as u64;
        Ok(())
    }
}
