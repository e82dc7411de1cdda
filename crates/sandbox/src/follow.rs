//! Following a boxed command: what it is refused is told, what may be asked is
//! asked, and meanwhile nothing that the helper says gets lost.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use crate::command::Asking;
use crate::error::{SandboxError, system};
use crate::grant::{Asked, Granter};
use crate::report::{Line, Report, Request};
use crate::running::wait_readable;
use crate::sys::Signals;
use crate::{Denial, Outcome};

/// How many refusals are kept for one command.
const MOST_DENIALS: usize = 1_000;

/// Who follows a command while it runs.
pub trait Follower {
    /// The boundary has refused something.
    fn denied(&mut self, denial: &Denial);

    /// It would refuse this. Whether it is granted, for this one file and this
    /// one time. Whoever waits for an answer does so with `meanwhile`.
    fn asked(&mut self, asked: &Asked, meanwhile: &mut Meanwhile<'_>) -> bool;
}

/// A follower that has no answers.
pub(crate) struct Telling<'a>(pub &'a mut dyn FnMut(&Denial));

impl Follower for Telling<'_> {
    fn denied(&mut self, denial: &Denial) {
        (self.0)(denial);
    }

    fn asked(&mut self, _asked: &Asked, _meanwhile: &mut Meanwhile<'_>) -> bool {
        false
    }
}

/// What it takes to answer questions.
#[derive(Debug)]
pub(crate) struct Answering {
    granter: Granter,
    pause: bool,
}

impl Answering {
    pub(crate) fn new(asking: &Asking) -> Result<Self, SandboxError> {
        Ok(Self {
            granter: Granter::new(&asking.never)?,
            pause: asking.pause,
        })
    }
}

/// Follows a command to its end.
pub(crate) fn follow(
    line: &Line,
    signals: Option<&Signals>,
    answering: Option<&Answering>,
    follower: &mut dyn Follower,
) -> Result<Outcome, SandboxError> {
    let mut denials = Vec::new();
    let mut dropped = 0;
    let mut heard = Heard {
        line,
        signals,
        backlog: VecDeque::new(),
    };
    loop {
        match heard.next()? {
            Some(Report::Denied(denial)) => {
                follower.denied(&denial);
                if denials.len() < MOST_DENIALS {
                    denials.push(denial);
                } else {
                    dropped += 1;
                }
            }
            Some(Report::Asked { id, asked }) => {
                heard.answer(id, &asked, answering, follower);
            }
            Some(Report::Ended {
                status,
                unreported,
                limit,
            }) => {
                return Ok(Outcome {
                    status,
                    denials,
                    unreported: unreported + dropped,
                    limit,
                });
            }
            Some(Report::Withdrawn { .. } | Report::Started | Report::Failed { .. }) => {}
            None => return Err(SandboxError::Lost),
        }
    }
}

/// The conversation, with what was heard while something else was waited for.
struct Heard<'a> {
    line: &'a Line,
    signals: Option<&'a Signals>,
    backlog: VecDeque<Report>,
}

impl Heard<'_> {
    fn next(&mut self) -> Result<Option<Report>, SandboxError> {
        if let Some(report) = self.backlog.pop_front() {
            return Ok(Some(report));
        }
        wait_readable(self.line.as_fd(), self.signals, |signal| {
            let _ = self.line.send(&Request::Signal(signal), false);
        })?;
        self.line
            .receive::<Report>()
            .map_err(system("hearing from the helper"))
    }

    fn answer(
        &mut self,
        id: u64,
        asked: &Asked,
        answering: Option<&Answering>,
        follower: &mut dyn Follower,
    ) {
        let moot =
            |report: &Report| matches!(report, Report::Withdrawn { id: gone } if *gone == id);
        if self.backlog.iter().any(moot) {
            return;
        }
        let (file, but) = match answering {
            Some(answering) => self.find_answer(id, asked, answering, follower),
            None => (None, None),
        };
        let settled = Request::Settled {
            id,
            granted: file.is_some(),
            but,
        };
        let fds: Vec<_> = file.iter().map(OwnedFd::as_fd).collect();
        // A helper that is gone needs no answer; that it is gone is heard next.
        let _ = self.line.send_with(&settled, &fds, true);
    }

    /// The open file, or why what was granted is not to be had.
    fn find_answer(
        &mut self,
        id: u64,
        asked: &Asked,
        answering: &Answering,
        follower: &mut dyn Follower,
    ) -> (Option<OwnedFd>, Option<String>) {
        let bound = match answering.granter.look(asked) {
            Ok(bound) => bound,
            Err(reason) => return (None, Some(reason.to_string())),
        };
        let pause = Pause::begin(self.line, answering.pause);
        let mut meanwhile = Meanwhile {
            id,
            line: self.line,
            signals: self.signals,
            backlog: &mut self.backlog,
        };
        let granted = follower.asked(asked, &mut meanwhile);
        drop(pause);
        if !granted {
            return (None, None);
        }
        match answering.granter.open(asked, bound) {
            Ok(file) => (Some(file), None),
            Err(reason) => (None, Some(reason.to_string())),
        }
    }
}

/// The command's process group is stopped as long as this lives.
struct Pause<'a>(&'a Line);

impl<'a> Pause<'a> {
    fn begin(line: &'a Line, wanted: bool) -> Option<Self> {
        let stop = Request::Signal(libc::SIGSTOP);
        (wanted && line.send(&stop, false).is_ok()).then_some(Self(line))
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        // Whoever does not hear it has ended.
        let _ = self.0.send(&Request::Signal(libc::SIGCONT), true);
    }
}

/// The time between a question and its answer.
pub struct Meanwhile<'a> {
    id: u64,
    line: &'a Line,
    signals: Option<&'a Signals>,
    backlog: &'a mut VecDeque<Report>,
}

impl Meanwhile<'_> {
    /// Waits until there is something to read. False: nobody waits for the
    /// answer any more, or a signal came that ends the question; the command
    /// is given the signal.
    pub fn wait_readable(&mut self, answer: BorrowedFd<'_>) -> bool {
        self.wait(answer).unwrap_or(false)
    }

    fn wait(&mut self, answer: BorrowedFd<'_>) -> Result<bool, Errno> {
        loop {
            let mut fds = vec![
                PollFd::from_borrowed_fd(answer, PollFlags::IN),
                PollFd::new(self.line, PollFlags::IN),
            ];
            let signals = self.signals.iter();
            fds.extend(signals.map(|signals| PollFd::new(*signals, PollFlags::IN)));
            match rustix::event::poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
            let happened: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            if happened.get(2) == Some(&true) && self.interrupted() {
                return Ok(false);
            }
            if happened[1] && !self.hear()? {
                return Ok(false);
            }
            if happened[0] {
                return Ok(true);
            }
        }
    }

    /// Keeps what the helper says for later. False: the question is over.
    fn hear(&mut self) -> Result<bool, Errno> {
        match self.line.receive::<Report>()? {
            Some(Report::Withdrawn { id }) if id == self.id => Ok(false),
            Some(report) => {
                let ended = matches!(report, Report::Ended { .. });
                self.backlog.push_back(report);
                Ok(!ended)
            }
            None => Ok(false),
        }
    }

    /// Passes on the signals that came. Whether one of them is a wish to stop.
    fn interrupted(&self) -> bool {
        let mut stop = false;
        while let Some(signal) = self.signals.and_then(Signals::next) {
            stop |= STOP.contains(&signal);
            let _ = self.line.send(&Request::Signal(signal), false);
        }
        stop
    }
}

/// The signals with which a person ends things.
const STOP: &[i32] = &[libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
