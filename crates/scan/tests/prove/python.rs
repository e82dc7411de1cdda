//! Applications in Python.

use dam_sandbox::Tier;
use dam_scan::prove::{prove, settle};
use dam_scan::{Finding, Proof};

use crate::scene::{Scene, contents, has_python, names};

crate::tests! {
    what_a_flask_application_does_is_shown_and_what_looks_like_it_is_not
    a_finding_gets_the_verdict_of_its_route_and_none_is_taken_away
    a_proof_is_shown_again_by_its_identifier
    nothing_runs_where_the_boundary_cannot_hold_it
}

const APP: &str = include_str!("projects/flask_app.py");

/// Every route of the application that does what it should not.
const SHOWN: &[&str] = &[
    "GET /cookie none seen insecure-cookie",
    "GET /file/{name} path name path-traversal",
    "GET /go query next open-redirect",
    "GET /hello query name xss",
    "GET /reach query url path-traversal",
    "GET /reach query url ssrf",
    "GET /run query host command-injection",
    "GET /search query q sql-injection",
    "GET /template header X-Greeting template-injection",
    "GET /template header X-Greeting xss",
    "POST /calculate json sum code-injection",
    "POST /load form state deserialization",
    "POST /parse body body xxe",
];

fn what_a_flask_application_does_is_shown_and_what_looks_like_it_is_not() {
    if !has_python("flask") {
        return;
    }
    let scene = Scene::new(&[("app.py", APP)]);
    let before = contents(&scene.project());
    let proved = scene.prove();
    let shown = names(&proved);
    let expected = SHOWN.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected, "{:?}", proved.missing);
    // The others have been tried, too.
    let driven = proved
        .tried
        .iter()
        .filter(|tried| !tried.inputs.is_empty() && tried.requests > 20);
    assert_eq!(
        driven
            .filter(|tried| tried.route.contains("/safe/"))
            .count(),
        10
    );
    assert_eq!(
        contents(&scene.project()),
        before,
        "the project was changed"
    );
}

fn finding(rule: &'static str, cwe: u16, symbol: &str, line: u32) -> Finding {
    Finding {
        rule: rule.into(),
        cwe: vec![cwe],
        path: "app.py".to_owned(),
        line,
        symbol: Some(symbol.to_owned()),
        ..Finding::default()
    }
}

fn line_of(text: &str) -> u32 {
    let at = APP
        .lines()
        .position(|line| line.contains(text))
        .expect("the line");
    u32::try_from(at).expect("a number") + 1
}

fn a_finding_gets_the_verdict_of_its_route_and_none_is_taken_away() {
    if !has_python("flask") {
        return;
    }
    let scene = Scene::new(&[("app.py", APP)]);
    let proved = scene.prove();
    let mut findings = vec![
        finding("sql-injection", 89, "search", line_of("name = '%s'\" % q")),
        finding("sql-injection", 89, "safe_search", line_of("name = ?")),
        finding("sql-injection", 89, "nobody_calls", line_of("id = '%s'")),
        finding("hard-coded-secret", 798, "", 1),
    ];
    settle(&mut findings, &proved, &scene.project());
    let Proof::Confirmed {
        evidence, command, ..
    } = &findings[0].proof
    else {
        panic!("not confirmed: {:?}", findings[0].proof);
    };
    assert!(
        evidence.contains("GET /search") && evidence.contains("OR 'a'='a"),
        "{evidence}"
    );
    assert!(
        command.starts_with("dam scan ") && command.contains("--again "),
        "{command}"
    );
    assert!(
        matches!(&findings[1].proof, Proof::NotReproduced { tried } if tried.contains("GET /safe/search")),
        "{:?}",
        findings[1].proof
    );
    assert!(
        matches!(&findings[2].proof, Proof::NotAttempted { why } if why.contains("no route")),
        "{:?}",
        findings[2].proof
    );
    assert_eq!(findings[3].proof, Proof::default());
    // What was shown without a finding becomes one.
    let added = findings[4..].iter().map(|finding| finding.rule.as_ref());
    assert_eq!(
        added
            .clone()
            .filter(|rule| *rule == "sql-injection")
            .count(),
        0
    );
    assert_eq!(added.count(), SHOWN.len() - 1);
    let run = findings
        .iter()
        .find(|finding| finding.rule == "command-injection")
        .expect("it");
    assert_eq!(
        (run.path.as_str(), run.line),
        ("app.py", line_of("os.system("))
    );
}

fn a_proof_is_shown_again_by_its_identifier() {
    if !has_python("flask") {
        return;
    }
    let scene = Scene::new(&[("app.py", APP)]);
    let proved = scene.prove();
    let one = proved
        .shown
        .iter()
        .find(|shown| shown.route == "GET /run")
        .expect("it");
    let again = prove(&dam_scan::prove::Proving {
        only: Some(one.id.clone()),
        ..scene.proving()
    });
    assert_eq!(again.shown.len(), 1);
    assert_eq!(again.shown[0].route, one.route);
    assert!(again.requests < proved.requests / 2);
}

fn nothing_runs_where_the_boundary_cannot_hold_it() {
    let scene = Scene::new(&[("app.py", APP)]);
    let proved = prove(&dam_scan::prove::Proving {
        tier: Tier::NoNamespaces,
        ..scene.proving()
    });
    assert!(proved.shown.is_empty() && proved.tried.is_empty());
    assert_eq!(proved.requests, 0);
    assert!(
        proved.missing[0].contains("the boundary cannot hold it"),
        "{:?}",
        proved.missing
    );
    let mut findings = vec![finding("sql-injection", 89, "search", 1)];
    settle(&mut findings, &proved, &scene.project());
    assert!(matches!(&findings[0].proof, Proof::NotAttempted { why } if why.contains("boundary")));
}
