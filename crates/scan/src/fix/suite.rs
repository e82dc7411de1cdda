//! The project's own tests, run in the boundary: in a copy, without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_policy::{
    Access, EnvironmentPolicy, Inherit, Limits, Origin, Place, Places, Profile, Property,
    ResolvedProfile, SandboxMode,
};
use dam_sandbox::{Launch, Stream, Tier};

/// How much of what tests write is read, in bytes.
const LONGEST: u64 = 4 << 20;
/// How much of it is shown, in lines.
const SHOWN: usize = 15;

/// How the project's tests are run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// By a shell, as the user says.
    Given(String),
    /// Python's tests.
    Pytest,
    /// `npm test`.
    Npm,
}

/// What holds the tests, and what they need.
#[derive(Clone, Debug)]
pub struct Box {
    /// What this machine's boundary gives.
    pub tier: Tier,
    /// The user's home, whose credential stores stay unreadable.
    pub home: Option<PathBuf>,
    /// Where programs are.
    pub path: String,
    /// The project's Python, where the user names one.
    pub python: Option<PathBuf>,
    /// How long they may take.
    pub time: Duration,
}

/// What a run gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Ran {
    /// Whether the command says that all is well.
    pub well: bool,
    /// The names of the tests that passed, where they are told.
    pub passed: BTreeSet<String>,
    /// The names of those that did not.
    pub failed: BTreeSet<String>,
    /// The last lines, cleaned.
    pub last: String,
}

impl Command {
    /// What tests a project has.
    pub fn recognise(project: &Path) -> Option<Self> {
        if let Ok(text) = fs::read(project.join("package.json"))
            && let Ok(package) = serde_json::from_slice::<serde_json::Value>(&text)
            && let Some(script) = package["scripts"]["test"].as_str()
            && !script.contains("no test specified")
        {
            return Some(Self::Npm);
        }
        has_python_tests(project, 0).then_some(Self::Pytest)
    }

    /// The command, for people.
    pub fn shown(&self) -> &str {
        match self {
            Self::Given(command) => command,
            Self::Pytest => "python -m pytest",
            Self::Npm => "npm test",
        }
    }

    fn words(&self, project: &Path, held: &Box) -> Result<Vec<OsString>, String> {
        let words = |words: &[&str]| words.iter().map(Into::into).collect();
        Ok(match self {
            Self::Given(command) => words(&["sh", "-c", command]),
            Self::Npm => words(&["npm", "test"]),
            Self::Pytest => {
                let own = [".venv", "venv", "env"].map(|dir| project.join(dir).join("bin/python"));
                let named = held.python.iter().cloned();
                let python = named.chain(own).find(|path| path.exists());
                let python = python.or_else(|| program("python3", &held.path));
                let python = python.ok_or("no `python3` was found in PATH")?;
                let mut all: Vec<OsString> = vec![python.into()];
                let options = [
                    "-B",
                    "-m",
                    "pytest",
                    "-q",
                    "-rA",
                    "--color=no",
                    "-p",
                    "no:cacheprovider",
                ];
                all.extend(options.map(OsString::from));
                all
            }
        })
    }

    /// Runs them in a copy of the project. An error is why they could not be
    /// run.
    pub(super) fn run(&self, project: &Path, held: &Box) -> Result<Ran, String> {
        let launch = Launch {
            argv: self.words(project, held)?,
            cwd: project.to_path_buf(),
            env: BTreeMap::new(),
            profile: profile(project, held),
            transaction: None,
            tier: held.tier,
            stdin: Stream::Null,
            stdout: Stream::Pipe,
            stderr: Stream::Pipe,
            asking: None,
        };
        let mut running = launch.spawn().map_err(|error| error.to_string())?;
        let readers = [running.stdout.take(), running.stderr.take()]
            .map(|stream| stream.map(|stream| std::thread::spawn(move || read(stream))));
        let outcome = running.wait().map_err(|error| error.to_string())?;
        if let Some(limit) = outcome.limit {
            return Err(limit.sentence("`dam fix`"));
        }
        let mut text = String::new();
        for reader in readers.into_iter().flatten() {
            text.push_str(&reader.join().unwrap_or_default());
        }
        if *self == Self::Pytest && text.contains("No module named pytest") {
            return Err("this Python has no pytest".to_owned());
        }
        // As pytest says that there are no tests.
        if *self == Self::Pytest && outcome.status.code() == 5 {
            return Err("there are no tests".to_owned());
        }
        let (passed, failed) = names(&text);
        Ok(Ran {
            well: outcome.status.success(),
            passed,
            failed,
            last: last_lines(&text),
        })
    }
}

