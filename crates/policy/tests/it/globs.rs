//! Patterns that are denied: what they match, and that they only ever take.

use std::path::{Path, PathBuf};

use dam_policy::{Access, DenyGlob, FileRule, FileRules, Glob, Origin, Rule};
use proptest::prelude::*;

fn rule(path: &str, access: Access) -> FileRule {
    FileRule {
        path: PathBuf::from(path),
        access,
        rule: Rule::read(format!("{access:?} {path}")),
        origin: Origin::BUILTIN,
        what: "a place".to_owned(),
    }
}

fn glob(base: &str, pattern: &str) -> DenyGlob {
    DenyGlob {
        base: PathBuf::from(base),
        glob: pattern.parse().expect("a pattern"),
        origin: Origin::BUILTIN,
    }
}

/// Whether a pattern below `/w` denies a path below `/w`.
fn denies(pattern: &str, path: &str) -> bool {
    let rules = vec![rule("/", Access::Write)];
    let files = FileRules::new(rules, false).denying(vec![glob("/w", pattern)]);
    !files.may_read(&Path::new("/w").join(path))
}

#[test]
fn what_patterns_match() {
    for (pattern, yes, no) in [
        (
            "*.env",
            "a.env .env prod.env/x A.ENV",
            "a.envs sub/a.env env",
        ),
        ("**/*.env", "a.env a/b/.env a/b/x.env/y", "a.env2 a/env"),
        ("**/.env", ".env a/.env", "a.env .env.local"),
        ("secrets/**", "secrets/a secrets/a/b", "secrets a/secrets/b"),
        (
            "**/secrets/**",
            "secrets/a a/b/secrets/c",
            "secrets a/secrets",
        ),
        ("a/**/b", "a/b a/x/b a/x/y/b/z", "b x/a/b a/xb"),
        ("a?c", "abc a.c aéc", "ac abbc a/c"),
        ("[a-c]x", "ax bx CX cx/y", "dx x -x"),
        ("[!a-c]x", "dx -x", "ax Bx x"),
        ("[^a]", "b", "a A"),
        ("[]x]", "] x", "y"),
        ("[a-]", "a -", "b"),
        (r"\[id\].ts", "[id].ts [ID].TS", "i.ts"),
        (r"\*", "*", "a"),
        ("Straße", "straße sTRAßE/x", "strase"),
        ("*ﬁ*", "confirm", "conrm"),
        ("É", "é e\u{301}", "e"),
        ("**", "a a/b", ""),
        ("*a*b*", "ab xaxbx", "ba"),
    ] {
        for path in yes.split(' ') {
            assert!(denies(pattern, path), "{pattern} on {path}");
        }
        for path in no.split(' ') {
            assert!(!denies(pattern, path), "{pattern} on {path}");
        }
    }
}

#[test]
fn names_are_compared_as_protected_names_are() {
    assert!(denies("**/secret", "a/SEC\u{200c}RET"));
    assert!(denies("**/SECRET", "a/\u{ff53}ecret"));
}

#[test]
fn what_is_no_pattern_is_said() {
    for (text, said) in [
        (
            "",
            "`` is not a relative path: it begins or ends with `/`, or has `//`",
        ),
        (
            "/a",
            "`/a` is not a relative path: it begins or ends with `/`, or has `//`",
        ),
        (
            "a//b",
            "`a//b` is not a relative path: it begins or ends with `/`, or has `//`",
        ),
        ("a/../b", "`a/../b` goes through `..`, which is not a name"),
        ("a**", "in `a**`, `**` does not stand alone between slashes"),
        (
            "[a",
            "in `[a`, a `[` does not begin a class of characters such as `[a-z]`",
        ),
        (
            "[",
            "in `[`, a `[` does not begin a class of characters such as `[a-z]`",
        ),
        (
            "[z-a]",
            "in `[z-a]`, a `[` does not begin a class of characters such as `[a-z]`",
        ),
        (
            "*.{a,b}",
            "in `*.{a,b}`, `{` is not known: write one pattern for each choice, or `\\{`",
        ),
        ("a\\", "`a\\` ends with `\\`"),
    ] {
        let error = text.parse::<Glob>().expect_err(text);
        assert_eq!(error.to_string(), said);
    }
    assert!("a/".repeat(40).parse::<Glob>().is_err());
    assert!(["a"; 64].join("/").parse::<Glob>().is_err());
    assert!(["a"; 63].join("/").parse::<Glob>().is_ok());
}

#[test]
fn a_pattern_beats_every_rule_but_one_on_exactly_the_file() {
    let rules = vec![
        rule("/", Access::Read),
        rule("/w", Access::Write),
        rule("/w/deep/er", Access::Write),
        rule("/w/shared.env", Access::Read),
        rule("/w/own.env", Access::Write),
    ];
    let files = FileRules::new(rules, true).denying(vec![glob("/w", "**/*.env")]);
    assert!(files.looks_at_reading());
    let reads = |path: &str| files.may_read(Path::new(path));
    let writes = |path: &str| files.may_write(Path::new(path));
    assert!(!reads("/w/x.env") && !writes("/w/x.env"));
    assert!(!reads("/w/deep/er/x.env") && !writes("/w/deep/er/x.env"));
    assert!(reads("/w/shared.env") && !writes("/w/shared.env"));
    assert!(reads("/w/own.env") && writes("/w/own.env"));
    // Only the file itself is named.
    assert!(!reads("/w/own.env/below"));
    assert!(reads("/x.env") && reads("/w2/x.env") && writes("/w/env"));
    let found = files.read(Path::new("/w/x.env"));
    assert_eq!(found.rule.as_str(), "files.denied-glob");
    assert_eq!(
        found.reason,
        "/w/x.env is denied by the pattern `**/*.env` below /w"
    );
    assert_eq!(found, files.write(Path::new("/w/x.env")));
    assert!(!FileRules::new(vec![rule("/", Access::Read)], true).looks_at_reading());
}

