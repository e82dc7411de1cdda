//! What the processes of a box use, added up from their `/proc`.
//!
//! Every number is a lower bound: a box is never ended for what it did not
//! use. Processor time and bytes written of a process that ended are taken
//! from whoever waited for it; what was seen last is kept where nobody did.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{CWD, Dir, Mode, OFlags};
use rustix::io::Errno;

/// The init: it uses nothing itself. The kernel credits it with the processor
/// time of orphans; what they wrote it is credited with, too, but that cannot
/// be read.
const INIT: i32 = 1;

/// What to add up beside processes and processor time, which come with the
/// same file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub memory_over: Option<u64>,
    pub written: bool,
}

/// What a box uses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Usage {
    /// Bytes; exact only where it is more than was asked about.
    pub memory: u64,
    /// Processes and threads, now.
    pub processes: u64,
    /// From the start.
    pub processor_time: Duration,
    /// Bytes, from the start.
    pub written: u64,
    /// Whether a process hides what it has written.
    pub hidden: bool,
}

/// The processes of a box.
#[derive(Debug)]
pub(super) struct Processes {
    proc: OwnedFd,
    seen: HashMap<i32, Seen>,
    /// Own time of processes that are gone.
    gone_ticks: u64,
    /// What orphans wrote that are gone.
    gone_written: u64,
    most_ticks: u64,
    most_written: u64,
}

/// A process as it was last.
#[derive(Clone, Copy, Debug)]
struct Seen {
    start: u64,
    is_orphan: bool,
    own_ticks: u64,
    written: u64,
}

