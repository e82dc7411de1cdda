//! Telemetry of the real program, told to a real collector, and the record for
//! other programs.

use std::collections::BTreeSet;
use std::fs;

use dam_testkit::environment::Environment;
use dam_testkit::otlp::opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use dam_testkit::otlp::{Certificates, Collector, Mood, Taken, Told};
use dam_testkit::{ScriptedServer, Turn};
use serde_json::{Value, json};

use crate::environment;
use crate::exec::{repository, use_server};

/// Settings that send everything to a collector.
fn otel(exporter: &str) -> String {
    format!(
        "[otel]\nexporter = {exporter}\ntrace_exporter = {exporter}\nmetrics_exporter = {exporter}\n"
    )
}

fn in_the_clear(collector: &Collector) -> String {
    otel(&format!(
        "{{ otlp-http = {{ endpoint = \"{}\" }} }}",
        collector.endpoint()
    ))
}

/// The names of what was told.
fn names(taken: &[Taken]) -> BTreeSet<String> {
    taken.iter().flat_map(|one| named(&one.told)).collect()
}

fn named(told: &Told) -> Vec<String> {
    match told {
        Told::Logs(request) => {
            let scopes = request.resource_logs.iter().flat_map(|one| &one.scope_logs);
            scopes
                .flat_map(|one| &one.log_records)
                .map(|one| one.event_name.clone())
                .collect()
        }
        Told::Traces(request) => {
            let scopes = request
                .resource_spans
                .iter()
                .flat_map(|one| &one.scope_spans);
            scopes
                .flat_map(|one| &one.spans)
                .map(|one| one.name.clone())
                .collect()
        }
        Told::Metrics(request) => {
            let scopes = request
                .resource_metrics
                .iter()
                .flat_map(|one| &one.scope_metrics);
            scopes
                .flat_map(|one| &one.metrics)
                .map(|one| one.name.clone())
                .collect()
        }
    }
}

