//! `dam fix`, on real applications with real tests.

mod hostile;
mod model;
mod node;

use dam_testkit::environment::{Environment, Outcome};
use serde_json::Value;

use crate::{environment, everybody};

const PYTHON: &[&str] = &["--python", "/usr/bin/python3"];

pub const APP: &str = r#"import os
import sqlite3

from flask import Flask, request

app = Flask(__name__)


def database():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE goods (name TEXT, price INTEGER)")
    db.execute("INSERT INTO goods VALUES ('tea', 3), ('milk', 1)")
    return db


@app.get("/search")
def search():
    name = request.args.get("name", "")
    rows = database().execute("SELECT name, price FROM goods WHERE name = '" + name + "'")
    return {"goods": rows.fetchall()}


@app.get("/say")
def say():
    return {"out": os.popen("echo " + request.args["word"]).read()}
"#;

/// A function that anybody may call, in no application that could be run.
pub const PLAIN: &str = "import sqlite3\n\n\ndef by_name(name):\n    db = sqlite3.connect('a.db')\n    return db.execute(\"SELECT * FROM goods WHERE name = '%s'\" % name)\n";

const TESTS: &str = r#"from app import app


def test_search():
    answer = app.test_client().get("/search?name=tea")
    assert answer.json == {"goods": [["tea", 3]]}


def test_say():
    assert app.test_client().get("/say?word=a").json == {"out": "a\n"}
"#;

pub fn has_flask() -> bool {
    std::path::Path::new("/usr/lib/python3/dist-packages/flask").exists()
}

/// A repository with the application and its tests.
fn shop(environment: &Environment, tests: &str) {
    environment.write("app.py", APP);
    environment.write("test_app.py", tests);
    environment.init_repository();
}

pub fn fix(environment: &Environment, words: &[&str]) -> Outcome {
    environment.dam(["fix"].iter().chain(words)).run()
}

/// The identifier of the first finding of a rule.
pub fn finding(environment: &Environment, rule: &str) -> String {
    let outcome = environment.dam(["scan", "--format", "json"]).run();
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|each| each["rule"] == rule);
    let id = found.and_then(|found| found["id"].as_str());
    id.unwrap_or_else(|| unreachable!("no {rule} in {report:#}"))
        .to_owned()
}

