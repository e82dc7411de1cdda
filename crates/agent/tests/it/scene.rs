//! A place for a session: a workspace, a journal, a scripted model.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dam_agent::{AgentError, AgentEvent, Session, SessionOptions, TurnOutcome};
use dam_gate::{Answer, Question, Reviewer};
use dam_journal::{Event, Journal, SessionId};
use dam_model::{Provider, Responses};
use dam_policy::{
    ApprovalPolicy, Held, Place, Places, Posture, Profile, ReviewerKind, SandboxMode, Sourced,
};
use dam_sandbox::Asking;
use dam_testkit::{ScriptedServer, Turn};
use serde_json::{Value, json};

/// A workspace and what belongs to it.
pub struct Scene {
    dir: tempfile::TempDir,
    posture: Posture,
    id: SessionId,
    answer: Answer,
}

/// What came of some turns.
pub struct Played {
    pub outcomes: Vec<Result<TurnOutcome, AgentError>>,
    pub events: Vec<Value>,
    /// What the model was sent, request by request.
    pub requests: Vec<Value>,
    pub journal: Vec<Event>,
}

impl Scene {
    /// An empty workspace that nothing holds.
    pub fn open() -> Self {
        Self::new(SandboxMode::DangerFullAccess, ApprovalPolicy::Never)
    }

    pub fn new(mode: SandboxMode, policy: ApprovalPolicy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["work", "home", "outside"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let root = dir.path().canonicalize().unwrap();
        let mut profile = Profile::builtin(mode);
        // The scene itself is in a temporary directory.
        profile
            .files
            .retain(|(place, ..)| !matches!(place, Place::Tmpdir | Place::SlashTmp));
        let places = Places {
            workspace_roots: vec![root.join("work")],
            home: Some(root.join("home")),
            unreadable: vec![root.join("journal")],
            ..Places::default()
        };
        let posture = Posture {
            profile: Sourced::builtin(profile.resolve(&places)),
            approval_policy: Sourced::builtin(policy),
            reviewer: ReviewerKind::User,
            rules: dam_policy::CommandRules::default(),
            held: Held::default(),
            flow: Sourced::default(),
        };
        let id = SessionId::generate().unwrap();
        let answer = Answer::NobodyToAsk;
        Self {
            dir,
            posture,
            id,
            answer,
        }
    }

    /// The same, where every question is answered like this.
    pub fn answering(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }

    /// The same, where a model is asked first.
    pub fn reviewed(mut self) -> Self {
        self.posture.reviewer = ReviewerKind::AutoReview;
        self
    }

    /// Changes what is allowed, and when somebody is asked.
    pub fn change(&mut self, change: impl FnOnce(&mut Posture)) {
        change(&mut self.posture);
    }

    /// The same, where commands may not use more than this.
    pub fn limited(mut self, limit: &str, value: &str) -> Self {
        let limits = &mut self.posture.profile.value.limits;
        limits.set(limit, value).unwrap();
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    pub fn journal(&self) -> Journal {
        Journal::create(&self.path("journal"), &self.id).unwrap()
    }

    /// A session with a model that says this.
    pub fn session(&self, turns: Vec<Turn>, journal: Journal) -> (Session, ScriptedServer) {
        let server = ScriptedServer::start(turns);
        let provider = Provider {
            first_backoff: Duration::from_millis(1),
            ..Provider::new("scripted", server.base_url())
        };
        let env = BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]);
        let options = SessionOptions {
            way: None,
            posture: self.posture.clone(),
            cwd: self.path("work"),
            project_root: Some(self.path("work")),
            trusted: false,
            instructions_dir: None,
            model: Arc::new(Responses::new(provider).unwrap()),
            model_name: "scripted-model".to_owned(),
            journal,
            reviewer: Box::new(Always(self.answer.clone())),
            tier: dam_sandbox::Tier::Full,
            asking: (self.answer != Answer::NobodyToAsk).then(|| Asking {
                patience: dam_sandbox::PATIENCE,
                never: Vec::new(),
                pause: false,
            }),
            env,
        };
        (Session::new(options).unwrap(), server)
    }

    /// One turn with a model that says this.
    pub fn play(&self, turns: Vec<Turn>) -> Played {
        self.play_watched(&["do it"], turns, |_, _| {})
    }

    /// A turn for each prompt; `watch` sees every event and the session's
    /// canceller as it happens.
    pub fn play_watched(
        &self,
        prompts: &[&str],
        turns: Vec<Turn>,
        mut watch: impl FnMut(&Value, &dam_agent::Cancel),
    ) -> Played {
        let (mut session, server) = self.session(turns, self.journal());
        let cancel = session.canceller();
        let mut events = Vec::new();
        let mut sink = |event: &AgentEvent| {
            if let Some(line) = event.to_json() {
                let event = serde_json::from_str(&line).unwrap();
                watch(&event, &cancel);
                events.push(event);
            }
        };
        let outcomes = wait(async {
            let mut outcomes = Vec::new();
            for prompt in prompts {
                outcomes.push(session.run_turn(prompt, &mut sink).await);
            }
            session.close().await.ok();
            outcomes
        });
        Played {
            outcomes,
            events,
            requests: server.bodies(),
            journal: self.recorded(),
        }
    }

    /// What the journal says.
    pub fn recorded(&self) -> Vec<Event> {
        let entries = dam_journal::read(&self.path("journal"), &self.id).unwrap_or_default();
        entries.into_iter().map(|entry| entry.event).collect()
    }

    /// Text with the scene's own place replaced.
    pub fn hide(&self, text: &str) -> String {
        text.replace(self.path("").to_str().unwrap(), "/scene/")
    }
}

/// Runs something that waits.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// A reviewer with one answer.
struct Always(Answer);

impl Reviewer for Always {
    fn review(&mut self, _: &Question) -> Answer {
        self.0.clone()
    }
}

impl Played {
    /// What the model was told by tools, in order.
    pub fn outputs(&self) -> Vec<String> {
        let last = self.requests.last().unwrap();
        let items = last["input"].as_array().unwrap().iter();
        items
            .filter_map(|item| item["output"].as_str())
            .map(without_times)
            .collect()
    }

    /// The kinds of what the journal says.
    pub fn kinds(&self) -> Vec<String> {
        let kind = |event: &Event| {
            serde_json::to_value(event).unwrap()["kind"]
                .as_str()
                .map(str::to_owned)
        };
        self.journal.iter().filter_map(kind).collect()
    }

    /// The events of one type of item, in order.
    pub fn items(&self, kind: &str) -> Vec<Value> {
        let items = self
            .events
            .iter()
            .filter(|event| event["item"]["type"] == kind);
        items.cloned().collect()
    }
}

/// How long something took differs each time.
fn without_times(text: &str) -> String {
    match (text.find(" (after "), text.find(" s)")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}", &text[..start], &text[end + 3..])
        }
        _ => text.to_owned(),
    }
}

/// The model wants this script run.
pub fn exec(cmd: &str) -> Turn {
    Turn::function_call("exec_command", json!({ "cmd": cmd }))
}

/// The model wants this patch applied.
pub fn patch(body: &str) -> Turn {
    Turn::custom_tool_call(
        "apply_patch",
        format!("*** Begin Patch\n{body}*** End Patch\n"),
    )
}

pub fn done() -> Turn {
    Turn::message("done")
}

pub fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
