//! Watching a trusted command, to learn what a profile would have to grant.
//!
//! There is no boundary here. A filter has every call told that a profile
//! could say something about, and each goes on as it was: what is read of the
//! caller's memory only has to be right for a command that means well. Needs
//! no rights, only *no new privileges*.

mod act;
mod start;
mod watched;

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::Pid;

use crate::Status;
use crate::command::Launch;
use crate::error::{SandboxError, system};
use crate::launch::FORWARDED;
use crate::sys::{self, Notifier, Signals};
pub use act::{Act, Change, What};
use watched::Watched;

/// What a command did.
#[derive(Debug)]
pub struct Lesson {
    /// How it ended.
    pub status: Status,
    /// What it did, each thing once, in the order of the first time.
    pub acts: Vec<Act>,
    /// How many more things it did than are kept.
    pub dropped: u64,
}

/// How many different things are kept.
const MOST: usize = 200_000;

impl Launch {
    /// Runs the command with no boundary and all its variables, and watches
    /// it, and what it starts, until the last of them has ended. Signals are
    /// passed on. For programs with one thread.
    pub fn watch(self) -> Result<Lesson, SandboxError> {
        let signals = sys::block_signals(FORWARDED).map_err(system("taking over signals"))?;
        let (command, listener) = start::start(self)?;
        let mut watcher = Watcher {
            notifier: Notifier::new(listener),
            command,
            acts: Vec::new(),
            seen: HashMap::new(),
            dropped: 0,
        };
        let status = watcher
            .follow(&signals)
            .map_err(system("watching the command"))?;
        Ok(Lesson {
            status,
            acts: watcher.acts,
            dropped: watcher.dropped,
        })
    }
}

struct Watcher {
    notifier: Notifier,
    command: Pid,
    acts: Vec<Act>,
    /// Where each is in the list.
    seen: HashMap<What, usize>,
    dropped: u64,
}

impl Watcher {
    /// Until the command has ended and nothing that it started is left, or
    /// somebody is tired of waiting for the rest.
    fn follow(&mut self, signals: &Signals) -> Result<Status, Errno> {
        let pidfd: OwnedFd =
            rustix::process::pidfd_open(self.command, rustix::process::PidfdFlags::empty())?;
        let mut ended = None;
        loop {
            let mut fds = vec![
                PollFd::new(&self.notifier, PollFlags::IN),
                PollFd::new(signals, PollFlags::IN),
            ];
            if ended.is_none() {
                fds.push(PollFd::new(&pidfd, PollFlags::IN));
            }
            match rustix::event::poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
            let happened: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
            while let Some(signal) = signals.next() {
                self.pass_on(signal);
                if let Some(status) = ended {
                    return Ok(status);
                }
            }
            if happened[0].contains(PollFlags::IN) {
                self.receive()?;
            } else if let (true, Some(status)) = (happened[0].contains(PollFlags::HUP), ended) {
                return Ok(status);
            }
            if happened.get(2).is_some_and(|ended| !ended.is_empty()) {
                ended = Some(sys::wait_for(self.command)?);
            }
        }
    }

    fn pass_on(&self, signal: i32) {
        if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
            // A group that is gone needs no signal.
            let _ = rustix::process::kill_process_group(self.command, signal);
        }
    }

    fn receive(&mut self) -> Result<(), Errno> {
        let Some(call) = self.notifier.receive()? else {
            return Ok(());
        };
        let watched = Watched::new(&call);
        for what in act::acts(&watched) {
            self.keep(what, &watched);
        }
        self.notifier.let_go_on(call.id)
    }

    fn keep(&mut self, what: What, watched: &Watched<'_>) {
        if let Some(at) = self.seen.get(&what) {
            self.acts[*at].times += 1;
        } else if self.acts.len() < MOST {
            self.seen.insert(what.clone(), self.acts.len());
            self.acts.push(Act {
                what,
                call: act::name_of(watched.call.number),
                process: watched.command_line(),
                pid: watched.call.tid,
                times: 1,
            });
        } else {
            self.dropped += 1;
        }
    }
}
