//! Telemetry as a collector gets it: read with the types that are generated
//! from the official schema, field by field.

mod fields;

use std::time::{Duration, Instant};

use dam_journal::otel::{
    Consent, Exporter, Live, Protocol, Report, Telemetry, deliver_pending, deliver_session,
    entries, pending,
};
use dam_journal::{Event, Journal, SessionId};
use dam_testkit::otlp::{Certificates, Collector, Mood};
use serde_json::{Value, json};

use crate::Place;

use fields::{
    attribute, check_logs, check_metrics, check_resource, check_spans, logs, metrics, spans,
};

const SPEECHES: [Protocol; 3] = [Protocol::HttpBinary, Protocol::HttpJson, Protocol::Grpc];
const AGES: Duration = Duration::from_secs(10);

fn exporter(endpoint: &str, protocol: Protocol) -> Exporter {
    Exporter {
        protocol,
        endpoint: endpoint.to_owned(),
        headers: vec![("x-team".to_owned(), "blue".to_owned())],
        ca_certificate: None,
        client_certificate: None,
    }
}

fn to(exporter: &Exporter) -> Telemetry {
    Telemetry {
        environment: "test".to_owned(),
        event_prefix: "codex.".to_owned(),
        version: "1.2.3".to_owned(),
        logs: Some(exporter.clone()),
        traces: Some(exporter.clone()),
        metrics: Some(exporter.clone()),
        consent: Consent::default(),
    }
}

/// What nobody may see unless it was asked for.
const TEXT: &str = "zebra";
const SECRET: &str = "password=letmein99";

fn event(value: Value) -> Event {
    serde_json::from_value(value).unwrap()
}

/// A session of the agent in which everything happened that can, each text of
/// it with [`TEXT`] in it.
fn told(place: &Place) -> SessionId {
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create(place.dir(), &session).unwrap();
    for value in [
        json!({"kind": "session_started", "front": "exec", "cwd": "/zebra", "argv": ["dam", "zebra"],
            "posture": {"profile": {"value": {"name": ":workspace"}}, "approval_policy": {"value": "on-request"}},
            "version": "1.2.3", "model": "m-1", "provider": "acme"}),
        json!({"kind": "prompt", "text": format!("a zebra with {SECRET}")}),
        json!({"kind": "model_request", "model": "m-1", "provider": "acme", "attempt": 1}),
        json!({"kind": "model_event", "event": "response.created", "error": "zebra", "duration_ms": 5}),
        json!({"kind": "model_response", "input_tokens": 100, "output_tokens": 20, "duration_ms": 700,
            "cached_tokens": 60, "reasoning_tokens": 5}),
        json!({"kind": "decision", "action": {"kind": "command", "argv": ["echo", "zebra"], "cwd": "/zebra"},
            "verdict": {"decision": "ask", "containment": "boxed", "reason": "a zebra", "rule": "command.untrusted", "origin": {"layer": "user"}},
            "answer": "yes", "allowed": true, "source": "user", "call": "call-1"}),
        json!({"kind": "command_started", "id": "c1", "argv": ["echo", "zebra"], "cwd": "/zebra", "profile": ":workspace", "tier": "full"}),
        json!({"kind": "denial", "command": "c1", "what": "openat", "path": "/zebra", "rule": "files.deny", "reason": "zebra", "pid": 7, "process": "zebra"}),
        json!({"kind": "command_finished", "id": "c1", "exit": 2, "duration_ms": 40, "output_bytes": 9}),
        json!({"kind": "tool_result", "call": "call-1", "tool": "exec_command", "ok": false, "duration_ms": 50, "output_bytes": 9, "truncated": false}),
        json!({"kind": "network_decision", "command": "c1", "host": "zebra.example", "port": 443, "protocol": "https", "path": "/zebra",
            "verdict": {"rule": "network.none", "reason": "zebra", "origin": {"layer": "builtin"}}, "allowed": false, "source": "built-in"}),
        json!({"kind": "mcp_call", "id": "m1", "server": "files", "tool": "read", "arguments": {"a": "zebra"}}),
        json!({"kind": "mcp_result", "id": "m1", "ok": true, "error": "zebra", "duration_ms": 3, "output_bytes": 1}),
        json!({"kind": "hook_started", "id": "h1", "event": "pre_tool_use", "argv": ["zebra"], "file": "/zebra"}),
        json!({"kind": "hook_finished", "id": "h1", "outcome": "allowed", "said": "zebra", "exit": 0, "duration_ms": 3}),
        json!({"kind": "file_changed", "path": "/zebra", "change": "update"}),
        json!({"kind": "transaction", "id": "t1", "step": "kept", "about": ["zebra"]}),
        json!({"kind": "configuration_changed", "what": "rule_added", "file": "/zebra", "before": "zebra", "after": {"zebra": "zebra"}}),
        json!({"kind": "trust_changed", "project": "/zebra", "what": "trusted", "after": "abc123"}),
        json!({"kind": "flow_marked", "mark": "private_read", "what": "zebra"}),
        json!({"kind": "notice", "text": "zebra"}),
        json!({"kind": "error", "text": "zebra"}),
        json!({"kind": "of_tomorrow", "zebra": "zebra"}),
        json!({"kind": "session_ended", "outcome": "completed"}),
    ] {
        journal.append(&event(value)).unwrap();
    }
    session
}

