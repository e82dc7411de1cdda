//! Where a path leads, in the box's own view: a parent directory that is held
//! by descriptor, and a last component.

use std::ffi::{CString, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use dam_policy::FileRules;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use super::caller::Caller;
use super::{Refusal, Refused, repository};

/// As many links in a row as the kernel itself follows.
const MOST_LINKS: usize = 40;

/// What to do when the last component is a symbolic link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LastLink {
    /// Go where it points.
    Follow,
    /// It is itself what is meant.
    Keep,
}

/// A resolved place.
pub(super) struct Place {
    /// The directory, held.
    pub parent: OwnedFd,
    /// The directory's path.
    pub parent_path: PathBuf,
    /// The last component; `.` for the directory itself.
    pub leaf: CString,
    /// Whether the path ended in a slash.
    pub must_be_directory: bool,
    /// What was there when the way to it was followed.
    seen: Option<Stat>,
    /// Whether the box has devices of its own.
    own_devices: bool,
}

/// Whose ground a place is on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ground {
    /// The profile's rules hold.
    Ruled,
    /// Private to the box: devices, terminals, shared memory.
    Private,
    /// Devices of the host, some of which can be opened.
    HostDevice,
    /// `/proc`.
    Process,
}

impl Place {
    /// Resolves a path argument, relative to a directory argument; that the
    /// call still waits is checked after both were read.
    pub(super) fn resolve(
        caller: &Caller<'_>,
        directory: u32,
        path: &[u8],
        last: LastLink,
    ) -> Result<Self, Errno> {
        // An absolute path does not need the directory to be there.
        let base = if path.first() == Some(&b'/') {
            caller.verified(open_root()?)?
        } else {
            caller.base(directory)?
        };
        Self::resolve_from(caller, base, path, last)
    }

    /// Resolves a path relative to a directory that is held.
    pub(super) fn resolve_from(
        caller: &Caller<'_>,
        mut base: OwnedFd,
        path: &[u8],
        last: LastLink,
    ) -> Result<Self, Errno> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        let mut path = own_entry(caller, path)?;
        if let Some((fd, rest)) = below_descriptor(caller, &path)? {
            path = rest;
            base = caller.directory(fd)?;
        }
        let mut must_be_directory = false;
        for _ in 0..MOST_LINKS {
            must_be_directory |= path.last() == Some(&b'/');
            let (parent, leaf) = split(&path);
            let parent = open_parent(base, parent)?;
            let mut place = Self {
                parent_path: caller.path_of_directory(&parent)?,
                parent,
                leaf: CString::new(leaf).map_err(|_| Errno::INVAL)?,
                must_be_directory,
                seen: None,
                own_devices: caller.tier.has_own_devices(),
            };
            if last == LastLink::Keep && !must_be_directory {
                return Ok(place);
            }
            place.seen = place.stat().ok();
            let is_link = |stat: &Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
            // Entries of `/proc/…/fd` look like links and are none.
            if !place.seen.as_ref().is_some_and(is_link) || place.is_descriptor_entry() {
                return Ok(place);
            }
            let target = rustix::fs::readlinkat(&place.parent, &place.leaf, Vec::new())?;
            path = own_entry(caller, target.as_bytes())?;
            let absolute = path.first() == Some(&b'/');
            base = if absolute { open_root()? } else { place.parent };
        }
        Err(Errno::LOOP)
    }

    /// The same place where a trailing slash changes nothing: directories that
    /// are made, moved or removed.
    pub(super) fn without_slash(self) -> Self {
        Self {
            must_be_directory: false,
            ..self
        }
    }

    /// The whole path.
    pub(super) fn path(&self) -> PathBuf {
        match self.leaf.as_bytes() {
            b"." => self.parent_path.clone(),
            leaf => self.parent_path.join(OsStr::from_bytes(leaf)),
        }
    }

    /// What is there now, a link as itself.
    pub(super) fn stat(&self) -> Result<Stat, Errno> {
        if let Some(seen) = self.seen {
            return Ok(seen);
        }
        rustix::fs::statat(&self.parent, &self.leaf, AtFlags::SYMLINK_NOFOLLOW)
    }

    pub(super) fn exists(&self) -> bool {
        self.stat().is_ok()
    }

    /// Whether this is `/proc/N/fd/M`: a door to an open file, not a name.
    pub(super) fn is_descriptor_entry(&self) -> bool {
        let mut parts = self
            .parent_path
            .strip_prefix("/proc")
            .into_iter()
            .flat_map(Path::components);
        let number = parts
            .next()
            .is_some_and(|part| part.as_os_str().as_bytes().iter().all(u8::is_ascii_digit));
        let mut rest: Vec<_> = parts.map(|part| part.as_os_str().to_owned()).collect();
        if rest.len() == 3 && rest[0] == "task" {
            rest.drain(..2);
        }
        number && rest.len() == 1 && rest[0] == "fd"
    }

    pub(super) fn ground(&self) -> Ground {
        Ground::of(&self.parent_path, self.own_devices)
    }

    /// Whether the profile lets this place be created, changed or removed.
    /// `found` is the answer that the kernel would give first, such as that
    /// something is there already: it comes before a refusal, because programs
    /// probe. It is looked for only then.
    pub(super) fn permit(
        &self,
        files: &FileRules,
        found: impl FnOnce() -> Option<Errno>,
    ) -> Result<(), Refusal> {
        let permitted = self.ground().permit(files, &self.path());
        permitted.map_err(|refusal| match self.ground() {
            Ground::Ruled => found().map_or(refusal, Refusal::from),
            _ => refusal,
        })
    }
}

