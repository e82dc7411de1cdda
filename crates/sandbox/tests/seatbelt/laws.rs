//! What holds for every profile: the policy says what the rules say.

use std::path::Path;

use dam_policy::{
    Access, DenyGlob, EnvironmentPolicy, FileRule, FileRules, GitAccess, Limits, Network, Origin,
    ResolvedProfile, Rule,
};
use dam_sandbox::seatbelt::{self, Policy};
use proptest::prelude::*;

use crate::language::Rules;

/// A rule on a path.
pub fn rule(path: &str, access: Access) -> FileRule {
    FileRule {
        path: path.into(),
        access,
        rule: Rule::builtin("files.path"),
        origin: Origin::BUILTIN,
        what: "named by the profile".to_owned(),
    }
}

/// A profile of these rules.
pub fn profile(files: FileRules) -> ResolvedProfile {
    ResolvedProfile {
        name: "custom".to_owned(),
        files,
        network: Network::None,
        environment: EnvironmentPolicy::default(),
        confined: true,
        limits: Limits::default(),
        needs: Vec::new(),
        own_tmp: false,
        git: GitAccess::default(),
        home: None,
    }
}

/// The policy of these rules.
pub fn policy(files: &FileRules) -> Policy {
    seatbelt::policy(&profile(files.clone())).expect("a policy")
}

/// No two of these differ in case alone.
const OWN: &[&str] = &[
    "a", "B", "Docs", "x.y", "s p", "q\"t", "b\\s", "\u{e9}", ".codex",
];
/// Nor do these and those, but for what is protected in any case.
const ASKED: &[&str] = &[
    "a",
    "B",
    "Docs",
    "x.y",
    "s p",
    "q\"t",
    "b\\s",
    "\u{e9}",
    "xzy",
    "c",
    ".codex",
    ".git",
    ".GIT",
    "hooks",
    ".github",
    ".GitHub",
    "workflows",
    "Workflows",
    "AGENTS.md",
    "agentsxmd",
    "a.git",
    ".gitx",
    "(x)*",
];

fn path(names: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(names), 0..=most)
        .prop_map(|parts| format!("/{}", parts.join("/")))
}

fn rules() -> impl Strategy<Value = Vec<(String, Access)>> {
    let access = prop::sample::select(vec![Access::Read, Access::Write, Access::Deny]);
    prop::collection::vec((path(OWN, 4), access), 0..8)
}

fn files(rules: &[(String, Access)], protect_names: bool) -> FileRules {
    let all = rules.iter().map(|(path, access)| rule(path, *access));
    FileRules::new(all.collect(), protect_names)
}

/// Some letters of a path in the other case.
fn respelled(path: &str, swaps: &[bool]) -> String {
    let swapped = |(c, swap): (char, &bool)| match swap {
        true if c.is_ascii_uppercase() => c.to_ascii_lowercase(),
        true => c.to_ascii_uppercase(),
        false => c,
    };
    path.chars()
        .zip(swaps.iter().cycle())
        .map(swapped)
        .collect()
}

fn patterns() -> impl Strategy<Value = Vec<(String, String)>> {
    const PARTS: &[&str] = &[
        "**", "*", "a", "Docs", "x.y", "*.y", "[a-c]", "[!a]", ".g*", "?", "??*", "?.*", "s\\ p",
        "\u{e9}", "[\"-q]*",
    ];
    let pattern = prop::collection::vec(prop::sample::select(PARTS), 1..4);
    prop::collection::vec(
        (path(OWN, 2), pattern.prop_map(|parts| parts.join("/"))),
        0..3,
    )
}

fn globs(patterns: &[(String, String)]) -> Vec<DenyGlob> {
    let glob = |(base, glob): &(String, String)| DenyGlob {
        base: base.into(),
        glob: glob.parse().expect("a pattern"),
        origin: Origin::BUILTIN,
    };
    patterns.iter().map(glob).collect()
}

/// Whether a pattern may close this path although it does not match: what stands
/// for one character may stand for a part of one beyond ASCII. Never the other
/// way round.
fn may_close_more(patterns: &[(String, String)], path: &str) -> bool {
    let mut names = patterns.iter().flat_map(|(_, glob)| glob.split('/'));
    !path.is_ascii() && names.any(|name| name.matches(['?', '[']).count() > 1)
}

