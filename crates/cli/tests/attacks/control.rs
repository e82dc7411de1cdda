//! The control: everyday acts must work inside.

use crate::acts::{ACTS, does};
use crate::battery::behind;
use crate::boundary::{Boundary, Mode, User};

/// What the tier without namespaces is documented not to have.
const LACKS: &[&str] = &[
    "talk over a socket of its own in the workspace",
    "talk over TCP on its own loopback",
    "open a terminal of its own",
    "share memory by name",
    "Python's pool of processes",
];

/// Does every act outside and, where it succeeded, inside.
pub fn run(user: &User) {
    let mut failures = Vec::new();
    let mut done = 0;
    for act in ACTS {
        let (possible, why_not) = does(act, user, Boundary::None);
        if !possible {
            println!("not possible here, even outside: {}: {why_not}", act.what);
            continue;
        }
        let modes: &[Mode] = if act.writes {
            &[Mode::WorkspaceWrite]
        } else {
            &[Mode::WorkspaceWrite, Mode::ReadOnly]
        };
        for mode in modes {
            let (worked, output) = does(act, user, behind(*mode));
            done += usize::from(worked);
            let is_lacking = matches!(behind(*mode), Boundary::Without(_, "namespaces"))
                && LACKS.contains(&act.what);
            if worked == is_lacking {
                failures.push(format!("{} ({}): {}", act.what, mode.name(), output.trim()));
            }
        }
    }
    println!("as {}: {done} everyday acts worked inside", user.name);
    assert!(
        failures.is_empty(),
        "as {}, inside:\n{}",
        user.name,
        failures.join("\n")
    );
    assert!(done > 40, "hardly anything could be tried: {done}");
}
