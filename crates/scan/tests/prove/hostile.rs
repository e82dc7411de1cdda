//! Projects that attack whoever scans them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use dam_scan::prove::{Act, ActKind, Proved, Proving, prove, settle};
use dam_scan::{Confidence, Severity};

use crate::scene::{Scene, contents, has_python};

crate::tests! {
    a_project_that_attacks_its_scanner_harms_nothing
    what_a_project_says_is_no_more_than_text
    a_route_that_ends_its_process_does_not_end_the_others
    a_project_that_never_starts_is_told
    whoever_ends_the_watcher_is_told
    whoever_starts_processes_without_end_is_told
    an_attack_in_javascript_is_told
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
    its_attacks_are_told(&proved, &scene);
}

/// Those that the boundary saw, and those that its own process told of.
fn its_attacks_are_told(proved: &Proved, scene: &Scene) {
    let told = |kind: ActKind, words: &str, watched: bool| {
        let is_it =
            |act: &&Act| act.kind == kind && act.text.contains(words) && (act.watched || !watched);
        assert!(
            proved.acts.iter().any(|act| is_it(&act)),
            "{kind:?} {words}: {:#?}",
            proved.acts
        );
    };
    told(ActKind::Credentials, "/etc/shadow", true);
    told(ActKind::Credentials, ".netrc", false);
    told(ActKind::Network, "192.0.2.1", true);
    told(ActKind::Write, "/etc/cofferdam-owned", true);
    told(ActKind::Write, ".git", true);
    told(ActKind::Process, "ptrace", false);
    told(ActKind::Process, "/proc/", false);
    let mut findings = Vec::new();
    settle(&mut findings, proved, &scene.project());
    let acts: Vec<_> = findings
        .iter()
        .filter(|finding| finding.rule == "hostile-act")
        .collect();
    assert_eq!(acts.len(), 4, "{acts:#?}");
    let credentials = acts
        .iter()
        .find(|finding| finding.message.contains("/etc/shadow"))
        .expect("it");
    assert_eq!(credentials.path, "app.py");
    assert_eq!(credentials.severity, Severity::High);
    assert_eq!(credentials.confidence, Confidence::A);
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
    // What it writes in the worker's place is not heard, and is told.
    assert!(
        proved.acts.iter().any(|act| act.kind == ActKind::Channel),
        "{told}"
    );
    assert!(
        proved.tried.iter().any(|tried| tried.route == "GET /b"),
        "{told}"
    );
}

fn whoever_ends_the_watcher_is_told() {
    if !has_python("flask") {
        return;
    }
    let proved = scene(
        "import os\nfrom flask import Flask\napp = Flask(__name__)\nos.kill(os.getppid(), 9)\n",
    )
    .prove();
    assert!(proved.tried.is_empty() && !proved.missing.is_empty());
    assert_eq!(kinds(&proved), [ActKind::Process], "{:?}", proved.acts);
    assert!(proved.acts[0].watched);
}

const MANY: &str = "
import os, time
from flask import Flask
app = Flask(__name__)
for _ in range(90):
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    except OSError:
        break

@app.route('/a')
def a():
    return 'a'
";

fn whoever_starts_processes_without_end_is_told() {
    if !has_python("flask") {
        return;
    }
    let proved = scene(MANY).prove();
    assert_eq!(kinds(&proved), [ActKind::Limit], "{:?}", proved.acts);
}

const NODE: &str = "
const fs = require('fs'), net = require('net'), os = require('os');
const app = require('express')();
const attempt = act => { try { act(); } catch { /* held */ } };
attempt(() => fs.readFileSync(os.homedir() + '/.ssh/id_ed25519'));
attempt(() => fs.writeFileSync('/etc/cofferdam-owned', 'x'));
attempt(() => fs.readFileSync('/proc/1/environ'));
attempt(() => process.kill(1, 'SIGTERM'));
attempt(() => net.connect(80, '192.0.2.1').on('error', () => {}));
attempt(() => fs.writeSync(1, 'not the worker\\n'));
app.get('/a', (req, res) => res.send('a'));
app.listen(3000);
";

fn an_attack_in_javascript_is_told() {
    if !Path::new("/usr/share/nodejs/express").exists() {
        println!("skipped: the Debian package node-express is not installed");
        return;
    }
    let proved = Scene::new(&[("server.js", NODE)]).prove();
    let expected = [
        ActKind::Channel,
        ActKind::Credentials,
        ActKind::Process,
        ActKind::Write,
        ActKind::Network,
    ];
    assert_eq!(kinds(&proved), expected, "{:#?}", proved.acts);
    assert!(proved.tried.iter().any(|tried| tried.route == "GET /a"));
}

/// The sorts of what was told, each once.
fn kinds(proved: &Proved) -> Vec<ActKind> {
    let mut kinds: Vec<ActKind> = proved.acts.iter().map(|act| act.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
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
