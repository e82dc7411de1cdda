//! `[otel]`: what is sent to a collector, and who may say so.

use dam_config::ExportProtocol;

use crate::world::World;

const FULL: &str = r#"
[otel]
environment = "staging"
event_prefix = "codex."
log_user_prompt = true
metrics_exporter = { otlp-grpc = { endpoint = "http://127.0.0.1:4317" } }

[otel.exporter.otlp-http]
endpoint = "https://collect.example.com/v1/logs"
protocol = "json"
headers = { "x-api-key" = "${COLLECTOR_KEY}", "x-team" = "letmein99" }
tls = { ca-certificate = "~/ca.pem", client-certificate = "/c.pem", client-private-key = "/k.pem" }
"#;

#[test]
fn nothing_is_sent_where_nothing_is_said() {
    assert_eq!(World::new().settings().telemetry, None);
    let world = World::new();
    world.user("[otel]\nenvironment = \"x\"\nexporter = \"none\"\nlog_user_prompt = true\n");
    assert_eq!(world.settings().telemetry, None);
}

#[test]
fn each_exporter_is_read_with_its_address_headers_and_certificates() {
    let world = World::new();
    world.user(FULL);
    let telemetry = world.settings().telemetry.expect("it is on");
    assert_eq!(telemetry.environment, "staging");
    assert_eq!(telemetry.event_prefix, "codex.");
    assert!(telemetry.log_user_prompt && !telemetry.log_content);
    assert_eq!(telemetry.traces, None);
    let logs = telemetry.logs.expect("an exporter");
    assert_eq!(logs.protocol, ExportProtocol::HttpJson);
    assert_eq!(logs.endpoint, "https://collect.example.com/v1/logs");
    assert_eq!(logs.headers["x-team"], "letmein99");
    assert_eq!(logs.variables().collect::<Vec<_>>(), ["COLLECTOR_KEY"]);
    assert_eq!(logs.ca_certificate, Some(world.path("me/ca.pem")));
    assert_eq!(logs.client_private_key, Some("/k.pem".into()));
    let metrics = telemetry.metrics.expect("an exporter");
    assert_eq!(metrics.protocol, ExportProtocol::Grpc);
}

#[test]
fn values_of_headers_are_not_shown_and_their_variables_not_handed_on() {
    let world = World::new();
    world.user(FULL);
    let settings = world.settings();
    let shown = format!("{:?} {settings:?}", settings.entries());
    assert!(shown.contains("x-team"), "{shown}");
    assert!(!shown.contains("letmein99"), "{shown}");
    let exclude = &settings.posture.profile.value.environment.exclude;
    assert!(exclude.contains(&"COLLECTOR_KEY".to_owned()), "{exclude:?}");
}

#[test]
fn a_project_may_not_set_where_telemetry_goes() {
    let world = World::new();
    world.trusting("");
    world.project("[otel]\nenvironment = \"x\"\n");
    let refusal = world.refusal();
    assert!(
        refusal.contains("a project may not set `otel`"),
        "{refusal}"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (exporter, said) in [
        (
            "\"statsig\"",
            "must be \"none\", or a table with `otlp-http` or `otlp-grpc`",
        ),
        (
            "{ otlp-file = { endpoint = \"http://h\" } }",
            "`otlp-file` is no exporter",
        ),
        (
            "{ otlp-http = { protocol = \"json\" } }",
            "has no `endpoint`",
        ),
        (
            "{ otlp-http = { endpoint = \"host:4318\" } }",
            "must be an address such as https://host:4318",
        ),
        (
            "{ otlp-http = { endpoint = \"http://u:letmein99@h\" } }",
            "put them into `headers`",
        ),
        (
            "{ otlp-http = { endpont = \"http://h\" } }",
            "did you mean `endpoint`?",
        ),
        (
            "{ otlp-grpc = { endpoint = \"http://h\", protocol = \"json\" } }",
            "`protocol` is not a key",
        ),
        (
            "{ otlp-grpc = { endpoint = \"http://h\", headers = { \"a b\" = \"letmein99\" } } }",
            "is not the name of a header",
        ),
        (
            "{ otlp-grpc = { endpoint = \"http://h\", headers = { a = \"${letmein 99}\" } } }",
            "names no environment variable",
        ),
        (
            "{ otlp-grpc = { endpoint = \"https://h\", tls = { client-certificate = \"/c\" } } }",
            "only make sense together",
        ),
        (
            "{ otlp-grpc = { endpoint = \"http://h\", tls = { ca-certificate = \"/c\" } } }",
            "begin the endpoint with https://",
        ),
        (
            "{ otlp-http = { endpoint = \"http://h\" }, otlp-grpc = { endpoint = \"http://h\" } }",
            "must have one of",
        ),
    ] {
        let refusal = World::refusal_of(&format!("[otel]\nexporter = {exporter}\n"));
        assert!(refusal.contains(said), "{exporter}: {refusal}");
        assert!(!refusal.contains("letmein99"), "{refusal}");
    }
    let refusal = World::refusal_of("[otel]\nevent_prefix = \"codex events\"\n");
    assert!(refusal.contains("letters, digits"), "{refusal}");
}
