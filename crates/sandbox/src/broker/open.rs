//! Opening for writing, performed for the caller.

use std::os::fd::OwnedFd;
use std::path::Path;

use dam_policy::GitAccess;
use rustix::fs::{CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::acts::{HERE, Outcome, PLAIN, Visit};
use super::place::{Ground, LastLink, Place};
use super::waiting::{WaitsFor, open_pipe};
use super::{Answer, Refusal, links, repository};
use crate::filter::OPEN_WRITES;

/// A process may write these entries of its own under `/proc`.
const OWN_ENTRIES: &[&str] = &[
    "comm",
    "oom_score_adj",
    "coredump_filter",
    "timerslack_ns",
    "clear_refs",
    "autogroup",
];

impl Visit<'_> {
    pub(super) fn open(&mut self, directory: u32, path: usize, flags: u32, mode: u32) -> Outcome {
        let flags = OFlags::from_bits_retain(flags);
        let cloexec = flags.contains(OFlags::CLOEXEC);
        let exclusive = flags.contains(OFlags::CREATE | OFlags::EXCL);
        let last = if exclusive || flags.contains(OFlags::NOFOLLOW) {
            LastLink::Keep
        } else {
            LastLink::Follow
        };
        if flags.contains(OFlags::CREATE)
            && let Some(fd) =
                self.create(&self.place(directory, path, LastLink::Keep)?, flags, mode)?
        {
            return Ok(Answer::Descriptor { fd, cloexec });
        }
        let place = self.place(directory, path, last)?;
        if flags.bits() & OPEN_WRITES == 0 {
            return self.open_to_read(&place, flags);
        }
        let fd = if flags.contains(OFlags::TMPFILE) {
            self.open_unnamed(&place, flags, mode)?
        } else if let Ground::Process = place.ground() {
            self.open_process_entry(&place, flags)?
        } else if let Ground::HostDevice = place.ground() {
            open_host_device(&place, flags)?
        } else if let Some(nothing) = self.open_pointer(&place, flags)? {
            nothing
        } else {
            let found = place.stat().ok();
            if found.is_some_and(|stat| is_pipe(&stat) && self.own.contains(&stat)) {
                return self.open_own_pipe(&place, flags);
            }
            if found.as_ref().is_some_and(is_controlling_terminal) {
                self.open_terminal(flags)?
            } else {
                self.open_named(&place, found.as_ref(), flags, mode)?
            }
        };
        Ok(Answer::Descriptor { fd, cloexec })
    }

    /// Makes a file that is not there: what most opening with `O_CREAT` is for,
    /// and of what is new there is nothing to be looked at. Whatever stands in
    /// the way is left to those who look.
    fn create(&self, place: &Place, flags: OFlags, mode: u32) -> Result<Option<OwnedFd>, Errno> {
        let path = place.path();
        // Where commits are made, some files are more than they seem.
        let is_plain = place.ground() == Ground::Ruled
            && !place.must_be_directory
            && !flags.contains(OFlags::PATH)
            && self.files.git() != GitAccess::Commit
            && self.files.may_write(&path)
            && repository::permit(self.files, &path).is_ok();
        if !is_plain {
            return Ok(None);
        }
        let mode = Mode::from_raw_mode(mode & PLAIN).difference(self.caller.standing()?.umask);
        Ok(open_beneath(place, flags | OFlags::EXCL, mode).ok())
    }

    /// `/dev/tty` is another terminal for every session, and the broker has
    /// none: opened is the caller's own by its number, in the box's `/dev/pts`.
    pub(super) fn open_terminal(&self, flags: OFlags) -> Result<OwnedFd, Refusal> {
        let device = self.caller.terminal()?;
        let path = format!("/dev/pts/{}", rustix::fs::minor(device));
        let flags = flags.difference(OFlags::CREATE | OFlags::EXCL)
            | OFlags::NOFOLLOW
            | OFlags::NOCTTY
            | OFlags::CLOEXEC;
        let terminal = rustix::fs::openat(CWD, path, flags, Mode::empty());
        let terminal = terminal.map_err(|_| Errno::NXIO)?;
        if rustix::fs::fstat(&terminal)?.st_rdev != device {
            return Err(Errno::NXIO.into());
        }
        Ok(terminal)
    }

    /// A named pipe that was made inside. Opening it may have to wait for the
    /// other end.
    fn open_own_pipe(&self, place: &Place, flags: OFlags) -> Outcome {
        place.permit(self.files, || None)?;
        if flags.contains(OFlags::CREATE | OFlags::EXCL) {
            return Err(Errno::EXIST.into());
        }
        let pipe = open_beneath(place, OFlags::PATH, Mode::empty())?;
        if !self.own.contains(&rustix::fs::fstat(&pipe)?) {
            return Err(Errno::AGAIN.into());
        }
        let cloexec = flags.contains(OFlags::CLOEXEC);
        match open_pipe(self.caller.host_proc(), &pipe, flags) {
            Ok(fd) => Ok(Answer::Descriptor { fd, cloexec }),
            Err(Errno::NXIO) if !flags.contains(OFlags::NONBLOCK) => {
                Ok(Answer::Later(WaitsFor::Reader { pipe, flags }))
            }
            Err(errno) => Err(errno.into()),
        }
    }

    /// A file without a name, in a directory that must be writable.
    fn open_unnamed(
        &mut self,
        place: &Place,
        flags: OFlags,
        mode: u32,
    ) -> Result<OwnedFd, Refusal> {
        place.permit(self.files, || None)?;
        let mode = Mode::from_raw_mode(mode & PLAIN).difference(self.caller.standing()?.umask);
        Ok(rustix::fs::openat(
            &place.parent,
            &place.leaf,
            flags | OFlags::CLOEXEC | OFlags::NOFOLLOW,
            mode,
        )?)
    }

    fn open_named(
        &mut self,
        place: &Place,
        found: Option<&Stat>,
        mut flags: OFlags,
        mode: u32,
    ) -> Result<OwnedFd, Refusal> {
        let kind = found.map(|stat| FileType::from_raw_mode(stat.st_mode));
        let creates = flags.contains(OFlags::CREATE);
        if creates && place.must_be_directory {
            return Err(Errno::ISDIR.into());
        }
        let first = match kind {
            None if !creates => Some(Errno::NOENT),
            Some(_) if creates && flags.contains(OFlags::EXCL) => Some(Errno::EXIST),
            Some(FileType::Directory) if writes(flags) || creates => Some(Errno::ISDIR),
            Some(FileType::Symlink) => Some(Errno::LOOP),
            _ => None,
        };
        if kind.is_some() && !writes(flags) && !flags.contains(OFlags::EXCL) {
            // Nothing would be created or changed: it is a plain reading.
            flags.remove(OFlags::CREATE);
        } else {
            place
                .permit(self.files, || first)
                .map_err(|refusal| self.askable(refusal, place, found, flags, mode))?;
        }
        if let Some(stat) = found {
            self.check_existing(place, stat, flags)?;
        }
        let umask = if flags.contains(OFlags::CREATE) {
            self.caller.standing()?.umask
        } else {
            Mode::empty()
        };
        let mode = Mode::from_raw_mode(mode & PLAIN).difference(umask);
        Ok(open_beneath(place, flags, mode)?)
    }

    /// Whether the file is only what its writable names say.
    pub(super) fn check_links(
        &self,
        path: &Path,
        ground: Ground,
        stat: &Stat,
    ) -> Result<(), Refusal> {
        let is_file = FileType::from_raw_mode(stat.st_mode).is_file();
        if !is_file || stat.st_nlink <= 1 || ground != Ground::Ruled {
            return Ok(());
        }
        // A layer parts a file from its other names before it changes, and gives
        // each name a number of its own, so that they could not be counted.
        let is_held_back = self.layers.iter().any(|layer| path.starts_with(layer));
        if is_held_back || links::all_links_inside(self.files, path, stat) {
            return Ok(());
        }
        Err(Refusal::rule(
            Errno::ACCESS,
            path.to_owned(),
            "files.linked-outside",
            "the file has another name that may not be written, and would change too",
        ))
    }

    /// What an existing file must be before it is opened for writing: neither a
    /// way to a process or device outside, nor another name of a file outside.
    pub(super) fn check_existing(
        &self,
        place: &Place,
        stat: &Stat,
        flags: OFlags,
    ) -> Result<(), Refusal> {
        if !writes(flags) || !matches!(place.ground(), Ground::Ruled) {
            return Ok(());
        }
        let refuse = |rule: &str, reason: &str| {
            Err(Refusal::rule(Errno::ACCESS, place.path(), rule, reason))
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => self.check_links(&place.path(), place.ground(), stat),
            FileType::CharacterDevice | FileType::BlockDevice => {
                refuse("files.device", "a device is not a file of the workspace")
            }
            FileType::Fifo if self.own.contains(stat) => Ok(()),
            FileType::Fifo => refuse("files.pipe", "the other end of a named pipe may be outside"),
            _ => Ok(()),
        }
    }

    /// An entry under `/proc`: an open file of the caller's by its number, or one
    /// of a few settings of its own.
    fn open_process_entry(&mut self, place: &Place, flags: OFlags) -> Result<OwnedFd, Refusal> {
        let own = format!("/proc/{}", self.caller.standing()?.inside);
        if !place.parent_path.starts_with(&own) {
            return Err(Errno::ACCESS.into());
        }
        if place.is_descriptor_entry() {
            return self.reopen(place, flags);
        }
        let leaf = place.leaf.to_str().unwrap_or_default();
        if !OWN_ENTRIES.contains(&leaf) {
            return Err(Errno::ACCESS.into());
        }
        // Nothing there can be cut off, and asking for it needs a right more.
        let flags = flags.difference(OFlags::CREATE | OFlags::EXCL | OFlags::TRUNC);
        Ok(open_beneath(place, flags, Mode::empty())?)
    }

    /// Opens anew what one of the caller's descriptors has open.
    fn reopen(&mut self, place: &Place, flags: OFlags) -> Result<OwnedFd, Refusal> {
        let held = rustix::fs::openat(
            &place.parent,
            &place.leaf,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let stat = rustix::fs::fstat(&held)?;
        let flags =
            flags.difference(OFlags::CREATE | OFlags::EXCL) | OFlags::NOCTTY | OFlags::CLOEXEC;
        let again = |extra: OFlags| {
            rustix::fs::openat(&place.parent, &place.leaf, flags | extra, Mode::empty())
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(Errno::ISDIR.into()),
            // Never waits for the other end of a pipe; the caller's own flag is
            // given back afterwards.
            FileType::Fifo => {
                if let Some(named) = self.name_of(&held, &stat)? {
                    self.check_existing(&named, &stat, flags)?;
                }
                let fd = again(OFlags::NONBLOCK)?;
                if !flags.contains(OFlags::NONBLOCK) {
                    rustix::fs::fcntl_setfl(&fd, flags.difference(OFlags::NONBLOCK))?;
                }
                return Ok(fd);
            }
            _ => return Ok(again(OFlags::empty())?),
        }
        let Some(named) = self.name_of(&held, &stat)? else {
            // It has no name left anywhere; the mount it came from still rules.
            return Ok(again(OFlags::empty())?);
        };
        named.permit(self.files, || None)?;
        self.check_existing(&named, &stat, flags)?;
        Ok(open_beneath(&named, flags, Mode::empty())?)
    }

    /// The name under which an open file can be found now; `None` for what has
    /// none: pipes, sockets, files that were removed or never named.
    pub(super) fn name_of(&self, held: &OwnedFd, stat: &Stat) -> Result<Option<Place>, Refusal> {
        let path = self.caller.path_of(held)?;
        if stat.st_nlink == 0 || !path.is_absolute() {
            return Ok(None);
        }
        let path = path.as_os_str().as_encoded_bytes();
        let place = Place::resolve(self.caller, HERE, path, LastLink::Keep)?;
        let now = place.stat()?;
        if (now.st_dev, now.st_ino) != (stat.st_dev, stat.st_ino) {
            return Err(Errno::STALE.into());
        }
        Ok(Some(place))
    }
}

pub(super) fn is_controlling_terminal(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
        && stat.st_rdev == rustix::fs::makedev(5, 0)
}

/// A device of the host, where the box has none of its own: the ceiling says
/// which can be opened.
fn open_host_device(place: &Place, flags: OFlags) -> Result<OwnedFd, Refusal> {
    let kind = FileType::from_raw_mode(place.stat()?.st_mode);
    if writes(flags) && kind != FileType::CharacterDevice {
        return Err(Errno::ACCESS.into());
    }
    let flags = flags.difference(OFlags::CREATE | OFlags::EXCL | OFlags::TRUNC);
    Ok(open_beneath(place, flags, Mode::empty())?)
}

fn is_pipe(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Fifo
}

const fn writes(flags: OFlags) -> bool {
    // Reading and creating bits aside, what is left of the mask changes content.
    flags.bits() & OPEN_WRITES & !OFlags::CREATE.bits() != 0
}

/// Opens the last component, which is no link any more; if it has become one
/// meanwhile, the call fails.
pub(super) fn open_beneath(place: &Place, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    // A terminal must never become the broker's own.
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    rustix::fs::openat(&place.parent, &place.leaf, flags, mode)
}
