//! `dam policy`: what would be decided, asked from outside.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use dam_config::{Options, Surroundings};
use dam_gate::{Gate, Nobody, Request};
use dam_policy::{Circumstances, Decision};
use dam_testkit::environment::{Environment, Outcome};

use crate::environment;

#[test]
fn the_exit_code_is_the_verdict() {
    let environment = environment();
    environment.init_repository();
    for (script, word, code) in [
        ("ls -la", "allow", 0),
        ("git push --force", "ask", 7),
        ("cat ~/.ssh/id_ed25519", "deny", 6),
    ] {
        let outcome = environment
            .dam(["policy", "check", "--", "bash", "-c", script])
            .run();
        assert_eq!(outcome.code, Some(code), "{}", outcome.page());
        assert!(outcome.stdout.starts_with(word), "{}", outcome.page());
    }
}

fn check(environment: &Environment, words: &[&str], lines: &str) -> Outcome {
    let words = ["policy", "check", "--jsonl"].iter().chain(words);
    environment.dam(words).stdin(lines).run()
}

#[test]
fn every_line_is_answered_by_one_line() {
    let environment = environment();
    environment.init_repository();
    let lines = r#"{"command": "git status"}
{"command": ["git", "push", "--force"], "id": 7}

not json
{"command": 5}
{"command": "cat ~/.ssh/id_ed25519"}
{"command": "\u0000 $(", "cwd": "/nowhere"}"#;
    let outcome = check(&environment, &[], lines);
    assert_eq!(outcome.code, Some(1), "a line could not be read");
    let answers: Vec<serde_json::Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    let verdicts: Vec<_> = answers
        .iter()
        .map(|answer| answer["verdict"].as_str())
        .collect();
    let [allow, ask, deny] = [Some("allow"), Some("ask"), Some("deny")];
    assert_eq!(
        verdicts[..5],
        [allow, ask, deny, deny, deny],
        "{}",
        outcome.page()
    );
    assert_eq!(answers.len(), 6);
    for answer in &answers {
        let reasons = answer["reasons"].as_array().expect("reasons");
        assert!(!reasons.is_empty() && reasons.iter().all(serde_json::Value::is_string));
    }
    let errors: Vec<bool> = answers
        .iter()
        .map(|answer| answer["error"].is_string())
        .collect();
    assert_eq!(errors, [false, false, true, true, false, false]);
    assert_eq!(
        check(&environment, &[], "{\"command\": \"ls\"}\n").code,
        Some(0)
    );
}

#[test]
fn a_line_is_answered_before_the_next_is_read() {
    let environment = environment();
    let mut child = environment
        .dam(["policy", "check", "--jsonl"])
        .into_command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a start");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    for _ in 0..3 {
        input.write_all(b"{\"command\": \"ls\"}\n").expect("a line");
        let mut answer = String::new();
        output.read_line(&mut answer).expect("an answer");
        assert!(answer.contains("\"verdict\":\"allow\""), "{answer}");
    }
    drop(input);
    assert!(child.wait().expect("an end").success());
}

/// The same words, held by the boundary and in the open.
#[test]
fn in_the_open_more_is_asked() {
    let environment = environment();
    environment.init_repository();
    for (script, boxed, open) in [
        ("ls", 0, 0),
        ("cargo test", 0, 0),
        ("eval \"$x\"", 0, 7),
        ("curl http://localhost:8000/", 0, 0),
        ("curl https://example.com/", 7, 7),
        ("cat ~/.ssh/id_ed25519", 6, 6),
    ] {
        for (flag, code) in [(None, boxed), (Some("--open"), open)] {
            let words = ["policy", "check"].into_iter().chain(flag);
            let words = words.chain(["--", "bash", "-c", script]);
            let outcome = environment.dam(words).run();
            assert_eq!(
                outcome.code,
                Some(code),
                "{script} {flag:?} {}",
                outcome.page()
            );
        }
    }
}

#[test]
fn what_the_session_has_seen_makes_reaching_out_a_question() {
    let environment = environment();
    environment.init_repository();
    for (seen, code) in [("private", 0), ("untrusted", 0), ("private,untrusted", 7)] {
        let outcome = environment
            .dam([
                "policy", "check", "--open", "--flow", seen, "--", "npm", "install",
            ])
            .run();
        assert_eq!(outcome.code, Some(code), "{seen} {}", outcome.page());
    }
}

