//! Classes of repositories: which one counts, and that nothing a user adds
//! makes it milder.

use std::path::PathBuf;

use dam_policy::{
    ApprovalName, CLASSES, Floor, Ground, Layer, Origin, Repositories, Sensitivity, Sourced,
    address, classed, is_like,
};
use proptest::prelude::*;

fn listed(class: &str, remotes: &[&str], paths: &[&str]) -> Repositories {
    let path = |path: &&str| match path.split_once("/*") {
        None => (PathBuf::from(path), None),
        Some((base, rest)) => {
            let glob = format!("*{rest}").parse().expect("a pattern");
            (PathBuf::from(base), Some(glob))
        }
    };
    Repositories {
        class: class.to_owned(),
        remotes: remotes.iter().map(ToString::to_string).collect(),
        paths: paths.iter().map(path).collect(),
        origin: Origin::of(Layer::Requirements),
    }
}

fn required() -> Sensitivity {
    Sensitivity {
        classes: CLASSES.map(str::to_owned).to_vec(),
        unknown: Some("internal".to_owned()),
        repositories: vec![
            listed("public", &["github.com/acme/open-*"], &["/oss"]),
            listed("regulated", &["*/acme/bank*"], &["/srv/bank"]),
            listed("production", &["git.acme.example/*"], &["/srv/*/live"]),
        ],
        floors: Vec::new(),
    }
}

fn class(roots: &[&str], remotes: &[&str]) -> String {
    let ground = Ground {
        roots: roots.iter().map(PathBuf::from).collect(),
        remotes: remotes
            .iter()
            .map(|remote| vec![(*remote).to_owned()])
            .collect(),
    };
    let class = required().class(&ground).expect("a class");
    format!("{}: {}", class.name, class.why)
}

#[test]
fn the_strictest_class_that_matches_counts() {
    let unknown = "internal: nothing names it";
    let open = "https://github.com/acme/open-x.git";
    let live = "git@git.acme.example:x";
    for (roots, remotes, expected) in [
        (&["/w"][..], &[][..], unknown),
        (&["/w"], &["https://evil.example/x"], unknown),
        (
            &["/w"],
            &[open],
            "public: the remote github.com/acme/open-x, by `github.com/acme/open-*`",
        ),
        // A remote beside it that nothing names makes it unknown again.
        (&["/w"], &[open, "https://evil.example/x"], unknown),
        (
            &["/w"],
            &[open, live],
            "production: the remote git.acme.example/x, by `git.acme.example/*`",
        ),
        // No remote makes a path milder.
        (&["/srv/bank/x"], &[open], "regulated: the path /srv/bank"),
        (&["/srv/x/live/y"], &[open], "production: the path /srv"),
        // A path that is known is known whatever its remotes are.
        (
            &["/oss/x"],
            &["https://evil.example/x"],
            "public: the path /oss",
        ),
        // What is around a path holds what it holds.
        (&["/srv"], &[], "regulated: the path /srv/bank"),
        (&["/w", "/srv/bank"], &[], "regulated: the path /srv/bank"),
    ] {
        assert_eq!(class(roots, remotes), expected, "{roots:?} {remotes:?}");
    }
}

#[test]
fn an_address_is_the_same_however_it_is_written() {
    for text in [
        "https://github.com/acme/x",
        "https://user:token@GitHub.com:443/acme/x.git/",
        "ssh://git@github.com:22/acme/x.git",
        "git@github.com:acme/x.git",
        "github.com:/acme/x",
        "git://github.com//acme/./x.git",
        "https://github.com/other/../acme/x",
        "https://github.com/%61cme/x?y#z",
        "https://github.com./Acme/X",
    ] {
        assert_eq!(address(text), "github.com/acme/x", "{text}");
    }
    assert_eq!(address("/srv/git/x.git"), "/srv/git/x");
    assert_eq!(address("../x:y"), "/x:y");
}

fn floor(names: &[ApprovalName]) -> Floor {
    let origin = Origin::of(Layer::Requirements);
    Floor {
        approval_policies: Some(Sourced::new(names.iter().copied().collect(), origin)),
        ..Floor::default()
    }
}

#[test]
fn a_stricter_class_asks_for_all_that_a_milder_one_does() {
    let mut own = required();
    own.floors = vec![
        (
            "internal".to_owned(),
            floor(&[ApprovalName::Untrusted, ApprovalName::OnRequest]),
        ),
        (
            "production".to_owned(),
            floor(&[ApprovalName::OnRequest, ApprovalName::Never]),
        ),
    ];
    let names = |class| {
        own.floor(class)
            .approval_policies
            .map(|names| names.value.len())
    };
    assert_eq!(names("public"), None);
    assert_eq!(names("regulated"), Some(2));
    assert_eq!(names("production"), Some(1));
}

proptest! {
    #[test]
    fn what_a_user_adds_only_makes_it_stricter(
        own in prop::collection::vec(
            (prop::sample::select(CLASSES.to_vec()), 0..4_usize, any::<bool>()), 0..4),
        unknown in prop::option::of(prop::sample::select(CLASSES.to_vec())),
        roots in prop::sample::subsequence(vec!["/w", "/oss/x", "/srv/bank", "/srv/y/live"], 1..3),
        remotes in prop::sample::subsequence(
            vec!["https://github.com/acme/open-x", "git.acme.example:x", "evil.example:x"], 0..3),
    ) {
        let ground = Ground {
            roots: roots.iter().map(PathBuf::from).collect(),
            remotes: remotes.iter().map(|remote| vec![(*remote).to_owned()]).collect(),
        };
        let places = ["/w", "/oss", "/srv", "/"];
        let remotes = ["*", "github.com/*", "git.acme.example/x", "evil*"];
        let own = Sensitivity {
            classes: CLASSES.map(str::to_owned).to_vec(),
            unknown: unknown.map(str::to_owned),
            repositories: own.iter().map(|(class, at, is_path)| if *is_path {
                listed(class, &[], &[places[*at]])
            } else {
                listed(class, &[remotes[*at]], &[])
            }).collect(),
            floors: Vec::new(),
        };
        let required = required();
        let alone = classed(Some(&required), None, &ground).expect("a class").0;
        let both = classed(Some(&required), Some(&own), &ground).expect("a class").0;
        prop_assert!(required.rank(&both.name) >= required.rank(&alone.name));
    }

    #[test]
    fn a_pattern_is_matched_as_by_trying_everything(pattern in "[ab*?]{0,6}", text in "[ab]{0,6}") {
        fn plain(pattern: &[u8], text: &[u8]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => {
                    plain(rest, text) || (!text.is_empty() && plain(pattern, &text[1..]))
                }
                (Some((b'?', rest)), Some((_, below))) => plain(rest, below),
                (Some((c, rest)), Some((d, below))) => c == d && plain(rest, below),
                _ => false,
            }
        }
        prop_assert_eq!(is_like(&pattern, &text), plain(pattern.as_bytes(), text.as_bytes()));
    }
}
