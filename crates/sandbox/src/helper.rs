//! The helper process: puts up the boundary, starts the command in it, and then
//! is the broker at its door.
//!
//! Three processes make a box:
//! - the **helper** (this one), in the new mount and user namespaces and under
//!   the ceiling, but outside the pid namespace, so that nothing inside can see
//!   or signal it;
//! - the **init**, first process of the pid namespace, which does nothing but
//!   hold it: when it is killed, everything inside is;
//! - the **command**.
//!
//! Where there are no namespaces there is no init, and the helper is the one
//! to whom everything inside is left when its parent ends.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use dam_policy::{Access, Limits};
use landlock::ABI;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, WaitOptions};
use rustix::thread::CapabilitySet;

use crate::broker::{Broker, Door, Init, Road};
use crate::limits::{self, Leaf, Watch};
use crate::report::{Line, Order, Report, Stage};
use crate::road::lay;
use crate::sys::{self, Forked, SingleThread};
use crate::tier::Tier;
use crate::{ceiling, filter, lock_down, program, walls};

/// Why nothing was started.
pub(crate) struct Failure {
    pub stage: Stage,
    pub errno: Errno,
    pub detail: String,
}

impl Failure {
    pub(crate) fn new(stage: Stage, errno: Errno, detail: impl Into<String>) -> Self {
        Self {
            stage,
            errno,
            detail: detail.into(),
        }
    }
}

pub(crate) fn at<T>(stage: Stage, result: Result<T, Errno>) -> Result<T, Failure> {
    result.map_err(|errno| Failure::new(stage, errno, ""))
}

/// Runs the helper to its end.
pub(crate) fn run(line: &Line, proof: &SingleThread) -> ! {
    let code = match put_up(line, proof) {
        Ok((door, _held)) => Broker::new(door, line).serve(),
        Err(Failure {
            stage,
            errno,
            detail,
        }) => {
            let report = Report::Failed {
                stage,
                errno: errno.raw_os_error(),
                detail,
            };
            // What was begun ends with what it hung on. Nobody else would wait
            // for it: not every first process of a container does.
            while rustix::process::wait(WaitOptions::empty()).is_ok() {}
            // If nobody listens any more, nobody needs to know.
            let _ = line.send(&report, true);
            1
        }
    };
    std::process::exit(code)
}

/// Returns the door, and what says that a transaction is in use, to be held
/// for as long as anything inside runs.
fn put_up(line: &Line, proof: &SingleThread) -> Result<(Door, Option<OwnedFd>), Failure> {
    at(
        Stage::Order,
        sys::close_from(3, &[line.as_fd().as_raw_fd()]),
    )?;
    let (order, stdio, road) = read_order(line)?;
    let host_proc = at(Stage::Order, open_directory("/proc"))?;
    // The terminal's signals are for whoever started us, who passes them on.
    let _ = rustix::process::setsid();
    let abi = landlock(order.tier)?;
    limits::learn_units(&order.limits);
    let leaf = leaf(&order, proof)?;
    let held = match &order.transaction {
        Some(dirs) => Some(at(Stage::Order, dirs.hold())?),
        None => None,
    };
    let (writable, init) = if order.tier.has_walls() {
        enter_namespaces()?;
        if let Some(road) = &road {
            lay::lay(road).map_err(|(step, errno)| Failure::new(Stage::Network, errno, step))?;
        }
        let writable = walls::build(&order)
            .map_err(|error| Failure::new(Stage::Walls, error.errno, error.what))?;
        (writable, Some(start_init(&order.limits, proof)?))
    } else {
        at(Stage::Privileges, sys::adopt_orphans())?;
        (without_walls(&order)?, None)
    };
    // The old working directory still lies under the walls.
    at(Stage::Directory, rustix::process::chdir(&order.cwd))?;
    if let Some(abi) = abi {
        let grants = ceiling::Grants {
            files: &order.files,
            writable: &writable,
            host_proc: host_proc.as_fd(),
            streams: &stdio,
            tier: order.tier,
            connects: road.is_some(),
        };
        ceiling::restrict(abi, &grants)
            .map_err(|detail| Failure::new(Stage::Ceiling, Errno::OPNOTSUPP, detail))?;
    }
    if init.is_none() {
        verify_signals_stay_inside()?;
    }
    let keep = kept_by_the_broker(order.tier, road.is_some());
    at(Stage::Privileges, lock_down::give_up_privileges(keep))?;
    let (command, listener) = program::start(&order, &stdio, leaf.as_ref(), proof)?;
    drop(stdio);
    at(Stage::Privileges, limits::restrict_broker(&order.limits))?;
    let watch = at(Stage::Privileges, Watch::new(order.limits, leaf))?;
    let pidfd = at(
        Stage::Exec,
        rustix::process::pidfd_open(command, PidfdFlags::empty()),
    )?;
    let told = order.files.tells_of_refusals();
    let door = Door {
        listener,
        refusals: told.then(|| filter::Refusals::new(order.tier, order.network.is_some())),
        host_proc,
        files: order.files,
        layers: order.transaction.map_or_else(Vec::new, |dirs| {
            dirs.layers.into_iter().map(|layer| layer.root).collect()
        }),
        tier: order.tier,
        road: road
            .zip(order.network)
            .map(|(line, rules)| Road::new(line, *rules)),
        patience: order.patience,
        command,
        pidfd,
        init,
        watch,
    };
    Ok((door, held))
}

