//! One line for each event, as `dam log` shows it.

use serde_json::{Value, json};

use crate::{Event, UnknownEvent, clean};

/// As long as a headline gets, in characters.
const MOST_CHARACTERS: usize = 100;

impl Event {
    /// The event in one line of at most 100 characters, cleaned.
    pub fn headline(&self) -> String {
        one_line(&self.sentence())
    }

    fn sentence(&self) -> String {
        match self {
            Self::SessionStarted {
                front, cwd, argv, ..
            } => format!("started: {front} in {cwd}: {}", words(argv)),
            Self::Prompt { text } => format!("asked: {text}"),
            Self::Decision {
                action,
                verdict,
                answer,
                allowed,
                ..
            } => decision(action, verdict, answer.as_deref(), *allowed),
            Self::CommandStarted { argv, profile, .. } => {
                format!("runs: {} ({profile})", words(argv))
            }
            Self::Denial {
                what,
                path,
                rule,
                reason,
                ..
            } => {
                let path = path.as_deref().map(|path| format!(" {path}"));
                let path = path.unwrap_or_default();
                format!("denied: {what}{path}: {reason} ({rule})")
            }
            Self::CommandFinished {
                exit,
                signal,
                duration_ms,
                ..
            } => format!(
                "ended: {} after {}",
                status(*exit, *signal),
                span(*duration_ms)
            ),
            Self::FileChanged { path, change } => format!("changed: {path} ({change})"),
            Self::Transaction { id, step, about } => {
                format!("transaction {id}: {step}: {}", about.join(", "))
            }
            Self::ModelRequest {
                model,
                provider,
                attempt,
            } => match attempt {
                0 | 1 => format!("model: asks {model} at {provider}"),
                _ => format!("model: asks {model} at {provider}, attempt {attempt}"),
            },
            Self::ModelResponse {
                input_tokens,
                output_tokens,
                duration_ms,
                ..
            } => format!(
                "model: answered after {}, {input_tokens} tokens in, {output_tokens} out",
                span(*duration_ms)
            ),
            Self::Notice { text } => format!("notice: {text}"),
            Self::Error { text } => format!("error: {text}"),
            Self::SessionEnded { outcome } => format!("finished: {outcome}"),
            Self::Unknown(UnknownEvent { kind, .. }) => {
                format!("{kind}: not known to this version")
            }
            _ => self.sentence_of_parts(),
        }
    }

    /// As [`Self::sentence`], for what other programs and files had a part in.
    fn sentence_of_parts(&self) -> String {
        match self {
            Self::ModelEvent { event, error, .. } => {
                format!("model: {event}{}", because(error.as_deref()))
            }
            Self::ToolResult {
                tool,
                ok,
                duration_ms,
                ..
            } => format!("tool {tool}: {} after {}", done(*ok), span(*duration_ms)),
            Self::NetworkDecision {
                host,
                port,
                protocol,
                verdict,
                answer,
                allowed,
                ..
            } => {
                let action = json!({"kind": protocol, "host": host, "port": port});
                decision(&action, verdict, answer.as_deref(), *allowed)
            }
            Self::NetworkFinished {
                host,
                port,
                bytes_out,
                bytes_in,
                duration_ms,
                error,
                ..
            } => format!(
                "{host}:{port}: {bytes_out} bytes out, {bytes_in} in, after {}{}",
                span(*duration_ms),
                because(error.as_deref())
            ),
            Self::SecretUsed { name, what, host } => {
                let host = host
                    .as_deref()
                    .map_or_else(String::new, |host| format!(" at {host}"));
                format!("secret {name}: {what}{host}")
            }
            Self::McpCall { server, tool, .. } => format!("calls: {tool} of {server}"),
            Self::McpResult {
                ok,
                error,
                duration_ms,
                ..
            } => format!(
                "answered: {} after {}{}",
                done(*ok),
                span(*duration_ms),
                because(error.as_deref())
            ),
            Self::HookStarted { event, argv, .. } => format!("hook for {event}: {}", words(argv)),
            Self::HookFinished { outcome, said, .. } => {
                format!("hook: {outcome}{}", because(said.as_deref()))
            }
            Self::ConfigurationChanged { what, file, .. } => {
                format!("configuration: {what}{}", because(file.as_deref()))
            }
            Self::TrustChanged { project, what, .. } => format!("trust: {what}: {project}"),
            Self::FlowMarked { mark, what } => format!("marked {mark}: {what}"),
            Self::Checkpoint { signature, .. } => match signature {
                Some(_) => "checkpoint: signed up to here".to_owned(),
                None => "checkpoint: not signed".to_owned(),
            },
            Self::Recovered { bytes } => {
                format!("recovered: {bytes} bytes of an unfinished entry were cut off")
            }
            Self::Retention { why, removed } => {
                let bytes: u64 = removed.iter().map(|part| part.bytes).sum();
                format!(
                    "removed by {why}: {} journals or parts, {bytes} bytes",
                    removed.len()
                )
            }
            _ => String::new(),
        }
    }
}

