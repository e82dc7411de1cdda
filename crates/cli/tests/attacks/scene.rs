//! Where an attempt takes place: a home with secrets, a workspace in it, a
//! directory outside both, and whoever is needed on the host. Everything is
//! new for every run and gone afterwards.

use std::cell::RefCell;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::UdpSocket;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::attempt::Attempt;
use crate::boundary::{self, User};
use crate::parties::{Listener, Screen, Victim};
use crate::traces::{self, Traces};

/// The place of one run.
pub struct Scene {
    root: TempDir,
    pub user: User,
    /// A word that nobody outside the scene's secrets says.
    pub token: String,
    id: String,
    attacker: PathBuf,
    listeners: RefCell<Vec<Listener>>,
    victim: RefCell<Option<Victim>>,
    screen: RefCell<Option<Screen>>,
    named: RefCell<Vec<(String, String)>>,
}

impl Scene {
    pub fn new(user: &User) -> Self {
        let root = tempfile::Builder::new()
            .prefix("attack-")
            .tempdir_in("/var/tmp")
            .expect("make a place under /var/tmp");
        let name = root
            .path()
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let id = name.replace("attack-", "dam-");
        let scene = Self {
            token: format!("ghp_{}", name.replace('-', "")),
            attacker: attacker().into(),
            user: user.clone(),
            root,
            id,
            listeners: RefCell::default(),
            victim: RefCell::default(),
            screen: RefCell::default(),
            named: RefCell::default(),
        };
        scene.furnish();
        scene
    }

    /// Calls an attempt's own preparation, and hands everything to the user.
    pub fn settle(&self, attempt: &Attempt) {
        if let Some(prepare) = attempt.prepare {
            prepare(self);
        }
        self.user.own(self.root.path());
    }

    pub fn attacker(&self) -> &Path {
        &self.attacker
    }

    /// Where the terminal's keeper notes what was typed.
    pub fn typed(&self) -> PathBuf {
        self.root.path().join("typed")
    }

    /// Writes a file for a preparation, with the directories above it.
    pub fn write(&self, path: &str, text: &str) {
        let path = PathBuf::from(self.fill(path));
        fs::create_dir_all(path.parent().expect("a parent")).expect("make directories");
        fs::write(path, self.fill(text)).expect("write a fixture");
    }

    /// Makes a named pipe.
    pub fn make_pipe(&self, path: &str) {
        let made = Command::new("mkfifo").arg(self.fill(path)).status();
        assert!(made.expect("run mkfifo").success(), "make a pipe");
    }

