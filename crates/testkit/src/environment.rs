//! A hermetic place in which the real `dam` runs: a home, a state and a work
//! directory of its own, an environment that starts empty, and output made
//! comparable by naming what differs between runs.
//!
//! It lies outside `/tmp`, because `/tmp` is writable in `workspace-write`.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "for tests only: a broken environment ends the test, with its reason"
)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The user that nobody is: what an ordinary user's run uses when the tests
/// themselves run as root.
const ORDINARY: u32 = 20_001;

/// Where the product looks for what administrators say.
const ADMINISTRATOR: &str = "/etc/cofferdam";

/// Lays a directory over `/etc` in a mount namespace of its own, and goes on as
/// the user in question.
const LAID_OVER: &str = r#"
mount -t overlay overlay -o "lowerdir=$1:/etc" /etc || exit 97
user=$2
shift 2
[ -z "$user" ] && exec "$@"
exec setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
"#;

/// Where programs are looked for, whatever the caller's own search path is.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A place to run the real binary in. Removed when dropped.
#[derive(Debug)]
pub struct Environment {
    root: TempDir,
    binary: PathBuf,
    /// Whom commands run as, if not as ourselves.
    user: Option<u32>,
    variables: BTreeMap<OsString, OsString>,
    /// Whether commands see an `/etc/cofferdam` of this environment's own.
    administered: bool,
}

impl Environment {
    /// An environment that runs `binary` as whoever runs the tests. Callers
    /// pass `env!("CARGO_BIN_EXE_dam")`.
    pub fn new(binary: impl AsRef<Path>) -> Self {
        Self::build(binary.as_ref(), None)
    }

    /// An environment that runs `binary` as an ordinary user. `None` unless
    /// the tests run as root; otherwise [`Environment::new`] is one already.
    pub fn as_ordinary_user(binary: impl AsRef<Path>) -> Option<Self> {
        Self::as_user(binary, ORDINARY)
    }

    /// As [`Environment::as_ordinary_user`], with a user of the caller's choice.
    pub fn as_user(binary: impl AsRef<Path>, user: u32) -> Option<Self> {
        is_root().then(|| Self::build(binary.as_ref(), Some(user)))
    }

    /// The same with an `/etc/cofferdam` of its own, laid over the machine's in
    /// a mount namespace: the product is what users have, and knows no other
    /// way to another place. `None` unless the tests run as root.
    pub fn administered(mut self) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let dir = self.administrator();
        fs::create_dir_all(&dir).expect("a new directory");
        for dir in [dir.as_path(), dir.parent().expect("it has one")] {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        self.administered = true;
        Some(self)
    }

    /// Where this environment's administrator puts files.
    pub fn administrator(&self) -> PathBuf {
        self.root.path().join("etc/cofferdam")
    }

    /// Writes a file of the administrator's.
    pub fn administer(&self, name: &str, text: &str) -> PathBuf {
        let path = self.administrator().join(name);
        fs::write(&path, text).expect("a written file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its mode");
        path
    }

