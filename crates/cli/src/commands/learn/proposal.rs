//! The profile that is proposed, as TOML: what to grant, and as comments what
//! somebody has to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dam_policy::{Access, FileVerdict, ResolvedProfile, protected_name};
use dam_sandbox::{Act, Lesson, What};

use super::roots::{Roots, Surroundings, lasting_parent};

/// How many lines of one sort are listed.
const MOST_LINES: usize = 100;

/// How much of a command line is shown.
const LONGEST_PROCESS: usize = 60;

/// The devices that there are in the boundary, and what lies below `/dev`.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty", "ptmx"];
const DEVICE_DIRECTORIES: &[&str] = &["/dev/pts", "/dev/shm", "/dev/fd", "/dev/mqueue"];

/// What there is to make a proposal from.
pub struct Learned<'a> {
    /// What the profile is to be called.
    pub name: &'a str,
    /// The command.
    pub command: &'a str,
    /// Where it ran.
    pub cwd: &'a Path,
    /// The profile that is extended.
    pub profile: &'a ResolvedProfile,
    /// The value of `PATH`.
    pub search: &'a str,
    /// The names of the variables that the profile takes away.
    pub lost: Vec<String>,
    /// What it did.
    pub lesson: &'a Lesson,
}

/// A profile and remarks.
pub struct Proposal {
    head: Vec<String>,
    name: String,
    base: String,
    /// Entries with the remark behind them.
    granted: Vec<(String, String)>,
    /// Sections of comments: a title and its lines.
    remarks: Vec<(&'static str, Vec<String>)>,
}

/// Acts by what they mean for a profile.
#[derive(Default)]
struct Sorted<'a> {
    wanted: Vec<&'a Act>,
    stores: BTreeMap<&'a Path, Store<'a>>,
    /// What no profile opens, and why not.
    hidden: Vec<(&'a Act, &'a Path, String)>,
    protected: Vec<(&'a Act, &'a Path, String)>,
    devices: Vec<&'a Act>,
    network: Vec<&'a Act>,
    sockets: Vec<&'a Act>,
    /// The sockets that it made.
    bound: BTreeSet<&'a Path>,
    ring: bool,
}

/// A credential store that was read.
struct Store<'a> {
    reason: String,
    read: Vec<(&'a Act, &'a Path)>,
}

impl Proposal {
    /// What would have been refused becomes a grant or a remark.
    pub fn of(learned: &Learned<'_>) -> Self {
        let sorted = Sorted::of(learned);
        let wanted = sorted.wanted.iter().filter_map(|act| match &act.what {
            What::Write(path, change) => Some((path.as_path(), *change)),
            _ => None,
        });
        let around = Surroundings {
            profile: learned.profile,
            cwd: learned.cwd,
            search: learned.search.split(':').map(Path::new).collect(),
        };
        let Roots {
            mut granted,
            mut withheld,
        } = Roots::of(&wanted.collect::<Vec<_>>(), &around);
        for path in granted.clone() {
            if key(&path).is_none() {
                granted.remove(&path);
                withheld.insert(path, "a key cannot spell it".to_owned());
            }
        }
        let is_granted = |path: &Path| path.ancestors().any(|above| granted.contains(above));
        let (inside, outside): (Vec<&Act>, Vec<&Act>) = sorted
            .wanted
            .iter()
            .partition(|act| matches!(&act.what, What::Write(path, _) if is_granted(path)));
        let because = |path: &Path| done(&inside, path, &|at| at.starts_with(path));
        let in_it = |path: &Path| {
            done(&outside, path, &|at| {
                at == path || lasting_parent(at) == path
            })
        };
        let entry = |path: &PathBuf| Some((key(path)?, because(path)));
        let mut remarks = vec![(
            "Not proposed, because it would open too much. What was done there:",
            withheld
                .iter()
                .map(|(path, why)| (path, why, in_it(path)))
                .map(|(path, why, acts)| format!("{} ({why}): {acts}", path.display()))
                .collect(),
        )];
        remarks.extend(sorted.remarks(&learned.lost));
        if learned.lesson.dropped > 0 {
            let text = format!("{} acts were too many to be kept", learned.lesson.dropped);
            remarks.push(("The list is not whole:", vec![text]));
        }
        Self {
            head: head(learned),
            name: learned.name.to_owned(),
            base: learned.profile.name.clone(),
            granted: granted.iter().filter_map(entry).collect(),
            remarks,
        }
    }
}

