//! From the command line and the environment to settings: what `dam-config`
//! is given.

use std::io::{IsTerminal, stderr, stdin};
use std::path::PathBuf;

use dam_config::trust::{Record, Trust};
use dam_config::{Dirs, Options, Settings, Surroundings};
use dam_gate::{Gate, Nobody};
use dam_journal::{Journal, Retention, SessionId};
use dam_policy::{Leaving, Limit, ReviewerName};
use dam_sandbox::{Asking, SandboxError, Tier, seatbelt};
use rustix::system::uname;

use crate::arguments::{Approvals, Grants};
use crate::error::{CommandError, Kind};
use crate::output::{Output, WARNING};
use crate::variables::{
    COFFERDAM_HOME, HOME, TMPDIR, Variables, XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME,
};

/// Where administrators put settings.
const SYSTEM_DIR: &str = "/etc/cofferdam";
/// Whose files those of administrators are.
const ROOT: u32 = 0;

/// Whether somebody is there to ask.
pub fn is_interactive() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Where things are, by the environment.
pub fn surroundings(variables: &Variables) -> Surroundings {
    Surroundings {
        home: variables.directory(HOME),
        cofferdam_home: variables.directory(COFFERDAM_HOME),
        xdg_config_home: variables.directory(XDG_CONFIG_HOME),
        xdg_state_home: variables.directory(XDG_STATE_HOME),
        xdg_data_home: variables.directory(XDG_DATA_HOME),
        tmpdir: variables.directory(TMPDIR),
        system_dir: PathBuf::from(SYSTEM_DIR),
        administrator: ROOT,
        host: uname().nodename().to_string_lossy().into_owned(),
    }
}

/// How a person is asked about what the boundary refuses, where policy asks.
/// Our own files are never granted.
pub fn asking(settings: &Settings, pause: bool) -> Option<Asking> {
    let gate = Gate::new(settings.posture.clone(), Box::new(Nobody));
    let Dirs {
        config,
        state,
        journal,
    } = settings.dirs.clone();
    // The file may be a link to elsewhere.
    let file = config.join("config.toml");
    gate.asks_about_refusals().then(|| Asking {
        patience: dam_sandbox::PATIENCE,
        never: vec![config, file, state, journal, PathBuf::from(SYSTEM_DIR)],
        pause,
    })
}

/// What the command line asks for.
pub fn options(grants: &Grants, approvals: &Approvals) -> Result<Options, CommandError> {
    let here = std::env::current_dir()
        .map_err(|error| CommandError::user(format!("the current directory is gone: {error}")))?;
    let cd = grants
        .cd
        .as_ref()
        .map_or_else(|| here.clone(), |dir| here.join(dir));
    Ok(Options {
        sandbox_mode: grants.sandbox,
        approval_policy: approvals.ask_for_approval,
        full_auto: grants.full_auto,
        yolo: approvals.dangerously_bypass_approvals_and_sandbox,
        profile: grants.profile.clone(),
        overrides: grants.config.clone(),
        add_dirs: grants.add_dir.iter().map(|dir| here.join(dir)).collect(),
        allow_git: grants.allow_git,
        cd,
        model: None,
        with: None,
        rules: grants.rules.iter().map(|file| here.join(file)).collect(),
    })
}

/// Directories of our own.
pub fn dirs(variables: &Variables) -> Result<Dirs, CommandError> {
    Ok(dam_config::dirs(&surroundings(variables))?)
}

/// The settings in effect.
pub fn load(
    options: &Options,
    variables: &Variables,
    interactive: bool,
) -> Result<Settings, CommandError> {
    Ok(dam_config::load(
        options,
        &surroundings(variables),
        interactive,
    )?)
}

/// Whether a person may answer questions, if one is there.
pub fn person_may_answer(settings: &Settings) -> bool {
    let allowed = settings.required.requirements.floor.reviewers.as_ref();
    allowed.is_none_or(|allowed| allowed.value.contains(&ReviewerName::User))
}

/// Whether a model may be used: where models are is not for us to say.
pub fn check_models(settings: &Settings) -> Result<(), CommandError> {
    match &settings.required.requirements.residency {
        None => Ok(()),
        Some(place) => Err(CommandError::user(format!(
            "models must be in `{}` (required by {}), and this version cannot hold a provider to a place",
            place.value, place.origin
        ))
        .hint("`dam run` and `dam sandbox` use no model; or ask your administrator")),
    }
}

