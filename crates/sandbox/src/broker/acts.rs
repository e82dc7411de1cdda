//! The calls that create, change, move or remove names, performed for the
//! caller.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use dam_policy::FileRules;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use super::caller::Caller;
use super::place::{Ground, LastLink, Place};
use super::{Answer, Refusal, Refused, links};
use crate::filter::OPEN_WRITES;

type Outcome = Result<Answer, Refusal>;

const DONE: Outcome = Ok(Answer::Value(0));
/// A directory argument for calls that have none.
const HERE: u32 = libc::AT_FDCWD.cast_unsigned();
/// A process may write these entries of its own under `/proc`.
const OWN_ENTRIES: &[&str] = &[
    "comm",
    "oom_score_adj",
    "coredump_filter",
    "timerslack_ns",
    "clear_refs",
    "autogroup",
];

/// The name of a mediated call, for reports.
pub(super) fn name_of(number: i64) -> &'static str {
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_open => return "open",
        libc::SYS_creat => return "creat",
        libc::SYS_mkdir => return "mkdir",
        libc::SYS_rmdir => return "rmdir",
        libc::SYS_mknod => return "mknod",
        libc::SYS_unlink => return "unlink",
        libc::SYS_rename => return "rename",
        libc::SYS_renameat => return "renameat",
        libc::SYS_link => return "link",
        libc::SYS_symlink => return "symlink",
        _ => {}
    }
    match number {
        libc::SYS_openat => "openat",
        libc::SYS_mkdirat => "mkdirat",
        libc::SYS_mknodat => "mknodat",
        libc::SYS_unlinkat => "unlinkat",
        libc::SYS_renameat2 => "renameat2",
        libc::SYS_linkat => "linkat",
        libc::SYS_symlinkat => "symlinkat",
        libc::SYS_truncate => "truncate",
        libc::SYS_connect => "connect",
        libc::SYS_bind => "bind",
        _ => "system call",
    }
}

/// Performs one call. A call that is not known here does not exist.
pub(super) fn perform(files: &FileRules, caller: &Caller<'_>) -> Outcome {
    let word = |index| caller.word(index);
    let rmdir = libc::AT_REMOVEDIR.cast_unsigned();
    let create = (libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC).cast_unsigned();
    #[cfg(target_arch = "x86_64")]
    match caller.call.number {
        libc::SYS_open => return open(files, caller, HERE, 0, word(1), word(2)),
        libc::SYS_creat => return open(files, caller, HERE, 0, create, word(1)),
        libc::SYS_mkdir => return mkdir(files, caller, HERE, 0, word(1)),
        libc::SYS_rmdir => return unlink(files, caller, HERE, 0, rmdir),
        libc::SYS_mknod => return mknod(files, caller, HERE, 0, word(1)),
        libc::SYS_unlink => return unlink(files, caller, HERE, 0, 0),
        libc::SYS_rename => return rename(files, caller, (HERE, 0), (HERE, 1), 0),
        libc::SYS_renameat => return rename(files, caller, (word(0), 1), (word(2), 3), 0),
        libc::SYS_link => return link(files, caller, (HERE, 0), (HERE, 1), 0),
        libc::SYS_symlink => return symlink(files, caller, 0, (HERE, 1)),
        _ => {}
    }
    match caller.call.number {
        libc::SYS_openat => open(files, caller, word(0), 1, word(2), word(3)),
        libc::SYS_mkdirat => mkdir(files, caller, word(0), 1, word(2)),
        libc::SYS_mknodat => mknod(files, caller, word(0), 1, word(2)),
        libc::SYS_unlinkat => unlink(files, caller, word(0), 1, word(2)),
        libc::SYS_renameat2 => rename(files, caller, (word(0), 1), (word(2), 3), word(4)),
        libc::SYS_linkat => link(files, caller, (word(0), 1), (word(2), 3), word(4)),
        libc::SYS_symlinkat => symlink(files, caller, 0, (word(1), 2)),
        libc::SYS_truncate => truncate(files, caller),
        _ => Err(Errno::NOSYS.into()),
    }
}

