//! The calls that create, change, move or remove names, performed for the
//! caller.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use dam_policy::{FileRules, GitPart, protected_component};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::caller::Caller;
use super::open::open_beneath;
use super::place::{Ground, LastLink, Place};
use super::reading::Hidden;
use super::replace::replace;
use super::worktrees::Worktrees;
use super::{Answer, Own, Refusal, links, repository};
use crate::filter::{FCHMODAT2, RENAMEAT};
use crate::sys::Notification;

pub(super) type Outcome = Result<Answer, Refusal>;

pub(super) const DONE: Outcome = Ok(Answer::Value(0));
/// The mode bits that something new may have: a program that runs with its
/// owner's rights is not made here.
pub(super) const PLAIN: u32 = 0o1777;
/// A directory argument for calls that have none.
pub(super) const HERE: u32 = libc::AT_FDCWD.cast_unsigned();
/// What `creat` opens with.
#[cfg(target_arch = "x86_64")]
const CREATE: u32 = (libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC).cast_unsigned();

/// The name of a mediated call, for reports.
pub(crate) fn name_of(number: i64) -> &'static str {
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_open => return "open",
        libc::SYS_creat => return "creat",
        libc::SYS_mkdir => return "mkdir",
        libc::SYS_rmdir => return "rmdir",
        libc::SYS_mknod => return "mknod",
        libc::SYS_unlink => return "unlink",
        libc::SYS_rename => return "rename",
        libc::SYS_link => return "link",
        libc::SYS_symlink => return "symlink",
        libc::SYS_chmod => return "chmod",
        libc::SYS_chown => return "chown",
        libc::SYS_lchown => return "lchown",
        libc::SYS_utime => return "utime",
        libc::SYS_utimes => return "utimes",
        libc::SYS_futimesat => return "futimesat",
        _ => {}
    }
    match number {
        libc::SYS_openat => "openat",
        libc::SYS_mkdirat => "mkdirat",
        libc::SYS_mknodat => "mknodat",
        libc::SYS_unlinkat => "unlinkat",
        RENAMEAT => "renameat",
        libc::SYS_renameat2 => "renameat2",
        libc::SYS_linkat => "linkat",
        libc::SYS_symlinkat => "symlinkat",
        libc::SYS_truncate => "truncate",
        libc::SYS_fchmod => "fchmod",
        libc::SYS_fchmodat => "fchmodat",
        FCHMODAT2 => "fchmodat2",
        libc::SYS_fchown => "fchown",
        libc::SYS_fchownat => "fchownat",
        libc::SYS_utimensat => "utimensat",
        libc::SYS_setxattr => "setxattr",
        libc::SYS_lsetxattr => "lsetxattr",
        libc::SYS_fsetxattr => "fsetxattr",
        libc::SYS_removexattr => "removexattr",
        libc::SYS_lremovexattr => "lremovexattr",
        libc::SYS_fremovexattr => "fremovexattr",
        libc::SYS_connect => "connect",
        libc::SYS_bind => "bind",
        libc::SYS_listen => "listen",
        _ => "system call",
    }
}

/// Whether a call may move or remove a directory.
pub(super) fn moves_directories(call: &Notification) -> bool {
    #[cfg(target_arch = "x86_64")]
    if matches!(call.number, libc::SYS_rename | libc::SYS_rmdir) {
        return true;
    }
    match call.number {
        RENAMEAT | libc::SYS_renameat2 => true,
        libc::SYS_unlinkat => call.args[2] != 0,
        _ => false,
    }
}

/// One caller at the door, and what its call is judged by.
pub(super) struct Visit<'a> {
    pub files: &'a FileRules,
    pub layers: &'a [PathBuf],
    pub own: &'a mut Own,
    pub hidden: &'a mut Hidden,
    pub trees: &'a mut Worktrees,
    pub caller: &'a Caller<'a>,
}

