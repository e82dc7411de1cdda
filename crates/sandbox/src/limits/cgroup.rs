//! The control group of a box, where this user may make one (version 2).
//!
//! A leaf is made beside or below the group that this process is in, never in
//! a place that would free the box from a limit that holds this process. The
//! command is put in before its program is executed. A small process, the
//! **caretaker**, waits for the helper to end, however it ends, and removes
//! the leaf. Its lock on the leaf tells the next box that somebody cares; a
//! leaf without a lock is removed.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_policy::Limits;
use rustix::fs::{AtFlags, CWD, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::Pid;

use crate::sys::{self, Forked, SingleThread};

/// What every leaf's name begins with.
const PREFIX: &str = "cofferdam-";

/// How often, and after what pauses, a leaf is tried to be removed: what ran
/// in it may not have gone quite, yet.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// The control group of one box.
#[derive(Debug)]
pub(crate) struct Leaf {
    procs: OwnedFd,
    time: OwnedFd,
    memory_events: Option<OwnedFd>,
    pids_events: Option<OwnedFd>,
    caretaker: Caretaker,
}

impl Leaf {
    /// A group that holds as many of these limits as groups can, here. None
    /// where none would be held, or no group can be made.
    pub(crate) fn new(limits: &Limits, proof: &SingleThread) -> Option<Self> {
        let made = Made::new(limits)?;
        // Held from here on: what follows removes it again if it fails.
        let caretaker = Caretaker::start(&made, proof).ok()?;
        let memory = limits.memory.filter(|_| made.place.memory);
        let memory_events = memory.and_then(|most| made.limit_memory(most));
        let pids = limits.processes.filter(|_| made.place.pids);
        let pids_events = pids.and_then(|most| made.limit_processes(most));
        Some(Self {
            procs: made.open("cgroup.procs", OFlags::WRONLY).ok()?,
            time: made.open("cpu.stat", OFlags::RDONLY).ok()?,
            memory_events,
            pids_events,
            caretaker,
        })
    }

    /// Whether a group would hold memory, processes and processor time here:
    /// tried out.
    pub(super) fn would_hold() -> (bool, bool, bool) {
        let wanted = Limits {
            memory: Some(u64::MAX),
            processes: Some(u64::MAX),
            cpu_time: Some(u64::MAX),
            ..Limits::default()
        };
        let Some(made) = Made::new(&wanted) else {
            return (false, false, false);
        };
        let held = (made.place.memory, made.place.pids, true);
        remove(&made.parent, &made.name);
        held
    }

    /// Moves a process in.
    pub(crate) fn take_in(&self, pid: Pid) -> Result<(), Errno> {
        let pid = pid.as_raw_nonzero().to_string();
        rustix::io::write(&self.procs, pid.as_bytes()).map(drop)
    }

    pub(super) const fn holds_memory(&self) -> bool {
        self.memory_events.is_some()
    }

    pub(super) const fn holds_processes(&self) -> bool {
        self.pids_events.is_some()
    }

    /// Whether the kernel ended processes because there was no memory left for
    /// them.
    pub(super) fn ran_out_of_memory(&self) -> bool {
        let count = |name| event(self.memory_events.as_ref(), name);
        count("oom_kill") > 0 || count("oom_group_kill") > 0
    }

    /// Whether the kernel refused to make a process.
    pub(super) fn refused_a_process(&self) -> bool {
        event(self.pids_events.as_ref(), "max") > 0
    }

    /// What was used by all that ever ran in it.
    pub(super) fn processor_time(&self) -> Result<Duration, Errno> {
        let text = text_of(&self.time)?;
        Ok(Duration::from_micros(
            value_of(&text, "usage_usec").ok_or(Errno::INVAL)?,
        ))
    }

    /// Removes it; whatever was in it has ended.
    pub(super) fn remove(self) {
        self.caretaker.finish();
    }
}

/// Where a leaf can be made, and what it can hold there.
#[derive(Clone, Debug)]
struct Place {
    directory: PathBuf,
    memory: bool,
    pids: bool,
    /// The limit on processes of the groups that the box leaves.
    most_processes: Option<u64>,
}

/// A leaf that exists, and is locked.
struct Made {
    place: Place,
    parent: OwnedFd,
    name: String,
    leaf: OwnedFd,
}

impl Made {
    fn new(limits: &Limits) -> Option<Self> {
        let (memory, pids) = (limits.memory.is_some(), limits.processes.is_some());
        if !memory && !pids && limits.cpu_time.is_none() {
            return None;
        }
        let places = places();
        let whole = |place: &&Place| (place.memory || !memory) && (place.pids || !pids);
        let partly = |place: &&Place| {
            place.memory && memory || place.pids && pids || limits.cpu_time.is_some()
        };
        let best = places
            .iter()
            .filter(whole)
            .chain(places.iter().filter(partly));
        best.into_iter().find_map(|place| Self::at(place).ok())
    }

    fn at(place: &Place) -> Result<Self, Errno> {
        let parent = open_directory(CWD, &place.directory)?;
        sweep(&parent);
        let mut random = [0; 8];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        let name = format!("{PREFIX}{:016x}", u64::from_ne_bytes(random));
        rustix::fs::mkdirat(&parent, &*name, Mode::from_raw_mode(0o755))?;
        let made = open_directory(&parent, &name).and_then(|leaf| {
            rustix::fs::flock(&leaf, FlockOperation::NonBlockingLockExclusive)?;
            // Another's sweep may have come between.
            rustix::fs::statat(&parent, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
            Ok(leaf)
        });
        match made {
            Ok(leaf) => Ok(Self {
                place: place.clone(),
                parent,
                name,
                leaf,
            }),
            Err(errno) => {
                remove(&parent, &name);
                Err(errno)
            }
        }
    }

    fn open(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        rustix::fs::openat(&self.leaf, name, flags | OFlags::CLOEXEC, Mode::empty())
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Errno> {
        let file = self.open(name, OFlags::WRONLY)?;
        rustix::io::write(&file, text.as_bytes()).map(drop)
    }

    /// Ended as a whole when it needs more, and nothing of it swapped out.
    fn limit_memory(&self, most: u64) -> Option<OwnedFd> {
        self.write("memory.max", &most.to_string()).ok()?;
        self.write("memory.oom.group", "1").ok()?;
        match self.write("memory.swap.max", "0") {
            // Where swapping is not counted, the file is not there.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(_) => return None,
        }
        self.open("memory.events", OFlags::RDONLY).ok()
    }

    fn limit_processes(&self, most: u64) -> Option<OwnedFd> {
        let most = self
            .place
            .most_processes
            .map_or(most, |other| other.min(most));
        self.write("pids.max", &most.to_string()).ok()?;
        self.open("pids.events", OFlags::RDONLY).ok()
    }
}

/// The process that removes a leaf when the helper has ended.
#[derive(Debug)]
struct Caretaker {
    pid: Pid,
    /// Closed by the helper's end, at the latest.
    lifeline: OwnedFd,
}

impl Caretaker {
    fn start(made: &Made, proof: &SingleThread) -> Result<Self, Errno> {
        let started = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .and_then(|(waits, lifeline)| Ok((sys::fork(proof)?, waits, lifeline)));
        match started {
            Ok((Forked::Child, waits, lifeline)) => {
                drop(lifeline);
                take_care(made, &waits)
            }
            Ok((Forked::Parent(pid), _, lifeline)) => Ok(Self { pid, lifeline }),
            Err(errno) => {
                remove(&made.parent, &made.name);
                Err(errno)
            }
        }
    }

    fn finish(self) {
        drop(self.lifeline);
        // Nobody to wait for: it was removed already.
        let _ = sys::wait_for(self.pid);
    }
}

fn take_care(made: &Made, waits: &OwnedFd) -> ! {
    let kept = [&made.parent, &made.leaf, waits].map(AsRawFd::as_raw_fd);
    if sys::close_from(0, &kept).is_ok() {
        while matches!(
            rustix::io::read(waits, &mut [0_u8; 1]),
            Ok(1..) | Err(Errno::INTR)
        ) {}
    }
    remove(&made.parent, &made.name);
    std::process::exit(0)
}

/// Removes a leaf once nothing runs in it.
fn remove(parent: &OwnedFd, name: &str) {
    for _ in 0..TRIES {
        match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
            Err(Errno::BUSY) => std::thread::sleep(PAUSE),
            _ => return,
        }
    }
}

/// Removes leaves that nobody cares for any more.
fn sweep(parent: &OwnedFd) {
    let Ok(list) = open_directory(parent, ".").and_then(Dir::new) else {
        return;
    };
    for entry in list.flatten() {
        let Some(name) = entry
            .file_name()
            .to_str()
            .ok()
            .filter(|n| n.starts_with(PREFIX))
        else {
            continue;
        };
        let lock = open_directory(parent, name).and_then(|leaf| {
            rustix::fs::flock(&leaf, FlockOperation::NonBlockingLockExclusive).map(|()| leaf)
        });
        if lock.is_ok() {
            // One that is not empty stays.
            let _ = rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR);
        }
    }
}

/// Where a leaf could be made: from this process's group upwards, as far as
/// this user may write and nothing is left behind that limits this process.
fn places() -> Vec<Place> {
    let mut places = Vec::new();
    let Some((mount, own)) = own_group() else {
        return places;
    };
    let mut most_processes: Option<u64> = None;
    for directory in own.ancestors().take_while(|dir| dir.starts_with(&mount)) {
        let may_write = rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_ok()
            && rustix::fs::access(directory.join("cgroup.procs"), rustix::fs::Access::WRITE_OK)
                .is_ok();
        if !may_write {
            break;
        }
        let given = read(&directory.join("cgroup.subtree_control"));
        let has = |name| given.split_ascii_whitespace().any(|given| given == name);
        places.push(Place {
            directory: directory.to_owned(),
            memory: has("memory"),
            pids: has("pids"),
            most_processes,
        });
        let is_free = ["memory.max", "memory.high", "memory.swap.max", "cpu.max"]
            .iter()
            .all(|name| is_unlimited(&read(&directory.join(name))));
        if !is_free {
            break;
        }
        let pids: Option<u64> = read(&directory.join("pids.max")).trim().parse().ok();
        most_processes = match (most_processes, pids) {
            (Some(one), Some(other)) => Some(other.min(one)),
            (one, other) => one.or(other),
        };
    }
    places
}

/// A file that is not there limits nothing.
fn is_unlimited(text: &str) -> bool {
    text.is_empty() || text.starts_with("max")
}

/// Where version 2 is mounted, and the directory of this process's group.
fn own_group() -> Option<(PathBuf, PathBuf)> {
    let groups = read(Path::new("/proc/self/cgroup"));
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounts = read(Path::new("/proc/self/mountinfo"));
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        if kind.split(' ').next()? != "cgroup2" {
            return None;
        }
        let mut fields = place.split(' ').skip(3);
        let (root, mount) = (fields.next()?, PathBuf::from(fields.next()?));
        let below = Path::new(path).strip_prefix(root).ok()?;
        // A group outside of what is mounted here shows as `..`.
        let is_inside = below
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        is_inside.then(|| (mount.clone(), mount.join(below)))
    })
}

fn open_directory(
    at: impl std::os::fd::AsFd,
    path: impl rustix::path::Arg,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    rustix::fs::openat(at, path, flags, Mode::empty())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// A group's file, from its beginning.
fn text_of(file: &OwnedFd) -> Result<String, Errno> {
    let mut buffer = [0; 4096];
    let length = rustix::io::pread(file, &mut buffer, 0)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

fn event(file: Option<&OwnedFd>, name: &str) -> u64 {
    file.and_then(|file| text_of(file).ok())
        .and_then(|text| value_of(&text, name))
        .unwrap_or(0)
}

fn value_of(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(' ')?;
        (found == name).then(|| value.trim().parse().ok())?
    })
}
