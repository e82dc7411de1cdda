//! From layers and flags to the settings of a session.

use std::path::{Path, PathBuf};

use dam_policy::{
    Access, ApprovalPolicy, Layer, Origin, Place, Places, Posture, Profile, ReviewerKind,
    SandboxMode, Sourced,
};

use crate::keys::Wishes;
use crate::layers::{self, Found};
use crate::merge::ProviderSettings;
use crate::places::{Dirs, Project, Surroundings, dirs};
use crate::source::nearest;
use crate::{ConfigError, git};

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
    wishes: Wishes,
    mode: Sourced<SandboxMode>,
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
    let found = layers::find(&cwd, profile, &options.overrides, surroundings, &dirs)?;
    let Found {
        layered,
        project,
        files,
        mut notices,
    } = found;
    let wishes = layered.wishes.clone().merge(flags(options));
    let home = surroundings
        .home
        .as_ref()
        .and_then(|home| home.canonicalize().ok());
    let mode = mode(&wishes, &project, &cwd, home.as_deref(), &mut notices);
    let approval_policy = wishes
        .approval_policy
        .clone()
        .unwrap_or(Sourced::builtin(ApprovalPolicy::OnRequest));
    let provider = provider(&wishes, &layered.providers)?;
    let places = places(options, &wishes, surroundings, &dirs, &cwd, home)?;
    let profile = shape(mode.value, &wishes);
    let posture = Posture {
        profile: Sourced::new(profile.resolve(&places), mode.origin.clone()),
        approval_policy,
        reviewer: if interactive {
            ReviewerKind::User
        } else {
            ReviewerKind::Nobody
        },
    };
    let model = wishes.model.clone();
    Ok(Settings {
        posture,
        model,
        provider,
        dirs,
        project,
        cwd,
        files,
        notices,
        wishes,
        mode,
    })
}

impl Settings {
    /// Every setting with its value and where it was set.
    pub fn origins(&self) -> Vec<(&'static str, String, Origin)> {
        let list = |roots: &Vec<PathBuf>| format!("{roots:?}");
        let workspace = &self.wishes.workspace;
        let or_builtin =
            |value: &Option<Sourced<bool>>| value.clone().unwrap_or(Sourced::builtin(false));
        let mut rows = vec![
            (
                "sandbox_mode",
                self.mode.value.to_string(),
                self.mode.origin.clone(),
            ),
            row(
                "approval_policy",
                &self.posture.approval_policy,
                ToString::to_string,
            ),
            row("model_provider", &self.provider, |provider| {
                provider.id.clone()
            }),
        ];
        rows.extend(
            self.model
                .as_ref()
                .map(|model| row("model", model, Clone::clone)),
        );
        rows.extend(
            workspace
                .writable_roots
                .as_ref()
                .map(|roots| row("sandbox_workspace_write.writable_roots", roots, list)),
        );
        for (key, value) in [
            (
                "sandbox_workspace_write.exclude_tmpdir_env_var",
                &workspace.exclude_tmpdir_env_var,
            ),
            (
                "sandbox_workspace_write.exclude_slash_tmp",
                &workspace.exclude_slash_tmp,
            ),
        ] {
            rows.push(row(key, &or_builtin(value), ToString::to_string));
        }
        rows.extend(self.wishes.environment.as_ref().map(|environment| {
            row("shell_environment_policy", environment, |policy| {
                format!("{policy:?}")
            })
        }));
        rows
    }
}

fn row<T>(
    key: &'static str,
    value: &Sourced<T>,
    text: impl Fn(&T) -> String,
) -> (&'static str, String, Origin) {
    (key, text(&value.value), value.origin.clone())
}

fn check_flags(options: &Options) -> Result<(), ConfigError> {
    let given = options.sandbox_mode.is_some();
    let conflict = if options.yolo
        && (given || options.full_auto || options.approval_policy.is_some())
    {
        "--dangerously-bypass-approvals-and-sandbox cannot be used with --sandbox, --full-auto or --ask-for-approval"
    } else if options.full_auto && given {
        "--full-auto cannot be used with --sandbox, which it stands for"
    } else {
        return Ok(());
    };
    Err(ConfigError::Flags(conflict.to_owned()))
}

fn flags(options: &Options) -> Wishes {
    fn flag<T>(value: T) -> Sourced<T> {
        Sourced::new(value, Origin::of(Layer::Flag))
    }
    let mut wishes = Wishes {
        sandbox_mode: options.sandbox_mode.map(flag),
        approval_policy: options.approval_policy.map(flag),
        model: options.model.clone().map(flag),
        ..Wishes::default()
    };
    if options.full_auto {
        wishes.sandbox_mode = Some(flag(SandboxMode::WorkspaceWrite));
        wishes
            .approval_policy
            .get_or_insert(flag(ApprovalPolicy::OnRequest));
    }
    if options.yolo {
        wishes.sandbox_mode = Some(flag(SandboxMode::DangerFullAccess));
        wishes.approval_policy = Some(flag(ApprovalPolicy::Never));
    }
    wishes
}

