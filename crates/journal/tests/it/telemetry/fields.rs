//! What arrived, read field by field.

use dam_journal::SessionId;
use dam_testkit::otlp::opentelemetry_proto::tonic::common::v1::{
    KeyValue, any_value::Value as Any,
};
use dam_testkit::otlp::opentelemetry_proto::tonic::logs::v1::LogRecord;
use dam_testkit::otlp::opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use dam_testkit::otlp::opentelemetry_proto::tonic::trace::v1::Span;
use dam_testkit::otlp::{Taken, Told};
use serde_json::{Value, json};

use super::ENTRIES;
use crate::Place;

pub fn logs(taken: &[Taken]) -> Vec<LogRecord> {
    let requests = taken.iter().filter_map(|one| match &one.told {
        Told::Logs(request) => Some(request),
        _ => None,
    });
    requests
        .flat_map(|request| &request.resource_logs)
        .flat_map(|resource| &resource.scope_logs)
        .flat_map(|scope| scope.log_records.clone())
        .collect()
}

pub fn spans(taken: &[Taken]) -> Vec<Span> {
    let requests = taken.iter().filter_map(|one| match &one.told {
        Told::Traces(request) => Some(request),
        _ => None,
    });
    requests
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| scope.spans.clone())
        .collect()
}

pub fn metrics(taken: &[Taken]) -> Vec<Metric> {
    let requests = taken.iter().filter_map(|one| match &one.told {
        Told::Metrics(request) => Some(request),
        _ => None,
    });
    requests
        .flat_map(|request| &request.resource_metrics)
        .flat_map(|resource| &resource.scope_metrics)
        .flat_map(|scope| scope.metrics.clone())
        .collect()
}

/// An attribute, as JSON.
pub fn attribute(attributes: &[KeyValue], name: &str) -> Value {
    let found = attributes.iter().find(|one| one.key == name);
    match found.and_then(|one| one.value.clone()?.value) {
        Some(Any::StringValue(text)) => text.into(),
        Some(Any::IntValue(number)) => number.into(),
        Some(Any::BoolValue(value)) => value.into(),
        Some(Any::DoubleValue(number)) => number.into(),
        other => {
            assert!(other.is_none(), "{name}: {other:?}");
            Value::Null
        }
    }
}

fn assert_attributes(attributes: &[KeyValue], expected: &[(&str, Value)]) {
    for (name, value) in expected {
        assert_eq!(attribute(attributes, name), *value, "{name}");
    }
    let mut names: Vec<_> = attributes.iter().map(|one| &one.key).collect();
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "an attribute is there twice");
}

pub fn check_resource(taken: &[Taken], session: &SessionId) {
    let Told::Logs(request) = &taken
        .iter()
        .find(|one| matches!(one.told, Told::Logs(_)))
        .unwrap()
        .told
    else {
        panic!("no logs");
    };
    let resource = request.resource_logs[0].resource.clone().unwrap();
    assert_attributes(
        &resource.attributes,
        &[
            ("service.name", "codex_exec".into()),
            ("service.version", "1.2.3".into()),
            ("service.instance.id", session.as_str().into()),
            ("deployment.environment.name", "test".into()),
            ("env", "test".into()),
        ],
    );
    let scope = request.resource_logs[0].scope_logs[0]
        .scope
        .clone()
        .unwrap();
    assert_eq!(
        (scope.name.as_str(), scope.version.as_str()),
        ("cofferdam", "1.2.3")
    );
}

pub fn check_logs(logs: &[LogRecord], place: &Place, session: &SessionId) {
    assert_eq!(logs.len(), ENTRIES);
    let entries = dam_journal::read(place.dir(), session).unwrap();
    for (record, entry) in logs.iter().zip(&entries) {
        let time = u64::try_from(entry.time.as_nanosecond()).unwrap();
        assert_eq!(
            (record.time_unix_nano, record.observed_time_unix_nano),
            (time, time)
        );
        assert_eq!((record.trace_id.len(), record.span_id.len()), (16, 8));
        assert_eq!(record.trace_id, logs[0].trace_id);
        let body = record.body.clone().unwrap().value;
        assert_eq!(body, Some(Any::StringValue(record.event_name.clone())));
        assert_attributes(
            &record.attributes,
            &[
                ("event.name", record.event_name.as_str().into()),
                ("event.timestamp", entry.time.to_string().into()),
                ("conversation.id", session.as_str().into()),
                ("app.version", "1.2.3".into()),
                ("originator", "codex_exec".into()),
                ("model", "m-1".into()),
                ("slug", "m-1".into()),
                ("dam.seq", entry.seq.into()),
            ],
        );
    }
    check_events(logs);
}

