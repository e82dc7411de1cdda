//! Transactions: what a command writes goes to a copy-on-write layer, to be
//! looked at, and kept or dropped, file by file.
//!
//! A transaction is a directory below the state directory:
//!
//! ```text
//! transactions/ID/record.json   what it is; written before anything runs
//! transactions/ID/lock          held by whoever uses it
//! transactions/ID/0/upper       what was written below the first place
//! transactions/ID/0/work        the kernel's own
//! ```
//!
//! It appears and goes away in one step, by a rename. The layer itself is
//! never changed when parts of it are kept: what differs between the layer and
//! the real tree is what is left to do, so keeping can be stopped anywhere and
//! begun again.

mod attributes;
mod changes;
mod copy;
mod error;
mod keep;
mod record;
mod rights;
mod tree;

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dam_policy::{Access, ResolvedProfile};
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

pub use changes::{Change, ChangeKind, Entry, Refusal};
pub use error::TransactionError;
pub use keep::Kept;
pub use record::Record;

use error::failed;

type Result<T> = std::result::Result<T, TransactionError>;

/// The lock's file.
const LOCK: &str = "lock";
/// How directories are called that are not transactions yet, or no longer.
const UNFINISHED: &str = ".new-";
const GONE: &str = ".gone-";

/// Where the layers of a transaction are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TransactionDirs {
    /// The transaction's directory.
    pub dir: PathBuf,
    /// A layer for each writable place.
    pub layers: Vec<Layer>,
    /// Temporary directories, which are thrown away with the box.
    pub own: Vec<PathBuf>,
}

/// One layer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Layer {
    /// The real directory below it.
    pub root: PathBuf,
    /// Its name in the transaction's directory.
    pub name: String,
}

impl TransactionDirs {
    pub(crate) fn upper(&self, layer: &Layer) -> PathBuf {
        self.dir.join(&layer.name).join("upper")
    }

    pub(crate) fn work(&self, layer: &Layer) -> PathBuf {
        self.dir.join(&layer.name).join("work")
    }

    /// Says that the transaction is in use, until the descriptor is closed.
    pub(crate) fn hold(&self) -> std::result::Result<OwnedFd, Errno> {
        let lock = rustix::fs::openat2(
            CWD,
            self.dir.join(LOCK),
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_SYMLINKS,
        )?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared)?;
        Ok(lock)
    }
}

/// What a new transaction is about.
#[derive(Debug)]
pub struct Beginning<'a> {
    /// Its identifier: letters, digits and dashes.
    pub id: &'a str,
    /// What is run, for people.
    pub command: Vec<String>,
    /// The directory it is run in.
    pub cwd: &'a Path,
    /// What it may touch.
    pub profile: &'a ResolvedProfile,
}

/// A transaction that this process uses.
#[derive(Debug)]
pub struct Transaction {
    dirs: TransactionDirs,
    record: Record,
    lock: Option<File>,
}

impl Transaction {
    /// Begins one, below the state directory.
    pub fn begin(state: &Path, beginning: &Beginning<'_>) -> Result<Self> {
        if !beginning.profile.confined {
            return Err(TransactionError::NoBoundary);
        }
        let (layers, own) = places(beginning.profile)?;
        let all = state.join("transactions");
        let new = all.join(format!("{UNFINISHED}{}", beginning.id));
        make_directory(&all)?;
        sweep(&all);
        make_directory(&new)?;
        let dirs = TransactionDirs {
            dir: new,
            layers,
            own,
        };
        for layer in &dirs.layers {
            make_directory(&dirs.dir.join(&layer.name))?;
            make_directory(&dirs.work(layer))?;
            let upper = dirs.upper(layer);
            make_directory(&upper)?;
            // The layer's top is what the place itself will look like.
            let like = fs::metadata(&layer.root).map_err(failed(&layer.root))?;
            fs::set_permissions(&upper, like.permissions()).map_err(failed(&upper))?;
        }
        let lock = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(dirs.dir.join(LOCK))
            .map_err(failed(&dirs.dir))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared)
            .map_err(|errno| failed(&dirs.dir)(errno.into()))?;
        let record = Record::new(beginning, &dirs, SystemTime::now());
        record.write(&dirs.dir, true)?;
        let place = all.join(beginning.id);
        fs::rename(&dirs.dir, &place).map_err(failed(&place))?;
        Ok(Self {
            dirs: TransactionDirs { dir: place, ..dirs },
            record,
            lock: Some(lock),
        })
    }

    /// Goes on with an open one, which nobody else uses.
    pub fn resume(state: &Path, id: &str, profile: &ResolvedProfile) -> Result<Self> {
        let transaction = Self::take(state, id)?;
        if !transaction.record.decided.is_empty() {
            return Err(TransactionError::PartlyDecided(id.to_owned()));
        }
        let (layers, own) = places(profile)?;
        if layers != transaction.dirs.layers || own != transaction.dirs.own {
            return Err(TransactionError::OtherPlaces(id.to_owned()));
        }
        // From now on the helper holds it, too.
        if let Some(lock) = &transaction.lock {
            rustix::fs::flock(lock, FlockOperation::NonBlockingLockShared)
                .map_err(|_| TransactionError::InUse(id.to_owned()))?;
        }
        Ok(transaction)
    }

    /// Opens one to look at it, also while it is in use.
    pub fn look(state: &Path, id: &str) -> Result<Self> {
        let dir = state.join("transactions").join(checked(id)?);
        let record = Record::read(&dir, id)?;
        Ok(Self {
            dirs: record.dirs(&dir),
            record,
            lock: None,
        })
    }

    /// Opens one for oneself alone, to keep or to drop.
    pub fn take(state: &Path, id: &str) -> Result<Self> {
        let mut transaction = Self::look(state, id)?;
        let path = transaction.dirs.dir.join(LOCK);
        let lock = File::open(&path).map_err(failed(&path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(TransactionError::InUse(id.to_owned())),
            Err(errno) => return Err(failed(&path)(errno.into())),
        }
        // Somebody may have been faster, and have ended it.
        transaction.record = Record::read(&transaction.dirs.dir, id)?;
        transaction.lock = Some(lock);
        Ok(transaction)
    }

    /// What it is.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Where its layers are, for [`crate::Launch`].
    pub fn dirs(&self) -> TransactionDirs {
        self.dirs.clone()
    }

    /// Whether a command still writes to it.
    pub fn is_in_use(&self) -> bool {
        let lock = File::open(self.dirs.dir.join(LOCK));
        lock.is_ok_and(|lock| {
            let taken = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared);
            let exclusive = FlockOperation::NonBlockingLockExclusive;
            taken.is_err() || rustix::fs::flock(&lock, exclusive).is_err()
        })
    }

    /// Throws it away with everything in it.
    pub fn remove(self) -> Result<()> {
        let Self { dirs, .. } = self;
        let gone = dirs.dir.with_file_name(format!("{GONE}{}", self.record.id));
        fs::rename(&dirs.dir, &gone).map_err(failed(&dirs.dir))?;
        rights::over_own_files();
        fs::remove_dir_all(&gone).map_err(failed(&gone))
    }
}

