//! What goes into a line, and what comes out of it.

use std::fs;

use dam_journal::{
    DecisionSource, Event, Journal, SessionId, UnknownEvent, clean, mask, read, verify,
};
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::Place;

/// The event as it is read back.
fn written(event: &Event) -> Event {
    written_in(&Place::new(), event)
}

fn written_in(place: &Place, event: &Event) -> Event {
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create(place.dir(), &session).unwrap();
    let entry = journal.append(event).unwrap();
    assert_eq!(
        read(place.dir(), &session).unwrap(),
        std::slice::from_ref(&entry)
    );
    assert!(entry.is_intact());
    verify(place.dir(), &session).unwrap();
    entry.event
}

fn from_json(value: Value) -> Event {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_line_looks_like_this() {
    let place = Place::new();
    let session = "20261121-070416-1f3a9c".parse().unwrap();
    let mut journal = Journal::create(place.dir(), &session).unwrap();
    let entry = journal
        .append(&Event::FileChanged {
            path: "src/main.rs".to_owned(),
            change: "update".to_owned(),
        })
        .unwrap();
    let line = fs::read_to_string(place.journal(&session)).unwrap();
    let line = line.replace(
        &entry.time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "<time>",
    );
    let line = line.replace(&entry.hash, "<hash>");
    assert_snapshot!(line, @r#"{"v":1,"seq":1,"time":"<time>","session":"20261121-070416-1f3a9c","prev":"0000000000000000000000000000000000000000000000000000000000000000","event":{"kind":"file_changed","change":"update","path":"src/main.rs"},"hash":"<hash>"}"#);
}

#[test]
fn an_event_of_a_later_version_is_kept_and_verifies() {
    let value = json!({"kind": "seen_in_2031", "what": {"ever": [1, true, null]}});
    let event = from_json(value.clone());
    assert!(matches!(&event, Event::Unknown(UnknownEvent { kind, .. }) if kind == "seen_in_2031"));
    assert_eq!(serde_json::to_value(written(&event)).unwrap(), value);
}

#[test]
fn a_known_kind_with_other_fields_is_kept() {
    let value = json!({"kind": "notice", "lines": ["a"]});
    let event = from_json(value.clone());
    assert_eq!(serde_json::to_value(written(&event)).unwrap(), value);
}

#[test]
fn every_string_is_cleaned_and_masked_keys_too() {
    let event = from_json(json!({
        "kind": "decision",
        "action": {
            "argv": ["curl", "-H", "Authorization: Bearer abc123", "--token", "hunter2", "\u{1b}[8mx"],
            "env": {"DB_PASSWORD": "hunter2", "Authorization": "Bearer abc", "PATH": "/bin"},
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a": {"\u{202e}": "\u{200b}"},
        },
        "verdict": [["https://me:hunter2@a.example"]],
        "answer": "\u{7}",
        "allowed": true,
    }));
    let Event::Decision {
        action,
        verdict,
        answer,
        ..
    } = written(&event)
    else {
        panic!("another kind");
    };
    assert_eq!(
        action,
        json!({
            "argv": ["curl", "-H", "Authorization: Bearer [masked:authorization]", "--token", "[masked:token]", "<ESC[8m>x"],
            "env": {"DB_PASSWORD": "[masked:password]", "Authorization": "Bearer [masked:authorization]", "PATH": "/bin"},
            "[masked:github-token]": {"<U+202E>": "<U+200B>"},
        })
    );
    assert_eq!(verdict, json!([["https://me:[masked:password]@a.example"]]));
    assert_eq!(answer.as_deref(), Some("<U+0007>"));
}

#[test]
fn keys_that_become_the_same_stay_apart() {
    let event = from_json(json!({"kind": "later", "o": {"a\u{200b}": 1, "a<U+200B>": 2}}));
    let value = serde_json::to_value(written(&event)).unwrap();
    let values: Vec<&Value> = value["o"].as_object().unwrap().values().collect();
    assert_eq!(values.len(), 2, "{value}");
}

#[test]
fn what_is_nested_too_deeply_is_cut_and_readable() {
    let mut value = json!("inside");
    for _ in 0..1000 {
        value = Value::Array(vec![value]);
    }
    let event = Event::Decision {
        action: value,
        verdict: Value::Null,
        answer: None,
        allowed: false,
        source: None,
        posture: None,
        context: Value::Null,
        call: None,
    };
    let event = serde_json::to_string(&written(&event)).unwrap();
    assert!(event.contains("nested too deeply"), "{event}");
}

#[test]
fn no_field_of_ours_is_named_like_a_secret() {
    let text = "words of no secret";
    let event = from_json(
        json!({"kind": "denial", "command": text, "what": text, "path": text, "rule": text, "reason": text, "pid": 1, "process": text}),
    );
    assert_eq!(written(&event), event);
    let event = from_json(
        json!({"kind": "session_started", "front": text, "cwd": text, "argv": [text], "posture": text, "version": text}),
    );
    assert_eq!(written(&event), event);
    let event = from_json(
        json!({"kind": "command_started", "id": text, "argv": [text], "cwd": text, "profile": text, "tier": text}),
    );
    assert_eq!(written(&event), event);
    let event =
        from_json(json!({"kind": "model_request", "model": text, "provider": text, "attempt": 1}));
    assert_eq!(written(&event), event);
}

/// Text that may hold anything.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z /.-]{0,20}", any::<String>(), "\\PC{0,20}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn event() -> impl Strategy<Value = Event> {
    let option = || prop::option::of(text());
    let code = || prop::option::of(any::<i32>());
    prop_oneof![
        (
            text(),
            text(),
            prop::collection::vec(text(), 0..5),
            value(),
            text()
        )
            .prop_map(
                |(front, cwd, argv, posture, version)| Event::SessionStarted {
                    front,
                    cwd,
                    argv,
                    posture,
                    version,
                    model: None,
                    provider: None,
                }
            ),
        text().prop_map(|text| Event::Prompt { text }),
        (value(), value(), option(), any::<bool>()).prop_map(
            |(action, verdict, answer, allowed)| {
                Event::Decision {
                    action,
                    verdict,
                    answer,
                    allowed,
                    source: None,
                    posture: None,
                    context: Value::Null,
                    call: None,
                }
            }
        ),
        parts(),
        (
            text(),
            prop::collection::vec(text(), 0..5),
            text(),
            text(),
            text()
        )
            .prop_map(|(id, argv, cwd, profile, tier)| Event::CommandStarted {
                id,
                argv,
                cwd,
                profile,
                tier
            }),
        (option(), text(), option(), text(), text(), code(), option()).prop_map(
            |(command, what, path, rule, reason, pid, process)| Event::Denial {
                command,
                what,
                path,
                rule,
                reason,
                pid,
                process
            }
        ),
        (text(), code(), code(), any::<u64>(), any::<u64>()).prop_map(
            |(id, exit, signal, duration_ms, output_bytes)| Event::CommandFinished {
                id,
                exit,
                signal,
                duration_ms,
                output_bytes
            }
        ),
        (text(), text()).prop_map(|(path, change)| Event::FileChanged { path, change }),
        (text(), text(), prop::collection::vec(text(), 0..4))
            .prop_map(|(id, step, about)| Event::Transaction { id, step, about }),
        (text(), text(), any::<u32>()).prop_map(|(model, provider, attempt)| Event::ModelRequest {
            model,
            provider,
            attempt
        }),
        (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(
            |(input_tokens, output_tokens, duration_ms)| {
                Event::ModelResponse {
                    input_tokens,
                    output_tokens,
                    duration_ms,
                    cached_tokens: None,
                    reasoning_tokens: Some(output_tokens),
                }
            }
        ),
        text().prop_map(|text| Event::Notice { text }),
        text().prop_map(|text| Event::Error { text }),
        text().prop_map(|outcome| Event::SessionEnded { outcome }),
        (text(), prop::collection::btree_map(text(), value(), 0..4)).prop_map(|(kind, fields)| {
            let mut fields: serde_json::Map<String, Value> = fields.into_iter().collect();
            fields.remove("kind");
            Event::Unknown(UnknownEvent { kind, fields })
        }),
    ]
}

/// The kinds that tell of other programs, files and hosts.
fn parts() -> impl Strategy<Value = Event> {
    (text(), text(), value(), any::<bool>(), any::<u32>(), 0..12).prop_map(|(a, b, v, ok, n, kind)| {
        from_json(match kind {
            0 => json!({"kind": "model_event", "event": a, "item": v, "error": b, "duration_ms": n}),
            1 => json!({"kind": "tool_result", "call": a, "tool": b, "ok": ok, "duration_ms": n, "output_bytes": n, "truncated": ok}),
            2 => json!({"kind": "network_decision", "host": a, "port": n % 65536, "protocol": b, "verdict": v, "allowed": ok, "source": "rule"}),
            10 => json!({"kind": "network_finished", "id": n, "host": a, "port": 1, "bytes_out": n, "bytes_in": n, "duration_ms": n}),
            11 => json!({"kind": "secret_used", "name": a, "what": b}),
            3 => json!({"kind": "mcp_call", "id": a, "server": b, "tool": a, "arguments": v}),
            4 => json!({"kind": "mcp_result", "id": a, "ok": ok, "error": b, "duration_ms": n, "output_bytes": n}),
            5 => json!({"kind": "hook_started", "id": a, "event": b, "argv": [a, b], "file": b}),
            6 => json!({"kind": "hook_finished", "id": a, "outcome": b, "said": b, "exit": 2, "duration_ms": n}),
            7 => json!({"kind": "configuration_changed", "what": a, "file": b, "before": v, "after": v}),
            8 => json!({"kind": "trust_changed", "project": a, "what": b, "before": a, "after": b}),
            _ => json!({"kind": "flow_marked", "mark": a, "what": b}),
        })
    })
}

#[test]
fn every_kind_is_known_by_its_name() {
    let text = "words of no secret";
    for event in [
        json!({"kind": "session_started", "front": text, "cwd": text, "argv": [text], "posture": text, "version": text, "model": text, "provider": text}),
        json!({"kind": "decision", "action": text, "verdict": text, "answer": text, "allowed": true, "source": "built-in", "posture": text, "context": {"flow": [text]}, "call": text}),
        json!({"kind": "model_event", "event": text, "item": {"name": text, "call": text}, "error": text, "duration_ms": 1}),
        json!({"kind": "model_response", "input_tokens": 1, "output_tokens": 1, "duration_ms": 1, "cached_tokens": 1, "reasoning_tokens": 1}),
        json!({"kind": "tool_result", "call": text, "tool": text, "ok": true, "duration_ms": 1, "output_bytes": 1, "truncated": true}),
        json!({"kind": "network_decision", "command": text, "host": text, "port": 443, "protocol": text, "method": text, "path": text, "verdict": text, "answer": text, "allowed": true, "source": "requirement", "posture": text, "pid": 1, "process": text}),
        json!({"kind": "network_decision", "id": 1, "new_host": true, "host": text, "port": 443, "protocol": text, "verdict": text, "allowed": true, "source": "rule"}),
        json!({"kind": "network_finished", "id": 1, "host": text, "port": 443, "address": text, "bytes_out": 1, "bytes_in": 1, "duration_ms": 1, "error": text}),
        json!({"kind": "secret_used", "name": text, "what": text, "host": text}),
        json!({"kind": "mcp_call", "id": text, "server": text, "tool": text, "arguments": {"a": text}}),
        json!({"kind": "mcp_result", "id": text, "ok": true, "error": text, "duration_ms": 1, "output_bytes": 1}),
        json!({"kind": "hook_started", "id": text, "event": text, "argv": [text], "file": text}),
        json!({"kind": "hook_finished", "id": text, "outcome": text, "said": text, "exit": 1, "duration_ms": 1}),
        json!({"kind": "configuration_changed", "what": text, "file": text, "before": text, "after": text, "posture": text}),
        json!({"kind": "trust_changed", "project": text, "what": text, "before": text, "after": text}),
        json!({"kind": "flow_marked", "mark": text, "what": text}),
    ] {
        let known = from_json(event.clone());
        assert!(!matches!(known, Event::Unknown(_)), "{known:?}");
        // None of the fields is named like a secret: all is kept.
        let value = serde_json::to_value(written(&known)).unwrap();
        assert_eq!(value, event);
    }
}

#[test]
fn a_decision_is_written_with_who_made_it() {
    let event = from_json(
        json!({"kind": "decision", "action": {}, "verdict": {"rule": "a", "origin": {"layer": "builtin"}}, "answer": "once", "allowed": true}),
    );
    let value = serde_json::to_value(written(&event)).unwrap();
    assert_eq!(value["source"], "user");
}

#[test]
fn the_source_of_a_decision_is_told_from_its_verdict() {
    use DecisionSource::{BuiltIn, Configuration, Flow, Requirement, Rule, User};
    let of = |layer, rule, answer| {
        let verdict = json!({"origin": {"layer": layer}, "rule": rule});
        DecisionSource::of(&verdict, answer)
    };
    assert_eq!(of("builtin", "command.known-safe", None), BuiltIn);
    assert_eq!(of("builtin", "command.ordinary", Some("once")), User);
    assert_eq!(of("builtin", "command.ordinary", Some("declined")), User);
    assert_eq!(
        of("user", "command.x", Some("nobody to ask")),
        Configuration
    );
    assert_eq!(of("requirements", "rules.prefix", None), Requirement);
    assert_eq!(of("project", "rules.prefix", None), Rule);
    assert_eq!(of("user", "flow.reach", None), Flow);
}

/// Every string in a value, keys included.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(string) => vec![string],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| [vec![key.as_str()], strings(value)].concat())
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

proptest! {
    // Each case writes two journals to the disk.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_is_appended_is_read_back_clean(event in event()) {
        let place = Place::new();
        let once = written_in(&place, &event);
        let value = serde_json::to_value(&once).unwrap();
        for string in strings(&value) {
            prop_assert_eq!(clean(string), string);
            prop_assert_eq!(mask(string), string);
        }
        prop_assert!(!once.headline().contains('\n'));
        prop_assert!(once.headline().chars().count() <= 100);
        // What is clean already is written as it is.
        prop_assert_eq!(written_in(&place, &once), once);
    }
}
