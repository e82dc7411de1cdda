//! Policies in `SECURITY.md`: they say what is looked at first, and hide
//! nothing.

use dam_scan::report::{self, Compared, Gate, Report, Target};
use dam_scan::{Entry, Settings, detectors, scan_files};

const APP: &str = "
import os
from flask import Flask, request
app = Flask(__name__)

@app.route('/run')
def run():
    os.system('echo ' + request.args['host'])
    return 'done'
";
const HELPER: &str = "
import os
from flask import request

def helper():
    os.system('echo ' + request.args['host'])
";

fn report(files: &[(&str, &str)]) -> Report {
    let entries = files
        .iter()
        .map(|(path, text)| Entry::of_bytes(*path, *text));
    let scan = scan_files(entries.collect(), &detectors(), &Settings::default());
    let compared = Compared {
        today: "2026-11-21",
        ..Compared::default()
    };
    report::compose(&scan, Target::default(), &compared, Gate::default())
}

/// The rank and the reasons of the command injection in a file.
fn rank(report: &Report, path: &str) -> (u8, String) {
    let is_it = |each: &&report::Reported| {
        each.finding.rule == "command-injection" && each.finding.path == path
    };
    let found = report.findings.iter().find(is_it);
    let found = found.unwrap_or_else(|| panic!("{report:#?}"));
    assert!(found.gates, "a policy changes nothing about the gate");
    (found.rank.priority, found.rank.why.clone())
}

#[test]
fn a_policy_ranks_and_hides_nothing() {
    let code = [("app.py", APP), ("old/helper.py", HELPER)];
    let without = report(&code);
    let policy = (
        "old/SECURITY.md",
        "# Security\n\nThis directory is out of scope.\n",
    );
    let with = report(&[code[0], code[1], policy]);
    assert_eq!(without.findings.len(), with.findings.len());
    assert_eq!(with.gate.failing, without.gate.failing);
    assert_eq!(rank(&with, "app.py"), rank(&without, "app.py"));
    let (before, _) = rank(&without, "old/helper.py");
    let (after, why) = rank(&with, "old/helper.py");
    assert!(after > before, "{before} {after}");
    assert!(
        why.contains("old/SECURITY.md:3 says that it is out of scope"),
        "{why}"
    );
}

#[test]
fn what_was_seen_weighs_more_than_what_is_said() {
    let all = (
        "SECURITY.md",
        "Command injection is not a vulnerability here.\n",
    );
    let without = report(&[("app.py", APP)]);
    let with = report(&[("app.py", APP), all]);
    let (before, _) = rank(&without, "app.py");
    let (after, why) = rank(&with, "app.py");
    assert_eq!(before, after);
    assert!(
        why.contains("it is no vulnerability, but anybody reaches it"),
        "{why}"
    );
}