fn open(
    files: &FileRules,
    caller: &Caller<'_>,
    directory: u32,
    path: usize,
    flags: u32,
    mode: u32,
) -> Outcome {
    let flags = OFlags::from_bits_retain(flags);
    let cloexec = flags.contains(OFlags::CLOEXEC);
    let exclusive = flags.contains(OFlags::CREATE | OFlags::EXCL);
    let last = if exclusive || flags.contains(OFlags::NOFOLLOW) {
        LastLink::Keep
    } else {
        LastLink::Follow
    };
    let place = Place::resolve(caller, directory, &caller.path(path)?, last)?;
    let fd = if flags.contains(OFlags::TMPFILE) {
        open_unnamed(files, caller, &place, flags, mode)?
    } else if let Ground::Process = place.ground() {
        open_process_entry(files, caller, &place, flags)?
    } else {
        open_named(files, caller, &place, flags, mode)?
    };
    Ok(Answer::Descriptor { fd, cloexec })
}

/// A file without a name, in a directory that must be writable.
fn open_unnamed(
    files: &FileRules,
    caller: &Caller<'_>,
    place: &Place,
    flags: OFlags,
    mode: u32,
) -> Result<OwnedFd, Refusal> {
    place.permit(files, None)?;
    let mode = Mode::from_raw_mode(mode).difference(caller.standing()?.umask);
    Ok(rustix::fs::openat(
        &place.parent,
        &place.leaf,
        flags | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        mode,
    )?)
}

fn open_named(
    files: &FileRules,
    caller: &Caller<'_>,
    place: &Place,
    mut flags: OFlags,
    mode: u32,
) -> Result<OwnedFd, Refusal> {
    let found = place.stat().ok();
    let kind = found
        .as_ref()
        .map(|stat| FileType::from_raw_mode(stat.st_mode));
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
        place.permit(files, first)?;
    }
    if let Some(stat) = &found {
        check_existing(files, place, stat, flags)?;
    }
    let umask = if flags.contains(OFlags::CREATE) {
        caller.standing()?.umask
    } else {
        Mode::empty()
    };
    open_beneath(place, flags, Mode::from_raw_mode(mode).difference(umask))
}

const fn writes(flags: OFlags) -> bool {
    // Reading and creating bits aside, what is left of the mask changes content.
    flags.bits() & OPEN_WRITES & !OFlags::CREATE.bits() != 0
}

/// What an existing file must be before it is opened for writing: neither a
/// way to a process or device outside, nor another name of a file outside.
fn check_existing(
    files: &FileRules,
    place: &Place,
    stat: &Stat,
    flags: OFlags,
) -> Result<(), Refusal> {
    if !writes(flags) || !matches!(place.ground(), Ground::Ruled) {
        return Ok(());
    }
    let refuse = |rule: &str, reason: &str| {
        Err(Refusal::Rule(Box::new(Refused {
            errno: Errno::ACCESS,
            path: place.path(),
            rule: rule.to_owned(),
            reason: reason.to_owned(),
            hint: None,
        })))
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile
            if stat.st_nlink > 1 && !links::all_links_inside(files, &place.path(), stat) =>
        {
            refuse(
                "files.linked-outside",
                "the file has another name outside the writable places, which would change too",
            )
        }
        FileType::CharacterDevice | FileType::BlockDevice => {
            refuse("files.device", "a device is not a file of the workspace")
        }
        FileType::Fifo => refuse("files.pipe", "the other end of a named pipe may be outside"),
        _ => Ok(()),
    }
}

/// Opens the last component, which is no link any more; if it has become one
/// meanwhile, the call fails.
fn open_beneath(place: &Place, flags: OFlags, mode: Mode) -> Result<OwnedFd, Refusal> {
    // A terminal must never become the broker's own.
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(rustix::fs::openat(&place.parent, &place.leaf, flags, mode)?)
}

/// An entry under `/proc`: an open file of the caller's by its number, or one
/// of a few settings of its own.
fn open_process_entry(
    files: &FileRules,
    caller: &Caller<'_>,
    place: &Place,
    flags: OFlags,
) -> Result<OwnedFd, Refusal> {
    let own = format!("/proc/{}", caller.standing()?.inside);
    if !place.parent_path.starts_with(&own) {
        return Err(Errno::ACCESS.into());
    }
    if place.is_descriptor_entry() {
        return reopen(files, caller, place, flags);
    }
    let leaf = place.leaf.to_str().unwrap_or_default();
    if !OWN_ENTRIES.contains(&leaf) {
        return Err(Errno::ACCESS.into());
    }
    open_beneath(
        place,
        flags.difference(OFlags::CREATE | OFlags::EXCL),
        Mode::empty(),
    )
}

