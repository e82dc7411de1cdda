//! `dam config import`: what is taken over, what is said, what is left out.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use crate::environment;

const CODEX: &str = r#"# what I use
# token = "hidden-commented"
model = "some-model"
approval_policy = "on-request"
personality = "pragmatic"

[projects."/home/me/work"]
trust_level = "trusted"

# keep the noise out
[shell_environment_policy]
exclude = [
  "NOISE*", # several lines
]
[shell_environment_policy.set]
CI = "1"
DEPLOY_TOKEN = "hidden-token-value"

[mcp_servers.docs]
command = "docs-server"
"#;

const CLAUDE: &str = r#"{
  "model": "opus",
  "permissions": {
    "allow": ["Bash(npm run test:*)", "Bash(git status)", "Read(~/notes/**)", "WebFetch(domain:docs.example.com)"],
    "ask": ["Bash(git push:*)", "Bash(echo $(id))"],
    "deny": ["Read(./.env)", "Read(~/.aws/**)", "Read(//srv/secret)", "Read(/x)", "Bash(curl:*)", "Edit(src/**)", "mcp__x__y"],
    "defaultMode": "acceptEdits"
  },
  "env": {"CI": "1", "API_TOKEN": "hidden-token-value"},
  "sandbox": {"enabled": true}
}"#;

