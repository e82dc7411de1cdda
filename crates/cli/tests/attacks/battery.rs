//! Tries a group of attempts, first outside and then inside, and reports.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::attempt::{Attempt, Proof};
use crate::boundary::{Boundary, Mode, User};
use crate::trial::{Outcome, alone, must_escape, once, report_directory};

/// Attempts that are known to get out, and why. They are shown as open and fail
/// only when they are held, so that none stays here for longer than it must.
const OPEN: &[(&str, &str)] = &[];

/// What gets out where a feature of the kernel is missing: what the tier of the
/// boundary is documented to lack, by the property that covers it.
const LACKS: &[(&str, &str, &[&str])] = &[
    ("namespaces", "hidden-processes", &["D15", "E13"]),
    ("namespaces", "store-names", &["K08"]),
    ("landlock", "late-stores", &["K40", "K41", "K42"]),
];

/// What is tried in every run of the tests where a feature is missing: what
/// only that feature would hold, if nothing stood in for it. All the others
/// with `COFFERDAM_ATTACKS_BEHIND`.
const WITHOUT: &[(&str, &[&str])] = &[
    (
        "namespaces",
        &[
            "A02", "A20", "A21", "A22", "A30", "A57", "B10", "C05", "C14", "D01", "D03", "D04",
            "D06", "D10", "D13", "D14", "D15", "D20", "D22", "D27", "E01", "E06", "F01", "F03",
            "F09", "F49", "H38", "K01", "K08", "K40", "L07", "N01", "N04", "N09", "N20", "N22",
            "N23", "R02",
        ],
    ),
    (
        "landlock",
        &[
            "A02", "A30", "A57", "B10", "C05", "D01", "D03", "F01", "F03", "H38", "K01", "K40",
            "L07",
        ],
    ),
];

/// Bubblewrap with the flags that people use. It shows that the battery tells
/// one boundary from another; nothing depends on it.
const STAND_IN: &str = "/usr/bin/bwrap --unshare-all --die-with-parent --new-session \
    --ro-bind / / --dev /dev --proc /proc --bind {tmp} {tmp} --bind {workspace} {workspace} \
    --ro-bind {workspace}/.git {workspace}/.git --tmpfs {home}/.ssh --chdir {workspace} --";
const STAND_IN_READ_ONLY: &str = "/usr/bin/bwrap --unshare-all --die-with-parent --new-session \
    --ro-bind / / --dev /dev --proc /proc --ro-bind {workspace} {workspace} \
    --tmpfs {home}/.ssh --chdir {workspace} --";

/// Tries every attempt as this user and fails if one gets out, or if one that
/// should get out where there is no boundary does not.
pub fn run(group: &str, attempts: &[Attempt], user: &User) {
    try_all(group, attempts, user, behind);
}

/// Tries what a feature of the kernel would hold where it is missing.
pub fn run_without(feature: &'static str, user: &User) {
    let (_, chosen) = WITHOUT
        .iter()
        .find(|(missing, _)| *missing == feature)
        .expect("a list of attempts");
    let attempts: Vec<Attempt> = crate::rows::groups()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .filter(|row| chosen.contains(&row.id))
        .map(|row| Attempt {
            modes: &row.modes[..1],
            ..row
        })
        .collect();
    assert_eq!(attempts.len(), chosen.len(), "an attempt has another name");
    try_all(&format!("without-{feature}"), &attempts, user, |mode| {
        Boundary::Without(mode, feature)
    });
}

fn try_all(group: &str, attempts: &[Attempt], user: &User, behind: impl Fn(Mode) -> Boundary) {
    let mut table = Vec::new();
    let mut failures = Vec::new();
    let mut proven = 0;
    let makes_sense = |attempt: &&Attempt| attempt.proof != Proof::User || !user.is_root();
    for attempt in attempts.iter().filter(makes_sense) {
        let _alone = attempt.alone.then(alone);
        let outside = once(attempt, user, Boundary::None, &[]);
        let shown = matches!(outside, Outcome::Escaped(_));
        proven += usize::from(shown);
        if !shown && must_escape(attempt, user) {
            failures.push(format!(
                "{} is not proven outside: {}",
                attempt.id,
                outside.text()
            ));
        }
        for mode in attempt.modes {
            let boundary = behind(*mode);
            let open = known(attempt, boundary);
            let inside = once(attempt, user, boundary, &[]);
            let came_back = match (&inside, open) {
                (Outcome::Escaped(_), Some(why)) => format!("open: {why}"),
                _ => inside.text(),
            };
            if matches!(inside, Outcome::Held(_)) == open.is_some()
                || matches!(inside, Outcome::NotTried(_))
            {
                failures.push(format!("{} ({}): {came_back}", attempt.id, mode.name()));
            }
            table.push(format!(
                "| {} | {} | {} | {} | {came_back} |",
                attempt.id,
                attempt.what,
                mode.name(),
                if shown {
                    outside.text()
                } else {
                    format!("not proven: {}", outside.text())
                },
            ));
        }
    }
    let summary = format!(
        "{group} as {}: {} attempts, {proven} shown to succeed outside; {} runs inside, {} failures",
        user.name,
        attempts.len(),
        table.len(),
        failures.len()
    );
    report(group, user, &summary, &table);
    assert!(failures.is_empty(), "{summary}\n{}", failures.join("\n"));
}

/// Why it is known to get out there.
fn known(attempt: &Attempt, boundary: Boundary) -> Option<&'static str> {
    let open = OPEN.iter().find(|(id, _)| *id == attempt.id);
    let lacks = |&&(feature, _, ids): &&(&str, &str, &[&str])| {
        matches!(boundary, Boundary::Without(_, missing) if missing == feature)
            && ids.contains(&attempt.id)
    };
    let lacks = LACKS.iter().find(lacks).map(|(_, property, _)| *property);
    open.map(|(_, why)| *why).or(lacks)
}

/// The boundary under test, or the stand-in if somebody asks for it.
pub fn behind(mode: Mode) -> Boundary {
    match std::env::var("COFFERDAM_ATTACKS_BEHIND").as_deref() {
        Ok("bwrap") => Boundary::Launcher(
            mode,
            match mode {
                Mode::WorkspaceWrite => STAND_IN,
                Mode::ReadOnly => STAND_IN_READ_ONLY,
            },
        ),
        Ok("no-namespaces") => Boundary::Without(mode, "namespaces"),
        Ok("no-landlock") => Boundary::Without(mode, "landlock"),
        Ok("nothing") => Boundary::None,
        _ => Boundary::Dam(mode),
    }
}

/// Prints a group's table and joins the tables of all groups in one file.
fn report(group: &str, user: &User, summary: &str, table: &[String]) {
    let mut text = String::new();
    let head = "| id | attempt | mode | outside | inside |\n|--|--|--|--|--|";
    let _infallible = writeln!(
        text,
        "## {group}\n\n{summary}\n\n{head}\n{}\n",
        table.join("\n")
    );
    println!("{text}");
    let _alone = alone();
    let parts = report_directory().join(format!("attacks-{}.parts", user.name));
    fs::create_dir_all(&parts).expect("make a directory");
    fs::write(parts.join(group), text).expect("write the table");
    let mut names: Vec<PathBuf> = fs::read_dir(&parts)
        .expect("list")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    names.sort();
    let all: String = names
        .iter()
        .filter_map(|part| fs::read_to_string(part).ok())
        .collect();
    let joined = report_directory().join(format!("attacks-{}.md", user.name));
    fs::write(joined, all).expect("write the report");
}