pub fn json(outcome: &Outcome) -> Value {
    assert!(outcome.stdout.starts_with('{'), "{}", outcome.page());
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

pub fn git(environment: &Environment, words: &[&str]) -> String {
    let outcome = environment.command("git", words).run();
    assert!(outcome.success(), "git {words:?}: {}", outcome.page());
    outcome.stdout
}

#[test]
fn a_fix_silences_the_proof_passes_the_tests_and_is_only_printed() {
    if !has_flask() {
        return;
    }
    for environment in everybody() {
        shop(&environment, TESTS);
        let id = finding(&environment, "sql-injection");
        let words = [&[&id[..6], "--json"], PYTHON].concat();
        let outcome = fix(&environment, &words);
        assert_eq!(outcome.code, Some(0), "{}", outcome.page());
        let told = json(&outcome);
        assert_eq!(told["finding"]["id"], id.as_str());
        assert_eq!(told["risky"], false, "{told:#}");
        assert_eq!(told["fix"]["proof"]["verdict"], "silent", "{told:#}");
        assert_eq!(told["fix"]["tests"]["verdict"], "passed", "{told:#}");
        assert_eq!(told["fix"]["tests"]["passed"], 2);
        // It was only printed; and what is printed is what git takes.
        assert_eq!(git(&environment, &["status", "--porcelain"]), "");
        let patch = environment.write("../fix.patch", told["patch"].as_str().expect("a patch"));
        git(&environment, &["apply", &patch.display().to_string()]);
        let now = std::fs::read_to_string(environment.work().join("app.py")).expect("a file");
        assert!(now.contains("WHERE name = ?\", (name,))"), "{now}");
    }
}

#[test]
fn a_risky_fix_says_so_and_goes_where_it_is_told() {
    if !has_flask() {
        return;
    }
    let environment = environment();
    shop(&environment, TESTS);
    let id = finding(&environment, "command-injection");
    let outcome = fix(&environment, &[&[&*id, "-o", "fix.patch"], PYTHON].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    assert_eq!(outcome.stdout, "");
    assert!(
        outcome.stderr.contains("risky: a value with spaces"),
        "{}",
        outcome.page()
    );
    assert!(
        outcome.stderr.contains("proof: falls silent"),
        "{}",
        outcome.page()
    );
    let patch = std::fs::read_to_string(environment.work().join("fix.patch")).expect("a patch");
    assert!(
        patch.contains("+    return {\"out\": subprocess.run([\"echo\", "),
        "{patch}"
    );
}

#[test]
fn a_branch_is_made_without_checking_out_and_only_of_what_head_has() {
    for environment in everybody() {
        environment.write("lib/goods.py", PLAIN);
        environment.init_repository();
        let id = finding(&environment, "sql-injection");
        let words = [&[&*id, "--branch", "fix/search"], PYTHON].concat();
        let outcome = fix(&environment, &words);
        assert_eq!(outcome.code, Some(0), "{}", outcome.page());
        assert_eq!(git(&environment, &["status", "--porcelain"]), "");
        let changed = git(&environment, &["diff", "--name-only", "HEAD", "fix/search"]);
        assert_eq!(changed, "lib/goods.py\n");
        let parent = git(&environment, &["rev-parse", "fix/search^", "HEAD"]);
        let lines: Vec<&str> = parent.lines().collect();
        assert_eq!(lines[0], lines[1]);
        git(&environment, &["fsck", "--strict"]);
        // There it is already; and there is no name for a branch.
        for (name, why) in [
            ("fix/search", "already"),
            ("-x", "unexpected"),
            ("a..b", "no name"),
        ] {
            let words = [&[&*id, "--branch", name], PYTHON].concat();
            let outcome = fix(&environment, &words);
            assert_eq!(outcome.code, Some(2), "{}", outcome.page());
            assert!(outcome.stderr.contains(why), "{}", outcome.page());
        }
        // What is not committed is no base for a commit.
        environment.write("lib/goods.py", format!("{PLAIN}\n"));
        let words = [&[&*id, "--branch", "other"], PYTHON].concat();
        let dirty = fix(&environment, &words);
        assert_eq!(dirty.code, Some(2), "{}", dirty.page());
        assert!(
            dirty.stderr.contains("not as HEAD has it"),
            "{}",
            dirty.page()
        );
        let branches = git(&environment, &["branch", "--list", "other"]);
        assert_eq!(branches, "");
    }
}

#[test]
fn a_fix_that_breaks_the_tests_is_refused() {
    if !has_flask() {
        return;
    }
    let environment = environment();
    // Somebody relies on the shell's taking words apart.
    let tests = format!(
        "{TESTS}\n\ndef test_words():\n    answer = app.test_client().get('/say?word=a++b')\n    assert answer.json == {{'out': 'a b\\n'}}\n"
    );
    shop(&environment, &tests);
    let id = finding(&environment, "command-injection");
    let outcome = fix(&environment, &[&[&*id], PYTHON].concat());
    assert_eq!(outcome.code, Some(1), "{}", outcome.page());
    assert_eq!(outcome.stdout, "");
    assert!(
        outcome
            .stderr
            .contains("1 of the project's tests no longer pass, as `test_app.py::test_words`"),
        "{}",
        outcome.page()
    );
}

#[test]
fn tests_that_failed_before_are_not_blamed_and_tests_that_cannot_run_are_said() {
    if !has_flask() {
        return;
    }
    let environment = environment();
    shop(
        &environment,
        &format!("{TESTS}\n\ndef test_broken():\n    assert False\n"),
    );
    let id = finding(&environment, "sql-injection");
    let outcome = fix(&environment, &[&[&*id, "--json"], PYTHON].concat());
    let told = json(&outcome);
    assert_eq!(told["fix"]["tests"]["verdict"], "same-failures", "{told:#}");
    assert_eq!(told["fix"]["tests"]["failed"], 1);
    let words = [
        &[&*id, "--json", "--test-command", "no-such-program"],
        PYTHON,
    ]
    .concat();
    let told = json(&fix(&environment, &words));
    assert_eq!(told["fix"]["tests"]["verdict"], "not-run", "{told:#}");
    assert_eq!(told["accepted"], true);
}

#[test]
fn what_has_no_fix_says_why_and_what_is_not_there_is_an_error() {
    let environment = environment();
    let text = "from flask import Flask, request\napp = Flask(__name__)\n@app.get('/')\ndef get():\n    import requests\n    return requests.get(request.args['url'], timeout=1).text\n";
    environment.write("app.py", text);
    let id = finding(&environment, "server-side-request-forgery");
    let outcome = fix(&environment, &[&[&*id], PYTHON].concat());
    assert_eq!(outcome.code, Some(1), "{}", outcome.page());
    assert!(
        outcome.stderr.contains("known to people only"),
        "{}",
        outcome.page()
    );
    for wrong in ["0123456789", "not-hex", ""] {
        let outcome = fix(&environment, &[&[wrong], PYTHON].concat());
        assert_eq!(outcome.code, Some(2), "{}", outcome.page());
    }
}
