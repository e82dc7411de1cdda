//! Limits: what a box may use up, and who holds it to that.
//!
//! | limit | held by |
//! |---|---|
//! | memory | the box's control group, else the watch |
//! | processes | the control group, else `RLIMIT_NPROC`, which does not bind root, the pid namespace's `pid_max` (Linux 6.14) and the watch |
//! | CPU time | the watch, which reads the control group where there is one; `RLIMIT_CPU` for each process |
//! | wall time | a timer of the watch |
//! | open files, file size | `RLIMIT_NOFILE` and `RLIMIT_FSIZE` |
//! | written | the watch |
//!
//! The **watch** ([`Watch`]) is a part of the broker's loop: several times a
//! second it adds up what the processes of the box use. A kernel's hard limit
//! on processes lies a little above the granted number, so that the watch can
//! see that more was wanted, end the box and say why.

mod cgroup;
mod usage;
mod watch;

use dam_policy::{Limit, Limits};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit};

pub(crate) use cgroup::Leaf;
pub(crate) use watch::Watch;

use crate::{LimitHit, Status, sys, walls};

/// What would hold each limit of a box that is put up now.
pub fn limits_held_by() -> Vec<(Limit, &'static str)> {
    let (memory, processes, cpu) = Leaf::would_hold();
    Limit::ALL
        .into_iter()
        .map(|limit| (limit, held_by(limit, memory, processes, cpu)))
        .collect()
}

fn held_by(limit: Limit, memory: bool, processes: bool, cpu: bool) -> &'static str {
    match limit {
        Limit::Memory if memory => "cgroup",
        Limit::CpuTime if cpu => "watch over a cgroup",
        Limit::Processes if processes => "cgroup",
        Limit::Processes if rustix::process::getuid().is_root() => "watch",
        Limit::Processes => "rlimit and watch",
        Limit::Memory | Limit::CpuTime | Limit::Written => "watch",
        Limit::WallTime => "timer",
        Limit::OpenFiles | Limit::FileSize => "rlimit",
    }
}

/// Learns in what units this machine counts. Asked while `/proc` still tells of
/// this process, where older kernels say it (before Linux 6.4).
pub(crate) fn learn_units(limits: &Limits) {
    if *limits != Limits::default() {
        rustix::param::page_size();
        rustix::param::clock_ticks_per_second();
    }
}

/// How many processes of ours count as the box's user's in its namespace: the
/// helper and the init.
const OURS: u64 = 2;

/// Sets the limits that the kernel keeps for each process. For the command,
/// last before its program is executed.
pub(crate) fn restrict_command(limits: &Limits) -> Result<(), Errno> {
    // One above what is granted, which the watch takes as the sign to end.
    let processes = limits.processes.map(|most| most.saturating_add(OURS + 1));
    // Later than the watch, which can say what happened.
    let cpu_time = limits.cpu_time.map(|most| most.saturating_add(1));
    lower(Resource::Nproc, processes)?;
    lower(Resource::Cpu, cpu_time)?;
    lower(Resource::Fsize, limits.file_size)?;
    lower(Resource::Nofile, limits.open_files)
}

/// The broker makes files longer on the command's behalf: within the same
/// limit, and with an error instead of a signal that would end it.
pub(crate) fn restrict_broker(limits: &Limits) -> Result<(), Errno> {
    if limits.file_size.is_some() {
        sys::ignore_file_size_signal();
    }
    lower(Resource::Fsize, limits.file_size)
}

fn lower(resource: Resource, value: Option<u64>) -> Result<(), Errno> {
    let Some(value) = value else { return Ok(()) };
    let now = rustix::process::getrlimit(resource);
    let least = |now: Option<u64>| Some(now.map_or(value, |now| now.min(value)));
    let limit = Rlimit {
        current: least(now.current),
        maximum: least(now.maximum),
    };
    rustix::process::setrlimit(resource, limit)
}

/// The first numbers of a pid namespace are not given again, so that this many
/// more are needed than processes are granted; the init's own is among them.
const RESERVED: u64 = 302;

/// Lets this pid namespace have no more numbers than `limits` needs, where the
/// kernel keeps a maximum for each (Linux 6.14). Asked of the init, before it
/// gives up its capabilities.
pub(crate) fn cap_processes(limits: &Limits) {
    let Some(most) = limits.processes.filter(|_| pid_max_is_ours()) else {
        return;
    };
    let Ok(proc) = walls::new_proc() else { return };
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(proc, "sys/kernel/pid_max", flags, Mode::empty());
    if let Ok(file) = file {
        // More than the machine has is refused: nothing to hold, then.
        let most = most.saturating_add(RESERVED).to_string();
        let _ = rustix::io::write(file, most.as_bytes());
    }
}

/// In an older kernel it is the machine's, and root may change it.
fn pid_max_is_ours() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 14),
        _ => false,
    }
}

/// The limit that a command was ended by, where its status tells.
fn hit_by_status(limits: &Limits, status: Status) -> Option<LimitHit> {
    let value = limits.file_size?;
    // A shell passes its child's end on as an exit code.
    let too_large = status.code() == 128 + libc::SIGXFSZ;
    too_large.then_some(LimitHit {
        limit: Limit::FileSize,
        value,
        hidden: false,
    })
}
