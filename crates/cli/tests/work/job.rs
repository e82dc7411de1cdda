//! A job, done outside and inside, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dam_testkit::environment::{Environment, Outcome, is_root};

use crate::place;

const DAM: &str = env!("CARGO_BIN_EXE_dam");
/// An ordinary user that the system has a name for.
const NOBODY: u32 = 65_534;

/// Does the job outside and inside, as everybody, and compares.
pub fn is_the_same_inside(name: &str, script: &'static str) {
    let job = Job::read(name, script);
    let ours = || Some(Environment::new(DAM));
    let ordinary = || Environment::as_ordinary_user(DAM);
    let nobody = || Environment::as_user(DAM, NOBODY);
    // Who is not root is an ordinary user already.
    let users: &[&dyn Fn() -> Option<Environment>] = match (job.as_nobody, is_root()) {
        (true, true) => &[&nobody],
        (false, true) => &[&ours, &ordinary],
        (_, false) => &[&ours],
    };
    for user in users {
        if let (Some(outside), Some(inside)) = (user(), user()) {
            job.compare(outside, inside);
        }
    }
}

/// What the first comments of a script say.
struct Job {
    name: String,
    script: &'static str,
    /// Programs, and `ensurepip`.
    needs: Vec<&'static str>,
    /// Whether it is done as an ordinary user only, because it refuses to be
    /// root's work or because it is long.
    as_nobody: bool,
    compares_files: bool,
}

impl Job {
    fn read(name: &str, script: &'static str) -> Self {
        let said = |what: &str| {
            let mut head = script.lines().take_while(|line| line.starts_with('#'));
            head.find_map(|line| line.strip_prefix("# ")?.strip_prefix(what))
        };
        Self {
            name: name.to_owned(),
            script,
            needs: said("needs: ").map_or(Vec::new(), |words| words.split(' ').collect()),
            as_nobody: said("only: nobody").is_some(),
            compares_files: said("compare: tree").is_some(),
        }
    }

    fn compare(&self, mut outside: Environment, mut inside: Environment) {
        place::furnish(&mut outside, self.script);
        place::furnish(&mut inside, self.script);
        let missing = place::missing(&outside, &self.needs);
        if !missing.is_empty() {
            let reason = format!(
                "`{}` needs what is not installed: {}",
                self.name,
                missing.join(", ")
            );
            assert!(
                place::in_ci().is_none(),
                "nothing is skipped where `CI` is set, but {reason}"
            );
            println!("skipped: {reason}");
            return;
        }
        let expected = run(&outside, None);
        assert_eq!(
            expected.code,
            Some(0),
            "{} outside: {}",
            self.name,
            expected.page()
        );
        let found = run(&inside, Some(":workspace"));
        assert_eq!(
            (found.code, &found.stdout),
            (expected.code, &expected.stdout),
            "{} inside: {}\n-- outside\n{}",
            self.name,
            found.page(),
            expected.stderr
        );
        if self.compares_files {
            let (there, here) = (tree(&outside.work()), tree(&inside.work()));
            let names: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
            let differ: Vec<_> = names
                .into_iter()
                .map(|name| (name, there.get(name), here.get(name)))
                .filter(|(_, there, here)| there != here)
                .collect();
            assert!(
                differ.is_empty(),
                "{}: outside, inside: {differ:#?}",
                self.name
            );
        }
    }
}

/// Runs the script; the first thing it looks at is where it is.
fn run(environment: &Environment, profile: Option<&str>) -> Outcome {
    let script = environment.home().join("jobs/job.sh");
    let begin = "test \"${COFFERDAM_SANDBOX-}\" = \"$1\" || exit 99; set -euo pipefail; . \"$0\"";
    let words = ["bash", "-c", begin];
    // A job that hangs is told as one that failed.
    let run = environment.command("timeout", ["-k", "5", "100"]);
    let run = match profile {
        Some(_) => run
            .arg(environment.binary())
            .args(["sandbox", "-s", "workspace-write", "--"]),
        None => run,
    };
    run.args(words)
        .arg(script)
        .arg(profile.unwrap_or_default())
        .run()
}

/// Every file below a directory: its mode, its links, and what it holds.
fn tree(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory_here) = left.pop() {
        for entry in fs::read_dir(&directory_here)
            .expect("a directory")
            .flatten()
        {
            let path = entry.path();
            let meta = fs::symlink_metadata(&path).expect("a file");
            let holds = if meta.is_dir() {
                left.push(path.clone());
                String::new()
            } else if meta.is_symlink() {
                fs::read_link(&path)
                    .expect("a link")
                    .display()
                    .to_string()
                    .replace(&*directory.to_string_lossy(), "[WORK]")
            } else if meta.is_file() {
                String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned()
            } else {
                String::new()
            };
            let name = path
                .strip_prefix(directory)
                .expect("below")
                .display()
                .to_string();
            found.insert(name, format!("{:o} {} {holds}", meta.mode(), meta.nlink()));
        }
    }
    found
}
