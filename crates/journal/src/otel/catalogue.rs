//! The catalogue: which entry is told as which event, with which attributes.
//! `docs/telemetry.md` is held to it by a test.
//!
//! What is not in here is not sent: an entry of a kind that is not known is
//! told by its kind alone, a field that is not named stays here.

use serde_json::Value;

/// Who has to agree before a value is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// Nobody: numbers, switches and plain words.
    Plain,
    /// `log_user_prompt`: what the user wrote.
    Prompt,
    /// `log_content`: arguments, paths, hosts, reasons, messages.
    Content,
}

/// One event.
#[derive(Debug)]
pub struct Row {
    /// The kind of journal entry.
    pub kind: &'static str,
    /// The event's name, after the prefix.
    pub name: &'static str,
    /// When it is sent, for the page.
    pub doc: &'static str,
    /// What it carries besides what all events carry.
    pub attributes: &'static [Attribute],
}

/// One attribute of an event.
#[derive(Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Who has to agree.
    pub class: Class,
    from: From,
}

#[derive(Debug)]
enum From {
    /// The field at this place.
    Field(&'static str),
    /// Made from the event's fields.
    Made(fn(&Value) -> Option<Value>),
    /// A name in full, and then only a class: prompts are always named.
    Redacted(&'static str),
}

const fn plain(name: &'static str, at: &'static str) -> Attribute {
    attribute(name, Class::Plain, From::Field(at))
}

const fn content(name: &'static str, at: &'static str) -> Attribute {
    attribute(name, Class::Content, From::Field(at))
}

const fn made(name: &'static str, make: fn(&Value) -> Option<Value>) -> Attribute {
    attribute(name, Class::Plain, From::Made(make))
}

const fn attribute(name: &'static str, class: Class, from: From) -> Attribute {
    Attribute { name, class, from }
}

const fn row(
    kind: &'static str,
    name: &'static str,
    doc: &'static str,
    attributes: &'static [Attribute],
) -> Row {
    Row {
        kind,
        name,
        doc,
        attributes,
    }
}

/// Every event.
pub const EVENTS: &[Row] = &[
    row(
        "session_started",
        "conversation_starts",
        "a session begins",
        &[
            plain("provider_name", "/provider"),
            made("approval_policy", approval_policy),
            plain("sandbox_policy", "/posture/profile/value/name"),
            plain("dam.front", "/front"),
            content("dam.cwd", "/cwd"),
            content("dam.argv", "/argv"),
        ],
    ),
    row(
        "prompt",
        "user_prompt",
        "the user asked for something",
        &[
            made("prompt_length", |event| length(event, "/text")),
            attribute("prompt", Class::Prompt, From::Redacted("/text")),
        ],
    ),
    row(
        "decision",
        "tool_decision",
        "an action was judged, before it happens",
        &[
            plain("tool_name", "/action/kind"),
            plain("call_id", "/call"),
            made("decision", decision),
            made("source", source),
            plain("dam.decision.source", "/source"),
            plain("dam.decision.verdict", "/verdict/decision"),
            plain("dam.decision.containment", "/verdict/containment"),
            plain("dam.decision.rule", "/verdict/rule"),
            plain("dam.decision.layer", "/verdict/origin/layer"),
            plain("dam.posture", "/posture"),
            content("dam.decision.reason", "/verdict/reason"),
            content("arguments", "/action"),
        ],
    ),
    row(
        "command_started",
        "command_started",
        "a command is about to start",
        &[
            plain("call_id", "/id"),
            plain("dam.profile", "/profile"),
            plain("dam.tier", "/tier"),
            content("arguments", "/argv"),
            content("dam.cwd", "/cwd"),
        ],
    ),
    row(
        "command_finished",
        "command_finished",
        "a command ended",
        &[
            plain("call_id", "/id"),
            plain("duration_ms", "/duration_ms"),
            made("success", |event| Some((exit(event) == Some(0)).into())),
            plain("process.exit.code", "/exit"),
            plain("dam.signal", "/signal"),
            plain("dam.output_bytes", "/output_bytes"),
        ],
    ),
    row(
        "tool_result",
        "tool_result",
        "a tool that a model called has ended",
        &[
            plain("tool_name", "/tool"),
            plain("call_id", "/call"),
            plain("duration_ms", "/duration_ms"),
            plain("success", "/ok"),
            plain("output_truncated", "/truncated"),
            plain("dam.output_bytes", "/output_bytes"),
        ],
    ),
    row(
        "denial",
        "sandbox_denial",
        "the boundary refused something that a process tried",
        &[
            plain("call_id", "/command"),
            plain("dam.denial.what", "/what"),
            plain("dam.denial.rule", "/rule"),
            plain("process.pid", "/pid"),
            content("dam.denial.path", "/path"),
            content("dam.denial.reason", "/reason"),
            content("dam.process.name", "/process"),
        ],
    ),
    row(
        "network_decision",
        "network_decision",
        "a connection, or a request on one, was judged",
        &[
            plain("call_id", "/command"),
            plain("network.protocol.name", "/protocol"),
            plain("server.port", "/port"),
            plain("http.request.method", "/method"),
            made("decision", decision),
            plain("dam.decision.source", "/source"),
            plain("dam.decision.rule", "/verdict/rule"),
            plain("dam.decision.layer", "/verdict/origin/layer"),
            plain("process.pid", "/pid"),
            content("server.address", "/host"),
            content("url.path", "/path"),
            content("dam.decision.reason", "/verdict/reason"),
            content("dam.process.name", "/process"),
        ],
    ),
    row(
        "network_finished",
        "network_finished",
        "what was allowed to reach a host has ended",
        &[
            plain("server.port", "/port"),
            plain("dam.network.bytes_out", "/bytes_out"),
            plain("dam.network.bytes_in", "/bytes_in"),
            plain("duration_ms", "/duration_ms"),
            plain("error.type", "/error"),
            content("server.address", "/host"),
            content("network.peer.address", "/address"),
        ],
    ),
    row(
        "secret_used",
        "secret_used",
        "what became of a secret's placeholder",
        &[
            plain("dam.secret.what", "/what"),
            content("dam.secret.name", "/name"),
            content("server.address", "/host"),
        ],
    ),
    row(
        "file_changed",
        "file_changed",
        "a file was changed by an edit",
        &[plain("dam.change", "/change"), content("dam.path", "/path")],
    ),
    row(
        "transaction",
        "transaction",
        "a transaction was begun, kept or dropped",
        &[
            plain("dam.transaction.id", "/id"),
            plain("dam.transaction.step", "/step"),
            content("dam.transaction.about", "/about"),
        ],
    ),
    row(
        "model_request",
        "api_request",
        "a model is asked",
        &[
            plain("model", "/model"),
            plain("provider_name", "/provider"),
            plain("attempt", "/attempt"),
        ],
    ),
    row(
        "model_event",
        "model_event",
        "a model's stream told something before its end",
        &[
            plain("event.kind", "/event"),
            plain("duration_ms", "/duration_ms"),
            content("error.message", "/error"),
            content("dam.item", "/item"),
        ],
    ),
    row(
        "model_response",
        "sse_event",
        "a model answered in full",
        &[
            made("event.kind", |_| Some("response.completed".into())),
            plain("duration_ms", "/duration_ms"),
            plain("input_token_count", "/input_tokens"),
            plain("output_token_count", "/output_tokens"),
            plain("cached_token_count", "/cached_tokens"),
            plain("reasoning_token_count", "/reasoning_tokens"),
        ],
    ),
    row(
        "mcp_call",
        "mcp_call",
        "a tool of an MCP server is about to be called",
        &[
            plain("call_id", "/id"),
            plain("mcp_server", "/server"),
            plain("tool_name", "/tool"),
            content("arguments", "/arguments"),
        ],
    ),
    row(
        "mcp_result",
        "mcp_result",
        "an MCP server answered, or did not",
        &[
            plain("call_id", "/id"),
            plain("success", "/ok"),
            plain("duration_ms", "/duration_ms"),
            plain("dam.output_bytes", "/output_bytes"),
            content("error.message", "/error"),
        ],
    ),
    row(
        "hook_started",
        "hook_started",
        "a hook is about to run",
        &[
            plain("call_id", "/id"),
            plain("dam.hook.event", "/event"),
            content("arguments", "/argv"),
            content("dam.file", "/file"),
        ],
    ),
    row(
        "hook_finished",
        "hook_finished",
        "a hook ended",
        &[
            plain("call_id", "/id"),
            plain("dam.outcome", "/outcome"),
            plain("process.exit.code", "/exit"),
            plain("duration_ms", "/duration_ms"),
            content("output", "/said"),
        ],
    ),
    row(
        "configuration_changed",
        "configuration_changed",
        "settings or rules were changed",
        &[
            plain("dam.change", "/what"),
            content("dam.file", "/file"),
            content("dam.before", "/before"),
            content("dam.after", "/after"),
        ],
    ),
    row(
        "trust_changed",
        "trust_changed",
        "a project was trusted, or is not any more",
        &[
            plain("dam.change", "/what"),
            plain("dam.before", "/before"),
            plain("dam.after", "/after"),
            content("dam.path", "/project"),
        ],
    ),
    row(
        "flow_marked",
        "flow_marked",
        "the session is marked by what it took in",
        &[
            plain("dam.flow.mark", "/mark"),
            content("dam.flow.what", "/what"),
        ],
    ),
    row(
        "checkpoint",
        "journal_checkpoint",
        "the journal signed everything before",
        &[
            plain("dam.key", "/key"),
            plain("dam.next_segment", "/next_segment"),
        ],
    ),
    row(
        "recovered",
        "journal_recovered",
        "a writer was killed in the middle of a line, which was cut off",
        &[plain("dam.bytes", "/bytes")],
    ),
    row(
        "retention",
        "journal_retention",
        "journals were removed because they were too old or too much",
        &[plain("dam.why", "/why")],
    ),
    row(
        "notice",
        "notice",
        "the user was told something",
        &[content("message", "/text")],
    ),
    row(
        "error",
        "error",
        "something failed",
        &[content("error.message", "/text")],
    ),
    row(
        "session_ended",
        "conversation_ends",
        "a session ended",
        &[plain("dam.outcome", "/outcome")],
    ),
];

/// The row of a kind.
pub(super) fn row_of(kind: &str) -> Option<&'static Row> {
    EVENTS.iter().find(|row| row.kind == kind)
}

/// The name of an event, given as it serialises, without a prefix.
pub fn name_of(event: &Value) -> &'static str {
    let kind = event.get("kind").and_then(Value::as_str);
    kind.and_then(row_of).map_or(UNKNOWN, |row| row.name)
}

