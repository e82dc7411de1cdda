//! The doorman: answers the calls that a boxed process may not make itself.
//!
//! For each call it reads what is asked, resolves it in the box's own view,
//! asks the profile, and then **performs the call itself**. It never looks at
//! the caller's memory and then lets the caller go on, because the memory may
//! have changed in between. It lives in the same mounts and under the same
//! ceiling as what it serves, so that a mistake of its own opens nothing.
//!
//! It is one thread on purpose: between looking and doing, nothing that goes
//! through this door can have changed.

mod acts;
mod asking;
mod attributes;
mod caller;
mod host_sockets;
mod links;
mod open;
mod place;
mod reading;
mod replace;
mod repository;
mod road;
mod sockets;
mod waiting;
mod worktrees;

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use dam_policy::FileRules;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use crate::LimitHit;
use crate::filter::{Refusals, RefusedCall};
use crate::grant::{Identity, Opening};
use crate::limits::Watch;
use crate::report::{Line, Report, Request};
use crate::sys::{self, Notification, Notifier};
use crate::tier::Tier;
use crate::{Denial, Status};
pub(crate) use acts::name_of;
use asking::Questions;
use caller::{Caller, Memo};
use reading::Hidden;
pub(crate) use road::Road;
use waiting::{AGAIN, Waiting, WaitsFor};

/// What a running box consists of.
pub(crate) struct Door {
    /// The listener of the command's filter.
    pub listener: OwnedFd,
    /// What the static part of the filter refuses, where that is told.
    pub refusals: Option<Refusals>,
    /// `/proc` of the pid namespace in which the broker lives.
    pub host_proc: OwnedFd,
    /// What is granted.
    pub files: FileRules,
    /// Places whose writes are held back in a layer.
    pub layers: Vec<PathBuf>,
    /// The command.
    pub command: Pid,
    /// The command, to wait for.
    pub pidfd: OwnedFd,
    /// What else holds the box.
    pub tier: Tier,
    /// The way to the network, where there is one.
    pub road: Option<Road>,
    /// The first process of the pid namespace, where there is one.
    pub init: Option<Init>,
    /// How long a refused opening waits for an answer, if it is asked about.
    pub patience: Option<Duration>,
    /// What looks at the limits, where there are any.
    pub watch: Option<Watch>,
}

/// The first process of the pid namespace, and what keeps it alive: when the
/// lifeline is closed it ends, and with it everything inside. A signal would
/// not do, because the ceiling keeps the broker's signals inside, too.
pub(crate) struct Init {
    pub pid: Pid,
    pub lifeline: UnixStream,
}

/// How many refusals are told one by one.
const MOST_REPORTS: u64 = 10_000;

pub(crate) struct Broker<'a> {
    notifier: Notifier,
    refusals: Option<Refusals>,
    host_proc: OwnedFd,
    files: FileRules,
    layers: Vec<PathBuf>,
    command: Pid,
    pidfd: OwnedFd,
    tier: Tier,
    road: Option<Road>,
    init: Option<Init>,
    watch: Option<Watch>,
    reached: Option<LimitHit>,
    line: &'a Line,
    own: Own,
    home: sockets::Home,
    memo: Memo,
    hidden: Hidden,
    trees: worktrees::Worktrees,
    waiting: Vec<Waiting>,
    questions: Questions,
    told: u64,
    untold: u64,
}

/// Sockets and named pipes that were made inside: the only ones that may be
/// used, because the other end of any other may be outside. Each is held open,
/// so that its number cannot become another's.
#[derive(Debug, Default)]
pub(super) struct Own(Vec<(Identity, OwnedFd)>);

/// How many are remembered; the oldest are forgotten first.
const MOST_OWN: usize = 512;

impl Own {
    fn insert(&mut self, place: &place::Place) -> Result<(), Errno> {
        let held = open::open_beneath(place, OFlags::PATH, Mode::empty())?;
        let stat = rustix::fs::fstat(&held)?;
        if self.0.len() >= MOST_OWN {
            self.0.remove(0);
        }
        self.0.push((identity(&stat), held));
        Ok(())
    }

