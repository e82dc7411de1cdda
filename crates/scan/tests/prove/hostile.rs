//! Projects that attack whoever scans them.

use std::fs;
use std::time::Duration;

use dam_scan::prove::{Proving, prove};

use crate::scene::{Scene, contents, has_python};

crate::tests! {
    a_project_that_attacks_its_scanner_harms_nothing
    what_a_project_says_is_no_more_than_text
    a_route_that_ends_its_process_does_not_end_the_others
    a_project_that_never_starts_is_told
}

fn scene(app: &str) -> Scene {
    Scene::new(&[("app.py", app)])
}

fn a_project_that_attacks_its_scanner_harms_nothing() {
    if !has_python("flask") {
        return;
    }
    let scene = scene(include_str!("projects/attacker.py"));
    let root = scene.root();
    fs::write(root.join("home/.netrc"), "secret-of-the-user").expect("a secret");
    fs::write(root.join("neighbour"), "untouched").expect("a neighbour");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    listener.set_nonblocking(true).expect("not blocking");
    let port = listener.local_addr().expect("an address").port();
    fs::write(
        scene.project().join("target"),
        format!("{}\n{port}\n", root.display()),
    )
    .expect("where to");
    fs::write(
        scene.project().join("conftest.py"),
        "open('/tmp/ran-tests', 'w')",
    )
    .expect("tests");
    fs::write(
        scene.project().join("setup.py"),
        "raise SystemExit(open('ran-setup', 'w'))",
    )
    .expect("a build");
    let before = contents(&root);
    let proved = scene.prove();
    assert_eq!(contents(&root), before, "something was changed");
    assert!(listener.accept().is_err(), "the host was reached");
    // It has run, and has said what came of its attacks.
    let report = proved
        .tried
        .iter()
        .find(|tried| tried.route.starts_with("GET /did/"));
    let report = &report
        .unwrap_or_else(|| panic!("it did not start: {:?}", proved.missing))
        .route;
    assert_eq!(report, "GET /did/none", "an attack worked");
}

fn what_a_project_says_is_no_more_than_text() {
    if !has_python("flask") {
        return;
    }
    let scene = scene(include_str!("projects/liar.py"));
    let proved = scene.prove();
    let told = serde_json::to_string(&proved).expect("a report");
    assert!(
        !told.contains("\\u001b") && !told.contains('\u{202e}'),
        "{told}"
    );
    // It may lie about itself, but not about what the watcher sees.
    assert!(proved.shown.iter().all(|shown| !shown.watched), "{told}");
    assert!(!told.contains("/etc/passwd"), "{told}");
}

const DEADLY: &str = "
import os, time
from flask import Flask, request
app = Flask(__name__)

@app.route('/a')
def a():
    os._exit(int(request.args.get('code', 0)))

@app.route('/b')
def b():
    return '<p>' + request.args['name']
";

fn a_route_that_ends_its_process_does_not_end_the_others() {
    if !has_python("flask") {
        return;
    }
    let proved = scene(DEADLY).prove();
    let a = proved
        .tried
        .iter()
        .find(|tried| tried.route == "GET /a")
        .expect("it");
    assert!(
        a.left.as_ref().is_some_and(|why| why.contains("ended")),
        "{a:?}"
    );
    assert!(
        proved.shown.iter().any(|shown| shown.route == "GET /b"),
        "{proved:?}"
    );
}

fn a_project_that_never_starts_is_told() {
    if !has_python("flask") {
        return;
    }
    let scene = scene("from flask import Flask\napp = Flask(__name__)\nwhile True: pass\n");
    let proved = prove(&Proving {
        time: Duration::from_secs(1),
        ..scene.proving()
    });
    assert!(
        proved.tried.is_empty() && !proved.missing.is_empty(),
        "{proved:?}"
    );
}
