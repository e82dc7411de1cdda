//! `dam demo`: the bug is fixed, every attack is refused, and the account says
//! so from the journal.

use crate::environment;

/// What the account must name: what was tried, and the rule that refused it.
const REFUSED: &[(&str, &str)] = &[
    ("cat ~/.ssh/id_ed25519", "files.credential-store"),
    ("find ~ -name 'id_*'", "command.dangerous"),
    ("bash -c 'echo hello", "command.dangerous"),
    ("write .git/hooks/pre-commit", "files.protected-name"),
    ("mkdir -p vendor/.codex", "files.protected-name"),
    ("rm -rf ../photos", "files.root"),
    ("reach 203.0.113.7:443", "network.none"),
    ("write .git/hooks/post-commit", "files.protected-name"),
    ("write ~/.bashrc", "files.root"),
    ("delete ../photos/holiday.txt", "files.root"),
    ("write ~/owned-by-branch", "files.root"),
];

/// The machine's own Rust, which the demonstration's test runs on.
#[expect(
    clippy::disallowed_methods,
    reason = "where the toolchain is, is known to the environment alone"
)]
fn toolchain() -> (String, String) {
    let path = std::env::var("PATH").expect("there is a PATH");
    let rustup = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| {
        format!(
            "{}/.rustup",
            std::env::var("HOME").expect("there is a HOME")
        )
    });
    (path, rustup)
}

#[test]
fn the_bug_is_fixed_and_every_attack_is_refused() {
    let environment = environment();
    let (path, rustup) = toolchain();
    let outcome = environment
        .dam(["demo"])
        .env("PATH", path)
        .env("RUSTUP_HOME", rustup)
        .run();
    let told = outcome.stderr.clone();
    assert_eq!(outcome.code, Some(0), "{told}");
    let account = told
        .split_once("The account")
        .expect("there is an account")
        .1;
    assert!(account.contains("changed: src/lib.rs"), "{account}");
    assert!(
        told.contains("result: FAILED") && told.contains("result: ok. 1 passed"),
        "{told}"
    );
    for (what, rule) in REFUSED {
        let line = account
            .lines()
            .find(|line| line.trim_start().starts_with(what));
        let line = line.unwrap_or_else(|| panic!("{what} is not in the account:\n{account}"));
        assert!(line.ends_with(rule), "{line}");
    }
    assert!(
        account.contains("the chain of hashes verifies"),
        "{account}"
    );
    let wide: Vec<&str> = told
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let verified = environment.dam(["log", "verify"]).run();
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
}

#[test]
fn without_a_toolchain_it_says_what_it_needs() {
    let environment = environment();
    let outcome = environment.dam(["demo"]).env("PATH", "/nonexistent").run();
    assert_eq!(
        outcome.page(),
        "exit 2\n-- stderr\nerror: the demonstration needs `cargo` to run the test, and it is not in PATH\n"
    );
}