fn spool(environment: &Environment) -> Vec<String> {
    let dir = environment.state().join("telemetry");
    let names = fs::read_dir(dir).into_iter().flatten();
    names
        .map(|name| {
            name.expect("a name")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

#[test]
fn a_boxed_command_is_told_and_nothing_of_its_words() {
    for front in ["run", "sandbox"] {
        let environment = environment();
        let collector = Collector::start();
        environment.write_config(&in_the_clear(&collector));
        let outcome = environment
            .dam([front, "--", "sh", "-c", "echo zebra > out; exit 3"])
            .run();
        assert_eq!(outcome.code, Some(3), "{}", outcome.page());
        assert!(!outcome.stderr.contains("telemetry"), "{}", outcome.stderr);
        let taken = collector.taken();
        let told = names(&taken);
        for name in [
            "cofferdam.conversation_starts",
            "cofferdam.tool_decision",
            "cofferdam.command_started",
            "cofferdam.command_finished",
            "cofferdam.conversation_ends",
            "cofferdam.command.duration_ms",
            "cofferdam.thread.started",
            "execute_tool command",
            &format!("session {front}"),
        ] {
            assert!(told.contains(name), "{name}: {told:?}");
        }
        for one in &taken {
            let zebra = one.body.windows(5).any(|part| part == b"zebra");
            assert!(!zebra, "{}", one.path);
        }
        assert_eq!(spool(&environment), Vec::<String>::new());
    }
}

#[test]
fn an_agents_session_is_told_over_tls_with_keys_from_the_environment() {
    let environment = repository();
    let certificates = Certificates::make(&environment.home());
    let collector = Collector::with_tls(&certificates);
    let server = ScriptedServer::start(vec![
        Turn::function_call("exec_command", json!({"cmd": "echo zebra"})).usage(10, 5),
        Turn::message("Done.").usage(20, 7),
    ]);
    use_server(&environment, &server);
    let config = fs::read_to_string(environment.config().join("config.toml")).expect("settings");
    let exporter = format!(
        "{{ otlp-grpc = {{ endpoint = \"{}\", headers = {{ x-key = \"k ${{COLLECTOR_KEY}}\" }}, \
         tls = {{ ca-certificate = \"~/authority.pem\", client-certificate = \"~/client.pem\", client-private-key = \"~/client-key.pem\" }} }} }}",
        collector.endpoint()
    );
    environment.write_config(&format!(
        "{config}{}log_user_prompt = true\n",
        otel(&exporter)
    ));
    let without = environment.dam(["exec", "find the zebra"]).run();
    assert_eq!(without.code, Some(3), "{}", without.page());
    assert!(
        without.stderr.contains("`COLLECTOR_KEY`, which is not set"),
        "{}",
        without.stderr
    );
    let outcome = environment
        .dam(["exec", "--full-auto", "find the zebra; password=letmein99"])
        .env("COLLECTOR_KEY", "sesame")
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    let taken = collector.taken();
    assert!(
        taken
            .iter()
            .all(|one| one.identified && one.headers["x-key"] == "k sesame")
    );
    let told = names(&taken);
    for name in [
        "cofferdam.user_prompt",
        "cofferdam.api_request",
        "cofferdam.sse_event",
        "cofferdam.turn.token_usage",
        "invoke_agent cofferdam",
        "chat scripted",
        "execute_tool command",
    ] {
        assert!(told.contains(name), "{name}: {told:?}");
    }
    let all: Vec<u8> = taken.iter().flat_map(|one| one.body.clone()).collect();
    let count = |text: &str| {
        all.windows(text.len())
            .filter(|part| *part == text.as_bytes())
            .count()
    };
    assert_eq!(
        count("find the zebra; password=[masked:password]"),
        1,
        "the prompt, once, masked"
    );
    assert_eq!(
        count("zebra"),
        1,
        "the prompt was asked for, arguments were not"
    );
    assert_eq!(count("letmein99"), 0);
}

#[test]
fn off_means_off() {
    let environment = environment();
    let threads = |environment: &Environment| {
        let outcome = environment
            .dam([
                "sandbox",
                "-s",
                "danger-full-access",
                "--",
                "sh",
                "-c",
                "sleep 0.2; ls /proc/$PPID/task | wc -l",
            ])
            .run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.page());
        outcome.stdout.trim().parse::<u32>().expect("a number")
    };
    assert_eq!(threads(&environment), 1);
    assert!(!environment.state().join("telemetry").exists());
    environment.write_config("[otel]\nexporter = \"none\"\nlog_user_prompt = true\n");
    assert_eq!(threads(&environment), 1);
    assert!(!environment.state().join("telemetry").exists());
    // The same question, where there is something to see.
    let collector = Collector::start();
    environment.write_config(&in_the_clear(&collector));
    assert!(threads(&environment) > 1);
}

#[test]
fn a_dead_collector_costs_one_line_and_what_it_missed_is_sent_later() {
    let environment = environment();
    let gone = Collector::start();
    let (port, config) = (gone.port(), in_the_clear(&gone));
    drop(gone);
    environment.write_config(&config);
    let outcome = environment
        .dam(["sandbox", "--", "sh", "-c", "echo said; exit 3"])
        .run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(3), "said\n"));
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("telemetry: not delivered"),
        "{}",
        outcome.stderr
    );
    assert_eq!(spool(&environment).len(), 1);
    let still = environment.dam(["log", "export", "--pending", "-h"]).run();
    assert_eq!(still.code, Some(0));

    let back = Collector::at(port);
    let outcome = environment.dam(["log", "export", "--pending"]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    assert!(
        outcome.stderr.contains("were delivered"),
        "{}",
        outcome.stderr
    );
    assert!(names(&back.taken()).contains("cofferdam.conversation_ends"));
    assert_eq!(spool(&environment), Vec::<String>::new());
}

#[test]
fn a_hanging_collector_does_not_change_what_a_command_is() {
    let environment = environment();
    let collector = Collector::start();
    collector.set(Mood::Hangs);
    environment.write_config(&in_the_clear(&collector));
    let outcome = environment
        .dam(["sandbox", "--", "sh", "-c", "echo said; exit 3"])
        .run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(3), "said\n"));
    assert!(
        outcome.stderr.contains("did not answer in time"),
        "{}",
        outcome.stderr
    );
    let verified = environment.dam(["log", "verify"]).run();
    assert_eq!(verified.code, Some(0), "{}", verified.page());
}