/// With what a moved directory would uncover: a pattern after its first `**`
/// holds in every writable root.
fn held_elsewhere(files: &FileRules, patterns: &[(String, String)]) -> FileRules {
    let mut all = patterns.to_vec();
    for (_, pattern) in patterns {
        let parts: Vec<&str> = pattern.split('/').collect();
        let Some(first) = parts.iter().position(|part| *part == "**") else {
            continue;
        };
        let rest = &parts[first..];
        if rest.iter().any(|part| *part != "**") {
            let roots = files.paths(Access::Write);
            all.extend(roots.map(|root| (root.display().to_string(), rest.join("/"))));
        }
    }
    files.clone().denying(globs(&all))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_policy_grants_what_the_rules_grant(
        rules in rules(), paths in prop::collection::vec(path(ASKED, 6), 6),
        patterns in patterns(), names: bool,
    ) {
        let files = files(&rules, names);
        let policy = Rules::read(&policy(&files.clone().denying(globs(&patterns))));
        let files = held_elsewhere(&files, &patterns);
        for text in paths.iter().chain(rules.iter().map(|(path, _)| path)) {
            let path = Path::new(text);
            let more = may_close_more(&patterns, text);
            if text != "/" {
                let reads = files.may_read(path);
                for act in ["file-read-data", "process-exec"] {
                    let granted = policy.grants(act, text);
                    prop_assert!(granted == reads || (reads && more), "{} {}", act, text);
                }
            }
            let writes = files.may_write(path);
            let granted = policy.grants("file-write-data", text);
            prop_assert!(granted == writes || (writes && more), "write {}", text);
            // Names on the way to a rule, roots, and first parts of a protected
            // name stay as they are; else a name is as what it names.
            let on_the_way = rules.iter().any(|(rule, access)| {
                let rule = Path::new(rule);
                rule.starts_with(path) && (rule != path || *access == Access::Write)
            });
            let first = names && text.to_lowercase().ends_with("/.github");
            for act in ["file-write-create", "file-write-unlink"] {
                let granted = policy.grants(act, text);
                let expected = writes && !on_the_way && !first && patterns.is_empty();
                prop_assert!(!granted || writes, "{} {}", act, text);
                prop_assert!(granted || !expected, "{} {}", act, text);
                prop_assert!(!granted || !on_the_way || text == "/", "{} {}", act, text);
            }
        }
    }

    /// However a character is spelled, a pattern for one is a pattern for it.
    #[test]
    fn a_pattern_closes_every_spelling_of_a_character(
        c in prop::sample::select(vec!["\u{e9}", "\u{1ec7}", "\u{d55c}", "\u{1f600}", "\u{3a9}"]),
        glob in prop::sample::select(vec!["?.y", "[!a].y", "??y", "**/?.y", "[\u{a1}-\u{1ffff}].y"]),
    ) {
        use unicode_normalization::UnicodeNormalization as _;
        let patterns = [(String::from("/a"), String::from(glob))];
        let files = files(&[(String::from("/"), Access::Read)], false).denying(globs(&patterns));
        let policy = Rules::read(&policy(&files));
        let composed = format!("/a/{c}.y");
        let apart: String = composed.nfd().collect();
        for path in [composed, apart] {
            prop_assert!(!files.may_read(Path::new(&path)), "{}", path);
            prop_assert!(!policy.grants("file-read-data", &path), "{}", path);
        }
    }

    /// A file system that takes `A` for `a` is not a way around a rule.
    #[test]
    fn no_other_spelling_is_granted_more(
        rules in rules(), asked in path(ASKED, 6), swaps in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let exact = files(&rules, true);
        let lower: Vec<_> = rules.iter().map(|(path, access)| (path.to_lowercase(), *access)).collect();
        let folded = files(&lower, true);
        let policy = Rules::read(&policy(&exact));
        let text = respelled(&asked, &swaps);
        let lower = text.to_lowercase();
        prop_assume!(text != "/");
        if policy.grants("file-read-data", &text) {
            prop_assert!(exact.may_read(Path::new(&text)), "{}", text);
            prop_assert!(folded.may_read(Path::new(&lower)), "{}", text);
        }
        if policy.grants("file-write-data", &text) {
            prop_assert!(exact.may_write(Path::new(&text)), "{}", text);
            prop_assert!(folded.may_write(Path::new(&lower)), "{}", text);
        }
    }

    #[test]
    fn the_same_profile_gives_the_same_bytes(mut rules in rules()) {
        let before = policy(&files(&rules, true));
        rules.reverse();
        let again = rules.clone();
        rules.extend(again);
        prop_assert_eq!(policy(&files(&rules, true)).text, before.text);
    }
}
