//! A command that runs: followed by two threads, read and fed from the turn.
//!
//! Standard output and standard error share one pipe, so what the command
//! writes arrives in the order in which it was written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dam_policy::ResolvedProfile;
use dam_sandbox::{
    Asked, Asking, Denial, Follower, Killer, Launch, Meanwhile, Outcome, Running, SandboxError,
    Stream, Tier,
};
use rustix::io::Errno;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cancel::Cancel;
use crate::output::Bounded;
use crate::way::WayOut;

/// How much of what was not read yet is kept.
const MOST_UNREAD: usize = 1024 * 1024;

/// How much of everything that was written is kept for the events.
const MOST_IN_ALL: usize = 256 * 1024;

/// How long output may still arrive after the end: something that the command
/// left behind can hold the pipe open for ever.
const GRACE: Duration = Duration::from_millis(200);

/// What to start.
pub(crate) struct Start {
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    pub env: BTreeMap<String, String>,
    pub profile: ResolvedProfile,
    pub input: Input,
    /// That what it is refused is asked about: see
    /// [`Process::take_questions`].
    pub asking: Option<Asking>,
    /// Which tier of the boundary holds it.
    pub tier: Tier,
    /// Who serves what comes out of it.
    pub way: Option<Arc<dyn WayOut>>,
    /// What the journal calls it.
    pub id: String,
}

/// What the boundary would refuse a command, which waits for the answer.
/// Dropping it is a no.
pub(crate) struct Waiting {
    pub asked: Asked,
    answer: PipeWriter,
}

impl Waiting {
    /// Says yes.
    pub fn grant(mut self) {
        // Nobody may wait any more; then nothing is granted.
        let _ = self.answer.write_all(&[YES]);
    }
}

const YES: u8 = b'y';

/// Where a command's input comes from.
pub(crate) enum Input {
    /// Nowhere.
    Nothing,
    /// [`Process::write`].
    Open,
    /// It is this and no more.
    Text(String),
}

/// A command that runs, or has ended. Dropping it kills it.
pub(crate) struct Process {
    stdin: Option<Arc<File>>,
    killer: Killer,
    shared: Arc<Shared>,
    changes: watch::Receiver<()>,
    pub started: Instant,
    ended: Option<Instant>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

struct State {
    unread: Bounded,
    all: Bounded,
    denials: Vec<Denial>,
    questions: Vec<Waiting>,
    killed: bool,
    end: Option<Result<Outcome, SandboxError>>,
    reading: bool,
}

/// What waiting came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Waited {
    /// The command has ended.
    Ended,
    /// The boundary has refused something, or would: see
    /// [`Process::take_denials`] and [`Process::take_questions`].
    Denied,
    /// It is still running.
    Running,
    /// The turn is to stop.
    Cancelled,
}

