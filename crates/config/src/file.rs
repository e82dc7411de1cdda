//! Reads a file of settings, if it is one that can be relied on.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dam_policy::Layer;
use rustix::fs::{CWD, Mode, OFlags};

use crate::ConfigError;
use crate::source::Source;

/// No file of settings is larger.
const LARGEST: u64 = 1 << 20;

/// Reads a file of settings; `None` if there is none.
pub(crate) fn read(layer: Layer, path: &Path) -> Result<Option<Source>, ConfigError> {
    let Some((file, meta)) = open(path)? else {
        return Ok(None);
    };
    check_owner(layer, path, &meta)?;
    let text = String::from_utf8(contents(path, file)?)
        .map_err(|_| unreadable(path, ErrorKind::InvalidData, "it is not UTF-8 text"))?;
    Ok(Some(Source {
        layer,
        file: Some(path.to_owned()),
        text,
    }))
}

/// The bytes of a regular file of moderate size; `None` if there is none.
pub(crate) fn bytes(path: &Path) -> Result<Option<Vec<u8>>, ConfigError> {
    match open(path)? {
        Some((file, _)) => contents(path, file).map(Some),
        None => Ok(None),
    }
}

/// The bytes of a regular file that has at most so many; `None` if it has
/// more.
pub(crate) fn bytes_up_to(path: &Path, most: u64) -> Result<Option<Vec<u8>>, ConfigError> {
    let Some((file, _)) = open(path)? else {
        return Err(unreadable(path, ErrorKind::NotFound, "it is gone"));
    };
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| io(path, error))?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// The text of a file of our own, however long; `None` if there is none.
pub(crate) fn read_long(layer: Layer, path: &Path) -> Result<Option<String>, ConfigError> {
    let Some((mut file, meta)) = open(path)? else {
        return Ok(None);
    };
    check_owner(layer, path, &meta)?;
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    read.map_err(|error| io(path, error))?;
    Ok(Some(text))
}

/// Whether something is there, be it a link that leads nowhere.
pub(crate) fn is_there(path: &Path) -> bool {
    !matches!(
        path.symlink_metadata().map_err(|error| error.kind()),
        Err(ErrorKind::NotFound | ErrorKind::NotADirectory)
    )
}

/// Opened without waiting for anybody, so that a pipe put in the place of a
/// file does not stop the program.
pub(crate) fn open(path: &Path) -> Result<Option<(File, Metadata)>, ConfigError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) if !is_there(path) => {
            return Ok(None);
        }
        Err(rustix::io::Errno::NOENT) => {
            return Err(unreadable(
                path,
                ErrorKind::NotFound,
                "it is a link that leads nowhere",
            ));
        }
        Err(errno) => return Err(io(path, errno.into())),
    };
    let meta = file.metadata().map_err(|error| io(path, error))?;
    if !meta.is_file() {
        return Err(unreadable(
            path,
            ErrorKind::InvalidInput,
            "it is not a file",
        ));
    }
    Ok(Some((file, meta)))
}

pub(crate) fn contents(path: &Path, file: File) -> Result<Vec<u8>, ConfigError> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| io(path, error))?;
    if bytes.len() as u64 > LARGEST {
        let why = "it is larger than a file of settings can be (1 MiB)";
        return Err(unreadable(path, ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// Whoever can change the file decides what is enforced. A project's file
/// belongs to whoever wrote the project, and counts only where the user
/// trusts that; it must not be open to everybody all the same.
fn check_owner(layer: Layer, path: &Path, meta: &Metadata) -> Result<(), ConfigError> {
    let writable = |path: &Path| ConfigError::Writable {
        path: path.to_owned(),
    };
    if layer == Layer::Project {
        return if meta.mode() & 0o002 == 0 {
            Ok(())
        } else {
            Err(writable(path))
        };
    }
    if meta.uid() != 0 && meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(ConfigError::Foreign {
            path: path.to_owned(),
            owner: meta.uid(),
        });
    }
    if meta.mode() & 0o022 != 0 {
        return Err(writable(path));
    }
    // In a directory that is open to everybody the file itself can be exchanged.
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    let around = parent.metadata().map_err(|error| io(parent, error))?;
    let open_to_all = around.mode() & 0o002 != 0 && around.mode() & 0o1000 == 0;
    if open_to_all {
        Err(writable(parent))
    } else {
        Ok(())
    }
}

pub(crate) fn io(path: &Path, error: Error) -> ConfigError {
    ConfigError::Unreadable {
        path: path.to_owned(),
        error,
    }
}

fn unreadable(path: &Path, kind: ErrorKind, why: &str) -> ConfigError {
    io(path, Error::new(kind, why))
}
