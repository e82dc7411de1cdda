//! What there is on the host that a box could leave behind.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use dam_testkit::environment::{Environment, is_root};

/// How long the kernel may take to clear away what has ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// Things by kind and name.
#[derive(Debug)]
pub struct Census(BTreeSet<String>);

impl Census {
    /// Counts what belongs to the place or, where the tests can give it a user
    /// of its own, to that user.
    ///
    /// With `dead`, also what has ended but was not waited for, as happens to
    /// the orphans of a killed process until the machine's first process does.
    pub fn take(environment: &Environment, user: u32, dead: bool) -> Self {
        let mut found = BTreeSet::new();
        let place = environment.home();
        let place = place
            .parent()
            .expect("a root")
            .to_string_lossy()
            .into_owned();
        let user = is_root().then_some(user);
        found.extend(processes(&place, user, dead));
        found.extend(mounts(&place));
        found.extend(groups(Path::new("/sys/fs/cgroup"), 0));
        for kind in ["shm", "sem", "msg"] {
            found.extend(user.iter().flat_map(|user| system_v(kind, *user)));
        }
        for directory in [
            "/tmp",
            "/var/tmp",
            "/dev/shm",
            "/dev/mqueue",
            "/run",
            "/run/user",
        ] {
            found.extend(user.iter().flat_map(|user| files(directory, *user)));
        }
        let own = fs::read_dir(environment.home()).expect("a home").flatten();
        found.extend(own.map(|entry| format!("in the home: {}", entry.file_name().display())));
        found.extend(descriptors());
        Self(found)
    }

    /// Fails unless a new census comes to say the same.
    pub fn assert_same(&self, again: &dyn Fn() -> Self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = again();
            if now.0 == self.0 {
                return;
            }
            if Instant::now() > end {
                let new: Vec<_> = now.0.difference(&self.0).collect();
                let gone: Vec<_> = self.0.difference(&now.0).collect();
                assert!(
                    new.is_empty() && gone.is_empty(),
                    "new {new:#?}, gone {gone:#?}"
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Processes that name the place or belong to the user.
pub fn processes(place: &str, user: Option<u32>, dead: bool) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != std::process::id())
        .filter_map(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let ours = line.contains(place) || user.is_some_and(|user| is_of(&status, user));
            let there = dead || !status.contains("State:\tZ") && !status.contains("State:\tX");
            (ours && there).then(|| format!("process {pid}: {line}"))
        })
        .collect()
}

fn is_of(status: &str, user: u32) -> bool {
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.is_some_and(|uids| uids.split_whitespace().any(|uid| uid == user.to_string()))
}

/// Mounts of the place, and those of the kinds that the boundary makes.
fn mounts(place: &str) -> Vec<String> {
    let all = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    let ours = |line: &&str| {
        line.contains(place)
            || [" proc ", " devpts ", " tmpfs "]
                .iter()
                .any(|kind| line.contains(kind))
    };
    all.lines()
        .filter(ours)
        .map(|line| format!("mount {line}"))
        .collect()
}

/// Control groups whose names are ours.
fn groups(directory: &Path, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if depth < 6 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let uid = entry.metadata().map_or(0, |meta| meta.uid());
            if [super::STARTER, super::KILLER].contains(&uid) {
                found.push(format!("control group {name}"));
            }
            found.extend(groups(&entry.path(), depth + 1));
        }
    }
    found
}

fn system_v(kind: &str, user: u32) -> Vec<String> {
    let all = fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
    let words = |line: &str| line.split_whitespace().any(|word| word == user.to_string());
    all.lines()
        .filter(|line| words(line))
        .map(|line| format!("{kind} {line}"))
        .collect()
}

fn files(directory: &str, user: u32) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.uid() == user))
        .map(|entry| format!("file {}", entry.path().display()))
        .collect()
}

/// This process's own descriptors.
fn descriptors() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/fd")
        .expect("descriptors")
        .flatten();
    entries
        .filter_map(|entry| {
            let to = fs::read_link(entry.path()).ok()?.display().to_string();
            // The one that this list is read with.
            (!to.starts_with("/proc/"))
                .then(|| format!("descriptor {}", entry.file_name().display()))
        })
        .collect()
}
