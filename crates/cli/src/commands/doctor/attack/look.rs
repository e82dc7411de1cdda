//! What the kernel says of other processes: which are there, what they have
//! open, and in which namespaces they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, Signal};

/// Descriptors that every program has.
const HARMLESS: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// The kinds of sockets that an attempt may have open: what else there is,
/// is seen by being none of these.
const ORDINARY_SOCKETS: &[&str] = &["unix", "tcp", "tcp6", "udp", "udp6"];

/// Processes whose command line names the scene, but not this one.
pub fn processes_naming(scene: &Path) -> Vec<i32> {
    let name = scene.as_os_str().as_encoded_bytes();
    let me = std::process::id().cast_signed();
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != me)
        .filter(|pid| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.split(|byte| *byte == 0).any(|word| word == name)
        })
        .collect()
}

/// Ends a process that one of ours has started.
pub fn end(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _gone = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// What a process sees of the machine: its root, namespaces and mounts.
pub type View = BTreeMap<String, String>;

/// The view of a process. An error says that nothing can be seen of it.
pub fn view(pid: i32) -> io::Result<View> {
    let link = |name: &str| {
        let target = fs::read_link(format!("/proc/{pid}/{name}"))?;
        Ok::<_, io::Error>(target.display().to_string())
    };
    let mut view = View::new();
    view.insert("root".to_owned(), link("root")?);
    for entry in fs::read_dir(format!("/proc/{pid}/ns"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        view.insert(format!("{name} namespace"), link(&format!("ns/{name}"))?);
    }
    let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo"))?;
    view.insert("mounts".to_owned(), mounts);
    Ok(view)
}

/// What is different, in words.
pub fn moved(before: &View, after: &View) -> Vec<String> {
    after
        .iter()
        .filter(|(name, now)| before.get(*name) != Some(*now))
        .map(|(name, _)| format!("it has another {name}"))
        .collect()
}

/// What a process has open that leads to the machine: devices, interfaces of
/// the kernel, unusual sockets.
pub fn open(pid: i32) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let Ok(target) = fs::read_link(entry?.path()) else {
            // It was closed meanwhile.
            continue;
        };
        let name = target.to_string_lossy().into_owned();
        let inode = name
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'));
        let telling = match inode {
            Some(inode) => !ordinary_sockets(pid).contains(inode),
            None => leads_out(&target) || name.contains("[fscontext]"),
        };
        if telling {
            found.push(format!("it has {name} open"));
        }
    }
    Ok(found)
}

fn leads_out(target: &Path) -> bool {
    let harmless = HARMLESS.iter().any(|path| target.starts_with(path));
    let of_a_process = target.strip_prefix("/proc").is_ok_and(|below| {
        let first = below.iter().next().unwrap_or_default();
        first.as_encoded_bytes().iter().all(u8::is_ascii_digit)
    });
    let interface = ["/dev", "/sys", "/proc"]
        .iter()
        .any(|place| target.starts_with(place));
    interface && !harmless && !of_a_process
}

/// The inodes of a process's sockets of the ordinary kinds, as its network
/// namespace lists them.
fn ordinary_sockets(pid: i32) -> BTreeSet<String> {
    let mut inodes = BTreeSet::new();
    for kind in ORDINARY_SOCKETS {
        // Where a kind is not built in, it has no file.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{kind}")).unwrap_or_default();
        let column = if *kind == "unix" { 6 } else { 9 };
        let of_line = |line: &str| line.split_whitespace().nth(column).map(str::to_owned);
        inodes.extend(text.lines().skip(1).filter_map(of_line));
    }
    inodes
}
