//! What a user brings along: advisories, rules and ignored secrets.

use super::{report, scan};
use crate::environment;

const LOCK: &str = "[[package]]\nname = \"thing\"\nversion = \"1.0.0\"\n";

const ADVISORY: &str = r#"{"id": "EX-1", "modified": "2020-01-01T00:00:00Z", "summary": "invented",
"affected": [{"package": {"ecosystem": "crates.io", "name": "thing"},
"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}]}],
"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}"#;

const RULES: &str = "[[rules]]\nid = \"ours\"\nregex = '''zz-[0-9]{6}'''\nkeywords = [\"zz-\"]\n";

#[test]
fn known_vulnerabilities_are_those_of_the_advisories_given() {
    let environment = environment();
    environment.write("Cargo.lock", LOCK);
    environment.init_repository();
    let without = report(&environment, &[]);
    let gaps = without["coverage"]["gaps"].to_string();
    assert!(gaps.contains("no advisories were given"), "{gaps}");
    environment.write("../advisories/EX-1.json", ADVISORY);
    let with = report(&environment, &["--advisories", "../advisories"]);
    let text = with.to_string();
    assert!(text.contains("known-vulnerability"), "{with:#}");
    assert!(text.contains("the advisories are"), "{with:#}");
    let failed = scan(&environment, &["--advisories", "../advisories"]);
    assert_eq!(failed.code, Some(1), "{}", failed.page());
}

#[test]
fn rules_and_ignored_secrets_of_gitleaks_are_read() {
    let environment = environment();
    environment.write("a.py", "x = 'zz-482913'\n");
    environment.init_repository();
    environment.write("../rules.toml", RULES);
    environment.write("../known", "a.py:ours:1\n");
    let rules = ["--gitleaks-rules", "../rules.toml"];
    let found = scan(&environment, &rules);
    assert_eq!(found.code, Some(1), "{}", found.page());
    assert!(found.stdout.contains("ours"), "{}", found.page());
    assert!(!found.stdout.contains("zz-482913"), "{}", found.page());
    let known = [&rules[..], &["--gitleaks-ignore", "../known"]].concat();
    let silent = scan(&environment, &known);
    assert_eq!(silent.code, Some(0), "{}", silent.page());
    environment.write("../rules.toml", "[extend]\nuseDefault = true\n");
    let refused = scan(&environment, &rules);
    assert!(
        refused.stderr.contains("extends the default rules"),
        "{}",
        refused.page()
    );
}
