//! What `~` means to an administrator: where the user's home is by the system,
//! and where the environment says it is, so that a variable changes nothing.

use std::path::{Path, PathBuf};

use crate::places::Surroundings;
use crate::{ConfigError, file};

/// The home directories of the user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Homes(Vec<PathBuf>);

impl Homes {
    pub(crate) fn of(surroundings: &Surroundings) -> Result<Self, ConfigError> {
        let mut homes: Vec<PathBuf> = surroundings.home.iter().cloned().collect();
        let users = surroundings
            .system_dir
            .parent()
            .map(|etc| etc.join("passwd"));
        let users = users.map(|path| file::bytes(&path)).transpose()?.flatten();
        let text = String::from_utf8_lossy(users.as_deref().unwrap_or_default()).into_owned();
        let user = rustix::process::getuid().as_raw().to_string();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [_, _, uid, _, _, home, ..] = fields[..]
                && uid == user
                && home.starts_with('/')
                && home != "/"
                && !homes.iter().any(|known| known == Path::new(home))
            {
                homes.push(PathBuf::from(home));
            }
        }
        Ok(Self(homes))
    }

    /// As the environment says.
    pub(crate) fn only(home: Option<&Path>) -> Self {
        Self(home.iter().map(|home| home.to_path_buf()).collect())
    }

    /// A path below each.
    pub(crate) fn below(&self, path: &Path) -> Vec<PathBuf> {
        let join = |home: &PathBuf| {
            if path.as_os_str().is_empty() {
                home.clone()
            } else {
                home.join(path)
            }
        };
        self.0.iter().map(join).collect()
    }
}
