//! What a session may write, and what it may not although it lies within.
//!
//! A writable directory must not be one that holds more than somebody's work:
//! the whole disk, a home directory, our own settings, a repository's insides.

mod fit;

use std::path::{Path, PathBuf};

use dam_policy::{
    Access, CREDENTIAL_STORES, GitAccess, Layer, Origin, Place, Places, Profile, SandboxMode,
    Sourced, protected_name,
};

use crate::ConfigError;
use crate::error::Problem;
use crate::git::{self, GitSettings};
use crate::merged::Merged;
use crate::permissions::{self, Shape};
use crate::places::{Dirs, Surroundings, below_home, directory, settled, settled_below};
use crate::project::Project;
use crate::settings::Options;
use crate::source::Spot;
use crate::value::Value;

const WORKSPACE: &str = "sandbox_workspace_write";

/// What programs start or load from a home directory, besides what is
/// protected by name.
const HOME_RUNS: &[&str] = &[".config", ".local", ".cargo", "bin"];

/// The ground that a session stands on.
pub(crate) struct Ground {
    cwd: PathBuf,
    home: Option<PathBuf>,
    tmpdir: Option<PathBuf>,
    config: PathBuf,
    state: PathBuf,
    /// The administrator's settings.
    system: PathBuf,
    /// Where the files that were read really are.
    files: Vec<PathBuf>,
    /// Unreadable besides what is by default.
    unreadable: Vec<PathBuf>,
    /// Where everything that is unreadable really is.
    denied: Vec<PathBuf>,
    git: GitSettings,
}

/// Why a directory cannot be made writable as a whole.
enum Unfit {
    /// It is the home directory.
    Home,
    /// It is wider, or holds what must not be written.
    Never(String),
}

impl Unfit {
    fn why(self) -> String {
        match self {
            Self::Home => "it is your home directory".to_owned(),
            Self::Never(why) => why,
        }
    }
}

/// The profile that is chosen, narrowed where the working directory is too much
/// to write. What was typed for this very session is not narrowed: the person
/// has seen where they are, and gets it or an error.
pub(crate) fn chosen(
    merged: &mut Merged,
    ground: &Ground,
    notices: &mut Vec<String>,
) -> Result<Shape, ConfigError> {
    let home = ground.home.as_deref();
    permissions::check(merged, home)?;
    if let Some((name, spot)) = permissions::choice(merged, notices)? {
        let mut shape = permissions::shape(merged, &name, &spot, home)?;
        let writes = |(place, access): (&Place, Access)| {
            *place == Place::WorkspaceRoots && access == Access::Write
        };
        if shape.says().any(writes) {
            let is_typed = spot.origin.layer >= Layer::CommandLine;
            ground.narrow(&mut shape, is_typed, notices)?;
        }
        return Ok(shape);
    }
    let mode = narrowed(merged, ground, notices)?;
    permissions::older(merged, mode, home, notices)
}

fn narrowed(
    merged: &mut Merged,
    ground: &Ground,
    notices: &mut Vec<String>,
) -> Result<Sourced<SandboxMode>, ConfigError> {
    let (mode, origin) = match merged.get(["sandbox_mode"]) {
        Some(leaf) => match leaf.value {
            Value::Mode(mode) => (mode, leaf.spot.origin.clone()),
            _ => return Ok(Sourced::builtin(SandboxMode::ReadOnly)),
        },
        None => return Ok(Sourced::builtin(SandboxMode::ReadOnly)),
    };
    let is_typed = origin.layer >= Layer::CommandLine;
    let unfit = if mode == SandboxMode::WorkspaceWrite {
        ground.unfit(&ground.cwd)?
    } else {
        None
    };
    match unfit {
        None => Ok(Sourced::new(mode, origin)),
        Some(Unfit::Home) if is_typed => {
            notices.push(format!(
                "everything in {} is writable, because it is the working directory; work in a project instead",
                ground.cwd.display()
            ));
            Ok(Sourced::new(mode, origin))
        }
        Some(Unfit::Never(why)) if is_typed => Err(ConfigError::Unfit {
            path: ground.cwd.clone(),
            why,
        }),
        Some(unfit) => {
            notices.push(format!(
                "this session is read-only, because of where it is: {}: {}; work in a project",
                ground.cwd.display(),
                unfit.why()
            ));
            let value = Value::Mode(SandboxMode::ReadOnly);
            merged.replace(["sandbox_mode"], value, Layer::Builtin);
            Ok(Sourced::builtin(SandboxMode::ReadOnly))
        }
    }
}

