//! Rules of gitleaks are read as it reads them.

use proptest::prelude::*;

use super::{BadGitleaks, Gitleaks, GitleaksIgnore};

const RULES: &str = r#"
title = "ours"
[allowlist]
paths = ['''(?:^|/)vendor/''']
regexes = ['''^\$(?:\d+|{\d+})$''']
stopwords = ["sample"]

[[rules]]
id = "thing-key"
description = "A key of Thing"
regex = '''(?i)thing[\w.-]{0,10}[\s'"]{0,3}(?:=|:)[\x60'"\s=]{0,5}([a-z0-9_[&-]{8,20})(?:[\x60'"\s;]|\\[nr]|$)'''
entropy = 2.5
keywords = ["thing"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''# no secret''']

[[rules]]
id = "anywhere"
regex = '''\bzz-([[:alnum:]]{4})-(\d{2})\b'''
secretGroup = 2
path = '''\.conf$'''
"#;

fn hits(path: &str, text: &str) -> Vec<String> {
    let rules = Gitleaks::read(RULES).expect("rules");
    rules
        .hits(path, text)
        .iter()
        .map(|hit| format!("{} {}", hit.id, &text[hit.start..hit.end]))
        .collect()
}

#[test]
fn rules_find_what_they_say_and_allow_what_they_allow() {
    let text = "THING_KEY = 'a8k2m9x4q7'\n";
    assert_eq!(hits("a.py", text), ["thing-key a8k2m9x4q7"]);
    assert_eq!(hits("vendor/a.py", text), Vec::<String>::new());
    assert_eq!(
        hits("a.py", "THING_KEY = 'aaaaaaaaaa'\n"),
        Vec::<String>::new()
    );
    assert_eq!(
        hits("a.py", "THING_KEY = 'sample8k2m9x'\n"),
        Vec::<String>::new()
    );
    assert_eq!(
        hits("a.py", "THING_KEY = 'a8k2m9x4q7' # no secret\n"),
        Vec::<String>::new()
    );
    assert_eq!(
        hits("a.py", "THING_KEY = 'a8k2m9x4q7' # gitleaks:allow\n"),
        Vec::<String>::new()
    );
    assert_eq!(hits("a.conf", "zz-ab1d-42"), ["anywhere 42"]);
    assert_eq!(hits("a.py", "zz-ab1d-42"), Vec::<String>::new());
}

#[test]
fn rules_that_cannot_be_used_are_refused_with_their_name() {
    let bad = Gitleaks::read("[[rules]]\nid = \"x\"\nregex = '''(a'''\n").expect_err("a reason");
    assert!(bad.to_string().contains("rule `x`"), "{bad}");
    let other = Gitleaks::read("[extend]\nuseDefault = true\n").expect_err("a reason");
    assert!(matches!(other, BadGitleaks::Extends(_)), "{other}");
    assert!(Gitleaks::read("[[rules]]\nregex = 1").is_err());
}

#[test]
fn ignored_findings_are_known_by_place_and_rule() {
    let commit = "0123456789012345678901234567890123456789";
    let ignore = GitleaksIgnore::read(&format!(
        "# why\na/b.py:thing-key:3\n{commit}:c.py:x:1\nnonsense\n"
    ));
    assert!(ignore.has(None, "a/b.py", "thing-key", 3));
    assert!(!ignore.has(None, "a/b.py", "thing-key", 4));
    assert!(ignore.has(Some(commit), "c.py", "x", 1));
    assert!(!ignore.has(Some("9"), "c.py", "x", 1));
}

proptest! {
    #[test]
    fn no_pattern_makes_it_panic(pattern in r"[\[\](){}^$*+?.|\\a-c0-3,:&~-]{0,30}", text in ".{0,40}") {
        let file = format!("[[rules]]\nid = \"x\"\nregex = '''{pattern}'''\n");
        if let Ok(rules) = Gitleaks::read(&file) {
            let _ = rules.hits("a", &text);
        }
    }
}
