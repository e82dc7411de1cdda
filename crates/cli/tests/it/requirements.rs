//! Requirements as users meet them: the real `dam`, with an `/etc/cofferdam`
//! of the test's own, as root and as an ordinary user.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use dam_testkit::environment::Environment;
use insta::{allow_duplicates, assert_snapshot};
use serde_json::Value;

use crate::{environment, everybody};

/// Root and an ordinary user below an administrator; nobody, where the tests
/// cannot be one.
fn administered() -> Vec<Environment> {
    let all = everybody().into_iter();
    all.filter_map(Environment::administered).collect()
}

#[test]
fn no_flag_and_no_setting_gets_around_what_is_required() {
    for environment in administered() {
        environment.administer(
            "requirements.toml",
            "allowed_sandbox_modes = [\"read-only\"]\nallowed_approval_policies = [\"on-request\"]\n",
        );
        let outside = environment.home().join("outside");
        let touch = format!("touch {}", outside.display());
        let words: [&[&str]; 6] = [
            &["--dangerously-bypass-approvals-and-sandbox"],
            &["-s", "danger-full-access"],
            &["-s", "danger-full-access", "-a", "never"],
            &["-c", "sandbox_mode=danger-full-access"],
            &["-c", "default_permissions=:danger-full-access"],
            &["--full-auto"],
        ];
        for flags in words {
            let run = environment.dam(["run"]).args(flags);
            let outcome = run.args(["--", "sh", "-c", &touch]).run();
            assert!(!outcome.success(), "{flags:?}: {}", outcome.page());
            assert!(!outside.exists(), "{flags:?}");
            let required = "required by /etc/cofferdam/requirements.toml:1";
            assert!(
                outcome.stderr.contains(required),
                "{flags:?}: {}",
                outcome.page()
            );
        }
        environment
            .write_config("sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"");
        for variable in ["COFFERDAM_HOME", "XDG_CONFIG_HOME"] {
            let run = environment.dam(["run", "--", "sh", "-c", &touch]);
            let outcome = run.env(variable, environment.config()).run();
            assert!(
                !outcome.success() && !outside.exists(),
                "{}",
                outcome.page()
            );
        }
        let outcome = environment
            .dam(["sandbox", "--learn", "--", "sh", "-c", &touch])
            .run();
        assert!(
            !outcome.success() && !outside.exists(),
            "{}",
            outcome.page()
        );
    }
}

#[test]
fn the_notices_name_the_file_and_the_line() {
    let Some(environment) = environment().administered() else {
        return;
    };
    environment.administer(
        "requirements.toml",
        "# ours\nallowed_sandbox_modes = [\"read-only\", \"workspace-write\"]\nallowed_approval_policies = [\"untrusted\", \"on-request\"]\n",
    );
    let outcome = environment.dam(["run", "--yolo", "--", "true"]).run();
    assert_snapshot!(outcome.page(), @r"
    exit 0
    -- stderr
    note: `danger-full-access` is not allowed, only `read-only`, `workspace-write`: it is `:workspace` now (required by /etc/cofferdam/requirements.toml:2)
    note: `never` is not allowed as approval policy, only `untrusted`, `on-request`: it is `on-request` now (required by /etc/cofferdam/requirements.toml:3)
    ");
    let outcome = environment
        .dam(["config", "show", "--json", "--yolo"])
        .run();
    let shown: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(shown["requirements"], "/etc/cofferdam/requirements.toml");
    let settings = &shown["settings"];
    assert_eq!(settings["sandbox_mode"]["value"], "\"workspace-write\"");
    let origin = "/etc/cofferdam/requirements.toml:2";
    assert_eq!(settings["sandbox_mode"]["origin"], origin);
    assert_eq!(settings["approval_policy"]["value"], "\"on-request\"");
}

#[test]
fn what_an_administrator_denies_cannot_be_read() {
    for environment in administered() {
        environment.administer(
            "requirements.toml",
            "[permissions.filesystem]\ndeny_read = [\"~/exports\", \"/**/*.secret\"]\n",
        );
        environment.write(environment.home().join("exports/data"), "kept");
        environment.write("deep/down/x.secret", "kept");
        environment.write("plain", "open");
        environment.write_config("default_permissions = \"own\"\n[permissions.own.filesystem]\n\":root\" = \"read\"\n\"~/exports\" = \"read\"\n\"~/exports/data\" = \"write\"\n");
        for flags in [&[][..], &["-s", "workspace-write"], &["--yolo"]] {
            let read = |path: &str| {
                let run = environment.dam(["run"]).args(flags);
                run.args(["--", "cat", path]).run()
            };
            let exports = environment.home().join("exports/data");
            for path in [&*exports.to_string_lossy(), "deep/down/x.secret"] {
                let outcome = read(path);
                assert!(!outcome.success(), "{flags:?} {path}: {}", outcome.page());
                assert!(!outcome.stdout.contains("kept"), "{flags:?} {path}");
            }
            assert_eq!(
                read("plain").stdout,
                "open",
                "{flags:?}: {}",
                read("plain").page()
            );
        }
        // Moving the home directory moves nothing of it out of the way, where
        // the system knows where it is.
        let run = environment.dam(["run", "--yolo", "--", "cat", "deep/down/x.secret"]);
        let outcome = run.env("HOME", environment.work()).run();
        assert!(!outcome.stdout.contains("kept"), "{}", outcome.page());
    }
}

#[test]
fn required_rules_forbid_whatever_else_allows() {
    for environment in administered() {
        environment.administer(
            "requirements.toml",
            "[rules]\nprefix_rules = [{ pattern = [{ token = \"touch\" }], decision = \"forbidden\", justification = \"make files another way\" }]\n",
        );
        environment.write(
            environment.config().join("rules/own.rules"),
            "prefix_rule(pattern = [\"touch\"], decision = \"allow\")\n",
        );
        for words in [
            &["touch", "x"][..],
            &["sh", "-c", "cd . && /usr/bin/touch x"],
            &["env", "touch", "x"],
        ] {
            let outcome = environment.dam(["run", "--yolo", "--"]).args(words).run();
            assert_eq!(outcome.code, Some(6), "{words:?}: {}", outcome.page());
            assert!(
                outcome.stderr.contains("make files another way"),
                "{}",
                outcome.page()
            );
        }
        assert!(!environment.work().join("x").exists());
    }
}

#[test]
fn requirements_that_cannot_be_relied_on_stop_every_start() {
    for environment in administered() {
        allow_duplicates! {
            let run = || environment.dam(["run", "--", "true"]).run();
            let path = environment.administer("requirements.toml", "");
            assert!(run().success(), "{}", run().page());
            environment.administer(
                "requirements.toml",
                "allowed_sandbox_mode = [\"read-only\"]",
            );
            let outcome = run();
            assert_eq!(outcome.code, Some(3));
            assert_snapshot!(outcome.page(), @r#"
            exit 3
            -- stderr
            error: /etc/cofferdam/requirements.toml:1:1: `allowed_sandbox_mode` is not a key of requirements
              allowed_sandbox_mode = ["read-only"]
              ^^^^^^^^^^^^^^^^^^^^
            hint: did you mean `allowed_sandbox_modes`?
            "#);
            environment.administer("requirements.toml", "");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("its mode");
            assert_snapshot!(run().page(), @r"
            exit 3
            -- stderr
            error: /etc/cofferdam/requirements.toml can be changed by other users, so it is not followed
            hint: `chmod go-w /etc/cofferdam/requirements.toml`
            ");
            environment.administer("requirements.toml", "");
            chown(&path, Some(20_001), Some(20_001)).expect("its owner");
            assert_snapshot!(run().page(), @r"
            exit 3
            -- stderr
            error: /etc/cofferdam/requirements.toml belongs to another user than root (uid 20001), so it is not an administrator's
            hint: if it is right, `chown root /etc/cofferdam/requirements.toml && chmod go-w /etc/cofferdam/requirements.toml`; else ask your administrator
            ");
            // Neither the file nor anything on the way to it may be somebody's.
            chown(&path, Some(0), Some(0)).expect("its owner");
            chown(environment.administrator(), Some(20_001), None).expect("its owner");
            assert_eq!(run().code, Some(3), "{}", run().page());
        }
    }
}

#[test]
fn what_cannot_be_held_is_refused() {
    let Some(environment) = environment().administered() else {
        return;
    };
    environment.administer("requirements.toml", "enforce_residency = \"us\"\n");
    let outcome = environment.dam(["exec", "--model", "m", "do it"]).run();
    assert_snapshot!(outcome.page(), @r"
    exit 2
    -- stderr
    error: models must be in `us` (required by /etc/cofferdam/requirements.toml:1), and this version cannot hold a provider to a place
    hint: `dam run` and `dam sandbox` use no model; or ask your administrator
    ");
    assert!(environment.dam(["run", "--", "true"]).run().success());
}

#[test]
fn a_file_counts_only_if_the_pinned_key_has_signed_it() {
    for environment in administered() {
        allow_duplicates! {
            let dam = |words: &[&str]| environment.dam(words).run();
            let made = dam(&["requirements", "keygen", "admin.key"]);
            assert!(made.success(), "{}", made.page());
            let key = environment.work().join("admin.key");
            let found = fs::metadata(&key).expect("a key").permissions();
            assert_eq!(found.mode() & 0o777, 0o600);
            let again = dam(&["requirements", "keygen", "admin.key"]);
            assert_eq!(again.code, Some(2), "{}", again.page());
            environment.write("ours.toml", "allowed_sandbox_modes = [\"read-only\"]\n");
            let sign = [
                "requirements",
                "sign",
                "ours.toml",
                "--key",
                "admin.key",
                "--out",
                "signed.toml",
            ];
            for serial in 1..=2 {
                let outcome = dam(&sign);
                assert!(
                    outcome.stderr.contains(&format!("serial number {serial}")),
                    "{}",
                    outcome.page()
                );
                fs::copy(
                    environment.work().join("signed.toml"),
                    environment.work().join(format!("{serial}.toml")),
                )
                .expect("a copy");
            }
            let text = |name: &str| fs::read_to_string(environment.work().join(name)).expect("a file");
            environment.administer("requirements.pub", &text("admin.key.pub"));
            let run = || environment.dam(["run", "--", "true"]).run();
            // Nothing there, unsigned, signed by somebody else, changed, older.
            assert!(
                run().stderr.contains("there is no such file"),
                "{}",
                run().page()
            );
            environment.administer("requirements.toml", &text("ours.toml"));
            assert_snapshot!(run().page(), @r"
            exit 3
            -- stderr
            error: /etc/cofferdam/requirements.toml does not count: it is not signed, and a key is pinned
            hint: ask your administrator; `dam requirements verify` says what is in force
            ");
            assert!(dam(&["requirements", "keygen", "other.key"]).success());
            let other = dam(&["requirements", "sign", "ours.toml", "--key", "other.key"]);
            environment.administer("requirements.toml", &other.stdout);
            assert_eq!(run().code, Some(3));
            environment.administer(
                "requirements.toml",
                &text("2.toml").replace("read-only", "read-only\", \"danger-full-access"),
            );
            assert_eq!(run().code, Some(3));
            environment.administer("requirements.toml", &text("2.toml"));
            assert!(run().success(), "{}", run().page());
            environment.administer("requirements.toml", &text("1.toml"));
            assert!(
                run()
                    .stderr
                    .contains("its serial number is 1, and 2 was seen"),
                "{}",
                run().page()
            );
            environment.administer("requirements.toml", &text("2.toml"));
            let verify = dam(&["requirements", "verify"]);
            assert!(verify.stdout.contains("signed by"), "{}", verify.page());
            let verify = dam(&["requirements", "verify", "1.toml", "--key", "admin.key.pub"]);
            assert!(verify.success(), "{}", verify.page());
            let verify = dam(&["requirements", "verify", "1.toml", "--key", "other.key.pub"]);
            assert_eq!(verify.code, Some(3), "{}", verify.page());
        }
    }
}

#[test]
fn what_is_required_is_shown() {
    let Some(environment) = environment().administered() else {
        return;
    };
    let show = || environment.dam(["requirements", "show"]).run().page();
    assert_snapshot!(show(), @r"
    exit 0
    -- stdout
    nothing is required: there is no /etc/cofferdam/requirements.toml
    ");
    environment.administer(
        "requirements.toml",
        "allowed_sandbox_modes = [\"read-only\", \"workspace-write\"]\nallowed_web_search_modes = []\nenforce_residency = \"eu\"\n[permissions.filesystem]\ndeny_read = [\"/srv/exports\"]\n[rules]\nprefix_rules = [{ pattern = [{ token = \"git\" }, { any_of = [\"push\", \"commit\"] }], decision = \"prompt\" }]\n[experimental_network]\ndenied_domains = [\"x.example\"]\n[features]\nhooks = false\n[mcp_servers.docs.identity]\ncommand = \"docs-mcp\"\n[sensitivity]\nunknown = \"internal\"\n[sensitivity.floors.production]\nallowed_sandbox_modes = [\"read-only\"]\n[[sensitivity.repositories]]\nclass = \"production\"\nremotes = [\"git.example/*\"]\n",
    );
    assert_snapshot!(show(), @r#"
    exit 0
    -- stdout
    allowed_sandbox_modes = ["read-only", "workspace-write"]  # /etc/cofferdam/requirements.toml:1
    allowed_web_search_modes = []  # /etc/cofferdam/requirements.toml:2
    permissions.filesystem.deny_read[] = "/srv/exports"  # /etc/cofferdam/requirements.toml:5
    experimental_network.denied_domains[] = "x.example"  # /etc/cofferdam/requirements.toml:9
    enforce_residency = "eu"  # /etc/cofferdam/requirements.toml:3
    features.hooks = false  # /etc/cofferdam/requirements.toml:11
    mcp_servers."docs".identity = { command = "docs-mcp" }  # /etc/cofferdam/requirements.toml:12
    rules.prefix_rules[] = { pattern = [{ token = "git" }, { any_of = ["push", "commit"] }], decision = "prompt" }  # /etc/cofferdam/requirements.toml:7
    sensitivity.classes = ["public", "internal", "regulated", "production"]  # /etc/cofferdam/requirements.toml:18
    sensitivity.unknown = "internal"  # /etc/cofferdam/requirements.toml:18
    sensitivity.floors."production".allowed_sandbox_modes = ["read-only"]  # /etc/cofferdam/requirements.toml:17
    sensitivity.repositories = [{ class = "production", remotes = ["git.example/*"] }]  # /etc/cofferdam/requirements.toml:18
    -- stderr
    /etc/cofferdam/requirements.toml is in order; no key is pinned
    "#);
    let outcome = environment.dam(["requirements", "show", "--json"]).run();
    let shown: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let modes = &shown["requirements"]["floor"]["sandbox_modes"];
    assert_eq!(modes["value"][0], "read-only");
    assert_eq!(modes["origin"]["line"], 1);
}

#[test]
fn the_class_of_a_repository_is_named_and_recorded() {
    for environment in administered() {
        environment.administer(
            "requirements.toml",
            "[sensitivity]\nunknown = \"internal\"\n[sensitivity.floors.production]\nallowed_sandbox_modes = [\"read-only\"]\n[[sensitivity.repositories]]\nclass = \"production\"\nremotes = [\"git.example/*\"]\n",
        );
        environment.init_repository();
        let show = || environment.dam(["config", "show"]).run().stdout;
        let line = "# this repository is internal: nothing names it";
        assert!(show().contains(line), "{}", show());
        let remote = ["remote", "add", "origin", "https://git.example/shop.git"];
        assert!(environment.command("git", remote).run().success());
        let line = "# this repository is production: the remote git.example/shop, by `git.example/*` (/etc/cofferdam/requirements.toml:5)";
        assert!(show().contains(line), "{}", show());
        let outcome = environment.dam(["config", "show", "--json"]).run();
        let shown: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!(shown["class"]["name"], "production");
        let outcome = environment
            .dam(["run", "--full-auto", "--", "touch", "x"])
            .run();
        assert!(!outcome.success(), "{}", outcome.page());
        // The journal keeps the posture that the session began with.
        let mut search = environment.command("grep", ["-rlF", "\"name\":\"production\""]);
        search = search.arg(environment.state().join("journal"));
        assert!(search.run().success(), "{}", outcome.page());
    }
}