impl Ground {
    pub(crate) fn new(
        cwd: &Path,
        surroundings: &Surroundings,
        dirs: &Dirs,
        files: &[PathBuf],
    ) -> Self {
        let home = surroundings.home.as_deref().map(settled);
        let state = settled(&dirs.state);
        let mut unreadable = vec![state.clone()];
        unreadable.extend(moved_stores(surroundings));
        let stores = home
            .iter()
            .flat_map(|home| settled_below(home, CREDENTIAL_STORES.iter().map(|store| store.path)));
        let denied = stores.chain(unreadable.iter().cloned()).collect();
        Self {
            git: GitSettings {
                system: surroundings
                    .system_dir
                    .parent()
                    .map(|etc| etc.join("gitconfig")),
                home: home.clone(),
                xdg_config: surroundings.xdg_config_home.clone(),
            },
            cwd: cwd.to_owned(),
            tmpdir: surroundings.tmpdir.clone(),
            config: settled(&dirs.config),
            system: settled(&surroundings.system_dir),
            files: files.iter().map(|file| settled(file)).collect(),
            home,
            state,
            unreadable,
            denied,
        }
    }

    /// Closes one more place to boxed processes, unless it is closed already.
    pub(crate) fn close(&mut self, path: &Path) {
        if path.starts_with(&self.state) {
            return;
        }
        self.unreadable.push(path.to_owned());
        self.denied.push(path.to_owned());
    }

    /// Where git finds what holds for every repository.
    pub(crate) const fn git(&self) -> &GitSettings {
        &self.git
    }

    /// The places of the session; the profile gets what settings name, and
    /// loses what they exclude.
    pub(crate) fn places(
        &self,
        shape: &mut Shape,
        merged: &Merged,
        options: &Options,
        project: &Project,
        notices: &mut Vec<String>,
    ) -> Result<Places, ConfigError> {
        let is_workspace = shape.writes_in(&Place::WorkspaceRoots);
        let is_older = shape.is_older && is_workspace;
        let mut workspace_roots = vec![self.cwd.clone()];
        let is_read_only = shape.profile.confined && !is_workspace;
        workspace_roots.extend(self.added(options, is_read_only, notices)?);
        workspace_roots.extend(self.named_roots(shape)?);
        if is_older {
            exclude(&mut shape.profile, merged);
        }
        let mut places = Places {
            workspace_roots,
            home: self.home.clone(),
            tmpdir: self.temporary(shape, notices)?,
            unreadable: self.unreadable(shape),
            ..Places::default()
        };
        if is_older {
            for (root, origin) in self.roots(merged, project)? {
                let root = (Place::Absolute(root), Access::Write, origin);
                shape.profile.files.push(root);
            }
            say_what_exclusions_do(merged, shape, places.tmpdir.as_deref(), notices);
        }
        self.fit(shape, &places, notices)?;
        if shape.writes() {
            (places.protected, places.repositories) = self.protected(shape, &places)?;
        } else if shape.profile.confined && shape.profile.git == GitAccess::Commit {
            notices.push("nothing can be committed in this session, which is read-only".to_owned());
        }
        Ok(places)
    }

    /// What `--add-dir` adds.
    fn added(
        &self,
        options: &Options,
        is_read_only: bool,
        notices: &mut Vec<String>,
    ) -> Result<Vec<PathBuf>, ConfigError> {
        if is_read_only && !options.add_dirs.is_empty() {
            return Err(ConfigError::Flags(
                "--add-dir makes a directory writable, and this session is read-only; add `--sandbox workspace-write`"
                    .to_owned(),
            ));
        }
        let mut added = Vec::new();
        for path in &options.add_dirs {
            let path = directory(path)?;
            match self.unfit(&path)? {
                None => {}
                Some(Unfit::Home) => notices.push(format!(
                    "everything in {} is writable, because --add-dir names it",
                    path.display()
                )),
                Some(Unfit::Never(why)) => return Err(ConfigError::Unfit { path, why }),
            }
            added.push(path);
        }
        Ok(added)
    }

    /// What a profile's `workspace_roots` adds.
    fn named_roots(&self, shape: &Shape) -> Result<Vec<PathBuf>, ConfigError> {
        let is_written = shape.writes_in(&Place::WorkspaceRoots);
        let root = |(path, spot): (&String, &Spot)| {
            let found =
                below_home(path, self.home.as_deref()).and_then(|path| directory(&path).ok());
            let Some(root) = found else {
                let problem = Problem::new(format!("there is no directory {path}"));
                return Err(spot.wrong(problem.hint("make it, or take it out")));
            };
            match self.unfit(&root)?.filter(|_| is_written) {
                None => Ok(root),
                Some(unfit) => Err(spot.wrong(format!(
                    "{} cannot be a writable directory: {}",
                    root.display(),
                    unfit.why()
                ))),
            }
        };
        shape.roots.iter().map(root).collect()
    }