#[test]
fn an_explanation_shows_what_was_read_and_met() {
    let environment = environment();
    environment.init_repository();
    let script = "cd src && sudo make install > log";
    let outcome = environment
        .dam(["policy", "explain", "--open", "--", "bash", "-c", script])
        .run();
    insta::assert_snapshot!(environment.comparable(&outcome.page()), @"
    exit 0
    -- stdout
    in [WORK], held by nothing
    what it is
      starts bash -c 'cd src && sudo make install > log'  ordinary
      starts cd src  known-safe
      starts sudo make install  dangerous
      starts make install  ordinary
      writes [WORK]/src/log
      together dangerous: `sudo` acts as another user
    what was met; the strictest counts
      ask   dangerous: `sudo` acts as another user  command.dangerous (built-in default)
    ask by built-in: dangerous: `sudo` acts as another user
      to have it otherwise: do it without another user's rights, or ask the user to do it; or run it yourself
    ");
    let outcome = environment
        .dam(["policy", "explain", "--json", "--", "git", "push", "-f"])
        .run();
    let value: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(value["verdict"]["decision"], "ask");
    assert_eq!(value["met"][0]["rule"], "command.dangerous");
    assert_eq!(value["action"]["facts"]["starts"][0]["words"][0], "git");
}

/// Four rules, two examples of which one is of a rule that has expired.
const RULES: &str = r#"
prefix_rule(pattern = ["git", ["push", "send-email"]], decision = "prompt", justification = "it leaves the machine", match = ["git push origin"])
prefix_rule(pattern = ["rm"], decision = "forbidden", not_match = ["rmdir x"])
prefix_rule(pattern = ["make"])
prefix_rule(pattern = ["cargo", "publish"], expires = "2020-01-31")
host_executable(name = "make", paths = ["/usr/bin/make"])
"#;

#[test]
fn rules_of_the_user_decide() {
    let environment = environment();
    environment.init_repository();
    environment.write(environment.config().join("rules/a.rules"), RULES);
    for (script, word) in [
        ("rmdir x", "allow"),
        ("git push", "ask"),
        ("/bin/rm x", "deny"),
        ("x=rm; $x y", "deny"),
        ("timeout 5 rm x | cat", "deny"),
    ] {
        let outcome = environment
            .dam(["policy", "check", "--", "bash", "-c", script])
            .run();
        assert!(outcome.stdout.starts_with(word), "{}", outcome.page());
    }
    let asked = environment
        .dam(["policy", "check", "-a", "untrusted", "--", "make", "all"])
        .run();
    assert!(asked.stdout.starts_with("allow"), "{}", asked.page());
    assert!(
        asked.stdout.contains("prefix_rule(make)"),
        "{}",
        asked.page()
    );
    let denied = environment.dam(["run", "--", "/bin/rm", "x"]).run();
    assert_eq!(denied.code, Some(6), "{}", denied.page());
}

#[test]
fn a_project_that_is_not_trusted_has_no_rules() {
    let environment = environment();
    environment.init_repository();
    let file = environment.work().join(".cofferdam/rules/a.rules");
    environment.write(file, "prefix_rule([\"rm\"])\n");
    let listed = environment.dam(["policy", "rules"]).run();
    assert_eq!(listed.stdout, "", "{}", listed.page());
    assert!(
        listed.stderr.contains("is not trusted"),
        "{}",
        listed.page()
    );
}

#[test]
fn rules_are_listed_and_tested() {
    let environment = environment();
    environment.init_repository();
    let file = environment.config().join("rules/a.rules");
    environment.write(&file, RULES);
    let listed = environment.dam(["policy", "rules"]).run();
    // A rule's name comes from its file's, which is made up here.
    let lines = listed.stdout.lines().map(|line| &line[10..]);
    let lines = lines.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(environment.comparable(&lines), @r"
    prompt       prefix_rule(git push|send-email)  # [HOME]/.config/cofferdam/rules/a.rules:2 it leaves the machine
    forbidden    prefix_rule(rm)  # [HOME]/.config/cofferdam/rules/a.rules:3
    allow        prefix_rule(make)  # [HOME]/.config/cofferdam/rules/a.rules:4
    allow        prefix_rule(cargo publish)  expired 2020-01-31  # [HOME]/.config/cofferdam/rules/a.rules:5
                 host_executable(make: /usr/bin/make)  # [HOME]/.config/cofferdam/rules/a.rules:6
    ");
    let json = environment.dam(["policy", "rules", "--json"]).run();
    let rules: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(rules[3]["expired"], true, "{}", json.page());
    assert_eq!(rules[0]["pattern"][1][1], "send-email", "{}", json.page());
    let tested = environment.dam(["policy", "test"]).run();
    assert_eq!(tested.code, Some(0), "{}", tested.page());
    insta::assert_snapshot!(environment.comparable(&tested.stdout), @r"
    rules  expired  examples  result  file
        5        1         2  ok      [HOME]/.config/cofferdam/rules/a.rules
    ");
    let wrong = environment.config().join("rules/b.rules");
    environment.write(wrong, "prefix_rule([\"a\"], match = [\"b\"])\n");
    let tested = environment.dam(["policy", "test"]).run();
    assert_eq!(tested.code, Some(3), "{}", tested.page());
    insta::assert_snapshot!(environment.comparable(&tested.page()), @r#"
    exit 3
    -- stdout
    rules  expired  examples  result  file
        5        1         2  ok      [HOME]/.config/cofferdam/rules/a.rules
        -        -         -  wrong   [HOME]/.config/cofferdam/rules/b.rules
    -- stderr
    wrong: [HOME]/.config/cofferdam/rules/b.rules:1:1: prefix_rule(a) does not match its example `b`
      prefix_rule(["a"], match = ["b"])
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    hint: change the pattern or the example
    "#);
    // And nothing starts.
    let run = environment.dam(["run", "--", "true"]).run();
    assert_eq!(run.code, Some(3), "{}", run.page());
    let id = rules[0]["id"].as_str().expect("a name");
    std::fs::remove_file(environment.config().join("rules/b.rules")).expect("it is there");
    let forgotten = environment.dam(["policy", "forget", id]).run();
    assert_eq!(forgotten.code, Some(2), "{}", forgotten.page());
    assert!(
        forgotten.stderr.contains("written by a person"),
        "{}",
        forgotten.page()
    );
}

#[test]
fn files_of_rules_can_be_asked_alone() {
    let environment = environment();
    let file = environment.write(environment.work().join("x"), RULES);
    let check = |words: &[&str]| {
        let file = file.to_str().expect("a path");
        let outcome = environment
            .dam(["execpolicy", "check", "--rules", file, "--"])
            .args(words)
            .run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.page());
        outcome.stdout
    };
    insta::assert_snapshot!(check(&["git", "push", "origin"]), @r#"{"matchedRules":[{"prefixRuleMatch":{"matchedPrefix":["git","push"],"decision":"prompt","justification":"it leaves the machine"}}],"decision":"prompt"}"#);
    insta::assert_snapshot!(check(&["/usr/bin/make", "-j2"]), @r#"{"matchedRules":[{"prefixRuleMatch":{"matchedPrefix":["make"],"decision":"allow","resolvedProgram":"/usr/bin/make"}}],"decision":"allow"}"#);
    insta::assert_snapshot!(check(&["ls"]), @r#"{"matchedRules":[]}"#);
    insta::assert_snapshot!(check(&["bash", "-c", "sudo rm x; $y push"]), @r#"{"matchedRules":[{"prefixRuleMatch":{"matchedPrefix":["rm"],"decision":"forbidden"}},{"prefixRuleMatch":{"matchedPrefix":["git","push|send-email"],"decision":"prompt","justification":"it leaves the machine","possible":true}},{"prefixRuleMatch":{"matchedPrefix":["rm"],"decision":"forbidden","possible":true}}],"decision":"forbidden"}"#);
    insta::assert_snapshot!(check(&["cargo", "publish"]), @r#"{"matchedRules":[]}"#);
    let pretty = environment
        .dam(["execpolicy", "check", "--pretty", "-r"])
        .arg(&file)
        .args(["--", "make"])
        .run();
    insta::assert_snapshot!(pretty.stdout, @r#"
    {
      "matchedRules": [
        {
          "prefixRuleMatch": {
            "matchedPrefix": [
              "make"
            ],
            "decision": "allow"
          }
        }
      ],
      "decision": "allow"
    }
    "#);
}

/// What is on record is judged again: by a rule that is new, and by settings.
#[test]
fn a_replay_says_what_would_change() {
    let environment = environment();
    environment.init_repository();
    for script in ["true", "git push --force nowhere", "make --version"] {
        environment.dam(["run", "--", "sh", "-c", script]).run();
    }
    let same = environment.dam(["policy", "replay"]).run();
    assert_eq!(same.code, Some(0), "{}", same.page());
    assert!(
        same.stdout
            .starts_with("3 decisions judged again: 0 would change"),
        "{}",
        same.stdout
    );

    let strict = environment.write(
        environment.work().join("strict.rules"),
        "prefix_rule(pattern = [\"make\"], decision = \"forbidden\")\n",
    );
    let outcome = environment
        .dam(["policy", "replay", "--json", "--with"])
        .arg(&strict)
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    let value: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        value["changes"].as_array().map(Vec::len),
        Some(1),
        "{value}"
    );
    assert_eq!(value["changes"][0]["now"], "deny");

    let lax = environment.write(
        environment.work().join("lax.toml"),
        "sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"\n",
    );
    let outcome = environment
        .dam(["policy", "replay", "--with"])
        .arg(&lax)
        .run();
    assert_eq!(outcome.code, Some(1), "{}", outcome.page());
    assert!(
        outcome.stdout.contains("ask -> allow"),
        "{}",
        outcome.page()
    );

    let late = environment
        .dam(["policy", "replay", "--since", "2999-01-01"])
        .run();
    assert!(late.stdout.starts_with("0 decisions"), "{}", late.page());
    let missing = environment
        .dam(["policy", "replay", "--with", "/nowhere.toml"])
        .run();
    assert_eq!(missing.code, Some(2), "{}", missing.page());
}

/// The one evaluator: what `check` says of a command is what the gate of a
/// session says.
#[test]
fn check_and_the_gate_agree_on_every_command_of_the_lists() {
    let environment = environment();
    environment.init_repository();
    let lists = ["benign", "hostile"].map(|name| {
        let path = format!(
            "{}/../gate/tests/commands/{name}.jsonl",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::read_to_string(path).expect("a list")
    });
    let lines: Vec<&str> = lists.iter().flat_map(|list| list.lines()).collect();
    assert!(lines.len() >= 1_000);
    let options = Options {
        cd: environment.work(),
        ..Options::default()
    };
    let surroundings = Surroundings {
        home: Some(environment.home()),
        system_dir: "/etc/cofferdam".into(),
        ..Surroundings::default()
    };
    let settings = dam_config::load(&options, &surroundings, true).expect("settings");
    for (flag, circumstances) in [
        (None, Circumstances::BOXED),
        (Some("--open"), Circumstances::OPEN),
    ] {
        let words: Vec<&str> = flag.into_iter().collect();
        let answers = check(&environment, &words, &lines.join("\n")).stdout;
        let mut gate = Gate::new(settings.posture.clone(), Box::new(Nobody)).under(circumstances);
        assert_eq!(answers.lines().count(), lines.len());
        for (line, answer) in lines.iter().zip(answers.lines()) {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line");
            let answer: serde_json::Value = serde_json::from_str(answer).expect("an answer");
            let script = line["command"].as_str().expect("a script");
            let request = Request::Command {
                argv: ["bash", "-c", script].map(str::to_owned).into(),
                cwd: settings.cwd.clone(),
                escalation: None,
            };
            let said = gate.judge(&request);
            assert_eq!(answer["verdict"], said.decision.to_string(), "{script}");
            assert_eq!(answer["rule"], said.rule.as_str(), "{script}");
            // As the agent asks it, with somebody who says no.
            let settled = gate.settle(&request);
            assert_eq!(
                settled.allowed,
                said.decision == Decision::Allow,
                "{script}"
            );
            // What was seen does not count here.
            let fresh = gate.circumstances().open;
            gate = gate.under(if fresh {
                Circumstances::OPEN
            } else {
                Circumstances::BOXED
            });
        }
    }
}
