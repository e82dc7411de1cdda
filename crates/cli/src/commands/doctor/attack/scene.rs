//! Where an attempt takes place: a directory with a home that has secrets, a
//! workspace in it, a directory outside both, and whoever is needed on the
//! host. All of it is made for one run and gone afterwards.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::io::FdFlags;

use super::attacker::WORD;
use super::attempts::Furniture;
use super::look;
use super::parties::{Listeners, Screen, Victim};
use super::traces::{self, Traces};
use crate::variables::Variables;

/// A file with a secret, below the home directory: what a victim has open.
const KEY: &str = ".ssh/id_ed25519";

/// More of them.
const SECRETS: &[&str] = &[
    ".aws/credentials",
    ".netrc",
    ".git-credentials",
    ".config/gh/hosts.yml",
    ".docker/config.json",
    ".bash_history",
    ".local/state/cofferdam/journal/session.jsonl",
];

/// Files that every scene has.
const FILES: &[&str] = &[
    "home/project/README",
    "home/project/src/main.c",
    "out/file",
    "out/linked",
    "out/inherited",
    "out/dir/inner",
];

/// Directories that every scene has.
const DIRECTORIES: &[&str] = &["home/project/empty", "out/empty", "tmp"];

/// Files in the home directory that run or let in somebody later.
const START_UP: &[&str] = &[
    "home/.ssh/authorized_keys",
    "home/.bashrc",
    "home/.gitconfig",
    "home/.local/bin/prepared",
];

/// What makes a directory a repository.
const REPOSITORY: &[&str] = &["HEAD", "config", "hooks/prepared", "objects/x", "refs/x"];

/// The place of one run.
pub struct Scene {
    root: PathBuf,
    /// A word that only the scene's secrets say.
    pub token: String,
    listeners: Option<Listeners>,
    screen: Screen,
    victim: Option<Victim>,
    /// What whoever starts the attacker has left open.
    _inherited: [File; 2],
}

impl Scene {
    /// Lays it out below `base`, with a copy of the user's own settings.
    pub fn lay_out(base: &Path, settings: &Path, with: Furniture) -> io::Result<Self> {
        let mut random = [0_u8; 16];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        let word = format!("{:032x}", u128::from_ne_bytes(random));
        let root = base.join(format!("cofferdam-attack-{word}"));
        DirBuilder::new().mode(0o700).create(&root)?;
        let token = format!("ghp_{word}{}", &word[..4]);
        Self::furnish(root.clone(), token, settings, with).inspect_err(|_| {
            // Nothing else knows of it yet.
            let _gone = fs::remove_dir_all(&root);
        })
    }

    fn furnish(root: PathBuf, token: String, settings: &Path, with: Furniture) -> io::Result<Self> {
        for directory in DIRECTORIES {
            fs::create_dir_all(root.join(directory))?;
        }
        // Each with a text of its own, so that it shows which one it is.
        for file in FILES {
            write(&root.join(file), file)?;
        }
        let own = root.join("home/.config/cofferdam");
        copy(settings, &own, 0)?;
        match with {
            Furniture::Plain | Furniture::Listeners => {}
            Furniture::Repositories => {
                for repository in ["home/project/.git", "home/project/vendor/sub/.git"] {
                    for file in REPOSITORY {
                        write(&root.join(repository).join(file), "")?;
                    }
                }
            }
            Furniture::Home => furnish_home(&root, &token)?,
        }
        let workspace = root.join("home/project");
        fs::hard_link(root.join("out/linked"), workspace.join("alias"))?;
        symlink(root.join("out/file"), workspace.join("link"))?;
        symlink(root.join("out/dir"), workspace.join("dirlink"))?;
        let inherited = [
            File::options()
                .append(true)
                .open(root.join("out/inherited"))?,
            File::open(root.join("out/dir"))?,
        ];
        let screen = Screen::open(&token)?;
        let listen = (with == Furniture::Listeners).then(|| Listeners::listen(&root));
        let listeners = listen.transpose()?;
        // Last: nothing of ours but the attacker is to inherit them.
        for file in &inherited {
            rustix::io::fcntl_setfd(file.as_fd(), FdFlags::empty())?;
        }
        Ok(Self {
            token,
            listeners,
            screen,
            victim: None,
            _inherited: inherited,
            root,
        })
    }

    /// Where the attacker starts.
    pub fn workspace(&self) -> PathBuf {
        self.root.join("home/project")
    }

    /// What must never be writable.
    pub fn outside(&self) -> PathBuf {
        self.root.join("out")
    }

    /// Starts the victim.
    pub fn with_victim(&mut self, program: &Path) -> Result<(), super::Broken> {
        write(&self.root.join("home").join(KEY), &self.token)?;
        self.victim = Some(Victim::start(program, &self.root, &self.token)?);
        Ok(())
    }

