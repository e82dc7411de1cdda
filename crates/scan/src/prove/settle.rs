//! Puts proofs and findings together: which finding a proof is about, and what
//! is said of the others.

use std::path::Path;

use super::acts;
use super::judge::short;
use super::{Alone, Class, Place, Proved, Shown, Tried, command_again};
use crate::file::LARGEST;
use crate::{Confidence, Finding, Proof, Step};

/// Gives every finding its verdict, and adds a finding for each proof that is
/// about none of them and for each sort of hostile act. No finding is taken
/// away.
pub fn settle(findings: &mut Vec<Finding>, proved: &Proved, project: &Path) {
    let mut used = vec![false; proved.shown.len()];
    for finding in findings.iter_mut() {
        let Some(class) = class_of(finding) else {
            continue;
        };
        let matching = matching(finding, class, proved);
        for (_, at) in &matching {
            used[*at] = true;
        }
        finding.proof = match matching.first() {
            Some((_, at)) => confirmed(&proved.shown[*at], project),
            None => alone(finding, proved).unwrap_or_else(|| unconfirmed(finding, proved)),
        };
    }
    let unused = proved.shown.iter().zip(used).filter(|(_, used)| !used);
    findings.extend(unused.map(|(shown, _)| finding_of(shown, project)));
    findings.extend(acts::findings(&proved.acts));
}

/// Which proofs are about a finding, by their place in the list, the nearest
/// first.
pub fn about(finding: &Finding, proved: &Proved) -> Vec<usize> {
    let matching = class_of(finding).map(|class| matching(finding, class, proved));
    let matching = matching.into_iter().flatten();
    matching.map(|(_, at)| at).collect()
}

fn matching(finding: &Finding, class: Class, proved: &Proved) -> Vec<(u8, usize)> {
    let shown = proved.shown.iter().enumerate();
    let mut matching: Vec<(u8, usize)> = shown
        .filter(|(_, shown)| shown.class == class)
        .filter_map(|(at, shown)| Some((nearness(finding, shown)?, at)))
        .collect();
    matching.sort_unstable();
    matching
}

pub(super) fn class_of(finding: &Finding) -> Option<Class> {
    let of = |class: &Class| {
        class.name() == finding.rule || finding.cwe.iter().any(|cwe| class.cwe().contains(cwe))
    };
    Class::ALL.iter().copied().find(of)
}

/// How near a proof is to a finding: at its line, in its function, or on its
/// way from source to sink.
fn nearness(finding: &Finding, shown: &Shown) -> Option<u8> {
    let here = shown.places.iter().filter(|place| place.0 == finding.path);
    let lines = finding.line..=finding.end_line.max(finding.line);
    let mut nearest = None;
    for place in here {
        let near = if lines.contains(&place.1) {
            0
        } else if finding
            .symbol
            .as_deref()
            .is_some_and(|symbol| is_function(symbol, &place.2))
        {
            1
        } else {
            continue;
        };
        nearest = Some(nearest.map_or(near, |nearest: u8| nearest.min(near)));
    }
    let on_the_way = |step: &Step| {
        shown
            .places
            .iter()
            .any(|place| place.0 == step.path && place.1 == step.line)
    };
    nearest.or_else(|| finding.steps.iter().any(on_the_way).then_some(2))
}

/// Whether a symbol (`Class.method`) is the function of this name.
fn is_function(symbol: &str, name: &str) -> bool {
    symbol.rsplit(['.', ':']).next() == Some(name)
}

fn confirmed(shown: &Shown, project: &Path) -> Proof {
    let seen_by = if shown.watched {
        "seen from outside the project's process"
    } else {
        "seen in the project's process"
    };
    Proof::Confirmed {
        method: "its route was driven in the boundary".to_owned(),
        evidence: format!(
            "{}, {} `{}` = `{}`: {} ({seen_by})",
            shown.route,
            shown.channel,
            shown.name,
            short(&shown.payload),
            shown.evidence
        ),
        control: shown.control.clone(),
        command: command_again(project, shown),
    }
}

