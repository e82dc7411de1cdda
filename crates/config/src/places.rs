//! Where things are: directories of our own, and the project around a working
//! directory.

use std::path::{Path, PathBuf};

use crate::ConfigError;

/// What the environment says of places. All paths absolute.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `COFFERDAM_HOME`.
    pub cofferdam_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub xdg_data_home: Option<PathBuf>,
    /// `TMPDIR`.
    pub tmpdir: Option<PathBuf>,
    /// Where administrators put settings: `/etc/cofferdam`.
    pub system_dir: PathBuf,
}

/// Directories of our own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dirs {
    /// Where `config.toml` is.
    pub config: PathBuf,
    /// What is kept between sessions.
    pub state: PathBuf,
    /// The journal.
    pub journal: PathBuf,
}

/// Directories of our own: `COFFERDAM_HOME`, else by the XDG rules.
pub fn dirs(surroundings: &Surroundings) -> Result<Dirs, ConfigError> {
    let home = || surroundings.home.clone().ok_or(ConfigError::NoHome);
    let (config, state) = if let Some(own) = &surroundings.cofferdam_home {
        (own.clone(), own.join("state"))
    } else {
        let base = |set: &Option<PathBuf>, below: &str| match set {
            Some(base) => Ok(base.clone()),
            None => home().map(|home| home.join(below)),
        };
        let config = base(&surroundings.xdg_config_home, ".config")?;
        let state = base(&surroundings.xdg_state_home, ".local/state")?;
        (config.join("cofferdam"), state.join("cofferdam"))
    };
    Ok(Dirs {
        journal: state.join("journal"),
        config,
        state,
    })
}

/// The project around a working directory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Project {
    /// Its root: the nearest directory with version control.
    pub root: Option<PathBuf>,
    /// Whether the user said that it can be trusted.
    pub trusted: bool,
    /// Whether it is under version control.
    pub vcs: bool,
}

/// What marks the root of a project under version control.
const MARKERS: &[&str] = &[".git", ".jj", ".hg", ".svn"];

/// The nearest directory at or above `cwd` that is under version control.
pub(crate) fn project_root(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors()
        .find(|directory| {
            MARKERS
                .iter()
                .any(|marker| directory.join(marker).symlink_metadata().is_ok())
        })
        .map(Path::to_path_buf)
}

/// The files of a project's own settings, from its root down to `cwd`.
pub(crate) fn project_files(root: &Path, cwd: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = cwd
        .ancestors()
        .take_while(|directory| directory.starts_with(root))
        .map(|directory| directory.join(".cofferdam/config.toml"))
        .collect();
    files.reverse();
    files
}