/// All open transactions, the oldest first. What cannot be read is left out,
/// and told by its name.
pub fn list(state: &Path) -> Result<(Vec<Transaction>, Vec<String>)> {
    let all = state.join("transactions");
    let entries = match fs::read_dir(&all) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((vec![], vec![])),
        other => other.map_err(failed(&all))?,
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    let mut found = Vec::new();
    let mut unreadable = Vec::new();
    for name in names {
        match Transaction::look(state, &name) {
            Ok(transaction) => found.push(transaction),
            Err(_) => unreadable.push(name),
        }
    }
    Ok((found, unreadable))
}

/// An identifier becomes a path: nothing but letters, digits and dashes.
fn checked(id: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || !id.bytes().all(plain) {
        return Err(TransactionError::Unknown(id.to_owned()));
    }
    Ok(id)
}

/// The layers that a profile needs, and the temporary directories that are
/// thrown away instead.
fn places(profile: &ResolvedProfile) -> Result<(Vec<Layer>, Vec<PathBuf>)> {
    let mut roots: Vec<&Path> = Vec::new();
    let mut own: Vec<PathBuf> = Vec::new();
    let mut granted: Vec<_> = profile
        .files
        .iter()
        .filter(|rule| rule.access == Access::Write && rule.path.exists())
        .collect();
    granted.sort_by_key(|rule| rule.path.components().count());
    for rule in granted
        .iter()
        .filter(|rule| !crate::walls::is_temporary(rule))
    {
        if !rule.path.is_dir() {
            return Err(TransactionError::NoDirectory(rule.path.clone()));
        }
        if !roots.iter().any(|root| rule.path.starts_with(root)) {
            roots.push(&rule.path);
        }
    }
    for rule in granted
        .iter()
        .filter(|rule| crate::walls::is_temporary(rule))
    {
        let covered = roots.iter().any(|root| rule.path.starts_with(root));
        if !covered && !own.contains(&rule.path) {
            own.push(rule.path.clone());
        }
    }
    if roots.is_empty() {
        return Err(TransactionError::NothingWritable);
    }
    let layers = roots.iter().enumerate().map(|(number, root)| Layer {
        root: (*root).to_owned(),
        name: number.to_string(),
    });
    Ok((layers.collect(), own))
}

/// Makes a directory that is its owner's alone, with those above it.
fn make_directory(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed(path))?;
    let mode = fs::symlink_metadata(path)
        .map_err(failed(path))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(TransactionError::OpenToOthers(path.to_owned()));
    }
    Ok(())
}

/// Removes what was on its way in or out when somebody was killed. What is
/// still being made is younger than an hour.
fn sweep(all: &Path) {
    let Ok(entries) = fs::read_dir(all) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry.metadata().and_then(|meta| meta.modified());
        let old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() > 3600));
        if name.starts_with(GONE) || name.starts_with(UNFINISHED) && old {
            // What cannot be removed now is tried again the next time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
