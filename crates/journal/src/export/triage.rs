//! What stands out in the record, by rules alone, with the entries as evidence.
//!
//! A finding's score is
//!
//! ```text
//! weight of its sign × (1 + ⌊log2(number of entries)⌋) × (2 if something of it went through)
//! ```
//!
//! so that one thing that succeeded outranks two that were stopped, and the
//! tenth repetition adds less than the second. Equal scores: the newest first.

mod signs;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{Entry, SessionId};

pub use signs::Sign;

/// How many entries are kept as evidence; the rest is counted.
const MOST_EVIDENCE: usize = 10;

/// Something that stands out.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Of what kind it is.
    pub sign: Sign,
    /// What it is about: a host, a store, a rule, a kind of secret.
    pub about: String,
    /// By the formula.
    pub score: u64,
    /// How many entries show it.
    pub count: u64,
    /// Whether something of it was not stopped.
    pub went_through: bool,
    /// When it was seen first.
    pub first: Option<Timestamp>,
    /// When it was seen last.
    pub last: Option<Timestamp>,
    /// What a person can do about it.
    pub advice: String,
    /// The first entries that show it.
    pub evidence: Vec<Evidence>,
}

/// One entry that shows something.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The session.
    pub session: SessionId,
    /// The entry in it; none for the whole.
    pub seq: Option<u64>,
    /// What it says, in one line.
    pub headline: String,
}

/// Looks through sessions, the oldest first.
#[derive(Debug, Default)]
pub struct Triage {
    since: Option<Timestamp>,
    stores: Vec<String>,
    /// Hosts that were named before.
    hosts: BTreeSet<String>,
    found: BTreeMap<(Sign, String), Found>,
}

#[derive(Debug, Default)]
struct Found {
    count: u64,
    went_through: bool,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    evidence: Vec<Evidence>,
}

/// What one entry shows.
#[derive(Debug)]
struct Shown {
    sign: Sign,
    about: String,
    went_through: bool,
}

impl Triage {
    /// Looks at what was written since a time; what was before only says which
    /// hosts are not new. `stores` are the paths of credential stores below a
    /// home directory.
    pub fn new<'a>(since: Option<Timestamp>, stores: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            since,
            stores: stores.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    /// Looks through one session.
    pub fn take(&mut self, entries: &[Entry]) {
        for entry in entries {
            let event = serde_json::to_value(&entry.event).unwrap_or_default();
            let counts = self.since.is_none_or(|since| entry.time >= since);
            let new_host = signs::host(&event).filter(|host| self.hosts.insert(host.clone()));
            if !counts {
                continue;
            }
            let mut shown = signs::of(&event, &self.stores);
            if let Some(host) = new_host {
                shown.push(Shown {
                    sign: Sign::NewHost,
                    about: host,
                    went_through: signs::is_allowed(&event),
                });
            }
            for shown in shown {
                self.note(shown, entry);
            }
        }
    }

    /// A journal that does not verify.
    pub fn damaged(&mut self, session: &SessionId, why: &str) {
        let found = self
            .found
            .entry((Sign::Damaged, session.to_string()))
            .or_default();
        found.count += 1;
        found.evidence.push(Evidence {
            session: session.clone(),
            seq: None,
            headline: crate::clean(why),
        });
    }

    /// What was found, by rank.
    pub fn findings(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .found
            .into_iter()
            .filter(|((sign, _), found)| found.count >= sign.least())
            .map(|((sign, about), found)| Finding {
                score: score(sign.weight(), found.count, found.went_through),
                advice: sign.advice(&about),
                sign,
                about,
                count: found.count,
                went_through: found.went_through,
                first: found.first,
                last: found.last,
                evidence: found.evidence,
            })
            .collect();
        findings.sort_by_key(|one| Reverse((one.score, one.last)));
        findings
    }

    fn note(&mut self, shown: Shown, entry: &Entry) {
        let found = self.found.entry((shown.sign, shown.about)).or_default();
        found.count += 1;
        found.went_through |= shown.went_through;
        found.first = found.first.or(Some(entry.time));
        found.last = Some(entry.time);
        if found.evidence.len() < MOST_EVIDENCE {
            found.evidence.push(Evidence {
                session: entry.session.clone(),
                seq: Some(entry.seq),
                headline: entry.event.headline(),
            });
        }
    }
}

