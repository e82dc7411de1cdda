//! Functions that are called by themselves.

use std::path::Path;

use dam_sandbox::Tier;
use dam_scan::prove::{Proved, Proving, isolate, settle};
use dam_scan::{Confidence, Finding, Proof, Step};

use crate::scene::Scene;

crate::tests! {
    a_function_of_python_is_reachable_in_isolation_and_never_confirmed
    a_function_of_javascript_is_reachable_in_isolation_and_never_confirmed
    no_function_is_called_where_the_boundary_cannot_hold_it
}

const PYTHON: &str = include_str!("projects/library.py");
const JAVASCRIPT: &str = include_str!("projects/library.js");

/// A finding whose data comes in where `source` stands and does harm where
/// `sink` stands.
fn finding(file: &str, rule: &'static str, source: &str, sink: &str) -> Finding {
    let text = if file == "library.py" {
        PYTHON
    } else {
        JAVASCRIPT
    };
    let line = |words: &str| {
        let at = text.lines().position(|line| line.contains(words));
        u32::try_from(at.expect("the line")).expect("a number") + 1
    };
    let step = Step {
        path: file.to_owned(),
        line: line(source),
        what: "a value is passed".to_owned(),
    };
    Finding {
        rule: rule.into(),
        path: file.to_owned(),
        line: line(sink),
        steps: vec![step],
        confidence: Confidence::B,
        ..Finding::default()
    }
}

/// The verdicts: `r` for reachable in isolation, `n` for not reproduced, `-`
/// for not attempted.
fn verdicts(findings: &[Finding]) -> String {
    let letter = |finding: &Finding| match &finding.proof {
        Proof::ReachableInIsolation { .. } => 'r',
        Proof::NotReproduced { .. } => 'n',
        Proof::NotAttempted { .. } => '-',
        Proof::Confirmed { .. } => 'C',
    };
    findings.iter().map(letter).collect()
}

fn judged(scene: &Scene, mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut proved = Proved::default();
    isolate(&scene.proving(), &findings, &mut proved);
    assert_eq!(proved.acts, []);
    settle(&mut findings, &proved, &scene.project());
    findings
}

fn a_function_of_python_is_reachable_in_isolation_and_never_confirmed() {
    let scene = Scene::new(&[("shop/__init__.py", ""), ("shop/library.py", PYTHON)]);
    let of = |rule, source, sink| Finding {
        path: "shop/library.py".to_owned(),
        steps: vec![Step {
            path: "shop/library.py".to_owned(),
            ..finding("library.py", rule, source, sink).steps.remove(0)
        }],
        ..finding("library.py", rule, source, sink)
    };
    let mut certain = of("command-injection", "def ping", "os.system(\"true");
    certain.confidence = Confidence::A;
    let findings = judged(
        &scene,
        vec![
            of("command-injection", "def ping", "os.system(\"true"),
            of("sql-injection", "def find(", "db.execute(statement"),
            of("path-traversal", "def read", "join(\"data\", name))"),
            of("ssrf", "def reach", "urlopen("),
            of("deserialization", "def load", "pickle.loads("),
            of("command-injection", "def safe_ping", "subprocess.run("),
            of("sql-injection", "def safe_find", "name = ?"),
            of("path-traversal", "def safe_read", "basename(name)"),
            of("xss", "def hello", "<p>"),
            certain,
        ],
    );
    assert_eq!(verdicts(&findings), "rrrrrnnn--", "{findings:#?}");
    let Proof::ReachableInIsolation { evidence } = &findings[1].proof else {
        panic!("{findings:#?}");
    };
    assert!(
        evidence.contains("`Store.find`")
            && evidence.contains("`name`")
            && evidence.contains(" OR "),
        "{evidence}"
    );
}

fn a_function_of_javascript_is_reachable_in_isolation_and_never_confirmed() {
    if !Path::new("/usr/bin/node").exists() && !Path::new("/usr/local/bin/node").exists() {
        println!("skipped: the program node is not installed");
        return;
    }
    let scene = Scene::new(&[("library.js", JAVASCRIPT)]);
    let of = |rule, source, sink| finding("library.js", rule, source, sink);
    let findings = judged(
        &scene,
        vec![
            of("command-injection", "function ping", "exec('true"),
            of("code-injection", "run(rules", "eval("),
            of("command-injection", "function safePing", "execFile('true'"),
            of("command-injection", "function hidden", "exec(words"),
        ],
    );
    assert_eq!(verdicts(&findings), "rrnn", "{findings:#?}");
    let Proof::NotReproduced { tried } = &findings[3].proof else {
        panic!("{findings:#?}");
    };
    assert!(tried.contains("does not export"), "{tried}");
}

fn no_function_is_called_where_the_boundary_cannot_hold_it() {
    let scene = Scene::new(&[("library.py", PYTHON)]);
    let mut findings = vec![finding(
        "library.py",
        "command-injection",
        "def ping",
        "os.system(\"true",
    )];
    let mut proved = Proved::default();
    let proving = Proving {
        tier: Tier::NoNamespaces,
        ..scene.proving()
    };
    isolate(&proving, &findings, &mut proved);
    settle(&mut findings, &proved, &scene.project());
    assert_eq!(proved.requests, 0);
    assert!(
        matches!(&findings[0].proof, Proof::NotAttempted { why } if why.contains("boundary")),
        "{findings:#?}"
    );
}
