//! One run of one attempt, and the judgement on it.

use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::attempt::{Attempt, Proof};
use crate::boundary::{self, Boundary, Mode, Run, User};
use crate::scene::Scene;

/// The boundary does not start at all with a directory as a standard stream.
const REFUSES_TO_START: &str = "which would lead around the boundary";

/// What came of one run of one attempt.
pub enum Outcome {
    /// What shows it, as seen from the host.
    Escaped(Vec<String>),
    /// What came back to the attacker.
    Held(String),
    /// The attempt was not made, so nothing is known.
    NotTried(String),
}

impl Outcome {
    /// In one line.
    pub fn text(&self) -> String {
        match self {
            Self::Escaped(evidence) => {
                let first = &evidence[..evidence.len().min(3)];
                format!("**escaped**: {}", first.join("; "))
            }
            Self::Held(answer) => format!("held: {answer}"),
            Self::NotTried(why) => format!("not tried: {why}"),
        }
    }
}

/// Whether it must get out where there is no boundary.
pub fn must_escape(attempt: &Attempt, user: &User) -> bool {
    match attempt.proof {
        Proof::Everyone => true,
        Proof::Root => user.is_root(),
        Proof::User => !user.is_root(),
        Proof::Maybe => false,
    }
}

/// Makes one attempt. `usual` is what shows also where nothing is attempted:
/// a launcher's own doing.
pub fn once(attempt: &Attempt, user: &User, boundary: Boundary, usual: &[String]) -> Outcome {
    let scene = Scene::new(user);
    scene.settle(attempt);
    // Whoever is named must be there before the first look.
    for text in attempt.steps.iter().chain(attempt.watch) {
        scene.fill(text);
    }
    let read_only = boundary.is_read_only() || !attempt.modes.contains(&Mode::WorkspaceWrite);
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
    run.evidence = run
        .evidence
        .iter()
        .map(|text| plain(&scene, text))
        .collect();
    run.evidence.retain(|text| !usual.contains(text));
    judge(attempt, &scene, &run)
}

/// The same text for every scene, in one line.
fn plain(scene: &Scene, text: &str) -> String {
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
}

fn judge(attempt: &Attempt, scene: &Scene, run: &Run) -> Outcome {
    assert!(
        !run.output.contains("no such step"),
        "{}: {}",
        attempt.id,
        run.output
    );
    if !run.evidence.is_empty() {
        return Outcome::Escaped(run.evidence.clone());
    }
    let may_refuse = attempt.may_refuse || run.output.contains(REFUSES_TO_START);
    if !run.began(attempt) && !may_refuse || run.status.is_none() {
        let end = format!("{}: {}", run.ending(), run.output.trim());
        return Outcome::NotTried(plain(scene, &end));
    }
    Outcome::Held(plain(scene, &answers(attempt, run)))
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
pub fn alone() -> File {
    let lock = File::create(report_directory().join("alone")).expect("make a lock");
    lock.lock().expect("lock");
    lock
}

/// Where what came of it is written.
pub fn report_directory() -> &'static Path {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(directory).expect("make a directory");
    directory
}
