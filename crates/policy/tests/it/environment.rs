//! Which variables a command is given.

use dam_policy::{EnvironmentPolicy, Inherit, looks_secret};
use proptest::prelude::*;

/// The names that are left of some variables.
fn left(policy: &EnvironmentPolicy, variables: &[(&str, &str)]) -> Vec<String> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    policy.apply(variables).into_keys().collect()
}

fn patterns(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn secrets_are_left_out_by_default() {
    let policy = EnvironmentPolicy::default();
    let variables = [
        ("PATH", "/bin"),
        ("HOME", "/home/alice"),
        ("EDITOR", "vi"),
        ("OPENAI_API_KEY", "x"),
        ("github_token", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("DB_PASSWORD", "x"),
        ("SESSION_COOKIE", "x"),
        ("PLAIN", "ghp_0123"),
        ("DATABASE_URL", "postgres://u:p@h/d"),
        ("PROXY", "http://h:80"),
        ("JWT", "eyJhbGciOiJIUzI1NiJ9.e30."),
    ];
    assert_eq!(
        left(&policy, &variables),
        ["EDITOR", "HOME", "PATH", "PROXY"]
    );
    let keeping = EnvironmentPolicy {
        ignore_default_excludes: true,
        ..EnvironmentPolicy::default()
    };
    assert_eq!(left(&keeping, &variables).len(), variables.len());
}

#[test]
fn what_is_passed_by_name_is_kept_whatever_it_looks_like() {
    let policy = EnvironmentPolicy {
        inherit: Inherit::Core,
        pass: patterns(&["NPM_TOKEN", "CI_JOB", "LD_PRELOAD", "HIDDEN_KEY", "*"]),
        exclude: patterns(&["HIDDEN_*"]),
        ..EnvironmentPolicy::default()
    };
    let variables = [
        ("NPM_TOKEN", "x"),
        ("NPM_TOKEN_2", "x"),
        ("npm_token", "x"),
        ("CI_JOB", "1"),
        ("OTHER", "1"),
        ("LD_PRELOAD", "x"),
        ("HIDDEN_KEY", "x"),
        ("PATH", "/bin"),
    ];
    assert_eq!(left(&policy, &variables), ["CI_JOB", "NPM_TOKEN", "PATH"]);
}

#[test]
fn what_loads_code_or_opens_a_door_is_never_inherited() {
    let policy = EnvironmentPolicy {
        ignore_default_excludes: true,
        include_only: patterns(&["*"]),
        ..EnvironmentPolicy::default()
    };
    let variables = [
        ("LD_PRELOAD", "x"),
        ("BASH_FUNC_ls%%", "() { id; }"),
        ("DYLD_INSERT_LIBRARIES", "x"),
        ("BASH_ENV", "x"),
        ("SSH_AUTH_SOCK", "x"),
        ("DBUS_SESSION_BUS_ADDRESS", "x"),
        ("A", "x"),
    ];
    assert_eq!(left(&policy, &variables), ["A"]);
}

#[test]
fn each_way_to_start_keeps_what_it_says() {
    let variables = [("PATH", "/bin"), ("LANG", "C"), ("EDITOR", "vi")];
    let of = |inherit| EnvironmentPolicy {
        inherit,
        ..EnvironmentPolicy::default()
    };
    assert_eq!(
        left(&of(Inherit::All), &variables),
        ["EDITOR", "LANG", "PATH"]
    );
    assert_eq!(left(&of(Inherit::Core), &variables), ["LANG", "PATH"]);
    assert!(left(&of(Inherit::None), &variables).is_empty());
}

#[test]
fn patterns_remove_then_values_are_set_then_only_some_are_kept() {
    let policy = EnvironmentPolicy {
        exclude: patterns(&["a*", "?X"]),
        set: [("ADDED", "1"), ("OTHER", "2")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        include_only: patterns(&["added", "K*"]),
        ..EnvironmentPolicy::default()
    };
    let variables = [
        ("APPLE", ""),
        ("axe", ""),
        ("YX", ""),
        ("KYX", ""),
        ("ZOO", ""),
    ];
    assert_eq!(left(&policy, &variables), ["ADDED", "KYX"]);
}

#[test]
fn patterns_match_whole_names() {
    let excluding = |pattern: &str| EnvironmentPolicy {
        exclude: patterns(&[pattern]),
        ..EnvironmentPolicy::default()
    };
    for (pattern, name, matches) in [
        ("FOO", "FOO", true),
        ("foo", "FOO", true),
        ("FOO", "FOOD", false),
        ("FO?", "FOO", true),
        ("FO?", "FO", false),
        ("*", "X", true),
        ("F*O", "FO", true),
        ("F*O", "FXYO", true),
        ("F*O", "FXYOZ", false),
        ("*A*B*", "XAYBZ", true),
        ("*A*B*", "XBYAZ", false),
        ("**", "X", true),
        ("", "X", false),
        ("*?", "X", true),
        ("A*A", "A", false),
        ("*AB", "AAB", true),
        ("*ABAC", "ABABAC", true),
    ] {
        let found = left(&excluding(pattern), &[(name, "")]).is_empty();
        assert_eq!(found, matches, "{pattern} on {name}");
    }
}

/// It would not come back in a lifetime if every star were tried with every
/// length.
#[test]
fn a_pattern_of_many_stars_comes_back() {
    let policy = EnvironmentPolicy {
        exclude: patterns(&[&format!("{}b", "*a".repeat(40))]),
        ..EnvironmentPolicy::default()
    };
    let name = "a".repeat(2000);
    assert_eq!(left(&policy, &[(&name, "")]), [name]);
}

#[test]
fn passwords_in_addresses_are_seen() {
    assert!(looks_secret("X", "https://user:pass@host/path"));
    assert!(looks_secret("X", "redis://:pass@host"));
    for fine in [
        "https://host/a:b@c",
        "https://user@host",
        "https://user:@host",
        "a:b@c",
        "https://h/?q=a:b@c",
    ] {
        assert!(!looks_secret("X", fine), "{fine}");
    }
}

/// The same, told slowly.
fn slowly(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            slowly(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, text)| slowly(pattern, text))
        }
        (Some((b'?', rest)), Some((_, text))) => slowly(rest, text),
        (Some((a, rest)), Some((b, text))) => a == b && slowly(rest, text),
        _ => false,
    }
}

proptest! {
    #[test]
    fn matching_is_what_it_says(pattern in "[ab*?]{0,8}", name in "[ab]{1,8}") {
        let policy = EnvironmentPolicy { exclude: vec![pattern.clone()], ..EnvironmentPolicy::default() };
        let removed = left(&policy, &[(&name, "")]).is_empty();
        prop_assert_eq!(removed, slowly(pattern.as_bytes(), name.as_bytes()));
    }

    /// A pattern more to remove never lets more through.
    #[test]
    fn removing_more_leaves_less(pattern in "[A-Z*?]{0,4}", name in "[A-Z]{1,6}", value in ".*") {
        let one = EnvironmentPolicy { exclude: vec![pattern], ..EnvironmentPolicy::default() };
        let before = left(&EnvironmentPolicy::default(), &[(&name, &value)]);
        let after = left(&one, &[(&name, &value)]);
        prop_assert!(after.len() <= before.len());
    }
}