#[test]
fn the_record_is_exported_in_each_format() {
    let environment = environment();
    let outcome = environment
        .dam(["sandbox", "--", "sh", "-c", "echo 'a=b|c' zebra"])
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    let lines = |words: &[&str]| {
        let outcome = environment.dam([&["log", "export"], words].concat()).run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.page());
        let text = String::from_utf8(outcome.raw_stdout).expect("text");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let shown = environment.dam(["log", "show", "latest", "--json"]).run();
    assert_eq!(
        lines(&[]).join("\n"),
        String::from_utf8_lossy(&shown.raw_stdout).trim_end()
    );

    let cef = lines(&["--format", "cef"]);
    assert_eq!(cef.len(), 5);
    let start = format!("CEF:0|Cofferdam|dam|{}|", env!("CARGO_PKG_VERSION"));
    assert!(cef.iter().all(|line| line.starts_with(&start)), "{cef:?}");
    assert!(!cef.join("\n").contains("zebra"), "{cef:?}");
    let cef = lines(&["--format", "cef", "--content"]).join("\n");
    assert!(cef.contains(r"echo 'a\=b|c' zebra"), "{cef}");

    let otlp = lines(&["--format", "otlp", "--to", "-"]);
    assert!(!otlp.concat().contains("zebra"));
    let keys: Vec<String> = otlp
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|line| {
            line.as_object()
                .expect("an object")
                .keys()
                .cloned()
                .collect()
        })
        .collect();
    assert_eq!(keys, ["resourceLogs", "resourceSpans", "resourceMetrics"]);
    for (since, count) in [("1h", 5), ("2099-01-01", 0)] {
        assert_eq!(lines(&["--since", since]).len(), count);
    }
    assert_eq!(lines(&["latest"]).len(), 5);
}