#[test]
fn settings_of_codex_become_ours() {
    let environment = environment();
    let base = environment.home().join(".codex");
    environment.write(base.join("config.toml"), CODEX);
    environment.write(
        base.join("rules/default.rules"),
        "prefix_rule(pattern = [\"make\"], decision = \"allow\")\n",
    );
    environment.write(base.join("rules/bad.rules"), "prefix_rule(pattern = 3)\n");
    let words = ["config", "import", "--from", "codex"];
    let outcome = environment.dam(words).arg("--dry-run").run();
    assert_snapshot!(outcome.page(), @r#"
    exit 0
    -- stdout
    # [HOME]/.config/cofferdam/config.toml
    # what I use
    model = "some-model"
    approval_policy = "on-request"

    [projects."/home/me/work"]
    trust_level = "trusted"

    [shell_environment_policy]
    # keep the noise out
    exclude = [
      "NOISE*", # several lines
    ]

    [shell_environment_policy.set]
    CI = "1"
    # [HOME]/.config/cofferdam/rules/codex.rules
    prefix_rule(pattern = ["make"], decision = "allow")
    -- stderr
    means something else here: `trust_level = "trusted"` is for the first sight here: after that, the project counts as long as it is what was trusted
    means something else here: a rule that allows runs the command without a question, and inside the boundary: leaving it is `unsandboxed` here, which was not assumed
    left out: personality: `personality` is not a key
    left out: [shell_environment_policy.set] DEPLOY_TOKEN: it may hold a secret, which is not copied
    left out: [mcp_servers.docs] command: `mcp_servers` is not a key
    left out: [HOME]/.codex/rules/bad.rules: `pattern` is a list, not a number
    "#);
    assert!(!environment.config().exists());
    assert!(environment.dam(words).run().success());
    let written = environment.config().join("config.toml");
    let mode = written
        .metadata()
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let outcome = environment.dam(["config", "show"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    assert!(outcome.stdout.contains("model = \"some-model\""));
    // Nothing is overwritten unasked, and what was there is kept.
    let outcome = environment.dam(words).run();
    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(outcome.stderr, @"
    error: [HOME]/.config/cofferdam/config.toml is there already
    hint: look at `--dry-run` first; `--force` puts the new one in its place, and keeps the old one as `.before`
    ");
    fs::write(&written, "model = \"mine\"\n").expect("changed");
    assert!(environment.dam(words).arg("--force").run().success());
    let kept = fs::read_to_string(environment.config().join("config.toml.before"));
    assert_eq!(kept.expect("it is kept"), "model = \"mine\"\n");
}

#[test]
fn permissions_of_claude_become_rules_and_a_profile() {
    let environment = environment();
    environment.write(environment.home().join(".claude/settings.json"), CLAUDE);
    let words = ["config", "import", "--from", "claude"];
    let outcome = environment.dam(words).arg("--dry-run").run();
    assert_snapshot!(outcome.page(), @r#"
    exit 0
    -- stdout
    # [HOME]/.config/cofferdam/config.toml
    default_permissions = "imported"

    [permissions.imported]
    extends = ":workspace"

    [permissions.imported.network]
    enabled = false

    [permissions.imported.filesystem.":workspace_roots"]
    ".env" = "deny"

    [permissions.imported.filesystem]
    "~/.aws/**" = "deny"
    "/srv/secret" = "deny"

    [permissions.imported.network.domains]
    "docs.example.com" = "allow"

    [shell_environment_policy.set]
    "CI" = "1"
    # [HOME]/.config/cofferdam/rules/claude.rules
    prefix_rule(pattern = ["npm", "run", "test"], decision = "allow")
    prefix_rule(pattern = ["git", "status"], decision = "allow")
    prefix_rule(pattern = ["git", "push"], decision = "prompt")
    prefix_rule(pattern = ["curl"], decision = "forbidden")
    -- stderr
    means something else here: a rule that allows runs the command without a question, and inside the boundary: leaving it is `unsandboxed` here, which was not assumed
    means something else here: a rule for a whole command is one for its beginning here: more words may follow
    means something else here: rules for hosts are for commands, too, and need the network, which is off
    left out: env API_TOKEN: it may hold a secret, which is not copied
    left out: model: there is no such setting here
    left out: permissions.allow Read(~/notes/**): what is not denied can be read
    left out: permissions.ask Bash(echo $(id)): a rule here is the beginning of a command, word by word
    left out: permissions.defaultMode: there is no such setting here
    left out: permissions.deny Read(/x): it is not clear where this path begins
    left out: permissions.deny Edit(src/**): what can be written is for a profile: `filesystem` has `read` and `write`
    left out: permissions.deny mcp__x__y: no rule here speaks of this tool
    left out: sandbox: the boundary is always on here; say what it is to grant in a profile
    "#);
    assert!(environment.dam(words).run().success());
    let outcome = environment.dam(["config", "show"]).run();
    assert!(outcome.success(), "{}", outcome.page());
    assert!(
        outcome
            .stdout
            .contains("default_permissions = \"imported\"")
    );
    let outcome = environment.dam(["run", "--", "curl", "x"]).run();
    assert_eq!(outcome.code, Some(6), "{}", outcome.page());
}

#[test]
fn what_is_not_there_cannot_be_imported() {
    let outcome = environment()
        .dam(["config", "import", "--from", "claude"])
        .run();
    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(outcome.stderr, @"error: there are no settings in [HOME]/.claude/settings.json");
}

#[test]
fn what_is_imported_is_on_record_before_and_after_without_secrets() {
    let environment = environment();
    let base = environment.home().join(".codex");
    environment.write(base.join("config.toml"), CODEX);
    environment.write_config("model = \"another\"\n");
    let words = ["config", "import", "--from", "codex", "--force"];
    let outcome = environment.dam(words).run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.page());
    let log = environment.dam(["log", "show", "latest", "--json"]).run();
    let mut entries = log.stdout.lines().map(|line| {
        let entry: serde_json::Value = serde_json::from_str(line).expect("an entry");
        entry["event"].clone()
    });
    let change = entries.find(|event| event["kind"] == "configuration_changed");
    let change = change.expect("a change");
    assert_eq!(change["what"], "imported");
    assert_eq!(change["before"], "model = \"another\"\n");
    assert_eq!(change["after"]["from"], "codex");
    let text = change["after"]["text"].as_str().expect("a text");
    assert!(text.contains("some-model"), "{text}");
    assert!(!log.stdout.contains("hidden"), "{}", log.stdout);
}
