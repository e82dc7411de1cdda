//! Agents from elsewhere, inside the boundary: what their own makers ship, as
//! the npm registry serves it, drives real tools against a scripted model.
//!
//! The same agent and the same script are first played where there is no
//! boundary. Every deed must succeed there, so that its failure inside means
//! something; inside, only the legitimate ones may. What was done is looked up
//! on the host: on the disk, at the listeners, and in what the model was told.
//!
//! The agents' versions are in `package-lock.json`. They are installed once,
//! below the target directory; without `npm` and `node` these tests are
//! skipped, except where the variable `CI` says that nothing may be.
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests, which may stop at any surprise and say what they saw"
)]

mod agents;
mod install;
mod scene;

use std::collections::BTreeSet;

use dam_testkit::environment::Environment;

use crate::agents::Agent;
use crate::scene::{Boundary, Deed, Scene};

const DAM: &str = env!("CARGO_BIN_EXE_dam");

/// Who plays: we ourselves, and somebody else if we are root.
const EVERYBODY: [fn() -> Option<Environment>; 2] = [
    || Some(Environment::new(DAM)),
    || Environment::as_ordinary_user(DAM),
];

#[test]
fn codex_is_held() {
    is_held(&agents::CODEX);
}

#[test]
fn claude_is_held() {
    is_held(&agents::CLAUDE);
}

fn is_held(agent: &Agent) {
    let Some(agents) = install::installed() else {
        return;
    };
    for user in EVERYBODY {
        let (Some(outside), Some(inside)) = (user(), user()) else {
            continue;
        };
        does_everything_outside(agent, &Scene::set(outside, &agents));
        only_works_inside(agent, &Scene::set(inside, &agents));
    }
}

fn does_everything_outside(agent: &Agent, scene: &Scene) {
    let outcome = scene.play(agent, Boundary::None);
    let all: BTreeSet<Deed> = Deed::ALL.into_iter().collect();
    assert_eq!(
        scene.done(),
        all,
        "{} outside: {}",
        agent.name,
        outcome.page()
    );
    assert!(
        outcome.success(),
        "{} outside: {}",
        agent.name,
        outcome.page()
    );
}

fn only_works_inside(agent: &Agent, scene: &Scene) {
    let outcome = scene.play(agent, Boundary::Dam);
    let said = format!("{} inside: {}", agent.name, outcome.page());
    let harmless = BTreeSet::from([Deed::EditSource, Deed::HearTheEnd]);
    assert_eq!(scene.done(), harmless, "{said}");
    // Refusals do not stop it: it works to the end of its day.
    assert!(outcome.success(), "{said}");
    let denials = scene.denials();
    println!("{} inside: {denials:#?}", agent.name);
    for (path, rule) in Deed::ALL.into_iter().filter_map(|deed| scene.refusal(deed)) {
        let told = denials
            .iter()
            .any(|(at, by)| at.starts_with(&path) && by == rule);
        assert!(told, "{path} by {rule} is not in the journal: {denials:#?}");
    }
}