/// Opens anew what one of the caller's descriptors has open.
fn reopen(
    files: &FileRules,
    caller: &Caller<'_>,
    place: &Place,
    flags: OFlags,
) -> Result<OwnedFd, Refusal> {
    let held = rustix::fs::openat(
        &place.parent,
        &place.leaf,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let stat = rustix::fs::fstat(&held)?;
    let flags = flags.difference(OFlags::CREATE | OFlags::EXCL) | OFlags::NOCTTY | OFlags::CLOEXEC;
    let again = |extra: OFlags| {
        rustix::fs::openat(&place.parent, &place.leaf, flags | extra, Mode::empty())
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR.into()),
        // Never waits for the other end of a pipe; the caller's own flag is
        // given back afterwards.
        FileType::Fifo => {
            let fd = again(OFlags::NONBLOCK)?;
            if !flags.contains(OFlags::NONBLOCK) {
                rustix::fs::fcntl_setfl(&fd, flags.difference(OFlags::NONBLOCK))?;
            }
            return Ok(fd);
        }
        _ => return Ok(again(OFlags::empty())?),
    }
    let path = caller.path_of(&held)?;
    if stat.st_nlink == 0 {
        // It has no name left anywhere; the mount it came from still rules.
        return Ok(again(OFlags::empty())?);
    }
    let named = Place::resolve(
        caller,
        HERE,
        path.as_os_str().as_encoded_bytes(),
        LastLink::Keep,
    )?;
    let now = named.stat()?;
    if (now.st_dev, now.st_ino) != (stat.st_dev, stat.st_ino) {
        return Err(Errno::STALE.into());
    }
    named.permit(files, None)?;
    check_existing(files, &named, &now, flags)?;
    open_beneath(&named, flags, Mode::empty())
}

fn mkdir(
    files: &FileRules,
    caller: &Caller<'_>,
    directory: u32,
    path: usize,
    mode: u32,
) -> Outcome {
    let place = Place::resolve(caller, directory, &caller.path(path)?, LastLink::Keep)
        .map(Place::without_slash)?;
    place.permit(files, place.exists().then_some(Errno::EXIST))?;
    let mode = Mode::from_raw_mode(mode).difference(caller.standing()?.umask);
    rustix::fs::mkdirat(&place.parent, &place.leaf, mode)?;
    DONE
}

fn mknod(
    files: &FileRules,
    caller: &Caller<'_>,
    directory: u32,
    path: usize,
    mode: u32,
) -> Outcome {
    let place = Place::resolve(caller, directory, &caller.path(path)?, LastLink::Keep)?;
    place.permit(files, place.exists().then_some(Errno::EXIST))?;
    let kind = match mode & libc::S_IFMT {
        0 | libc::S_IFREG => FileType::RegularFile,
        libc::S_IFIFO => FileType::Fifo,
        libc::S_IFSOCK => FileType::Socket,
        _ => return Err(Errno::PERM.into()),
    };
    let mode = Mode::from_raw_mode(mode & 0o7777).difference(caller.standing()?.umask);
    rustix::fs::mknodat(&place.parent, &place.leaf, kind, mode, 0)?;
    DONE
}

fn unlink(
    files: &FileRules,
    caller: &Caller<'_>,
    directory: u32,
    path: usize,
    flags: u32,
) -> Outcome {
    let place = Place::resolve(caller, directory, &caller.path(path)?, LastLink::Keep)
        .map(Place::without_slash)?;
    place.permit(files, (!place.exists()).then_some(Errno::NOENT))?;
    rustix::fs::unlinkat(&place.parent, &place.leaf, AtFlags::from_bits_retain(flags))?;
    DONE
}