fn score(weight: u64, count: u64, went_through: bool) -> u64 {
    let repeated = 1 + u64::from(count.max(1).ilog2());
    weight * repeated * if went_through { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entries(session: &str, events: &[Value]) -> Vec<Entry> {
        let line = |(at, event): (usize, &Value)| {
            let seq = at + 1;
            let body = format!(
                r#"{{"v":1,"seq":{seq},"time":"2026-11-21T07:00:{seq:02}Z","session":"{session}","prev":"","event":{event}"#
            );
            crate::line::parse(crate::line::seal(body).as_bytes()).expect("an entry")
        };
        events.iter().enumerate().map(line).collect()
    }

    fn decision(argv: &str, allowed: bool, rule: &str) -> Value {
        json!({"kind": "decision", "allowed": allowed,
            "action": {"kind": "command", "argv": ["bash", "-c", argv]},
            "verdict": {"decision": "ask", "containment": "boxed", "reason": "so", "rule": rule}})
    }

    fn reach(host: &str, allowed: bool) -> Value {
        json!({"kind": "network_decision", "host": host, "port": 443, "protocol": "https",
            "verdict": {"rule": "network.rule"}, "allowed": allowed})
    }

    fn found(events: &[Value]) -> Vec<(Sign, String, u64)> {
        let mut triage = Triage::new(None, [".ssh", ".aws"]);
        triage.take(&entries("20261121-070000-aaaaaa", events));
        let findings = triage.findings().into_iter();
        findings
            .map(|one| (one.sign, one.about, one.score))
            .collect()
    }

    #[test]
    fn the_score_follows_the_formula() {
        assert_eq!(score(5, 1, false), 5);
        assert_eq!(score(5, 3, false), 10);
        assert_eq!(score(5, 1, true), 10);
        assert_eq!(score(5, 16, true), 50);
    }

    #[test]
    fn each_sign_is_seen() {
        let cases = [
            (
                decision("cat ~/.ssh/id_rsa", false, "command.untrusted"),
                Sign::Credentials,
                ".ssh",
            ),
            (
                json!({"kind": "denial", "what": "openat", "path": "/home/u/.aws/credentials", "rule": "files.credential-store", "reason": "no"}),
                Sign::Credentials,
                ".aws",
            ),
            (
                decision("cat .env.production", true, "command.boxed"),
                Sign::Credentials,
                ".env",
            ),
            (
                json!({"kind": "denial", "what": "openat", "path": "/w/.git/hooks/x", "rule": "files.protected-name", "reason": "no"}),
                Sign::Escape,
                "files.protected-name",
            ),
            (
                json!({"kind": "decision", "allowed": false, "action": {"kind": "command", "argv": ["x"], "escalation": {"justification": "trust me"}}, "verdict": {"containment": "open", "rule": "command.escalation"}}),
                Sign::Escape,
                "command.escalation",
            ),
            (
                json!({"kind": "prompt", "text": "use [masked:github-token]"}),
                Sign::Secret,
                "github-token",
            ),
            (
                json!({"kind": "flow_marked", "mark": "private_read", "what": "x"}),
                Sign::Flow,
                "private_read",
            ),
            (
                json!({"kind": "decision", "allowed": false, "source": "flow", "action": {"kind": "reach", "host": "h", "port": 1}, "verdict": {"rule": "flow.reach"}}),
                Sign::Flow,
                "flow.reach",
            ),
            (
                json!({"kind": "configuration_changed", "what": "rule_added"}),
                Sign::Configuration,
                "rule_added",
            ),
            (
                json!({"kind": "trust_changed", "project": "/w", "what": "trusted"}),
                Sign::Configuration,
                "trusted",
            ),
            (reach("evil.example", false), Sign::NewHost, "evil.example"),
        ];
        for (event, sign, about) in cases {
            let found = found(std::slice::from_ref(&event));
            let seen = found.iter().any(|one| one.0 == sign && one.1 == about);
            assert!(seen, "{event}: {found:?}");
        }
    }

    #[test]
    fn what_is_usual_is_no_finding() {
        let usual = [
            json!({"kind": "prompt", "text": "fix the test in src/.sshd_test"}),
            decision("cargo test", true, "command.boxed"),
            decision("rm -rf x", false, "command.dangerous"),
            json!({"kind": "command_finished", "id": "c", "exit": 1, "duration_ms": 1, "output_bytes": 0}),
        ];
        assert_eq!(found(&usual), []);
    }

    #[test]
    fn a_denial_counts_from_the_third_time_on() {
        let denied = decision("rm -rf x", false, "command.dangerous");
        let twice = vec![denied.clone(); 2];
        assert_eq!(found(&twice), []);
        let often = found(&vec![denied; 4]);
        assert_eq!(often.len(), 1);
        assert_eq!(
            (often[0].0, often[0].2),
            (Sign::Repeated, 3 * Sign::Repeated.weight())
        );
    }

    #[test]
    fn what_went_through_ranks_first_and_a_host_is_new_once() {
        let mut triage = Triage::new(
            Some("2026-11-21T07:00:02Z".parse().expect("a time")),
            [".ssh"],
        );
        triage.take(&entries(
            "20261121-070000-aaaaaa",
            &[
                reach("known.example", true),
                reach("known.example", true),
                reach("new.example", false),
                reach("through.example", true),
            ],
        ));
        let findings = triage.findings();
        let abouts: Vec<_> = findings.iter().map(|one| one.about.as_str()).collect();
        assert_eq!(abouts, ["through.example", "new.example"]);
        assert_eq!(findings[0].evidence[0].seq, Some(4));
        assert!(findings[0].went_through && findings[0].score == 2 * findings[1].score);
    }
}