/// To look into the processes that it serves; with a road, to listen in the
/// box's own network where they want to go, at the ports below 1024, too.
fn kept_by_the_broker(tier: Tier, road: bool) -> CapabilitySet {
    match (tier.has_walls(), road) {
        (false, _) => CapabilitySet::empty(),
        (true, false) => CapabilitySet::SYS_PTRACE,
        (true, true) => CapabilitySet::SYS_PTRACE | CapabilitySet::NET_BIND_SERVICE,
    }
}

/// The places that are writable, where they cannot be mounted anew.
fn without_walls(order: &Order) -> Result<Vec<PathBuf>, Failure> {
    if order.transaction.is_some() {
        return Err(Failure::new(
            Stage::Walls,
            Errno::OPNOTSUPP,
            "without namespaces nothing can be held back in a transaction",
        ));
    }
    let roots = order.files.paths(Access::Write);
    Ok(roots
        // Of two rules on one path, the one that denies counts.
        .filter(|path| path.exists() && order.files.may_read(path))
        .map(Path::to_owned)
        .collect())
}

/// The version of Landlock to use; none where the tier does without.
fn landlock(tier: Tier) -> Result<Option<ABI>, Failure> {
    let missing = |why| Failure::new(Stage::Ceiling, Errno::OPNOTSUPP, why);
    let found = ceiling::version();
    match tier {
        Tier::NoLandlock | Tier::Seatbelt => Ok(None),
        Tier::Full => found
            .map(Some)
            .ok_or_else(|| missing("this kernel has no Landlock, or it is not enabled")),
        Tier::NoNamespaces => found
            .filter(|abi| *abi >= ceiling::SCOPES)
            .map(Some)
            .ok_or_else(|| {
                missing("without namespaces it takes Landlock 6, which came with Linux 6.12")
            }),
    }
}

/// The control group. Without a pid namespace nothing knows which processes
/// the watch would have to add up.
fn leaf(order: &Order, proof: &SingleThread) -> Result<Option<Leaf>, Failure> {
    if order.tier.has_walls() {
        return Ok(Leaf::new(&order.limits, proof));
    }
    let limits = &order.limits;
    let added_up = [
        limits.memory,
        limits.processes,
        limits.cpu_time,
        limits.written,
    ];
    if added_up.iter().any(Option::is_some) {
        return Err(Failure::new(
            Stage::Privileges,
            Errno::OPNOTSUPP,
            "without namespaces only wall-time, open-files and file-size can be limited",
        ));
    }
    Ok(None)
}

/// Ending the box is one signal to everybody: it must reach nobody outside.
fn verify_signals_stay_inside() -> Result<(), Failure> {
    let parent = rustix::process::getppid().ok_or_else(|| {
        Failure::new(Stage::Ceiling, Errno::SRCH, "whoever started this has gone")
    })?;
    match rustix::process::test_kill_process(parent) {
        Err(Errno::PERM) => Ok(()),
        _ => Err(Failure::new(
            Stage::Ceiling,
            Errno::PERM,
            "signals do not stay inside",
        )),
    }
}

