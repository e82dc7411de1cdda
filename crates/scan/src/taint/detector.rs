//! The taint engine as a detector of the scan.
//!
//! A file by itself is gone through when it is read. Only a file that imports
//! another of the project is gone through again, with those, when all are
//! there; then that answer counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cache::Key;
use crate::engine::parallel::in_parallel;
use crate::{
    Detector, Facts, Finding, Gap, GapKind, Joined, Language, Project, Secrets, SourceFile,
};

use super::catalogue::rules;
use super::engine::{Outcome, Program, Unit, analyse, is_script, script};
use super::ir::{CutReason, Module};

/// How many modules are looked at together with one that imports them.
const MAX_TOGETHER: usize = 64;

/// Follows data through programs.
#[derive(Debug)]
pub struct Taint;

/// What is kept of a file until all are there.
#[derive(Default, Deserialize, Serialize)]
struct Kept {
    findings: Vec<Finding>,
    imports: Vec<String>,
    /// What its classes extend, where what they are called by is that.
    #[serde(default)]
    bases: Vec<String>,
    text: String,
}

impl Detector for Taint {
    fn name(&self) -> &'static str {
        "taint"
    }

    fn version(&self) -> u32 {
        6
    }

    fn wants(&self, _path: &str, language: Language) -> bool {
        super::reads(language)
    }

    fn file(&self, file: &SourceFile<'_>) -> Facts {
        if file.is_minified() {
            return left_out(file.path);
        }
        let Some(module) = file.program() else {
            return Facts::default();
        };
        let gaps = gaps_of(file.path, module);
        let unit = Unit::new(file.path, file.language, Arc::clone(module));
        let imports = unit.imports().to_vec();
        let bases = unit.bases();
        let outcome = analyse(&Program::new(vec![unit]), 0);
        let mut facts = Facts::default().with(&Kept {
            findings: without_known_secrets(outcome.findings, file),
            imports,
            bases,
            text: file.text.to_owned(),
        });
        facts.gaps = gaps;
        facts.gaps.extend(caps_of(file.path, &outcome.capped));
        facts
    }

    fn join(&self, project: &Project<'_>) -> Joined {
        let files: Vec<(&str, Kept)> = project
            .files
            .iter()
            .filter_map(|file| Some((file.path, file.facts.data::<Kept>()?)))
            .collect();
        let names = Names::of(&files);
        let together: Vec<Vec<usize>> = (0..files.len())
            .map(|index| names.reached(index, &files))
            .collect();
        let keys = keys(self.version(), project, &files, &together);
        let known: Vec<Option<Outcome>> =
            keys.iter().map(|key| project.cache?.get((*key)?)).collect();
        // Each is lowered once, however many import it.
        let needed: BTreeSet<usize> = together
            .iter()
            .zip(&known)
            .filter(|(all, known)| all.len() > 1 && known.is_none())
            .flat_map(|(all, _)| all)
            .copied()
            .collect();
        let units = in_parallel(files.len(), &|index| {
            let (path, kept) = &files[index];
            needed
                .contains(&index)
                .then(|| unit_of(path, &kept.text))
                .flatten()
        });
        let answers = in_parallel(files.len(), &|index| {
            let (path, kept) = &files[index];
            if together[index].len() < 2 {
                return Outcome {
                    findings: kept.findings.clone(),
                    capped: Vec::new(),
                };
            }
            if let Some(outcome) = &known[index] {
                return outcome.clone();
            }
            let own = together[index].iter().filter_map(|at| units[*at].clone());
            let program = Program::new(own.collect());
            let module = program.named(path);
            let outcome = module
                .map(|module| analyse(&program, module))
                .unwrap_or_default();
            if let (Some(cache), Some(key)) = (project.cache, keys[index]) {
                cache.put(key, &outcome);
            }
            outcome
        });
        let mut joined = Joined::default();
        for ((path, kept), outcome) in files.iter().zip(answers) {
            joined.gaps.extend(caps_of(path, &outcome.capped));
            let file = SourceFile::of_text(path, &kept.text);
            let findings = without_known_secrets(outcome.findings, &file);
            joined.findings.extend(findings);
        }
        keep_the_surest(&mut joined.findings);
        joined
    }
}

/// What each answer is kept under: all that it depends on. Nothing for what
/// is by itself, whose answer is among its facts.
fn keys(
    version: u32,
    project: &Project<'_>,
    files: &[(&str, Kept)],
    together: &[Vec<usize>],
) -> Vec<Option<Key>> {
    if project.cache.is_none() {
        return vec![None; files.len()];
    }
    let digests: Vec<[u8; 32]> = files
        .iter()
        .map(|(_, kept)| Sha256::digest(&kept.text).into())
        .collect();
    let key = |all: &Vec<usize>| {
        let version = version.to_le_bytes();
        let mut parts: Vec<&[u8]> = vec![b"flows", &version, project.settings.build.as_bytes()];
        for at in all {
            parts.extend([files[*at].0.as_bytes(), &digests[*at][..]]);
        }
        (all.len() > 1).then(|| Key::of(&parts))
    };
    together.iter().map(key).collect()
}