fn because(text: Option<&str>) -> String {
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

const fn done(ok: bool) -> &'static str {
    if ok { "done" } else { "failed" }
}

fn decision(action: &Value, verdict: &Value, answer: Option<&str>, allowed: bool) -> String {
    let outcome = if allowed { "allowed" } else { "refused" };
    let answer = answer.map(|answer| format!(", answered {answer}"));
    let answer = answer.unwrap_or_default();
    let reason = verdict.get("reason").and_then(Value::as_str);
    let reason = reason
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    // A long command must not push the reason out of the line.
    let subject = cut(clean(&subject(action)), 50);
    format!("{outcome}{answer}: {subject}{reason}")
}

/// What an action is about: by the fields that actions have, whatever their
/// kind.
fn subject(action: &Value) -> String {
    let field = |name: &str| action.get(name).and_then(Value::as_str);
    let kind = field("kind").unwrap_or("action");
    if let Some(argv) = action.get("argv").and_then(Value::as_array) {
        let argv: Vec<&str> = argv.iter().filter_map(Value::as_str).collect();
        return words(&argv);
    }
    if let (Some(host), Some(port)) = (field("host"), action.get("port")) {
        return format!("{kind} {host}:{port}");
    }
    let about: Vec<&str> = ["path", "host", "server", "tool", "query"]
        .into_iter()
        .filter_map(field)
        .collect();
    format!("{kind} {}", about.join(" "))
}

/// A command line as a person would type it.
fn words(argv: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = argv.iter().map(|word| quoted(word.as_ref())).collect();
    quoted.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn status(exit: Option<i32>, signal: Option<i32>) -> String {
    match (exit, signal) {
        (_, Some(signal)) => format!("killed by signal {signal}"),
        (Some(exit), None) => format!("exit code {exit}"),
        (None, None) => "status unknown".to_owned(),
    }
}

fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        _ => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
    }
}

/// Cleaned, with blanks folded, and cut to its length.
fn one_line(text: &str) -> String {
    // Far more than is shown; cleaning all of a long text would be waste.
    let most = text.char_indices().nth(8 * MOST_CHARACTERS);
    let text = &text[..most.map_or(text.len(), |(end, _)| end)];
    let cleaned = clean(text);
    let line = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(line, MOST_CHARACTERS)
}

