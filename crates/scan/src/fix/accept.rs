//! Whether a change is a fix: a fresh scan no longer finds it and finds nothing
//! new, its proof falls silent while harmless input is still answered, and what
//! the project's tests showed before they show after.
//!
//! All of it is tried in private copies; each run has one of its own, because
//! what was run in a copy may have changed it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::copy::{Copy, is_as};
use super::suite::{Box as TestBox, Command, Ran};
use super::{Changed, Proposal, apply};
use crate::prove::{Proved, Proving, Shown, about, prove, settle};
use crate::{Engine, Entry, Finding, GapKind, Proof, Revision, Scan, SourceFile};

/// What is fixed, and what a fix is measured by.
pub struct Trial<'a> {
    /// What looks at files.
    pub engine: Engine<'a>,
    /// The files as they are.
    pub revision: &'a Revision,
    /// What was found in them.
    pub scan: &'a Scan,
    /// What is to be fixed.
    pub finding: &'a Finding,
    /// The project's directory.
    pub project: &'a Path,
    /// How the application is run for proofs, if it is.
    pub proving: Option<Proving>,
    /// What was shown before, if that is known.
    pub proved: Option<Proved>,
    /// How the tests are run, or why they are not.
    pub tests: Result<(Command, TestBox), String>,
    /// How the tests went before, once they were run.
    before: Option<Result<Ran, String>>,
}

/// A change that is a fix as far as can be said.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// What is done.
    pub what: String,
    /// What may go wrong with it.
    pub risks: Vec<String>,
    /// The files, before and after.
    #[serde(skip)]
    pub changes: BTreeMap<String, Changed>,
    /// What the proof says.
    pub proof: ProofSaid,
    /// What the tests say.
    pub tests: TestsSaid,
}

/// What the proof says of a change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum ProofSaid {
    /// It was shown before, and cannot be shown any more.
    Silent {
        /// What was seen before.
        before: String,
        /// What is tried on its route now, harmless input among it.
        control: String,
    },
    /// It was not shown before either, so that its silence says nothing.
    NotProved {
        /// Why not.
        why: String,
    },
}

/// What the project's tests say of a change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum TestsSaid {
    /// They pass.
    Passed {
        /// How they are run.
        command: String,
        /// How many are named that pass.
        passed: usize,
    },
    /// Some failed before, and no others fail now.
    SameFailures {
        /// How they are run.
        command: String,
        /// How many pass.
        passed: usize,
        /// How many failed before.
        failed: usize,
    },
    /// They say nothing.
    NotRun {
        /// Why not.
        why: String,
    },
}

impl<'a> Trial<'a> {
    /// What is measured by fresh scans alone, until it is told of more.
    pub fn new(
        engine: Engine<'a>,
        revision: &'a Revision,
        scan: &'a Scan,
        finding: &'a Finding,
        project: &'a Path,
    ) -> Self {
        Self {
            engine,
            revision,
            scan,
            finding,
            project,
            proving: None,
            proved: None,
            tests: Err("nobody asked for it".to_owned()),
            before: None,
        }
    }

    /// The change that a proposal makes.
    pub fn change(&self, proposal: &Proposal) -> Result<BTreeMap<String, Changed>, String> {
        let before = self.text(&proposal.path)?;
        let after = apply(&before, &proposal.edits).ok_or("its edits do not fit the file")?;
        let change = Changed { before, after };
        Ok(BTreeMap::from([(proposal.path.clone(), change)]))
    }

    /// The text of a file of the project.
    pub fn text(&self, path: &str) -> Result<String, String> {
        let entry = self
            .revision
            .entries
            .iter()
            .find(|entry| entry.path == path);
        let entry = entry.ok_or_else(|| format!("`{path}` is not a file of the project"))?;
        let bytes = entry.read().map_err(|gap| gap.why)?;
        String::from_utf8(bytes).map_err(|_| format!("`{path}` is not plain UTF-8"))
    }

    /// Whether a change is a fix; if not, why.
    pub fn accept(
        &mut self,
        changes: BTreeMap<String, Changed>,
        what: &str,
        risks: &[String],
    ) -> Result<Accepted, String> {
        for (path, change) in &changes {
            is_as(self.project, path, &change.before).map_err(|error| error.to_string())?;
        }
        let after = self.scanned(&changes)?;
        let proof = self.proof(&changes, &after)?;
        let tests = self.tests(&changes)?;
        Ok(Accepted {
            what: what.to_owned(),
            risks: risks.to_vec(),
            changes,
            proof,
            tests,
        })
    }