#[test]
fn a_path_that_goes_up_is_granted_by_nothing() {
    let files = FileRules::new(
        vec![rule("/", Access::Read), rule("/w", Access::Write)],
        true,
    );
    assert!(!files.may_write(Path::new("/w/../etc/passwd")));
    assert!(!files.may_read(Path::new("/w/../etc/passwd")));
    assert!(!files.may_read(Path::new("w")));
    assert!(files.may_write(Path::new("/w//./x/")));
}

/// The plain meaning of a pattern over lower-case ASCII, by trying everything.
fn plainly(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], _) => true,
        (["**"], path) => !path.is_empty(),
        (["**", rest @ ..], path) => {
            (0..=path.len()).any(|skipped| plainly(rest, &path[skipped..]))
        }
        ([name, rest @ ..], [first, below @ ..]) => {
            in_name(name.as_bytes(), first.as_bytes()) && plainly(rest, below)
        }
        (_, []) => false,
    }
}

fn in_name(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], name) => name.is_empty(),
        ([b'*', rest @ ..], name) => {
            (0..=name.len()).any(|skipped| in_name(rest, &name[skipped..]))
        }
        ([b'[', a, b'-', z, b']', rest @ ..], [first, below @ ..]) => {
            (a..=z).contains(&first) && in_name(rest, below)
        }
        ([b'?', rest @ ..], [_, below @ ..]) => in_name(rest, below),
        ([c, rest @ ..], [first, below @ ..]) => c == first && in_name(rest, below),
        (_, []) => false,
    }
}

fn pattern() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        2 => Just("**".to_owned()),
        5 => "(a|b|\\?|\\*[ab]|\\[a-b\\]){1,3}\\*?",
    ];
    prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"))
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("[abc]{1,3}", 1..5).prop_map(|names| names.join("/"))
}

fn rules() -> impl Strategy<Value = Vec<FileRule>> {
    let access = [Access::Read, Access::Write, Access::Deny];
    let one = (path(), prop::sample::select(access.to_vec()));
    prop::collection::vec(one, 0..6).prop_map(|all| {
        let one = |(path, access): (String, Access)| rule(&format!("/{path}"), access);
        all.into_iter().map(one).collect()
    })
}

fn globs() -> impl Strategy<Value = Vec<DenyGlob>> {
    let base = prop_oneof![
        Just("/".to_owned()),
        path().prop_map(|path| format!("/{path}"))
    ];
    prop::collection::vec((base, pattern()), 0..4)
        .prop_map(|all| all.iter().map(|(base, text)| glob(base, text)).collect())
}

proptest! {
    #[test]
    fn patterns_mean_what_they_plainly_mean(pattern in pattern(), path in path()) {
        let parts: Vec<&str> = pattern.split('/').collect();
        let names: Vec<&str> = path.split('/').collect();
        prop_assert_eq!(denies(&pattern, &path), plainly(&parts, &names));
    }

    #[test]
    fn any_text_is_a_pattern_or_is_refused(text in "\\PC{0,12}", path in "[^/]{1,8}") {
        if text.parse::<Glob>().is_ok() {
            denies(&text, &path);
        }
    }

    /// The whole evaluator against the plain reading of its rules.
    #[test]
    fn the_most_specific_rule_is_found_however_many_there_are(rules in rules(), path in path()) {
        let path = PathBuf::from(format!("/{path}"));
        let around = rules.iter().filter(|rule| path.starts_with(&rule.path));
        let best = around.max_by_key(|rule| (rule.path.components().count(), rule.access));
        let files = FileRules::new(rules.clone(), false);
        prop_assert_eq!(files.may_read(&path), best.is_some_and(|rule| rule.access != Access::Deny));
        prop_assert_eq!(files.may_write(&path), best.is_some_and(|rule| rule.access == Access::Write));
        prop_assert_eq!(files.may_read(&path), files.read(&path).granted);
        prop_assert_eq!(files.may_write(&path), files.write(&path).granted);
        if let Some(best) = best {
            prop_assert_eq!(files.read(&path).rule, best.rule.clone());
        }
    }

    #[test]
    fn a_denial_more_grants_nothing(
        rules in rules(), globs in globs(), more in globs(), denied in path(), path in path(),
    ) {
        let path = PathBuf::from(format!("/{path}"));
        let before = FileRules::new(rules.clone(), true).denying(globs.clone());
        let mut denials = globs;
        denials.extend(more);
        let by_pattern = FileRules::new(rules.clone(), true).denying(denials.clone());
        let mut all = rules;
        all.push(rule(&format!("/{denied}"), Access::Deny));
        let by_path = FileRules::new(all, true).denying(denials);
        for after in [&by_pattern, &by_path] {
            prop_assert!(!after.may_read(&path) || before.may_read(&path));
            prop_assert!(!after.may_write(&path) || before.may_write(&path));
            prop_assert!(!after.may_write(&path) || after.may_read(&path));
        }
    }

    #[test]
    fn rules_survive_being_written_down(rules in rules(), globs in globs()) {
        let files = FileRules::new(rules, true).denying(globs);
        let text = serde_json::to_string(&files).expect("text");
        prop_assert_eq!(serde_json::from_str::<FileRules>(&text).expect("rules"), files);
    }
}
