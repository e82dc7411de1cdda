//! The way out, end to end: the real command, real programs, and servers on the
//! loopback that write down what reaches them.

mod battery;
mod clients;
mod questions;
mod secrets;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dam_testkit::environment::Environment;
use tempfile::TempDir;

/// A program of the tests, started.
#[expect(clippy::disallowed_methods, reason = "a test starts its servers")]
fn command(program: &str) -> Command {
    Command::new(program)
}

/// A script of these tests, where everybody can read it.
fn script(environment: &Environment, name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/egress")
        .join(name);
    environment.write(name, fs::read(source).expect("a script"))
}

/// Settings with these hosts allowed, and more text.
fn settings(hosts: &[String], more: &str) -> String {
    let hosts: Vec<String> = hosts
        .iter()
        .map(|host| format!("\"{host}\" = \"allow\"\n"))
        .collect();
    let hosts = hosts.concat();
    let domains = if hosts.is_empty() {
        String::new()
    } else {
        format!("[permissions.mine.network.domains]\n{hosts}")
    };
    format!(
        "default_permissions = \"mine\"\n[permissions.mine]\nextends = \":workspace\"\n\
         [permissions.mine.network]\nenabled = true\n{domains}{more}"
    )
}

/// Servers of every kind, which write down what arrives.
struct Outside {
    place: TempDir,
    child: Child,
    words: String,
}

impl Outside {
    fn new(environment: &Environment) -> Self {
        Self::serving(environment, "outside.py")
    }

    fn serving(environment: &Environment, name: &str) -> Self {
        let place = tempfile::Builder::new()
            .prefix("out-")
            .tempdir_in("/var/tmp")
            .expect("a place");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(place.path(), mode).expect("its mode");
        let mut child = command("/usr/bin/python3")
            .arg(script(environment, name))
            .arg(place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("servers");
        let mut words = String::new();
        let stdout = child.stdout.take().expect("their ports");
        BufReader::new(stdout)
            .read_line(&mut words)
            .expect("their ports");
        let words = words.trim().to_owned();
        Self {
            place,
            child,
            words,
        }
    }

    fn ports(&self) -> BTreeMap<&str, u16> {
        let words = self
            .words
            .split(' ')
            .filter_map(|word| word.split_once('='));
        words
            .map(|(name, port)| (name, port.parse().expect("a port")))
            .collect()
    }

    fn seen(&self) -> String {
        let seen = fs::read(self.place.path().join("seen")).expect("what was seen");
        String::from_utf8_lossy(&seen).into_owned()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
