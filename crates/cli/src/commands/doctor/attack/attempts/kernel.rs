//! Interfaces of the kernel that no build needs. Each is only opened, never
//! read or written; that it could be opened is seen from outside.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use super::{Attempt, Taken, attempt, hold};

pub const ATTEMPTS: &[Attempt] = &[
    attempt("core-pattern", "set the program for core dumps", |_| {
        write("/proc/sys/kernel/core_pattern")
    }),
    attempt("modprobe", "set the program that loads modules", |_| {
        write("/proc/sys/kernel/modprobe")
    }),
    attempt("forwarding", "let the machine forward packets", |_| {
        write("/proc/sys/net/ipv4/ip_forward")
    }),
    attempt("sysrq", "press the magic key", |_| {
        write("/proc/sysrq-trigger")
    }),
    attempt("log-read", "read the kernel's log", |_| look("/dev/kmsg")),
    attempt("log-write", "write the kernel's log", |_| {
        write("/dev/kmsg")
    }),
    attempt("core-read", "read the kernel's memory", |_| {
        look("/proc/kcore")
    }),
    attempt("memory-device", "read the machine's memory", |_| {
        look("/dev/mem")
    }),
    attempt(
        "disk",
        "read a disk past its file system",
        |_| look(disk()?),
    ),
    attempt("virtual-machines", "make virtual machines", |_| {
        write("/dev/kvm")
    }),
    attempt("tunnels", "make network interfaces", |_| {
        write("/dev/net/tun")
    }),
    attempt("own-file-systems", "serve file systems", |_| {
        write("/dev/fuse")
    }),
    attempt("loop-devices", "make disks of files", |_| {
        write("/dev/loop-control")
    }),
    attempt("tracing", "trace the kernel", |_| {
        write("/sys/kernel/tracing/tracing_on")
    }),
    attempt("hot-plug", "set the program for new devices", |_| {
        write("/sys/kernel/uevent_helper")
    }),
    attempt("control-groups", "leave its control group", |_| {
        write("/sys/fs/cgroup/cgroup.procs")
    }),
    attempt("suspend", "put the machine to sleep", |_| {
        write("/sys/power/state")
    }),
    attempt("console", "write to the machine's console", |_| {
        write("/dev/console")
    }),
];

fn write(path: &str) -> io::Result<Taken> {
    hold(File::options().write(true), path)
}

fn look(path: impl Into<PathBuf>) -> io::Result<Taken> {
    hold(File::options().read(true), path.into())
}

/// The first disk that there is: not one that waits for a medium.
fn disk() -> io::Result<PathBuf> {
    let mut names: Vec<_> = fs::read_dir("/sys/class/block")?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            ["sd", "vd", "nvme", "xvd"]
                .iter()
                .any(|kind| name.starts_with(kind))
        })
        .collect();
    names.sort();
    let name = names.first().ok_or(io::ErrorKind::NotFound)?;
    Ok(PathBuf::from("/dev").join(name))
}