    fn build(binary: &Path, user: Option<u32>) -> Self {
        assert!(
            !Path::new(ADMINISTRATOR).exists(),
            "these tests need a machine without {ADMINISTRATOR}: what is there holds for them, too"
        );
        let root = tempfile::Builder::new()
            .prefix("dam-")
            .tempdir_in("/var/tmp")
            .expect("a directory below /var/tmp");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755))
            .expect("a readable directory");
        let mut made = Self {
            binary: binary.to_owned(),
            root,
            user,
            variables: BTreeMap::new(),
            administered: false,
        };
        if user.is_some() {
            made.binary = made.readable_copy(binary);
        }
        for dir in [made.home(), made.work()] {
            fs::create_dir(&dir).expect("a new directory");
            made.give(&dir);
        }
        made.set("HOME", made.home());
        made.set("PATH", SEARCH_PATH);
        made.set("TERM", "xterm");
        made
    }

    /// The build directory may lie in a home that others cannot enter.
    fn readable_copy(&self, binary: &Path) -> PathBuf {
        let copy = self.root.path().join("dam");
        let binary = binary.canonicalize().expect("the binary");
        let mode = binary.metadata().expect("the binary").permissions().mode();
        let shared = mode & 0o005 == 0o005 && fs::hard_link(&binary, &copy).is_ok();
        if !shared {
            fs::copy(&binary, &copy).expect("a copy of the binary");
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("a runnable copy");
        }
        copy
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Where the user's settings are.
    pub fn config(&self) -> PathBuf {
        self.home().join(".config/cofferdam")
    }

    /// Where the program keeps what it writes, the journal among it.
    pub fn state(&self) -> PathBuf {
        self.home().join(".local/state/cofferdam")
    }

    /// The directory that commands start in.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The program that is run.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Sets a variable for everything that is run.
    pub fn set(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.variables
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
    }

    /// Writes a file and the directories above it, owned by the user that
    /// commands run as. Relative paths are below [`Environment::work`].
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(path);
        if let Some(parent) = path.parent() {
            self.create_dirs(parent);
        }
        fs::write(&path, text).expect("a written file");
        self.give(&path);
        path
    }

    /// Writes the user's `config.toml`.
    pub fn write_config(&self, text: &str) -> PathBuf {
        self.write(self.config().join("config.toml"), text)
    }

    /// Creates a directory and those above it, owned by the user that
    /// commands run as.
    pub fn create_dirs(&self, path: &Path) {
        let missing: Vec<&Path> = path.ancestors().take_while(|dir| !dir.exists()).collect();
        for dir in missing.into_iter().rev() {
            fs::create_dir(dir).expect("a new directory");
            self.give(dir);
        }
    }

    /// Makes the work directory a git repository with one commit of whatever
    /// it holds.
    pub fn init_repository(&self) {
        for args in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "--all"],
            &["commit", "--quiet", "--allow-empty", "--message=Start"],
        ] {
            let outcome = self.command("git", args).run();
            assert!(outcome.success(), "git {args:?}: {}", outcome.stderr);
        }
    }

    /// A run of the real binary with these words. It is called `dam` wherever
    /// it lies, so that what it says of itself is the same everywhere.
    pub fn dam<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run<'_> {
        let mut run = self.command(self.binary.clone(), args);
        if !self.administered {
            run.command.arg0("dam");
        }
        run
    }

    /// A run of another program in the same environment.
    pub fn command<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Run<'_> {
        Run {
            environment: self,
            command: self.prepare(program.as_ref(), args),
            input: Vec::new(),
        }
    }

    fn prepare<S: AsRef<OsStr>>(
        &self,
        program: &OsStr,
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests start the product; the product starts nothing this way"
        )]
        let mut command = Command::new(program);
        if self.administered {
            #[expect(
                clippy::disallowed_methods,
                reason = "tests start the product; the product starts nothing this way"
            )]
            let mut wrapped = Command::new("/usr/bin/unshare");
            let etc = self.root.path().join("etc");
            let user = self.user.map_or_else(String::new, |user| user.to_string());
            wrapped.args([
                "--mount",
                "--propagation",
                "private",
                "--",
                "/bin/sh",
                "-c",
                LAID_OVER,
            ]);
            wrapped.arg("sh").arg(etc).arg(user).arg(program);
            command = wrapped;
        }
        command.args(args).current_dir(self.work()).env_clear();
        command.envs(&self.variables);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Test");
            command.env(format!("GIT_{role}_EMAIL"), "test@example.com");
            command.env(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
        }
        if let Some(user) = self.user.filter(|_| !self.administered) {
            command.uid(user).gid(user);
        }
        command
    }

    fn give(&self, path: &Path) {
        if self.user.is_some() {
            chown(path, self.user, self.user).expect("a new owner");
        }
    }

    /// Text with everything that differs between runs replaced by a name.
    pub fn comparable(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (path, name) in [
            (self.binary.clone(), "dam"),
            (self.home(), "[HOME]"),
            (self.work(), "[WORK]"),
            (self.root.path().to_owned(), "[ROOT]"),
        ] {
            text = text.replace(&*path.to_string_lossy(), name);
        }
        let text = replace_shape(&text, "dddddddd-dddddd-xxxxxx", "[SESSION]");
        let text = replace_shape(&text, "dddd-dd-dd dd:dd:dd", "[TIME]");
        replace_shape(&text, "dddd-dd-ddTdd:dd:dd", "[TIME]")
    }
}

/// A program about to be run.
#[derive(Debug)]
#[must_use]
pub struct Run<'a> {
    environment: &'a Environment,
    command: Command,
    input: Vec<u8>,
}

