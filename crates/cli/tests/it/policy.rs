//! `dam policy`: what would be decided, asked from outside.

use crate::environment;

#[test]
fn the_exit_code_is_the_verdict() {
    let environment = environment();
    environment.init_repository();
    for (script, word, code) in [
        ("ls -la", "allow", 0),
        ("git push --force", "ask", 7),
        ("cat ~/.ssh/id_ed25519", "deny", 6),
    ] {
        let outcome = environment
            .dam(["policy", "check", "--", "bash", "-c", script])
            .run();
        assert_eq!(outcome.code, Some(code), "{}", outcome.page());
        assert!(outcome.stdout.starts_with(word), "{}", outcome.page());
    }
}
