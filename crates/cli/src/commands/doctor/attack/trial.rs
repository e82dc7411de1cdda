//! One run of one attempt: started, watched while it is there, and judged by
//! what it did to the scene.

use std::fs::File;
use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use dam_sandbox::{Launch, Running};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::Broken;
use super::attacker::{ACTED, READY};
use super::look::{self, View};
use super::scene::Scene;
use super::traces;

/// How long an attempt may take. None needs a hundredth of it, but a
/// machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long processes get to go when the command is over.
const GOING: Duration = Duration::from_millis(500);

/// What came of a run.
pub enum Outcome {
    /// What shows on the outside that it got out.
    Escaped(String),
    /// What the attacker says it met.
    Held(String),
    /// The attempt was not made, or nobody could look: nothing is known.
    Unknown(String),
}

/// Runs an attempt in the scene. `whole_workspace` says that nothing in the
/// workspace may change either.
pub fn run(scene: &mut Scene, launch: Launch, whole_workspace: bool) -> Result<Outcome, Broken> {
    let before = scene.traces(whole_workspace);
    let mut running = launch.spawn()?;
    let result = follow(scene, &mut running);
    // A pipe that is still held would keep it waiting.
    drop((running.stdin.take(), running.stdout.take()));
    if result.is_err() {
        running.killer()?.kill();
    }
    running.wait()?;
    let (said, mut evidence) = match result {
        Ok(watched) => watched,
        Err(reason) => return Ok(Outcome::Unknown(reason)),
    };
    evidence.extend(remains(scene));
    evidence.extend(scene.testimony());
    evidence.extend(traces::changes(&before, &scene.traces(whole_workspace)));
    evidence.dedup();
    if evidence.is_empty() {
        Ok(Outcome::Held(scene.shorten(&said)))
    } else {
        Ok(Outcome::Escaped(scene.shorten(&evidence.join("; "))))
    }
}

/// Lets it act and looks while it is still there. Returns what it said it met,
/// and evidence of an escape; or why nothing can be known.
fn follow(scene: &mut Scene, running: &mut Running) -> Result<(String, Vec<String>), String> {
    let pipes = running.stdin.take().zip(running.stdout.take());
    let (mut stdin, stdout) = pipes.ok_or("it has no pipes")?;
    let mut ears = Ears::new(stdout);
    ears.until(READY)?;
    let before = views(scene)?;
    stdin
        .write_all(b"\n")
        .map_err(|error| format!("it does not listen: {error}"))?;
    ears.until(ACTED)?;
    let mut evidence = scene.testimony();
    for (pid, view) in views(scene)? {
        if let Some((_, was)) = before.iter().find(|(known, _)| *known == pid) {
            evidence.extend(look::moved(was, &view));
        }
        evidence.extend(look::open(pid).map_err(|error| cannot_look(&error))?);
    }
    drop(stdin);
    ears.until_end()?;
    let text = String::from_utf8_lossy(&ears.heard).into_owned();
    if text.contains(&scene.token) {
        evidence.push("it has the secret".to_owned());
    }
    let said = text.rsplit_once(ACTED).map_or("", |(_, said)| said);
    let said = match said.trim() {
        "" => "nothing came of it",
        said => said,
    };
    Ok((dam_journal::clean(said), evidence))
}

/// The attackers and what each sees. None at all means that nothing of it can
/// be seen from here, and then nothing can be judged.
fn views(scene: &Scene) -> Result<Vec<(i32, View)>, String> {
    let mut views = Vec::new();
    for pid in scene.attackers() {
        match look::view(pid) {
            Ok(view) => views.push((pid, view)),
            // One of several may be gone already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot_look(&error)),
        }
    }
    if views.is_empty() {
        return Err("its processes cannot be seen from outside".to_owned());
    }
    Ok(views)
}

fn cannot_look(error: &io::Error) -> String {
    format!("it cannot be looked into from outside: {error}")
}

/// Whoever is there long after the command is over has outlived it.
fn remains(scene: &Scene) -> Option<String> {
    let deadline = Instant::now() + GOING;
    while !scene.attackers().is_empty() {
        if Instant::now() > deadline {
            return Some("a process outlived the command".to_owned());
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

/// What an attacker has said so far.
struct Ears {
    stdout: File,
    heard: Vec<u8>,
    deadline: Instant,
}

impl Ears {
    fn new(stdout: File) -> Self {
        Self {
            stdout,
            heard: Vec::new(),
            deadline: Instant::now() + PATIENCE,
        }
    }

    fn until(&mut self, mark: &str) -> Result<(), String> {
        let mark = mark.as_bytes();
        while !self.heard.windows(mark.len()).any(|window| window == mark) {
            if !self.hear()? {
                return Err("it ended before it had acted".to_owned());
            }
        }
        Ok(())
    }

    fn until_end(&mut self) -> Result<(), String> {
        while self.hear()? {}
        Ok(())
    }

    /// Returns whether there is more to come.
    fn hear(&mut self) -> Result<bool, String> {
        let failed = |error: io::Error| format!("its output cannot be read: {error}");
        let left = self.deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| "it has no time".to_owned())?;
        let mut fds = [PollFd::new(&self.stdout, PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&left)) {
            Ok(0) => return Err("it hung".to_owned()),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(true),
            Err(errno) => return Err(failed(errno.into())),
        }
        let mut buffer = [0; 4096];
        let length = self.stdout.read(&mut buffer).map_err(failed)?;
        self.heard.extend_from_slice(&buffer[..length]);
        Ok(length > 0)
    }
}
