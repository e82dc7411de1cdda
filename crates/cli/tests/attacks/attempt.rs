//! One attempt to get out: a row of the catalogue.

use crate::boundary::Mode;
use crate::scene::Scene;

/// Whether an attempt must succeed where there is no boundary, which is what
/// makes its failure inside mean something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Proof {
    /// For every user on every kernel.
    Everyone,
    /// For root only.
    Root,
    /// For an ordinary user; it makes no sense for root, who has it already.
    User,
    /// Where the kernel was built with it, and the machine has it.
    Maybe,
}

/// How the attacker is started outside, for attempts that are about something
/// that there is only inside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outside {
    /// As it is.
    Plain,
    /// With an empty directory mounted over `~/.ssh` and the outside
    /// directory mounted read-only, and nothing more.
    Masked,
    /// By a shell that stays.
    Shell,
    /// By a shell that first asks git what has changed.
    AfterGit,
}

/// What the host does while the attacker waits for it.
#[derive(Clone, Copy)]
pub enum During {
    /// Nothing.
    Nothing,
    /// This; it returns evidence of an escape, if there is any.
    Act(fn(&Scene) -> Option<String>),
    /// Ends the launcher the hard way.
    KillLauncher,
}

/// An attempt, in the words of the scene: `{ws}`, `{out}`, `{home}`, …
#[derive(Clone)]
pub struct Attempt {
    pub id: &'static str,
    pub what: &'static str,
    /// The attacker's steps.
    pub steps: &'static [&'static str],
    /// In which modes it is tried.
    pub modes: &'static [Mode],
    pub proof: Proof,
    pub outside: Outside,
    /// What the scene needs before anybody starts.
    pub prepare: Option<fn(&Scene)>,
    pub during: During,
    /// Looks once more when the command is over, and puts things back.
    pub after: Option<fn(&Scene) -> Option<String>>,
    /// Further paths that must not change.
    pub watch: &'static [&'static str],
    /// The last step's success is the escape: a call was reached.
    pub reached: bool,
    /// The attacker's standard input.
    pub stdin: Option<&'static str>,
    /// Hand over descriptor 8 (a file outside) and 9 (a directory outside).
    pub descriptors: bool,
    /// Run it on a terminal.
    pub terminal: bool,
    /// Put the launcher into the victim's process group.
    pub victims_group: bool,
    /// Another name for the home directory.
    pub home: &'static str,
    /// Another workspace, or another name for it.
    pub workspace: &'static str,
    /// Directories to put before `PATH`.
    pub path: Option<&'static str>,
    /// The launcher may also refuse to start the command at all.
    pub may_refuse: bool,
    /// Leave the mode to the configuration instead of the command line.
    pub unstated_mode: bool,
    /// Not while other tests run: it touches what the whole machine shares.
    pub alone: bool,
    /// It goes for a place or a promise of Cofferdam's own, so that it says
    /// nothing of another launcher.
    pub ours: bool,
}

/// An attempt with these steps, tried in both modes.
pub fn attempt(id: &'static str, what: &'static str, steps: &'static [&'static str]) -> Attempt {
    Attempt {
        id,
        what,
        steps,
        modes: &[Mode::WorkspaceWrite, Mode::ReadOnly],
        proof: Proof::Everyone,
        outside: Outside::Plain,
        prepare: None,
        during: During::Nothing,
        after: None,
        watch: &[],
        reached: false,
        stdin: None,
        descriptors: false,
        terminal: false,
        victims_group: false,
        home: "{home}",
        workspace: "{ws}",
        path: None,
        may_refuse: false,
        unstated_mode: false,
        alone: false,
        ours: false,
    }
}

impl Attempt {
    /// Only where the workspace can be written.
    pub fn writing(mut self) -> Self {
        self.modes = &[Mode::WorkspaceWrite];
        self
    }
    /// Only where nothing can be written.
    pub fn read_only(mut self) -> Self {
        self.modes = &[Mode::ReadOnly];
        self
    }
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }
    pub fn outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }
    pub fn prepare(mut self, prepare: fn(&Scene)) -> Self {
        self.prepare = Some(prepare);
        self
    }
    pub fn during(mut self, during: During) -> Self {
        self.during = during;
        self
    }
    pub fn after(mut self, after: fn(&Scene) -> Option<String>) -> Self {
        self.after = Some(after);
        self
    }
    pub fn watch(mut self, watch: &'static [&'static str]) -> Self {
        self.watch = watch;
        self
    }
    pub fn reached(mut self) -> Self {
        self.reached = true;
        self
    }
    pub fn stdin(mut self, path: &'static str) -> Self {
        self.stdin = Some(path);
        self
    }
    pub fn descriptors(mut self) -> Self {
        self.descriptors = true;
        self
    }
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }
    pub fn victims_group(mut self) -> Self {
        self.victims_group = true;
        self
    }
    pub fn home(mut self, home: &'static str) -> Self {
        self.home = home;
        self
    }
    pub fn workspace(mut self, workspace: &'static str) -> Self {
        self.workspace = workspace;
        self
    }
    pub fn path(mut self, path: &'static str) -> Self {
        self.path = Some(path);
        self
    }
    pub fn may_refuse(mut self) -> Self {
        self.may_refuse = true;
        self
    }
    pub fn unstated_mode(mut self) -> Self {
        self.unstated_mode = true;
        self
    }
    pub fn ours(mut self) -> Self {
        self.ours = true;
        self
    }
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }
}