impl Visit<'_> {
    /// Performs the call. One that is not known here does not exist.
    pub(super) fn perform(&mut self) -> Outcome {
        let word = |index| self.caller.word(index);
        #[cfg(target_arch = "x86_64")]
        match self.caller.call.number {
            libc::SYS_open => return self.open(HERE, 0, word(1), word(2)),
            libc::SYS_creat => return self.open(HERE, 0, CREATE, word(1)),
            libc::SYS_mkdir => return self.mkdir(HERE, 0, word(1)),
            libc::SYS_rmdir => return self.unlink(HERE, 0, libc::AT_REMOVEDIR.cast_unsigned()),
            libc::SYS_mknod => return self.mknod(HERE, 0, word(1)),
            libc::SYS_unlink => return self.unlink(HERE, 0, 0),
            libc::SYS_rename => return self.rename((HERE, 0), (HERE, 1), 0),
            libc::SYS_link => return self.link((HERE, 0), (HERE, 1), 0),
            libc::SYS_symlink => return self.symlink(0, (HERE, 1)),
            _ => {}
        }
        match self.caller.call.number {
            libc::SYS_openat => self.open(word(0), 1, word(2), word(3)),
            libc::SYS_mkdirat => self.mkdir(word(0), 1, word(2)),
            libc::SYS_mknodat => self.mknod(word(0), 1, word(2)),
            libc::SYS_unlinkat => self.unlink(word(0), 1, word(2)),
            RENAMEAT => self.rename((word(0), 1), (word(2), 3), 0),
            libc::SYS_renameat2 => self.rename((word(0), 1), (word(2), 3), word(4)),
            libc::SYS_linkat => self.link((word(0), 1), (word(2), 3), word(4)),
            libc::SYS_symlinkat => self.symlink(0, (word(1), 2)),
            libc::SYS_truncate => self.truncate(),
            _ => self.change_attributes().unwrap_or(Err(Errno::NOSYS.into())),
        }
    }

    /// Where a path argument leads, from a directory argument.
    pub(super) fn place(
        &self,
        directory: u32,
        path: usize,
        last: LastLink,
    ) -> Result<Place, Errno> {
        let path = self.caller.unverified_path(path)?;
        Place::resolve(self.caller, directory, &path, last)
    }

    fn mkdir(&mut self, directory: u32, path: usize, mode: u32) -> Outcome {
        let place = self
            .place(directory, path, LastLink::Keep)
            .map(Place::without_slash)?;
        place.permit(self.files, || place.exists().then_some(Errno::EXIST))?;
        let mode = Mode::from_raw_mode(mode & PLAIN).difference(self.caller.standing()?.umask);
        rustix::fs::mkdirat(&place.parent, &place.leaf, mode)?;
        self.note_worktree(&place)?;
        DONE
    }

    fn mknod(&mut self, directory: u32, path: usize, mode: u32) -> Outcome {
        let place = self.place(directory, path, LastLink::Keep)?;
        place.permit(self.files, || place.exists().then_some(Errno::EXIST))?;
        let kind = match mode & libc::S_IFMT {
            0 | libc::S_IFREG => FileType::RegularFile,
            libc::S_IFIFO => FileType::Fifo,
            libc::S_IFSOCK => FileType::Socket,
            _ => return Err(Errno::PERM.into()),
        };
        let mode = Mode::from_raw_mode(mode & PLAIN).difference(self.caller.standing()?.umask);
        if kind != FileType::RegularFile && self.part(&place).is_some() {
            return Err(not_a_file(&place));
        }
        rustix::fs::mknodat(&place.parent, &place.leaf, kind, mode, 0)?;
        if kind == FileType::Fifo {
            self.own.insert(&place)?;
        }
        DONE
    }

    fn unlink(&mut self, directory: u32, path: usize, flags: u32) -> Outcome {
        let place = self
            .place(directory, path, LastLink::Keep)
            .map(Place::without_slash)?;
        // Git tries whether it can be dropped, and goes by what it is told.
        let is_kept = place.leaf.to_bytes() == b".git" && flags != 0;
        let found = || match place.stat() {
            Err(_) => Some(Errno::NOENT),
            Ok(_) => is_kept.then_some(Errno::NOTEMPTY),
        };
        if !self.may_drop(&place) {
            place.permit(self.files, found)?;
        }
        let before = self.own.before(&place);
        rustix::fs::unlinkat(&place.parent, &place.leaf, AtFlags::from_bits_retain(flags))?;
        self.own.forget_gone(before);
        DONE
    }

    /// What a place is to a repository that may be committed to.
    fn part(&self, place: &Place) -> Option<GitPart> {
        matches!(place.ground(), Ground::Ruled)
            .then(|| repository::part(self.files, &place.path()))?
    }

    /// Whether git may drop what may not be written.
    fn may_drop(&self, place: &Place) -> bool {
        let part = self.part(place);
        part.is_some_and(GitPart::is_removable) || self.is_worktree_pointer(place)
    }

    fn rename(&mut self, from: (u32, usize), to: (u32, usize), flags: u32) -> Outcome {
        let flags = RenameFlags::from_bits_retain(flags);
        if flags.contains(RenameFlags::WHITEOUT) {
            return Err(Errno::PERM.into());
        }
        let resolve = |(directory, path): (u32, usize)| -> Result<Place, Refusal> {
            Ok(self.place(directory, path, LastLink::Keep)?.without_slash())
        };
        let from = resolve(from)?;
        let to = resolve(to)?;
        from.permit(self.files, || (!from.exists()).then_some(Errno::NOENT))?;
        if flags.is_empty()
            && let Some(part @ (GitPart::Index | GitPart::Steps)) = self.part(&to)
        {
            return replace(part, &from, &to);
        }
        to.permit(self.files, || None)?;
        self.check_moved(&from, &to)?;
        if flags.contains(RenameFlags::EXCHANGE) {
            self.check_moved(&to, &from)?;
        }
        let replaced = to.stat().ok();
        rustix::fs::renameat_with(&from.parent, &from.leaf, &to.parent, &to.leaf, flags)?;
        self.own.forget_gone(replaced);
        DONE
    }

    /// What moves along with a name: nothing below a directory may be
    /// protected where it was or where it comes to lie, and a link must not
    /// take a place that a protected name goes through.
    fn check_moved(&self, from: &Place, to: &Place) -> Result<(), Refusal> {
        let Ok(stat) = from.stat() else { return Ok(()) };
        if !matches!(from.ground(), Ground::Ruled) {
            return Ok(());
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        if !kind.is_file() && (self.part(from).is_some() || self.part(to).is_some()) {
            return Err(not_a_file(from));
        }
        match kind {
            FileType::Symlink => self.check_link_name(to),
            FileType::Directory if links::holds_protected(self.files, from, &to.path()) => {
                Err(Refusal::rule(
                    Errno::ACCESS,
                    from.path(),
                    "files.protected-inside",
                    "the directory holds a protected name, or is too large to look into",
                ))
            }
            _ => Ok(()),
        }
    }

    fn link(&mut self, from: (u32, usize), to: (u32, usize), flags: u32) -> Outcome {
        let flags = AtFlags::from_bits_retain(flags);
        let target = self.place(to.0, to.1, LastLink::Keep)?;
        let path = self.caller.path(from.1)?;
        if path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
            let fd = self.caller.directory(from.0)?;
            return self.link_open_file(&fd, &target);
        }
        let last = if flags.contains(AtFlags::SYMLINK_FOLLOW) {
            LastLink::Follow
        } else {
            LastLink::Keep
        };
        let source = Place::resolve(self.caller, from.0, &path, last)?;
        if source.is_descriptor_entry() {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            let fd = rustix::fs::openat(&source.parent, &source.leaf, flags, Mode::empty())?;
            return self.link_open_file(&fd, &target);
        }
        // A second name for a file that may not be written would be a way to it.
        source.permit(self.files, || (!source.exists()).then_some(Errno::NOENT))?;
        target.permit(self.files, || target.exists().then_some(Errno::EXIST))?;
        if self.part(&source).is_some() != self.part(&target).is_some() {
            return Err(Errno::XDEV.into());
        }
        rustix::fs::linkat(
            &source.parent,
            &source.leaf,
            &target.parent,
            &target.leaf,
            AtFlags::empty(),
        )?;
        DONE
    }

    /// Gives a name to an open file: one that never had any, or another one for a
    /// file whose present name may be written.
    fn link_open_file(&mut self, fd: &OwnedFd, target: &Place) -> Outcome {
        let stat = rustix::fs::fstat(fd)?;
        if let Some(named) = self.name_of(fd, &stat)? {
            named.permit(self.files, || None)?;
        }
        target.permit(self.files, || target.exists().then_some(Errno::EXIST))?;
        let name = format!("self/fd/{}", fd.as_raw_fd());
        rustix::fs::linkat(
            self.caller.host_proc(),
            Path::new(&name),
            &target.parent,
            &target.leaf,
            AtFlags::SYMLINK_FOLLOW,
        )?;
        DONE
    }

    fn symlink(&mut self, text: usize, to: (u32, usize)) -> Outcome {
        let text = self.caller.path(text)?;
        let place = self.place(to.0, to.1, LastLink::Keep)?;
        place.permit(self.files, || place.exists().then_some(Errno::EXIST))?;
        self.check_link_name(&place)?;
        if self.part(&place).is_some() {
            return Err(not_a_file(&place));
        }
        rustix::fs::symlinkat(text.as_slice(), &place.parent, &place.leaf)?;
        DONE
    }

    fn truncate(&mut self) -> Outcome {
        let place = self.place(HERE, 0, LastLink::Follow)?;
        let stat = place.stat()?;
        place.permit(self.files, || None)?;
        self.check_existing(&place, &stat, OFlags::WRONLY)?;
        let file = open_beneath(&place, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty())?;
        rustix::fs::ftruncate(&file, self.caller.call.args[1])?;
        DONE
    }

    /// A link with the first part of a protected name would lead around the
    /// rest: `.github` pointing at a directory of another name.
    fn check_link_name(&self, place: &Place) -> Result<(), Refusal> {
        let leaf = place.leaf.to_string_lossy();
        if !matches!(place.ground(), Ground::Ruled)
            || !protected_component(&leaf)
            || !self.files.protects_names_at(&place.path())
        {
            return Ok(());
        }
        Err(Refusal::rule(
            Errno::ACCESS,
            place.path(),
            "files.protected-name",
            format!("a link called `{leaf}` would lead around a protected name"),
        ))
    }
}

fn not_a_file(place: &Place) -> Refusal {
    Refusal::rule(
        Errno::ACCESS,
        place.path(),
        "files.git-closed",
        "what git keeps are files: a link or a moved directory could lead it elsewhere",
    )
}