fn check_events(logs: &[LogRecord]) {
    let of = |name: &str| {
        logs.iter()
            .find(|one| one.event_name == format!("codex.{name}"))
            .unwrap()
    };
    assert_attributes(
        &of("conversation_starts").attributes,
        &[
            ("provider_name", "acme".into()),
            ("approval_policy", "on-request".into()),
            ("sandbox_policy", ":workspace".into()),
            ("dam.front", "exec".into()),
        ],
    );
    assert_attributes(
        &of("user_prompt").attributes,
        &[
            (
                "prompt_length",
                json!("a zebra with password=[masked:password]".len()),
            ),
            ("prompt", "[REDACTED]".into()),
        ],
    );
    let decision = of("tool_decision");
    assert_eq!(
        (decision.severity_number, decision.severity_text.as_str()),
        (9, "INFO")
    );
    assert_attributes(
        &decision.attributes,
        &[
            ("tool_name", "command".into()),
            ("call_id", "call-1".into()),
            ("decision", "approved".into()),
            ("source", "User".into()),
            ("dam.decision.source", "user".into()),
            ("dam.decision.verdict", "ask".into()),
            ("dam.decision.containment", "boxed".into()),
            ("dam.decision.rule", "command.untrusted".into()),
            ("dam.decision.layer", "user".into()),
        ],
    );
    assert_attributes(
        &of("tool_result").attributes,
        &[
            ("tool_name", "exec_command".into()),
            ("success", false.into()),
            ("duration_ms", 50.into()),
            ("output_truncated", false.into()),
        ],
    );
    assert_attributes(
        &of("sse_event").attributes,
        &[
            ("event.kind", "response.completed".into()),
            ("input_token_count", 100.into()),
            ("output_token_count", 20.into()),
            ("cached_token_count", 60.into()),
            ("reasoning_token_count", 5.into()),
            ("duration_ms", 700.into()),
        ],
    );
    let denial = of("sandbox_denial");
    assert_eq!(
        (denial.severity_number, denial.severity_text.as_str()),
        (13, "WARN")
    );
    assert_attributes(
        &denial.attributes,
        &[
            ("dam.denial.what", "openat".into()),
            ("dam.denial.rule", "files.deny".into()),
            ("process.pid", 7.into()),
            ("call_id", "c1".into()),
        ],
    );
    assert_attributes(
        &of("command_finished").attributes,
        &[("success", false.into()), ("process.exit.code", 2.into())],
    );
    assert_eq!(of("error").severity_number, 17);
    assert_eq!(
        attribute(&of("conversation_ends").attributes, "dam.outcome"),
        "completed"
    );
    // What this version has no name for is told by nothing but that it was.
    assert_eq!(
        of("unknown").attributes.len(),
        of("notice").attributes.len()
    );
}

