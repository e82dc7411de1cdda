//! `dam doctor --attack`: tries to get out of the boundary, on this machine
//! and with the profile in effect.
//!
//! Every attempt is made twice, against a scene that is made for it: outside
//! the boundary, where it must succeed for its failure inside to mean
//! anything, and inside. Whether it got out is judged by what shows on the
//! host: files, sockets, a victim, what the attacker's process has open. The
//! attacker is this program once more.

pub mod attacker;
mod attempts;
mod look;
mod parties;
mod report;
mod scene;
mod traces;
mod trial;

use std::io;
use std::path::{Path, PathBuf};

use dam_config::{Options, Settings};
use dam_policy::{EnvironmentPolicy, Layer, Places, Profile, ResolvedProfile, SandboxMode};
use dam_sandbox::{HeldSignals, Launch, SandboxError, Stream, Tier};

use crate::arguments::{Approvals, Grants};
use crate::error::{CommandError, Kind};
use crate::exit;
use crate::output::{Output, WARNING, progress};
use crate::settings;
use crate::variables::{HOME, Variables};
use attempts::{Attempt, CLASSES, Class, Furniture};
use report::{Answer, Counts, Report, Row};
use scene::Scene;
use trial::Outcome;

/// What keeps an attempt from being made at all.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The scene cannot be laid out.
    #[error("cannot lay out a place for the attempts: {0}")]
    Scene(#[from] io::Error),
    /// A process cannot be started.
    #[error(transparent)]
    Start(#[from] SandboxError),
    /// The settings do not load in it.
    #[error(transparent)]
    Settings(#[from] dam_config::ConfigError),
}

impl From<Broken> for CommandError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Start(error) => Self::new(Kind::Boundary, error),
            Broken::Settings(error) => error.into(),
            Broken::Scene(_) => Self::new(Kind::Failed, broken),
        }
    }
}

/// Makes every attempt and says what came of it. Fails if one got out, or if
/// of one nothing is known.
pub fn run(
    grants: &Grants,
    json: bool,
    variables: &Variables,
    output: &mut Output,
) -> Result<u8, CommandError> {
    if grants.cd.is_some() {
        return Err(CommandError::user(
            "`--attack` makes a workspace of its own; leave `--cd` out",
        ));
    }
    let signals = dam_sandbox::hold_signals()?;
    let stage = Stage::prepare(grants, variables, output)?;
    let mut report = stage.empty_report()?;
    let all = || {
        CLASSES
            .iter()
            .flat_map(|class| class.attempts.iter().map(move |attempt| (class, attempt)))
    };
    let count = all().count();
    for (index, (class, attempt)) in all().enumerate() {
        stop_if_asked(&signals)?;
        progress(&format!(
            "{}/{count} {}: {}",
            index + 1,
            class.name,
            attempt.what
        ));
        let row = stage.tried(class, attempt);
        report.add(row.inspect_err(|_| progress(""))?);
    }
    progress("");
    if json {
        output.json(&report)?;
    } else {
        report.show(output)?;
    }
    output.flush()?;
    verdict(&report)
}

fn verdict(report: &Report) -> Result<u8, CommandError> {
    let counts = &report.counts;
    match (counts.escaped, counts.unknown) {
        (0, 0) => Ok(exit::OK.code),
        (0, unknown) => Err(CommandError::new(
            Kind::Failed,
            format!("of {unknown} attempts it is not known whether they are held"),
        )),
        (escaped, _) => Err(CommandError::new(
            Kind::Failed,
            format!(
                "{escaped} of {} attempts got out of the boundary",
                counts.attempts
            ),
        )),
    }
}

fn stop_if_asked(signals: &HeldSignals) -> Result<(), CommandError> {
    if signals.arrived() {
        return Err(CommandError::new(Kind::Interrupted, "interrupted"));
    }
    Ok(())
}

/// What all attempts share.
struct Stage<'a> {
    program: PathBuf,
    /// Below which scenes are made.
    base: PathBuf,
    /// The user's own settings, of which each scene has a copy.
    settings: PathBuf,
    options: Options,
    tier: Tier,
    variables: &'a Variables,
}

impl<'a> Stage<'a> {
    /// Loads the settings as they are, so that what is wrong with them is said
    /// of the real files, and finds a place that they do not grant.
    fn prepare(
        grants: &Grants,
        variables: &'a Variables,
        output: &mut Output,
    ) -> Result<Self, CommandError> {
        let mut options = settings::options(grants, &Approvals::default())?;
        let real = settings::load(&options, variables, true)?;
        for notice in &real.notices {
            output.labelled(WARNING, "note", notice);
        }
        // What nobody set is what a session in a repository starts with.
        if real.posture.profile.origin.layer == Layer::Builtin {
            options.sandbox_mode = Some(SandboxMode::WorkspaceWrite);
        }
        let program = std::env::current_exe()
            .map_err(|error| CommandError::internal(Broken::Scene(error)))?;
        let mut stage = Self {
            program,
            base: PathBuf::new(),
            settings: real.dirs.config.clone(),
            options,
            tier: if real.posture.profile.value.confined {
                super::trying::tier()?
            } else {
                Tier::Full
            },
            variables,
        };
        stage.base = stage.find_base()?;
        Ok(stage)
    }

