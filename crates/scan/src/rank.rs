//! Which finding is looked at first, and why: impact by likelihood.
//!
//! | impact \ likelihood | high | medium | low |
//! |---|---|---|---|
//! | high | 1 | 2 | 4 |
//! | medium | 3 | 5 | 7 |
//! | low | 6 | 8 | 9 |
//!
//! Impact is the finding's severity. Likelihood begins with how the finding is
//! known, and goes up with a proof and with a route that nobody guards, down
//! with a guard, in tests, and where a proof was tried and nothing happened.
//! What is missing lowers the rank and never hides a finding.

use serde::{Deserialize, Serialize};

use crate::authorization::{Entry, Table};
use crate::judge::Verdict;
use crate::threat_model::{Stance, Statement};
use crate::{Confidence, Finding, Proof, Severity};

/// Who can bring data to a finding's place.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Whoever sends a request: this route has no guard.
    Anybody(String),
    /// Whoever gets past the guard of this route.
    Guarded(String, String),
}

impl Reach {
    /// Who reaches a finding: by the route whose handler it is in.
    pub fn of(finding: &Finding, routes: &Table) -> Self {
        let is_in = |entry: &&Entry| {
            let (path, line) = &entry.at;
            *path == finding.path
                && *line <= finding.line
                && finding.symbol.as_ref().is_none_or(|symbol| {
                    entry.route.handler.name.is_empty() || *symbol == entry.route.handler.name
                })
        };
        let entries = routes.entries.iter().filter(is_in);
        let Some(entry) = entries.max_by_key(|entry| entry.at.1) else {
            return Self::Unknown;
        };
        let route = format!("`{}`", entry.route.title());
        match entry.guards.first() {
            Some(guard) => Self::Guarded(route, guard.clone()),
            None if entry.asks_itself() => Self::Guarded(route, "its own check".to_owned()),
            None => Self::Anybody(route),
        }
    }
}

