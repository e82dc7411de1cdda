//! From layers and flags to the settings of a session.

use std::path::PathBuf;

use dam_policy::{
    ApprovalPolicy, EnvironmentPolicy, GitAccess, Inherit, Layer, Origin, Posture, Profile,
    ReviewerKind, SandboxMode, Sourced, is_never_inherited, looks_secret,
};

use crate::ConfigError;
use crate::error::Problem;
use crate::grants::{Ground, narrowed};
use crate::layers::{Found, find};
use crate::merged::{KeyPath, Leaf, Merged};
use crate::places::{Dirs, Surroundings, directory, dirs};
use crate::project::Project;
use crate::provider::{self, ProviderSettings};
use crate::value::Value;

const ENVIRONMENT: &str = "shell_environment_policy";

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
    /// Directories of our own.
    pub dirs: Dirs,
    /// The project around the working directory.
    pub project: Project,
    /// The working directory, canonical.
    pub cwd: PathBuf,
    /// The files that were read, weakest first.
    pub files: Vec<PathBuf>,
    /// What a person should know.
    pub notices: Vec<String>,
    entries: Vec<(String, String, Origin)>,
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
    let profile = options.profile.as_deref();
    let Found {
        mut merged,
        project,
        files,
        mut notices,
    } = find(&cwd, profile, &options.overrides, surroundings, &dirs)?;
    add_defaults(&mut merged, &project);
    add_flags(&mut merged, options);
    let provider = provider::chosen(&merged)?;
    let ground = Ground::new(&cwd, surroundings, &dirs, &files);
    let mode = narrowed(&mut merged, &ground, &mut notices)?;
    let approval_policy = approval_policy(&merged, mode.value)?;
    let mut shape = Profile::builtin(mode.value);
    if options.allow_git {
        shape.git = git_access(mode.value)?;
    }
    shape.environment = environment(&merged)?;
    let places = ground.places(&mut shape, &merged, options, &project, &mut notices)?;
    let posture = Posture {
        profile: Sourced::new(shape.resolve(&places), mode.origin),
        approval_policy,
        reviewer: if interactive {
            ReviewerKind::User
        } else {
            ReviewerKind::Nobody
        },
    };
    Ok(Settings {
        posture,
        model: merged.get(["model"]).and_then(sourced_text),
        provider,
        entries: entries(&merged),
        dirs,
        project,
        cwd,
        files,
        notices,
    })
}

impl Settings {
    /// Every setting, those under names of the user's own included, with its
    /// value as TOML has it and where it was set. Secrets are hidden.
    pub fn entries(&self) -> &[(String, String, Origin)] {
        &self.entries
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

/// What `--allow-git` asks for.
fn git_access(mode: SandboxMode) -> Result<GitAccess, ConfigError> {
    if mode == SandboxMode::ReadOnly {
        return Err(ConfigError::Flags(
            "--allow-git lets commands write to repositories, and this session is read-only; add `--sandbox workspace-write`"
                .to_owned(),
        ));
    }
    Ok(GitAccess::Commit)
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

fn approval_policy(
    merged: &Merged,
    mode: SandboxMode,
) -> Result<Sourced<ApprovalPolicy>, ConfigError> {
    let Some(leaf) = merged.get(["approval_policy"]) else {
        return Ok(Sourced::builtin(ApprovalPolicy::OnRequest));
    };
    if leaf.spot.origin.layer == Layer::Project && mode == SandboxMode::DangerFullAccess {
        let text = "a project may not say when you are asked while there is no boundary";
        let hint = "say `--ask-for-approval` for the session";
        return Err(leaf.spot.wrong(Problem::new(text).hint(hint)));
    }
    let policy = match leaf.value {
        Value::Approval(policy) => policy,
        _ => ApprovalPolicy::OnRequest,
    };
    Ok(Sourced::new(policy, leaf.spot.origin.clone()))
}

/// `[shell_environment_policy]`, and what holds the providers' secrets left
/// out besides, unless the user wants secrets handed on.
fn environment(merged: &Merged) -> Result<EnvironmentPolicy, ConfigError> {
    let get = |name| merged.get([ENVIRONMENT, name]).map(|leaf| &leaf.value);
    let texts = |name| match get(name) {
        Some(Value::Texts(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let mut policy = EnvironmentPolicy {
        inherit: match get("inherit") {
            Some(Value::Inherit(inherit)) => *inherit,
            _ => Inherit::All,
        },
        ignore_default_excludes: get("ignore_default_excludes") == Some(&Value::Switch(true)),
        pass: texts("pass"),
        exclude: texts("exclude"),
        include_only: texts("include_only"),
        set: merged
            .below(&[ENVIRONMENT, "set"])
            .filter_map(|(rest, leaf)| Some((rest.first()?.clone(), sourced_text(leaf)?.value)))
            .collect(),
    };
    let kept = policy.apply(std::iter::empty());
    if let Some(lost) = policy.set.keys().find(|name| !kept.contains_key(*name)) {
        let text = format!("`{lost}` is set, and `include_only` would leave it out again");
        let hint = format!("add `{lost}` to `include_only`");
        let problem = Problem::new(text).hint(hint);
        return Err(match merged.get([ENVIRONMENT, "set", lost]) {
            Some(leaf) => leaf.spot.wrong(problem),
            None => ConfigError::Flags(problem.text),
        });
    }
    check_passed(merged, &policy)?;
    if !policy.ignore_default_excludes {
        let mut secret = provider::secret_variables(merged);
        secret.retain(|name| !policy.pass.contains(name));
        policy.exclude.extend(secret);
    }
    Ok(policy)
}

/// What is passed must arrive.
fn check_passed(merged: &Merged, policy: &EnvironmentPolicy) -> Result<(), ConfigError> {
    let Some(leaf) = merged.get([ENVIRONMENT, "pass"]) else {
        return Ok(());
    };
    let variables = policy.pass.iter().map(|name| (name.clone(), String::new()));
    let kept = policy.apply(variables);
    let Some(lost) = policy.pass.iter().find(|name| !kept.contains_key(*name)) else {
        return Ok(());
    };
    let text = if is_never_inherited(lost) {
        format!("`{lost}` is never handed on: it makes programs load something, or leads outside")
    } else {
        format!("`{lost}` is passed, and `exclude` or `include_only` would leave it out again")
    };
    Err(leaf.spot.wrong(text))
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

/// The value as TOML, or a word in its place where it may be a secret.
fn shown(path: &KeyPath, value: &Value) -> String {
    const HIDDEN: &str = "\"[hidden]\"";
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
