//! Questions about hosts, on a real terminal and for a session of the agent.
//! The hosts do not exist: what is told apart is a refusal (403) and a host that
//! was let through and is not there (502).

use dam_testkit::environment::Environment;
use dam_testkit::{ScriptedServer, Turn};
use serde_json::{Value, json};

use super::{Outside, settings};
use crate::asking::{count, on_terminal};
use crate::everybody;

const CURL: &str = "curl -s -o /dev/null -w '%{http_code}\\n'";

/// What a script prints where each question is answered so.
fn answered(environment: &Environment, script: &str, keys: &'static str) -> (String, usize) {
    let shown = on_terminal(environment, "run", script, move |_, stdin| {
        std::io::Write::write_all(stdin, keys.as_bytes()).expect("typed");
    });
    let codes: Vec<&str> = shown
        .lines()
        .map(str::trim)
        .filter(|line| line.len() == 3 && line.parse::<u16>().is_ok())
        .collect();
    (codes.join(" "), count(&shown))
}

#[test]
fn an_unknown_host_asks_once_and_the_answer_has_its_scope() {
    for environment in everybody() {
        environment.write_config(&settings(&[], ""));
        let twice = format!("{CURL} http://other.example/; {CURL} http://other.example/\n");
        let after = format!("{twice}{CURL} http://more.example/\n");
        // Once is for the process; a session for all of it; so is a no.
        assert_eq!(
            answered(&environment, &twice, "y\n"),
            ("502 502".to_owned(), 2)
        );
        assert_eq!(
            answered(&environment, &twice, "s\n"),
            ("502 502".to_owned(), 1)
        );
        assert_eq!(
            answered(&environment, &after, "n\n"),
            ("403 403 403".to_owned(), 2)
        );
        // For the project and never: rules, which ask no more.
        assert_eq!(
            answered(&environment, &twice, "p\n"),
            ("502 502".to_owned(), 1)
        );
        assert_eq!(
            answered(&environment, &twice, ""),
            ("502 502".to_owned(), 0)
        );
        let more = format!("{CURL} http://more.example/\n");
        assert_eq!(
            answered(&environment, &more, "never\n"),
            ("403".to_owned(), 1)
        );
        assert_eq!(answered(&environment, &more, ""), ("403".to_owned(), 0));
        let rules = environment.dam(["policy", "rules"]).run().stdout;
        assert!(
            rules.contains("network_rule(other.example, port 80)"),
            "{rules}"
        );
        let log = environment.dam(["net", "log", "--json"]).run().stdout;
        let row: Value = serde_json::from_str(log.lines().next().expect("a row")).expect("JSON");
        assert_eq!(row["verdict"]["decision"], "deny", "{row}");
    }
}

#[test]
fn a_question_names_host_port_protocol_process_and_command() {
    let environment = crate::environment();
    environment.write_config(&settings(&[], ""));
    let script = format!("{CURL} http://other.example:8080/path");
    let shown = on_terminal(&environment, "run", &script, |_, stdin| {
        std::io::Write::write_all(stdin, b"n\n").expect("typed");
    });
    for part in [
        "other.example:8080 by http",
        "tried by curl -s ",
        "(process ",
        "no rule allows",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn an_answer_from_another_terminal_counts_in_a_session_that_runs() {
    let environment = crate::environment();
    environment.write_config(&settings(&[], ""));
    let script = format!(
        "{CURL} http://other.example/; touch asked; until [ -e go ]; do sleep 0.05; done; {CURL} http://other.example/"
    );
    let mut child = environment
        .dam(["run", "--", "sh", "-c", &script])
        .into_command()
        .stdout(std::process::Stdio::piped())
        .stdin(std::process::Stdio::null())
        .spawn()
        .expect("a run");
    while !environment.work().join("asked").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let allow = ["net", "allow", "other.example:80", "--for", "session"];
    assert!(environment.dam(allow).run().success());
    environment.write("go", "");
    let mut said = String::new();
    let mut stdout = child.stdout.take().expect("its output");
    std::io::Read::read_to_string(&mut stdout, &mut said).expect("text");
    child.wait().expect("an end");
    assert_eq!(said, "403\n502\n");
}

#[test]
fn commands_of_the_agent_have_the_same_way_out() {
    let environment = crate::environment();
    environment.init_repository();
    let outside = Outside::new(&environment);
    let good = format!("127.0.0.1:{}", outside.ports()["good"]);
    let command = |script: String| Turn::function_call("exec_command", json!({ "cmd": script }));
    let server = ScriptedServer::start(vec![
        command(format!(
            "curl -sS http://{good}/agent; {CURL} http://other.example/"
        )),
        command("echo again".to_owned()),
        Turn::message("Done."),
    ]);
    let model = format!(
        "model = \"scripted\"\nmodel_provider = \"local\"\n{}[model_providers.local]\nname = \"Local\"\nbase_url = \"{}\"\n",
        settings(std::slice::from_ref(&good), ""),
        server.base_url()
    );
    environment.write_config(&model);
    let outcome = environment.dam(["exec", "look"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    let told = server
        .bodies()
        .iter()
        .map(ToString::to_string)
        .collect::<String>();
    assert!(told.contains("ok403"), "{told}");
    assert!(outside.seen().contains("GET /agent"));
    let log = environment
        .dam(["log", "show", "latest", "--json"])
        .run()
        .stdout;
    let rows: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |kind: &str| {
        rows.iter()
            .filter(|row| row["event"]["kind"] == kind || row["kind"] == kind)
            .count()
    };
    assert_eq!(
        (of("network_decision"), of("network_finished")),
        (2, 1),
        "{log}"
    );
    // What came in is text of strangers.
    assert!(log.contains("untrusted_taken_in"), "{log}");
    assert!(environment.dam(["log", "verify"]).run().success());
}
