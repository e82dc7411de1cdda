//! Applications in Python.

use std::collections::BTreeSet;

use dam_sandbox::Tier;
use dam_scan::prove::{Proved, Proving, prove, settle};
use dam_scan::{Finding, Proof};

use crate::scene::{Scene, contents, has_python, names};

crate::tests! {
    what_a_flask_application_does_is_shown_and_what_looks_like_it_is_not
    what_a_django_application_does_is_shown_and_what_looks_like_it_is_not
    what_a_fastapi_application_does_is_shown_and_what_looks_like_it_is_not
    a_finding_gets_the_verdict_of_its_route_and_its_identifier_shows_it_again
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
    assert_eq!(proved.acts, [], "an application does nothing hostile");
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

const DJANGO: &[(&str, &str)] = &[
    ("manage.py", include_str!("projects/django/manage.py")),
    ("shop/__init__.py", ""),
    (
        "shop/settings.py",
        include_str!("projects/django/shop/settings.py"),
    ),
    ("shop/urls.py", include_str!("projects/django/shop/urls.py")),
    (
        "shop/views.py",
        include_str!("projects/django/shop/views.py"),
    ),
];

const DJANGO_SHOWN: &[&str] = &[
    "GET /cookie none seen insecure-cookie",
    "GET /file/{name} path name path-traversal",
    "GET /hello query name xss",
    "GET /load cookie state deserialization",
    "GET /reach query host ssrf",
    "GET /run query host command-injection",
    "GET /search query q sql-injection",
    "GET /template header X-Greeting template-injection",
    "GET /template header X-Greeting xss",
    "POST /calculate json sum code-injection",
    "POST /cookie none seen insecure-cookie",
    "POST /file/{name} path name path-traversal",
    "POST /go form next open-redirect",
    "POST /load cookie state deserialization",
    "POST /parse body body xxe",
    "POST /reach query host ssrf",
    "POST /template header X-Greeting template-injection",
    "POST /template header X-Greeting xss",
];

fn what_a_django_application_does_is_shown_and_what_looks_like_it_is_not() {
    if !has_python("django") {
        return;
    }
    let proved = Scene::new(DJANGO).prove();
    only_these_are_shown(&proved, DJANGO_SHOWN, 11);
    let search = proved
        .shown
        .iter()
        .find(|shown| shown.route == "GET /search");
    assert_eq!(search.expect("it").places[0].0, "shop/views.py");
}

const FASTAPI_SHOWN: &[&str] = &[
    "GET /cookie none seen insecure-cookie",
    "GET /file/{name} path name path-traversal",
    "GET /hello query name xss",
    "GET /load cookie state deserialization",
    "GET /reach query url path-traversal",
    "GET /reach query url ssrf",
    "GET /run query host command-injection",
    "GET /search query q sql-injection",
    "GET /template header x-greeting template-injection",
    "POST /by-number json words sql-injection",
    "POST /calculate json words code-injection",
    "POST /go form next open-redirect",
    "POST /raw json title xss",
];

fn what_a_fastapi_application_does_is_shown_and_what_looks_like_it_is_not() {
    if !has_python("fastapi") || !has_python("multipart") {
        return;
    }
    let scene = Scene::new(&[("main.py", include_str!("projects/fastapi_app.py"))]);
    only_these_are_shown(&scene.prove(), FASTAPI_SHOWN, 12);
}

/// Of the routes, these and no others do what they should not; so many of
/// those that look like them were driven.
fn only_these_are_shown(proved: &Proved, expected: &[&str], safe: usize) {
    let expected = expected.iter().map(ToString::to_string).collect();
    assert_eq!(names(proved), expected, "{:?}", proved.missing);
    assert_eq!(proved.acts, [], "an application does nothing hostile");
    let driven: BTreeSet<&str> = proved
        .tried
        .iter()
        .filter(|tried| !tried.inputs.is_empty() && tried.requests > 20)
        .filter_map(|tried| tried.route.split(' ').nth(1))
        .filter(|path| path.starts_with("/safe/"))
        .collect();
    assert_eq!(driven.len(), safe, "{driven:?}");
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

const SMALL: &str = "
import os, sqlite3
from flask import Flask, request
app = Flask(__name__)
db = sqlite3.connect('app.db', check_same_thread=False)
db.execute('CREATE TABLE people (id INTEGER, name TEXT)')

@app.route('/search')
def search():
    return str(list(db.execute('SELECT 1 FROM people WHERE name = \"%s\"' % request.args['q'])))

@app.route('/safe/search')
def safe_search():
    return str(list(db.execute('SELECT 2 FROM people WHERE name = ?', [request.args['q']])))

def nobody_calls(text):
    return db.execute('SELECT 3 FROM people WHERE name = \"%s\"' % text)

@app.route('/run')
def run():
    os.system('true ' + request.args['host'])
    return 'done'
";

fn line_of(text: &str) -> u32 {
    let at = SMALL.lines().position(|line| line.contains(text));
    u32::try_from(at.expect("the line")).expect("a number") + 1
}

fn a_finding_gets_the_verdict_of_its_route_and_its_identifier_shows_it_again() {
    if !has_python("flask") {
        return;
    }
    let scene = Scene::new(&[("app.py", SMALL)]);
    let proved = scene.prove();
    let mut findings = vec![
        finding("sql-injection", 89, "search", line_of("SELECT 1")),
        finding("sql-injection", 89, "safe_search", line_of("SELECT 2")),
        finding("sql-injection", 89, "nobody_calls", line_of("SELECT 3")),
        finding("hard-coded-secret", 798, "", 1),
    ];
    settle(&mut findings, &proved, &scene.project());
    let proof = |at: usize| &findings[at].proof;
    let Proof::Confirmed {
        evidence, command, ..
    } = proof(0)
    else {
        panic!("not confirmed: {:?}", proof(0));
    };
    assert!(evidence.contains("GET /search") && evidence.contains(" OR "));
    assert!(command.starts_with("dam scan ") && command.contains("--again "));
    assert!(
        matches!(proof(1), Proof::NotReproduced { tried } if tried.contains("GET /safe/search")),
        "{:?}",
        proof(1)
    );
    assert!(
        matches!(proof(2), Proof::NotAttempted { why } if why.contains("no route")),
        "{:?}",
        proof(2)
    );
    assert_eq!(*proof(3), Proof::default());
    // What was shown without a finding becomes one.
    assert_eq!(findings.len(), 5);
    let run = &findings[4];
    assert_eq!((&*run.rule, &*run.path), ("command-injection", "app.py"));
    assert_eq!(run.line, line_of("os.system("));

    let one = &proved.shown.iter().find(|shown| shown.route == "GET /run");
    let id = one.expect("it").id.clone();
    the_identifier_shows_it_again(&scene, &id, proved.requests);
}

fn the_identifier_shows_it_again(scene: &Scene, id: &str, requests: u64) {
    let again = prove(&Proving {
        only: Some(id.to_owned()),
        ..scene.proving()
    });
    assert_eq!(again.shown.len(), 1);
    assert_eq!(again.shown[0].route, "GET /run");
    assert!(again.requests < requests / 2);
}

fn nothing_runs_where_the_boundary_cannot_hold_it() {
    let scene = Scene::new(&[("app.py", APP)]);
    let proved = prove(&Proving {
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
