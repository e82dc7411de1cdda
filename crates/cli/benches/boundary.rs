//! What entering the boundary costs: `/bin/true` bare, in the boundary, in
//! bubblewrap with the same mounts, and in what two other agents use, in one run;
//! and in the boundary alone with many rules and files.
//!
//! `cargo bench -p cofferdam --bench boundary [-- RUNS]`, with `--growing` only
//! the latter, which needs no peers. Wall time is the
//! median of interleaved runs; CPU time is that of the process and everything
//! it waited for. On a busy machine only the ratio of CPU times means much.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark starts processes, prints figures and stops where it cannot measure"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dam_policy::{
    Access, DenyGlob, FileRule, FileRules, Network, NetworkRules, Origin, Places, Profile,
    ResolvedProfile, Rule, SandboxMode,
};
use dam_sandbox::{Launch, Stream};
use rustix::process::WaitOptions;

/// How many runs are measured together.
const BATCH: u32 = 25;

/// One way to start `/bin/true`.
struct Way {
    name: &'static str,
    start: Start,
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
}

impl Way {
    fn new((name, start): (&'static str, Start)) -> Self {
        Self {
            name,
            start,
            wall: Vec::new(),
            cpu: Vec::new(),
        }
    }

    fn is_slow(&self) -> bool {
        self.name.starts_with("codex") || self.name.starts_with("srt")
    }
}

/// How it is started.
enum Start {
    /// As a program of its own, by these words.
    Program(Vec<String>),
    /// By this process, in the boundary: what a running agent does.
    Here(Box<ResolvedProfile>),
}

fn main() {
    // This process may be the boundary's helper.
    dam_sandbox::take_over_if_helper();
    // What a launcher leaves behind without waiting for it is counted, too.
    let this = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(this)).expect("this process can reap");
    let asked = std::env::args().find_map(|word| word.parse::<u32>().ok());
    let runs = asked.unwrap_or(250).max(BATCH);
    let place = Place::make();
    if !std::env::args().any(|word| word == "--growing") {
        let mut ways = ways(&place);
        run(&mut ways, runs, &place);
        report(&mut ways);
    }
    let mut growing = growing(&place);
    run(&mut growing, runs, &place);
    println!("\nthe boundary alone, to one with no rules besides those of the profile");
    report(&mut growing);
}

fn run(ways: &mut [Way], runs: u32, place: &Place) {
    // Interleaved, so that what else the machine does meets all alike; in
    // batches, because the kernel tells children's CPU time in ticks.
    for round in 0..=runs / BATCH {
        for way in &mut *ways {
            // A few batches of what takes a hundred times as long will do.
            if way.is_slow() && round > 2 {
                continue;
            }
            let (walls, cpu) = measure(&way.start, place);
            if round > 0 {
                way.wall.extend(walls);
                way.cpu.push(cpu);
            }
        }
    }
}

/// A workspace, a home and a journal of the benchmark's own.
struct Place {
    base: PathBuf,
}

impl Place {
    fn make() -> Self {
        let base = Path::new("/var/tmp").join(format!("cofferdam-bench-{}", std::process::id()));
        for below in ["work/.git", "home/.ssh", "home/.aws", "home/.codex"] {
            fs::create_dir_all(base.join(below)).expect("the benchmark's directory is made");
        }
        Self { base }
    }

