//! A made-up machine: a home directory, an administrator's directory and a
//! project, each empty, all in one temporary directory.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use dam_config::{ConfigError, Options, Settings, Surroundings, load};
use dam_policy::{Access, Origin};
use tempfile::TempDir;

pub struct World {
    root: PathBuf,
    pub options: Options,
    pub surroundings: Surroundings,
    pub interactive: bool,
    _dir: TempDir,
}

impl World {
    /// A project under git, and nothing set.
    pub fn new() -> Self {
        let world = Self::without_git();
        world.git_directory("project/.git");
        world
    }

    /// A project without version control.
    pub fn without_git() -> Self {
        // In `/tmp` wherever the tests run: what lies there is writable by
        // default, and several tests are about that.
        let dir = tempfile::tempdir_in("/tmp").expect("a directory");
        let root = dir.path().canonicalize().expect("it is there");
        for name in ["me", "etc", "project"] {
            std::fs::create_dir(root.join(name)).expect("a directory");
        }
        Self {
            options: Options {
                cd: root.join("project"),
                ..Options::default()
            },
            surroundings: Surroundings {
                home: Some(root.join("me")),
                system_dir: root.join("etc"),
                // Whoever runs the tests is this world's administrator.
                administrator: dir.path().metadata().expect("it is there").uid(),
                host: "box7.ci.example".to_owned(),
                ..Surroundings::default()
            },
            interactive: true,
            root,
            _dir: dir,
        }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Writes a file, with `@` at the start of a path standing for the world.
    pub fn write(&self, below: &str, text: &str) -> PathBuf {
        let path = self.path(below);
        let parent = path.parent().expect("below the world");
        std::fs::create_dir_all(parent).expect("directories");
        let text = text.replace("@/", &format!("{}/", self.root.display()));
        std::fs::write(&path, text).expect("a file");
        // Whatever files are made with here by default.
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).expect("its mode");
        path
    }

    pub fn dir(&self, below: &str) -> PathBuf {
        let path = self.path(below);
        std::fs::create_dir_all(&path).expect("directories");
        path
    }

    pub fn link(&self, from: &str, to: impl AsRef<Path>) {
        let path = self.path(from);
        std::fs::create_dir_all(path.parent().expect("below the world")).expect("directories");
        std::os::unix::fs::symlink(to, path).expect("a link");
    }

    /// What git needs to see a repository.
    pub fn git_directory(&self, below: &str) {
        for name in ["objects", "refs", "hooks"] {
            self.dir(&format!("{below}/{name}"));
        }
        self.write(&format!("{below}/HEAD"), "ref: refs/heads/main\n");
        self.write(&format!("{below}/config"), "[core]\n\tbare = false\n");
    }

    pub fn user(&self, text: &str) -> PathBuf {
        self.write("me/.config/cofferdam/config.toml", text)
    }

    /// A named profile's own file.
    pub fn profile(&self, name: &str, text: &str) -> PathBuf {
        self.write(&format!("me/.config/cofferdam/{name}.config.toml"), text)
    }

    pub fn system(&self, text: &str) -> PathBuf {
        self.write("etc/config.toml", text)
    }

    pub fn required(&self, text: &str) -> PathBuf {
        self.write("etc/requirements.toml", text)
    }

    pub fn project(&self, text: &str) -> PathBuf {
        self.write("project/.cofferdam/config.toml", text)
    }

    /// A user's file that trusts the project, and says something besides.
    pub fn trusting(&self, text: &str) {
        self.user(&format!(
            "{text}\n[projects.\"@/project\"]\ntrust_level = \"trusted\"\n"
        ));
    }

    pub fn typed(&mut self, texts: &[&str]) {
        let fill = |text: &&str| text.replace("@/", &format!("{}/", self.root.display()));
        self.options.overrides = texts.iter().map(fill).collect();
    }

    pub fn load(&self) -> Result<Settings, ConfigError> {
        load(&self.options, &self.surroundings, self.interactive)
    }

    pub fn settings(&self) -> Settings {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The error and its hint, as a person would see them.
    pub fn refusal(&self) -> String {
        let Err(error) = self.load() else {
            panic!("nothing was refused");
        };
        let hint = error
            .hint()
            .map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        self.short(&format!("{error}{hint}"))
    }

    /// The refusal of what the user's file says.
    pub fn refusal_of(text: &str) -> String {
        let world = Self::new();
        world.user(text);
        world.refusal()
    }

    pub fn refusal_of_typed(text: &str) -> String {
        let mut world = Self::new();
        world.typed(&[text]);
        world.refusal()
    }

    /// The text without the world's own path.
    pub fn short(&self, text: &str) -> String {
        text.replace(&format!("{}", self.root.display()), "@")
            .replace("@/me/.config/cofferdam/config.toml", "user")
    }

    pub fn notices(&self) -> String {
        self.short(&self.settings().notices.join("\n"))
    }

    /// A setting's value and the place it comes from.
    pub fn entry(&self, key: &str) -> Option<(String, Origin)> {
        let settings = self.settings();
        let key = key.replace("@/", &format!("{}/", self.root.display()));
        let found = settings.entries().iter().find(|(name, ..)| *name == key);
        found.map(|(_, value, origin)| (self.short(value), origin.clone()))
    }

    /// Where writing is granted, and where within that it is not.
    pub fn rules(&self) -> String {
        let profile = self.settings().posture.profile.value;
        let mut rows: Vec<String> = profile
            .files
            .iter()
            .filter(|rule| {
                rule.access == Access::Write || rule.rule.as_str() == "files.protected-path"
            })
            .map(|rule| {
                let sign = if rule.access == Access::Write {
                    "+"
                } else {
                    "-"
                };
                self.short(&format!("{sign} {}", rule.path.display()))
            })
            .collect();
        rows.sort();
        rows.join("\n")
    }

    /// Whether the profile lets a path be written.
    pub fn may_write(&self, below: &str) -> bool {
        let path = self.path(below);
        self.settings()
            .posture
            .profile
            .value
            .files
            .write(&path)
            .granted
    }

    pub fn may_read(&self, below: &str) -> bool {
        let path = self.path(below);
        self.settings()
            .posture
            .profile
            .value
            .files
            .read(&path)
            .granted
    }
}