const ENTRIES: usize = 24;

/// Tells a session that has ended, as a front does.
fn finish(place: &Place, session: &SessionId, telemetry: Telemetry) -> Report {
    let live = Live::start(
        telemetry,
        place.dir().to_owned(),
        spool(place),
        session.clone(),
    );
    live.unwrap().finish(AGES)
}

fn spool(place: &Place) -> std::path::PathBuf {
    place.dir().join("spool")
}

#[test]
fn every_field_arrives_in_each_protocol() {
    for protocol in SPEECHES {
        let place = Place::new();
        let session = told(&place);
        let collector = Collector::start();
        let exporter = exporter(&collector.endpoint(), protocol);
        let report = finish(&place, &session, to(&exporter));
        assert_eq!(
            report,
            Report {
                whole: true,
                ..Report::default()
            },
            "{protocol:?}"
        );
        let taken = collector.taken();
        assert_eq!(taken.len(), 3, "{protocol:?}");
        for one in &taken {
            assert_eq!(one.headers["x-team"], "blue");
            let kind = one.headers["content-type"].to_str().unwrap();
            let (expected, path) = match protocol {
                Protocol::HttpBinary => ("application/x-protobuf", "/v1/"),
                Protocol::HttpJson => ("application/json", "/v1/"),
                Protocol::Grpc => ("application/grpc", "/opentelemetry.proto.collector."),
            };
            assert_eq!(kind, expected);
            assert!(one.path.starts_with(path), "{}", one.path);
        }
        check_resource(&taken, &session);
        check_logs(&logs(&taken), &place, &session);
        check_spans(&spans(&taken), &session);
        check_metrics(&metrics(&taken));
        // What was delivered is not kept as pending.
        assert_eq!(pending(&spool(&place)).unwrap(), []);
    }
}

#[test]
fn no_argument_output_or_prompt_leaves_unasked() {
    for protocol in SPEECHES {
        for content in [false, true] {
            let place = Place::new();
            let session = told(&place);
            let collector = Collector::start();
            let mut telemetry = to(&exporter(&collector.endpoint(), protocol));
            telemetry.consent = Consent {
                prompts: content,
                content,
            };
            assert!(finish(&place, &session, telemetry).whole);
            let bodies: Vec<u8> = collector
                .taken()
                .iter()
                .flat_map(|one| one.body.clone())
                .collect();
            let holds = |text: &str| {
                bodies
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
            };
            assert_eq!(holds(TEXT), content, "{protocol:?}");
            assert_eq!(holds("[masked:password]"), content);
            assert!(!holds("letmein99"));
            assert_eq!(holds("[REDACTED]"), !content);
        }
    }
}

#[test]
fn tls_needs_the_authority_that_was_given_and_shows_the_clients_certificate() {
    for protocol in SPEECHES {
        let place = Place::new();
        let certificates = Certificates::make(place.dir());
        let collector = Collector::with_tls(&certificates);
        let mut exporter = exporter(&collector.endpoint(), protocol);
        let session = told(&place);
        let entries = entries(place.dir(), &session).unwrap();
        let try_with = |exporter: &Exporter| {
            deliver_session(&to(exporter), &entries, true, Duration::from_millis(500)).unwrap()
        };
        exporter.ca_certificate = Some(certificates.client.clone());
        let another = try_with(&exporter);
        assert!(!another.whole, "another authority: {another:?}");
        exporter.ca_certificate = Some(certificates.authority.clone());
        assert!(!try_with(&exporter).whole, "no certificate was shown");
        assert_eq!(collector.asked().len(), 0);
        exporter.client_certificate =
            Some((certificates.client.clone(), certificates.client_key.clone()));
        let sent = try_with(&exporter);
        assert!(sent.whole, "{protocol:?}: {sent:?}");
        let taken = collector.taken();
        assert_eq!(taken.len(), 3);
        assert!(taken.iter().all(|one| one.identified));
        check_logs(&logs(&taken), &place, &session);
    }
}

