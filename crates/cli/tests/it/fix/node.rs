//! `dam fix` on an Express application with tests of its own.

use serde_json::Value;

use super::{fix, json};
use crate::environment;

const APP: &str = r"const { execFile, exec } = require('child_process');
const express = require('express');

const app = express();

app.get('/say', (req, res) => {
  exec('echo ' + req.query.word, (error, out) => res.json({ out }));
});

module.exports = app;
";

const TESTS: &str = r"const assert = require('assert');
const test = require('node:test');
const app = require('./app');

test('it says what it is told', async () => {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/say?word=tea`);
  assert.deepStrictEqual(await answer.json(), { out: 'tea\n' });
  server.close();
});
";

#[test]
fn what_a_proof_has_shown_of_an_express_application_is_fixed() {
    if !std::path::Path::new("/usr/share/nodejs/express").exists() {
        return;
    }
    let environment = environment();
    environment.write("app.js", APP);
    environment.write("app.test.js", TESTS);
    environment.write(
        "package.json",
        r#"{ "name": "shop", "scripts": { "test": "node --test" }, "dependencies": { "express": "4" } }"#,
    );
    environment.init_repository();
    let scan = environment
        .dam(["scan", "--prove", "--format", "json"])
        .run();
    let report: Value = serde_json::from_str(&scan.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let shown = findings.iter().find(|each| {
        each["rule"] == "command-injection" && each["proof"]["verdict"] == "confirmed"
    });
    let id = shown
        .and_then(|shown| shown["id"].as_str())
        .expect("it is shown");
    let outcome = fix(&environment, &[id, "--json"]);
    let told = json(&outcome);
    assert_eq!(outcome.code, Some(0), "{told:#}");
    assert_eq!(told["risky"], true, "{told:#}");
    assert_eq!(told["fix"]["proof"]["verdict"], "silent", "{told:#}");
    assert_eq!(told["fix"]["tests"]["verdict"], "passed", "{told:#}");
    let patch = told["patch"].as_str().expect("a patch");
    assert!(
        patch.contains("+  execFile('echo', [String(req.query.word)], (error"),
        "{patch}"
    );
}
