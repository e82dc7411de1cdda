//! Finds the layers: files, the command line, and a project's own settings
//! where they are trusted.

use std::path::{Path, PathBuf};

use dam_policy::{Layer, Origin, Sourced};

use crate::ConfigError;
use crate::keys::{self, Layered, Wishes};
use crate::places::{Dirs, Project, Surroundings, project_files, project_root};
use crate::source::{Source, nearest};

/// Everything that was found, merged.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub layered: Layered,
    pub project: Project,
    pub files: Vec<PathBuf>,
    pub notices: Vec<String>,
}

/// Reads all layers but the flags.
pub(crate) fn find(
    cwd: &Path,
    profile: Option<&str>,
    overrides: &[String],
    surroundings: &Surroundings,
    dirs: &Dirs,
) -> Result<Found, ConfigError> {
    let mut found = Found::default();
    let home = surroundings.home.as_deref();
    let system = surroundings.system_dir.join("config.toml");
    for (layer, path) in [
        (Layer::System, system),
        (Layer::User, dirs.config.join("config.toml")),
    ] {
        found.add_file(layer, &path, home)?;
    }
    let mut typed = Layered::default();
    for text in overrides {
        typed = typed.merge(keys::read(&command_line(text), home)?);
    }
    found.add_project(cwd, &typed, home)?;
    found.layered = found.layered.merge(typed);
    found.apply_profile(profile)?;
    Ok(found)
}

impl Found {
    fn add_file(
        &mut self,
        layer: Layer,
        path: &Path,
        home: Option<&Path>,
    ) -> Result<(), ConfigError> {
        if let Some(source) = Source::read(layer, path)? {
            let read = keys::read(&source, home)?;
            self.layered = std::mem::take(&mut self.layered).merge(read);
            self.files.push(path.to_owned());
        }
        Ok(())
    }

    /// A project's own settings count only if the user trusts it, and only
    /// the user's own layers can say so.
    fn add_project(
        &mut self,
        cwd: &Path,
        typed: &Layered,
        home: Option<&Path>,
    ) -> Result<(), ConfigError> {
        let root = project_root(cwd);
        let trust = |path: &Path| {
            let level = typed
                .projects
                .get(path)
                .or_else(|| self.layered.projects.get(path));
            level.map(|level| level.value)
        };
        let trusted = root
            .as_deref()
            .or(Some(cwd))
            .and_then(trust)
            .unwrap_or(false);
        self.project = Project {
            vcs: root.is_some(),
            root,
            trusted,
        };
        let top = self.project.root.clone().unwrap_or_else(|| cwd.to_owned());
        for path in project_files(&top, cwd) {
            if !path.exists() {
                continue;
            }
            if trusted {
                self.add_file(Layer::Project, &path, home)?;
            } else {
                self.notices.push(format!(
                    "{} is not followed, because the project is not trusted",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    fn apply_profile(&mut self, flag: Option<&str>) -> Result<(), ConfigError> {
        let chosen = flag.map(str::to_owned);
        let Some(name) = chosen.or_else(|| self.layered.profile.as_ref().map(|p| p.value.clone()))
        else {
            return Ok(());
        };
        let Some(wishes) = self.layered.profiles.get(&name).cloned() else {
            let known: Vec<&str> = self.layered.profiles.keys().map(String::as_str).collect();
            let nearest = nearest(&name, &known).map(str::to_owned);
            return Err(ConfigError::NoProfile { name, nearest });
        };
        let present = std::mem::take(&mut self.layered.wishes);
        self.layered.wishes = present.merge(as_profile(wishes));
        Ok(())
    }
}

/// What a named profile says stands above the file that it is written in.
fn as_profile(wishes: Wishes) -> Wishes {
    fn lift<T>(value: Option<Sourced<T>>) -> Option<Sourced<T>> {
        value.map(|Sourced { value, origin }| {
            let layer = origin.layer.max(Layer::Profile);
            Sourced::new(value, Origin { layer, ..origin })
        })
    }
    Wishes {
        sandbox_mode: lift(wishes.sandbox_mode),
        approval_policy: lift(wishes.approval_policy),
        model: lift(wishes.model),
        model_provider: lift(wishes.model_provider),
        workspace: keys::WorkspaceWishes {
            writable_roots: lift(wishes.workspace.writable_roots),
            exclude_tmpdir_env_var: lift(wishes.workspace.exclude_tmpdir_env_var),
            exclude_slash_tmp: lift(wishes.workspace.exclude_slash_tmp),
        },
        environment: lift(wishes.environment),
    }
}

/// `-c key=value` as a text of settings. A value that is no TOML is a string.
fn command_line(text: &str) -> Source {
    let source = |text: String| Source {
        layer: Layer::CommandLine,
        file: None,
        text,
    };
    let plain = source(text.to_owned());
    if plain.table().is_ok() {
        return plain;
    }
    match text.split_once('=') {
        Some((key, value)) => source(format!("{key} = {:?}", value.trim())),
        None => plain,
    }
}