#[test]
fn a_collector_that_is_away_costs_nothing_and_gets_everything_when_it_returns() {
    for protocol in SPEECHES {
        let place = Place::new();
        let gone = Collector::start();
        let (port, endpoint) = (gone.port(), gone.endpoint());
        drop(gone);
        let telemetry = to(&exporter(&endpoint, protocol));
        let session = told(&place);
        let report = finish(&place, &session, telemetry.clone());
        assert!(
            !report.whole
                && report
                    .problem
                    .is_some_and(|text| text.contains("cannot be reached"))
        );
        let left: Vec<_> = pending(&spool(&place))
            .unwrap()
            .into_iter()
            .map(|one| one.session)
            .collect();
        assert_eq!(left, std::slice::from_ref(&session));

        let back = Collector::at(port);
        let sent = deliver_pending(&telemetry, place.dir(), &spool(&place), AGES).unwrap();
        assert!(sent.whole, "{sent:?}");
        check_logs(&logs(&back.taken()), &place, &session);
        check_spans(&spans(&back.taken()), &session);
        assert_eq!(pending(&spool(&place)).unwrap(), []);
    }
}

#[test]
fn the_next_session_takes_along_what_the_last_could_not_deliver() {
    let place = Place::new();
    let collector = Collector::start();
    collector.set(Mood::Refuses);
    let telemetry = to(&exporter(&collector.endpoint(), Protocol::HttpBinary));
    let first = told(&place);
    let report = finish(&place, &first, telemetry.clone());
    assert!(
        report
            .problem
            .is_some_and(|text| text.contains("401") && text.contains("headers"))
    );
    collector.set(Mood::Takes);
    let second = told(&place);
    assert!(finish(&place, &second, telemetry).whole);
    let logs = logs(&collector.taken());
    let told: Vec<_> = logs
        .iter()
        .map(|one| attribute(&one.attributes, "conversation.id"))
        .collect();
    assert_eq!(told.len(), 2 * ENTRIES);
    assert!(told.contains(&first.as_str().into()));
}

#[test]
fn a_collector_that_hangs_holds_up_an_end_once_and_for_a_bounded_time() {
    let place = Place::new();
    let collector = Collector::start();
    collector.set(Mood::Hangs);
    let telemetry = to(&exporter(&collector.endpoint(), Protocol::HttpBinary));
    let bounded = |session: &SessionId| {
        let live = Live::start(
            telemetry.clone(),
            place.dir().to_owned(),
            spool(&place),
            session.clone(),
        );
        let begun = Instant::now();
        let report = live.unwrap().finish(Duration::from_millis(600));
        assert!(!report.whole);
        // Far above what it takes, far below what would be for ever.
        assert!(
            begun.elapsed() < Duration::from_secs(9),
            "{:?}",
            begun.elapsed()
        );
        report.problem.unwrap()
    };
    let said = bounded(&told(&place));
    assert!(said.contains("did not answer in time"), "{said}");
    let asked = collector.asked().len();
    // The next end does not even try.
    let said = bounded(&told(&place));
    assert!(said.contains("a short while ago"), "{said}");
    assert_eq!(collector.asked().len(), asked);
    collector.set(Mood::Takes);
    let sent = deliver_pending(&telemetry, place.dir(), &spool(&place), AGES).unwrap();
    assert!(sent.whole, "{sent:?}");
    assert_eq!(logs(&collector.taken()).len(), 2 * ENTRIES);
}

#[test]
fn a_collector_that_asks_to_wait_is_waited_for_and_not_asked_meanwhile() {
    for (mood, protocol) in [
        (Mood::Unavailable(Some(1)), Protocol::HttpJson),
        (Mood::Unavailable(Some(1)), Protocol::Grpc),
        (Mood::Unavailable(None), Protocol::Grpc),
    ] {
        let place = Place::new();
        let session = told(&place);
        let collector = Collector::start();
        collector.set(mood.clone());
        let entries = entries(place.dir(), &session).unwrap();
        let telemetry = to(&exporter(&collector.endpoint(), protocol));
        let sent = std::thread::scope(|scope| {
            let sending = scope.spawn(|| deliver_session(&telemetry, &entries, true, AGES));
            while collector.asked().len() < 3 {
                std::thread::sleep(Duration::from_millis(5));
            }
            if matches!(mood, Mood::Unavailable(Some(_))) {
                std::thread::sleep(Duration::from_millis(400));
                assert_eq!(
                    collector.asked().len(),
                    3,
                    "it was asked to wait for a second"
                );
            }
            collector.set(Mood::Takes);
            sending.join().unwrap().unwrap()
        });
        assert!(sent.whole, "{sent:?}");
        assert_eq!(logs(&collector.taken()).len(), ENTRIES);
    }
}