impl Processes {
    /// Those of the pid namespace whose `/proc` is mounted here.
    pub(super) fn here() -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            proc: rustix::fs::openat(CWD, "/proc", flags, Mode::empty())?,
            seen: HashMap::new(),
            gone_ticks: 0,
            gone_written: 0,
            most_ticks: 0,
            most_written: 0,
        })
    }

    /// Adds up.
    pub(super) fn add_up(&mut self, wanted: Wanted) -> Result<Usage, Errno> {
        let pids = self.pids()?;
        let mut usage = Usage::default();
        let mut now = HashMap::with_capacity(pids.len());
        let (mut resident, mut waited_ticks) = (0_u64, 0);
        for pid in &pids {
            let Some(stat) = self.stat(*pid)? else {
                continue;
            };
            waited_ticks += stat.waited_ticks;
            if *pid == INIT {
                continue;
            }
            let mut seen = self.last_seen(*pid, &stat);
            if wanted.written {
                match self.written(*pid)? {
                    Io::Bytes(bytes) => seen.written = bytes,
                    Io::Gone => {}
                    Io::Hidden => usage.hidden = true,
                }
            }
            usage.processes += stat.threads.max(1);
            resident = resident.saturating_add(stat.resident);
            now.insert(*pid, seen);
        }
        self.keep_what_is_gone(&now);
        self.seen = now;
        let own_ticks: u64 = self.seen.values().map(|seen| seen.own_ticks).sum();
        let written: u64 = self.seen.values().map(|seen| seen.written).sum();
        let ticks = (own_ticks + waited_ticks).max(own_ticks + self.gone_ticks);
        self.most_ticks = self.most_ticks.max(ticks);
        self.most_written = self.most_written.max(written + self.gone_written);
        usage.processor_time = time(self.most_ticks);
        usage.written = self.most_written;
        if let Some(limit) = wanted.memory_over {
            usage.memory = self.memory(&pids, resident, limit)?;
        }
        Ok(usage)
    }

    /// A process now, with what it had written when it was seen last.
    fn last_seen(&self, pid: i32, stat: &Stat) -> Seen {
        let before = self.seen.get(&pid).filter(|seen| seen.start == stat.start);
        Seen {
            start: stat.start,
            is_orphan: stat.parent == INIT,
            own_ticks: stat.own_ticks,
            written: before.map_or(0, |seen| seen.written),
        }
    }

    fn keep_what_is_gone(&mut self, now: &HashMap<i32, Seen>) {
        for (pid, was) in &self.seen {
            if now.get(pid).is_some_and(|is| is.start == was.start) {
                continue;
            }
            self.gone_ticks += was.own_ticks;
            if was.is_orphan {
                self.gone_written += was.written;
            }
        }
    }

    /// Who there is, parents before their children: what a parent is credited
    /// with while this goes on is then counted too late instead of twice.
    fn pids(&self) -> Result<Vec<i32>, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let list = rustix::fs::openat(&self.proc, ".", flags, Mode::empty())?;
        let mut pids = Vec::new();
        for entry in Dir::new(list)? {
            let name = entry?;
            if let Some(pid) = name.file_name().to_str().ok().and_then(|n| n.parse().ok()) {
                pids.push(pid);
            }
        }
        let start = |pid: &i32| self.seen.get(pid).map_or(u64::MAX, |seen| seen.start);
        pids.sort_by_key(|pid| (start(pid), *pid));
        Ok(pids)
    }

    /// Memory that cannot be taken back: of processes, and of the box's own
    /// file system in memory. What shared pages count is looked at only if it
    /// matters.
    fn memory(&self, pids: &[i32], resident: u64, limit: u64) -> Result<u64, Errno> {
        let files = in_memory_files();
        if resident.saturating_add(files) <= limit {
            return Ok(resident.saturating_add(files));
        }
        let (mut private, mut shared) = (0_u64, 0_u64);
        for pid in pids.iter().filter(|pid| **pid != INIT) {
            let (own, with_others) = match self.read(*pid, "smaps_rollup")? {
                Read::Text(text) => proportional(&text),
                // One whose memory has not been set up, or is gone.
                Read::Gone | Read::Refused => (self.stat(*pid)?.map_or(0, |stat| stat.resident), 0),
            };
            private = private.saturating_add(own);
            shared = shared.saturating_add(with_others);
        }
        // A shared page may be one of those files'.
        Ok(private.saturating_add(shared.max(files)))
    }

    fn stat(&self, pid: i32) -> Result<Option<Stat>, Errno> {
        let Read::Text(text) = self.read(pid, "stat")? else {
            return Ok(None);
        };
        let Some(mut stat) = Stat::parse(&text) else {
            return Ok(None);
        };
        if stat.threads > 1 && stat.is_without_memory {
            // Its first thread has ended; the memory is seen from another.
            stat.resident = self.resident_by_thread(pid)?;
        }
        Ok(Some(stat))
    }

    fn resident_by_thread(&self, pid: i32) -> Result<u64, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let list = match rustix::fs::openat(&self.proc, format!("{pid}/task"), flags, Mode::empty())
        {
            Ok(list) => list,
            Err(Errno::NOENT | Errno::SRCH) => return Ok(0),
            Err(errno) => return Err(errno),
        };
        for entry in Dir::new(list)? {
            let Ok(entry) = entry else { break };
            let Ok(tid) = entry.file_name().to_str() else {
                continue;
            };
            if tid.starts_with('.') {
                continue;
            }
            if let Read::Text(text) = self.read(pid, &format!("task/{tid}/stat"))?
                && let Some(stat) = Stat::parse(&text)
                && !stat.is_without_memory
            {
                return Ok(stat.resident);
            }
        }
        Ok(0)
    }

    fn written(&self, pid: i32) -> Result<Io, Errno> {
        match self.read(pid, "io")? {
            Read::Text(text) => Ok(Io::Bytes(number_after(&text, "write_bytes:"))),
            Read::Gone => Ok(Io::Gone),
            // The kernel gives what is ending to root; asked after the
            // refusal, so that it cannot have been something else before.
            Read::Refused => Ok(match self.stat(pid)? {
                Some(stat) if !stat.is_without_memory || stat.threads > 1 => Io::Hidden,
                _ => Io::Gone,
            }),
        }
    }

    fn read(&self, pid: i32, name: &str) -> Result<Read, Errno> {
        let path = format!("{pid}/{name}");
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let read = rustix::fs::openat(&self.proc, path, flags, Mode::empty())
            .and_then(|file| read_all(&file));
        match read {
            Ok(text) => Ok(Read::Text(text)),
            Err(Errno::NOENT | Errno::SRCH) => Ok(Read::Gone),
            Err(Errno::ACCESS | Errno::PERM) => Ok(Read::Refused),
            Err(errno) => Err(errno),
        }
    }
}

