//! Tries a group of attempts, first outside and then inside, and reports.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::attempt::{Attempt, Proof};
use crate::boundary::{self, Boundary, Mode, Run, User};
use crate::scene::Scene;

/// Attempts that are known to get out, and why. They are shown as open and fail
/// only when they are held, so that none stays here for longer than it must.
const OPEN: &[(&str, &str)] = &[
    ("K40", "masks cover the stores that are there at the start"),
    ("K41", "masks cover the files that are there at the start"),
    (
        "K42",
        "masks cover the directories that are there at the start",
    ),
];

/// The boundary does not start at all with a directory as a standard stream.
const REFUSES_TO_START: &str = "which would lead around the boundary";

/// What came of one run of one attempt.
enum Outcome {
    /// What shows it, as seen from the host.
    Escaped(String),
    /// What came back to the attacker.
    Held(String),
    /// The attempt was not made, so nothing is known.
    NotTried(String),
}

/// Tries every attempt as this user and fails if one gets out, or if one that
/// should get out where there is no boundary does not.
pub fn run(group: &str, attempts: &[Attempt], user: &User) {
    let mut table = Vec::new();
    let mut failures = Vec::new();
    let mut proven = 0;
    let makes_sense = |attempt: &&Attempt| attempt.proof != Proof::User || !user.is_root();
    for attempt in attempts.iter().filter(makes_sense) {
        let _alone = attempt.alone.then(alone);
        let outside = once(attempt, user, Boundary::None);
        let shown = matches!(outside, Outcome::Escaped(_));
        proven += usize::from(shown);
        if !shown && must_escape(attempt, user) {
            failures.push(format!(
                "{} is not proven outside: {}",
                attempt.id,
                outside.text()
            ));
        }
        let open = OPEN.iter().find(|(id, _)| *id == attempt.id);
        for mode in attempt.modes {
            let inside = once(attempt, user, behind(*mode));
            let came_back = match (&inside, open) {
                (Outcome::Escaped(_), Some((_, why))) => format!("open: {why}"),
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

/// The boundary under test, or the stand-in if somebody asks for it.
pub fn behind(mode: Mode) -> Boundary {
    match std::env::var("COFFERDAM_ATTACKS_BEHIND").as_deref() {
        Ok("bwrap") => Boundary::StandIn(mode),
        Ok("nothing") => Boundary::None,
        _ => Boundary::Dam(mode),
    }
}

fn must_escape(attempt: &Attempt, user: &User) -> bool {
    match attempt.proof {
        Proof::Everyone => true,
        Proof::Root => user.is_root(),
        Proof::User => !user.is_root(),
        Proof::Maybe => false,
    }
}

fn once(attempt: &Attempt, user: &User, boundary: Boundary) -> Outcome {
    let scene = Scene::new(user);
    scene.settle(attempt);
    // Whoever is named must be there before the first look.
    for text in attempt.steps.iter().chain(attempt.watch) {
        scene.fill(text);
    }
    let read_only = boundary == Boundary::Dam(Mode::ReadOnly)
        || boundary == Boundary::StandIn(Mode::ReadOnly)
        || !attempt.modes.contains(&Mode::WorkspaceWrite);
    let before = scene.traces(attempt, read_only);
    let mut run = boundary::run(&scene, attempt, boundary);
    settle_down(&scene, &mut run);
    run.evidence
        .extend(attempt.after.and_then(|after| after(&scene)));
    run.evidence.extend(crate::traces::changes(
        &before,
        &scene.traces(attempt, read_only),
    ));
    run.evidence.extend(scene.testimony());
    if run.output.contains(&scene.token) {
        run.evidence.push("the secret is in its output".to_owned());
    }
    let last = attempt
        .steps
        .last()
        .and_then(|step| step.split_whitespace().next());
    if attempt.reached && last.is_some_and(|last| run.output.contains(&format!("\n{last}: ok"))) {
        run.evidence.push("the call was reached".to_owned());
    }
    judge(attempt, &scene, &run)
}

fn judge(attempt: &Attempt, scene: &Scene, run: &Run) -> Outcome {
    let plain = |text: &str| {
        let names = [
            ("{ws}", "WS"),
            ("{home}", "~"),
            ("{out}", "OUT"),
            ("{tmp}", "TMP"),
            ("{id}", "ID"),
        ];
        let token = text.replace(&scene.token, "SECRET");
        names
            .iter()
            .fold(token, |text, (word, short)| {
                text.replace(&scene.fill(word), short)
            })
            .replace(['|', '\n'], " ")
    };
    assert!(
        !run.output.contains("no such step"),
        "{}: {}",
        attempt.id,
        run.output
    );
    if !run.evidence.is_empty() {
        return Outcome::Escaped(plain(&run.evidence.join("; ")));
    }
    let may_refuse = attempt.may_refuse || run.output.contains(REFUSES_TO_START);
    if !run.began(attempt) && !may_refuse || run.status.is_none() {
        let end = format!("{}: {}", run.ending(), run.output.trim());
        return Outcome::NotTried(plain(&end));
    }
    Outcome::Held(plain(&answers(attempt, run)))
}

/// The steps' results in one line: what was refused, or how it ended.
fn answers(attempt: &Attempt, run: &Run) -> String {
    if !run.began(attempt) {
        return format!(
            "refused to start: {}",
            run.output.lines().next().unwrap_or_default()
        );
    }
    let names: Vec<&str> = attempt
        .steps
        .iter()
        .filter_map(|step| step.split_whitespace().next())
        .collect();
    let results: Vec<&str> = run
        .output
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| {
            line.split_once(": ")
                .is_some_and(|(name, _)| names.contains(&name))
        })
        .collect();
    if results.len() < names.len() && !attempt.terminal {
        return format!("{} {}", results.join(", "), run.ending());
    }
    results.join(", ")
}

/// Processes get a moment to go; who stays has outlived the command.
fn settle_down(scene: &Scene, run: &mut Run) {
    let deadline = Instant::now() + Duration::from_secs(1);
    while !scene.leftovers().is_empty() {
        if Instant::now() > deadline {
            run.evidence
                .push("a process outlived the command".to_owned());
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// One at a time on this machine.
fn alone() -> File {
    let lock = File::create(report_directory().join("alone")).expect("make a lock");
    lock.lock().expect("lock");
    lock
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

fn report_directory() -> &'static Path {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(directory).expect("make a directory");
    directory
}

impl Outcome {
    fn text(&self) -> String {
        match self {
            Self::Escaped(evidence) => format!("**escaped**: {evidence}"),
            Self::Held(answer) => format!("held: {answer}"),
            Self::NotTried(why) => format!("not tried: {why}"),
        }
    }
}
