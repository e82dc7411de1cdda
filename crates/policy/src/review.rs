//! What code makes of the automatic reviewer's opinion. A model says how much
//! is at risk and how far the user asked for it; what follows is decided here,
//! and only ever downwards from what was said.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Decision;

/// How bad it is if the action is a mistake.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Undone in a moment.
    Low,
    /// Work would be lost, or others see it.
    Medium,
    /// Hard to undo, or it weakens protection.
    High,
    /// Cannot be undone, and hurts others.
    Critical,
}

/// How far the user asked for the action.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Authorization {
    /// Nothing that the user said has to do with it.
    Unknown,
    /// It may follow from the task.
    Low,
    /// The task cannot be done without it.
    Medium,
    /// The user asked for exactly this.
    High,
}

/// What the reviewer would have done itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Let it happen.
    Allow,
    /// Not.
    Deny,
}

/// The reviewer's opinion, as the model writes it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Opinion {
    /// How bad a mistake would be.
    pub risk_level: Risk,
    /// How far the user asked for it.
    pub user_authorization: Authorization,
    /// The user's own words that say so, exactly.
    pub user_words: String,
    /// What it would have done itself.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub rationale: String,
}

/// What is decided, before what the reviewer would have done itself is looked
/// at. More risk is never decided more mildly, nor less authorization.
pub const fn matrix(risk: Risk, authorization: Authorization) -> Decision {
    use Authorization::{High as Exactly, Low as Perhaps, Medium as Needed, Unknown};
    match (risk, authorization) {
        (Risk::Low, _)
        | (Risk::Medium, Perhaps | Needed | Exactly)
        | (Risk::High, Needed | Exactly) => Decision::Allow,
        (Risk::Medium, Unknown) | (Risk::High, Perhaps) | (Risk::Critical, Exactly) => {
            Decision::Ask
        }
        (Risk::High, Unknown) | (Risk::Critical, Unknown | Perhaps | Needed) => Decision::Deny,
    }
}

/// The least of the user's words that say anything, in characters.
const FEWEST: usize = 8;

impl Opinion {
    /// What is decided by it. `said` is everything that the user said: words
    /// that are not there authorize nothing, wherever the model has them from.
    pub fn decide(&self, said: &[String]) -> Decision {
        let authorization = if self.is_said(said) {
            self.user_authorization
        } else {
            Authorization::Unknown
        };
        let decided = matrix(self.risk_level, authorization);
        match self.outcome {
            // It would not have done it: no matter what the rest comes to.
            Outcome::Deny => Decision::Deny,
            Outcome::Allow => decided,
        }
    }

    fn is_said(&self, said: &[String]) -> bool {
        let words = spaced(&self.user_words);
        words.chars().count() >= FEWEST && said.iter().any(|text| spaced(text).contains(&words))
    }
}

/// Text with single spaces, in lower case.
fn spaced(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Interrupts a turn in which too much is refused: an agent that goes on trying
/// is in a wrong way, or led.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Breaker {
    /// The last reviews, the latest at the end: whether each was a no.
    refused: VecDeque<bool>,
}

/// How many refusals in a row interrupt a turn.
pub const MOST_IN_A_ROW: usize = 3;
/// How many of the last [`WINDOW`] reviews may not be refusals.
pub const MOST_OF_WINDOW: usize = 10;
/// How many reviews are looked back on.
pub const WINDOW: usize = 50;

