//! What work costs inside: the same jobs bare and in the boundary, in turn, in
//! one run; what a start costs as a workspace and its rules grow; and how much
//! memory `dam` and its helper take.
//!
//! `cargo bench -p cofferdam --bench work [-- ROUNDS] [--at DIR]`. Everything
//! happens below `/var/tmp`, on a disk, or below `DIR`. An ext4 without a journal
//! looks for numbers of files that were not in use for some minutes: there,
//! making files costs several times as much soon after others were deleted, for
//! whoever does it. Wall and CPU time are medians of the rounds; CPU time is that
//! of everything that was waited for, the broker included.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark starts processes, prints figures and stops where it cannot measure"
)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A job, and what must be there before it begins.
struct Job {
    name: &'static str,
    script: &'static str,
}

const JOBS: &[Job] = &[
    Job {
        name: "read: grep -r, 6,000 files, 20 times",
        script: "for i in $(seq 20); do grep -rc needle tree >/dev/null || true; done",
    },
    Job {
        name: "compute: 20 million additions",
        script: "awk 'BEGIN { for (i = 0; i < 20000000; i++) s += i; print s }'",
    },
    Job {
        name: "start: 300 processes",
        script: "for i in $(seq 300); do /bin/true; done",
    },
    Job {
        name: "write: unpack and delete 6,000 files",
        script: "mkdir out && tar xf tree.tar -C out && rm -rf out",
    },
    Job {
        name: "make -j2, 200 C files",
        script: "make -s -j2 -C make && make -s -C make clean",
    },
    Job {
        name: "cargo build, 20 crates",
        script: "cd cargo && \"$CARGO\" build --quiet --offline && rm -rf target",
    },
];

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let asked = words.iter().find_map(|word| word.parse::<usize>().ok());
    let rounds = asked.unwrap_or(5).max(1);
    let at = words.iter().position(|word| word == "--at");
    let at = at
        .and_then(|at| words.get(at + 1))
        .map_or("/var/tmp", String::as_str);
    let place = Place::make(Path::new(at));
    println!(
        "{:<40} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6}",
        "", "bare ms", "inside", "ratio", "CPU bare", "inside", "ratio"
    );
    for job in JOBS {
        let script = ["sh", "-ec", job.script];
        compare(job.name, rounds, &|| place.run(&script, &[]), &|| {
            place.run(&script, BOXED)
        });
    }
    println!("\nstarting /bin/true in workspace-write, against an empty workspace");
    let start = |at: &'static str| {
        let place = &place;
        move || place.run_in(&place.base.join(at), &["/bin/true"], BOXED)
    };
    let often = rounds * 20;
    compare("the same again", often, &start("empty"), &start("empty"));
    compare("100,000 files", often, &start("empty"), &start("full"));
    compare(
        "3,000 directories with protected names",
        often,
        &start("empty"),
        &start("protected"),
    );
    let (few, many) = (place.rules(1), place.rules(1_000));
    let with = |home: PathBuf| {
        let place = &place;
        move || place.run_with(&home, &place.base.join("empty"), &["/bin/true"], BOXED)
    };
    compare(
        "1,000 writable roots, against 1",
        often,
        &with(few),
        &with(many),
    );
    println!("\nmemory at the peak: {}", memory(&place));
}

const BOXED: &[&str] = &[
    env!("CARGO_BIN_EXE_dam"),
    "sandbox",
    "-s",
    "workspace-write",
    "--",
];

/// Wall and CPU time of one run.
type Cost = (Duration, Duration);