    /// What is unreadable besides the stores in the home directory. A store
    /// that the environment has moved can be named by whoever means it.
    fn unreadable(&self, shape: &Shape) -> Vec<PathBuf> {
        let is_named = |path: &PathBuf| {
            shape.said.iter().any(|said| {
                matches!(&said.named.place, Place::Absolute(named) if settled(named) == *path)
                    && said.access == Access::Read
            })
        };
        let all = self.unreadable.iter();
        let kept = all.filter(|path| **path == self.state || !is_named(path));
        kept.cloned().collect()
    }

    /// What `writable_roots` adds, each with its origin.
    fn roots(
        &self,
        merged: &Merged,
        project: &Project,
    ) -> Result<Vec<(PathBuf, Origin)>, ConfigError> {
        let Some(leaf) = merged.get([WORKSPACE, "writable_roots"]) else {
            return Ok(Vec::new());
        };
        let Value::Paths(paths) = &leaf.value else {
            return Ok(Vec::new());
        };
        let by_project = leaf.spot.origin.layer == Layer::Project;
        let check = |path: &PathBuf| {
            let Ok(root) = directory(path) else {
                let text = format!("there is no directory {}", path.display());
                let hint = "make it, or take it out";
                return Err(leaf.spot.wrong(Problem::new(text).hint(hint)));
            };
            if by_project && !root.starts_with(project.top(&self.cwd)) {
                let text = format!(
                    "a project may not make {} writable, which is outside of it",
                    root.display()
                );
                let problem = Problem::new(text).hint("set it in your own config.toml");
                return Err(leaf.spot.wrong(problem));
            }
            match self.unfit(&root)? {
                None => Ok((root, leaf.spot.origin.clone())),
                Some(unfit) => Err(leaf.spot.wrong(format!(
                    "{} cannot be a writable directory: {}",
                    root.display(),
                    unfit.why()
                ))),
            }
        };
        paths.iter().map(check).collect()
    }

    /// Where `TMPDIR` points, if that can be granted.
    fn temporary(
        &self,
        shape: &Shape,
        notices: &mut Vec<String>,
    ) -> Result<Option<PathBuf>, ConfigError> {
        let is_named = shape
            .says()
            .any(|(place, _)| place.is_within(&Place::Tmpdir));
        let Some(set) = self.tmpdir.as_ref().filter(|_| is_named) else {
            return Ok(None);
        };
        if !shape.writes_in(&Place::Tmpdir) {
            return Ok(directory(set).ok());
        }
        let not_granted = |why: &str| {
            format!(
                "TMPDIR ({}) is not writable in this session: {why}",
                set.display()
            )
        };
        let Ok(tmpdir) = directory(set) else {
            notices.push(not_granted("there is no such directory"));
            return Ok(None);
        };
        if shape.writes_in(&Place::SlashTmp) && tmpdir == Path::new("/tmp") {
            return Ok(Some(tmpdir));
        }
        match self.unfit(&tmpdir)? {
            None => Ok(Some(tmpdir)),
            Some(unfit) => {
                notices.push(not_granted(&unfit.why()));
                Ok(None)
            }
        }
    }

    /// Why a directory cannot be writable as a whole, if it cannot.
    fn unfit(&self, root: &Path) -> Result<Option<Unfit>, ConfigError> {
        if root == Path::new("/") {
            return Ok(Some(Unfit::Never("it is the whole file system".to_owned())));
        }
        if let Some(home) = &self.home {
            if root == home {
                return Ok(Some(Unfit::Home));
            }
            if home.starts_with(root) {
                let why = "your home directory is below it";
                return Ok(Some(Unfit::Never(why.to_owned())));
            }
        }
        let own = [&self.config, &self.state, &self.system];
        if own.iter().any(|dir| root.starts_with(dir)) {
            let why = "it belongs to Cofferdam itself";
            return Ok(Some(Unfit::Never(why.to_owned())));
        }
        if self.denied(root) {
            let why = "it belongs to a credential store";
            return Ok(Some(Unfit::Never(why.to_owned())));
        }
        if is_inside(root) || git::is_git_directory(root) {
            let why = "it is inside of a repository's or a project's own settings";
            return Ok(Some(Unfit::Never(why.to_owned())));
        }
        let runs = git::search(&[root], &self.git)?;
        Ok(runs
            .protected
            .iter()
            .chain(&runs.repositories)
            .find(|path| root.starts_with(path))
            .map(|path| Unfit::Never(format!("git runs what is in {}", path.display()))))
    }