#[test]
fn the_record_is_sent_where_the_command_line_says() {
    let environment = environment();
    let outcome = environment.dam(["sandbox", "--", "true"]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    for protocol in ["binary", "json", "grpc"] {
        let collector = Collector::start();
        let elsewhere = "{ otlp-http = { endpoint = \"http://127.0.0.1:9\", headers = { x-key = \"sesame\" } } }";
        environment.write_config(&otel(elsewhere));
        let outcome = environment
            .dam([
                "log",
                "export",
                "--format",
                "otlp",
                "--protocol",
                protocol,
                "--to",
                &collector.endpoint(),
            ])
            .run();
        assert_eq!(outcome.code, Some(0), "{protocol}: {}", outcome.page());
        let taken = collector.taken();
        assert_eq!(taken.len(), 3, "{protocol}");
        // Keys are for the collector of the settings.
        assert!(taken.iter().all(|one| !one.headers.contains_key("x-key")));
        let Told::Logs(logs) = &taken[0].told else {
            continue;
        };
        let resource = logs.resource_logs[0].resource.clone().expect("a resource");
        let service = resource
            .attributes
            .iter()
            .find(|one| one.key == "service.name");
        let service = service.and_then(|one| one.value.clone()?.value);
        assert_eq!(
            service,
            Some(Any::StringValue("cofferdam_sandbox".to_owned()))
        );
    }
    environment.write_config("");
    for (words, said) in [
        (
            &["--format", "cef", "--to", "http://localhost:1"][..],
            "only `--format otlp` can be sent",
        ),
        (&["--format", "otlp"], "[otel] names no exporter"),
        (&["--pending"], "[otel] names no exporter"),
        (
            &["--format", "otlp", "--to", "localhost"],
            "is not the address of a collector",
        ),
        (&["--since", "yesterday"], "write a time as"),
    ] {
        let outcome = environment.dam([&["log", "export"], words].concat()).run();
        assert_ne!(outcome.code, Some(0), "{words:?}");
        assert!(
            outcome.stderr.contains(said),
            "{words:?}: {}",
            outcome.stderr
        );
    }
}

/// Sessions in which several things stand out.
fn eventful() -> Environment {
    let environment = environment();
    environment.write("work/.git", "");
    for script in [
        "echo x > .envrc; cat ~/.ssh/id_rsa",
        "echo ghp_0123456789abcdefghijABCDEFGHIJ012345",
    ] {
        environment
            .dam(["sandbox", "-s", "workspace-write", "--", "sh", "-c", script])
            .run();
    }
    environment
}

#[test]
fn what_stands_out_is_ranked_with_its_entries() {
    let environment = eventful();
    let outcome = environment.dam(["log", "triage", "--json"]).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    let rows: Vec<Value> = serde_json::from_slice(&outcome.raw_stdout).expect("JSON");
    let signs: Vec<&str> = rows.iter().filter_map(|row| row["sign"].as_str()).collect();
    assert_eq!(
        signs,
        ["secret-seen", "credential-probing", "escape-tried"],
        "{rows:#?}"
    );
    assert_eq!(rows[0]["about"], "github-token");
    assert!(
        rows[0]["advice"]
            .as_str()
            .is_some_and(|text| text.contains("revoke it in GitHub"))
    );
    let scores: Vec<u64> = rows
        .iter()
        .filter_map(|row| row["score"].as_u64())
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    // Each entry that is named is there.
    for proof in rows
        .iter()
        .flat_map(|row| row["evidence"].as_array().expect("evidence"))
    {
        let (session, seq) = proof["entry"]
            .as_str()
            .and_then(|entry| entry.split_once(':'))
            .expect("an entry");
        let shown = environment.dam(["log", "show", session, "--json"]).run();
        assert!(shown.stdout.contains(&format!("\"seq\":{seq},")), "{proof}");
    }
    let page = environment.dam(["log", "triage"]).run().stdout;
    assert!(page.contains("secret-seen  github-token"), "{page}");
    let late = environment
        .dam(["log", "triage", "--since", "2099-01-01"])
        .run();
    assert_eq!(late.page(), "exit 0\n-- stderr\nnothing stands out\n");
}

#[test]
fn a_damaged_journal_stands_out_first() {
    let environment = eventful();
    let dir = environment.state().join("journal");
    let journals = fs::read_dir(dir)
        .expect("journals")
        .map(|one| one.expect("one").path());
    let journal = journals
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .min();
    let journal = journal.expect("a journal");
    let text = fs::read_to_string(&journal).expect("text");
    fs::write(&journal, text.replace("sandbox", "sandbux")).expect("a change");
    let outcome = environment.dam(["log", "triage", "--json"]).run();
    let rows: Vec<Value> = serde_json::from_slice(&outcome.raw_stdout).expect("JSON");
    assert_eq!(rows[0]["sign"], "damaged-journal", "{rows:#?}");
}

#[test]
fn a_summary_is_asked_for_with_marked_and_masked_evidence_and_is_in_the_journal() {
    let environment = eventful();
    let server = ScriptedServer::start(vec![
        Turn::message("Revoke the token\u{1b}[2J first. password=letmein99").usage(50, 9),
    ]);
    use_server(&environment, &server);
    let outcome = environment
        .dam(["log", "triage", "--summarise", "-m", "small"])
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    assert!(
        outcome.stdout.contains("what small says of it"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .contains("Revoke the token<ESC[2J> first. password=[masked:password]")
    );
    let [body] = &server.bodies()[..] else {
        panic!("one request");
    };
    assert_eq!(body["model"], "small");
    assert_eq!(body["tools"], json!([]));
    let sent = body["input"].to_string();
    assert!(sent.contains("BEGIN UNTRUSTED EVIDENCE ") && sent.contains("credential-probing"));
    assert!(!sent.contains("ghp_"), "{sent}");
    let shown = environment.dam(["log", "show", "latest"]).run().stdout;
    assert!(
        shown.contains("started: triage") && shown.contains("50 tokens in, 9 out"),
        "{shown}"
    );
    // Without a model there is no summary, and that is said.
    environment.write_config("");
    let outcome = environment.dam(["log", "triage", "--summarise"]).run();
    assert!(
        outcome.stderr.contains("no model is chosen"),
        "{}",
        outcome.page()
    );
}
