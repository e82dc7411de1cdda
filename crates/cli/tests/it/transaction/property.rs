//! The same acts, whatever they are, come to the same tree in a transaction
//! that is kept as done directly; and to none in one that is dropped.

use std::fmt::Write;

use dam_testkit::environment::Environment;

use super::{Tree, hold, keep, ok, open};
use crate::everybody;

/// Scripts of so many acts, so many times.
const ACTS: usize = 60;
const ROUNDS: u64 = 6;

const PLACES: &[&str] = &[
    "a", "b", "c", "d", "a/x", "a/y", "b/x", "b/y/z", "c/x", "d/x",
];

const START: &str = "mkdir a b b/y d; echo 1 > a/x; echo 2 > b/x; echo 3 > b/y/z; echo 4 > c; \
                     ln -s a/x a/y; echo 5 > d/x; chmod 751 b/y";

/// Numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("a small number")
    }

    fn place(&mut self) -> &'static str {
        PLACES[self.below(PLACES.len())]
    }
}

/// Acts that may fail, which is the same in both worlds.
fn script(seed: u64) -> String {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut script = "exec 2>/dev/null; set +e; umask 022\n".to_owned();
    for number in 0..ACTS {
        let (one, two) = (chance.place(), chance.place());
        let act = match chance.below(13) {
            0 | 1 => format!("echo {number} > {one}"),
            2 => format!("echo {number} >> {one}"),
            3 => format!("mkdir -p {one}"),
            4 => format!("rm -rf {one}"),
            5 => format!("rm -f {one}"),
            6 => format!("rmdir {one}"),
            7 => format!("mv -T {one} {two}"),
            8 => format!("ln -T {one} {two}"),
            9 => format!("ln -sfnT {two} {one}"),
            10 => format!("chmod 7{}5 {one}", chance.below(8)),
            // Into itself, what is copied depends on the order of a listing.
            11 if !two.starts_with(one) => format!("cp -a -T {one} {two}"),
            _ => format!("truncate -s {} {one}", chance.below(3) * 5000),
        };
        writeln!(script, "{act}").expect("a line");
    }
    script.push_str("true\n");
    script
}

#[test]
fn kept_is_done_and_dropped_is_nothing() {
    for environment in everybody() {
        for seed in 1..=ROUNDS {
            check(&environment, seed);
        }
    }
}

fn check(environment: &Environment, seed: u64) {
    let script = script(seed);
    let clear = "find . -mindepth 1 -delete";
    let run = |script: &str| ok(&environment.command("sh", ["-c", script]).run());
    run(clear);
    run(START);
    let start = Tree::of(&environment.work());
    ok(&hold(environment, &script));
    assert_eq!(Tree::of(&environment.work()), start, "held, seed {seed}");
    if !open(environment).is_empty() {
        ok(&environment.dam(["drop"]).run());
    }
    assert_eq!(Tree::of(&environment.work()), start, "dropped, seed {seed}");
    ok(&hold(environment, &script));
    if !open(environment).is_empty() {
        ok(&keep(environment, &[]));
    }
    let kept = Tree::of(&environment.work());
    run(clear);
    run(START);
    run(&script);
    assert_eq!(
        kept,
        Tree::of(&environment.work()),
        "kept, seed {seed}\n{script}"
    );
}
