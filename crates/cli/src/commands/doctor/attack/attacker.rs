//! The attacker: this program once more, started with a hidden word to make
//! one attempt, or to be the victim of one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use super::attempts::{self, Taken};

/// The first argument that turns the command into this program.
pub const WORD: &str = "internal-attack";
/// The second argument of the victim.
pub const VICTIM: &str = "victim";
/// The second argument of what an attempt leaves behind.
const REMAINS: &str = "remains";
/// How long that stays, before it goes by itself.
const REMAINING: Duration = Duration::from_secs(5);
/// Said when it is about to act, and waits for a line.
pub const READY: &str = "ready\n";
/// Said when it has acted, before what came of it; then it waits for the end
/// of its input.
pub const ACTED: &str = "\nacted: ";

/// What an attempt goes for: the scene's places, and facts about who is there.
pub struct Target {
    root: PathBuf,
    facts: BTreeMap<String, String>,
}

impl Target {
    /// A path in the workspace.
    pub fn workspace(&self, below: &str) -> PathBuf {
        self.root.join("home/project").join(below)
    }

    /// A path outside it.
    pub fn out(&self, below: &str) -> PathBuf {
        self.root.join("out").join(below)
    }

    /// A path in the home directory.
    pub fn home(&self, below: &str) -> PathBuf {
        self.root.join("home").join(below)
    }

    /// What the attacker was told of the host.
    pub fn fact(&self, name: &str) -> io::Result<&str> {
        let missing = || io::Error::other(format!("there is no {name} here"));
        self.facts.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// A fact that is a number.
    pub fn number<N: FromStr>(&self, name: &str) -> io::Result<N> {
        let number = self.fact(name)?.parse();
        number.map_err(|_| io::ErrorKind::InvalidInput.into())
    }
}

/// To be called when the first argument is [`WORD`]. The next ones are the
/// attempt's name, the scene, and facts as `NAME=VALUE`.
pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(2).collect();
    let [role, root, rest @ ..] = &words[..] else {
        return ExitCode::FAILURE;
    };
    let result = match role.as_str() {
        VICTIM => suffer(Path::new(root), rest),
        REMAINS => {
            let said = io::stdout().write_all(b"here\n");
            thread::sleep(REMAINING);
            said
        }
        name => attack(name, root, rest),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn attack(name: &str, root: &str, rest: &[String]) -> io::Result<()> {
    let attempt = attempts::named(name).ok_or(io::ErrorKind::InvalidInput)?;
    let facts = rest.iter().filter_map(|word| word.split_once('='));
    let target = Target {
        root: PathBuf::from(root),
        facts: facts
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
    };
    let mut out = io::stdout();
    out.write_all(READY.as_bytes())?;
    out.flush()?;
    io::stdin().lock().read_line(&mut String::new())?;
    let taken = (attempt.act)(&target);
    let said = match &taken {
        Ok(Taken::Text(text)) => {
            out.write_all(text)?;
            String::new()
        }
        Ok(_) => String::new(),
        Err(error) => reason(error),
    };
    write!(out, "{ACTED}{said}")?;
    out.flush()?;
    // The other end sees the end of the output only when all have gone; what
    // was taken is kept until it has looked.
    let looked = io::stdin().lock().read_to_end(&mut Vec::new());
    drop(taken);
    looked.map(drop)
}

/// Without the number, which people do not read.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// Has a secret in its memory, in its variables and in an open file, and says
/// what became of itself when it is asked.
fn suffer(root: &Path, rest: &[String]) -> io::Result<()> {
    let [token, ..] = rest else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let file = File::open(root.join("home/.ssh/id_ed25519"))?;
    let memory = token.as_bytes().to_vec();
    let mut out = io::stdout();
    let address = memory.as_ptr().addr();
    writeln!(out, "{address} {} {}", memory.len(), file.as_raw_fd())?;
    for question in io::stdin().lock().lines() {
        question?;
        let text = String::from_utf8_lossy(std::hint::black_box(&memory)).into_owned();
        writeln!(out, "{}", text.replace('\n', " "))?;
    }
    Ok(())
}

/// A process in a group of its own, which nobody waits for.
pub fn stay_behind(target: &Target) -> io::Result<Taken> {
    #[expect(
        clippy::disallowed_methods,
        reason = "an attack starts a process to leave it behind"
    )]
    let mut command = Command::new("/proc/self/exe");
    let mut child = command
        .args([WORD, REMAINS])
        .arg(&target.root)
        .env_clear()
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // Only then can it be known by its words.
    let mut said = [0; 5];
    if let Some(stdout) = &mut child.stdout {
        stdout.read_exact(&mut said)?;
    }
    Ok(Taken::Nothing)
}
