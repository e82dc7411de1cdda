//! A directory that is granted, one that is not, and shell scripts that run in
//! the first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dam_policy::{
    Access, FileRule, FileRules, Origin, Places, Profile, ResolvedProfile, Rule, SandboxMode,
};
use dam_sandbox::{Asked, Asking, Denial, Follower, Launch, Meanwhile, Outcome, Running, Stream};
use tempfile::TempDir;

/// Where commands work, and what they may not touch.
pub struct Scene {
    dir: TempDir,
    pub patience: Duration,
}

/// What was asked, and what was refused.
#[derive(Debug)]
pub struct Played {
    pub outcome: Outcome,
    pub asked: Vec<Asked>,
}

impl Scene {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("dam-")
            .tempdir_in("/var/tmp")
            .expect("a directory below /var/tmp");
        for name in ["work", "outside", "own"] {
            fs::create_dir(dir.path().join(name)).expect("a new directory");
        }
        Self {
            dir,
            patience: Duration::from_mins(1),
        }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("a written file");
    }

    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    /// Runs a script in `work`; every question is answered by `answer`.
    pub fn play(
        &self,
        script: &str,
        answer: impl FnMut(&Asked, &mut Meanwhile<'_>) -> bool,
    ) -> Played {
        follow(self.start(script), answer)
    }

    pub fn start(&self, script: &str) -> Running {
        let launch = Launch {
            argv: ["sh", "-c", script].map(Into::into).to_vec(),
            cwd: self.path("work"),
            env: BTreeMap::new(),
            profile: self.profile(),
            transaction: None,
            stdin: Stream::Null,
            stdout: Stream::Null,
            stderr: Stream::Null,
            tier: dam_sandbox::Tier::Full,
            asking: Some(Asking {
                patience: self.patience,
                never: vec![self.path("own")],
                pause: false,
            }),
        };
        launch.spawn().expect("a command that runs")
    }

    fn profile(&self) -> ResolvedProfile {
        let rule = |path: &Path, access, id, what: &str| FileRule {
            path: path.to_owned(),
            access,
            rule: Rule::builtin(id),
            origin: Origin::BUILTIN,
            what: what.to_owned(),
        };
        let rules = vec![
            rule(Path::new("/"), Access::Read, "files.root", "outside"),
            rule(&self.path("work"), Access::Write, "files.workspace", "work"),
        ];
        ResolvedProfile {
            files: FileRules::new(rules, true),
            ..Profile::builtin(SandboxMode::WorkspaceWrite).resolve(&Places::default())
        }
    }
}

/// Follows a command to its end; every question is answered by `answer`.
pub fn follow(
    mut running: Running,
    answer: impl FnMut(&Asked, &mut Meanwhile<'_>) -> bool,
) -> Played {
    let mut answering = Answering {
        answer,
        asked: Vec::new(),
    };
    let outcome = running
        .wait_following(&mut answering)
        .expect("a command that ends");
    Played {
        outcome,
        asked: answering.asked,
    }
}

struct Answering<F> {
    answer: F,
    asked: Vec<Asked>,
}

impl<F: FnMut(&Asked, &mut Meanwhile<'_>) -> bool> Follower for Answering<F> {
    fn denied(&mut self, _denial: &Denial) {}

    fn asked(&mut self, asked: &Asked, meanwhile: &mut Meanwhile<'_>) -> bool {
        self.asked.push(asked.clone());
        (self.answer)(asked, meanwhile)
    }
}
