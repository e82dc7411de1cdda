//! What is a secret, and what only looks like one.

use super::{Secrets, find};
use crate::{Confidence, Detector, SourceFile};
use proptest::prelude::*;

fn found(path: &str, text: &str) -> Vec<String> {
    let file = SourceFile::of_text(path, text);
    find(&file)
        .iter()
        .map(|each| text[each.start..each.end].to_owned())
        .collect()
}

#[test]
fn values_are_found_by_their_names() {
    for (path, text, secret) in [
        ("a.py", "password = 'karhaqnoqe7'\n", "karhaqnoqe7"),
        (
            "a.py",
            "os.environ[\"API_KEY\"] = \"b99sj6p86cvyq1\"\n",
            "b99sj6p86cvyq1",
        ),
        (
            "a.go",
            "\tClientSecret: \"srivyt0vazlbvsv1ntvyz\",\n",
            "srivyt0vazlbvsv1ntvyz",
        ),
        (
            "a.rs",
            "let token: Option<&str> = \"q7Rz0LkV3nXy8WbT\";\n",
            "q7Rz0LkV3nXy8WbT",
        ),
        (".env", "DB_PASS=S4owz9hs\n", "S4owz9hs"),
        ("a.yml", "  db_password: Zkn6fT@pnz8ei\n", "Zkn6fT@pnz8ei"),
        ("a.xml", "<password>wfu9zdz</password>\n", "wfu9zdz"),
        (
            "a.java",
            "config.put(\"password\", \"mikekf5x\");\n",
            "mikekf5x",
        ),
        (
            "a.json",
            "{\"body\": \"{\\\"token\\\": \\\"q7Rz0LkV3nXy8WbT\\\"}\"}\n",
            "q7Rz0LkV3nXy8WbT",
        ),
        (
            "a.js",
            "fetch('/x?access_token=q7Rz0LkV3nXy8WbT&a=b')\n",
            "q7Rz0LkV3nXy8WbT",
        ),
        ("a.sh", "mysql --password S4owz9hs -u me\n", "S4owz9hs"),
        (
            "a.sql",
            "CREATE USER me IDENTIFIED BY 'S4owz9hs';\n",
            "S4owz9hs",
        ),
        (
            "a.py",
            "db = connect('pg://me:C5kbx8yu@localhost/x')\n",
            "C5kbx8yu",
        ),
        (
            "a.txt",
            "Authorization: Bearer 4ec7e5d77bd20267a980c905c1\n",
            "4ec7e5d77bd20267a980c905c1",
        ),
        (
            "a.txt",
            "Authorization: Basic d3psaG1xOmZ0eXNocQ==\n",
            "d3psaG1xOmZ0eXNocQ==",
        ),
    ] {
        assert_eq!(found(path, text), [secret], "{text}");
    }
}

#[test]
fn in_what_tools_wrote_only_formats_count() {
    let long = "x".repeat(6_000);
    let text = format!("var a='{long}';e.token=\"q7Rz0LkV3nXy8WbT\";");
    assert_eq!(found("a.js", &text), [""; 0]);
    assert_eq!(found("a.py", &text), ["q7Rz0LkV3nXy8WbT"]);
}

#[test]
fn what_a_document_shows_is_less_sure_than_what_a_program_has() {
    let line = "db = connect('pg://me:C5kbx8yu@localhost/x')\n";
    let sure = |path: &str, text: &str| {
        let file = SourceFile::of_text(path, text);
        Secrets::default().file(&file).findings[0].confidence
    };
    assert_eq!(sure("a.py", line), Confidence::A);
    assert_eq!(sure("a.md", line), Confidence::B);
    assert_eq!(sure("docs/a.py", line), Confidence::B);
    assert_eq!(sure("a.py", &format!("  # {line}")), Confidence::B);
    // Put together here, so that nobody finds it in this file.
    let token = format!("aws = '{}{}'\n", "AKIA", "QYLPMN5HFIQR7XYA");
    assert_eq!(sure("a.md", &token), Confidence::A);
}

#[test]
fn what_stands_for_a_secret_is_none() {
    for (path, text) in [
        ("a.py", "password = 'changeme'\n"),
        ("a.py", "password = get_password()\n"),
        ("a.py", "password = os.environ['PASSWORD']\n"),
        ("a.py", "token = settings.API_TOKEN\n"),
        ("a.js", "password: this.form.password,\n"),
        ("a.sh", "TOKEN=${GITHUB_TOKEN}\n"),
        ("a.yml", "password: \"{{ vault_password }}\"\n"),
        ("a.yml", "token: ${{ secrets.NPM_TOKEN }}\n"),
        ("a.toml", "api_key = \"<YOUR_API_KEY>\"\n"),
        ("config/locales/pt-BR.yml", "password: \"Senha9segura\"\n"),
        (
            "package-lock.json",
            "\"key\": \"sha512-W7s+uC5bikET2twEFg0aJ12==\"\n",
        ),
        ("a.py", "public_key = 'q7Rz0LkV3nXy8WbT5uHc2MdG9sJa4E'\n"),
        ("a.go", "expected := \"password must not be empty\"\n"),
        ("a.md", "The password: ask your administrator\n"),
        ("a.txt", "Authorization: Basic login_and_password_removed\n"),
        ("a.sh", "curl https://user:password@example.com/\n"),
        ("a.py", "x = '-----BEGIN RSA PRIVATE KEY-----'\n"),
        ("a.java", "String passwordField = \"passwordField\";\n"),
    ] {
        assert_eq!(found(path, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_finding_never_holds_its_secret() {
    let text = "password = 'karhaqnoqe7'; token = 'q7Rz0LkV3nXy8WbT'\n";
    let file = SourceFile::of_text("a.py", text);
    let facts = Secrets::default().file(&file);
    let written = serde_json::to_string(&facts).expect("facts");
    assert_eq!(facts.findings.len(), 2);
    for secret in ["karhaqnoqe7", "q7Rz0LkV3nXy8WbT"] {
        assert!(!written.contains(secret), "{written}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        words in proptest::collection::vec(
            prop_oneof![
                proptest::sample::select(vec![
                    "password", "token", "=", ":", "\"", "'", "\\", "\\\"", "&quot;", "://", "@", "é", "\u{202e}",
                    "Bearer ", "Basic ", "kty", "{", "}", "d:", "-----BEGIN PRIVATE KEY-----", "eyJ", "ghp_", "\n",
                    "identified by ", "<", ">", "--", " ", "string = ", "b\"", "[]byte(", "Aa0Bb1Cc2Dd3Ee4Ff5",
                ]).prop_map(str::to_owned),
                ".{0,3}",
            ],
            0..40,
        ),
        path in "[a-z]{1,3}\\.(py|yml|txt|json|md)",
    ) {
        let text = words.concat();
        let file = SourceFile::of_text(&path, &text);
        for finding in Secrets::default().file(&file).findings {
            prop_assert!(finding.line >= 1);
        }
    }
}
