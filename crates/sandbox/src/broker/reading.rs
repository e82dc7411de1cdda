//! Opening for reading, looked at only where a rule about names forbids it or
//! only what is named may be read. Mounts cannot hold that: the file may
//! appear later, or have another name.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::Path;

use dam_policy::FileRules;
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::acts::{Outcome, Visit};
use super::open::{is_controlling_terminal, open_beneath};
use super::place::{Ground, Place};
use super::waiting::WaitsFor;
use super::{Answer, Refusal, Refused, identity, links};
use crate::grant::Identity;

/// The files with several names of which one is denied: looked for once, when
/// the first file with several names is read. What is linked or renamed inside
/// later goes through the door, and a denied name can be neither.
#[derive(Debug, Default)]
pub(super) struct Hidden(Option<Result<HashSet<Identity>, TooMany>>);

/// There is too much to look through.
#[derive(Debug)]
struct TooMany;

impl Hidden {
    fn refuses(&mut self, files: &FileRules, stat: &Stat) -> bool {
        let known = self
            .0
            .get_or_insert_with(|| links::denied(files).ok_or(TooMany));
        match known {
            Ok(denied) => denied.contains(&identity(stat)),
            Err(TooMany) => true,
        }
    }
}

impl Visit<'_> {
    pub(super) fn open_to_read(&mut self, place: &Place, flags: OFlags) -> Outcome {
        let cloexec = flags.contains(OFlags::CLOEXEC);
        let flags = if place.must_be_directory {
            flags | OFlags::DIRECTORY
        } else {
            flags
        };
        self.check_not_ourselves(place)?;
        let fd = match place.ground() {
            Ground::Process if place.is_descriptor_entry() => self.read_again(place, flags)?,
            Ground::Private if is_controlling_terminal(&place.stat()?) => {
                self.open_terminal(flags)?
            }
            Ground::Process | Ground::HostDevice | Ground::Private => {
                open_beneath(place, flags, Mode::empty())?
            }
            Ground::Ruled => {
                let path = place.path();
                // First, because what is covered cannot even be looked at.
                self.may_read(&path)?;
                let stat = place.stat()?;
                self.may_read_all_names(&path, &stat)?;
                if FileType::from_raw_mode(stat.st_mode) == FileType::Fifo {
                    return read_pipe(place, flags);
                }
                open_beneath(place, flags, Mode::empty())?
            }
        };
        Ok(Answer::Descriptor { fd, cloexec })
    }

    /// Without a pid namespace the broker is there to be seen, and it may read
    /// itself, which its callers may not. What else they may not read, it may
    /// not either.
    fn check_not_ourselves(&self, place: &Place) -> Result<(), Errno> {
        if self.caller.tier.has_walls() {
            return Ok(());
        }
        let is_proc = rustix::fs::fstatfs(&place.parent)?.f_type == rustix::fs::PROC_SUPER_MAGIC;
        let own = Path::new("/proc").join(std::process::id().to_string());
        // Another mount of it may count processes in another way.
        let is_usual = place.parent_path.starts_with("/proc");
        if is_proc && (!is_usual || place.parent_path.starts_with(own)) {
            return Err(Errno::ACCESS);
        }
        Ok(())
    }

    /// Opens anew what one of the caller's descriptors has open.
    fn read_again(&mut self, place: &Place, flags: OFlags) -> Result<OwnedFd, Refusal> {
        let held = rustix::fs::openat(
            &place.parent,
            &place.leaf,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let stat = rustix::fs::fstat(&held)?;
        if let Some(named) = self.name_of(&held, &stat)?
            && named.ground() == Ground::Ruled
        {
            self.may_read(&named.path())?;
            self.may_read_all_names(&named.path(), &stat)?;
        }
        // Never waits for the other end of a pipe: the caller has it open.
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
        let fd = rustix::fs::openat(
            &place.parent,
            &place.leaf,
            flags.difference(OFlags::NOFOLLOW) | OFlags::NONBLOCK,
            Mode::empty(),
        )?;
        if !flags.contains(OFlags::NONBLOCK) && !flags.contains(OFlags::PATH) {
            rustix::fs::fcntl_setfl(&fd, flags)?;
        }
        Ok(fd)
    }

    fn may_read(&self, path: &Path) -> Result<(), Refusal> {
        if self.files.may_read(path) {
            return Ok(());
        }
        let verdict = self.files.read(path);
        Err(Refusal::Rule(Box::new(Refused {
            errno: Errno::ACCESS,
            path: path.to_owned(),
            rule: verdict.rule.as_str().to_owned(),
            reason: verdict.reason,
            hint: verdict.hint,
            reads: true,
            opening: None,
        })))
    }

    fn may_read_all_names(&mut self, path: &Path, stat: &Stat) -> Result<(), Refusal> {
        let has_names = FileType::from_raw_mode(stat.st_mode).is_file() && stat.st_nlink > 1;
        if has_names && !self.files.globs().is_empty() && self.hidden.refuses(self.files, stat) {
            return Err(Refusal::Rule(Box::new(Refused {
                errno: Errno::ACCESS,
                path: path.to_owned(),
                rule: "files.denied-glob".to_owned(),
                reason: "the file has another name that may not be read, or too many files would \
                         have to be looked at to tell"
                    .to_owned(),
                hint: None,
                reads: true,
                opening: None,
            })));
        }
        Ok(())
    }
}

/// A pipe that nobody writes to yet must not hold the door.
fn read_pipe(place: &Place, flags: OFlags) -> Outcome {
    let cloexec = flags.contains(OFlags::CLOEXEC);
    let fd = open_beneath(place, flags | OFlags::NONBLOCK, Mode::empty())?;
    if flags.intersects(OFlags::NONBLOCK | OFlags::PATH) {
        return Ok(Answer::Descriptor { fd, cloexec });
    }
    Ok(Answer::Later(WaitsFor::Writer { pipe: fd, cloexec }))
}
