//! `dam scan --prove`, on a real application.

use super::{report, scan};
use crate::environment;

const APP: &str = "
import os
from flask import Flask, request
app = Flask(__name__)

@app.route('/run')
def run():
    os.system('echo ' + request.args['host'])
    return 'done'
";

fn has_flask() -> bool {
    std::path::Path::new("/usr/lib/python3/dist-packages/flask").exists()
}

#[test]
fn a_proof_is_in_the_report_and_its_command_shows_it_again() {
    if !has_flask() {
        return;
    }
    let environment = environment();
    environment.write("app.py", APP);
    let python = "/usr/bin/python3";
    let report = report(&environment, &["--prove", "--python", python]);
    let findings = report["findings"].as_array().expect("findings");
    let confirmed: Vec<_> = findings
        .iter()
        .filter(|finding| finding["proof"]["verdict"] == "confirmed")
        .collect();
    assert_eq!(confirmed.len(), 1, "{report:#}");
    assert_eq!(confirmed[0]["rule"], "command-injection");
    assert_eq!(confirmed[0]["line"], 8);
    let command = confirmed[0]["proof"]["command"]
        .as_str()
        .expect("a command");
    let id = command.rsplit(' ').next().expect("an identifier");
    let again = scan(
        &environment,
        &["--prove", "--again", id, "--python", python],
    );
    assert_eq!(again.code, Some(1), "{}", again.page());
    assert!(
        again.stdout.contains("GET /run query `host`"),
        "{}",
        again.page()
    );
    let other = scan(
        &environment,
        &["--prove", "--again", "0000000000", "--python", python],
    );
    assert_eq!(other.code, Some(0), "{}", other.page());
}

#[test]
fn a_function_is_called_by_itself_and_what_it_does_is_not_confirmed() {
    let environment = environment();
    let library = "import os\n\ndef ping(host):\n    os.system('true ' + host)\n";
    environment.write("library.py", library);
    let options = ["--prove", "--python", "/usr/bin/python3"];
    let report = report(&environment, &options);
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "command-injection", "{report:#}");
    assert_eq!(finding["proof"]["verdict"], "reachable-in-isolation");
    for (format, words) in [
        ("text", "reachable in isolation: `ping`"),
        ("markdown", "**reachable in isolation**"),
        ("html", "<strong>reachable in isolation</strong>"),
        ("sarif", "\"reachable-in-isolation\""),
    ] {
        let outcome = scan(
            &environment,
            &[&options[..], &["--format", format]].concat(),
        );
        assert!(outcome.stdout.contains(words), "{}", outcome.page());
    }
}

#[test]
fn what_was_not_run_is_said_and_makes_a_scan_incomplete() {
    let environment = environment();
    environment.write("library.py", "x = 1\n");
    let outcome = scan(&environment, &["--prove", "--require-complete"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.page());
    assert!(
        outcome.page().contains("no application"),
        "{}",
        outcome.page()
    );
}
