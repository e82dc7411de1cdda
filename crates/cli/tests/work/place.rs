//! What a job finds where it runs: programs, the toolchain, a repository.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use dam_testkit::environment::{Environment, is_root};

/// Where Debian keeps the servers' programs, besides the usual places.
const MORE_PROGRAMS: &[&str] = &["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin"];
const USUAL: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Sets up everything that a job may need beside its script.
pub fn furnish(environment: &mut Environment, job: &str) -> PathBuf {
    let root = environment.home().parent().expect("a root").to_owned();
    let mut path = format!("{USUAL}:{}", MORE_PROGRAMS.join(":"));
    if job.contains("\n# needs: cargo") {
        lend_toolchain(&root.join("toolchain"));
        path = format!("{}:{path}", root.join("toolchain/bin").display());
    }
    environment.set("PATH", path);
    environment.set("LC_ALL", "C.UTF-8");
    environment.set("JOBS", root.join("home/jobs"));
    environment.write(
        environment.home().join("jobs/raw.c"),
        include_str!("jobs/raw.c"),
    );
    if job.contains("\n# repository") {
        environment.write("file", "a line\nanother line\n");
        environment.write("sub/deep", "more\n");
        environment.init_repository();
    }
    environment.write(environment.home().join("jobs/job.sh"), job)
}

/// The programs that the job names and that are not there.
pub fn missing(environment: &Environment, needs: &[&str]) -> Vec<String> {
    let there = |program: &&&str| {
        // Debian leaves one module out of Python, which is no program.
        let run = match **program {
            "ensurepip" => environment.command("python3", ["-c", "import ensurepip"]),
            program => environment.command("sh", ["-c", "command -v \"$0\"", program]),
        };
        run.run().success()
    };
    let gone = needs.iter().filter(|program| !there(program));
    gone.map(|program| (*program).to_owned()).collect()
}

/// Makes the toolchain that builds these tests reachable for everybody: it may
/// lie in a home that others cannot enter.
fn lend_toolchain(to: &Path) {
    let cargo = Path::new(env!("CARGO")).canonicalize().expect("cargo");
    let from = cargo.parent().and_then(Path::parent).expect("a toolchain");
    if !is_root() {
        symlink(from, to).expect("a link to the toolchain");
        return;
    }
    std::fs::create_dir(to).expect("a directory");
    for part in ["bin", "lib"] {
        let copied = command("cp")
            .arg("-al")
            .args([from.join(part), to.join(part)])
            .status();
        let copied = copied.expect("cp").success()
            || command("cp")
                .arg("-a")
                .args([from.join(part), to.join(part)])
                .status()
                .expect("cp")
                .success();
        assert!(copied, "the toolchain cannot be lent");
    }
}

/// Whether nobody watches, so that nothing may be skipped.
#[expect(
    clippy::disallowed_methods,
    reason = "how a test knows that nobody watches it"
)]
pub fn in_ci() -> Option<OsString> {
    std::env::var_os("CI")
}

#[expect(
    clippy::disallowed_methods,
    reason = "prepares what the product will hold"
)]
fn command(program: &str) -> std::process::Command {
    std::process::Command::new(program)
}
