//! `dam threat-model`, and what a scan makes of it.

use std::fs;

use super::report;
use crate::environment;

const ROUTES: &str = "
const router = require('express').Router();
const { exec } = require('child_process');
router.get('/a', requireAuth, (req, res) => res.json(req.user));
router.get('/b', requireAuth, (req, res) => res.json(req.user));
router.get('/c', requireAuth, (req, res) => res.json(req.user));
router.post('/tool', (req, res) => { exec('make'); res.end(); });
";

#[test]
fn it_is_drafted_kept_in_step_and_what_people_wrote_survives() {
    let environment = environment();
    let place = environment.work().join(".cofferdam/threat-model.md");
    fs::write(environment.work().join("app.js"), ROUTES).unwrap();
    let model = |words: &[&str]| environment.dam(["threat-model"].iter().chain(words)).run();

    let missing = model(&["--check"]);
    assert_eq!(missing.code, Some(1), "{}", missing.page());
    assert!(!place.exists());
    assert_eq!(model(&[]).code, Some(0));
    let text = fs::read_to_string(&place).unwrap();
    assert!(
        text.contains("| `POST /tool` | `app.js` | **none** |"),
        "{text}"
    );
    assert!(
        text.contains("| `GET /a` | `app.js` | `requireAuth` |"),
        "{text}"
    );
    assert_eq!(model(&["--check"]).code, Some(0));

    // People write, the code changes: both are seen.
    let mine = text.replace("## What this is\n", "## What this is\n\nOurs.\n");
    fs::write(&place, mine).unwrap();
    fs::write(
        environment.work().join("app.js"),
        ROUTES.replace("/tool", "/other"),
    )
    .unwrap();
    let drifted = model(&["--check", "--json"]);
    assert_eq!(drifted.code, Some(1));
    let told: serde_json::Value = serde_json::from_str(&drifted.stdout).unwrap();
    assert_eq!(told["drift"][0]["section"], "Entry points");
    assert_eq!(model(&[]).code, Some(0));
    let text = fs::read_to_string(&place).unwrap();
    assert!(
        text.contains("\nOurs.\n") && text.contains("POST /other"),
        "{text}"
    );
}

#[test]
fn a_link_in_its_place_leads_nowhere() {
    let environment = environment();
    let outside = environment.home().join("outside.md");
    fs::write(&outside, "mine").unwrap();
    let directory = environment.work().join(".cofferdam");
    fs::create_dir_all(&directory).unwrap();
    std::os::unix::fs::symlink(&outside, directory.join("threat-model.md")).unwrap();
    environment.dam(["threat-model"]).run();
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
    fs::remove_dir_all(&directory).unwrap();
    std::os::unix::fs::symlink(environment.home(), &directory).unwrap();
    let refused = environment.dam(["threat-model"]).run();
    assert_eq!(refused.code, Some(2), "{}", refused.page());
    assert!(!environment.home().join("threat-model.md").exists());
}

#[test]
fn findings_are_ranked_by_who_reaches_them_and_have_owners() {
    let environment = environment();
    fs::write(environment.work().join("app.js"), ROUTES).unwrap();
    fs::write(environment.work().join("CODEOWNERS"), "*.js @web\n").unwrap();
    let told = report(&environment, &[]);
    let finding = &told["findings"][0];
    assert_eq!(finding["rule"], "missing-authorization", "{told}");
    assert_eq!(finding["owners"][0], "@web");
    assert_eq!(finding["rank"]["priority"], 2);
    let why = finding["rank"]["why"].as_str().unwrap();
    assert!(why.contains("anybody reaches it by `POST /tool`"), "{why}");

    // People say that it is for everybody.
    fs::create_dir_all(environment.work().join(".cofferdam")).unwrap();
    fs::write(
        environment.work().join(".cofferdam/threat-model.md"),
        "## For everybody\n\n- `POST /tool`: it only starts a build\n",
    )
    .unwrap();
    let told = report(&environment, &[]);
    let rules: Vec<&str> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    assert!(!rules.contains(&"missing-authorization"), "{told}");
}