#[test]
fn what_a_collector_would_not_have_is_counted_and_not_sent_again() {
    for protocol in SPEECHES {
        let place = Place::new();
        let session = told(&place);
        let collector = Collector::start();
        collector.set(Mood::TakesBut(5));
        let mut telemetry = to(&exporter(&collector.endpoint(), protocol));
        (telemetry.traces, telemetry.metrics) = (None, None);
        let report = finish(&place, &session, telemetry);
        assert!(report.whole);
        assert_eq!(report.rejected, 5);
        assert_eq!(
            report.problem.as_deref(),
            Some("the collector refused 5 logs: too old")
        );
        assert_eq!(pending(&spool(&place)).unwrap(), []);
        assert_eq!(collector.asked().len(), 1);
    }
}

#[test]
fn a_session_is_told_while_it_runs_and_each_entry_once() {
    let place = Place::new();
    let collector = Collector::start();
    let mut journal = place.running();
    let session = journal.session().clone();
    let telemetry = to(&exporter(&collector.endpoint(), Protocol::Grpc));
    let live = Live::start(
        telemetry,
        place.dir().to_owned(),
        spool(&place),
        session.clone(),
    )
    .unwrap();
    collector.wait_for(2);
    let early = logs(&collector.taken());
    assert_eq!(early.len(), 5);
    assert_eq!(spans(&collector.taken()), [], "nothing has ended");
    journal.append(&crate::ended()).unwrap();
    drop(journal);
    assert!(live.finish(AGES).whole);
    let told = logs(&collector.taken()).into_iter();
    let told: Vec<_> = told
        .map(|one| attribute(&one.attributes, "dam.seq"))
        .collect();
    // Where an answer comes too late, all of a batch is told again: on a busy
    // machine the first one may be here twice, and nothing besides.
    let told = told
        .strip_prefix(&told[..5])
        .filter(|again| again.len() > 5)
        .unwrap_or(&told);
    assert_eq!(told, (1..=6).map(Value::from).collect::<Vec<_>>());
    assert!((1..=2).contains(&spans(&collector.taken()).len()));
}

#[test]
fn what_a_killed_session_left_is_told_and_what_was_open_is_ended() {
    let place = Place::new();
    let collector = Collector::start();
    let telemetry = to(&exporter(&collector.endpoint(), Protocol::HttpBinary));
    let journal = place.running();
    let session = journal.session().clone();
    let live = Live::start(
        telemetry.clone(),
        place.dir().to_owned(),
        spool(&place),
        session,
    )
    .unwrap();
    collector.wait_for(2);
    // Gone without a word, as a killed process is.
    drop((journal, live));
    let until = Instant::now() + AGES;
    while spans(&collector.taken()).is_empty() && Instant::now() < until {
        // The lock goes with the thread.
        deliver_pending(&telemetry, place.dir(), &spool(&place), AGES).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let [span] = &spans(&collector.taken())[..] else {
        panic!("one span");
    };
    assert_eq!(attribute(&span.attributes, "error.type"), "interrupted");
    // What was sent when the end came, and not yet known to have arrived, is
    // sent again.
    let mut told: Vec<_> = logs(&collector.taken())
        .iter()
        .map(|log| format!("{log:?}"))
        .collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 5);
    assert_eq!(pending(&spool(&place)).unwrap(), []);
}

#[test]
fn many_records_go_in_batches_that_a_collector_takes() {
    let place = Place::new();
    let session = SessionId::generate().unwrap();
    let mut journal = Journal::create(place.dir(), &session).unwrap();
    journal.append(&crate::started()).unwrap();
    let notices: Vec<Event> = (0..1200)
        .map(|at| crate::notice(&format!("{at} {}", "x".repeat(5000))))
        .collect();
    journal.append_together(&notices[..3]).unwrap();
    for notices in notices[3..].chunks(3) {
        journal.append_together(notices).unwrap();
    }
    drop(journal);
    let collector = Collector::start();
    let mut telemetry = to(&exporter(&collector.endpoint(), Protocol::Grpc));
    telemetry.consent.content = true;
    let entries = entries(place.dir(), &session).unwrap();
    let sent = deliver_session(&telemetry, &entries, true, AGES).unwrap();
    assert!(sent.whole, "{sent:?}");
    let taken = collector.taken();
    assert!(taken.iter().all(|one| one.body.len() < 2 * 1024 * 1024));
    let told = logs(&taken).into_iter();
    let told: Vec<_> = told
        .map(|one| attribute(&one.attributes, "dam.seq"))
        .collect();
    assert_eq!(told, (1..=1201).map(Value::from).collect::<Vec<_>>());
}