/// Whether a command may be run without a boundary because it was typed.
pub fn check_leaving(settings: &Settings) -> Result<(), CommandError> {
    match &settings.posture.held.leaving {
        Leaving::Free => Ok(()),
        Leaving::Asked(origin) | Leaving::Never(origin) => Err(CommandError::new(
            Kind::Denied,
            format!("nothing may run without a boundary here (required by {origin})"),
        )),
    }
}

/// Pins a project that the settings trust at first sight at what it holds now.
pub fn pin(settings: &Settings, output: &mut Output) -> Result<(), CommandError> {
    let Trust::FirstSight(content) = &settings.project.trust else {
        return Ok(());
    };
    let root = settings.project.top(&settings.cwd);
    Record::new(root, content.clone()).write(&settings.dirs)?;
    if !content.files.is_empty() {
        let text = format!(
            "{} is trusted as it is now; what changes in its settings and instructions is for `dam trust`",
            dam_journal::clean(&root.display().to_string())
        );
        output.labelled(WARNING, "note", &text);
    }
    Ok(())
}

/// Puts the command line's limits into the profile.
pub fn limit(settings: &mut Settings, grants: &Grants) -> Result<(), CommandError> {
    let profile = &mut settings.posture.profile.value;
    if !profile.confined && !grants.limit.is_empty() {
        return Err(CommandError::user(
            "a limit needs a boundary to hold it, and there is to be none",
        )
        .hint("leave out `--limit`, or the option that takes the boundary away"));
    }
    for (limit, value) in &grants.limit {
        profile.limits.put(*limit, *value);
    }
    // What this machine's boundary leaves out is said before anything runs.
    if cfg!(target_os = "macos")
        && let Ok(policy) = seatbelt::policy(profile)
    {
        settings.notices.extend(policy.gaps);
    }
    Ok(())
}

/// Where the limit that a command has reached was set, for messages.
pub fn limit_set_by(limit: Limit, grants: &Grants, settings: &Settings) -> String {
    let name = &settings.posture.profile.value.name;
    if grants.limit.iter().any(|(set, _)| *set == limit) {
        "`--limit`".to_owned()
    } else if name.starts_with(':') {
        "[limits]".to_owned()
    } else {
        format!("[limits] or [permissions.{name}.limits]")
    }
}

/// The journal of a new session, as the settings will have it. The requirements
/// that it begins under are remembered, so that no older ones count again for
/// this user.
pub fn journal(settings: &Settings) -> Result<Journal, CommandError> {
    if let Some(signed) = &settings.required.signed {
        dam_config::signature::remember(&settings.dirs.state, signed)?;
    }
    let session = SessionId::generate()?;
    let (dir, options) = (&settings.dirs.journal, record(settings));
    Ok(Journal::create_with(dir, &session, &options)?)
}

/// The directory of the key that signs journals, by the settings that are in
/// effect here; `None` if they cannot be read.
pub fn keys(variables: &Variables) -> Option<PathBuf> {
    let options = Options {
        cd: std::env::current_dir().ok()?,
        ..Options::default()
    };
    let settings = load(&options, variables, false).ok()?;
    Some(settings.record.keys)
}

/// How the settings will have journals written.
pub fn record(settings: &Settings) -> dam_journal::Options {
    let record = &settings.record;
    dam_journal::Options {
        keys: Some(record.keys.clone()),
        retention: Retention {
            max_bytes: record.max_bytes,
            max_age: record.max_age,
        },
        // A part of what there may be, so that parts can be removed.
        segment_bytes: record
            .max_bytes
            .map_or(64 * 1024 * 1024, |most| (most / 8).min(64 * 1024 * 1024)),
        kept: record.kept,
    }
}

/// The tier of the boundary that is put up for a session.
pub fn tier(settings: &Settings) -> Result<Tier, SandboxError> {
    let profile = &settings.posture.profile.value;
    if profile.confined {
        // What asks for more is refused before the session begins.
        let tier = Tier::choose(&settings.dirs.state)?;
        tier.suffices(profile)?;
        Ok(tier)
    } else {
        // Nothing is put up, so that nothing need be tried out.
        Ok(Tier::Full)
    }
}

/// A weaker boundary is never taken silently.
pub fn warn_of(tier: Tier, output: &mut Output) {
    if tier.lacks().is_empty() {
        return;
    }
    let lacks: Vec<&str> = tier.lacks().iter().map(|lack| lack.without()).collect();
    let text = format!("the boundary is weaker here ({tier}): {}", lacks.join("; "));
    output.labelled(WARNING, "note", &text);
}