/// An event's own attributes, given as it serialises, as far as they may be sent.
pub fn event_of(event: &Value, consent: Consent) -> Vec<(&'static str, Value)> {
    let kind = event.get("kind").and_then(Value::as_str);
    let row = kind.and_then(row_of);
    row.map(|row| row.values(event, consent))
        .unwrap_or_default()
}

/// The name of what this version has no name for.
const UNKNOWN: &str = "unknown";

/// Which content is sent, besides what is always.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Consent {
    /// Prompts.
    pub prompts: bool,
    /// Arguments, paths, hosts, reasons and messages.
    pub content: bool,
}

/// How much of one text is sent, in bytes.
const MOST_TEXT: usize = 8 * 1024;
/// What stands in the place of text that nobody asked for.
const REDACTED: &str = "[REDACTED]";

impl Row {
    /// The event's own attributes, as far as they may be sent.
    pub(super) fn values(&self, event: &Value, consent: Consent) -> Vec<(&'static str, Value)> {
        let values = self.attributes.iter();
        values
            .filter_map(|attribute| Some((attribute.name, attribute.value(event, consent)?)))
            .collect()
    }
}

impl Attribute {
    fn value(&self, event: &Value, consent: Consent) -> Option<Value> {
        let agreed = match self.class {
            Class::Plain => true,
            Class::Prompt => consent.prompts,
            Class::Content => consent.content,
        };
        let value = match self.from {
            From::Field(at) => event.pointer(at)?.clone(),
            From::Made(make) => make(event)?,
            From::Redacted(at) if agreed => event.pointer(at)?.clone(),
            From::Redacted(_) => return Some(REDACTED.into()),
        };
        match (agreed, self.class) {
            (false, _) => None,
            (true, Class::Plain) => word(value),
            (true, _) => text(&value),
        }
    }
}