fn rename(
    files: &FileRules,
    caller: &Caller<'_>,
    from: (u32, usize),
    to: (u32, usize),
    flags: u32,
) -> Outcome {
    let flags = RenameFlags::from_bits_retain(flags);
    if flags.contains(RenameFlags::WHITEOUT) {
        return Err(Errno::PERM.into());
    }
    let resolve = |(directory, path): (u32, usize)| -> Result<Place, Refusal> {
        Ok(Place::resolve(caller, directory, &caller.path(path)?, LastLink::Keep)?.without_slash())
    };
    let from = resolve(from)?;
    let to = resolve(to)?;
    from.permit(files, (!from.exists()).then_some(Errno::NOENT))?;
    to.permit(files, None)?;
    let mut moved = vec![&from];
    if flags.contains(RenameFlags::EXCHANGE) {
        moved.push(&to);
    }
    for place in moved {
        let kind = place
            .stat()
            .map(|stat| FileType::from_raw_mode(stat.st_mode));
        if kind == Ok(FileType::Directory)
            && matches!(place.ground(), Ground::Ruled)
            && links::holds_protected(&place.parent, &place.leaf)
        {
            return Err(Refusal::Rule(Box::new(Refused {
                errno: Errno::ACCESS,
                path: place.path(),
                rule: "files.protected-inside".to_owned(),
                reason: "the directory holds a protected name, or is too large to look into"
                    .to_owned(),
                hint: None,
            })));
        }
    }
    rustix::fs::renameat_with(&from.parent, &from.leaf, &to.parent, &to.leaf, flags)?;
    DONE
}

fn link(
    files: &FileRules,
    caller: &Caller<'_>,
    from: (u32, usize),
    to: (u32, usize),
    flags: u32,
) -> Outcome {
    let flags = AtFlags::from_bits_retain(flags);
    let target = Place::resolve(caller, to.0, &caller.path(to.1)?, LastLink::Keep)?;
    let path = caller.path(from.1)?;
    if path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
        let fd = caller.directory(from.0)?;
        return link_open_file(files, caller, &fd, &target);
    }
    let last = if flags.contains(AtFlags::SYMLINK_FOLLOW) {
        LastLink::Follow
    } else {
        LastLink::Keep
    };
    let source = Place::resolve(caller, from.0, &path, last)?;
    if source.is_descriptor_entry() {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&source.parent, &source.leaf, flags, Mode::empty())?;
        return link_open_file(files, caller, &fd, &target);
    }
    // A second name for a file that may not be written would be a way to it.
    source.permit(files, (!source.exists()).then_some(Errno::NOENT))?;
    target.permit(files, target.exists().then_some(Errno::EXIST))?;
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
fn link_open_file(files: &FileRules, caller: &Caller<'_>, fd: &OwnedFd, target: &Place) -> Outcome {
    let stat = rustix::fs::fstat(fd)?;
    if stat.st_nlink > 0 {
        let path = caller.path_of(fd)?;
        let named = Place::resolve(
            caller,
            HERE,
            path.as_os_str().as_encoded_bytes(),
            LastLink::Keep,
        )?;
        let now = named.stat()?;
        if (now.st_dev, now.st_ino) != (stat.st_dev, stat.st_ino) {
            return Err(Errno::STALE.into());
        }
        named.permit(files, None)?;
    }
    target.permit(files, target.exists().then_some(Errno::EXIST))?;
    let name = format!("self/fd/{}", fd.as_raw_fd());
    rustix::fs::linkat(
        caller.host_proc(),
        Path::new(&name),
        &target.parent,
        &target.leaf,
        AtFlags::SYMLINK_FOLLOW,
    )?;
    DONE
}

fn symlink(files: &FileRules, caller: &Caller<'_>, text: usize, to: (u32, usize)) -> Outcome {
    let text = caller.path(text)?;
    let place = Place::resolve(caller, to.0, &caller.path(to.1)?, LastLink::Keep)?;
    place.permit(files, place.exists().then_some(Errno::EXIST))?;
    rustix::fs::symlinkat(text.as_slice(), &place.parent, &place.leaf)?;
    DONE
}

fn truncate(files: &FileRules, caller: &Caller<'_>) -> Outcome {
    let place = Place::resolve(caller, HERE, &caller.path(0)?, LastLink::Follow)?;
    let stat = place.stat()?;
    place.permit(files, None)?;
    check_existing(files, &place, &stat, OFlags::WRONLY)?;
    let file = open_beneath(&place, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty())?;
    rustix::fs::ftruncate(&file, caller.call.args[1])?;
    DONE
}
