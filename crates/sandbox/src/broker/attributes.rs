//! The calls that change what a file is and not what it holds: its mode, its
//! owner, its times, its extended attributes. A mode can make a program of a
//! text, so the same rules hold as for writing.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Gid, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use super::Refusal;
use super::acts::{DONE, HERE, Outcome, Visit};
use super::place::{Ground, LastLink, Place};

/// As long as the kernel lets an attribute's name and value be.
const LONGEST_NAME: usize = 255;
const LONGEST_VALUE: usize = 64 * 1024;

/// What an attribute is changed of.
enum Target {
    Named(Place),
    Open(OwnedFd),
}

impl Visit<'_> {
    /// Performs the call, if it is one of these.
    pub(super) fn change_attributes(&mut self) -> Option<Outcome> {
        let word = |index| self.caller.word(index);
        let follow = |flags: u32| match flags & libc::AT_SYMLINK_NOFOLLOW.cast_unsigned() {
            0 => LastLink::Follow,
            _ => LastLink::Keep,
        };
        let (yes, no) = (LastLink::Follow, LastLink::Keep);
        #[cfg(target_arch = "x86_64")]
        match self.caller.call.number {
            libc::SYS_chmod => {
                return Some(self.at(HERE, 0, yes).and_then(|t| self.chmod(&t, word(1))));
            }
            libc::SYS_chown => return Some(self.at(HERE, 0, yes).and_then(|t| self.chown(&t, 1))),
            libc::SYS_lchown => return Some(self.at(HERE, 0, no).and_then(|t| self.chown(&t, 1))),
            libc::SYS_utime => {
                return Some(
                    self.at(HERE, 0, yes)
                        .and_then(|t| self.touch(&t, Unit::Seconds, 1)),
                );
            }
            libc::SYS_utimes => {
                return Some(
                    self.at(HERE, 0, yes)
                        .and_then(|t| self.touch(&t, Unit::Micro, 1)),
                );
            }
            libc::SYS_futimesat => {
                return Some(
                    self.at_or_open(word(0), 1, yes)
                        .and_then(|t| self.touch(&t, Unit::Micro, 2)),
                );
            }
            _ => {}
        }
        Some(match self.caller.call.number {
            libc::SYS_fchmod => self
                .open_file(word(0))
                .and_then(|t| self.chmod(&t, word(1))),
            libc::SYS_fchmodat => self
                .at(word(0), 1, yes)
                .and_then(|t| self.chmod(&t, word(2))),
            crate::filter::FCHMODAT2 => self
                .at_or_empty(word(0), 1, word(3))
                .and_then(|t| self.chmod(&t, word(2))),
            libc::SYS_fchown => self.open_file(word(0)).and_then(|t| self.chown(&t, 1)),
            libc::SYS_fchownat => self
                .at_or_empty(word(0), 1, word(4))
                .and_then(|t| self.chown(&t, 2)),
            libc::SYS_utimensat => self
                .at_or_open(word(0), 1, follow(word(3)))
                .and_then(|t| self.touch(&t, Unit::Nano, 2)),
            libc::SYS_setxattr => self.at(HERE, 0, yes).and_then(|t| self.set_attribute(&t)),
            libc::SYS_lsetxattr => self.at(HERE, 0, no).and_then(|t| self.set_attribute(&t)),
            libc::SYS_fsetxattr => self.open_file(word(0)).and_then(|t| self.set_attribute(&t)),
            libc::SYS_removexattr => self
                .at(HERE, 0, yes)
                .and_then(|t| self.remove_attribute(&t)),
            libc::SYS_lremovexattr => self.at(HERE, 0, no).and_then(|t| self.remove_attribute(&t)),
            libc::SYS_fremovexattr => self
                .open_file(word(0))
                .and_then(|t| self.remove_attribute(&t)),
            _ => return None,
        })
    }

    fn at(&self, directory: u32, path: usize, last: LastLink) -> Result<Target, Refusal> {
        let place = self.place(directory, path, last)?;
        if place.is_descriptor_entry() {
            // How C libraries reach a file that they hold by descriptor.
            let number = place.leaf.to_str().ok().and_then(|leaf| leaf.parse().ok());
            return self.open_file(number.ok_or(Errno::BADF)?);
        }
        let stat = place.stat()?;
        self.may_change(&place, &stat)?;
        Ok(Target::Named(place))
    }

    /// Without a path, the descriptor itself is meant.
    fn at_or_open(&self, directory: u32, path: usize, last: LastLink) -> Result<Target, Refusal> {
        if self.caller.call.args[path] == 0 {
            return self.open_file(directory);
        }
        self.at(directory, path, last)
    }

    fn at_or_empty(&self, directory: u32, path: usize, flags: u32) -> Result<Target, Refusal> {
        let flags = AtFlags::from_bits_retain(flags);
        if flags.contains(AtFlags::EMPTY_PATH) && self.caller.path(path)?.is_empty() {
            return self.open_file(directory);
        }
        let keep = flags.contains(AtFlags::SYMLINK_NOFOLLOW);
        self.at(
            directory,
            path,
            if keep {
                LastLink::Keep
            } else {
                LastLink::Follow
            },
        )
    }

    /// What a descriptor has open, if what it is may be changed. Held no longer
    /// than the kernel would hold it for the call.
    fn open_file(&self, fd: u32) -> Result<Target, Refusal> {
        let held = self.caller.base(fd)?;
        let stat = rustix::fs::fstat(&held)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice {
            // A terminal that was handed in is the host's.
            return Err(Errno::PERM.into());
        }
        let path = self.caller.path_of(&held)?;
        // Pipes, sockets and files that were removed or never named have none.
        if stat.st_nlink > 0 && path.is_absolute() {
            let around = path.parent().unwrap_or(&path);
            let ground = Ground::of(around, self.caller.tier.has_own_devices());
            ground.permit(self.files, &path)?;
            self.check_links(&path, ground, &stat)?;
        }
        Ok(Target::Open(held))
    }

    /// The name under which what is held can be reached again.
    fn entry(held: &OwnedFd) -> String {
        format!("self/fd/{}", held.as_raw_fd())
    }

    fn may_change(&self, place: &Place, stat: &Stat) -> Result<(), Refusal> {
        place.permit(self.files, || None)?;
        self.check_links(&place.path(), place.ground(), stat)
    }

    fn chmod(&self, target: &Target, mode: u32) -> Outcome {
        let stat = match target {
            Target::Named(place) => place.stat()?,
            Target::Open(fd) => rustix::fs::fstat(fd)?,
        };
        let is_directory = FileType::from_raw_mode(stat.st_mode).is_dir();
        let special = if is_directory {
            libc::S_ISUID
        } else {
            libc::S_ISUID | libc::S_ISGID
        };
        if mode & special != 0 {
            let path = match target {
                Target::Named(place) => place.path(),
                Target::Open(fd) => self.caller.path_of(fd)?,
            };
            return Err(Refusal::rule(
                Errno::PERM,
                path,
                "files.set-user-id",
                "the program would run with your rights for whoever starts it",
            ));
        }
        let mode = Mode::from_raw_mode(mode & 0o7777);
        match target {
            Target::Named(place) => {
                rustix::fs::chmodat(&place.parent, &place.leaf, mode, AtFlags::empty())?;
            }
            Target::Open(fd) => match rustix::fs::fchmod(fd, mode) {
                Err(Errno::BADF) => {
                    // Held by what only points at it.
                    let proc = self.caller.host_proc();
                    rustix::fs::chmodat(proc, Self::entry(fd), mode, AtFlags::empty())?;
                }
                done => done?,
            },
        }
        DONE
    }

    fn chown(&self, target: &Target, at: usize) -> Outcome {
        let owner = self.caller.word(at);
        let group = self.caller.word(at + 1);
        let owner = (owner != u32::MAX).then(|| Uid::from_raw(owner));
        let group = (group != u32::MAX).then(|| Gid::from_raw(group));
        match target {
            Target::Named(place) => {
                let flags = AtFlags::SYMLINK_NOFOLLOW;
                rustix::fs::chownat(&place.parent, &place.leaf, owner, group, flags)?;
            }
            Target::Open(fd) => {
                let proc = self.caller.host_proc();
                rustix::fs::chownat(proc, Self::entry(fd), owner, group, AtFlags::empty())?;
            }
        }
        DONE
    }

    fn touch(&self, target: &Target, unit: Unit, at: usize) -> Outcome {
        let times = self.times(unit, at)?;
        match target {
            Target::Named(place) => {
                let flags = AtFlags::SYMLINK_NOFOLLOW;
                rustix::fs::utimensat(&place.parent, &place.leaf, &times, flags)?;
            }
            Target::Open(fd) => {
                let proc = self.caller.host_proc();
                rustix::fs::utimensat(proc, Self::entry(fd), &times, AtFlags::empty())?;
            }
        }
        DONE
    }

    fn times(&self, unit: Unit, at: usize) -> Result<Timestamps, Errno> {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: libc::UTIME_NOW,
        };
        if self.caller.call.args[at] == 0 {
            return Ok(Timestamps {
                last_access: now,
                last_modification: now,
            });
        }
        let (words, scale) = match unit {
            Unit::Seconds => (2, 0),
            Unit::Micro => (4, 1_000),
            Unit::Nano => (4, 1),
        };
        let bytes = self.caller.memory(at, words * 8)?;
        let numbers: Vec<i64> = bytes
            .chunks_exact(8)
            .filter_map(|chunk| chunk.try_into().ok().map(i64::from_ne_bytes))
            .collect();
        let time = |seconds: i64, part: i64| Timespec {
            tv_sec: seconds,
            tv_nsec: part.saturating_mul(scale),
        };
        match numbers[..] {
            [access, change] => Ok(Timestamps {
                last_access: time(access, 0),
                last_modification: time(change, 0),
            }),
            [access, access_part, change, change_part] => Ok(Timestamps {
                last_access: time(access, access_part),
                last_modification: time(change, change_part),
            }),
            _ => Err(Errno::FAULT),
        }
    }

    fn set_attribute(&self, target: &Target) -> Outcome {
        let name = self.attribute_name()?;
        let length = usize::try_from(self.caller.call.args[3]).map_err(|_| Errno::TOOBIG)?;
        if length > LONGEST_VALUE {
            return Err(Errno::TOOBIG.into());
        }
        let value = self.caller.memory(2, length)?;
        let flags = XattrFlags::from_bits_retain(self.caller.word(4));
        match target {
            Target::Named(place) => {
                rustix::process::fchdir(&place.parent)?;
                rustix::fs::lsetxattr(&place.leaf, &name, &value, flags)?;
            }
            Target::Open(fd) => {
                rustix::process::fchdir(self.caller.host_proc())?;
                rustix::fs::setxattr(Self::entry(fd), &name, &value, flags)?;
            }
        }
        DONE
    }

    fn remove_attribute(&self, target: &Target) -> Outcome {
        let name = self.attribute_name()?;
        match target {
            Target::Named(place) => {
                rustix::process::fchdir(&place.parent)?;
                rustix::fs::lremovexattr(&place.leaf, &name)?;
            }
            Target::Open(fd) => {
                rustix::process::fchdir(self.caller.host_proc())?;
                rustix::fs::removexattr(Self::entry(fd), &name)?;
            }
        }
        DONE
    }

    fn attribute_name(&self) -> Result<CString, Errno> {
        let name = self.caller.path(1)?;
        if name.len() > LONGEST_NAME {
            return Err(Errno::RANGE);
        }
        CString::new(name).map_err(|_| Errno::INVAL)
    }
}

/// What the numbers of a time argument count.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(
        dead_code,
        reason = "the older calls count in seconds and microseconds"
    )
)]
enum Unit {
    Seconds,
    Micro,
    Nano,
}
