//! `dam net`, and what a person and a program are told.

use serde_json::Value;

use super::{Outside, settings};
use crate::{environment, everybody};

const RULES: &str = "[permissions.mine.network.requests.\"api.example.com\"]\n\
    methods = [\"GET\"]\npath_prefixes = [\"/v1\"]\n";

#[test]
fn a_request_is_judged_before_anybody_makes_it() {
    let environment = environment();
    let hosts = ["**.example.com".to_owned(), "127.0.0.1:8080".to_owned()];
    environment.write_config(&settings(&hosts, RULES));
    let judged = |words: &[&str]| {
        let outcome = environment.dam(["net", "check"].iter().chain(words)).run();
        (outcome.code, outcome.stdout)
    };
    for (words, code) in [
        (&["https://www.example.com/"][..], 0),
        (&["https://api.example.com/v1/x"], 0),
        (&["https://api.example.com/v2"], 6),
        (&["https://api.example.com/v1", "--method", "POST"], 6),
        (&["http://127.0.0.1:8080/"], 0),
        (&["http://127.0.0.1:8081/"], 6),
        (&["http://0x7f000001/"], 6),
        (&["other.example"], 7),
        (&["other.example", "-a", "never"], 6),
        (&["ftp://other.example/"], 2),
    ] {
        assert_eq!(
            judged(words).0,
            Some(code),
            "{words:?}: {}",
            judged(words).1
        );
    }
    let (_, text) = judged(&["https://api.example.com/v2", "--json"]);
    let verdict: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(verdict["rule"], "network.request");
}

#[test]
fn an_answer_beforehand_is_a_rule_until_a_day() {
    for environment in everybody() {
        environment.write_config(&settings(&[], ""));
        let check = |url: &str| environment.dam(["net", "check", url]).run().code;
        assert_eq!(check("http://other.example:8080/"), Some(7));
        let allow = |words: &[&str]| environment.dam(["net", "allow"].iter().chain(words)).run();
        let outcome = allow(&[
            "other.example:8080",
            "--for",
            "project",
            "--until",
            "2099-01-31",
        ]);
        assert!(outcome.success(), "{}", outcome.page());
        let rule = "network_rule(host = \"other.example\", decision = \"allow\", port = 8080, expires = \"2099-01-31\")";
        assert!(outcome.stdout.contains(rule), "{}", outcome.page());
        assert_eq!(check("http://other.example:8080/"), Some(0));
        assert_eq!(check("http://other.example/"), Some(7));
        let listed = environment.dam(["policy", "rules"]).run().stdout;
        let id = listed
            .split_whitespace()
            .next()
            .expect("an identifier")
            .to_owned();
        assert!(
            environment.dam(["policy", "forget", &id]).run().success(),
            "{listed}"
        );
        assert_eq!(check("http://other.example:8080/"), Some(7));
        for words in [
            &["127.0.0.1:80", "--for", "project"][..],
            &["*.example.com", "--for", "project"],
            &["x.example", "--for", "session", "--until", "2099-01-31"],
        ] {
            assert_eq!(allow(words).code, Some(2), "{words:?}");
        }
    }
}

#[test]
fn a_refusal_is_told_to_programs_and_to_people_and_is_on_record() {
    for environment in everybody() {
        let outside = Outside::new(&environment);
        let good = format!("127.0.0.1:{}", outside.ports()["good"]);
        environment.write_config(&settings(std::slice::from_ref(&good), ""));
        let script = format!(
            "curl -sS http://{good}/hello; echo; curl -s -o refused -w '%{{http_code}}' http://other.example/; echo; cat refused"
        );
        let outcome = environment.dam(["run", "--", "sh", "-c", &script]).run();
        let lines: Vec<&str> = outcome.stdout.lines().collect();
        assert_eq!(lines[..2], ["ok", "403"], "{}", outcome.page());
        let told: Value = serde_json::from_str(lines[2]).expect("JSON");
        assert_eq!(told["error"]["code"], "network.unlisted");
        assert!(
            outcome
                .stderr
                .contains("1 wish for the network was refused"),
            "{}",
            outcome.page()
        );
        let listed = environment.dam(["net", "log", "--json"]).run();
        let rows: Vec<Value> = listed
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let [allowed, refused] = rows.as_slice() else {
            panic!("{}", listed.page());
        };
        assert_eq!(
            (&allowed["allowed"], &allowed["new_host"]),
            (&true.into(), &true.into())
        );
        assert!(
            allowed["end"]["bytes_out"]
                .as_u64()
                .is_some_and(|sent| sent > 0),
            "{allowed}"
        );
        assert_eq!(
            (&refused["allowed"], &refused["host"]),
            (&false.into(), &"other.example".into())
        );
        assert!(
            refused["process"]
                .as_str()
                .is_some_and(|by| by.starts_with("curl ")),
            "{refused}"
        );
        assert!(environment.dam(["log", "verify"]).run().success());
        // Known from then on.
        environment
            .dam(["run", "--", "curl", "-sS", &format!("http://{good}/")])
            .run();
        let again = environment.dam(["net", "log"]).run().stdout;
        assert!(
            again.contains("allowed: ") && !again.contains("(new here)"),
            "{again}"
        );
    }
}