    /// A directory in which a scene's outside is not granted. Not `/tmp`,
    /// which the workspace mode includes.
    fn find_base(&self) -> Result<PathBuf, CommandError> {
        let mut problem = None;
        let places = [
            Some(PathBuf::from("/var/tmp")),
            self.variables.directory(HOME),
        ];
        for base in places.into_iter().flatten() {
            let base = base.canonicalize().unwrap_or(base);
            match self.has_an_outside(&base) {
                Ok(true) => return Ok(base),
                Ok(false) => {}
                Err(broken) => problem = Some(broken),
            }
        }
        Err(match problem {
            Some(broken) => broken.into(),
            None => CommandError::user(
                "the profile grants writing in /var/tmp and in the home directory, so nothing is outside",
            ),
        })
    }

    fn has_an_outside(&self, base: &Path) -> Result<bool, Broken> {
        let scene = Scene::lay_out(base, &self.settings, Furniture::Plain)?;
        let profile = self.profile(&scene)?;
        let new = scene.outside().join("new");
        Ok(!profile.confined || !profile.files.write(&new).granted)
    }

    fn empty_report(&self) -> Result<Report, CommandError> {
        let scene =
            Scene::lay_out(&self.base, &self.settings, Furniture::Plain).map_err(Broken::Scene)?;
        let profile = self.profile(&scene)?;
        if profile.confined && !profile.files.read(&self.program).granted {
            return Err(CommandError::user(format!(
                "the profile does not let commands read {}, which is the attacker",
                self.program.display()
            )));
        }
        let tier = if profile.confined {
            self.tier.to_string()
        } else {
            "none".to_owned()
        };
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            kernel: super::kernel::release(),
            tier,
            profile: profile.name,
            root: rustix::process::geteuid().is_root(),
            counts: Counts::default(),
            attempts: Vec::new(),
        })
    }

    /// First outside, then inside.
    fn tried(&self, class: &Class, attempt: &Attempt) -> Result<Row, CommandError> {
        let outside = self.once(attempt, class.furniture, Side::Outside)?;
        let (answer, detail) = match outside {
            Outcome::Held(why) | Outcome::Unknown(why) => (Answer::Impossible, why),
            Outcome::Escaped(_) => match self.once(attempt, class.furniture, Side::Inside)? {
                Outcome::Held(met) => (Answer::Held, met),
                Outcome::Escaped(evidence) => match attempt.held_by {
                    Some(property) if self.tier.lacks().contains(&property) => {
                        (Answer::Lacking, property.without().to_owned())
                    }
                    _ => (Answer::Escaped, evidence),
                },
                Outcome::Unknown(why) => (Answer::Unknown, why),
            },
        };
        Ok(Row {
            class: class.name,
            name: attempt.name,
            what: attempt.what,
            answer,
            detail,
        })
    }

    fn once(&self, attempt: &Attempt, with: Furniture, side: Side) -> Result<Outcome, Broken> {
        let mut scene = Scene::lay_out(&self.base, &self.settings, with)?;
        if attempt.victim {
            scene.with_victim(&self.program)?;
        }
        let profile = self.profile(&scene)?;
        let readme = scene.workspace().join("README");
        let whole_workspace = profile.confined && !profile.files.write(&readme).granted;
        let env = scene.variables(self.variables).pairs();
        let launch = Launch {
            argv: scene.words(&self.program, attempt.name),
            cwd: scene.workspace(),
            profile: match side {
                Side::Inside => profile,
                Side::Outside => unconfined(&env),
            },
            env,
            transaction: None,
            stdin: Stream::Pipe,
            stdout: Stream::Pipe,
            stderr: Stream::Null,
            asking: None,
            tier: self.tier,
        };
        trial::run(&mut scene, launch, whole_workspace)
    }

    /// What the settings grant in a scene: with its home, its workspace, and
    /// its copy of the user's own.
    fn profile(&self, scene: &Scene) -> Result<ResolvedProfile, Broken> {
        let options = Options {
            cd: scene.workspace(),
            ..self.options.clone()
        };
        let variables = scene.variables(self.variables);
        let settings: Settings =
            dam_config::load(&options, &settings::surroundings(&variables), true)?;
        Ok(settings.posture.profile.value)
    }
}

#[derive(Clone, Copy)]
enum Side {
    Inside,
    Outside,
}

/// No boundary, and every variable as it is.
fn unconfined(env: &std::collections::BTreeMap<String, String>) -> ResolvedProfile {
    let mut profile = Profile::builtin(SandboxMode::DangerFullAccess).resolve(&Places::default());
    profile.environment = EnvironmentPolicy {
        set: env.clone(),
        ..EnvironmentPolicy::default()
    };
    profile
}
