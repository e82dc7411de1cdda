//! The ceiling: Landlock, coarse. It holds even where a mount was made wrong,
//! and what mounts do not cover: pipes, device controls, abstract sockets,
//! signals. Where there are no namespaces, it is what holds files at all.
//!
//! Landlock grants and never denies, and a grant holds for everything below.
//! So what is unreadable is left out: the directories around it are granted
//! entry by entry, as they are at the start. What appears in one of them later
//! is not granted, so that a credential store is not readable because it is
//! new.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ops::Bound;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use dam_policy::{Access, FileRules};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags};

use crate::tier::Tier;

/// The versions of Landlock that are made use of, newest first.
const KNOWN: &[ABI] = &[ABI::V6, ABI::V5, ABI::V4, ABI::V3, ABI::V2, ABI::V1];

/// The first version that keeps signals and abstract sockets inside.
pub(crate) const SCOPES: ABI = ABI::V6;

/// The devices of the host that can be used where there is no own `/dev`.
const HOST_DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "ptmx", "tty"];

/// The newest version that this kernel offers, if any.
pub(crate) fn version() -> Option<ABI> {
    KNOWN.iter().copied().find(|abi| empty(*abi, false).is_ok())
}

/// The version of Landlock that is made use of here: the newest that both the
/// kernel and this program know.
pub fn landlock_version() -> Option<u32> {
    version().map(|abi| abi as u32)
}

/// A ruleset that handles everything the version knows and grants nothing.
/// "Hard requirement": nothing is left out silently.
fn empty(abi: ABI, connections: bool) -> Result<RulesetCreated, RulesetError> {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?;
    let ruleset = if connections {
        ruleset.handle_access(AccessNet::from_all(abi))?
    } else {
        ruleset
    };
    let scopes = Scope::from_all(abi);
    let ruleset = if scopes.is_empty() {
        ruleset
    } else {
        ruleset.scope(scopes)?
    };
    ruleset.create()
}

/// What is to be granted.
pub(crate) struct Grants<'a> {
    /// What the profile says.
    pub files: &'a FileRules,
    /// What is writable, canonical.
    pub writable: &'a [PathBuf],
    /// The host's `/proc`, for the broker.
    pub host_proc: BorrowedFd<'a>,
    /// The command's standard streams.
    pub streams: &'a [OwnedFd],
    /// What else holds.
    pub tier: Tier,
    /// Whether there is a road, so that connections can be wished for.
    pub connects: bool,
}

/// Restricts this process and what it starts.
pub(crate) fn restrict(abi: ABI, grants: &Grants<'_>) -> Result<(), String> {
    // Without a network namespace a socket could go anywhere: neither what runs
    // inside nor the broker connects one or binds one.
    let connections = grants.connects && !grants.tier.has_walls();
    let mut ceiling = Ceiling {
        abi,
        rules: empty(abi, connections).map_err(|error| error.to_string())?,
        marks: marks(grants.files),
        has_walls: grants.tier.has_walls(),
    };
    if !grants.tier.has_own_devices() {
        // Other terminals of the same user are there.
        ceiling.marks.insert(PathBuf::from("/dev"), Access::Deny);
    }
    ceiling.read_tree(Path::new("/"), None)?;
    let read = AccessFs::from_read(abi);
    // Only a process's own entries can be written there, and not by ordinary
    // users' hands: the broker looks at each.
    let entries = read | AccessFs::WriteFile;
    ceiling.grant(Path::new("/proc"), entries)?;
    ceiling.grant_fd(grants.host_proc, entries)?;
    let device = AccessFs::from_file(abi);
    if grants.tier.has_own_devices() {
        ceiling.grant(Path::new("/dev"), read | device)?;
        ceiling.grant(Path::new("/dev/shm"), AccessFs::from_all(abi))?;
    } else {
        for name in HOST_DEVICES {
            ceiling.grant_if_there(&Path::new("/dev").join(name), device)?;
        }
        // A terminal that the command has may be opened again by its name, as
        // `/dev/stderr` is.
        for stream in grants.streams {
            if is_device(stream)? {
                ceiling.grant_fd(stream.as_fd(), device)?;
            }
        }
    }
    for path in grants.writable {
        if grants.tier.has_walls() || !ceiling.denies_below(path) {
            ceiling.grant(path, AccessFs::from_all(abi))?;
        } else {
            // Nothing else would keep what is closed in it from being read.
            let reading = AccessFs::ReadFile | AccessFs::Execute;
            ceiling.grant(path, AccessFs::from_all(abi) & !reading)?;
        }
    }
    let restricted = ceiling.rules.restrict_self();
    restricted.map(drop).map_err(|error| error.to_string())
}

/// Keeps the signals of this process, and of what it starts, among themselves:
/// a second domain inside the first, so that what is inside cannot signal the
/// broker, and the broker can signal it.
pub(crate) fn keep_signals_inside() -> Result<(), String> {
    let text = |error: RulesetError| error.to_string();
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .scope(Scope::Signal)
        .and_then(Ruleset::create)
        .and_then(RulesetCreated::restrict_self)
        .map(drop)
        .map_err(text)
}

