//! Every target with a few hundred inputs made from its seeds: cut, joined,
//! overwritten, repeated. `FUZZ_CASES=100000` runs longer by hand.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use dam_fuzz::TARGETS;

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index, Index),
    Overwrite(Index, Vec<u8>),
    Insert(Index, String),
    Repeat(Index, Index, u8),
    Join(Index),
}

fn changes() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), at()).prop_map(|(from, to)| Change::Cut(from, to)),
        (at(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, bytes)| Change::Overwrite(at, bytes)),
        (
            at(),
            "[$\\`'\"(){}\\[\\]<>|&;#\\\\\\n =,.:*!@-]{1,4}|\\PC{1,3}"
        )
            .prop_map(|(at, text)| Change::Insert(at, text)),
        (at(), at(), 1..40u8).prop_map(|(from, to, times)| Change::Repeat(from, to, times)),
        at().prop_map(Change::Join),
    ]
}

fn apply(mut input: Vec<u8>, changes: &[Change], seeds: &[&str]) -> Vec<u8> {
    for change in changes {
        let length = input.len();
        let range = |from: &Index, to: &Index| {
            let (a, b) = (from.index(length + 1), to.index(length + 1));
            a.min(b)..a.max(b)
        };
        match change {
            Change::Cut(from, to) => drop(input.drain(range(from, to))),
            Change::Overwrite(at, bytes) => {
                let at = at.index(length + 1);
                let end = (at + bytes.len()).min(length);
                input.splice(at..end, bytes.iter().copied());
            }
            Change::Insert(at, text) => {
                let at = at.index(length + 1);
                input.splice(at..at, text.bytes());
            }
            Change::Repeat(from, to, times) if length < 20_000 => {
                let range = range(from, to);
                let again = input[range.clone()].repeat(usize::from(*times));
                input.splice(range.end..range.end, again);
            }
            Change::Repeat(..) => {}
            Change::Join(other) => input.extend_from_slice(other.get(seeds).as_bytes()),
        }
    }
    input
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is for whoever starts it"
)]
fn brief(name: &str) {
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        return assert_eq!(name, "the name of a target");
    };
    for seed in target.seeds {
        (target.run)(seed.as_bytes());
    }
    let set = std::env::var("FUZZ_CASES").ok();
    let cases = set.and_then(|set| set.parse().ok()).unwrap_or(300);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let inputs =
        (any::<Index>(), prop::collection::vec(changes(), 1..6)).prop_map(|(seed, changes)| {
            apply(
                seed.get(target.seeds).as_bytes().to_vec(),
                &changes,
                target.seeds,
            )
        });
    let found = TestRunner::new(config).run(&inputs, |input| {
        (target.run)(&input);
        Ok(())
    });
    assert!(found.is_ok(), "{name}: {found:?}");
}

macro_rules! brief {
    ($($name:ident),*) => {
        $(#[test] fn $name() { brief(stringify!($name)); })*

        #[test]
        fn every_target_is_run_here_and_has_a_program() {
            let here = [$(stringify!($name)),*];
            let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(here.as_slice(), targets);
            let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/libfuzzer/Cargo.toml");
            let programs = std::fs::read_to_string(programs).unwrap_or_default();
            for name in here {
                assert!(programs.contains(&format!("name = \"{name}\"")), "{name} has no program");
            }
        }
    };
}

brief!(
    shell,
    policy,
    patch,
    config,
    rules,
    requirements,
    text,
    record,
    dns,
    hello,
    http,
    socks,
    gitleaks
);