/// Whether there are files that pytest takes for tests.
fn has_python_tests(dir: &Path, depth: usize) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return false;
    };
    let mut below = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let is_test = name.starts_with("test_") || name.ends_with("_test.py");
        let is_python = Path::new(&name)
            .extension()
            .is_some_and(|ending| ending == "py");
        if kind.is_file() && is_test && is_python {
            return true;
        }
        let others = name.starts_with('.') || name == "node_modules" || name.ends_with("env");
        if kind.is_dir() && !others && depth < 4 {
            below.push(entry.path());
        }
    }
    below.iter().any(|dir| has_python_tests(dir, depth + 1))
}

fn program(name: &str, path: &str) -> Option<PathBuf> {
    let mut places = std::env::split_paths(path).map(|dir| dir.join(name));
    places.find(|place| place.is_file())
}

fn read(stream: File) -> String {
    let mut bytes = Vec::new();
    let mut stream = stream.take(LONGEST);
    // What was read until a pipe broke is what there is.
    let _broken = stream.read_to_end(&mut bytes);
    let _rest = std::io::copy(&mut stream.into_inner(), &mut std::io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What tests are said to have passed and failed: by pytest's summary and in
/// the form of TAP.
fn names(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut passed, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines().map(str::trim) {
        let name = |rest: &str| {
            let name = rest.split(" - ").next().unwrap_or(rest);
            name.chars().take(300).collect::<String>()
        };
        if let Some(rest) = line.strip_prefix("PASSED ") {
            passed.insert(name(rest));
        } else if let Some(rest) = line.strip_prefix("FAILED ").or(line.strip_prefix("ERROR ")) {
            failed.insert(name(rest));
        } else if let Some((_, rest)) = line
            .strip_prefix("not ok ")
            .and_then(|rest| rest.split_once(" - "))
        {
            failed.insert(name(rest));
        } else if let Some((_, rest)) = line
            .strip_prefix("ok ")
            .and_then(|rest| rest.split_once(" - "))
        {
            passed.insert(name(rest));
        }
    }
    (passed, failed)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(SHOWN);
    crate::finding::fit_lines(&lines[from..])
}

/// What the tests are granted: to read, as a command of `workspace-write` is,
/// and to write their own copy and a `/tmp` of their own.
fn profile(project: &Path, held: &Box) -> ResolvedProfile {
    let mut profile = Profile::builtin(SandboxMode::WorkspaceWrite);
    ":fix-tests".clone_into(&mut profile.name);
    profile.files = vec![
        (Place::Root, Access::Read, Origin::BUILTIN),
        (Place::WorkspaceRoots, Access::Write, Origin::BUILTIN),
    ];
    profile.own_tmp = true;
    profile.needs = vec![Property::OwnTmp];
    profile.limits = Limits {
        memory: Some(4 << 30),
        processes: Some(1024),
        wall_time: Some(held.time.as_secs().max(1)),
        file_size: Some(1 << 30),
        ..Limits::default()
    };
    let set = [
        ("PATH", held.path.as_str()),
        ("HOME", "/tmp"),
        ("TMPDIR", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("CI", "1"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("npm_config_update_notifier", "false"),
        // Where Debian's Node looks, too, and another's does not.
        ("NODE_PATH", "/usr/share/nodejs"),
    ];
    profile.environment = EnvironmentPolicy {
        inherit: Inherit::None,
        set: set
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..EnvironmentPolicy::default()
    };
    profile.resolve(&Places {
        workspace_roots: vec![project.to_path_buf()],
        home: held.home.clone(),
        ..Places::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_and_failed_is_read_out_of_what_was_written() {
        let text = "PASSED tests/test_a.py::test_one\nFAILED tests/test_a.py::test_two - assert 1 == 2\n    ok 1 - it adds\nnot ok 2 - it fails\nok\n";
        let (passed, failed) = names(text);
        assert_eq!(
            passed.into_iter().collect::<Vec<_>>(),
            ["it adds", "tests/test_a.py::test_one"]
        );
        assert_eq!(
            failed.into_iter().collect::<Vec<_>>(),
            ["it fails", "tests/test_a.py::test_two"]
        );
    }
}
