//! Refusals that somebody is asked about first. The call waits at the door, as
//! others do, and holds it for nobody; without an answer it is refused.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use dam_policy::FileRules;
use rustix::event::Timespec;
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::acts::{PLAIN, Visit};
use super::place::Place;
use super::{Broker, Refusal, identity};
use crate::Denial;
use crate::grant::{Asked, Bound, Opening};
use crate::report::Report;

/// How many questions may be open at once; more are refused.
const MOST: usize = 64;

/// How often it is seen whether somebody still waits.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// The questions that are open.
pub(super) struct Questions {
    /// How long each waits; `None` if nobody is asked.
    patience: Option<Duration>,
    open: Vec<Question>,
    asked: u64,
}

struct Question {
    id: u64,
    /// The call that waits.
    call: u64,
    cloexec: bool,
    /// What a no comes to.
    errno: Errno,
    denial: Denial,
    until: Instant,
}

impl Questions {
    pub(super) const fn new(patience: Option<Duration>) -> Self {
        Self {
            patience,
            open: Vec::new(),
            asked: 0,
        }
    }

    /// How long the broker may sleep.
    pub(super) fn look_again(&self) -> Option<&'static Timespec> {
        (!self.open.is_empty()).then_some(&LOOK)
    }
}

impl Broker<'_> {
    /// Asks whether a refused file may be opened after all. Gives the refusal
    /// back if nobody is asked.
    pub(super) fn ask(
        &mut self,
        call: u64,
        errno: Errno,
        denial: Denial,
        opening: Opening,
    ) -> Option<Denial> {
        let questions = &mut self.questions;
        let Some(patience) = questions.patience.filter(|_| questions.open.len() < MOST) else {
            return Some(denial);
        };
        let id = questions.asked;
        let cloexec = OFlags::from_bits_retain(opening.flags).contains(OFlags::CLOEXEC);
        let asked = Asked { denial, opening };
        let report = Report::Asked {
            id,
            asked: Box::new(asked.clone()),
        };
        // Never waits: a reader that is slow must not hold the door.
        if self.line.send(&report, false).is_err() {
            return Some(asked.denial);
        }
        questions.asked += 1;
        questions.open.push(Question {
            id,
            call,
            cloexec,
            errno,
            denial: asked.denial,
            until: Instant::now() + patience,
        });
        None
    }

    /// Answers the call that a question was about: with the file, or with the
    /// refusal. `but` says why a granted file is not to be had.
    pub(super) fn settle(
        &mut self,
        id: u64,
        file: Option<OwnedFd>,
        but: Option<String>,
    ) -> Result<(), Errno> {
        let open = &mut self.questions.open;
        let Some(at) = open.iter().position(|question| question.id == id) else {
            // It was given up meanwhile.
            return Ok(());
        };
        let question = open.remove(at);
        match file {
            None => self.decline(question, but),
            Some(file) => self.notifier.inject(question.call, file, question.cloexec),
        }
    }

    /// Refuses what has waited long enough, and forgets what nobody waits for.
    pub(super) fn give_up_questions(&mut self) -> Result<(), Errno> {
        let now = Instant::now();
        for question in std::mem::take(&mut self.questions.open) {
            let gone = !self.notifier.still_waits(question.call);
            if !gone && now < question.until {
                self.questions.open.push(question);
                continue;
            }
            // A reader that does not hear it is told when it answers.
            let _ = self
                .line
                .send(&Report::Withdrawn { id: question.id }, false);
            if !gone {
                self.decline(question, Some("nobody answered in time".to_owned()))?;
            }
        }
        Ok(())
    }

    fn decline(&mut self, question: Question, but: Option<String>) -> Result<(), Errno> {
        let mut denial = question.denial;
        if let Some(but) = but {
            denial.reason = format!("{}; {but}", denial.reason);
        }
        self.tell(denial);
        self.notifier.answer(question.call, Err(question.errno))
    }
}

impl Visit<'_> {
    /// A refusal to open a file, with what there is to be asked about it. Only
    /// an ordinary file with one name, or a new one, can be granted.
    pub(super) fn askable(
        &self,
        refusal: Refusal,
        place: &Place,
        found: Option<&Stat>,
        flags: OFlags,
        mode: u32,
    ) -> Refusal {
        let Refusal::Rule(mut refused) = refusal else {
            return refusal;
        };
        let grantable = found.is_none_or(|stat| {
            FileType::from_raw_mode(stat.st_mode).is_file() && stat.st_nlink <= 1
        });
        if grantable && !place.must_be_directory {
            refused.opening = self.opening(place, found, flags, mode).ok();
        }
        Refusal::Rule(refused)
    }

    fn opening(
        &self,
        place: &Place,
        found: Option<&Stat>,
        flags: OFlags,
        mode: u32,
    ) -> Result<Opening, Errno> {
        let umask = self.caller.standing()?.umask;
        let parent = identity(&rustix::fs::fstat(&place.parent)?);
        let bound = Bound {
            parent,
            object: found.map(identity),
        };
        Ok(Opening {
            flags: flags.bits(),
            mode: Mode::from_raw_mode(mode & PLAIN).difference(umask).bits(),
            bound: (!covered(self.files, place)).then_some(bound),
        })
    }
}

/// Whether an empty cover lies over this place: what is there cannot be known
/// from inside.
fn covered(files: &FileRules, place: &Place) -> bool {
    !files.read(&place.path()).granted
}
