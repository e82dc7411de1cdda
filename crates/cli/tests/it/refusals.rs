//! Bad input: one clear sentence each, an exit code that is not 0, and nothing
//! half run.

use insta::assert_snapshot;

use crate::environment;

fn page(words: &[&str]) -> String {
    environment().dam(words).run().page()
}

#[test]
fn a_missing_command() {
    assert_snapshot!(page(&["run"]), @r"
    exit 2
    -- stderr
    error: there is no command to run
    hint: write it after two dashes, as in `dam run -- npm test`
    ");
    assert_snapshot!(page(&["sandbox", "--full-auto", "--"]), @r"
    exit 2
    -- stderr
    error: there is no command to run
    hint: write it after two dashes, as in `dam sandbox -- npm test`
    ");
    assert_snapshot!(page(&["sandbox", "linux"]), @r"
    exit 2
    -- stderr
    error: there is no command to run
    hint: write it after two dashes, as in `dam sandbox -- npm test`
    ");
}

#[test]
fn nothing_to_do_at_all() {
    let outcome = environment().dam::<&str>([]).run();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("Usage: dam"), "{}", outcome.stderr);
}

#[test]
fn unknown_words() {
    assert_snapshot!(page(&["sandbxo"]), @r"
    exit 2
    -- stderr
    error: unrecognized subcommand 'sandbxo'

      tip: some similar subcommands exist: 'scan', 'sandbox'

    Usage: dam [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(page(&["run", "--snadbox", "read-only", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: unexpected argument '--snadbox' found

      tip: a similar argument exists: '--sandbox'
      tip: to pass '--snadbox' as a value, use '-- --snadbox'

    Usage: dam run [OPTIONS] -- COMMAND…

    For more information, try '--help'.
    ");
    assert_snapshot!(page(&["run", "-s", "readonly", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: invalid value 'readonly' for '--sandbox <MODE>'
      [possible values: read-only, workspace-write, danger-full-access]

      tip: a similar value exists: 'read-only'

    For more information, try '--help'.
    ");
    assert_snapshot!(page(&["run", "-a", "sometimes", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: invalid value 'sometimes' for '--ask-for-approval <POLICY>'
      [possible values: untrusted, on-request, never]

    For more information, try '--help'.
    ");
}

#[test]
fn contradictions() {
    assert_snapshot!(page(&["run", "--yolo", "-s", "read-only", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: the argument '--dangerously-bypass-approvals-and-sandbox' cannot be used with '--sandbox <MODE>'

    Usage: dam run [OPTIONS] -- COMMAND…

    For more information, try '--help'.
    ");
}

#[test]
fn another_system_s_boundary() {
    assert_snapshot!(page(&["debug", "seatbelt", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: `macos` names the boundary of macOS; this is Linux
    hint: `dam sandbox -- COMMAND` uses the boundary of this machine
    hint: `dam sandbox macos --print-policy` prints what a Mac would be given
    ");
    assert_snapshot!(page(&["sandbox", "macos", "--print-policy", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: `--print-policy` runs nothing, so it takes no command
    ");
    let open = [
        "sandbox",
        "macos",
        "--print-policy",
        "-s",
        "danger-full-access",
    ];
    assert_snapshot!(page(&open), @r"
    exit 2
    -- stderr
    error: the profile `:danger-full-access` has no boundary, so there is no policy
    ");
}

#[test]
fn a_program_that_is_not_there_or_cannot_be_executed() {
    let environment = environment();
    assert_snapshot!(environment.dam(["run", "--", "no-such-program"]).run().page(), @r"
    exit 127
    -- stderr
    error: `no-such-program` was not found
    hint: only absolute directories of PATH are searched
    ");
    let plain = environment.write("plain", "no program\n");
    let outcome = environment.dam(["run", "--"]).arg(plain).run();
    assert_snapshot!(outcome.page(), @r"
    exit 126
    -- stderr
    error: `[WORK]/plain` cannot be executed: Permission denied (os error 13)
    ");
}

#[test]
fn a_broken_config() {
    let environment = environment();
    environment.write_config("sandbox_mode = \"read-only\napproval_policy = \"never\"\n");
    assert_snapshot!(environment.dam(["run", "--", "touch", "ran"]).run().page(), @r#"
    exit 3
    -- stderr
    error: [HOME]/.config/cofferdam/config.toml:1:26: invalid basic string, expected `"`
      sandbox_mode = "read-only
                               ^
    "#);
    environment.write_config("sandbox_mod = \"read-only\"\n");
    assert_snapshot!(environment.dam(["run", "--", "touch", "ran"]).run().page(), @r#"
    exit 3
    -- stderr
    error: [HOME]/.config/cofferdam/config.toml:1:1: `sandbox_mod` is not a key
      sandbox_mod = "read-only"
      ^^^^^^^^^^^
    hint: did you mean `sandbox_mode`?
    "#);
    environment.write_config("sandbox_mode = \"readonly\"\n");
    assert_snapshot!(environment.dam(["run", "--", "touch", "ran"]).run().page(), @r#"
    exit 3
    -- stderr
    error: [HOME]/.config/cofferdam/config.toml:1:16: `readonly` is not a sandbox mode; use `read-only`, `workspace-write` or `danger-full-access`
      sandbox_mode = "readonly"
                     ^^^^^^^^^^
    "#);
    assert_snapshot!(environment.dam(["run", "-c", "sandbox_mod=1", "--", "touch", "ran"]).run().page(), @r#"
    exit 3
    -- stderr
    error: [HOME]/.config/cofferdam/config.toml:1:16: `readonly` is not a sandbox mode; use `read-only`, `workspace-write` or `danger-full-access`
      sandbox_mode = "readonly"
                     ^^^^^^^^^^
    "#);
    assert!(!environment.work().join("ran").exists());
}

#[test]
fn a_directory_that_is_not_there() {
    assert_snapshot!(page(&["run", "-C", "nowhere", "--", "ls"]), @r"
    exit 2
    -- stderr
    error: there is no directory [WORK]/nowhere
    ");
}

#[test]
fn a_kernel_without_user_namespaces_gives_a_weaker_boundary_and_says_so() {
    for environment in crate::everybody() {
        let dam = environment.binary().to_string_lossy().into_owned();
        let script = format!(
            "echo 0 > /proc/sys/user/max_user_namespaces && {dam} run -s workspace-write -- touch ran ../out; echo $?; {dam} doctor"
        );
        let outcome = environment
            .command(
                "unshare",
                ["--user", "--map-root-user", "sh", "-c", &script],
            )
            .run();
        assert!(outcome.stdout.starts_with("1\n"), "{}", outcome.page());
        assert!(
            outcome.stdout.contains("max_user_namespaces = 0"),
            "{}",
            outcome.page()
        );
        assert_eq!(outcome.code, Some(0), "{}", outcome.page());
        let first = outcome.stderr.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("note: the boundary is weaker here (no namespaces)"),
            "{first}"
        );
        assert!(environment.work().join("ran").exists());
        assert!(!environment.work().join("../out").exists());
    }
}