    /// Whether nothing at the path may even be read.
    fn denied(&self, path: &Path) -> bool {
        self.denied.iter().any(|denied| path.starts_with(denied))
    }

    /// What lies in a writable place and must not be written. Only that: a
    /// rule of its own on a path elsewhere could make readable what is not. And
    /// the directories of the repositories.
    fn protected(
        &self,
        shape: &Shape,
        places: &Places,
    ) -> Result<(Vec<PathBuf>, Vec<PathBuf>), ConfigError> {
        let is_temporary =
            |place: &Place| place.is_within(&Place::Tmpdir) || place.is_within(&Place::SlashTmp);
        let files = shape.profile.files.iter();
        let written = files.filter(|(_, access, _)| *access == Access::Write);
        let (temporary, written): (Vec<_>, Vec<_>) =
            written.partition(|(place, ..)| is_temporary(place));
        let paths = |all: Vec<&(Place, Access, Origin)>| -> Vec<PathBuf> {
            all.iter()
                .flat_map(|(place, ..)| place.paths(places))
                .collect()
        };
        let (written, temporary) = (paths(written), paths(temporary));
        let mut roots: Vec<&Path> = written.iter().map(PathBuf::as_path).collect();
        let git = git::search(&roots, &self.git)?;
        let mut found: Vec<PathBuf> = git.protected.into_iter().collect();
        found.push(self.config.clone());
        found.push(self.system.clone());
        found.extend(self.files.iter().cloned());
        let home_is_writable = |home: &&PathBuf| roots.contains(&home.as_path());
        if let Some(home) = self.home.as_ref().filter(home_is_writable) {
            found.extend(HOME_RUNS.iter().map(|name| home.join(name)));
        }
        roots.extend(temporary.iter().map(PathBuf::as_path));
        found.retain(|path| roots.iter().any(|root| path.starts_with(root)) && !self.denied(path));
        found.sort();
        found.dedup();
        let repositories = git.repositories.into_iter();
        let repositories = repositories.filter(|path| !self.denied(path));
        Ok((found, repositories.collect()))
    }
}

/// The credential stores that the environment has moved.
fn moved_stores(surroundings: &Surroundings) -> Vec<PathBuf> {
    let bases = [
        (".config/", &surroundings.xdg_config_home),
        (".local/share/", &surroundings.xdg_data_home),
        (".local/state/", &surroundings.xdg_state_home),
    ];
    let mut moved = Vec::new();
    for (usual, set) in bases {
        let Some(set) = set else { continue };
        let below = CREDENTIAL_STORES.iter();
        let below = below.filter_map(|store| store.path.strip_prefix(usual));
        moved.extend(settled_below(set, below));
    }
    moved
}

fn is_set(merged: &Merged, name: &str) -> bool {
    merged
        .get([WORKSPACE, name])
        .is_some_and(|leaf| leaf.value == Value::Switch(true))
}

fn exclude(shape: &mut Profile, merged: &Merged) {
    shape.files.retain(|(place, ..)| match place {
        Place::Tmpdir => !is_set(merged, "exclude_tmpdir_env_var"),
        Place::SlashTmp => !is_set(merged, "exclude_slash_tmp"),
        _ => true,
    });
}

/// An exclusion that another grant undoes is said, not left to be found out.
fn say_what_exclusions_do(
    merged: &Merged,
    shape: &Shape,
    tmpdir: Option<&Path>,
    notices: &mut Vec<String>,
) {
    let slash_tmp = Path::new("/tmp");
    let excluded = is_set(merged, "exclude_slash_tmp");
    if excluded && tmpdir.is_some_and(|dir| slash_tmp.starts_with(dir)) {
        notices.push(
            "`exclude_slash_tmp` alone does not keep /tmp read-only, because TMPDIR names it; set `exclude_tmpdir_env_var`, too"
                .to_owned(),
        );
    }
    if is_set(merged, "exclude_tmpdir_env_var") && shape.writes_in(&Place::SlashTmp) {
        notices.push(
            "`exclude_tmpdir_env_var` does not reach into /tmp, which is writable; set `exclude_slash_tmp` to change that"
                .to_owned(),
        );
    }
}

/// Whether a directory lies inside of what is protected by name. A workspace
/// may live below another agent's directory (`~/.codex/worktrees`), so only
/// names that nobody works in count.
fn is_inside(root: &Path) -> bool {
    const INSIDES: &[&str] = &[".git", ".cofferdam", ".hg", ".svn", ".jj"];
    root.components().any(|part| {
        let part = Path::new(part.as_os_str());
        protected_name(part).is_some_and(|name| INSIDES.contains(&name.components[0]))
            || INSIDES.iter().any(|name| part == Path::new(name))
    })
}
