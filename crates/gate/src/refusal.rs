//! The message of a refusal: what, why, by which rule, and how to have it
//! allowed.

use dam_policy::{Action, Verdict};

use crate::question::what;
use crate::{Answer, show};

/// A few lines for people and for models.
pub(crate) fn refusal(action: &Action, verdict: &Verdict, answer: Option<&Answer>) -> String {
    let mut message = format!(
        "refused to {}\nwhy: {}\nrule: {} ({})",
        what(action, verdict),
        show::short(&verdict.reason, 300),
        show::one_line(verdict.rule.as_str()),
        show::one_line(&verdict.origin.to_string()),
    );
    let said = match answer {
        Some(Answer::Declined(words)) if words.is_empty() => "declined".to_owned(),
        Some(Answer::Declined(words)) => format!("declined, saying: {}", show::short(words, 300)),
        Some(Answer::Rejected(words)) => {
            format!(
                "the automatic reviewer says no: {}",
                show::short(words, 300)
            )
        }
        Some(Answer::NobodyToAsk) => "it is a question, and there is nobody to ask".to_owned(),
        Some(Answer::Once | Answer::Session | Answer::Project(_) | Answer::Approved(_)) | None => {
            String::new()
        }
    };
    if !said.is_empty() {
        message.push_str("\nanswer: ");
        message.push_str(&said);
    }
    message.push_str("\nto allow it: ");
    message.push_str(&remedy(verdict, answer));
    message
}

fn remedy(verdict: &Verdict, answer: Option<&Answer>) -> String {
    let hint = verdict.hint.as_deref().map(|hint| show::short(hint, 300));
    match (answer, hint) {
        (Some(Answer::Declined(_) | Answer::Rejected(_)), _) => {
            "do it another way, or ask the user first".to_owned()
        }
        (Some(Answer::NobodyToAsk), None) => {
            "run this in a terminal, where the question can be answered".to_owned()
        }
        (Some(Answer::NobodyToAsk), Some(hint)) => {
            format!("run this in a terminal, where the question can be answered; or: {hint}")
        }
        (_, Some(hint)) => hint,
        (_, None) => format!("change what {} says", verdict.origin),
    }
}