fn cut(line: String, most: usize) -> String {
    if line.chars().nth(most).is_none() {
        return line;
    }
    let kept: String = line.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn headline(event: Value) -> String {
        serde_json::from_value::<Event>(event).unwrap().headline()
    }

    #[test]
    fn every_kind_has_its_line() {
        let events = [
            json!({"kind": "session_started", "front": "exec", "cwd": "/src/shop", "argv": ["dam", "exec", "fix the test"], "posture": {}, "version": "0.1.0"}),
            json!({"kind": "prompt", "text": "fix\n  the test"}),
            json!({"kind": "decision", "action": {"kind": "command", "argv": ["bash", "-lc", "rm -rf 'x'"]}, "verdict": {"decision": "deny", "reason": "it deletes outside of the workspace"}, "allowed": false}),
            json!({"kind": "decision", "action": {"kind": "write_file", "path": "/etc/passwd"}, "verdict": {"decision": "ask", "reason": "outside of the workspace"}, "answer": "once", "allowed": true}),
            json!({"kind": "decision", "action": {"kind": "reach", "host": "a.example", "port": 443}, "verdict": {}, "allowed": false}),
            json!({"kind": "command_started", "id": "1", "argv": ["cargo", "test", "a b"], "cwd": "/src", "profile": ":workspace", "tier": "full"}),
            json!({"kind": "denial", "what": "openat", "path": "/root/.ssh/id_rsa", "rule": "credentials", "reason": "SSH keys"}),
            json!({"kind": "denial", "what": "socket", "rule": "network.off", "reason": "no network"}),
            json!({"kind": "command_finished", "id": "1", "exit": 101, "duration_ms": 1234, "output_bytes": 0}),
            json!({"kind": "command_finished", "id": "1", "signal": 9, "duration_ms": 12, "output_bytes": 0}),
            json!({"kind": "file_changed", "path": "src/main.rs", "change": "update"}),
            json!({"kind": "model_request", "model": "m-1", "provider": "local", "attempt": 1}),
            json!({"kind": "model_request", "model": "m-1", "provider": "local", "attempt": 3}),
            json!({"kind": "model_response", "input_tokens": 10, "output_tokens": 2, "duration_ms": 800}),
            json!({"kind": "model_event", "event": "response.failed", "error": "overloaded", "duration_ms": 3}),
            json!({"kind": "tool_result", "call": "c", "tool": "exec_command", "ok": false, "duration_ms": 3, "output_bytes": 9, "truncated": false}),
            json!({"kind": "network_decision", "host": "a.example", "port": 443, "protocol": "https", "verdict": {"reason": "no rule allows it"}, "allowed": false}),
            json!({"kind": "network_finished", "id": 1, "host": "a.example", "port": 443, "address": "192.0.2.1:443", "bytes_out": 10, "bytes_in": 200, "duration_ms": 1500}),
            json!({"kind": "secret_used", "name": "forge", "what": "inserted", "host": "a.example:443"}),
            json!({"kind": "mcp_call", "id": "m1", "server": "issues", "tool": "search", "arguments": {"q": 1}}),
            json!({"kind": "mcp_result", "id": "m1", "ok": false, "error": "gone", "duration_ms": 20, "output_bytes": 0}),
            json!({"kind": "hook_started", "id": "h1", "event": "pre_tool_use", "argv": ["./check.sh", "x"]}),
            json!({"kind": "hook_finished", "id": "h1", "outcome": "blocked", "said": "not today", "exit": 2, "duration_ms": 20}),
            json!({"kind": "configuration_changed", "what": "rule_added", "file": "/src/.cofferdam/shop.rules", "after": "x"}),
            json!({"kind": "trust_changed", "project": "/src/shop", "what": "trusted", "after": "00ff"}),
            json!({"kind": "flow_marked", "mark": "private_read", "what": "/src/shop/.env"}),
            json!({"kind": "notice", "text": "AGENTS.md is not trusted"}),
            json!({"kind": "error", "text": "the stream ended"}),
            json!({"kind": "session_ended", "outcome": "completed"}),
            json!({"kind": "seen_in_2031", "what": "ever"}),
        ];
        let lines: Vec<String> = events.into_iter().map(headline).collect();
        assert_snapshot!(lines.join("\n"), @r"
        started: exec in /src/shop: dam exec 'fix the test'
        asked: fix the test
        refused: bash -lc 'rm -rf '\''x'\''': it deletes outside of the workspace
        allowed, answered once: write_file /etc/passwd: outside of the workspace
        refused: reach a.example:443
        runs: cargo test 'a b' (:workspace)
        denied: openat /root/.ssh/id_rsa: SSH keys (credentials)
        denied: socket: no network (network.off)
        ended: exit code 101 after 1.2 s
        ended: killed by signal 9 after 12 ms
        changed: src/main.rs (update)
        model: asks m-1 at local
        model: asks m-1 at local, attempt 3
        model: answered after 800 ms, 10 tokens in, 2 out
        model: response.failed: overloaded
        tool exec_command: failed after 3 ms
        refused: https a.example:443: no rule allows it
        a.example:443: 10 bytes out, 200 in, after 1.5 s
        secret forge: inserted at a.example:443
        calls: search of issues
        answered: failed after 20 ms: gone
        hook for pre_tool_use: ./check.sh x
        hook: blocked: not today
        configuration: rule_added: /src/.cofferdam/shop.rules
        trust: trusted: /src/shop
        marked private_read: /src/shop/.env
        notice: AGENTS.md is not trusted
        error: the stream ended
        finished: completed
        seen_in_2031: not known to this version
        ");
    }

    #[test]
    fn a_long_command_does_not_hide_the_reason() {
        let argv = vec!["x".repeat(500)];
        let line = headline(
            json!({"kind": "decision", "action": {"argv": argv}, "verdict": {"reason": "no rule allows it"}, "allowed": false}),
        );
        assert!(line.ends_with("x…: no rule allows it"), "{line}");
    }

    #[test]
    fn a_line_is_short_and_safe() {
        let text = "\u{1b}[2J\u{202e}\n".to_owned() + &"ü ".repeat(10_000);
        let line = Event::Notice { text }.headline();
        assert!(line.starts_with("notice: <ESC[2J><U+202E> ü ü"), "{line}");
        assert!(line.chars().count() <= MOST_CHARACTERS);
        assert!(line.ends_with("ü…"), "{line}");
    }
}