    fn contains(&self, stat: &Stat) -> bool {
        self.0.iter().any(|(own, _)| *own == identity(stat))
    }

    /// What a name leads to, as far as that may be one of these.
    fn before(&self, place: &place::Place) -> Option<Stat> {
        (!self.0.is_empty()).then(|| place.stat().ok())?
    }

    /// What a name led to before it was removed or given to something else:
    /// forgotten, if that was its last name.
    fn forget_gone(&mut self, before: Option<Stat>) {
        if let Some(stat) = before.filter(|stat| stat.st_nlink <= 1) {
            self.0.retain(|(own, _)| *own != identity(&stat));
        }
    }
}

const fn identity(stat: &Stat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

/// How a call is answered.
pub(super) enum Answer {
    /// With a number.
    Value(i64),
    /// With a descriptor that the caller is given.
    Descriptor { fd: OwnedFd, cloexec: bool },
    /// By the kernel, as if nobody had been asked: only where no memory of the
    /// caller's says what is done.
    GoOn,
    /// When something that is waited for has happened.
    Later(WaitsFor),
}

/// Why a call is not performed.
pub(super) enum Refusal {
    /// The kernel's own answer.
    Errno(Errno),
    /// A rule's, which is reported.
    Rule(Box<Refused>),
    /// The filter's, which is reported where the broker answers for it.
    Call(RefusedCall),
}

/// A refusal by rule.
pub(super) struct Refused {
    pub errno: Errno,
    pub path: PathBuf,
    pub rule: String,
    pub reason: String,
    pub hint: Option<String>,
    /// Whether it was only to be read.
    pub reads: bool,
    /// What could be granted instead, if somebody is asked.
    pub opening: Option<Opening>,
}

impl Refusal {
    /// By a rule of the broker's own, which nothing ordinary would change.
    fn rule(errno: Errno, path: PathBuf, rule: &str, reason: impl Into<String>) -> Self {
        let (rule, reason) = (rule.to_owned(), reason.into());
        Self::Rule(Box::new(Refused {
            errno,
            path,
            rule,
            reason,
            hint: None,
            reads: false,
            opening: None,
        }))
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl<'a> Broker<'a> {
    pub(crate) fn new(door: Door, line: &'a Line) -> Self {
        Self {
            notifier: Notifier::new(door.listener),
            refusals: door.refusals,
            host_proc: door.host_proc,
            files: door.files,
            layers: door.layers,
            command: door.command,
            pidfd: door.pidfd,
            tier: door.tier,
            road: door.road,
            init: door.init,
            watch: door.watch,
            reached: None,
            line,
            own: Own::default(),
            home: sockets::Home::default(),
            memo: Memo::default(),
            hidden: Hidden::default(),
            trees: worktrees::Worktrees::default(),
            waiting: Vec::new(),
            questions: Questions::new(door.patience),
            told: 0,
            untold: 0,
        }
    }

    /// Answers until the command ends; then ends everything it started.
    /// Returns the helper's exit code.
    pub(crate) fn serve(mut self) -> i32 {
        // What is made has the mode that its caller asked for; the umask that
        // counts is the caller's, not the one that this process began with.
        rustix::process::umask(Mode::empty());
        if self.line.send(&Report::Started, true).is_err() {
            self.end_everything();
            return 1;
        }
        loop {
            match self.wait() {
                Ok(true) => {}
                Ok(false) => break,
                // A door that cannot be watched is closed.
                Err(_) => {
                    self.end_everything();
                    return 1;
                }
            }
        }
        let line = self.line;
        let mut watch = self.watch.take();
        let reached = self.reached.or_else(|| watch.as_mut()?.look_back());
        let (status, unreported) = self.end_everything();
        let told = watch.and_then(|watch| watch.conclude(status));
        let report = Report::Ended {
            // It may have ended by itself while everything was being ended.
            status: reached.map_or(status, |_| Status::Signaled(libc::SIGKILL)),
            unreported,
            limit: reached.or(told),
        };
        i32::from(line.send(&report, true).is_err())
    }

    /// Waits for something to do and does it; false when the box is to end.
    fn wait(&mut self) -> Result<bool, Errno> {
        let road = self.road.as_ref().and_then(Road::watched);
        let mut fds = [
            PollFd::new(&self.notifier, PollFlags::IN),
            PollFd::new(&self.pidfd, PollFlags::IN),
            PollFd::new(self.line, PollFlags::IN),
            PollFd::from_borrowed_fd(road.unwrap_or(self.line.as_fd()), PollFlags::IN),
        ];
        let watched = if road.is_some() { 4 } else { 3 };
        match rustix::event::poll(&mut fds[..watched], self.sleep().as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(errno) => return Err(errno),
        }
        let [door, ended, told, met] = fds.map(|fd| fd.revents());
        if door.contains(PollFlags::IN)
            && let Some(call) = self.notifier.receive()?
        {
            self.answer(&call)?;
        }
        if !met.is_empty() {
            self.hear_the_road()?;
        }
        self.answer_waiting()?;
        self.give_up_questions()?;
        if told.intersects(PollFlags::IN | PollFlags::HUP) && !self.hear()? {
            return Ok(false);
        }
        if let Some(watch) = &mut self.watch {
            self.reached = watch.look()?;
            if self.reached.is_some() {
                return Ok(false);
            }
        }
        // Only when nobody waits at the door: a last refusal is still told.
        Ok(ended.is_empty() || door.contains(PollFlags::IN))
    }

    /// How long nothing need happen before something is to be done.
    fn sleep(&self) -> Option<Timespec> {
        let again = (!self.waiting.is_empty()).then_some(AGAIN);
        let again = again.or(self.questions.look_again().copied());
        let watch = self.watch.as_ref().and_then(Watch::patience);
        // A time beyond what the call takes is for ever.
        let watch = watch.and_then(|time| Timespec::try_from(time).ok());
        again.into_iter().chain(watch).min()
    }

    fn answer_waiting(&mut self) -> Result<(), Errno> {
        for waiting in std::mem::take(&mut self.waiting) {
            if !waiting.try_answer(&self.notifier, self.host_proc.as_fd())? {
                self.waiting.push(waiting);
            }
        }
        Ok(())
    }

    /// Answers the calls whose connection was made outside.
    fn hear_the_road(&mut self) -> Result<(), Errno> {
        let settled = self.road.as_mut().map(Road::hear).unwrap_or_default();
        settled
            .into_iter()
            .try_for_each(|settled| self.notifier.answer(settled.id, settled.result))
    }

    fn hear(&mut self) -> Result<bool, Errno> {
        let heard = self.line.receive_with::<Request>()?;
        match heard.map(|(request, fds)| (request, fds.into_iter().next())) {
            Some((Request::Signal(number), _)) => {
                if let Some(signal) = Signal::from_named_raw(number) {
                    // A group that is gone needs no signal.
                    let _ = rustix::process::kill_process_group(self.command, signal);
                }
                Ok(true)
            }
            Some((Request::Settled { id, granted, but }, file)) => {
                self.settle(id, file.filter(|_| granted), but)?;
                Ok(true)
            }
            Some((Request::Kill, _)) | None => Ok(false),
        }
    }

    /// Ends the first process of the pid namespace, and with it all others; or,
    /// without one, everybody whom a signal of ours reaches.
    fn end_everything(self) -> (Status, u64) {
        let Some(init) = self.init else {
            let status = sys::end_domain(self.command);
            return (status, self.untold);
        };
        drop(init.lifeline);
        let status = sys::wait_for(self.command).unwrap_or(Status::Signaled(libc::SIGKILL));
        let _ = sys::wait_for(init.pid);
        (status, self.untold)
    }

    fn answer(&mut self, call: &Notification) -> Result<(), Errno> {
        let answer = self.perform(call);
        match answer {
            Ok(Answer::Value(value)) => self.notifier.answer(call.id, Ok(value)),
            Ok(Answer::Descriptor { fd, cloexec }) => self.notifier.inject(call.id, fd, cloexec),
            Ok(Answer::GoOn) => self.notifier.let_go_on(call.id),
            Ok(Answer::Later(on)) => {
                self.waiting.push(Waiting { id: call.id, on });
                Ok(())
            }
            Err(Refusal::Errno(errno)) => self.notifier.answer(call.id, Err(errno)),
            Err(Refusal::Rule(refused)) => self.refuse(call, *refused),
            Err(Refusal::Call(refused)) => self.refuse_call(call, refused),
        }
    }

    fn perform(&mut self, call: &Notification) -> Result<Answer, Refusal> {
        let caller = Caller::new(&self.notifier, &self.host_proc, &self.memo, self.tier, call);
        // First, and whatever else is known of such a call: it is never made.
        if let Some(refused) = self.refusals.as_ref().and_then(|all| all.of(call)) {
            return Err(Refusal::Call(refused));
        }
        match call.number {
            libc::SYS_umask => {
                self.memo.umask_changes();
                Ok(Answer::GoOn)
            }
            libc::SYS_connect => {
                sockets::connect(&self.own, &self.home, self.road.as_mut(), &caller)
            }
            libc::SYS_bind => sockets::bind(
                &mut self.own,
                &self.home,
                &self.files,
                self.road.is_some(),
                &caller,
            ),
            libc::SYS_listen => sockets::listen(&caller),
            _ => {
                let done = acts::Visit {
                    files: &self.files,
                    layers: &self.layers,
                    own: &mut self.own,
                    hidden: &mut self.hidden,
                    trees: &mut self.trees,
                    caller: &caller,
                }
                .perform();
                if acts::moves_directories(call) {
                    self.memo.places_change();
                }
                done
            }
        }
    }

    /// Refuses by rule, unless somebody may be asked first.
    fn refuse(&mut self, call: &Notification, refused: Refused) -> Result<(), Errno> {
        let caller = Caller::new(&self.notifier, &self.host_proc, &self.memo, self.tier, call);
        let denial = Denial {
            syscall: name_of(call.number).to_owned(),
            path: refused.path,
            rule: refused.rule,
            reason: refused.reason,
            hint: refused.hint,
            pid: call.tid,
            process: caller.command_line(),
            reads: refused.reads,
        };
        let denial = match refused.opening {
            Some(opening) => self.ask(call.id, refused.errno, denial, opening),
            None => Some(denial),
        };
        let Some(denial) = denial else { return Ok(()) };
        self.tell(denial);
        self.notifier.answer(call.id, Err(refused.errno))
    }

    /// Refuses what the kernel would have refused by itself, were it not told.
    fn refuse_call(&mut self, call: &Notification, refused: RefusedCall) -> Result<(), Errno> {
        let caller = Caller::new(&self.notifier, &self.host_proc, &self.memo, self.tier, call);
        let path = refused.path.and_then(|index| caller.path(index).ok());
        let path = path.filter(|path| !path.is_empty());
        let denial = Denial {
            syscall: refused.name,
            path: path.map_or_else(
                || refused.what.into(),
                |path| OsString::from_vec(path).into(),
            ),
            rule: Denial::SYSTEM_CALL.to_owned(),
            reason: refused.reason.to_owned(),
            hint: None,
            pid: call.tid,
            process: caller.command_line(),
            reads: false,
        };
        self.tell(denial);
        let errno = Errno::from_raw_os_error(refused.errno);
        self.notifier.answer(call.id, Err(errno))
    }

    fn tell(&mut self, denial: Denial) {
        // Never waits: a reader that is slow must not hold the door.
        if self.told < MOST_REPORTS && self.line.send(&Report::Denied(denial), false).is_ok() {
            self.told += 1;
        } else {
            self.untold += 1;
        }
    }
}
