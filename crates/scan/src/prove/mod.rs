//! Proofs: the scanned project is run in the boundary, its own entry points
//! are driven with hostile and with harmless input, and what happens is judged
//! outside.
//!
//! Three processes take part, of which only the last is the project's:
//! - this one sends requests and judges the answers (`judge`);
//! - the **watcher** (`drivers/watcher.py`), the first process of the box, owns
//!   the canaries: files that nothing may open or make, and a listener on the
//!   box's loopback. It runs nothing of the project;
//! - the **worker** imports the application and answers requests. It shares a
//!   process with the project's code.
//!
//! So what the watcher has seen was done by somebody, while a project may let
//! its worker say what it likes: such a proof is only ever about that project.
//! Nothing that comes from inside is more than text here. Without the boundary
//! nothing is run.

mod acts;
mod alone;
mod boxed;
mod class;
mod drive;
mod html;
mod interpreter;
mod judge;
mod payloads;
mod protocol;
mod settle;
mod structure;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_sandbox::Tier;
use serde::{Deserialize, Serialize};

pub use acts::{Act, ActKind};
pub use alone::{Alone, isolate};
pub use class::Class;
pub use protocol::{Channel, Place};
pub use settle::{about, settle};

/// What to prove, and with what.
#[derive(Clone, Debug)]
pub struct Proving {
    /// The project's directory.
    pub project: PathBuf,
    /// What this kernel can enforce; where that is not known, nothing runs.
    pub tier: Tier,
    /// The user's home, whose credential stores stay unreadable.
    pub home: Option<PathBuf>,
    /// Directories to look for interpreters in.
    pub search: Vec<PathBuf>,
    /// The interpreter of the project, where the user names one.
    pub interpreter: Option<PathBuf>,
    /// How long all of it may take.
    pub time: Duration,
    /// Only the proof with this identifier, to show it again.
    pub only: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Proved {
    /// What happened with hostile input and not with harmless input.
    pub shown: Vec<Shown>,
    /// What was tried, by route.
    pub tried: Vec<Tried>,
    /// Why nothing was tried, or not everything.
    pub missing: Vec<String>,
    /// How many requests were answered.
    pub requests: u64,
    /// What became of functions that were called by themselves.
    #[serde(default)]
    pub alone: Vec<Alone>,
    /// What the project tried that no application has to.
    #[serde(default)]
    pub acts: Vec<Act>,
}

/// One thing that was shown.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Shown {
    /// The same for the same thing in every run.
    pub id: String,
    /// What it is.
    pub class: Class,
    /// The route: `POST /login`.
    pub route: String,
    /// Where the input goes.
    pub channel: Channel,
    /// The input's name.
    pub name: String,
    /// What was sent.
    pub payload: String,
    /// What was seen.
    pub evidence: String,
    /// What was sent instead, without its being seen.
    pub control: String,
    /// Whether the watcher has seen it, rather than the project's process said
    /// it.
    pub watched: bool,
    /// Where in the project it happens, the innermost first; the last is the
    /// route's handler.
    pub places: Vec<Place>,
}

/// What was tried on one route.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Tried {
    /// The route: `POST /login`.
    pub route: String,
    /// What handles it.
    pub handler: Place,
    /// The inputs that were driven: `form user`.
    pub inputs: Vec<String>,
    /// How many requests were sent.
    pub requests: u64,
    /// Where in the project something was done meanwhile.
    pub reached: Vec<Place>,
    /// Why it was left early, if it was.
    pub left: Option<String>,
    /// What harmless requests fail with, if they do.
    pub error: Option<String>,
}

/// Drives the project's routes and tells what could be shown.
pub fn prove(proving: &Proving) -> Proved {
    let runtimes = interpreter::runtimes(proving);
    let mut proved = Proved::default();
    if runtimes.is_empty() {
        proved.missing.push(format!(
            "{} holds no application of a framework that can be driven (Flask, Django, FastAPI, Express)",
            proving.project.display()
        ));
    }
    for runtime in runtimes {
        match runtime {
            Ok(runtime) => drive::drive(proving, &runtime, &mut proved),
            Err(why) => proved.missing.push(why),
        }
    }
    proved
        .shown
        .sort_by(|a, b| (&a.route, &a.id).cmp(&(&b.route, &b.id)));
    proved.acts.sort();
    proved
}

/// The command that shows a proof again.
pub fn command_again(project: &Path, shown: &Shown) -> String {
    format!(
        "dam scan {} --prove --again {}",
        shell_word(&project.display().to_string()),
        shown.id
    )
}

/// A word as a shell reads it.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
