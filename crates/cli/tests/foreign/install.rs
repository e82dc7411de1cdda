//! The agents' packages, as the registry serves them, at the versions that
//! `package-lock.json` names.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What tells `npm` what to do.
const ORDERS: [(&str, &str); 3] = [
    (".npmrc", include_str!(".npmrc")),
    ("package.json", include_str!("package.json")),
    ("package-lock.json", include_str!("package-lock.json")),
];

/// The directory with the packages. `None` when there is no way to have them
/// here, and that may be.
pub fn installed() -> Option<PathBuf> {
    for program in ["node", "npm"] {
        if !runs(program) {
            let reason = format!(
                "`{program}` is missing; install the package `{}`",
                package(program)
            );
            assert!(
                !in_ci(),
                "nothing is skipped where `CI` is set, but {reason}"
            );
            println!("skipped: {reason}");
            return None;
        }
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-agents");
    fs::create_dir_all(&directory).expect("make a directory for the agents");
    let lock = File::create(directory.join("lock")).expect("make a lock");
    lock.lock().expect("lock");
    let done = directory.join("installed");
    let orders: String = ORDERS.iter().map(|(_, text)| *text).collect();
    if fs::read_to_string(&done).ok().as_ref() != Some(&orders) {
        install(&directory);
        fs::write(&done, orders).expect("note what is installed");
    }
    Some(directory.join("node_modules"))
}

fn install(directory: &Path) {
    for (name, text) in ORDERS {
        fs::write(directory.join(name), text).expect("write npm's orders");
    }
    println!(
        "installing the agents with `npm ci` in {}",
        directory.display()
    );
    let ended = command("npm")
        .arg("ci")
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .expect("run npm");
    assert!(
        ended.status.success(),
        "`npm ci` failed; it needs a registry the first time:\n{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

fn runs(program: &str) -> bool {
    let ended = command(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    match ended {
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => panic!("`{program}` does not start: {error}"),
        Ok(_) => true,
    }
}

fn package(program: &str) -> &str {
    if program == "node" { "nodejs" } else { program }
}

#[expect(
    clippy::disallowed_methods,
    reason = "installs what the product will hold; the product does not"
)]
fn command(program: &str) -> Command {
    Command::new(program)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test knows that nobody watches it"
)]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}