enum Read {
    Text(String),
    Gone,
    Refused,
}

enum Io {
    Bytes(u64),
    Gone,
    Hidden,
}

/// A whole file of `/proc`, which never asks for more than this.
fn read_all(file: &OwnedFd) -> Result<String, Errno> {
    let mut buffer = [0; 4096];
    let mut length = 0;
    while length < buffer.len() {
        match rustix::io::read(file, &mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// The fields of `/proc/PID/stat` that matter here.
#[derive(Clone, Copy, Debug)]
struct Stat {
    parent: i32,
    own_ticks: u64,
    waited_ticks: u64,
    threads: u64,
    start: u64,
    resident: u64,
    is_without_memory: bool,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name in parentheses may hold anything; the third field of the
        // manual's page is the first after it.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let pages = field(24)?;
        Some(Self {
            parent: i32::try_from(field(4)?).ok()?,
            own_ticks: field(14)?.saturating_add(field(15)?),
            waited_ticks: field(16)?.saturating_add(field(17)?),
            threads: field(20)?,
            start: field(22)?,
            resident: pages.saturating_mul(rustix::param::page_size() as u64),
            is_without_memory: field(23)? == 0,
        })
    }
}

/// Of `/proc/PID/smaps_rollup`: this process's own memory, and its part of
/// what it shares, without what is in files on disk.
fn proportional(text: &str) -> (u64, u64) {
    let of = |name| number_after(text, name).saturating_mul(1024);
    let own = of("Pss_Anon:").saturating_add(of("SwapPss:"));
    (own, of("Pss_Shmem:"))
}

fn number_after(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// What the machine counts in, as time.
fn time(ticks: u64) -> Duration {
    let in_a_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(ticks.saturating_mul(1_000) / in_a_second)
}

/// What lies in `/dev/shm` and in System V segments, which no process need
/// have mapped.
fn in_memory_files() -> u64 {
    let shm = rustix::fs::statfs("/dev/shm").map_or(0, |found| {
        let blocks = found.f_blocks.saturating_sub(found.f_bfree);
        blocks.saturating_mul(u64::try_from(found.f_bsize).unwrap_or(0))
    });
    let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let segments = segments.lines().skip(1).filter_map(|line| {
        // The column of what is in memory.
        line.split_ascii_whitespace().nth(14)?.parse::<u64>().ok()
    });
    shm.saturating_add(segments.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_pass_for_other_fields() {
        let text = "7 (a) R 1 9 (b) S 1 7 7 0 -1 4 1 2 3 4 50 6 70 8 20 0 3 0 99 4096 10 0";
        let stat = Stat::parse(text).expect("fields");
        assert_eq!((stat.own_ticks, stat.waited_ticks), (56, 78));
        assert_eq!((stat.parent, stat.threads, stat.start), (1, 3, 99));
        assert!(!stat.is_without_memory);
    }

    #[test]
    fn this_process_is_seen() {
        let mut here = Processes::here().expect("/proc");
        let wanted = Wanted {
            memory_over: Some(0),
            written: false,
        };
        let first = here.add_up(wanted).expect("usage");
        assert!(first.processes > 0 && first.memory > 0, "{first:?}");
        let second = here.add_up(wanted).expect("usage");
        assert!(second.processor_time >= first.processor_time);
    }
}
