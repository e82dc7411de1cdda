//! Records of trust: one file for each project, in the state directory, where
//! no boxed command can read or write.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_policy::Layer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::content::{Content, Covered, is_of, on_the_way, sha256};
use super::{Difference, differences};
use crate::places::Dirs;
use crate::{ConfigError, file};

const VERSION: u32 = 1;

/// What was trusted of a project, and when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// The root of the project, canonical.
    pub root: PathBuf,
    /// The digest of everything together.
    pub digest: String,
    /// When it was trusted, or trust was taken back.
    pub date: Timestamp,
    /// Whether trust was taken back.
    #[serde(default)]
    pub revoked: bool,
    /// Each file.
    pub files: BTreeMap<String, Covered>,
}

impl Record {
    /// Trust in this content from now on.
    pub fn new(root: &Path, content: Content) -> Self {
        Self {
            version: VERSION,
            root: root.to_owned(),
            digest: content.digest(),
            date: Timestamp::now(),
            revoked: false,
            files: content.files,
        }
    }

    /// No trust from now on, whatever the settings say at first sight.
    pub fn revoked(root: &Path) -> Self {
        Self {
            revoked: true,
            ..Self::new(root, Content::default())
        }
    }

    /// The record of a project; none, if it was never trusted.
    pub fn read(dirs: &Dirs, root: &Path) -> Result<Option<Self>, ConfigError> {
        let path = place(dirs, root);
        let Some(source) = file::read_long(Layer::User, &path)? else {
            return Ok(None);
        };
        let record: Option<Self> = serde_json::from_str(&source).ok();
        let is_sound = |record: &Self| {
            let content = Content {
                files: record.files.clone(),
            };
            record.version == VERSION && record.root == root && record.digest == content.digest()
        };
        match record.filter(is_sound) {
            Some(record) => Ok(Some(record)),
            None => Err(ConfigError::BadRecord { path }),
        }
    }

    /// Keeps it, for its owner alone.
    pub fn write(&self, dirs: &Dirs) -> Result<(), ConfigError> {
        let path = place(dirs, &self.root);
        self.put(&path)
            .map_err(|error| ConfigError::Unwritable { path, error })
    }

    fn put(&self, path: &Path) -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            let mut directories = std::fs::DirBuilder::new();
            directories.recursive(true).mode(0o700).create(parent)?;
        }
        let new = path.with_extension(format!("{}.new", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let written = options.open(&new).and_then(|mut file| {
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()
        });
        let placed = written.and_then(|()| std::fs::rename(&new, path));
        if placed.is_err() {
            // What is half written is of no use to anybody.
            let _ = std::fs::remove_file(&new);
        }
        placed
    }

    /// What is different in all of the project.
    pub fn differences(&self, found: &Content) -> Vec<Difference> {
        differences(self.files.iter(), &found.files)
    }

    /// What is different of what a session reads that works in `cwd`.
    pub(super) fn differences_on_the_way(
        &self,
        found: &Content,
        top: &Path,
        cwd: &Path,
    ) -> Vec<Difference> {
        let directories = on_the_way(top, cwd);
        let files = self.files.iter();
        let read = files.filter(|(path, _)| is_of(path, top, &directories));
        differences(read, &found.files)
    }
}

fn place(dirs: &Dirs, root: &Path) -> PathBuf {
    let name = sha256(root.as_os_str().as_encoded_bytes());
    dirs.state.join("trust").join(format!("{name}.json"))
}