fn head(learned: &Learned<'_>) -> Vec<String> {
    vec![
        format!("Proposed by `dam sandbox --learn` for: {}", learned.command),
        format!(
            "It ran in {} with no boundary, and was compared with {}.",
            learned.cwd.display(),
            learned.profile.name
        ),
        "This is what one run did; another may need more. Read it before you use it.".to_owned(),
        format!(
            "To use it, put it into config.toml, with `default_permissions = \"{}\"` at its top.",
            learned.name
        ),
    ]
}

/// What was done at the places of a path that count, in short.
fn done(acts: &[&Act], path: &Path, counts: &dyn Fn(&Path) -> bool) -> String {
    let below: Vec<_> = acts
        .iter()
        .filter_map(|act| match &act.what {
            What::Write(at, _) if counts(at) => Some((*act, at)),
            _ => None,
        })
        .collect();
    let Some((act, at)) = below.first() else {
        return "several directories in it".to_owned();
    };
    let shown = at.strip_prefix(path).unwrap_or(at);
    let shown = if shown.as_os_str().is_empty() {
        String::new()
    } else {
        format!(" of {}", shown.display())
    };
    let more = match below.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", by(act, &shown))
}

/// A call and whose it was.
fn by(act: &Act, of: &str) -> String {
    let process: String = act.process.chars().take(LONGEST_PROCESS).collect();
    let dots = if process.len() < act.process.len() {
        "…"
    } else {
        ""
    };
    format!("{}{of} by `{process}{dots}`", act.call)
}

impl<'a> Sorted<'a> {
    fn of(learned: &'a Learned<'_>) -> Self {
        let mut sorted = Self::default();
        for act in &learned.lesson.acts {
            match &act.what {
                What::Read(path) => sorted.read(act, path, learned.profile),
                What::Write(path, _) => sorted.write(act, path, learned.profile),
                What::Connect(_) | What::Bind(_) => sorted.network.push(act),
                What::ConnectSocket(_) => sorted.sockets.push(act),
                What::Ring => sorted.ring = true,
            }
        }
        sorted.leave_out_own();
        sorted
    }

    fn read(&mut self, act: &'a Act, path: &'a Path, profile: &'a ResolvedProfile) {
        if path.starts_with("/dev") {
            self.device(act, path);
        } else if !path.starts_with("/proc") {
            let verdict = profile.files.read(path);
            if !verdict.granted {
                self.hide(act, path, verdict, profile);
            }
        }
    }

    fn write(&mut self, act: &'a Act, path: &'a Path, profile: &ResolvedProfile) {
        if act.call == "bind" {
            self.bound.insert(path);
        }
        if path.starts_with("/dev") {
            return self.device(act, path);
        }
        // The boundary's `/proc` is one of its own.
        if path.starts_with("/proc") {
            return;
        }
        let verdict = profile.files.write(path);
        if verdict.granted {
            return;
        }
        let read = profile.files.read(path);
        if !read.granted {
            self.hidden.push((act, path, read.reason));
        } else if let Some(name) = protected_name(path) {
            self.protected.push((act, path, name.becomes.to_owned()));
        } else if matches!(verdict.rule.as_str(), "files.root" | "files.no-rule") {
            self.wanted.push(act);
        } else {
            self.protected.push((act, path, verdict.reason));
        }
    }

    /// A store can be opened as a whole; what lies in it stays covered with
    /// it.
    fn hide(
        &mut self,
        act: &'a Act,
        path: &'a Path,
        verdict: FileVerdict,
        profile: &'a ResolvedProfile,
    ) {
        let mut denied = profile.files.paths(Access::Deny);
        match denied.find(|store| path.starts_with(store)) {
            Some(store) if verdict.rule.as_str() == "files.credential-store" => {
                let store = self.stores.entry(store).or_insert_with(|| Store {
                    reason: verdict.reason,
                    read: Vec::new(),
                });
                store.read.push((act, path));
            }
            _ => self.hidden.push((act, path, verdict.reason)),
        }
    }

    fn device(&mut self, act: &'a Act, path: &Path) {
        let name = path.strip_prefix("/dev").unwrap_or(path);
        let known = DEVICES.iter().any(|device| name == Path::new(device))
            || DEVICE_DIRECTORIES.iter().any(|dir| path.starts_with(dir))
            || path == Path::new("/dev");
        if !known {
            self.devices.push(act);
        }
    }

