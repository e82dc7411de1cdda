//! The answer to a hook, in the vendor's words.

use dam_policy::Decision;
use serde_json::json;

use crate::{Agent, Judged};

/// As much of a reason as both vendors show without putting it into a file.
const MOST: usize = 4_000;

/// What is printed, with exit code 0. Nothing is no opinion: the agent goes on
/// as it would without the hook. `approves`: an allow is said as one, so that
/// the agent does not ask where it would.
///
/// Only keys that the vendor documents: Codex takes an answer with any other
/// for a failed hook, and goes ahead.
pub fn answer(agent: Agent, judged: &Judged, approves: bool) -> Option<String> {
    let word = match judged.decision {
        // Codex knows no such answer.
        Decision::Allow if agent == Agent::Codex || !approves => return None,
        Decision::Ask if !agent.can_ask() => "deny",
        Decision::Allow => "allow",
        Decision::Ask => "ask",
        Decision::Deny => "deny",
    };
    let reason = match judged.message.as_str() {
        "" => "Cofferdam",
        message => message,
    };
    let reason: String = reason.chars().take(MOST).collect();
    let answer = json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": word,
            "permissionDecisionReason": reason,
        }
    });
    Some(answer.to_string())
}