pub fn check_spans(spans: &[Span], session: &SessionId) {
    let of = |name: &str| {
        let found = spans.iter().find(|one| one.name == name);
        found.unwrap_or_else(|| panic!("no {name}: {spans:?}"))
    };
    assert_eq!(spans.len(), 6, "{spans:?}");
    let (root, turn) = (of("session exec"), of("invoke_agent cofferdam"));
    assert_eq!((root.parent_span_id.len(), root.kind), (0, 1));
    assert_eq!(turn.parent_span_id, root.span_id);
    for child in [
        "chat m-1",
        "execute_tool command",
        "execute_tool read",
        "hook pre_tool_use",
    ] {
        let child = of(child);
        assert_eq!(child.parent_span_id, turn.span_id, "{}", child.name);
        assert_eq!(child.trace_id, root.trace_id);
        assert!(child.start_time_unix_nano >= turn.start_time_unix_nano);
        assert!(child.end_time_unix_nano >= child.start_time_unix_nano);
        assert_eq!(
            attribute(&child.attributes, "gen_ai.conversation.id"),
            session.as_str()
        );
    }
    assert_attributes(
        &turn.attributes,
        &[
            ("gen_ai.operation.name", "invoke_agent".into()),
            ("gen_ai.agent.name", "cofferdam".into()),
            ("gen_ai.provider.name", "acme".into()),
            ("gen_ai.request.model", "m-1".into()),
            ("gen_ai.usage.input_tokens", 100.into()),
            ("gen_ai.usage.output_tokens", 20.into()),
        ],
    );
    let chat = of("chat m-1");
    assert_eq!(chat.kind, 3);
    assert_attributes(
        &chat.attributes,
        &[
            ("gen_ai.operation.name", "chat".into()),
            ("gen_ai.provider.name", "acme".into()),
            ("gen_ai.request.model", "m-1".into()),
            ("gen_ai.usage.input_tokens", 100.into()),
            ("gen_ai.usage.output_tokens", 20.into()),
        ],
    );
    let tool = of("execute_tool command");
    assert_attributes(
        &tool.attributes,
        &[
            ("gen_ai.operation.name", "execute_tool".into()),
            ("gen_ai.tool.name", "command".into()),
            ("gen_ai.tool.call.id", "c1".into()),
            ("process.exit.code", 2.into()),
            ("error.type", "exit".into()),
        ],
    );
    assert_eq!(tool.status.clone().unwrap().code, 2);
    assert_eq!(tool.events.len(), 1);
    assert_eq!(tool.events[0].name, "codex.sandbox_denial");
    assert!(root.status.is_none() && turn.status.is_none());
    let told: Vec<_> = turn.events.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(told[..2], ["codex.tool_decision", "codex.network_decision"]);
}

pub fn check_metrics(metrics: &[Metric]) {
    let of = |name: &str| {
        let found = metrics
            .iter()
            .find(|one| one.name == format!("codex.{name}"));
        found
            .unwrap_or_else(|| panic!("no {name}"))
            .data
            .clone()
            .unwrap()
    };
    let Data::Sum(sum) = of("decision") else {
        panic!("no sum");
    };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (1, true));
    assert_eq!(sum.data_points.len(), 2);
    for point in &sum.data_points {
        assert!(
            point.start_time_unix_nano > 0 && point.time_unix_nano >= point.start_time_unix_nano
        );
        assert_eq!(format!("{:?}", point.value), "Some(AsInt(1))");
    }
    let point = sum
        .data_points
        .iter()
        .find(|one| attribute(&one.attributes, "kind") == "command");
    assert_attributes(
        &point.unwrap().attributes,
        &[
            ("decision", "approved".into()),
            ("rule", "command.untrusted".into()),
            ("source", "user".into()),
        ],
    );
    let Data::Histogram(histogram) = of("turn.token_usage") else {
        panic!("no histogram");
    };
    assert_eq!(histogram.aggregation_temporality, 1);
    let tokens: Vec<(Value, Option<f64>)> = histogram
        .data_points
        .iter()
        .map(|one| (attribute(&one.attributes, "token_type"), one.sum))
        .collect();
    let expected = [
        ("cached_input", 60.),
        ("input", 100.),
        ("output", 20.),
        ("reasoning_output", 5.),
        ("total", 120.),
    ];
    assert_eq!(tokens, expected.map(|(kind, sum)| (kind.into(), Some(sum))));
    for point in &histogram.data_points {
        assert_eq!(
            (point.count, point.min, point.max),
            (1, point.sum, point.sum)
        );
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), 1);
        let bucket = point
            .bucket_counts
            .iter()
            .position(|count| *count == 1)
            .unwrap();
        assert!(point.explicit_bounds[bucket] >= point.sum.unwrap());
        assert!(point.explicit_bounds[bucket - 1] < point.sum.unwrap());
    }
    for name in [
        "thread.started",
        "conversation.turn.count",
        "sandbox.denial",
        "command",
        "tool.call",
        "tool.call.duration_ms",
        "command.duration_ms",
        "api_request",
        "api_request.duration_ms",
        "file.changed",
        "error",
    ] {
        of(name);
    }
}
