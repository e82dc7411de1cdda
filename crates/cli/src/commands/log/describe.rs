//! Journal entries for `dam log show`: the journal's own headline, and below
//! it what that leaves out.

use dam_journal::{Event, State};
use serde_json::Value;

/// A state in one word.
pub const fn state(state: State) -> &'static str {
    match state {
        State::Ended => "ended",
        State::Running => "running",
        State::Interrupted => "interrupted",
    }
}

/// The first line of a text, cut at a width.
pub fn shortened(text: &str, width: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.len() == text.len() && line.chars().count() <= width {
        return line.to_owned();
    }
    let cut: String = line.chars().take(width.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// An event in lines: the headline first. The posture is the one that it names.
pub fn event(event: &Event, posture: Option<&Value>) -> Vec<String> {
    let headline = event.headline();
    let cut = headline.contains('…');
    let mut lines = vec![headline];
    lines.extend(details(event, posture));
    // What was cut may be what matters: then it follows whole.
    if cut && let Ok(whole) = serde_json::to_string(event) {
        lines.push(whole);
    }
    lines
}

fn details(event: &Event, posture: Option<&Value>) -> Option<String> {
    match event {
        Event::SessionStarted { version, .. } => {
            let posture = posture.map_or_else(|| "posture unknown".to_owned(), self::posture);
            Some(format!("{posture}, version {version}"))
        }
        Event::Decision { verdict, .. } => Some(self::verdict(verdict)),
        Event::CommandStarted { cwd, tier, .. } => Some(format!("in {cwd}, boundary {tier}")),
        Event::Denial { pid, process, .. } => by(process.as_deref(), *pid),
        _ => None,
    }
}

/// What of a posture is worth a line. A journal of another version may have
/// another form: what is not there is left out.
fn posture(posture: &Value) -> String {
    let text = |path: &str| posture.pointer(path).and_then(Value::as_str);
    let approval = match posture.pointer("/approval_policy/value") {
        Some(Value::String(name)) => Some(name.clone()),
        Some(Value::Object(of)) => of.keys().next().cloned(),
        _ => None,
    };
    let parts = [
        text("/profile/value/name").map(|name| format!("profile {name}")),
        approval.map(|name| format!("approvals {name}")),
        text("/reviewer").map(|name| format!("reviewer {name}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn verdict(verdict: &Value) -> String {
    let text = |path: &str| verdict.pointer(path).and_then(Value::as_str).unwrap_or("?");
    let mut line = format!(
        "{}, {}, by rule {} ({}",
        text("/decision"),
        text("/containment"),
        text("/rule"),
        text("/origin/layer")
    );
    if let Some(file) = verdict.pointer("/origin/file").and_then(Value::as_str) {
        line.push_str(", ");
        line.push_str(file);
    }
    line + ")"
}

fn by(process: Option<&str>, pid: Option<i32>) -> Option<String> {
    match (process, pid) {
        (Some(process), Some(pid)) => Some(format!("by `{process}` ({pid})")),
        (Some(process), None) => Some(format!("by `{process}`")),
        (None, Some(pid)) => Some(format!("by process {pid}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_a_line_and_a_width() {
        assert_eq!(shortened("éa", 2), "éa");
        assert_eq!(shortened("éab", 2), "é…");
        assert_eq!(shortened("a\nb", 9), "a…");
    }

    #[test]
    fn a_decision_names_its_rule_and_layer() {
        let event = Event::Decision {
            action: serde_json::json!({"kind": "command", "argv": ["rm", "-rf", "x"]}),
            verdict: serde_json::json!({
                "decision": "ask", "containment": "boxed", "reason": "dangerous: it removes",
                "rule": "command.dangerous", "origin": {"layer": "user", "file": "/c.toml"},
            }),
            answer: Some("no".to_owned()),
            allowed: false,
            source: None,
            posture: None,
            context: Value::Null,
            call: None,
        };
        assert_eq!(
            self::event(&event, None),
            [
                "refused, answered no: rm -rf x: dangerous: it removes",
                "ask, boxed, by rule command.dangerous (user, /c.toml)",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_a_line_follows_whole() {
        let hidden = "rm -rf /";
        let text = format!("{}{hidden}", " x".repeat(100));
        let lines = event(&Event::Notice { text }, None);
        assert!(!lines[0].contains(hidden), "{lines:?}");
        assert!(lines[1].contains(hidden), "{lines:?}");
    }
}
