//! From layers and flags to the settings of a session.

use std::path::PathBuf;

use dam_policy::{ApprovalPolicy, Layer, Origin, Posture, SandboxMode, Sourced, looks_secret};

use crate::ConfigError;
use crate::explain::{Explanation, History};
use crate::grants::Ground;
use crate::layers::{Found, Typed, find};
use crate::merged::{KeyPath, Leaf, Merged};
use crate::places::{Dirs, Surroundings, directory, dirs};
use crate::posture::Scene;
use crate::project::Project;
use crate::provider::{self, ProviderSettings};
use crate::record::Record;
use crate::requirements::{Required, required};
use crate::rules::{self, Day, RuleBook, Sought};
use crate::scan::ScanSettings;
use crate::secrets::{self, SecretSettings};
use crate::telemetry::{self, TelemetrySettings};
use crate::trust;
use crate::value::Value;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--sandbox`.
    pub sandbox_mode: Option<SandboxMode>,
    /// `--ask-for-approval`.
    pub approval_policy: Option<ApprovalPolicy>,
    /// `--full-auto`.
    pub full_auto: bool,
    /// `--dangerously-bypass-approvals-and-sandbox`.
    pub yolo: bool,
    /// `--profile`.
    pub profile: Option<String>,
    /// Each `-c key=value`.
    pub overrides: Vec<String>,
    /// Each `--add-dir`, absolute.
    pub add_dirs: Vec<PathBuf>,
    /// `--allow-git`.
    pub allow_git: bool,
    /// The working directory, absolute.
    pub cd: PathBuf,
    /// `--model`.
    pub model: Option<String>,
    /// A file of settings that counts as if its keys were given by `-c`,
    /// absolute.
    pub with: Option<PathBuf>,
    /// Each `--rules`, absolute.
    pub rules: Vec<PathBuf>,
}

/// The settings of a session.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What may be done, and who is asked.
    pub posture: Posture,
    /// The model, if one is named.
    pub model: Option<Sourced<String>>,
    /// How to reach it.
    pub provider: Sourced<ProviderSettings>,
    /// What is sent to a collector; none if nothing is.
    pub telemetry: Option<TelemetrySettings>,
    /// Directories of our own.
    pub dirs: Dirs,
    /// What is kept of sessions.
    pub record: Record,
    /// What a scan may cost.
    pub scan: ScanSettings,
    /// The project around the working directory.
    pub project: Project,
    /// The working directory, canonical.
    pub cwd: PathBuf,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
    /// What the `.rules` files say, those rules that expired included.
    pub rules: RuleBook,
    /// What is put into requests at the edge.
    pub secrets: Vec<SecretSettings>,
    /// What a person should know.
    pub notices: Vec<String>,
    /// What an administrator fixed, with what the repository's class adds.
    pub required: Required,
    entries: Vec<(String, String, Origin)>,
    history: History,
}

/// Reads every layer and yields the settings. `interactive` says whether
/// somebody is there to ask.
pub fn load(
    options: &Options,
    surroundings: &Surroundings,
    interactive: bool,
) -> Result<Settings, ConfigError> {
    check_flags(options)?;
    let cwd = directory(&options.cd)?;
    let dirs = dirs(surroundings)?;
    // Before anything else: what cannot be relied on stops every start.
    let mut required = required(surroundings, &dirs.state)?;
    let profile = options.profile.as_deref();
    let Found {
        mut merged,
        project,
        mut files,
        mut notices,
    } = find(
        &cwd,
        profile,
        Typed {
            overrides: &options.overrides,
            file: options.with.as_deref(),
        },
        surroundings,
        &dirs,
    )?;
    let rules = rules::find(&Sought {
        system: &surroundings.system_dir,
        config: &dirs.config,
        project: project.top(&cwd),
        directories: project.directories(&cwd),
        trusted: project.trusted,
        files: &options.rules,
        today: Day::today(),
    })?;
    trust::check_still(&project.trust, (project.top(&cwd), &cwd), &dirs)?;
    files.extend(rules.files.iter().map(|file| file.path.clone()));
    notices.extend(rules.notices.iter().cloned());
    add_defaults(&mut merged, &project);
    add_flags(&mut merged, options);
    let provider = provider::chosen(&merged)?;
    let record = Record::read(&merged, &dirs);
    let scan = ScanSettings::read(&merged);
    notices.extend(record.notice());
    let mut ground = Ground::new(&cwd, surroundings, &dirs, &files);
    ground.close(&record.keys);
    let secrets = secrets::read(&merged)?;
    secrets::files(&secrets).for_each(|file| ground.close(file));
    let scene = Scene {
        options,
        ground: &ground,
        project: &project,
        interactive,
        cwd: &cwd,
        rules: rules.rules(),
    };
    let resolved = scene.constrained(merged, &mut required.requirements)?;
    notices.extend(resolved.notices);
    let (posture, merged) = (resolved.posture, resolved.merged);
    Ok(Settings {
        posture,
        model: merged.get(["model"]).and_then(sourced_text),
        provider,
        telemetry: telemetry::chosen(&merged),
        entries: entries(&merged),
        history: History::of(&merged),
        dirs,
        record,
        scan,
        project,
        cwd,
        files,
        rules,
        secrets,
        notices,
        required,
    })
}

impl Settings {
    /// Every setting, those under names of the user's own included, with its
    /// value as TOML has it and where it was set. Secrets are hidden.
    pub fn entries(&self) -> &[(String, String, Origin)] {
        &self.entries
    }

    /// What a key does, who may set it, and what each layer says of it.
    pub fn explain(&self, key: &str) -> Result<Explanation, ConfigError> {
        self.history.explain(key)
    }
}

fn check_flags(options: &Options) -> Result<(), ConfigError> {
    let given = options.sandbox_mode.is_some();
    let conflict = if options.yolo
        && (given || options.full_auto || options.approval_policy.is_some())
    {
        "--dangerously-bypass-approvals-and-sandbox cannot be used with --sandbox, --full-auto or --ask-for-approval"
    } else if options.full_auto && given {
        "--full-auto cannot be used with --sandbox, which it stands for"
    } else if options
        .model
        .as_ref()
        .is_some_and(|model| model.trim().is_empty())
    {
        "--model needs the name of a model"
    } else {
        return Ok(());
    };
    Err(ConfigError::Flags(conflict.to_owned()))
}

/// What nobody set: writing is granted where there is a way back to what was
/// there before.
fn add_defaults(merged: &mut Merged, project: &Project) {
    let mode = if project.vcs {
        SandboxMode::WorkspaceWrite
    } else {
        SandboxMode::ReadOnly
    };
    merged.set(["sandbox_mode"], Value::Mode(mode), Layer::Builtin);
    let policy = Value::Approval(ApprovalPolicy::OnRequest);
    merged.set(["approval_policy"], policy, Layer::Builtin);
}

fn add_flags(merged: &mut Merged, options: &Options) {
    let mut mode = options.sandbox_mode;
    let mut policy = options.approval_policy;
    if options.full_auto {
        mode = Some(SandboxMode::WorkspaceWrite);
        policy.get_or_insert(ApprovalPolicy::OnRequest);
    }
    if options.yolo {
        mode = Some(SandboxMode::DangerFullAccess);
        policy = Some(ApprovalPolicy::Never);
    }
    let model = options.model.clone();
    for (key, value) in [
        ("sandbox_mode", mode.map(Value::Mode)),
        ("approval_policy", policy.map(Value::Approval)),
        ("model", model.map(Value::Text)),
    ] {
        if let Some(value) = value {
            merged.set([key], value, Layer::Flag);
        }
    }
}

fn sourced_text(leaf: &Leaf) -> Option<Sourced<String>> {
    match &leaf.value {
        Value::Text(text) => Some(Sourced::new(text.clone(), leaf.spot.origin.clone())),
        _ => None,
    }
}

fn entries(merged: &Merged) -> Vec<(String, String, Origin)> {
    merged
        .iter()
        .map(|(path, leaf)| {
            let value = shown(path, &leaf.value);
            (path.to_string(), value, leaf.spot.origin.clone())
        })
        .collect()
}

/// What stands in the place of what may be a secret.
pub(crate) const HIDDEN: &str = "\"[hidden]\"";

/// The value as TOML, or a word in its place where it may be a secret.
pub(crate) fn shown(path: &KeyPath, value: &Value) -> String {
    let parts = path.parts();
    let is_below = |name: &str| parts.iter().rev().nth(1).is_some_and(|part| part == name);
    let is_named_by_user = is_below("query_params") || is_below("set");
    let name = parts.last().filter(|_| is_named_by_user);
    match value {
        Value::Text(_) if is_below("http_headers") => HIDDEN.to_owned(),
        Value::Text(text) if looks_secret(name.map_or("", String::as_str), text) => {
            HIDDEN.to_owned()
        }
        other => other.to_string(),
    }
}
