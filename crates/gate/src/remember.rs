//! What of a question could be remembered as a rule: a command of one program,
//! all of whose words are known, that was asked about because of what it is.

use dam_policy::{Action, Containment, Source, Token};

use crate::Question;

impl Question {
    /// The words of a rule that would answer it, if a rule can. What leaves the
    /// boundary, what a rule or an administrator asks about, and what the flow
    /// rule asks about is asked each time.
    pub fn rule_words(&self) -> Option<Vec<String>> {
        let Action::Command { facts, .. } = &self.action else {
            return None;
        };
        let is_of_class = self.verdict.rule.as_str().starts_with("command.")
            && matches!(self.verdict.source, Source::BuiltIn | Source::Configuration);
        if self.verdict.containment == Containment::Open || !is_of_class || !self.also.is_empty() {
            return None;
        }
        let mut starts = facts.starts.iter().filter(|start| !start.carries);
        let (Some(start), None) = (starts.next(), starts.next()) else {
            return None;
        };
        let known = |word: &Token| match word {
            Token::Known(text) => Some(text.clone()),
            Token::Unknown { .. } => None,
        };
        start.words.iter().map(known).collect()
    }
}
