//! A project in a directory, and what is proved of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_sandbox::Tier;
use dam_scan::prove::{Proved, Proving, prove};

pub struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let scene = Self { dir };
        fs::create_dir_all(scene.home()).expect("a home");
        for (name, text) in files {
            let path = scene.project().join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("make it");
            fs::write(path, text).expect("write a file");
        }
        scene
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().expect("a directory")
    }

    pub fn project(&self) -> PathBuf {
        self.root().join("project")
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn proving(&self) -> Proving {
        Proving {
            project: self.project(),
            tier: Tier::choose(&std::env::temp_dir()).expect("a boundary"),
            home: Some(self.home()),
            search: vec!["/usr/bin".into(), "/bin".into()],
            interpreter: None,
            time: Duration::from_mins(2),
            only: None,
        }
    }

    pub fn prove(&self) -> Proved {
        prove(&self.proving())
    }
}

/// What was shown: `POST /login form user sql-injection`.
pub fn names(proved: &Proved) -> BTreeSet<String> {
    let name = |shown: &dam_scan::prove::Shown| {
        format!(
            "{} {} {} {}",
            shown.route,
            shown.channel,
            shown.name,
            shown.class.name()
        )
    };
    proved.shown.iter().map(name).collect()
}

/// Everything in a directory, with its text.
pub fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.push((path.clone(), fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}

/// Whether Python has a module; without it the test says so and ends.
pub fn has_python(module: &str) -> bool {
    let places = [
        "/usr/lib/python3/dist-packages",
        "/usr/local/lib/python3/dist-packages",
    ];
    let there = places
        .iter()
        .any(|place| Path::new(place).join(module).exists());
    if !there {
        println!("skipped: the Debian package python3-{module} is not installed");
    }
    there
}