/// The mode: what somebody set, else by whether there is a way back to what
/// was there before.
fn mode(
    wishes: &Wishes,
    project: &Project,
    cwd: &Path,
    home: Option<&Path>,
    notices: &mut Vec<String>,
) -> Sourced<SandboxMode> {
    let default = if project.vcs {
        SandboxMode::WorkspaceWrite
    } else {
        SandboxMode::ReadOnly
    };
    let mode = wishes
        .sandbox_mode
        .clone()
        .unwrap_or(Sourced::builtin(default));
    let too_wide = cwd == Path::new("/") || home.is_some_and(|home| home.starts_with(cwd));
    if !too_wide || mode.value != SandboxMode::WorkspaceWrite {
        return mode;
    }
    // Typed for this very session: the person has seen where they are.
    if mode.origin.layer >= Layer::CommandLine {
        notices.push(format!(
            "{} and everything below it is writable",
            cwd.display()
        ));
        return mode;
    }
    notices.push(format!(
        "{} holds your home directory, so this session is read-only; work in a project, or say `--sandbox workspace-write`",
        cwd.display()
    ));
    Sourced::builtin(SandboxMode::ReadOnly)
}

fn provider(
    wishes: &Wishes,
    described: &std::collections::BTreeMap<String, Sourced<ProviderSettings>>,
) -> Result<Sourced<ProviderSettings>, ConfigError> {
    let Some(name) = &wishes.model_provider else {
        let own = described.get("openai").cloned();
        return Ok(own.unwrap_or_else(|| Sourced::builtin(ProviderSettings::openai())));
    };
    match described.get(&name.value) {
        Some(provider) => Ok(Sourced::new(provider.value.clone(), name.origin.clone())),
        None if name.value == "openai" => Ok(Sourced::new(
            ProviderSettings::openai(),
            name.origin.clone(),
        )),
        None => {
            let known: Vec<&str> = described.keys().map(String::as_str).collect();
            match nearest(&name.value, &known) {
                Some(near) => Err(ConfigError::Flags(format!(
                    "model_provider is `{}` ({}), which is not described; did you mean `{near}`?",
                    name.value, name.origin
                ))),
                None => Err(ConfigError::NoProvider {
                    name: name.value.clone(),
                    origin: name.origin.to_string(),
                }),
            }
        }
    }
}

/// The older keys, lowered into one profile.
fn shape(mode: SandboxMode, wishes: &Wishes) -> Profile {
    let mut profile = Profile::builtin(mode);
    let workspace = &wishes.workspace;
    if mode == SandboxMode::WorkspaceWrite {
        let set = |flag: &Option<Sourced<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
        profile.files.retain(|(place, ..)| match place {
            Place::Tmpdir => !set(&workspace.exclude_tmpdir_env_var),
            Place::SlashTmp => !set(&workspace.exclude_slash_tmp),
            _ => true,
        });
        if let Some(roots) = &workspace.writable_roots {
            profile.files.extend(roots.value.iter().map(|root| {
                let root = root.canonicalize().unwrap_or_else(|_| root.clone());
                (Place::Absolute(root), Access::Write, roots.origin.clone())
            }));
        }
    }
    if let Some(environment) = &wishes.environment {
        profile.environment = environment.value.clone();
    }
    profile
}

fn places(
    options: &Options,
    wishes: &Wishes,
    surroundings: &Surroundings,
    dirs: &Dirs,
    cwd: &Path,
    home: Option<PathBuf>,
) -> Result<Places, ConfigError> {
    let mut workspace_roots = vec![cwd.to_owned()];
    for directory_ in &options.add_dirs {
        workspace_roots.push(directory(directory_)?);
    }
    let mut writable = workspace_roots.clone();
    writable.extend(
        wishes
            .workspace
            .writable_roots
            .iter()
            .flat_map(|roots| roots.value.clone()),
    );
    let mut protected = git::protected(&writable);
    // Also where it does not exist yet: it would count in the next session.
    protected.push(
        dirs.config
            .canonicalize()
            .unwrap_or_else(|_| dirs.config.clone()),
    );
    let journal = dirs
        .journal
        .canonicalize()
        .unwrap_or_else(|_| dirs.journal.clone());
    Ok(Places {
        workspace_roots,
        home,
        tmpdir: surroundings
            .tmpdir
            .as_ref()
            .and_then(|dir| dir.canonicalize().ok()),
        protected,
        unreadable: vec![journal],
    })
}

fn directory(path: &Path) -> Result<PathBuf, ConfigError> {
    let canonical = path.canonicalize().ok().filter(|path| path.is_dir());
    canonical.ok_or_else(|| ConfigError::NoDirectory(path.to_owned()))
}