    /// What it made itself, it also has inside: sockets, and ports of its own
    /// loopback.
    fn leave_out_own(&mut self) {
        let ports: BTreeSet<u16> = self
            .network
            .iter()
            .filter_map(|act| match act.what {
                What::Bind(address) => Some(address.port()),
                _ => None,
            })
            .collect();
        self.network.retain(|act| match act.what {
            What::Connect(to) => !is_own(to, &ports),
            _ => false,
        });
        self.sockets.retain(|act| match &act.what {
            What::ConnectSocket(path) => !self.bound.contains(path.as_path()) && path.exists(),
            _ => false,
        });
    }

    fn remarks(&self, lost: &[String]) -> Vec<(&'static str, Vec<String>)> {
        let by = |act: &Act| by(act, "");
        let stores = self.stores.iter().map(|(store, Store { reason, read })| {
            let key = key(store).unwrap_or_else(|| store.display().to_string());
            let read: Vec<String> = read
                .iter()
                .map(|(act, path)| format!("{} ({})", path.display(), by(act)))
                .collect();
            format!("{key} = \"read\"  # {reason}; {}", read.join(", "))
        });
        let hidden = self.hidden.iter();
        let hidden =
            hidden.map(|(act, path, why)| format!("{}: {why}; {}", path.display(), by(act)));
        let protected = self.protected.iter();
        let protected =
            protected.map(|(act, path, why)| format!("{}: {why}; {}", path.display(), by(act)));
        let place = |act: &&Act| match &act.what {
            What::Read(path) | What::Write(path, _) | What::ConnectSocket(path) => {
                format!("{}: {}", path.display(), by(act))
            }
            What::Connect(address) => format!("{address}: {}", by(act)),
            What::Bind(_) | What::Ring => by(act),
        };
        let ring = "`io_uring` is not there inside; what was done through it was not seen";
        vec![
            (
                "Credential stores that it read. Remove the `#` in front of what it may have:",
                stores.collect(),
            ),
            ("What no profile opens:", hidden.collect()),
            (
                "Protected names and paths, which no profile makes writable unasked:",
                protected.collect(),
            ),
            (
                "Network: it connected to these addresses, which no profile can grant yet:",
                self.network.iter().map(place).collect(),
            ),
            (
                "Sockets of programs outside, which cannot be reached from inside:",
                self.sockets.iter().map(place).collect(),
            ),
            (
                "Devices that are not there inside:",
                self.devices.iter().map(place).collect(),
            ),
            (
                "Calls that could not be watched:",
                self.ring.then(|| ring.to_owned()).into_iter().collect(),
            ),
            (
                "Variables that the profile takes away; whether it needs one cannot be seen:",
                lost.to_vec(),
            ),
        ]
    }
}

/// Whether an address leads to a program that the command started: its own
/// loopback, and a port that it took, or may have taken without naming it.
fn is_own(address: SocketAddr, ports: &BTreeSet<u16>) -> bool {
    let ip = address.ip();
    (ip.is_loopback() || ip.is_unspecified())
        && (ports.contains(&address.port()) || ports.contains(&0))
}

/// A path as a key of TOML. None for what a key would mean otherwise, or
/// cannot spell.
fn key(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    if text.contains(['*', '?', '[', ']', '{', '}', '!']) {
        return None;
    }
    let mut key = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => key.extend(['\\', c]),
            // A control character, which only an escape spells.
            c if c.is_control() => {
                let _ = write!(key, "\\u{:04X}", u32::from(c));
            }
            c => key.push(c),
        }
    }
    key.push('"');
    Some(key)
}

/// Text from outside in a comment: on one line, with everything visible.
fn comment(text: &str) -> String {
    dam_journal::clean(text).replace('\n', "<U+000A>")
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.head {
            writeln!(f, "# {}", comment(line))?;
        }
        writeln!(f, "\n[permissions.{}]", self.name)?;
        writeln!(f, "extends = {}", basic(&self.base))?;
        writeln!(f, "\n[permissions.{}.filesystem]", self.name)?;
        if self.granted.is_empty() {
            writeln!(f, "# Nothing but what {} grants.", comment(&self.base))?;
        }
        for (key, why) in &self.granted {
            writeln!(f, "{key} = \"write\"  # {}", comment(why))?;
        }
        for (title, lines) in &self.remarks {
            if lines.is_empty() {
                continue;
            }
            writeln!(f, "\n# {title}")?;
            for line in lines.iter().take(MOST_LINES) {
                writeln!(f, "# {}", comment(line))?;
            }
            if lines.len() > MOST_LINES {
                writeln!(f, "# and {} more", lines.len() - MOST_LINES)?;
            }
        }
        Ok(())
    }
}

fn basic(text: &str) -> String {
    key(Path::new(text)).unwrap_or_else(|| "\"\"".to_owned())
}