fn is_device(fd: &OwnedFd) -> Result<bool, String> {
    let stat = rustix::fs::fstat(fd).map_err(|errno| errno.to_string())?;
    Ok(FileType::from_raw_mode(stat.st_mode).is_char_device())
}

/// The paths that have a rule, in the order of a tree.
fn marks(files: &FileRules) -> BTreeMap<PathBuf, Access> {
    let mut marks = BTreeMap::new();
    for rule in files.iter() {
        let access = marks.entry(rule.path.clone()).or_insert(rule.access);
        *access = rule.access.max(*access);
    }
    marks
}

struct Ceiling {
    abi: ABI,
    rules: RulesetCreated,
    marks: BTreeMap<PathBuf, Access>,
    has_walls: bool,
}

impl Ceiling {
    /// Grants reading of what the rules say is readable at and below a path,
    /// which is granted `around` it.
    fn read_tree(&mut self, path: &Path, around: Option<Access>) -> Result<(), String> {
        let access = self.marks.get(path).copied().or(around);
        match access {
            // Everything in it, whatever is made there later: what is denied
            // below is left to the walls.
            Some(Access::Write) if self.has_walls => {
                self.grant_if_there(path, AccessFs::from_read(self.abi))
            }
            Some(Access::Read | Access::Write) if !self.denies_below(path) => {
                self.grant_if_there(path, AccessFs::from_read(self.abi))
            }
            Some(access @ (Access::Read | Access::Write)) => self.read_entries(path, access),
            Some(Access::Deny) | None => {
                let mut done: Option<PathBuf> = None;
                for path in self.marked_below(path) {
                    if !done.as_ref().is_some_and(|done| path.starts_with(done)) {
                        self.read_tree(&path, access)?;
                        done = Some(path);
                    }
                }
                Ok(())
            }
        }
    }

    /// Grants what is in a directory now, but for what is denied.
    fn read_entries(&mut self, path: &Path, around: Access) -> Result<(), String> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let Ok(directory) = rustix::fs::openat(CWD, path, flags, Mode::empty()) else {
            // A rule may name what is below a file: there is nothing.
            if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file()) {
                return self.grant_if_there(path, AccessFs::from_read(self.abi));
            }
            // What cannot be listed cannot be looked into by name either, or
            // is not there.
            return Ok(());
        };
        self.grant_fd(directory.as_fd(), AccessFs::ReadDir.into())?;
        let entries = Dir::read_from(&directory).map_err(|errno| errno.to_string())?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_bytes();
            // A link grants nothing: where it leads has its own place.
            if matches!(name, b"." | b"..") || entry.file_type() == FileType::Symlink {
                continue;
            }
            let child = path.join(OsStr::from_bytes(name));
            if self.is_marked(&child) {
                self.read_tree(&child, Some(around))?;
                continue;
            }
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            // What has gone meanwhile needs no grant.
            if let Ok(fd) = rustix::fs::openat(&directory, name, flags, Mode::empty()) {
                self.grant_fd(fd.as_fd(), AccessFs::from_read(self.abi))?;
            }
        }
        Ok(())
    }

    fn denies_below(&self, path: &Path) -> bool {
        let mut below = self.marks_below(path);
        below.any(|(_, access)| *access == Access::Deny)
    }

    /// Whether there is a rule on a path or below it.
    fn is_marked(&self, path: &Path) -> bool {
        let mut from = self
            .marks
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        from.next().is_some_and(|(mark, _)| mark.starts_with(path))
    }

    fn marked_below(&self, path: &Path) -> Vec<PathBuf> {
        let below = self.marks_below(path);
        below.map(|(mark, _)| mark.clone()).collect()
    }

    fn marks_below<'a>(
        &'a self,
        path: &'a Path,
    ) -> impl Iterator<Item = (&'a PathBuf, &'a Access)> {
        self.marks
            .range::<Path, _>((Bound::Excluded(path), Bound::Unbounded))
            .take_while(move |(mark, _)| mark.starts_with(path))
    }

    fn grant(&mut self, path: &Path, access: impl Into<BitFlags<AccessFs>>) -> Result<(), String> {
        let fd = PathFd::new(path).map_err(|error| error.to_string())?;
        self.grant_fd(fd.as_fd(), access.into())
    }

    fn grant_if_there(&mut self, path: &Path, access: BitFlags<AccessFs>) -> Result<(), String> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(fd) => self.grant_fd(fd.as_fd(), access),
            Err(_) => Ok(()),
        }
    }

    fn grant_fd(&mut self, fd: BorrowedFd<'_>, access: BitFlags<AccessFs>) -> Result<(), String> {
        let stat = rustix::fs::fstat(fd).map_err(|errno| errno.to_string())?;
        // A rule on a file may only name what can be done with a file.
        let access = if FileType::from_raw_mode(stat.st_mode).is_dir() {
            access
        } else {
            access & AccessFs::from_file(self.abi)
        };
        (&mut self.rules)
            .add_rule(PathBeneath::new(fd, access))
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