    fn path(&self, below: &str) -> String {
        self.base.join(below).display().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

fn ways(place: &Place) -> Vec<Way> {
    let dam = env!("CARGO_BIN_EXE_dam");
    let boxed = |mode| {
        [dam, "sandbox", "-s", mode, "--", "/bin/true"]
            .map(str::to_owned)
            .to_vec()
    };
    let mut ways = vec![
        ("bare", vec!["/bin/true".to_owned()]),
        (
            "dam --version",
            vec![dam.to_owned(), "--version".to_owned()],
        ),
        ("dam, no boundary", boxed("danger-full-access")),
        ("dam, read-only", boxed("read-only")),
        ("dam, workspace-write", boxed("workspace-write")),
    ];
    if Command::new("bwrap")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok()
    {
        ways.push(("bubblewrap, same mounts", bubblewrap(place)));
    } else {
        println!("bubblewrap is not installed: no comparison");
    }
    ways.extend(peers(place));
    let mut starts: Vec<(&str, Start)> = ways
        .into_iter()
        .map(|(name, words)| (name, Start::Program(words)))
        .collect();
    let places = Places {
        workspace_roots: vec![place.base.join("work")],
        home: Some(place.base.join("home")),
        ..Places::default()
    };
    let profile = Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&places);
    let networked = ResolvedProfile {
        network: Network::Proxy(Box::new(NetworkRules::new(Origin::BUILTIN))),
        ..profile.clone()
    };
    starts.push(("boundary alone, no journal", Start::Here(Box::new(profile))));
    starts.push(("the same with a network", Start::Here(Box::new(networked))));
    starts.into_iter().map(Way::new).collect()
}

/// How many rules of a kind.
const MANY: usize = 1_000;

/// The boundary alone as rules and files grow in number, the least first.
fn growing(place: &Place) -> Vec<Way> {
    let places = Places {
        workspace_roots: vec![place.base.join("work")],
        home: Some(place.base.join("home")),
        ..Places::default()
    };
    let plain = Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&places);
    let directory = |at: usize| place.base.join(format!("many/{at}"));
    for at in 0..MANY {
        fs::create_dir_all(directory(at)).expect("a directory");
        for file in 0..100 {
            fs::write(directory(at).join(file.to_string()), "").expect("a file");
        }
    }
    let rule = |path: PathBuf, access| FileRule {
        path,
        access,
        rule: Rule::builtin("files.path"),
        origin: Origin::BUILTIN,
        what: "one of many".to_owned(),
    };
    let ruled = |more: Vec<FileRule>| {
        let files = plain.files.iter().cloned().chain(more).collect();
        ResolvedProfile {
            files: FileRules::new(files, true),
            ..plain.clone()
        }
    };
    let each = |access| ruled((0..MANY).map(|at| rule(directory(at), access)).collect());
    let around = ruled(vec![rule(place.base.join("many"), Access::Write)]);
    let pattern = |name: String| DenyGlob {
        base: place.base.join("many"),
        glob: name.parse().expect("a pattern"),
        origin: Origin::BUILTIN,
    };
    let denying = |count: usize| {
        let patterns = (0..count).map(|at| pattern(format!("**/*.env{at}")));
        let files = around.files.clone().denying(patterns.collect());
        ResolvedProfile {
            files,
            ..around.clone()
        }
    };
    let (one, many) = (denying(1), denying(MANY));
    [
        ("no more rules", plain.clone()),
        ("the same again", plain.clone()),
        ("1,000 read rules", each(Access::Read)),
        ("1,000 deny rules", each(Access::Deny)),
        ("1,000 writable roots", each(Access::Write)),
        ("100,000 files", around),
        ("the same, a denied pattern", one),
        ("the same, 1,000 of them", many),
    ]
    .map(|(name, profile)| Way::new((name, Start::Here(Box::new(profile)))))
    .into()
}

/// The mounts of workspace-write: everything read-only, the workspace and
/// `/tmp` writable, `.git` read-only again, stores hidden, own `/dev` and `/proc`.
fn bubblewrap(place: &Place) -> Vec<String> {
    let (work, git) = (place.path("work"), place.path("work/.git"));
    let mut words: Vec<String> = [
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--ro-bind",
        "/",
        "/",
        "--bind",
        &work,
        &work,
        "--bind",
        "/tmp",
        "/tmp",
        "--ro-bind",
        &git,
        &git,
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--chdir",
        &work,
    ]
    .map(str::to_owned)
    .to_vec();
    for store in ["home/.ssh", "home/.aws", "state"] {
        let store = place.path(store);
        if Path::new(&store).exists() {
            words.extend(["--tmpfs".to_owned(), store]);
        }
    }
    words.push("/bin/true".to_owned());
    words
}

/// What other agents start their commands with, from the npm registry: Codex
/// and the sandbox of Claude Code. Where they cannot be had or do not start,
/// there is no comparison.
fn peers(place: &Place) -> Vec<(&'static str, Vec<String>)> {
    let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    fs::create_dir_all(&at).expect("a directory for peers");
    let wanted = [
        "@openai/codex@0.169.0",
        "@anthropic-ai/sandbox-runtime@0.0.78",
    ];
    let installed = Command::new("npm")
        .args([
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
        ])
        .args(wanted)
        .current_dir(&at)
        .status();
    if !installed.is_ok_and(|status| status.success()) {
        println!("npm cannot install the peers: no comparison");
        return Vec::new();
    }
    let settings = place.path("srt.json");
    let text = r#"{"network":{"allowedDomains":[],"deniedDomains":[]},
        "filesystem":{"denyRead":["~/.ssh","~/.aws"],"allowWrite":["."],"denyWrite":[]}}"#;
    fs::write(&settings, text).expect("settings");
    let bin = |name: &str| {
        at.join("node_modules/.bin")
            .join(name)
            .display()
            .to_string()
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    // The program itself, where it can be found, without the script before it.
    let native =
        at.join("node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex");
    let codex = if native.exists() {
        native.display().to_string()
    } else {
        bin("codex")
    };
    let mode = "sandbox_mode=\"workspace-write\"";
    let mut peers: Vec<(&str, Vec<String>)> = vec![
        (
            "codex sandbox 0.169.0",
            words(&[&codex, "sandbox", "-c", mode, "--", "/bin/true"]),
        ),
        (
            "srt 0.0.78",
            words(&[&bin("srt"), "--settings", &settings, "/bin/true"]),
        ),
    ];
    peers.retain(|(name, words)| {
        let starts = start(words, place).is_ok_and(|status| status.success());
        if !starts {
            println!("{name} does not start here: no comparison");
        }
        starts
    });
    peers
}

