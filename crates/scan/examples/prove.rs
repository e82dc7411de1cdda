//! Measures proofs: drives the routes of a project and, where there are
//! labels, counts what was rightly and what was wrongly confirmed.
//!
//! ```sh
//! cargo run --release -p dam-scan --example prove -- PROJECT [--python PATH] [--labels CSV] [--only ID]
//! ```
//!
//! The labels are lines `case,class,true|false,cwe`, as those of the OWASP
//! benchmarks; a case is found by its name in the path of a route.

#![allow(clippy::print_stdout, reason = "a program for measuring")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dam_sandbox::Tier;
use dam_scan::prove::{Proved, Proving, prove};

/// Weaknesses that a request can show.
const INJECTIONS: &[u16] = &[22, 78, 79, 89, 90, 94, 501, 502, 601, 611, 614, 643];

fn main() {
    dam_sandbox::take_over_if_helper();
    let mut words = std::env::args().skip(1);
    let (mut project, mut python, mut labels, mut only) = (None, None, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--python" => python = words.next().map(PathBuf::from),
            "--labels" => labels = words.next().map(PathBuf::from),
            "--only" => only = words.next(),
            _ => project = Some(PathBuf::from(word)),
        }
    }
    let project = project.and_then(|path| path.canonicalize().ok());
    let state = std::env::temp_dir();
    let (Some(project), Ok(tier)) = (project, Tier::choose(&state)) else {
        println!("no project, or no boundary");
        std::process::exit(2);
    };
    let begun = Instant::now();
    let proved = prove(&Proving {
        project,
        tier,
        home: None,
        search: vec!["/usr/local/bin".into(), "/usr/bin".into()],
        interpreter: python,
        time: Duration::from_mins(30),
        only,
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} routes, {} requests in {seconds:.1} s, {} shown",
        proved.tried.len(),
        proved.requests,
        proved.shown.len()
    );
    for why in &proved.missing {
        println!("missing: {why}");
    }
    for act in &proved.acts {
        println!("act: {act:?}");
    }
    match labels {
        Some(labels) => score(&proved, &labels),
        None => show(&proved),
    }
}

fn show(proved: &Proved) {
    for shown in &proved.shown {
        println!(
            "{} {} {} {} `{}`",
            shown.id,
            shown.class.name(),
            shown.route,
            shown.channel,
            shown.name
        );
        println!(
            "    sent {:?}: {} (control: {})",
            shown.payload, shown.evidence, shown.control
        );
        println!(
            "    watched {}, at {:?}",
            shown.watched,
            shown.places.first()
        );
    }
    for tried in proved.tried.iter().filter(|tried| tried.left.is_some()) {
        println!("left {}: {:?}", tried.route, tried.left);
    }
}

fn score(proved: &Proved, labels: &Path) {
    let text = std::fs::read_to_string(labels).unwrap_or_default();
    let mut shown: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for each in &proved.shown {
        let case = each
            .route
            .split('/')
            .find(|part| part.starts_with("BenchmarkTest"));
        if let Some(case) = case {
            shown
                .entry(case.to_owned())
                .or_default()
                .insert(each.class.cwe()[0]);
        }
    }
    // Real and confirmed, real, look-alike and confirmed, look-alike.
    let mut totals: BTreeMap<&str, [u32; 4]> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(',').collect();
        let [case, class, real, cwe, ..] = fields[..] else {
            continue;
        };
        let Ok(cwe) = cwe.trim().parse::<u16>() else {
            continue;
        };
        if !INJECTIONS.contains(&cwe) {
            continue;
        }
        let confirmed = shown.get(case).is_some_and(|all| all.contains(&cwe));
        let total = totals.entry(class).or_default();
        let real = real == "true";
        total[if real { 1 } else { 3 }] += 1;
        total[if real { 0 } else { 2 }] += u32::from(confirmed);
        match (real, confirmed) {
            (true, false) => println!("not reproduced: {case} {class}"),
            (false, true) => println!("WRONG: {case} {class}"),
            _ => {}
        }
    }
    let mut sum = [0; 4];
    for (class, total) in &totals {
        println!(
            "{class:16} confirmed {:3} of {:3}, wrong {:3} of {:3}",
            total[0], total[1], total[2], total[3]
        );
        for (sum, part) in sum.iter_mut().zip(total) {
            *sum += part;
        }
    }
    println!(
        "{:16} confirmed {:3} of {:3}, wrong {:3} of {:3}",
        "all", sum[0], sum[1], sum[2], sum[3]
    );
}
