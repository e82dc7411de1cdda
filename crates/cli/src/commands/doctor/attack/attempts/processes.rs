//! Other processes of the same user: seeing, signalling, reading, changing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use dam_policy::Property;
use rustix::process::{
    Pid, PidfdFlags, PidfdGetfdFlags, Resource, Rlimit, Signal, getppid, pidfd_getfd, pidfd_open,
    pidfd_send_signal, prlimit, setpriority_process,
};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::{Attempt, PAYLOAD, Taken, attempt, below, done, on_victim, read, write_new};
use crate::commands::doctor::attack::attacker::{self, Target};

pub const ATTEMPTS: &[Attempt] = &[
    on_victim("list", "see what runs on the host", |_| {
        every_process("cmdline")
    })
    .held_by(Property::HiddenProcesses),
    on_victim("signal", "signal a process", |t| {
        done(rustix::process::kill_process(victim(t)?, Signal::TERM))
    }),
    on_victim("stop", "stop a process", |t| {
        done(rustix::process::kill_process(victim(t)?, Signal::STOP))
    }),
    on_victim("signal-group", "signal a process group", |t| {
        let victim = victim(t)?;
        done(rustix::process::kill_process_group(victim, Signal::TERM))
    }),
    on_victim("signal-descriptor", "signal by a descriptor", |t| {
        let fd = pidfd_open(victim(t)?, PidfdFlags::empty())?;
        done(pidfd_send_signal(fd, Signal::TERM))
    }),
    on_victim("variables", "read a process's variables", |t| {
        read(proc(t, "environ")?)
    }),
    on_victim("memory-read", "read a process's memory", |t| {
        let mut text = vec![0; t.number("length")?];
        File::open(proc(t, "mem")?)?.read_exact_at(&mut text, t.number("memory")?)?;
        Ok(Taken::Text(text))
    }),
    on_victim("memory-write", "write a process's memory", |t| {
        let memory = File::options().write(true).open(proc(t, "mem")?)?;
        done(memory.write_all_at(PAYLOAD, t.number("memory")?))
    }),
    on_victim("open-file", "read a file that a process has open", |t| {
        read(proc(t, &format!("fd/{}", t.fact("open-file")?))?)
    }),
    on_victim("take-descriptor", "take a process's descriptor", |t| {
        let process = pidfd_open(victim(t)?, PidfdFlags::empty())?;
        let fd = pidfd_getfd(process, t.number("open-file")?, PidfdGetfdFlags::empty())?;
        let mut text = vec![0; 256];
        let length = File::from(fd).read_at(&mut text, 0)?;
        text.truncate(length);
        Ok(Taken::Text(text))
    }),
    on_victim("root", "write by way of a process's root", |t| {
        write_new(below(&proc(t, "root")?, &t.out("new")))
    }),
    on_victim("directory", "write by way of a process's directory", |t| {
        write_new(proc(t, "cwd/new")?)
    }),
    on_victim("limits", "lower a process's limits", |t| {
        let few = Rlimit {
            current: Some(16),
            maximum: Some(16),
        };
        prlimit(Some(victim(t)?), Resource::Nofile, few)?;
        Ok(Taken::Nothing)
    }),
    on_victim("priority", "slow a process down", |t| {
        done(setpriority_process(Some(victim(t)?), 19))
    }),
    on_victim("processors", "bind a process to one processor", |t| {
        let mut one = CpuSet::new();
        one.set(0);
        done(sched_setaffinity(Some(victim(t)?), &one))
    }),
    on_victim("memory-killer", "make a process the first to go", |t| {
        let path = proc(t, "oom_score_adj")?;
        done(File::options().write(true).open(path)?.write_all(b"900"))
    }),
    attempt("outlive", "leave a process behind", |t| {
        attacker::stay_behind(t)
    }),
    attempt("parent", "write by way of its parent's root", |t| {
        let parent = getppid().map_or(1, |pid| pid.as_raw_nonzero().get());
        write_new(below(&format!("/proc/{parent}/root"), &t.out("new")))
    }),
];

fn victim(t: &Target) -> io::Result<Pid> {
    Pid::from_raw(t.number("victim")?).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Something of the victim's under `/proc`.
fn proc(t: &Target, name: &str) -> io::Result<String> {
    Ok(format!("/proc/{}/{name}", t.fact("victim")?))
}

/// One file of every process that can be seen.
pub fn every_process(name: &str) -> io::Result<Taken> {
    let mut text = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let number = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        // Some go while they are looked at, some are others'.
        if number && let Ok(found) = fs::read(path.join(name)) {
            text.extend_from_slice(&found);
            text.push(b'\n');
        }
    }
    Ok(Taken::Text(text))
}