/// The order, the three standard streams, and the inner end of the road.
fn read_order(line: &Line) -> Result<(Order, Vec<OwnedFd>, Option<Line>), Failure> {
    let received = at(Stage::Order, line.receive_with::<()>())?;
    let ((), mut fds) =
        received.ok_or_else(|| Failure::new(Stage::Order, Errno::PIPE, "no order came"))?;
    let missing = || Failure::new(Stage::Order, Errno::BADF, "descriptors are missing");
    if fds.len() < 4 {
        return Err(missing());
    }
    let mut file = File::from(fds.remove(0));
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    let order = read.ok().and_then(|_| serde_json::from_slice(&bytes).ok());
    let order: Order = order
        .ok_or_else(|| Failure::new(Stage::Order, Errno::BADMSG, "the order cannot be read"))?;
    let way_out = fds.drain(3..).map(Line::new).next();
    if way_out.is_some() != order.network.is_some() {
        return Err(missing());
    }
    Ok((order, fds, way_out))
}

fn enter_namespaces() -> Result<(), Failure> {
    let identity = Identity::own();
    at(Stage::Namespaces, sys::unshare_all())?;
    identity
        .keep()
        .map_err(|(errno, file)| Failure::new(Stage::Namespaces, errno, file))?;
    at(Stage::Namespaces, sys::bring_up_loopback())
}

/// Who this process is, to be told to a new user namespace.
pub(crate) struct Identity {
    uid: u32,
    gid: u32,
}

impl Identity {
    /// Asked before the namespace is entered.
    pub(crate) fn own() -> Self {
        Self {
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
        }
    }

    /// Maps it to itself; nobody else exists in the namespace.
    pub(crate) fn keep(&self) -> Result<(), (Errno, &'static str)> {
        let Self { uid, gid } = self;
        for (file, text) in [
            ("/proc/self/setgroups", "deny".to_owned()),
            ("/proc/self/uid_map", format!("{uid} {uid} 1")),
            ("/proc/self/gid_map", format!("{gid} {gid} 1")),
        ] {
            std::fs::write(file, text)
                .map_err(|error| (Errno::from_io_error(&error).unwrap_or(Errno::IO), file))?;
        }
        Ok(())
    }
}

/// Starts the first process of the pid namespace and waits until it has
/// mounted `/proc`.
fn start_init(limits: &Limits, proof: &SingleThread) -> Result<Init, Failure> {
    let (mut ours, theirs) = pipe()?;
    match at(Stage::Namespaces, sys::fork(proof))? {
        Forked::Child => {
            drop(ours);
            be_init(limits, theirs)
        }
        Forked::Parent(pid) => {
            drop(theirs);
            let mut answer = [0; 200];
            let read = ours.read(&mut answer).unwrap_or(0);
            match &answer[..read] {
                b"ready" => Ok(Init {
                    pid,
                    lifeline: ours,
                }),
                other => {
                    let other = String::from_utf8_lossy(other);
                    Err(Failure::new(Stage::Walls, Errno::PERM, other))
                }
            }
        }
    }
}

fn be_init(limits: &Limits, mut parent: UnixStream) -> ! {
    let ready = (|| -> Result<(), String> {
        let text = |errno: Errno| errno.to_string();
        limits::cap_processes(limits);
        walls::mount_proc(rustix::process::getuid().is_root())
            .map_err(|error| format!("{}: {}", error.what, error.errno))?;
        lock_down::give_up_for_good().map_err(text)?;
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
            .map_err(text)?;
        if *limits == Limits::default() {
            sys::reap_automatically();
        } else {
            sys::reap_as_they_end();
        }
        sys::close_from(0, &[parent.as_raw_fd()]).map_err(text)?;
        sys::install_filter(&filter::idle_filter()).map_err(text)
    })();
    let answer = ready.as_ref().err().map_or("ready", String::as_str);
    let told = parent.write_all(answer.as_bytes());
    if told.is_ok() && ready.is_ok() {
        // Nothing ever comes but the end: of the broker, or by its wish.
        while parent.read(&mut [0]).is_ok_and(|read| read > 0) {}
    }
    std::process::exit(1)
}

fn pipe() -> Result<(UnixStream, UnixStream), Failure> {
    UnixStream::pair().map_err(|error| {
        Failure::new(
            Stage::Walls,
            Errno::from_io_error(&error).unwrap_or(Errno::IO),
            "a socket pair",
        )
    })
}

fn open_directory(path: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(
        CWD,
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}