/// The wall time of each run of a batch, and the CPU time of all.
fn measure(start: &Start, place: &Place) -> (Vec<Duration>, Duration) {
    let before = children_cpu();
    let walls = (0..BATCH)
        .map(|_| {
            let begun = Instant::now();
            match start {
                Start::Program(words) => run_program(words, place),
                Start::Here(profile) => run_here(profile, place),
            }
            let wall = begun.elapsed();
            reap();
            wall
        })
        .collect();
    (walls, children_cpu().saturating_sub(before))
}

/// Waits for whatever is still a child of ours.
fn reap() {
    while rustix::process::wait(WaitOptions::empty()).is_ok() {}
}

fn run_program(words: &[String], place: &Place) {
    let status = start(words, place).expect("what is measured can be started");
    assert!(status.success(), "{words:?} failed");
}

fn start(words: &[String], place: &Place) -> std::io::Result<ExitStatus> {
    Command::new(&words[0])
        .args(&words[1..])
        .current_dir(place.base.join("work"))
        .env("HOME", place.path("home"))
        .env("COFFERDAM_HOME", place.path("cofferdam"))
        .env_remove("TMPDIR")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
}

fn run_here(profile: &ResolvedProfile, place: &Place) {
    let launch = Launch {
        argv: vec!["/bin/true".into()],
        cwd: place.base.join("work"),
        env: BTreeMap::new(),
        profile: profile.clone(),
        transaction: None,
        stdin: Stream::Null,
        stdout: Stream::Null,
        stderr: Stream::Null,
        tier: dam_sandbox::Tier::Full,
        asking: None,
    };
    let outcome = launch.spawn().and_then(|mut running| running.wait());
    assert!(
        outcome.is_ok_and(|outcome| outcome.status.success()),
        "the boundary failed"
    );
}

/// CPU time, user and system, of everything that was waited for: the fields
/// `cutime` and `cstime` of `/proc/self/stat`, in ticks.
fn children_cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("/proc tells of this process");
    let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
    let ticks: u64 = fields
        .split_ascii_whitespace()
        .skip(13)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a time is a number"))
        .sum();
    Duration::from_secs(ticks)
        / u32::try_from(rustix::param::clock_ticks_per_second()).expect("a few hundred at most")
}

fn report(ways: &mut [Way]) {
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let rows: Vec<(&str, f64, f64)> = ways
        .iter_mut()
        .map(|way| {
            let total: Duration = way.cpu.iter().sum();
            let runs = u32::try_from(way.wall.len()).expect("a few thousand runs at most");
            let cpu = total.as_secs_f64() * 1e3 / f64::from(runs);
            (way.name, median(&mut way.wall), cpu)
        })
        .collect();
    let bare = rows[0];
    let walls = rows
        .iter()
        .find(|row| row.0.starts_with("bubblewrap"))
        .copied();
    println!(
        "{:<26} {:>9} {:>7} {:>9} {:>9} {:>7} {:>9}",
        "", "wall ms", "/first", "/bwrap", "CPU ms", "/first", "/bwrap"
    );
    for (name, wall, cpu) in &rows {
        let to = |value: f64, other: Option<f64>| {
            other.map_or("-".to_owned(), |other| format!("{:.2}", value / other))
        };
        println!(
            "{name:<26} {wall:>9.2} {:>7} {:>9} {cpu:>9.2} {:>7} {:>9}",
            to(*wall, Some(bare.1)),
            to(*wall, walls.map(|row| row.1)),
            to(*cpu, Some(bare.2)),
            to(*cpu, walls.map(|row| row.2)),
        );
    }
}
