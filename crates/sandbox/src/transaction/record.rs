//! What a transaction is, kept beside its layers. Version 1.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dam_policy::FileRules;
use serde::{Deserialize, Serialize};

use super::error::failed;
use super::{Beginning, Layer, Result, TransactionDirs, TransactionError};

/// The version of the form below.
const VERSION: u32 = 1;
/// The record's file.
const NAME: &str = "record.json";

/// What a transaction is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    version: u32,
    /// Its identifier.
    pub id: String,
    /// What was run first, for people.
    pub command: Vec<String>,
    /// The directory it was run in.
    pub cwd: PathBuf,
    /// The profile's name.
    pub profile: String,
    /// When it began. What has changed later in the real tree is a conflict.
    pub began: SystemTime,
    /// What was writable, and under which rules; keeping obeys the same.
    pub(super) files: FileRules,
    /// Where its layers are.
    pub layers: Vec<Layer>,
    /// Temporary directories, which were thrown away.
    pub own: Vec<PathBuf>,
    /// What has been kept or dropped already.
    pub(super) decided: Vec<OsString>,
}

impl Record {
    pub(super) fn new(
        beginning: &Beginning<'_>,
        dirs: &TransactionDirs,
        began: SystemTime,
    ) -> Self {
        Self {
            version: VERSION,
            id: beginning.id.to_owned(),
            command: beginning.command.clone(),
            cwd: beginning.cwd.to_owned(),
            profile: beginning.profile.name.clone(),
            began,
            files: beginning.profile.files.clone(),
            layers: dirs.layers.clone(),
            own: dirs.own.clone(),
            decided: Vec::new(),
        }
    }

    pub(super) fn dirs(&self, dir: &Path) -> TransactionDirs {
        TransactionDirs {
            dir: dir.to_owned(),
            layers: self.layers.clone(),
            own: self.own.clone(),
        }
    }

    pub(super) fn read(dir: &Path, id: &str) -> Result<Self> {
        let path = dir.join(NAME);
        let unreadable = |why: String| TransactionError::Record {
            id: id.to_owned(),
            why,
        };
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(TransactionError::Unknown(id.to_owned()));
            }
            other => other.map_err(failed(&path))?,
        };
        let record: Self =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if record.version != VERSION || record.id != id {
            return Err(unreadable("another version of dam wrote it".to_owned()));
        }
        Ok(record)
    }

    /// Written beside and renamed, so that it is never seen in part. A new one
    /// is not waited for: nothing that it describes is on the disk yet, either.
    pub(super) fn write(&self, dir: &Path, is_new: bool) -> Result<()> {
        let (path, new) = (dir.join(NAME), dir.join("record.new"));
        let bytes = serde_json::to_vec(self).map_err(|error| failed(&path)(error.into()))?;
        let write = || {
            let mut file = File::options()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&bytes)?;
            if !is_new {
                file.sync_all()?;
            }
            fs::rename(&new, &path)
        };
        write().map_err(failed(&path))
    }
}