impl Process {
    /// Starts a command. Blocks until its program is executed.
    pub fn start(start: Start) -> Result<Self, SandboxError> {
        let failed = |error: std::io::Error| system("making a pipe", errno(&error));
        let (output, out) = std::io::pipe().map_err(failed)?;
        let (output, out) = (OwnedFd::from(output), OwnedFd::from(out));
        let err = out.try_clone().map_err(failed)?;
        let mut running = Launch {
            argv: start.argv.into_iter().map(Into::into).collect(),
            cwd: start.cwd,
            env: start.env,
            profile: start.profile,
            transaction: None,
            tier: start.tier,
            stdin: match start.input {
                Input::Nothing => Stream::Null,
                Input::Open | Input::Text(_) => Stream::Pipe,
            },
            stdout: Stream::Given(out),
            stderr: Stream::Given(err),
            asking: start.asking,
        }
        .spawn()?;
        let killer = running.killer()?;
        if let (Some(way), Some(road)) = (&start.way, running.road()) {
            // Dropping what runs ends it.
            way.serve(&start.id, road)
                .map_err(|why| SandboxError::NoWay { why })?;
        }
        let stdin = match (start.input, running.stdin.take()) {
            (Input::Text(text), Some(mut pipe)) => {
                // Whoever does not read its input to the end does not want it.
                thread(move || drop(pipe.write_all(text.as_bytes())))?;
                None
            }
            (_, stdin) => stdin,
        };
        let (news, changes) = watch::channel(());
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                unread: Bounded::new(MOST_UNREAD),
                all: Bounded::new(MOST_IN_ALL),
                denials: Vec::new(),
                questions: Vec::new(),
                killed: false,
                end: None,
                reading: true,
            }),
            changed: news,
        });
        let process = Self {
            stdin: stdin.map(Arc::new),
            killer,
            shared: Arc::clone(&shared),
            changes,
            started: Instant::now(),
            ended: None,
        };
        let reading = Arc::clone(&shared);
        thread(move || read(File::from(output), &reading))?;
        thread(move || follow(running, &shared))?;
        Ok(process)
    }

    /// Waits for the end until `deadline`, or for something to happen that
    /// the caller has to know.
    pub async fn wait(&mut self, deadline: Instant, cancel: &Cancel) -> Waited {
        loop {
            self.changes.mark_unchanged();
            let Some(until) = self.next_look(deadline) else {
                return Waited::Ended;
            };
            if self.state().has_news() {
                return Waited::Denied;
            }
            tokio::select! {
                () = cancel.cancelled() => return Waited::Cancelled,
                changed = self.changes.changed() => {
                    debug_assert!(changed.is_ok(), "the sender lives in what this holds");
                }
                () = tokio::time::sleep_until(until) => {
                    if self.next_look(deadline).is_none() {
                        return Waited::Ended;
                    }
                    return Waited::Running;
                }
            }
        }
    }

    /// When to look again at the latest; none if it has ended.
    fn next_look(&mut self, deadline: Instant) -> Option<Instant> {
        let (ended, reading) = {
            let state = self.state();
            (state.end.is_some(), state.reading)
        };
        if !ended {
            return Some(deadline);
        }
        let latest = *self.ended.get_or_insert_with(Instant::now) + GRACE;
        (reading && Instant::now() < latest).then_some(latest)
    }

    /// What the boundary has refused since this was asked last.
    pub fn take_denials(&self) -> Vec<Denial> {
        std::mem::take(&mut self.state().denials)
    }

    /// What waits for an answer.
    pub fn take_questions(&self) -> Vec<Waiting> {
        std::mem::take(&mut self.state().questions)
    }

    /// What the command has written since this was asked last.
    pub fn take_output(&self) -> Bounded {
        self.state().unread.take()
    }

    /// All that it has written, shortened, and how much that is.
    pub fn all_output(&self) -> (String, u64) {
        let state = self.state();
        (state.all.text(), state.all.total())
    }

    /// How it ended, if it has.
    pub fn take_end(&self) -> Option<Result<Outcome, SandboxError>> {
        self.state().end.take()
    }

    /// A handle to write to its input with, if that is open. May block.
    pub fn input(&self) -> Option<Arc<File>> {
        self.stdin.clone()
    }

    /// Ends its input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    pub fn kill(&self) {
        {
            // Whoever is to end needs no answer.
            let mut state = self.state();
            state.killed = true;
            state.questions.clear();
        }
        self.killer.kill();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl State {
    fn has_news(&self) -> bool {
        !self.denials.is_empty() || !self.questions.is_empty()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole when the lock is let go.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(mut output: File, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match output.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        let mut state = shared.state();
        state.unread.push(&buffer[..read]);
        state.all.push(&buffer[..read]);
        state.reading = read > 0;
        drop(state);
        shared.changed.send_replace(());
        if read == 0 {
            return;
        }
    }
}

fn follow(mut running: Running, shared: &Shared) {
    let end = running.wait_following(&mut Passing(shared));
    shared.state().end = Some(end);
    shared.changed.send_replace(());
}

/// Passes on to the turn what the boundary says.
struct Passing<'a>(&'a Shared);

impl Follower for Passing<'_> {
    fn denied(&mut self, denial: &Denial) {
        self.0.state().denials.push(denial.clone());
        self.0.changed.send_replace(());
    }

    fn asked(&mut self, asked: &Asked, meanwhile: &mut Meanwhile<'_>) -> bool {
        let Ok((mut comes, answer)) = std::io::pipe() else {
            return false;
        };
        let asked = asked.clone();
        {
            let mut state = self.0.state();
            if state.killed {
                return false;
            }
            state.questions.push(Waiting { asked, answer });
        }
        self.0.changed.send_replace(());
        let mut said = [0];
        let answered = meanwhile.wait_readable(comes.as_fd());
        let granted = answered && comes.read_exact(&mut said).is_ok() && said == [YES];
        // Only one waits at a time: what nobody took is not asked any more.
        self.0.state().questions.clear();
        granted
    }
}

fn thread(work: impl FnOnce() + Send + 'static) -> Result<(), SandboxError> {
    std::thread::Builder::new()
        .spawn(work)
        .map(drop)
        .map_err(|error| system("starting a thread", errno(&error)))
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

const fn system(what: &'static str, errno: Errno) -> SandboxError {
    SandboxError::System { what, errno }
}
