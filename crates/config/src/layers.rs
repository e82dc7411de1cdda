//! Finds the layers: files, the command line, and a project's own settings
//! where they are trusted.

use std::path::{Path, PathBuf};

use dam_policy::{Inherit, Layer};

use crate::error::Problem;
use crate::merged::{Leaf, Merged};
use crate::places::{Dirs, Surroundings, settled};
use crate::project::{Project, word};
use crate::source::nearest;
use crate::value::Value;
use crate::walk::{Reading, leaves};
use crate::{ConfigError, file, overrides, provider, trust};

/// Everything that was found, merged.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub merged: Merged,
    pub project: Project,
    pub files: Vec<PathBuf>,
    pub notices: Vec<String>,
}

/// What the command line says of settings.
#[derive(Clone, Copy)]
pub(crate) struct Typed<'a> {
    /// Each `-c`.
    pub overrides: &'a [String],
    /// A file whose keys count as those.
    pub file: Option<&'a Path>,
}

/// Reads all layers but the flags.
pub(crate) fn find(
    cwd: &Path,
    profile: Option<&str>,
    typed: Typed<'_>,
    surroundings: &Surroundings,
    dirs: &Dirs,
) -> Result<Found, ConfigError> {
    let home = surroundings.home.as_deref();
    let mut found = Found {
        project: Project::around(cwd),
        ..Found::default()
    };
    found.add_builtin();
    let system = surroundings.system_dir.join("config.toml");
    let user = dirs.config.join("config.toml");
    let managed = surroundings.system_dir.join("managed_config.toml");
    found.add_file(Layer::System, &system, home)?;
    found.add_file(Layer::Managed, &managed, home)?;
    found.add_file(Layer::User, &user, home)?;
    if let Some(file) = typed.file {
        found.add_named_file(file, home)?;
    }
    for (path, leaf) in overrides::read(typed.overrides, home)? {
        found.merged.add(path, leaf);
    }
    // Before the project's files: neither may have a say in these.
    found.add_profile(profile, &dirs.config, home)?;
    found.judge_trust(cwd, home, dirs)?;
    found.add_project(cwd, home, &settled(&user))?;
    Ok(found)
}

impl Found {
    fn add_builtin(&mut self) {
        let mut set = |path: [&str; 2], value| self.merged.set(path, value, Layer::Builtin);
        for switch in [
            "network_access",
            "exclude_tmpdir_env_var",
            "exclude_slash_tmp",
        ] {
            set(["sandbox_workspace_write", switch], Value::Switch(false));
        }
        let environment = "shell_environment_policy";
        set([environment, "inherit"], Value::Inherit(Inherit::All));
        set(
            [environment, "ignore_default_excludes"],
            Value::Switch(false),
        );
        provider::add_builtin(&mut self.merged);
    }

    /// A file that the command line names: it has to be there.
    fn add_named_file(&mut self, path: &Path, home: Option<&Path>) -> Result<(), ConfigError> {
        if !file::is_there(path) {
            let text = format!("there is no file {}", path.display());
            return Err(ConfigError::Flags(text));
        }
        self.add_file(Layer::CommandLine, path, home)
    }

    fn add_file(
        &mut self,
        layer: Layer,
        path: &Path,
        home: Option<&Path>,
    ) -> Result<(), ConfigError> {
        let Some(source) = file::read(layer, path)? else {
            return Ok(());
        };
        // `<base>/.cofferdam/config.toml`
        let base = path.ancestors().nth(2);
        let reading = Reading {
            source: &source,
            home,
            base: base.filter(|_| layer == Layer::Project),
        };
        for (path, leaf) in leaves(&reading)? {
            self.merged.add(path, leaf);
        }
        self.files.push(path.to_owned());
        Ok(())
    }

    /// A named profile: a table of one of the files so far, or a file of its
    /// own beside the user's.
    fn add_profile(
        &mut self,
        flag: Option<&str>,
        config: &Path,
        home: Option<&Path>,
    ) -> Result<(), ConfigError> {
        if let Some(name) = flag {
            let value = Value::Text(name.to_owned());
            self.merged.set(["profile"], value, Layer::Flag);
        }
        let Some(chosen) = self.merged.get(["profile"]).cloned() else {
            return Ok(());
        };
        let Value::Text(name) = &chosen.value else {
            return Ok(());
        };
        let file = profile_file(config, name).filter(|file| file::is_there(file));
        let path = ["profiles", name];
        let table = self.merged.below(&path).next();
        match (table, file) {
            (Some((_, leaf)), Some(file)) => {
                let file = file.display();
                let text = format!("the profile `{name}` is described here and in {file}");
                let hint = format!(
                    "keep {file}, and move what [profiles.{name}] says there; or remove {file}"
                );
                Err(leaf.spot.wrong(Problem::new(text).hint(hint)))
            }
            (Some(_), None) => {
                self.merged.apply_profile(name);
                Ok(())
            }
            (None, Some(file)) => self.add_file(Layer::Profile, &file, home),
            (None, None) => Err(self.no_profile(&chosen, name, config)),
        }
    }

    fn no_profile(&self, chosen: &Leaf, name: &str, config: &Path) -> ConfigError {
        let files = profile_files(config);
        let tables = self.merged.names(&["profiles"]).into_iter();
        let known = tables.chain(files.iter().map(String::as_str));
        let missing = ConfigError::NoProfile {
            name: name.to_owned(),
            nearest: nearest(name, known).map(str::to_owned),
        };
        if chosen.spot.origin.layer == Layer::Flag {
            return missing;
        }
        let problem = Problem::new(missing.to_string());
        chosen.spot.wrong(match missing.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        })
    }

    fn judge_trust(
        &mut self,
        cwd: &Path,
        home: Option<&Path>,
        dirs: &Dirs,
    ) -> Result<(), ConfigError> {
        let top = self.project.top(cwd).to_owned();
        let word = word(&self.merged, &top, cwd, home)?;
        let trust = trust::judge(word.level, (&top, cwd), dirs)?;
        self.project.trusted = trust.counts();
        self.notices.extend(trust.notice());
        self.project.trust = trust;
        if let Some(inside) = word.inside {
            self.notices.push(format!(
                "[projects.\"{}\"] has no effect here: trust is given to a whole project, and the root of this one is {}",
                inside.display(),
                top.display()
            ));
        }
        Ok(())
    }

    /// A project's own settings count only if the user trusts it.
    fn add_project(
        &mut self,
        cwd: &Path,
        home: Option<&Path>,
        user: &Path,
    ) -> Result<(), ConfigError> {
        let files: Vec<PathBuf> = self
            .project
            .directories(cwd)
            .into_iter()
            .map(|directory| directory.join(".cofferdam/config.toml"))
            // The user's own file, where it happens to lie here, is read already.
            .filter(|path| file::is_there(path) && settled(path) != user)
            .collect();
        for path in files {
            if self.project.trusted {
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
}

/// What the name of a named profile's own file ends with.
const PROFILE_FILE: &str = ".config.toml";

/// Where a named profile has its own file; none, if no file can be called so.
fn profile_file(config: &Path, name: &str) -> Option<PathBuf> {
    let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let is_named = !name.is_empty() && name.chars().all(is_name);
    is_named.then(|| config.join(format!("{name}{PROFILE_FILE}")))
}

/// The names of the profiles that have a file of their own.
fn profile_files(config: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(config).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(PROFILE_FILE).map(str::to_owned)
    };
    entries.filter_map(name).collect()
}
