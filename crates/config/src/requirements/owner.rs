//! Whether a file of an administrator's is one: it and everything on the way
//! to it belong to the administrator, and nobody else can change them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::places::{Surroundings, settled};
use crate::{ConfigError, file};

/// The text of a file that only the administrator can change; `None` if there
/// is none.
pub(super) fn read(
    path: &Path,
    surroundings: &Surroundings,
) -> Result<Option<String>, ConfigError> {
    let Some((opened, meta)) = file::open(path)? else {
        return Ok(None);
    };
    let owner = surroundings.administrator;
    check(path, &meta, owner)?;
    // A link may lead elsewhere; whoever owns a directory owns what is in it.
    for dir in settled(path).ancestors().skip(1) {
        let meta = dir.metadata().map_err(|error| file::io(dir, error))?;
        check_directory(dir, &meta, owner)?;
    }
    let text = String::from_utf8(file::contents(path, opened)?);
    text.map(Some).map_err(|_| ConfigError::Unreadable {
        path: path.to_owned(),
        error: std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8 text"),
    })
}

fn check(path: &Path, meta: &Metadata, owner: u32) -> Result<(), ConfigError> {
    if meta.uid() != owner && meta.uid() != 0 {
        return Err(ConfigError::NotAdministrators {
            path: path.to_owned(),
            owner: meta.uid(),
        });
    }
    if meta.mode() & 0o022 != 0 {
        return Err(ConfigError::Writable {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// In a directory with the sticky bit nobody can take another's file away.
fn check_directory(dir: &Path, meta: &Metadata, owner: u32) -> Result<(), ConfigError> {
    if meta.mode() & 0o1000 != 0 && (meta.uid() == owner || meta.uid() == 0) {
        return Ok(());
    }
    check(dir, meta, owner)
}
