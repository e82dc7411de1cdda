//! A session: one conversation with one posture, one journal and the commands
//! that run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use dam_gate::{Gate, Reviewer};
use dam_journal::{Event, Journal};
use dam_model::Model;
use dam_policy::{Posture, ReviewerKind, Untrusted};
use dam_sandbox::{Asking, Tier};

use crate::acts::{Opened, shell_path};
use crate::cancel::Cancel;
use crate::decision::flow_marked;
use crate::error::AgentError;
use crate::events::{AgentEvent, Item, What};
use crate::front::Front;
use crate::instructions::{self, Surroundings};
use crate::review::{AutoReviewer, Shared};
use crate::way::WayOut;

/// What a session is made of.
pub struct SessionOptions {
    /// What is allowed, and when somebody is asked.
    pub posture: Posture,
    /// The working directory: absolute and without links.
    pub cwd: PathBuf,
    /// The repository's root, if the working directory is in one: absolute and
    /// without links.
    pub project_root: Option<PathBuf>,
    /// Whether the user trusts the project's instruction files.
    pub trusted: bool,
    /// The directory of the user's own instruction file.
    pub instructions_dir: Option<PathBuf>,
    /// Who answers.
    pub model: Arc<dyn Model>,
    /// The model's name as its provider knows it.
    pub model_name: String,
    /// The session's journal, with its first event written. Its last one is
    /// written by whoever gets it back from [`Session::close`].
    pub journal: Journal,
    /// Who answers questions.
    pub reviewer: Box<dyn Reviewer>,
    /// That the reviewer is asked about what the boundary refuses a command.
    pub asking: Option<Asking>,
    /// Which tier of the boundary holds its commands.
    pub tier: Tier,
    /// Who serves what comes out of its boxes; without it nothing gets out.
    pub way: Option<Arc<dyn WayOut>>,
    /// The variables that there are; commands get those that the posture's
    /// environment policy lets through.
    pub env: BTreeMap<String, String>,
}

/// One conversation. Dropping it kills what still runs in it.
pub struct Session {
    pub(crate) posture: Posture,
    pub(crate) cwd: PathBuf,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) model: Arc<dyn Model>,
    pub(crate) model_name: String,
    pub(crate) journal: Journal,
    pub(crate) gate: Arc<Mutex<Gate>>,
    pub(crate) asking: Option<Asking>,
    pub(crate) tier: Tier,
    pub(crate) way: Option<Arc<dyn WayOut>>,
    pub(crate) history: Vec<dam_model::Item>,
    /// What the automatic reviewer shares with the session.
    pub(crate) reviews: Shared,
    /// The commands that still run, by the number that the model knows.
    pub(crate) open: BTreeMap<u32, Opened>,
    /// The plan that was shown last, with its item.
    pub(crate) plan: Option<Item>,
    pub(crate) cancel: Cancel,
    notices: Vec<String>,
    announced: bool,
    items: u64,
    commands: u64,
    numbers: u32,
}

impl Session {
    /// Begins a session: reads the instruction files and tells the model where
    /// it is. Nothing is sent yet.
    pub fn new(options: SessionOptions) -> Result<Self, AgentError> {
        let mut journal = options.journal;
        let found = instructions::read(
            options.instructions_dir.as_deref(),
            options.project_root.as_deref(),
            &options.cwd,
            options.trusted,
        );
        for text in &found.notices {
            journal.append(&Event::Notice { text: text.clone() })?;
        }
        let shell = shell_path(None).unwrap_or_default();
        let date = jiff::Timestamp::now().to_string();
        let mut history = vec![instructions::surroundings(&Surroundings {
            cwd: &options.cwd,
            shell: &shell,
            date: date.get(..10).unwrap_or(&date),
            posture: &options.posture,
        })];
        history.extend(found.items);
        let reviews = Shared::default();
        let reviewer = match options.posture.reviewer {
            ReviewerKind::AutoReview => Box::new(AutoReviewer {
                model: Arc::clone(&options.model),
                model_name: options.model_name.clone(),
                shared: reviews.clone(),
                person: options.reviewer,
                policy: options.posture.held.reviewer_policy.clone(),
            }),
            ReviewerKind::User | ReviewerKind::Nobody => options.reviewer,
        };
        let mut gate = Gate::new(options.posture.clone(), reviewer);
        if !options.trusted {
            gate = gate.in_untrusted(options.project_root.clone().unwrap_or(options.cwd.clone()));
        }
        // What the model is told of it was written by strangers.
        let taken_in = found.untrusted.as_ref();
        if let Some(mark) = taken_in.and_then(|file| gate.took_in(Untrusted::Project, file)) {
            journal.append(&flow_marked(&mark))?;
        }
        Ok(Self {
            posture: options.posture,
            cwd: options.cwd,
            env: for_commands(options.env),
            model: options.model,
            model_name: options.model_name,
            journal,
            gate: Arc::new(Mutex::new(gate)),
            asking: options.asking,
            tier: options.tier,
            way: options.way,
            history,
            reviews,
            open: BTreeMap::new(),
            plan: None,
            cancel: Cancel::new(),
            notices: found.notices,
            announced: false,
            items: 0,
            commands: 0,
            numbers: 0,
        })
    }

    /// A handle that stops the turn that runs.
    pub fn canceller(&self) -> Cancel {
        self.cancel.clone()
    }

    /// What the session is to be found by.
    pub fn id(&self) -> &str {
        self.journal.session().as_str()
    }

    /// Ends the session: kills what still runs, records its end, and gives the
    /// journal back.
    pub async fn close(mut self) -> Result<Journal, AgentError> {
        let open = std::mem::take(&mut self.open);
        for opened in open.values() {
            opened.kill();
        }
        for (_, opened) in open {
            self.put_down(opened).await?;
        }
        Ok(self.journal)
    }

    /// Tells the front about the session, once.
    pub(crate) fn announce(&mut self, front: &mut Front<'_>) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        front.tell(&AgentEvent::ThreadStarted {
            thread_id: self.id().to_owned(),
        });
        for message in std::mem::take(&mut self.notices) {
            let item = self.item(What::Error { message });
            front.completed(item);
        }
    }

    /// A new item.
    pub(crate) fn item(&mut self, what: What) -> Item {
        let id = format!("item_{}", self.items);
        self.items += 1;
        Item { id, what }
    }

    /// A new command's name in the journal.
    pub(crate) fn command_id(&mut self) -> String {
        self.commands += 1;
        format!("c{}", self.commands)
    }

    /// A number by which the model knows a command that runs on. None is used
    /// twice, so that an old one never means another command.
    pub(crate) const fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// A path as it is shown: from the working directory where it lies below.
    pub(crate) fn shown_path(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.cwd).unwrap_or(path);
        crate::front::shown(&path.to_string_lossy())
    }
}

/// The variables for commands, whose output nobody looks at on a terminal.
fn for_commands(mut env: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (name, value) in [
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        ("PAGER", "cat"),
        ("GIT_PAGER", "cat"),
    ] {
        env.insert(name.to_owned(), value.to_owned());
    }
    env
}
