//! `dam trust`: what it shows, what it asks, and what counts afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dam_testkit::environment::{Environment, Outcome};
use insta::assert_snapshot;
use serde_json::Value;

use crate::exec::{repository, use_server};
use crate::{environment, everybody};
use dam_testkit::{ScriptedServer, Turn};

fn trust(environment: &Environment, words: &[&str]) -> Outcome {
    environment.dam(["trust"].iter().chain(words)).run()
}

fn model(environment: &Environment) -> String {
    let outcome = environment.dam(["config", "show"]).run();
    let line = outcome
        .stdout
        .lines()
        .find(|line| line.starts_with("model ="));
    line.unwrap_or("no model").to_owned()
}

fn status(environment: &Environment) -> Value {
    let outcome = trust(environment, &["status", "--json"]);
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

#[test]
fn a_project_counts_as_it_was_trusted() {
    for environment in everybody() {
        environment.init_repository();
        environment.write(".cofferdam/config.toml", "model = \"theirs\"\n");
        environment.write("AGENTS.md", "Use tabs.\n");
        assert_eq!(model(&environment), "no model");
        let outcome = trust(&environment, &["--yes"]);
        assert!(outcome.success(), "{}", outcome.page());
        assert_eq!(model(&environment), "model = \"theirs\"");
        assert_eq!(status(&environment)["state"], "same");
        environment.write("AGENTS.md", "Use tabs.\nObey this file.\n");
        assert_eq!(model(&environment), "no model");
        assert_eq!(status(&environment)["state"], "changed");
        assert_eq!(status(&environment)["differences"][0]["path"], "AGENTS.md");
        assert!(trust(&environment, &["--yes"]).success());
        assert_eq!(model(&environment), "model = \"theirs\"");
        assert!(trust(&environment, &["--revoke"]).success());
        assert_eq!(model(&environment), "no model");
        assert_eq!(status(&environment)["state"], "revoked");
        let records = fs::read_dir(environment.state().join("trust")).expect("records");
        for record in records {
            let meta = record.expect("one").metadata().expect("it is there");
            assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn what_is_trusted_and_what_has_changed_is_shown_harmlessly() {
    let environment = environment();
    environment.init_repository();
    environment.write(".cofferdam/config.toml", "model = \"theirs\"\n");
    environment.write("AGENTS.md", "Use tabs.\n");
    let outcome = trust(&environment, &["--yes"]);
    assert_snapshot!(outcome.page(), @r#"
    exit 0
    -- stdout
    [WORK] was never trusted; what it has:
    added    .cofferdam/config.toml
      @@ -0,0 +1 @@
      +model = "theirs"
    added    AGENTS.md
      @@ -0,0 +1 @@
      +Use tabs.
    -- stderr
    [WORK] is trusted as it is now
    "#);
    environment.write(
        "AGENTS.md",
        "Use tabs.\n\u{1b}[2J\u{202e}Obey.\nghp_0123456789abcdefghijABCDEFGHIJ012345\n",
    );
    environment.write(".mcp.json", "{}\n");
    fs::remove_file(environment.work().join(".cofferdam/config.toml")).expect("it was there");
    let outcome = environment.dam(["run", "--", "true"]).run();
    assert_snapshot!(outcome.stderr, @"note: the project is not what was trusted: .cofferdam/config.toml was removed, .mcp.json was added, AGENTS.md was changed; none of its settings, rules and instructions counts until `dam trust` has shown you the difference");
    assert_snapshot!(trust(&environment, &["status"]).page().replace(digest(&environment).as_str(), "[DIGEST]"), @"
    exit 0
    -- stdout
    [WORK]: not trusted, it holds something else than what was trusted
      since    [TIME]Z
      digest   [DIGEST]
      files    2
      removed  .cofferdam/config.toml
      added    .mcp.json
      changed  AGENTS.md
    ");
    assert_snapshot!(trust(&environment, &[]).page(), @r#"
    exit 7
    -- stdout
    [WORK] was trusted on [TIME]Z; since then:
    removed  .cofferdam/config.toml
      @@ -1 +0,0 @@
      -model = "theirs"
    added    .mcp.json
      @@ -0,0 +1 @@
      +{}
    changed  AGENTS.md
      @@ -1 +1,3 @@
       Use tabs.
      +<ESC[2J><U+202E>Obey.
      +[masked:github-token]
    -- stderr
    error: nobody is there to say whether to trust it
    hint: look at what is shown, and then say `dam trust --yes`
    "#);
    assert_eq!(status(&environment)["state"], "changed");
    assert!(trust(&environment, &["--yes"]).success());
    assert_snapshot!(trust(&environment, &[]).page(), @"
    exit 0
    -- stdout
    [WORK] is what was trusted, nothing has changed
    ");
}

fn digest(environment: &Environment) -> String {
    status(environment)["digest"]
        .as_str()
        .expect("a digest")
        .to_owned()
}

#[test]
fn what_the_settings_trust_is_pinned_when_a_session_begins() {
    let environment = environment();
    environment.init_repository();
    environment.write(".cofferdam/config.toml", "model = \"theirs\"\n");
    environment.write_config(&format!(
        "[projects.{:?}]\ntrust_level = \"trusted\"\n",
        environment.work().display().to_string()
    ));
    // Looking pins nothing.
    assert_eq!(model(&environment), "model = \"theirs\"");
    assert_eq!(status(&environment)["state"], "first-sight");
    let outcome = environment.dam(["run", "--", "true"]).run();
    assert_snapshot!(outcome.stderr, @"note: [WORK] is trusted as it is now; what changes in its settings and instructions is for `dam trust`");
    assert_eq!(status(&environment)["state"], "same");
    environment.write(".cofferdam/config.toml", "model = \"other\"\n");
    assert_eq!(model(&environment), "no model");
    // Trust that was taken back is not given again by the settings.
    assert!(trust(&environment, &["--revoke"]).success());
    assert!(environment.dam(["run", "--", "true"]).run().success());
    assert_eq!(model(&environment), "no model");
}

#[test]
fn what_the_settings_refuse_cannot_be_trusted() {
    let environment = environment();
    environment.write_config(&format!(
        "[projects.{:?}]\ntrust_level = \"untrusted\"\n",
        environment.work().display().to_string()
    ));
    let outcome = trust(&environment, &["--yes"]);
    assert_eq!(outcome.code, Some(6));
    assert_snapshot!(outcome.stderr, @"
    error: your settings say `untrusted` of [WORK]
    hint: take its `trust_level` out of config.toml first
    ");
}

#[test]
fn without_anybody_to_ask_nothing_is_trusted() {
    let environment = environment();
    environment.write("AGENTS.md", "Use tabs.\n");
    let outcome = trust(&environment, &[]);
    assert_eq!(outcome.code, Some(7), "{}", outcome.page());
    assert_eq!(status(&environment)["state"], "unknown");
}

#[test]
fn only_a_yes_at_the_terminal_trusts() {
    let environment = environment();
    environment.write("AGENTS.md", "Use tabs.\n");
    for (keys, state) in [("\n", "unknown"), ("no\n", "unknown"), ("y\n", "same")] {
        let line = format!("{} trust", environment.binary().display());
        let words = ["--quiet", "--return", "--command", &line, "/dev/null"];
        let outcome = environment.command("script", words).stdin(keys).run();
        assert!(
            outcome.stdout.contains("Trust it as it is now?"),
            "{}",
            outcome.page()
        );
        assert_eq!(status(&environment)["state"], state, "{keys:?}");
    }
}

#[test]
fn instructions_that_have_changed_are_quoted_again() {
    let environment = repository();
    let server = ScriptedServer::start(vec![
        Turn::message("One."),
        Turn::message("Two."),
        Turn::message("Three."),
    ]);
    use_server(&environment, &server);
    environment.write("AGENTS.md", "Use tabs.\n");
    assert!(trust(&environment, &["--yes"]).success());
    let run = |expected: &str| {
        let outcome = environment.dam(["exec", "greet"]).run();
        assert!(outcome.success(), "{}", outcome.page());
        let bodies = server.bodies();
        let body = bodies.last().expect("a request").to_string();
        assert!(body.contains(expected), "{body}");
        outcome.stderr
    };
    run("The user trusts this project.");
    environment.write("AGENTS.md", "Use tabs. Obey.\n");
    let said = run("| Use tabs. Obey.");
    assert!(said.contains("AGENTS.md was changed"), "{said}");
    assert!(trust(&environment, &["--yes"]).success());
    run("The user trusts this project.");
}

#[test]
fn trust_that_is_given_or_taken_back_is_in_the_journal() {
    let environment = environment();
    environment.init_repository();
    environment.write("AGENTS.md", "Use tabs.\n");
    assert!(trust(&environment, &["--yes"]).success());
    let digest = status(&environment)["digest"].clone();
    let told = || {
        let outcome = environment.dam(["log", "show", "latest", "--json"]).run();
        let found = outcome.stdout.lines().find_map(|line| {
            let entry: Value = serde_json::from_str(line).expect("JSON");
            (entry["event"]["kind"] == "trust_changed").then(|| entry["event"].clone())
        });
        found.unwrap_or_else(|| panic!("{}", outcome.page()))
    };
    let given = told();
    assert_eq!(
        (&given["what"], &given["after"]),
        (&"trusted".into(), &digest)
    );
    assert!(trust(&environment, &["--revoke"]).success());
    let taken = told();
    assert_eq!(
        (&taken["what"], &taken["before"]),
        (&"revoked".into(), &digest)
    );
}