    /// A fresh scan of the changed tree: what is to be fixed is gone, and
    /// nothing is new.
    fn scanned(&self, changes: &BTreeMap<String, Changed>) -> Result<Scan, String> {
        if changes.values().all(|change| change.before == change.after) {
            return Err("it changes nothing".to_owned());
        }
        for (path, change) in changes {
            let parses = |text: &str| {
                let file = SourceFile::of_text(path, text);
                file.tree().is_none_or(|tree| !tree.root_node().has_error())
            };
            if parses(&change.before) && !parses(&change.after) {
                return Err(format!("`{path}` does not parse any more"));
            }
        }
        let mut revision = self.revision.clone();
        for entry in &mut revision.entries {
            if let Some(change) = changes.get(&entry.path) {
                *entry = Entry::of_bytes(&*entry.path, change.after.as_bytes());
            }
        }
        let after = self.engine.scan(&revision, None);
        self.compared(&after, changes)?;
        Ok(after)
    }

    fn compared(&self, after: &Scan, changes: &BTreeMap<String, Changed>) -> Result<(), String> {
        let old = counted(&self.scan.findings);
        let new = counted(&after.findings);
        let own = kind_and_place(self.finding);
        let (was, is) = (old.get(&own), new.get(&own));
        // What only a proof has found, a scan cannot miss.
        if was.is_some() && is.unwrap_or(&0) >= was.unwrap_or(&0) {
            return Err("a fresh scan still finds it".to_owned());
        }
        for finding in &after.findings {
            let key = kind_and_place(finding);
            if new.get(&key) > old.get(&key) {
                let place = finding.place();
                return Err(format!(
                    "a fresh scan finds something new: {} in {place}",
                    finding.rule
                ));
            }
        }
        let looks_away = |scan: &Scan| {
            let gaps = scan.coverage.gaps.iter();
            let kinds = [GapKind::ParseErrors, GapKind::NotParsed, GapKind::Cap];
            gaps.filter(|gap| kinds.contains(&gap.kind))
                .filter(|gap| {
                    gap.path
                        .as_deref()
                        .is_some_and(|path| changes.contains_key(path))
                })
                .count()
        };
        if looks_away(after) > looks_away(self.scan) {
            return Err("a fresh scan no longer looks at all of the file".to_owned());
        }
        Ok(())
    }

    /// Runs the application with and without the change.
    fn proof(
        &mut self,
        changes: &BTreeMap<String, Changed>,
        after: &Scan,
    ) -> Result<ProofSaid, String> {
        let not_proved = |why: String| Ok(ProofSaid::NotProved { why });
        let Some(proving) = self.proving.clone() else {
            return not_proved("no proof was run".to_owned());
        };
        let before = match self.proved.take() {
            Some(proved) => proved,
            None => self.driven(&proving, &BTreeMap::new())?,
        };
        let before = self.proved.insert(before);
        let mut finding = vec![self.finding.clone()];
        settle(&mut finding, before, self.project);
        let evidence = match finding.first().map(|finding| &finding.proof) {
            Some(Proof::Confirmed { evidence, .. }) => evidence.clone(),
            Some(Proof::NotAttempted { why }) => return not_proved(why.clone()),
            Some(Proof::NotReproduced { tried }) => {
                return not_proved(format!("it could not be shown before: {tried}"));
            }
            _ => return not_proved("it cannot be shown by a request".to_owned()),
        };
        let shown = about(self.finding, before);
        let known: BTreeSet<String> = before.shown.iter().map(|each| each.id.clone()).collect();
        let own: Vec<Shown> = shown.iter().map(|at| before.shown[*at].clone()).collect();
        let routes: Vec<(String, Option<String>)> = before
            .tried
            .iter()
            .filter(|tried| own.iter().any(|each| each.route == tried.route))
            .map(|tried| (tried.route.clone(), tried.error.clone()))
            .collect();
        let now = self.driven(&proving, changes)?;
        silent(&own, &known, &now, after)?;
        let control = answers(&routes, &now)?;
        Ok(ProofSaid::Silent {
            before: evidence,
            control,
        })
    }

    fn driven(
        &self,
        proving: &Proving,
        changes: &BTreeMap<String, Changed>,
    ) -> Result<Proved, String> {
        let copy = Copy::of(self.project, changes).map_err(|error| error.to_string())?;
        Ok(prove(&Proving {
            project: copy.project(),
            ..proving.clone()
        }))
    }