    /// What a user's shell would have set, above what there is.
    pub fn variables(&self, variables: &Variables) -> Variables {
        let path = |below: &str| self.root.join(below).display().to_string();
        let address = format!("postgres://me:{}@localhost/db", self.token);
        variables
            .without(&[
                "COFFERDAM_HOME",
                "XDG_CONFIG_HOME",
                "XDG_STATE_HOME",
                "XDG_DATA_HOME",
            ])
            .with(&[
                ("HOME", path("home")),
                ("TMPDIR", path("tmp")),
                ("GITHUB_TOKEN", self.token.clone()),
                ("HANDLE", self.token.clone()),
                ("DATABASE_URL", address),
                ("SSH_AUTH_SOCK", path("out/agent")),
            ])
    }

    /// How the attacker is started for an attempt.
    pub fn words(&self, program: &Path, attempt: &str) -> Vec<OsString> {
        let mut facts = BTreeMap::from([
            ("id", self.id()),
            ("terminal", self.screen.name().to_owned()),
        ]);
        facts.extend(self.listeners.iter().flat_map(Listeners::facts));
        facts.extend(self.victim.iter().flat_map(Victim::facts));
        let facts = facts
            .into_iter()
            .map(|(name, value)| OsString::from(format!("{name}={value}")));
        let head = [
            program.into(),
            WORD.into(),
            attempt.into(),
            self.root.clone().into(),
        ];
        head.into_iter().chain(facts).collect()
    }

    fn id(&self) -> String {
        let name = self.root.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// What must not change: everything but the workspace, and of that what
    /// is protected by name, or all of it.
    pub fn traces(&self, whole_workspace: bool) -> Traces {
        let mut traces = Traces::new();
        let workspace = self.workspace();
        let places = [
            self.root.join("home"),
            self.root.join("out"),
            Path::new("/dev/shm").join(self.id()),
        ];
        for place in places {
            traces::add(&mut traces, &place, &|path| path == workspace);
        }
        let mut inside = Traces::new();
        traces::add(&mut inside, &workspace, &|_| false);
        inside.retain(|path, _| {
            let below = path.strip_prefix(&workspace).unwrap_or(path);
            below != Path::new("") && (whole_workspace || traces::protected(below))
        });
        traces.extend(inside);
        traces
    }

    /// What those on the host have to tell.
    pub fn testimony(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        told.extend(self.listeners.iter_mut().flat_map(Listeners::received));
        told.extend(self.screen.changed());
        told.extend(self.victim.as_mut().and_then(Victim::harmed));
        told
    }

    /// Processes of the attempt that are there now.
    pub fn attackers(&self) -> Vec<i32> {
        let victim = self.victim.as_ref().map(Victim::pid);
        let mut found = look::processes_naming(&self.root);
        found.retain(|pid| Some(*pid) != victim);
        found
    }

    /// A text with short names for the scene's places.
    pub fn shorten(&self, text: &str) -> String {
        let places = [
            (self.workspace(), "WORKSPACE"),
            (self.root.join("home"), "~"),
            (self.outside(), "OUTSIDE"),
            (self.root.clone(), "SCENE"),
        ];
        let text = text.replace(&self.token, "SECRET");
        places.iter().fold(text, |text, (path, name)| {
            text.replace(&*path.to_string_lossy(), name)
        })
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for pid in self.attackers() {
            look::end(pid);
        }
        drop(self.victim.take());
        // What cannot be removed lies in a temporary directory.
        let _gone = fs::remove_file(Path::new("/dev/shm").join(self.id()));
        let _gone = fs::remove_dir_all(&self.root);
    }
}

fn furnish_home(root: &Path, token: &str) -> io::Result<()> {
    for file in SECRETS.iter().chain([&KEY]) {
        write(&root.join("home").join(file), &format!("{token}\n"))?;
    }
    for file in START_UP {
        write(&root.join(file), "")?;
    }
    // A name tells something, too.
    write(&root.join("home/.ssh").join(token), "")?;
    let settings = root.join("home/.config/cofferdam/config.toml");
    if settings.exists() {
        return Ok(());
    }
    write(&settings, "")
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// The user's settings: files, and directories of files, of ordinary size.
fn copy(from: &Path, to: &Path, depth: u32) -> io::Result<()> {
    const LARGEST: u64 = 1 << 20;
    const DEEPEST: u32 = 4;
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    fs::create_dir_all(to)?;
    for entry in entries {
        let entry = entry?;
        let Ok(meta) = fs::metadata(entry.path()) else {
            continue;
        };
        if meta.is_dir() && depth < DEEPEST {
            copy(&entry.path(), &to.join(entry.file_name()), depth + 1)?;
        } else if meta.is_file() && meta.len() <= LARGEST {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