    /// Replaces the words in braces, and brings to life what they name.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        for (index, part) in text.split('{').enumerate() {
            match part.split_once('}') {
                Some((name, after)) if index > 0 && is_word(name) => {
                    filled.push_str(&self.word(name));
                    filled.push_str(after);
                }
                _ if index > 0 => filled.extend(["{", part]),
                _ => filled.push_str(part),
            }
        }
        filled
    }

    fn word(&self, name: &str) -> String {
        let below = |path: &str| self.root.path().join(path).to_string_lossy().into_owned();
        match name {
            "out" => below("out"),
            "home" => below("home"),
            "ws" => below("home/project"),
            "tmp" => below("tmp"),
            "id" => self.id.clone(),
            "token" => self.token.clone(),
            "uid" => self.user.uid().as_raw().to_string(),
            _ => self.once(name),
        }
    }

    /// A word whose owner is started when it is first said.
    fn once(&self, name: &str) -> String {
        let known = self
            .named
            .borrow()
            .iter()
            .find(|(known, _)| known == name)
            .cloned();
        if let Some((_, value)) = known {
            return value;
        }
        let value = self.bring(name);
        self.named
            .borrow_mut()
            .push((name.to_owned(), value.clone()));
        value
    }

    fn bring(&self, name: &str) -> String {
        let keep = |listener| self.listeners.borrow_mut().push(listener);
        let at = |listener: fn(&str) -> Listener, name: String| {
            keep(listener(&name));
            if !name.starts_with('@') {
                self.user.own(Path::new(&name));
            }
            name
        };
        let port = |(listener, port): (Listener, u16)| {
            keep(listener);
            port.to_string()
        };
        match name {
            "stream" => at(Listener::stream, self.fill("{out}/stream")),
            "workspace-stream" => at(Listener::stream, self.fill("{ws}/stream")),
            "datagram" => at(Listener::datagram, self.fill("{out}/datagram")),
            "workspace-datagram" => at(Listener::datagram, self.fill("{ws}/datagram")),
            "abstract" => at(Listener::stream, self.fill("@{id}")),
            "abstract-datagram" => at(Listener::datagram, self.fill("@{id}-d")),
            "packet" => at(
                |path| Listener::packet(Path::new(path)),
                self.fill("{out}/packet"),
            ),
            "fifo" => at(
                |path| Listener::fifo(Path::new(path)),
                self.fill("{out}/fifo"),
            ),
            "late-stream" => at(Listener::stream, self.fill("{ws}/late")),
            "late-pipe" => {
                // Under its name only when it is read from, or whoever waits
                // for the name finds nobody there.
                self.make_pipe("{ws}/early");
                let early = at(
                    |path| Listener::fifo(Path::new(path)),
                    self.fill("{ws}/early"),
                );
                fs::rename(&early, self.fill("{ws}/late")).expect("a name");
                early
            }
            "tcp" => port(Listener::tcp("127.0.0.1")),
            "tcp6" => port(Listener::tcp("::1")),
            "udp" => port(Listener::udp("127.0.0.1")),
            "udp6" => port(Listener::udp("::1")),
            "lan" => lan(),
            "lan-tcp" => port(Listener::tcp(&self.fill("{lan}"))),
            "free-port" => Listener::tcp("127.0.0.1").1.to_string(),
            "screen" => {
                let screen = Screen::start(&self.user, &self.attacker);
                let name = screen.name.clone();
                *self.screen.borrow_mut() = Some(screen);
                name
            }
            "set-uid" => self.set_uid_copy(),
            "roots-secret" => self.roots_secret(),
            fact => self.victims_fact(fact),
        }
    }

    fn victims_fact(&self, fact: &str) -> String {
        let mut victim = self.victim.borrow_mut();
        let victim = victim.get_or_insert_with(|| {
            let secret = self.root.path().join("home/.ssh/id_ed25519");
            let place = self.root.path().join("out");
            Victim::start(&self.user, &self.attacker, &self.token, &secret, &place)
        });
        if fact == "victim" {
            return victim.pid().to_string();
        }
        let found = victim.facts.iter().find(|(name, _)| name == fact);
        found
            .unwrap_or_else(|| panic!("no such word: {fact}"))
            .1
            .clone()
    }

    pub fn victims_group(&self) -> i32 {
        self.fill("{victim}").parse().expect("a process id")
    }

    fn set_uid_copy(&self) -> String {
        let copy = self.root.path().join("set-uid");
        fs::copy(&self.attacker, &copy).expect("copy the attacker");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).expect("set the bit");
        copy.to_string_lossy().into_owned()
    }

    fn roots_secret(&self) -> String {
        let path = self.root.path().join("roots-secret");
        fs::write(&path, &self.token).expect("write a secret");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("close it");
        path.to_string_lossy().into_owned()
    }

    /// What a user's shell would have set.
    pub fn environment(&self, attempt: &Attempt) -> Vec<(&'static str, String)> {
        let usual = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        vec![
            (
                "PATH",
                attempt
                    .path
                    .map_or(usual.to_owned(), |first| self.fill(first) + ":" + usual),
            ),
            ("HOME", self.fill(attempt.home)),
            ("TMPDIR", self.fill("{tmp}")),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm".to_owned()),
            ("GITHUB_TOKEN", self.token.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.token.clone()),
            (
                "DATABASE_URL",
                format!("postgres://me:{}@localhost/db", self.token),
            ),
            ("HANDLE", self.token.clone()),
        ]
    }

    /// What must not change: everything outside the workspace, in the
    /// workspace what is protected by name (or all of it), and what the
    /// attempt names.
    pub fn traces(&self, attempt: &Attempt, whole_workspace: bool) -> Traces {
        let mut traces = Traces::new();
        let workspace = PathBuf::from(self.fill("{ws}"));
        let ours = [".config", ".cache", ".local/state", ".local/share"].map(|parent| {
            PathBuf::from(self.fill("{home}"))
                .join(parent)
                .join("cofferdam")
        });
        let skip = |path: &Path| path == workspace || ours.iter().any(|own| path == own);
        traces::add(&mut traces, &PathBuf::from(self.fill("{home}")), &skip);
        traces::add(&mut traces, &PathBuf::from(self.fill("{out}")), &skip);
        let mut inside = Traces::new();
        traces::add(&mut inside, &workspace, &|_| false);
        inside.retain(|path, _| {
            let below = path.strip_prefix(&workspace).unwrap_or(path);
            below != Path::new("") && (whole_workspace || traces::protected(below))
        });
        traces.extend(inside);
        for path in attempt.watch {
            traces::add(&mut traces, Path::new(&self.fill(path)), &|_| false);
        }
        traces
    }

    /// What the parties on the host have to tell.
    pub fn testimony(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .listeners
            .borrow()
            .iter()
            .filter_map(Listener::received)
            .collect();
        all.extend(self.victim.borrow_mut().as_mut().and_then(Victim::harmed));
        all.extend(self.screen.borrow_mut().as_mut().and_then(Screen::shown));
        let typed = fs::read_to_string(self.typed()).unwrap_or_default();
        all.extend(
            typed
                .contains("attacked")
                .then(|| "typed into the terminal".to_owned()),
        );
        all
    }

    /// Processes of the command that are still there.
    pub fn leftovers(&self) -> Vec<u32> {
        let victim = self.victim.borrow().as_ref().map(Victim::pid);
        let screen = self.screen.borrow().as_ref().map(Screen::pid);
        let parties: Vec<u32> = victim.into_iter().chain(screen).collect();
        boundary::processes_naming(&self.root.path().to_string_lossy(), &parties)
    }

    /// Runs the attacker on the host's own behalf: to put things back.
    pub fn attacker_outside(&self, words: &[&str]) {
        let ended = Command::new(&self.attacker).args(words).output();
        assert!(
            ended.expect("run the attacker").status.success(),
            "could not put {words:?} back"
        );
    }

    fn furnish(&self) {
        for directory in [
            "{out}/dir",
            "{tmp}",
            "{home}/.local/bin",
            "{home}/.local/state",
            "{home}/.local/share",
            "{home}/.config",
            "{home}/.cache",
            "{ws}/.git/objects",
            "{ws}/.git/refs/heads",
            "{ws}/.git/info",
            "{ws}/a/b/c/d/e/f",
            "{ws}/empty",
        ] {
            fs::create_dir_all(self.fill(directory)).expect("make a directory");
        }
        for file in [
            "{out}/file",
            "{out}/inherited",
            "{out}/linked",
            "{out}/dir/inner",
        ] {
            self.write(file, "as it was\n");
        }
        self.write("{home}/.ssh/id_ed25519", "{token}\n");
        self.write("{home}/.ssh/authorized_keys", "\n");
        self.write("{home}/.aws/credentials", "{token}\n");
        self.write("{home}/.netrc", "machine localhost password {token}\n");
        self.write("{home}/.config/gh/hosts.yml", "oauth_token: {token}\n");
        self.write("{home}/.docker/config.json", "{token}\n");
        self.write("{home}/.git-credentials", "https://me:{token}@localhost\n");
        self.write("{home}/.bash_history", "login {token}\n");
        for file in [".bashrc", ".profile", ".gitconfig"] {
            self.write(&format!("{{home}}/{file}"), "\n");
        }
        self.repository("{ws}/.git");
        self.repository("{ws}/vendor/sub/.git");
        self.repository("{ws}/1/2/3/4/5/6/.git");
        self.repository("{ws}/.git/modules/sm");
        self.write("{ws}/.git/worktrees/wt/commondir", "../..\n");
        self.write("{ws}/.git/worktrees/wt/gitdir", "{ws}/wt/.git\n");
        self.write("{ws}/.git/worktrees/wt/HEAD", "ref: refs/heads/wt\n");
        self.write("{ws}/wt/.git", "gitdir: {ws}/.git/worktrees/wt\n");
        self.write("{ws}/README", "a project\n");
        self.write("{ws}/src/main.c", "int main(void) { return 0; }\n");
        fs::hard_link(self.fill("{out}/linked"), self.fill("{ws}/alias")).expect("link");
        symlink(self.fill("{out}/file"), self.fill("{ws}/link")).expect("link");
        symlink(self.fill("{out}/dir"), self.fill("{ws}/dirlink")).expect("link");
    }

    /// Writes a file as it was, but as another one: what a program does that
    /// replaces a file in one step.
    pub fn write_anew(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to.parent().expect("a parent")).expect("make directories");
        fs::copy(from, to).expect("copy");
        let time = fs::metadata(from)
            .and_then(|file| file.modified())
            .expect("its time");
        let copy = fs::File::options()
            .append(true)
            .open(to)
            .expect("open the copy");
        copy.set_modified(time).expect("set its time");
        self.user.own(to);
    }

    fn repository(&self, at: &str) {
        self.write(&format!("{at}/HEAD"), "ref: refs/heads/main\n");
        self.write(
            &format!("{at}/config"),
            "[core]\n\trepositoryformatversion = 0\n",
        );
        self.write(&format!("{at}/hooks/prepared"), "#!/bin/sh\n");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for pid in self.leftovers() {
            boundary::end(pid);
        }
        for place in ["/tmp", "/dev/shm"] {
            let left = Path::new(place).join(&self.id);
            let _gone = fs::remove_dir_all(&left).or_else(|_| fs::remove_file(&left));
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// An address of this machine that is not its loopback, if it has one.
fn lan() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    // Sends nothing: it only asks which address would be used.
    let chosen = socket
        .connect("198.51.100.1:9")
        .and_then(|()| socket.local_addr());
    chosen.map_or("127.0.0.2".to_owned(), |address| address.ip().to_string())
}

/// The attacker, compiled when its source has changed.
fn attacker() -> std::ffi::OsString {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks/attacker");
    let mut parts: Vec<PathBuf> = fs::read_dir(sources)
        .expect("its source")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    parts.sort();
    let mut hasher = DefaultHasher::new();
    for part in &parts {
        fs::read(part).expect("a source file").hash(&mut hasher);
    }
    parts.retain(|part| part.extension().is_some_and(|extension| extension == "c"));
    boundary::installed("attacker", hasher.finish(), |to| {
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-o"])
            .arg(to)
            .args(&parts)
            .args(["-lpthread", "-lrt"])
            .output()
            .expect("run the C compiler; these tests need `cc`");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
    })
}