impl Run<'_> {
    /// Adds a word.
    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.command.arg(word);
        self
    }

    /// Adds words.
    pub fn args<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.command.args(words);
        self
    }

    /// Sets a variable for this run.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes a variable for this run.
    pub fn without_env(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts elsewhere than in the work directory.
    pub fn in_dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(self.environment.work().join(dir));
        self
    }

    /// What is on standard input. Without it, standard input is empty.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = text.into();
        self
    }

    /// The command itself, for what this type does not offer.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Outcome {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("a started program");
        let mut stdin = child.stdin.take();
        let input = self.input;
        // Written beside, so that a program that answers before it has read
        // everything does not stand still; one that does not read at all is
        // no error.
        let writer = std::thread::spawn(move || {
            let _unread = stdin.as_mut().map(|stdin| stdin.write_all(&input));
        });
        let output = child.wait_with_output().expect("an ended program");
        let _written = writer.join();
        let name = |bytes: Vec<u8>| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.environment.comparable(&text)
        };
        Outcome {
            code: output.status.code(),
            signal: output.status.signal(),
            raw_stdout: output.stdout.clone(),
            stdout: name(output.stdout),
            stderr: name(output.stderr),
        }
    }
}

/// What came of a run. Text is comparable (see [`Environment::comparable`]).
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output, byte for byte.
    pub raw_stdout: Vec<u8>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Whether the exit code is 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// Everything on one page, for a snapshot.
    pub fn page(&self) -> String {
        let ending = match (self.code, self.signal) {
            (Some(code), _) => format!("exit {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        };
        let streams = [("stdout", &self.stdout), ("stderr", &self.stderr)];
        let said = streams
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| format!("-- {name}\n{}\n", text.trim_end()));
        std::iter::once(format!("{ending}\n")).chain(said).collect()
    }
}

/// Whether these tests run as root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0)
}

/// Replaces every part of a text that has this shape: `d` stands for a digit,
/// `x` for a hexadecimal digit, anything else for itself.
fn replace_shape(text: &str, shape: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if has_shape(rest, shape) {
            out.push_str(name);
            rest = &rest[shape.len()..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() >= shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(found, wanted)| match wanted {
                b'd' => found.is_ascii_digit(),
                b'x' => found.is_ascii_hexdigit(),
                other => found == other,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_starts_empty_and_text_is_comparable() {
        let environment = Environment::new("/usr/bin/env");
        let outcome = environment.dam(["-0"]).env("LATE", "1").run();
        let mut variables: Vec<&str> = outcome
            .stdout
            .split_terminator('\0')
            .filter(|each| !each.starts_with("GIT_") && !each.starts_with("PATH="))
            .collect();
        variables.sort_unstable();
        assert_eq!(variables, ["HOME=[HOME]", "LATE=1", "TERM=xterm"]);
    }

    #[test]
    fn input_exit_codes_and_signals_are_passed() {
        let environment = Environment::new("/bin/sh");
        let outcome = environment.dam(["-c", "cat; exit 7"]).stdin("hello").run();
        assert_eq!(outcome.page(), "exit 7\n-- stdout\nhello\n");
        let outcome = environment.dam(["-c", "kill -TERM $$"]).run();
        assert_eq!(outcome.page(), "signal 15\n");
    }

    #[test]
    fn a_repository_has_a_commit() {
        let environment = Environment::new("/bin/true");
        environment.write("src/main.c", "int main(void) { return 0; }\n");
        environment.init_repository();
        let outcome = environment
            .command("git", ["log", "--format=%an %s", "--name-only"])
            .run();
        assert_eq!(
            outcome.page(),
            "exit 0\n-- stdout\nTest Start\n\nsrc/main.c\n"
        );
    }

    #[test]
    fn an_ordinary_user_owns_its_places_and_nothing_else() {
        // Who is not root is an ordinary user already.
        let Some(environment) = Environment::as_ordinary_user("/bin/sh") else {
            return;
        };
        let outcome = environment
            .dam([
                "-c",
                "id -u; touch ~/x x; touch ../x 2>/dev/null || echo no",
            ])
            .run();
        assert_eq!(outcome.page(), "exit 0\n-- stdout\n20001\nno\n");
    }

    #[test]
    fn shapes_are_replaced_wherever_they_stand() {
        let text = "é 20261121-070416-1f3a9c, 2026-11-21T07:04:16Z 20261121-x";
        let environment = Environment::new("/bin/true");
        assert_eq!(
            environment.comparable(text),
            "é [SESSION], [TIME]Z 20261121-x"
        );
    }
}