impl Ground {
    /// Whose ground a directory is on.
    pub(super) fn of(directory: &Path, own_devices: bool) -> Self {
        if directory.starts_with("/proc") {
            Self::Process
        } else if directory.starts_with("/dev") {
            if own_devices {
                Self::Private
            } else {
                Self::HostDevice
            }
        } else {
            Self::Ruled
        }
    }

    /// Whether the profile lets a path on this ground be created, changed or
    /// removed.
    pub(super) fn permit(self, files: &FileRules, path: &Path) -> Result<(), Refusal> {
        match self {
            Self::Private => return Ok(()),
            Self::Process | Self::HostDevice => return Err(Errno::ACCESS.into()),
            Self::Ruled => {}
        }
        if files.may_write(path) {
            return repository::permit(files, path);
        }
        let verdict = files.write(path);
        let by_name = verdict.rule.as_str() != "files.root";
        Err(Refusal::Rule(Box::new(Refused {
            errno: if by_name { Errno::ACCESS } else { Errno::ROFS },
            path: path.to_owned(),
            rule: verdict.rule.as_str().to_owned(),
            reason: verdict.reason,
            hint: verdict.hint,
            reads: false,
            opening: None,
        })))
    }
}

/// A path that goes on below one of the caller's own open directories, as
/// programs write it that hold the directory against exchange: the descriptor,
/// and the rest. The rules hold for where it leads, as they do for the
/// directory argument of a call.
fn below_descriptor(caller: &Caller<'_>, path: &[u8]) -> Result<Option<(u32, Vec<u8>)>, Errno> {
    if !path.starts_with(b"/proc/") {
        return Ok(None);
    }
    let own = format!("/proc/{}/", caller.standing()?.inside);
    let Some(rest) = path.strip_prefix(own.as_bytes()) else {
        return Ok(None);
    };
    if let Some(rest) = rest.strip_prefix(b"cwd/") {
        return Ok(relative(rest).map(|rest| (libc::AT_FDCWD.cast_unsigned(), rest)));
    }
    let Some((number, rest)) = rest.strip_prefix(b"fd/").and_then(|rest| {
        let cut = rest.iter().position(|byte| *byte == b'/')?;
        Some((std::str::from_utf8(&rest[..cut]).ok()?, &rest[cut..]))
    }) else {
        return Ok(None);
    };
    // A descriptor is a signed word: what is larger must not become `AT_FDCWD`.
    let number = number
        .parse::<u32>()
        .ok()
        .filter(|fd| i32::try_from(*fd).is_ok());
    Ok(number.zip(relative(rest)))
}

fn relative(path: &[u8]) -> Option<Vec<u8>> {
    let start = path.iter().position(|byte| *byte != b'/')?;
    Some(path[start..].to_vec())
}

/// `/proc/self` means the caller, not the broker, and so do the shorthands for
/// its standard streams.
fn own_entry(caller: &Caller<'_>, path: &[u8]) -> Result<Vec<u8>, Errno> {
    let rest = [
        (&b"/proc/self/"[..], &b""[..]),
        (b"/proc/thread-self/", b""),
        (b"/dev/fd/", b"fd/"),
    ]
    .into_iter()
    .find_map(|(prefix, kept)| path.strip_prefix(prefix).map(|rest| [kept, rest].concat()));
    let rest = match path {
        b"/proc/self" | b"/proc/thread-self" => Some(Vec::new()),
        b"/dev/stdin" => Some(b"fd/0".to_vec()),
        b"/dev/stdout" => Some(b"fd/1".to_vec()),
        b"/dev/stderr" => Some(b"fd/2".to_vec()),
        _ => rest,
    };
    match rest {
        Some(rest) => {
            let inside = caller.standing()?.inside;
            Ok([format!("/proc/{inside}/").as_bytes(), &rest].concat())
        }
        None => Ok(path.to_vec()),
    }
}

/// Cuts off the last component. What has none, or one that means a directory
/// relative to another, is a directory itself.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let end = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |at| at + 1);
    let trimmed = &path[..end];
    let cut = trimmed
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    match &trimmed[cut..] {
        b"" | b"." | b".." => (path, b"."),
        leaf => (&path[..cut], leaf),
    }
}

fn open_parent(base: OwnedFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    if path.is_empty() {
        return Ok(base);
    }
    let path = OsStr::from_bytes(path);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(
        &base,
        path,
        flags,
        Mode::empty(),
        ResolveFlags::NO_MAGICLINKS,
    )
}

fn open_root() -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, "/", flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn splits_where_the_kernel_does() {
        let cases: &[(&str, &str, &str)] = &[
            ("a", "", "a"),
            ("a/b", "a/", "b"),
            ("/a", "/", "a"),
            ("/a//b//", "/a//", "b"),
            ("/", "/", "."),
            ("..", "..", "."),
            ("a/..", "a/..", "."),
            ("a/.", "a/.", "."),
            ("./a", "./", "a"),
        ];
        for (path, parent, leaf) in cases {
            assert_eq!(
                split(path.as_bytes()),
                (parent.as_bytes(), leaf.as_bytes()),
                "{path}"
            );
        }
    }
}
