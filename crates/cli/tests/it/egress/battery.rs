//! Ways of getting out that must fail, each first shown to work outside. What
//! counts is what arrives on the other side, not what the attempt says.

use dam_testkit::environment::Environment;

use super::{Outside, script, settings};
use crate::everybody;
use crate::tiers::without;

/// What is missing, for each tier.
const TIERS: &[&[&str]] = &[&[], &["landlock"], &["unshare"]];

/// The names of the attempts.
fn tried(environment: &Environment, outside: &Outside, missing: Option<&[&str]>) -> Vec<String> {
    let attempts = script(environment, "attempts.py");
    let (place, ports) = (outside.place.path(), outside.words.as_str());
    let run = match missing {
        None => environment
            .command("/usr/bin/python3", [&attempts])
            .arg("outside"),
        Some(missing) => without(environment, missing, &["run", "--", "/usr/bin/python3"])
            .arg(&attempts)
            .arg("inside"),
    };
    let outcome = run.arg(place).arg(ports).run();
    assert!(outcome.success(), "{}", outcome.page());
    outcome.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn no_way_is_open_that_works_outside() {
    for environment in everybody() {
        let outside = Outside::new(&environment);
        let ports = outside.ports();
        let hosts = ["good", "tls"].map(|name| format!("127.0.0.1:{}", ports[name]));
        environment.write_config(&settings(&hosts, ""));
        let names = tried(&environment, &outside, None);
        let seen = outside.seen();
        let is_seen =
            |seen: &str, place: &str, name: &str| seen.contains(&format!("{place}-{name}-t"));
        let proven: Vec<&String> = names
            .iter()
            .filter(|name| is_seen(&seen, "outside", name))
            .collect();
        assert!(
            proven.len() >= 100,
            "of {names:?} only {proven:?} work outside"
        );
        for missing in TIERS {
            tried(&environment, &outside, Some(missing));
            let seen = outside.seen();
            assert!(
                is_seen(&seen, "inside", "the-good-way"),
                "without {missing:?}: {seen}"
            );
            let open: Vec<&String> = names
                .iter()
                .filter(|name| is_seen(&seen, "inside", name))
                .collect();
            assert!(open.is_empty(), "open without {missing:?}: {open:?}");
            // For the next one.
            let fresh = seen.replace("inside-", "before-");
            std::fs::write(outside.place.path().join("seen"), fresh).expect("what was seen");
            let _ = std::fs::remove_file(environment.state().join("tier.json"));
        }
    }
}

#[test]
fn where_sockets_cannot_be_taken_over_nothing_gets_out_at_all() {
    for environment in everybody() {
        let outside = Outside::new(&environment);
        let good = format!("127.0.0.1:{}", outside.ports()["good"]);
        environment.write_config(&settings(std::slice::from_ref(&good), ""));
        let url = format!("http://{good}/inside-t");
        let words = ["run", "--", "curl", "-sS", "-m", "5", &url];
        let outcome = without(&environment, &["namespaces"], &words).run();
        assert!(!outcome.success(), "{}", outcome.page());
        assert!(!outside.seen().contains("inside-t"));
    }
}