/// What was seen when the finding's function was called by itself; where it
/// was not seen, what came of the routes is told.
fn alone(finding: &Finding, proved: &Proved) -> Option<Proof> {
    let is_it = |each: &&Alone| {
        finding.confidence == Confidence::B
            && each.rule == finding.rule
            && each.path == finding.path
            && each.line == finding.line
    };
    let proof = &proved.alone.iter().find(is_it)?.proof;
    let by_route = matches!(unconfirmed(finding, proved), Proof::NotReproduced { .. });
    let is_reachable = matches!(proof, Proof::ReachableInIsolation { .. });
    (is_reachable || !by_route).then(|| proof.clone())
}

fn unconfirmed(finding: &Finding, proved: &Proved) -> Proof {
    let drove = |tried: &&Tried| {
        let places = tried.reached.iter().chain([&tried.handler]);
        let mut here = places.filter(|place| place.0 == finding.path);
        here.any(|place| {
            place.1 == finding.line
                || finding
                    .symbol
                    .as_deref()
                    .is_some_and(|symbol| is_function(symbol, &place.2))
        })
    };
    let driven: Vec<&Tried> = proved.tried.iter().filter(drove).collect();
    if driven.is_empty() {
        let why = match proved.missing.first() {
            Some(why) if proved.tried.is_empty() => why.clone(),
            _ => "no route that was driven leads to it".to_owned(),
        };
        return Proof::NotAttempted { why };
    }
    let requests: u64 = driven.iter().map(|tried| tried.requests).sum();
    let routes: Vec<&str> = driven
        .iter()
        .map(|tried| tried.route.as_str())
        .take(3)
        .collect();
    let mut inputs: Vec<&str> = driven
        .iter()
        .flat_map(|tried| &tried.inputs)
        .map(String::as_str)
        .collect();
    inputs.sort_unstable();
    inputs.dedup();
    inputs.truncate(6);
    let inputs = if inputs.is_empty() {
        "none".to_owned()
    } else {
        inputs.join(", ")
    };
    let left = driven.iter().find_map(|tried| tried.left.as_ref());
    let mut left = left.map_or(String::new(), |why| format!("; left early: {why}"));
    if let Some(error) = driven.iter().find_map(|tried| tried.error.as_ref()) {
        left.push_str("; harmless requests fail, too: ");
        left.push_str(error);
    }
    Proof::NotReproduced {
        tried: format!(
            "{requests} requests to {}; inputs: {inputs}{left}",
            routes.join(", ")
        ),
    }
}

fn finding_of(shown: &Shown, project: &Path) -> Finding {
    let place = shown.places.first().cloned().unwrap_or_default();
    Finding {
        rule: shown.class.name().into(),
        cwe: shown.class.cwe()[..1].to_vec(),
        title: shown.class.title().to_owned(),
        message: format!(
            "{}, {} `{}`: {}.",
            shown.route, shown.channel, shown.name, shown.evidence
        ),
        path: place.0,
        line: place.1,
        end_line: place.1,
        symbol: Some(place.2).filter(|name| !name.is_empty()),
        severity: shown.class.severity(),
        confidence: Confidence::A,
        proof: confirmed(shown, project),
        snippet: line_of(project, &shown.places).unwrap_or_default(),
        ..Finding::default()
    }
    .shown()
}

/// The line of the project's own file; the box has a copy of it.
fn line_of(project: &Path, places: &[Place]) -> Option<String> {
    let place = places.first()?;
    let path = project.join(&place.0).canonicalize().ok()?;
    if !path.starts_with(project) || path.metadata().ok()?.len() > LARGEST {
        return None;
    }
    let text = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text
        .lines()
        .nth(usize::try_from(place.1.checked_sub(1)?).ok()?)?;
    Some(line.trim().to_owned())
}