    fn tests(&mut self, changes: &BTreeMap<String, Changed>) -> Result<TestsSaid, String> {
        let not_run = |why: String| Ok(TestsSaid::NotRun { why });
        let (command, held) = match &self.tests {
            Ok((command, held)) => (command.clone(), held.clone()),
            Err(why) => return not_run(why.clone()),
        };
        let run = |changes: &BTreeMap<String, Changed>| {
            let copy = Copy::of(self.project, changes).map_err(|error| error.to_string())?;
            command.run(&copy.project(), &held)
        };
        let before = match self.before.take() {
            Some(before) => before,
            None => run(&BTreeMap::new()),
        };
        let after = before.is_ok().then(|| run(changes));
        let before = self.before.insert(before);
        let (before, after) = match (before, after) {
            (Err(why), _) => return not_run(why.clone()),
            (Ok(before), Some(after)) => (before, after),
            (Ok(_), None) => return not_run("they were not run".to_owned()),
        };
        let after =
            after.map_err(|why| format!("the tests ran before and do not any more: {why}"))?;
        judged(before, &after, command.shown())
    }
}

/// What two runs of the tests say.
fn judged(before: &Ran, after: &Ran, command: &str) -> Result<TestsSaid, String> {
    let lost: Vec<&String> = before.passed.difference(&after.passed).collect();
    if let Some(first) = lost.first() {
        let count = lost.len();
        let first = crate::finding::fit(first);
        return Err(format!(
            "{count} of the project's tests no longer pass, as `{first}`\n{}",
            after.last
        ));
    }
    let command = command.to_owned();
    if after.well {
        let passed = after.passed.len();
        return Ok(TestsSaid::Passed { command, passed });
    }
    if before.well {
        return Err(format!("the project's tests fail with it\n{}", after.last));
    }
    if before.passed.is_empty() {
        let why =
            format!("`{command}` fails without the change, too, and names no test that passes");
        return Ok(TestsSaid::NotRun { why });
    }
    if let Some(new) = after.failed.difference(&before.failed).next() {
        let new = crate::finding::fit(new);
        return Err(format!(
            "a test fails that did not before: `{new}`\n{}",
            after.last
        ));
    }
    Ok(TestsSaid::SameFailures {
        command,
        passed: after.passed.len(),
        failed: before.failed.len().max(1),
    })
}

/// That nothing is shown of a finding any more, and nothing new.
fn silent(
    own: &[Shown],
    known: &BTreeSet<String>,
    now: &Proved,
    after: &Scan,
) -> Result<(), String> {
    for shown in &now.shown {
        let place = shown.places.first().map_or(String::new(), |place| {
            format!(", in {}:{}", place.0, place.1)
        });
        if !known.contains(&shown.id) {
            return Err(format!(
                "the proofs show something new: {} at {}{place}",
                shown.class.name(),
                shown.route
            ));
        }
        let is_own = own.iter().any(|each| each.id == shown.id);
        // The same input may reach another finding, which is another's matter.
        let is_others = shown.places.first().is_some_and(|place| {
            let mut others = after.findings.iter();
            others.any(|other| {
                let lines = other.line..=other.end_line.max(other.line);
                other.path == place.0
                    && lines.contains(&place.1)
                    && other.cwe.iter().any(|cwe| shown.class.cwe().contains(cwe))
            })
        });
        if is_own && !is_others {
            return Err(format!(
                "its proof still succeeds: {}{place}",
                shown.evidence
            ));
        }
    }
    Ok(())
}

/// That harmless requests to these routes are answered as before.
fn answers(routes: &[(String, Option<String>)], now: &Proved) -> Result<String, String> {
    let mut requests = 0;
    for (route, error) in routes {
        let Some(tried) = now.tried.iter().find(|tried| tried.route == *route) else {
            let why = now.missing.first().map_or("", String::as_str);
            return Err(format!(
                "harmless requests to {route} are no longer answered {why}"
            ));
        };
        if let (None, Some(now)) = (error, &tried.error) {
            return Err(format!("harmless requests to {route} fail now: {now}"));
        }
        requests += tried.requests;
    }
    let names: Vec<&str> = routes.iter().map(|(route, _)| route.as_str()).collect();
    Ok(format!(
        "{requests} requests to {} were answered as before",
        names.join(", ")
    ))
}

/// What a finding is, and where: what it keeps when lines move and code
/// changes.
fn kind_and_place(finding: &Finding) -> (String, String, String) {
    (
        finding.rule.to_string(),
        finding.path.clone(),
        finding.symbol.clone().unwrap_or_default(),
    )
}

fn counted(findings: &[Finding]) -> BTreeMap<(String, String, String), usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(kind_and_place(finding)).or_default() += 1;
    }
    counts
}