/// What a tool wrote is somebody else's program, or a copy of one that is here:
/// what flows in it is no news, and its places lead nobody anywhere.
fn left_out(path: &str) -> Facts {
    let why = "a tool wrote this script: what flows in it is not followed";
    let mut facts = Facts::default();
    facts
        .gaps
        .push(Gap::in_file(path, GapKind::NotChecked, why.to_owned()));
    facts
}

fn unit_of(path: &str, text: &str) -> Option<Unit> {
    let file = SourceFile::of_text(path, text);
    let module = Arc::clone(file.program()?);
    Some(Unit::new(path, file.language, module))
}

/// What a front end left out. What does not parse is said by the engine.
fn gaps_of(path: &str, module: &Module) -> Vec<Gap> {
    let deep = module.cuts.iter().filter(|cut| cut.why == CutReason::Depth);
    deep.map(|cut| {
        Gap::in_file(
            path,
            GapKind::Cap,
            format!("line {} is nested too deeply to be followed", cut.line),
        )
    })
    .collect()
}

fn caps_of(path: &str, capped: &[(u32, String)]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for (line, name) in capped {
        let why = format!(
            "`{name}` (line {line}) with all that it calls is too much to be followed in full"
        );
        gaps.push(Gap::in_file(path, GapKind::Cap, why));
    }
    gaps
}

/// Which file a name of a module may mean.
struct Names {
    /// By the last part of a name, and the language.
    by_end: BTreeMap<(Language, String), Vec<usize>>,
    /// Files that import each other by their paths.
    scripts: BTreeMap<String, usize>,
    languages: Vec<Language>,
}

impl Names {
    fn of(files: &[(&str, Kept)]) -> Self {
        let mut names = Self {
            by_end: BTreeMap::new(),
            scripts: BTreeMap::new(),
            languages: Vec::new(),
        };
        for (number, (path, kept)) in files.iter().enumerate() {
            let language = Language::of(path, "");
            names.languages.push(language);
            for base in &kept.bases {
                let key = (language, extends(base));
                names.by_end.entry(key).or_default().push(number);
            }
            if is_script(language) {
                let stem = script::stem(path).to_owned();
                names.scripts.entry(stem).or_insert(number);
                continue;
            }
            let stem = path.rsplit_once('.').map_or(*path, |(stem, _)| stem);
            let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
            let last = stem.rsplit('/').next().unwrap_or(stem);
            let key = (language, last.to_owned());
            names.by_end.entry(key).or_default().push(number);
        }
        names
    }

    /// The files that an import in another may mean.
    fn meant(&self, from: usize, path: &str, import: &str) -> Vec<usize> {
        let language = self.languages[from];
        if is_script(language) {
            let candidates = script::candidates(path, import);
            let found = candidates.iter().find_map(|each| self.scripts.get(each));
            return found.copied().into_iter().collect();
        }
        let last = import.rsplit('.').next().unwrap_or(import);
        let mut all = Vec::new();
        for name in [last.to_owned(), extends(last)] {
            // A name that many files have says little.
            let meant = self.by_end.get(&(language, name));
            all.extend(meant.filter(|meant| meant.len() <= 8).into_iter().flatten());
        }
        all
    }

    /// A file and all that it leads to by imports, itself first.
    fn reached(&self, from: usize, files: &[(&str, Kept)]) -> Vec<usize> {
        let mut seen = BTreeSet::from([from]);
        let mut all = vec![from];
        let mut at = 0;
        while at < all.len() && all.len() < MAX_TOGETHER {
            let (path, kept) = &files[all[at]];
            for import in &kept.imports {
                for number in self.meant(all[at], path, import) {
                    if seen.insert(number) {
                        all.push(number);
                    }
                }
            }
            at += 1;
        }
        all.truncate(MAX_TOGETHER);
        all
    }
}

/// Under what those are kept that extend a class of this name.
fn extends(class: &str) -> String {
    format!("extends {class}")
}

/// Passwords and keys in the code are told by the detector of secrets, which
/// knows more of them: once is enough. What it takes for no secret, since
/// anybody would guess it, opens a door all the same. In tests it opens none.
fn without_known_secrets(mut findings: Vec<Finding>, file: &SourceFile<'_>) -> Vec<Finding> {
    let is_credential = |finding: &Finding| finding.rule == rules::CREDENTIAL.id;
    if findings.iter().any(is_credential) {
        let told = Secrets::default().file(file).findings;
        findings.retain(|finding| {
            let is_told = || told.iter().any(|each| each.line == finding.line);
            !is_credential(finding) || !(file.is_test || is_told())
        });
    }
    findings
}

/// A place is reached from several modules: once is enough.
fn keep_the_surest(findings: &mut Vec<Finding>) {
    findings.sort_by(|one, other| {
        let key = |each: &Finding| (each.path.clone(), each.line, each.rule.clone());
        key(one)
            .cmp(&key(other))
            .then_with(|| other.confidence.cmp(&one.confidence))
            .then_with(|| one.message.cmp(&other.message))
    });
    findings.dedup_by(|next, kept| {
        next.path == kept.path && next.line == kept.line && next.rule == kept.rule
    });
}
