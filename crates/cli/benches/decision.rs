//! What one decision costs: cold, as a new process, and warm, line by line in
//! one that runs on; beside the start of a bare process and the peers that are
//! installed here, in one run.
//!
//! `cargo bench -p cofferdam --bench decision [-- RUNS]`. Wall time is the
//! median of interleaved runs, told as a ratio to the bare start. A peer that
//! is not installed is said to be absent.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark starts processes, prints figures and stops where it cannot measure"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many commands one process is asked about in the warm case.
const LINES: u32 = 1_000;

/// One way to have `git status` judged.
struct Way {
    name: &'static str,
    words: Vec<String>,
    input: String,
    /// How many decisions one run makes.
    decisions: u32,
    wall: Vec<Duration>,
}

fn main() {
    let asked = std::env::args().find_map(|word| word.parse::<u32>().ok());
    let runs = asked.unwrap_or(40);
    let place = tempfile::tempdir().expect("a directory");
    let mut ways = ways(place.path());
    for _ in 0..runs {
        for way in &mut ways {
            let begun = Instant::now();
            run(way, place.path());
            way.wall.push(begun.elapsed());
        }
    }
    let bare = ways[0].median();
    println!("{:<44} {:>10} {:>8}", "one decision", "time", "ratio");
    for way in &mut ways {
        let each = way.median() / way.decisions;
        let ratio = each.as_secs_f64() / bare.as_secs_f64();
        let micros = each.as_secs_f64() * 1e6;
        println!("{:<44} {micros:>7.0} us {ratio:>8.3}", way.name);
    }
}

impl Way {
    fn new(name: &'static str, words: &[&str]) -> Self {
        Self {
            name,
            words: words.iter().map(ToString::to_string).collect(),
            input: String::new(),
            decisions: 1,
            wall: Vec::new(),
        }
    }

    fn median(&mut self) -> Duration {
        self.wall.sort_unstable();
        self.wall[self.wall.len() / 2]
    }
}

fn ways(place: &Path) -> Vec<Way> {
    let dam = env!("CARGO_BIN_EXE_dam");
    let rules = place.join("peer.rules");
    std::fs::write(
        &rules,
        "prefix_rule(pattern = [\"git\"], decision = \"allow\")\n",
    )
    .expect("rules");
    let rules = rules.to_string_lossy();
    let mut ways = vec![
        Way::new("a bare process (/bin/true)", &["/bin/true"]),
        Way::new(
            "dam policy check, cold",
            &[dam, "policy", "check", "--", "git", "status"],
        ),
        Way {
            input: "{\"command\": \"git status && cargo test | tail -5\"}\n".repeat(LINES as usize),
            decisions: LINES,
            ..Way::new(
                "dam policy check --jsonl, warm",
                &[dam, "policy", "check", "--jsonl"],
            )
        },
    ];
    let hook = r#"{"hook_event_name":"PreToolUse","session_id":"s","tool_name":"Bash","tool_input":{"command":"git status"}}"#;
    ways.push(Way {
        input: hook.to_owned(),
        ..Way::new(
            "dam guard hook, cold, with its journal",
            &[dam, "guard", "hook", "--agent", "claude-code"],
        )
    });
    for (name, words, input) in [
        (
            "codex execpolicy check, cold",
            &[
                "codex",
                "execpolicy",
                "check",
                "--rules",
                &*rules,
                "git",
                "status",
            ][..],
            "",
        ),
        (
            "cc-safety-net (hook), cold",
            &["cc-safety-net", "--claude-code"],
            hook,
        ),
        ("dcg (hook), cold", &["dcg"], hook),
    ] {
        if is_installed(words[0]) {
            let way = Way::new(name, words);
            ways.push(Way {
                input: input.to_owned(),
                ..way
            });
        } else {
            println!("{name}: `{}` is not installed here", words[0]);
        }
    }
    ways
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn run(way: &Way, place: &Path) {
    let mut child = Command::new(&way.words[0])
        .args(&way.words[1..])
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a start");
    if let Some(mut input) = child.stdin.take() {
        // A program that reads nothing may be gone by now.
        let _gone = input.write_all(way.input.as_bytes());
    }
    child.wait().expect("an end");
}
