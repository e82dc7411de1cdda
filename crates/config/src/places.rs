//! Where things are: directories of our own, and paths as they are written.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

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
    /// The user whose files administrators' files are: root.
    pub administrator: u32,
    /// What this host is called.
    pub host: String,
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

/// A directory as it really is called.
pub(crate) fn directory(path: &Path) -> Result<PathBuf, ConfigError> {
    let canonical = path.canonicalize().ok().filter(|path| path.is_dir());
    canonical.ok_or_else(|| ConfigError::NoDirectory(path.to_owned()))
}

/// An absolute path as people write it: from `/`, or from `~`.
pub(crate) fn below_home(text: &str, home: Option<&Path>) -> Option<PathBuf> {
    if text.starts_with('/') {
        return Some(PathBuf::from(text));
    }
    let below = text
        .strip_prefix("~/")
        .or_else(|| (text == "~").then_some(""))?;
    home.map(|home| home.join(below))
}

/// Where a path really leads, also where its end does not exist yet: what is
/// protected must be protected before it is there.
pub(crate) fn settled(path: &Path) -> PathBuf {
    settle(path, 40)
}

/// As [`settled`], for many paths below one directory: what is on the way to
/// several of them is looked at once.
pub(crate) fn settled_below<'a>(base: &Path, paths: impl Iterator<Item = &'a str>) -> Vec<PathBuf> {
    let base = settled(base);
    let mut seen = HashMap::new();
    let mut kind = |path: &Path| -> Option<bool> {
        *seen.entry(path.to_owned()).or_insert_with(|| {
            let found = path.symlink_metadata().ok()?;
            Some(found.is_symlink())
        })
    };
    paths
        .map(|path| {
            let whole = base.join(path);
            let mut here = base.clone();
            for part in Path::new(path).components() {
                here.push(part);
                match kind(&here) {
                    // Nothing there, so nothing that leads elsewhere.
                    None => break,
                    Some(true) => return settled(&whole),
                    Some(false) => {}
                }
            }
            whole
        })
        .collect()
}

fn settle(path: &Path, links: usize) -> PathBuf {
    if let Ok(canonical) = path.canonicalize() {
        return canonical;
    }
    let mut parts = path.components();
    let Some(last) = parts.next_back() else {
        return path.to_owned();
    };
    let parent = parts.as_path();
    match last {
        Component::RootDir | Component::Prefix(_) => path.to_owned(),
        Component::CurDir => settle(parent, links),
        Component::ParentDir => {
            let mut parent = settle(parent, links);
            parent.pop();
            parent
        }
        Component::Normal(name) => {
            let settled = settle(parent, links).join(name);
            match settled.read_link() {
                // A link to what does not exist yet: whoever makes that,
                // makes this.
                Ok(target) if links > 0 => {
                    let base = settled.parent().unwrap_or(Path::new("/"));
                    settle(&base.join(target), links - 1)
                }
                _ => settled,
            }
        }
    }
}