/// A finding's place among others.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Rank {
    /// From 1, the first to be looked at, to 9.
    pub priority: u8,
    /// Why, in one line.
    pub why: String,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    const fn up(self) -> Self {
        match self {
            Self::Low => Self::Medium,
            Self::Medium | Self::High => Self::High,
        }
    }

    const fn down(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// Ranks a finding.
pub fn rank(finding: &Finding, reach: &Reach, policy: Option<&Statement>, in_tests: bool) -> Rank {
    let impact = match finding.severity {
        Severity::Critical | Severity::High => Level::High,
        Severity::Medium => Level::Medium,
        Severity::Low => Level::Low,
    };
    let (mut likelihood, mut reasons) = likelihood(finding, reach, in_tests);
    if let Some(policy) = policy {
        let (level, reason) = by_policy(likelihood, finding, reach, policy);
        likelihood = level;
        reasons.push(reason);
    }
    Rank {
        priority: priority(impact, likelihood),
        why: format!(
            "{} impact, {} likelihood: {}",
            impact.name(),
            likelihood.name(),
            reasons.join(", ")
        ),
    }
}

const fn priority(impact: Level, likelihood: Level) -> u8 {
    match (impact, likelihood) {
        (Level::High, Level::High) => 1,
        (Level::High, Level::Medium) => 2,
        (Level::Medium, Level::High) => 3,
        (Level::High, Level::Low) => 4,
        (Level::Medium, Level::Medium) => 5,
        (Level::Low, Level::High) => 6,
        (Level::Medium, Level::Low) => 7,
        (Level::Low, Level::Medium) => 8,
        (Level::Low, Level::Low) => 9,
    }
}

fn likelihood(finding: &Finding, reach: &Reach, in_tests: bool) -> (Level, Vec<String>) {
    let (mut level, known) = match finding.confidence {
        Confidence::A => (Level::Medium, "it is known for certain"),
        Confidence::B => (Level::Low, "its data may come from elsewhere"),
        Confidence::C if !finding.origin.is_rule() => (Level::Low, "only a model says so"),
        Confidence::C => (Level::Low, "it is known by a pattern alone"),
    };
    let mut reasons = vec![known.to_owned()];
    match reach {
        Reach::Unknown => {}
        Reach::Anybody(route) => {
            level = level.up();
            reasons.push(format!("anybody reaches it by {route}"));
        }
        Reach::Guarded(route, guard) => {
            reasons.push(format!("{route} leads to it, behind `{guard}`"));
        }
    }
    if let Some((opinion, reason)) = opinion(finding, level) {
        level = opinion;
        reasons.push(reason.to_owned());
    }
    match &finding.proof {
        Proof::Confirmed { .. } => {
            level = Level::High;
            reasons.push("it was shown by running it".to_owned());
        }
        Proof::NotReproduced { .. } => {
            level = level.down();
            reasons.push("it was tried and did not happen".to_owned());
        }
        Proof::ReachableInIsolation { .. } => {
            // Less than what was confirmed, whoever reaches it.
            level = Level::Medium;
            reasons.push("its function does it when it is called by itself".to_owned());
        }
        Proof::NotAttempted { .. } => {}
    }
    if in_tests {
        level = Level::Low;
        reasons.push("it is in tests".to_owned());
    }
    (level, reasons)
}

/// What a model's opinion makes of a likelihood: one step at most, by code that
/// it names, and never as much as a proof.
fn opinion(finding: &Finding, level: Level) -> Option<(Level, &'static str)> {
    let opinion = finding.opinion.as_ref()?;
    match opinion.verdict {
        Verdict::Agrees if opinion.counts() => Some((
            level.max(Level::Medium),
            "a model takes it for real, by the code",
        )),
        Verdict::Disagrees if opinion.counts() => {
            Some((level.down(), "a model doubts it, by the code"))
        }
        Verdict::Agrees | Verdict::Disagrees => {
            Some((level, "a model's opinion names no code and does not count"))
        }
        Verdict::Unsure | Verdict::NotAsked => None,
    }
}

/// What the repository says of the code is believed where nothing that was
/// seen speaks against it.
fn by_policy(
    level: Level,
    finding: &Finding,
    reach: &Reach,
    policy: &Statement,
) -> (Level, String) {
    let says = format!(
        "{}:{} says that {}",
        crate::finding::fit(&policy.path),
        policy.line,
        policy.stance.words()
    );
    let against = match (&finding.proof, reach) {
        (Proof::Confirmed { .. }, _) => Some("it was shown by running it"),
        (_, Reach::Anybody(_)) => Some("anybody reaches it"),
        _ => None,
    };
    match (policy.stance, against) {
        (Stance::InScope, _) => (level.up(), says),
        (_, Some(against)) => (level, format!("{says}, but {against}")),
        (_, None) => (level.down(), says),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, confidence: Confidence) -> Finding {
        Finding {
            severity,
            confidence,
            ..Finding::default()
        }
    }

    #[test]
    fn what_anybody_reaches_comes_first() {
        let sure = finding(Severity::High, Confidence::A);
        let open = Reach::Anybody("GET /a".to_owned());
        let guarded = Reach::Guarded("GET /a".to_owned(), "login".to_owned());
        let first = rank(&sure, &open, None, false);
        assert_eq!(first.priority, 1);
        assert_eq!(
            first.why,
            "high impact, high likelihood: it is known for certain, anybody reaches it by GET /a"
        );
        assert_eq!(rank(&sure, &guarded, None, false).priority, 2);
        assert_eq!(rank(&sure, &Reach::Unknown, None, false).priority, 2);
        assert_eq!(rank(&sure, &open, None, true).priority, 4);
    }

    #[test]
    fn a_proof_raises_and_a_failed_one_lowers_but_never_hides() {
        let mut weak = finding(Severity::Medium, Confidence::C);
        assert_eq!(rank(&weak, &Reach::Unknown, None, false).priority, 7);
        weak.proof = Proof::Confirmed {
            method: String::new(),
            evidence: String::new(),
            control: String::new(),
            command: String::new(),
        };
        assert_eq!(rank(&weak, &Reach::Unknown, None, false).priority, 3);
        weak.proof = Proof::ReachableInIsolation {
            evidence: String::new(),
        };
        let anybody = Reach::Anybody("GET /a".to_owned());
        for reach in [&Reach::Unknown, &anybody] {
            assert_eq!(rank(&weak, reach, None, false).priority, 5);
        }
        let mut sure = finding(Severity::Low, Confidence::A);
        sure.proof = Proof::NotReproduced {
            tried: String::new(),
        };
        assert_eq!(rank(&sure, &Reach::Unknown, None, false).priority, 9);
    }

    #[test]
    fn an_opinion_moves_a_rank_by_one_step_and_only_by_code() {
        let open = Reach::Anybody("GET /a".to_owned());
        let priority = |verdict, shows: bool, proof: Option<&Proof>| {
            let mut found = finding(Severity::High, Confidence::A);
            let step = crate::Step::default();
            found.opinion = Some(crate::judge::Opinion {
                verdict,
                evidence: shows.then_some(step).into_iter().collect(),
                ..Default::default()
            });
            found.proof = proof.cloned().unwrap_or_default();
            rank(&found, &open, None, false).priority
        };
        assert_eq!(priority(Verdict::NotAsked, true, None), 1);
        assert_eq!(priority(Verdict::Disagrees, true, None), 2);
        assert_eq!(priority(Verdict::Disagrees, false, None), 1);
        let confirmed = Proof::Confirmed {
            method: String::new(),
            evidence: String::new(),
            control: String::new(),
            command: String::new(),
        };
        assert_eq!(priority(Verdict::Disagrees, true, Some(&confirmed)), 1);
        let mut weak = finding(Severity::High, Confidence::C);
        assert_eq!(rank(&weak, &Reach::Unknown, None, false).priority, 4);
        weak.opinion = Some(crate::judge::Opinion {
            verdict: Verdict::Agrees,
            evidence: vec![crate::Step::default()],
            ..Default::default()
        });
        assert_eq!(rank(&weak, &Reach::Unknown, None, false).priority, 2);
        assert_eq!(
            rank(&weak, &open, None, false).priority,
            2,
            "no more than a step"
        );
    }

    #[test]
    fn worse_or_surer_never_comes_later() {
        let severities = [
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        let confidences = [Confidence::C, Confidence::B, Confidence::A];
        for pair in severities.windows(2) {
            for confidence in confidences {
                let less = rank(&finding(pair[0], confidence), &Reach::Unknown, None, false);
                let more = rank(&finding(pair[1], confidence), &Reach::Unknown, None, false);
                assert!(more.priority <= less.priority);
            }
        }
        for pair in confidences.windows(2) {
            for severity in severities {
                let less = rank(&finding(severity, pair[0]), &Reach::Unknown, None, false);
                let more = rank(&finding(severity, pair[1]), &Reach::Unknown, None, false);
                assert!(more.priority <= less.priority);
            }
        }
    }
}