/// A plain value. What is no word, and so might be somebody's text, is not let
/// through, whatever field it came from.
fn word(value: Value) -> Option<Value> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value),
        Value::String(word) if is_word(&word) => Some(Value::String(word)),
        Value::String(_) => Some(REDACTED.into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Names of rules, models and tools, identifiers, digests: no blank, and
/// neither a path nor an address.
pub(super) fn is_word(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "._:/+@-".contains(c);
    !text.is_empty()
        && text.len() <= 100
        && text.chars().all(good)
        && !text.starts_with(['/', '.', '-'])
        && !text.contains("//")
}

/// Text that somebody agreed to send: cleaned and masked once more, since a
/// journal may have been written by an older version, and cut.
fn text(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(words) if words.iter().all(Value::is_string) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        }
        other => other.to_string(),
    };
    let mut text = crate::mask(&crate::clean(&text));
    if text.len() > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.push('…');
    }
    Some(Value::String(text))
}

fn approval_policy(event: &Value) -> Option<Value> {
    match event.pointer("/posture/approval_policy/value")? {
        Value::Object(table) => table.keys().next().cloned().map(Value::String),
        other => Some(other.clone()),
    }
}

fn length(event: &Value, at: &str) -> Option<Value> {
    Some(event.pointer(at)?.as_str()?.chars().count().into())
}