fn compare(name: &str, rounds: usize, bare: &dyn Fn() -> Cost, inside: &dyn Fn() -> Cost) {
    // Once to warm what is cached.
    bare();
    inside();
    // In turn, so that what else the machine does meets both.
    let runs: Vec<(Cost, Cost)> = (0..rounds).map(|_| (bare(), inside())).collect();
    let median = |pick: &dyn Fn(&(Cost, Cost)) -> Duration| {
        let mut times: Vec<Duration> = runs.iter().map(pick).collect();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let mean = |pick: &dyn Fn(&(Cost, Cost)) -> Duration| {
        let sum: Duration = runs.iter().map(pick).sum();
        sum.as_secs_f64() * 1e3 / f64::from(u32::try_from(rounds).expect("a few"))
    };
    let (wall, wall_in) = (median(&|run| run.0.0), median(&|run| run.1.0));
    // CPU time is told in ticks: of short runs only the mean says anything.
    let (cpu, cpu_in) = (mean(&|run| run.0.1), mean(&|run| run.1.1));
    println!(
        "{name:<40} {wall:>9.2} {wall_in:>9.2} {:>6.2} {cpu:>9.2} {cpu_in:>9.2} {:>6.2}",
        wall_in / wall,
        cpu_in / cpu
    );
}

/// Workspaces of the benchmark's own.
struct Place {
    base: PathBuf,
}

impl Place {
    fn make(at: &Path) -> Self {
        let base = at.join(format!("cofferdam-work-{}", std::process::id()));
        let place = Self { base };
        for below in [
            "work/make",
            "work/cargo",
            "empty",
            "full",
            "protected",
            "home/.ssh",
        ] {
            fs::create_dir_all(place.base.join(below)).expect("a directory");
        }
        place.sources();
        for directory in 0..1_000 {
            let directory = place.base.join(format!("full/{directory}"));
            fs::create_dir(&directory).expect("a directory");
            for file in 0..100 {
                fs::write(directory.join(file.to_string()), "").expect("a file");
            }
        }
        for directory in 0..1_000 {
            for name in [".git", ".claude", ".vscode"] {
                let directory = place.base.join(format!("protected/{directory}/{name}"));
                fs::create_dir_all(directory).expect("a directory");
            }
        }
        place
    }

    /// A tree to read and pack, C files, and a workspace of crates.
    fn sources(&self) {
        let work = self.base.join("work");
        let line = "a line of text that is here to be read and looked through\n";
        for file in 0..6_000 {
            let directory = work.join(format!("tree/{}", file / 50));
            fs::create_dir_all(&directory).expect("a directory");
            fs::write(directory.join(file.to_string()), line.repeat(1 + file % 60))
                .expect("a file");
        }
        let packed = Command::new("tar")
            .args(["cf", "tree.tar", "tree"])
            .current_dir(&work)
            .status();
        assert!(packed.expect("tar").success(), "the tree is packed");
        let make = work.join("make");
        for file in 0..200 {
            let text = format!(
                "#include <stdio.h>\nint f{file}(void) {{ return printf(\"%d\", {file}); }}\n"
            );
            fs::write(make.join(format!("f{file}.c")), text).expect("a file");
        }
        let rules = "OBJECTS = $(patsubst %.c,%.o,$(wildcard *.c))\nlib.a: $(OBJECTS)\n\tar rcs $@ $^\n%.o: %.c\n\tcc -O1 -c -o $@ $<\nclean:\n\trm -f *.o lib.a\n";
        fs::write(make.join("Makefile"), rules).expect("a file");
        let cargo = work.join("cargo");
        fs::write(
            cargo.join("Cargo.toml"),
            "[workspace]\nresolver = \"2\"\nmembers = [\"c*\"]\n",
        )
        .expect("a file");
        for number in 0..20 {
            let member = cargo.join(format!("c{number}"));
            fs::create_dir_all(member.join("src")).expect("a directory");
            let mut manifest = format!(
                "[package]\nname = \"c{number}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n"
            );
            if number > 0 {
                writeln!(manifest, "c{0} = {{ path = \"../c{0}\" }}", number - 1).expect("a text");
            }
            fs::write(member.join("Cargo.toml"), manifest).expect("a file");
            let text =
                "pub fn f(x: &str) -> Vec<String> { x.lines().map(str::to_owned).collect() }\n";
            fs::write(member.join("src/lib.rs"), text).expect("a file");
        }
    }

    /// A home whose settings name this many writable roots.
    fn rules(&self, count: usize) -> PathBuf {
        let home = self.base.join(format!("home-{count}"));
        let roots: Vec<String> = (0..count)
            .map(|root| {
                let root = self.base.join(format!("full/{root}"));
                format!("\"{}\"", root.display())
            })
            .collect();
        fs::create_dir_all(home.join(".config/cofferdam")).expect("a directory");
        let text = format!(
            "[sandbox_workspace_write]\nwritable_roots = [{}]\n",
            roots.join(", ")
        );
        fs::write(home.join(".config/cofferdam/config.toml"), text).expect("settings");
        home
    }

    fn run(&self, words: &[&str], before: &[&str]) -> Cost {
        self.run_in(&self.base.join("work"), words, before)
    }

    fn run_in(&self, directory: &Path, words: &[&str], before: &[&str]) -> Cost {
        self.run_with(&self.base.join("home"), directory, words, before)
    }

    fn run_with(&self, home: &Path, directory: &Path, words: &[&str], before: &[&str]) -> Cost {
        let all: Vec<&str> = before.iter().chain(words).copied().collect();
        let begun = (Instant::now(), children_cpu());
        let status = Command::new(all[0])
            .args(&all[1..])
            .current_dir(directory)
            .env("HOME", home)
            // The toolchain itself: its launcher looks into the home.
            .env("CARGO", env!("CARGO"))
            .env("CARGO_HOME", self.base.join("work/cargo-home"))
            .env("PATH", search_path())
            .env_remove("COFFERDAM_HOME")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("TMPDIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .expect("what is measured can be started");
        assert!(status.success(), "{all:?} failed");
        (begun.0.elapsed(), children_cpu().saturating_sub(begun.1))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

/// The caller's search path, with the toolchain's programs first.
fn search_path() -> String {
    let cargo = Path::new(env!("CARGO"));
    let toolchain = cargo.parent().unwrap_or(cargo).display();
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{toolchain}:{path}")
}

/// The peaks of `dam` and of its helper, while a command makes and removes
/// files.
fn memory(place: &Place) -> String {
    let script = "for i in $(seq 500); do : >f$i; done; rm -f f*; echo ready; cat";
    let mut dam = Command::new(BOXED[0])
        .args(&BOXED[1..])
        .args(["sh", "-c", script])
        .current_dir(place.base.join("empty"))
        .env("HOME", place.base.join("home"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a start");
    let mut said = [0; 6];
    let mut stdout = dam.stdout.take().expect("its output");
    std::io::Read::read_exact(&mut stdout, &mut said).expect("a sign");
    let id = dam.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let mut parts = Vec::new();
    for (name, pid) in [("dam", id.to_string())].into_iter().chain(
        children
            .split_whitespace()
            .map(|pid| ("helper", pid.to_owned())),
    ) {
        let peak = field(&format!("/proc/{pid}/status"), "VmHWM:");
        let of = |what| field(&format!("/proc/{pid}/smaps_rollup"), what);
        let (share, own) = (of("Pss:"), of("Private_Dirty:"));
        parts.push(format!(
            "{name} {peak} KiB resident ({share} KiB its share, {own} KiB nobody else's)"
        ));
    }
    drop(dam.stdin.take());
    dam.wait().expect("an end");
    parts.join(", ")
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next())
        .unwrap_or("?")
        .to_owned()
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
