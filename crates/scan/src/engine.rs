//! Has every detector look at every file, in parallel, and joins what they
//! found out.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::detector::{Detector, Facts, FactsOf, Project, Settings};
use crate::file::{Input, SourceFile, text_of};
use crate::source::walk;
use crate::{Coverage, Finding, Gap, GapKind, Language, SourceError};

/// The stack of a thread that walks syntax trees by recursion, in bytes.
const STACK: usize = 64 << 20;

/// What a scan gave.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// What is dangerous, by path and line.
    pub findings: Vec<Finding>,
    /// What was looked at, and what was not.
    pub coverage: Coverage,
}

/// Scans the files below a directory.
pub fn scan_tree(
    root: &Path,
    detectors: &[Box<dyn Detector>],
    settings: &Settings,
) -> Result<Scan, SourceError> {
    let tree = walk(root)?;
    let read = |index: usize| tree.read(&tree.paths[index]);
    Ok(scan(
        &tree.paths,
        &read,
        tree.gaps.clone(),
        detectors,
        settings,
    ))
}

/// Scans files that are in memory.
pub fn scan_files(
    mut files: Vec<Input>,
    detectors: &[Box<dyn Detector>],
    settings: &Settings,
) -> Scan {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let read = |index: usize| Ok(files[index].clone());
    scan(&paths, &read, Vec::new(), detectors, settings)
}

/// One file, looked at.
#[derive(Debug)]
struct Looked {
    path: String,
    language: Language,
    is_test: bool,
    size: usize,
    /// By detector, in their order; none where one did not want it.
    facts: Vec<Option<Facts>>,
    gaps: Vec<Gap>,
}

fn scan(
    paths: &[String],
    read: &(dyn Fn(usize) -> Result<Input, Gap> + Sync),
    gaps: Vec<Gap>,
    detectors: &[Box<dyn Detector>],
    settings: &Settings,
) -> Scan {
    let looked = look_at_all(paths.len(), &|index| {
        read(index).and_then(|input| look_at(&input, detectors))
    });
    let mut scan = Scan::default();
    scan.coverage.gaps = gaps;
    let mut files = Vec::new();
    for each in looked {
        match each {
            Ok(file) => {
                scan.covered(&file);
                files.push(file);
            }
            Err(gap) => scan.coverage.gaps.push(gap),
        }
    }
    scan.join(&files, paths, detectors, settings);
    scan.settle();
    scan
}

impl Scan {
    fn covered(&mut self, file: &Looked) {
        *self.coverage.files.entry(file.language).or_default() += 1;
        self.coverage.bytes += file.size as u64;
        self.coverage.gaps.extend(file.gaps.iter().cloned());
    }

    fn join(
        &mut self,
        files: &[Looked],
        paths: &[String],
        detectors: &[Box<dyn Detector>],
        settings: &Settings,
    ) {
        for (index, detector) in detectors.iter().enumerate() {
            let facts: Vec<FactsOf<'_>> = files
                .iter()
                .filter_map(|file| {
                    Some(FactsOf {
                        path: &file.path,
                        language: file.language,
                        is_test: file.is_test,
                        facts: file.facts[index].as_ref()?,
                    })
                })
                .collect();
            let joined = detector.join(&Project {
                files: &facts,
                paths,
                base: None,
                settings,
            });
            let alone = facts
                .iter()
                .flat_map(|file| file.facts.findings.iter().cloned());
            self.findings.extend(alone);
            self.findings.extend(joined.findings);
            let by = |gap: Gap| Gap {
                detector: Some(detector.name().to_owned()),
                ..gap
            };
            let alone = facts
                .iter()
                .flat_map(|file| file.facts.gaps.iter().cloned());
            self.coverage.gaps.extend(alone.chain(joined.gaps).map(by));
            self.coverage
                .detectors
                .insert(detector.name().to_owned(), detector.version());
        }
    }

    fn settle(&mut self) {
        self.findings.sort_by(|one, other| {
            let key = |each: &Finding| (each.path.clone(), each.line, each.column);
            key(one)
                .cmp(&key(other))
                .then_with(|| one.rule.cmp(&other.rule))
                .then_with(|| one.message.cmp(&other.message))
        });
        self.findings.dedup();
        self.coverage.gaps.sort();
        self.coverage.gaps.dedup();
    }
}

/// Calls for every index, on as many threads as there are processors. The
/// answers are in the order of the indices.
fn look_at_all<T: Send>(count: usize, look: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let work = || {
        let mut own = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            own.push((index, look(index)));
        }
        // Nobody panics while holding the lock.
        if let Ok(mut done) = done.lock() {
            done.append(&mut own);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            let thread = std::thread::Builder::new().stack_size(STACK);
            if thread.spawn_scoped(scope, work).is_err() {
                // No thread is to be had: this one does it.
                work();
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}

fn look_at(input: &Input, detectors: &[Box<dyn Detector>]) -> Result<Looked, Gap> {
    let text = text_of(&input.bytes)
        .map_err(|kind: GapKind| Gap::in_file(&input.path, kind, "it is no text"))?;
    let file = SourceFile::new(&input.path, &text, &input.bytes);
    let facts = detectors
        .iter()
        .map(|detector| {
            detector
                .wants(file.path, file.language)
                .then(|| detector.file(&file))
        })
        .collect();
    Ok(Looked {
        path: input.path.clone(),
        language: file.language,
        is_test: file.is_test,
        size: input.bytes.len(),
        facts,
        gaps: file.parse_gap().into_iter().collect(),
    })
}