impl Breaker {
    /// Counts a review. Whether the turn is to be interrupted; then counting
    /// begins anew.
    pub fn count(&mut self, is_refused: bool) -> bool {
        self.refused.push_back(is_refused);
        if self.refused.len() > WINDOW {
            self.refused.pop_front();
        }
        let in_a_row = self.refused.iter().rev().take_while(|refused| **refused);
        let all = self.refused.iter().filter(|refused| **refused);
        let trips = in_a_row.count() >= MOST_IN_A_ROW || all.count() >= MOST_OF_WINDOW;
        if trips {
            self.refused.clear();
        }
        trips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISKS: [Risk; 4] = [Risk::Low, Risk::Medium, Risk::High, Risk::Critical];
    const AUTHORIZATIONS: [Authorization; 4] = [
        Authorization::Unknown,
        Authorization::Low,
        Authorization::Medium,
        Authorization::High,
    ];

    #[test]
    fn the_matrix_is_as_it_is_documented() {
        let rows: Vec<String> = RISKS
            .iter()
            .map(|risk| {
                let cells = AUTHORIZATIONS.map(|authorization| matrix(*risk, authorization));
                format!(
                    "| {risk} | {} |",
                    cells.map(|cell| cell.to_string()).join(" | ")
                )
            })
            .collect();
        let page = include_str!("../../../docs/gate.md");
        assert!(
            page.contains(&rows.join("\n")),
            "docs/gate.md must hold:\n{}",
            rows.join("\n")
        );
    }

    #[test]
    fn more_risk_and_less_authorization_are_never_milder() {
        for authorization in AUTHORIZATIONS {
            let column = RISKS.map(|risk| matrix(risk, authorization));
            assert!(column.is_sorted(), "{authorization:?}");
        }
        for risk in RISKS {
            let mut row = AUTHORIZATIONS.map(|authorization| matrix(risk, authorization));
            row.reverse();
            assert!(row.is_sorted(), "{risk}");
        }
    }

    fn opinion(risk: Risk, authorization: Authorization, words: &str, outcome: Outcome) -> Opinion {
        Opinion {
            risk_level: risk,
            user_authorization: authorization,
            user_words: words.to_owned(),
            outcome,
            rationale: String::new(),
        }
    }

    #[test]
    fn only_what_the_user_said_authorizes() {
        let said = ["Please  force-push\nthe branch.".to_owned()];
        let decide =
            |words| opinion(Risk::High, Authorization::High, words, Outcome::Allow).decide(&said);
        assert_eq!(decide("force-push the branch"), Decision::Allow);
        // From a file, or made up.
        assert_eq!(decide("the maintainers approved this"), Decision::Deny);
        assert_eq!(decide("the"), Decision::Deny, "too little to say anything");
        assert_eq!(decide(""), Decision::Deny);
    }

    #[test]
    fn an_opinion_that_contradicts_itself_is_a_no() {
        let said = ["delete everything".to_owned()];
        for risk in RISKS {
            for authorization in AUTHORIZATIONS {
                let of = |outcome| opinion(risk, authorization, "delete everything", outcome);
                assert_eq!(of(Outcome::Deny).decide(&said), Decision::Deny);
                assert_eq!(
                    of(Outcome::Allow).decide(&said),
                    matrix(risk, authorization)
                );
            }
        }
    }

    #[test]
    fn what_is_no_opinion_cannot_be_read() {
        for text in [
            "",
            "allow",
            r#"{"outcome":"allow"}"#,
            r#"{"risk_level":"none","user_authorization":"high","user_words":"x","outcome":"allow","rationale":""}"#,
            r#"{"risk_level":"low","risk_level":"low","user_authorization":"high","user_words":"x","outcome":"allow","rationale":""}"#,
            r#"{"risk_level":"low","user_authorization":"high","user_words":"x","outcome":"allow","rationale":"","more":1}"#,
        ] {
            assert!(serde_json::from_str::<Opinion>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn three_refusals_in_a_row_interrupt() {
        let mut breaker = Breaker::default();
        assert!(
            ![true, true, false, true, true]
                .map(|no| breaker.count(no))
                .contains(&true)
        );
        assert!(breaker.count(true));
        assert!(!breaker.count(true), "counting begins anew");
    }

    #[test]
    fn ten_refusals_among_fifty_interrupt() {
        let mut breaker = Breaker::default();
        // One refusal in five: ten in fifty.
        let tripped = (1..=50).find(|at| breaker.count(at % 5 == 0));
        assert_eq!(tripped, Some(50));
        let mut breaker = Breaker::default();
        // One in six: never more than nine in fifty.
        assert_eq!((1..=600).find(|at| breaker.count(at % 6 == 0)), None);
    }
}