fn exit(event: &Value) -> Option<i64> {
    event.pointer("/exit").and_then(Value::as_i64)
}

/// In Codex's words.
fn decision(event: &Value) -> Option<Value> {
    let allowed = event.pointer("/allowed")?.as_bool()?;
    Some(if allowed { "approved" } else { "denied" }.into())
}

/// In Codex's words, which has fewer; `dam.decision.source` has ours.
fn source(event: &Value) -> Option<Value> {
    let answer = event.pointer("/answer").and_then(Value::as_str);
    let answered = answer.is_some_and(|answer| answer != "nobody to ask");
    let source = event.pointer("/source").and_then(Value::as_str);
    let told = event.pointer("/allowed").map(|_| match source {
        Some("user") => "User",
        Some("reviewer") => "AutomatedReviewer",
        None if answered => "User",
        _ => "Config",
    });
    told.map(Value::from)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_lists_every_event() {
        let mut rows = String::new();
        for row in EVENTS {
            let named = |class| {
                let of = row.attributes.iter().filter(|one| one.class == class);
                let names: Vec<_> = of.map(|one| format!("`{}`", one.name)).collect();
                names.join(", ")
            };
            writeln!(
                rows,
                "| `{}` | {} | {} | {} |",
                row.name,
                row.doc,
                named(Class::Plain),
                [named(Class::Prompt), named(Class::Content)].concat()
            )
            .expect("a string");
        }
        let page = include_str!("../../../../docs/telemetry.md");
        assert!(page.contains(&rows), "docs/telemetry.md must hold:\n{rows}");
    }

    #[test]
    fn every_kind_of_entry_has_its_event() {
        let source = include_str!("../event.rs");
        let (_, body) = source.split_once("pub enum Event {").expect("the events");
        let (body, _) = body.split_once("\n}").expect("their end");
        let variants = body.lines().filter_map(|line| {
            let name = line.strip_prefix("    ")?.strip_suffix(" {")?;
            name.starts_with(char::is_uppercase).then_some(name)
        });
        let mut kinds = 0;
        for variant in variants {
            let mut kind = String::new();
            for c in variant.chars() {
                if c.is_uppercase() && !kind.is_empty() {
                    kind.push('_');
                }
                kind.push(c.to_ascii_lowercase());
            }
            assert!(row_of(&kind).is_some(), "`{kind}` is told as nothing");
            kinds += 1;
        }
        assert_eq!(kinds, EVENTS.len());
    }

    #[test]
    fn no_text_passes_for_a_word() {
        for word in [
            "files.protected-path",
            "anthropic/claude-4.5",
            "full",
            "a1b2",
        ] {
            assert!(is_word(word), "{word}");
        }
        let long = "a".repeat(101);
        for text in [
            "rm -rf x",
            "/etc/passwd",
            "../x",
            "https://x",
            "",
            "é",
            &long,
        ] {
            assert!(!is_word(text), "{text}");
            assert_eq!(word(json!(text)), Some(json!(REDACTED)));
        }
        assert_eq!(word(json!(["a"])), None);
    }

    #[test]
    fn consent_lets_each_kind_of_text_through_masked() {
        let prompt = json!({"text": "use password=letmein99 please"});
        let row = row_of("prompt").expect("a row");
        let silent = row.values(&prompt, Consent::default());
        assert_eq!(silent[1], ("prompt", json!("[REDACTED]")));
        let only_rest = Consent {
            prompts: false,
            content: true,
        };
        assert_eq!(row.values(&prompt, only_rest), silent);
        let asked = Consent {
            prompts: true,
            content: false,
        };
        let told = row.values(&prompt, asked);
        assert_eq!(told[1].1, json!("use password=[masked:password] please"));
        let error = json!({"text": "é".repeat(MOST_TEXT)});
        let row = row_of("error").expect("a row");
        assert_eq!(row.values(&error, asked), []);
        let told = row.values(&error, only_rest);
        assert_eq!(
            told[0].1.as_str().map(str::len),
            Some(MOST_TEXT + '…'.len_utf8())
        );
    }
}
